"""The legal limits that the diagrams in force draw."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import Procedure, ProcedureVersion
from engine.casework.supervision.figures.tally import routes_of
from engine.ground.errors import NotFound

_DAYS = re.compile(r"days\s+after\s*\(.*,\s*(\d+)\s*\)\s*$", re.S)


@dataclass(frozen=True)
class Limit:
    """A legal limit that a diagram draws around an activity: the figures «in time» are about these."""

    procedure_key: str
    procedure: str
    element_id: str
    name: str
    activity: str
    ends: frozenset[str]
    days: int | None
    """The count of days, where the diagram writes the limit as `days after(…, n)`."""

    def used(self, past: int | None) -> int | None:
        """Days used, of days past the last one; None where the limit has no count of days."""
        return None if past is None or self.days is None else past + self.days


def limits(session: Session) -> list[Limit]:
    """The limits of the procedures in force, by procedure."""
    found = []
    current = in_force(session)
    drawn = definitions.load_each(session, [version_id for _, _, version_id in current])
    for key, name, version_id in current:
        definition, routes = drawn[version_id], routes_of(session, version_id)
        for element_id, activity in routes.limits.items():
            element = definition.elements[element_id]
            counted = _DAYS.search(element.timer or "")
            ends = routes.ends_of(activity)
            days = int(counted.group(1)) if counted else None
            found.append(Limit(key, name, element_id, element.name, activity, ends, days))
    return found


_IN_FORCE = (
    select(Procedure.key, Procedure.name, Procedure.current_version_id)
    .where(Procedure.part.is_(False), Procedure.current_version_id.is_not(None))
    .order_by(Procedure.key)
)


def in_force(session: Session) -> list[tuple[str, str, int]]:
    return [
        (key, name, version_id)
        for key, name, version_id in session.execute(_IN_FORCE)
        if version_id is not None
    ]


def procedures(session: Session) -> dict[str, str]:
    """Key and name of the procedures in force."""
    return {key: name for key, name, _ in in_force(session)}


def version_of(session: Session, procedure: str, number: int) -> ProcedureVersion:
    """A version by its number, or (0) the one in force. Raises NotFound."""
    if not number:
        return definitions.current(session, procedure)
    query = select(ProcedureVersion).where(
        ProcedureVersion.procedure_key == procedure, ProcedureVersion.number == number
    )
    found = session.scalar(query)
    if found is None:
        raise NotFound("没有找到这一版流程。")
    return found
