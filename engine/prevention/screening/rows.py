"""Rows of a campaign come in: from a page, a telephone, a workbook, all through `record` (R03, R38)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid
from engine.prevention.campaign import campaigns
from engine.prevention.register import persons
from engine.prevention.screening.entries import (
    CONFLICT,
    PAGE,
    PHONE,
    RECORDED,
    REFUSED,
    SAME,
    WORKBOOK,
    Entry,
    Outcome,
)
from engine.prevention.screening.intake import Intake

__all__ = [
    "CONFLICT",
    "MOST",
    "PAGE",
    "PHONE",
    "RECORDED",
    "REFUSED",
    "SAME",
    "WORKBOOK",
    "Entry",
    "Outcome",
    "record",
]

MOST = 200
"""Entries of one call."""


@whole
def record(
    session: Session, actor: Account, campaign_id: int, entries: Sequence[Entry], *, clock: Clock
) -> list[Outcome]:
    """Take in up to `MOST` entries in one transaction; a refused one refuses only itself.

    Raises NotFound for a campaign out of reach, Conflict for a closed one, Invalid for too many entries.
    """
    if len(entries) > MOST:
        raise Invalid(f"一次最多 {MOST} 户。")
    campaign = campaigns.view(session, actor, campaign_id)
    with write(session):
        is_open = campaigns.status_held(session, campaign.id) == "open"
        intake = Intake(session, actor, campaign, clock.now())
        if not is_open and intake.unknown(entries):  # what had arrived before is answered still
            raise Conflict("这次集中排查已经结束，不能再填报。")
        for turn in _turns(entries) if is_open else ():
            intake.take(turn)
        intake.finish()
    for error in intake.elsewhere:  # R41: both places hear of it
        persons.tell(session, actor, error, clock.now())
    return intake.outcomes(entries)


def _turns(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """The entries in their order, those of one household one after another: each sees what came before."""
    waiting = list(entries)
    while waiting:
        turn: list[Entry] = []
        taken: set[object] = set()
        later: list[Entry] = []
        for entry in waiting:
            whom = _whom(entry)
            if whom & taken:
                later.append(entry)
            else:
                turn.append(entry)
            taken |= whom
        yield turn
        waiting = later


def _whom(entry: Entry) -> set[object]:
    """Whom an entry may be about, and which entry it is."""
    new = entry.new_household or {}
    named = (str(new.get("village_code")), text.key(str(new.get("head_name")))) if new else None
    told: list[object] = [entry.uuid, entry.household_id, persons.of(new.get("id_number")), named]
    return {one for one in told if one is not None}
