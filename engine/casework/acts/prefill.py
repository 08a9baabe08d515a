"""What forms are prefilled from: one household record feeds them all (R41)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile, WorkItem
from engine.ground.clock import local_date
from engine.prevention.assistance import officials
from engine.prevention.register import households

_OPENED = select(func.min(WorkItem.opened_at)).where(
    WorkItem.case_id == bindparam("case_id"), WorkItem.token == bindparam("token")
)


def context(
    session: Session, case: CaseFile, variables: Mapping[str, Any], names: Container[str] = ("household",)
) -> dict[str, Any]:
    """The names a form's ``prefill`` may use: `household`, `case` (its variables) and `clue`.

    The household, and the public officials who answer for it and its neighbours (`officials`), are read only
    when they are among the `names` that are asked for.
    """
    found: dict[str, Any] = {"case": dict(variables), "clue": variables.get("clue") or {}}
    if "officials" in names:
        found["officials"] = officials.facts(session, case.household_id, case.village_code)
    if "household" in names:
        found["household"] = households.facts(session, case.household_id)
    return found


def step(session: Session, case_id: int, token: str, opened_at: datetime) -> dict[str, Any]:
    """What a form may know of the step it belongs to: the day on which it was first opened.

    A step that comes back by a return is the step that it was (its token stays); one of a new round is
    another.
    """
    first = session.scalar(_OPENED, {"case_id": case_id, "token": token})
    return {"opened_on": local_date(min(first, opened_at) if first else opened_at).isoformat()}
