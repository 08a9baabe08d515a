"""What a row begins from (R41): what was found last, what the register knows, who asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.prevention.campaign.campaigns import Basis
from engine.prevention.models import Screening
from engine.prevention.screening import entries, groups

OF_THE_VISIT = frozenset(
    {"visited_on", "declares", "policy_explained", "remark", "reason", "manner", "result"}
)
"""What is asked anew in every campaign."""
NAMES = tuple(
    "visited_on household_size assured unmet above_line in_group groups group_text declares policy_explained "
    "collected_by partner remark".split()
)


def screened(
    known: groups.Known, basis: Basis, before: Mapping[str, Any], today: date, name: str
) -> dict[str, Any]:
    """What the form's ``screened`` has for a household that nobody has entered in the campaign yet.

    `before` is the data of its row of an earlier campaign, or nothing.
    """
    kept = {key: value for key, value in before.items() if key not in OF_THE_VISIT}
    found: dict[str, Any] = {
        "household_size": known.size,
        "assured": _answer(known.assured),
        "above_line": _answer(None if known.per_capita is None else known.per_capita > basis.line["amount"]),
        **kept,
        "visited_on": today.isoformat(),
        "collected_by": name,
        "partner": "",
    }
    named = list(dict.fromkeys([*known.groups, *(kept.get("groups") or [])]))
    named = [one for one in named if one != "willing"]
    return {**found, "groups": named, "in_group": "yes" if named else "no"}


def _answer(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def last(session: Session, household_id: int) -> dict[str, Any]:
    """What was found of a household last, in whichever campaign: what any form may be filled from."""
    query = select(Screening).where(Screening.household_id == household_id, Screening.standing == "current")
    row = session.scalar(query.order_by(Screening.id.desc()).limit(1))
    return entries.data(row) if row is not None else {}


KIT = Kit(
    registered={"screened": NAMES},
    prefills={"screened": lambda session, household_id, *_: last(session, household_id)},
)
