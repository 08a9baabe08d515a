"""What forms are prefilled from: one record of the subject feeds them all (R41)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.models import CaseFile, Subject, WorkItem
from engine.ground.clock import local_date
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table

_ITEM = table(WorkItem)
_OPENED = Prepared(
    select(func.min(_ITEM.c.opened_at)).where(
        _ITEM.c.case_id == bindparam("case_id"), _ITEM.c.token == bindparam("token")
    ),
    own=True,
)


def context(
    session: Session, case: CaseFile, variables: Mapping[str, Any], names: Container[str], now: datetime
) -> dict[str, Any]:
    """The names a form's ``prefill`` may use: `case` (its variables), what it was given, and the field's own.

    What the field reads (`Kit.prefills`: the subject, who answers for it) is read only when it is among the
    `names` that are asked for.
    """
    read = _read(session, case.subject_id, case.village_code, names, now)
    return {**_given(variables), "case": dict(variables), **read}


def before(session: Session, subject: Subject, variables: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """As `context`, for a start form: of a case that is not open yet, with what it would begin with."""
    read = _read(session, subject.id, subject.village_code, whole(kit.subjects_of(subject.id).known_as), now)
    return {**_given(variables), "case": variables, **read}


def _given(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The given variables that have keys (a clue), each under its own name; empty where a case has none."""
    return {name: variables.get(name) or {} for name, keys in kit.used().given_variables.items() if keys}


def _read(
    session: Session, subject_id: int, village_code: str, names: Container[str], now: datetime
) -> dict[str, Any]:
    wanted = {name: fill for name, fill in kit.used().prefills.items() if name in names}
    today = local_date(now)
    return {
        name: fill(session, subject_id, village_code, today, _Parts(name, names))
        for name, fill in wanted.items()
    }


@dataclass(frozen=True)
class _Parts:
    """Which parts of what a field brings under a name are read: ``load`` of ``officials.load``."""

    name: str
    names: Container[str]

    def __contains__(self, part: object) -> bool:
        return f"{self.name}.{part}" in self.names or f"{self.name}.*" in self.names


def whole(name: str) -> frozenset[str]:
    """What asks for all that is known by a name, as a form's `reads` do."""
    return frozenset((name, f"{name}.*"))


def step(session: Session, case_id: int, token: str, opened_at: datetime) -> dict[str, Any]:
    """What a form may know of the step it belongs to: the day on which it was first opened.

    A step that comes back by a return is the step that it was (its token stays); one of a new round is
    another.
    """
    first = _OPENED.scalar(session, case_id=case_id, token=token)
    return step_of([opened_at, first] if first else [opened_at])


def step_of(opened: Iterable[datetime]) -> dict[str, Any]:
    """As `step`, of the moments at which it was opened and came back."""
    return {"opened_on": local_date(min(opened)).isoformat()}
