"""What a screening entry comes to: a clue that is raised, or a refusal of this entry and of no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.ground.errors import ShouwangError, Unavailable
from engine.prevention.identification import clues
from engine.prevention.models import RiskClue
from engine.prevention.register.households import finding as households
from engine.prevention.screening import flags

Faults = Mapping[str, Sequence[str]]
"""The sentences of a refusal, by field; '' for the entry as a whole."""


class Refused(Exception):
    """An entry is refused, and only it."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.faults = faults


def refusal(sentence: str) -> Refused:
    """An entry that is refused as a whole."""
    return Refused({"": [sentence]})


def raise_clue(
    session: Session, actor: Account, row: Mapping[str, Any], raised: flags.Flags, now: datetime
) -> tuple[int, int | None]:
    """A row is looked into (R05): a clue found on the day of the visit; its number and its case's.

    Raises Refused, and nothing has changed, where the case cannot be opened.
    """
    try:
        with session.begin_nested():
            household = households.locked(session, row["household_id"])
            clue = RiskClue(
                household_id=household.id,
                village_code=household.village_code,
                channel=raised.channel,
                finder=row["collected_by"] or actor.name,
                discovered_on=row["visited_on"],  # R05, domain 1.8: column 10 starts the 15 days
                description=f"筛查：{'；'.join(raised.reasons)}"[:500],
                risks=list(dict.fromkeys(raised.risks)),
                entered_by=actor.id,
                entered_at=now,
            )
            case, _ = clues.place(session, actor, household, clue, now)
            session.flush()
            return clue.id, case.id if case is not None else None
    except Unavailable:
        raise
    except ShouwangError as error:
        raise refusal(error.message) from error
