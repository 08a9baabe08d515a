"""The steps of the procedures in force: how long each takes, what it sends back, what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import IS_OPEN, LEVELS, CaseFile, Division, WorkItem
from engine.casework.supervision import counting
from engine.casework.supervision.counting import Lamps
from engine.casework.supervision.counts import reading as counts
from engine.casework.supervision.figures.facts import RETURNED, STEP
from engine.casework.supervision.figures.periods import Span
from engine.casework.supervision.figures.reading.counts import Spread, spreads
from engine.casework.supervision.figures.reading.legal_limits import in_force
from engine.casework.supervision.figures.reading.places import within
from engine.casework.supervision.limits import LimitFilter
from engine.ground.tables import table

_ITEM = table(WorkItem)


@dataclass(frozen=True)
class Waiting:
    """What is open now at a step, a place or a desk: tasks, and the limits under a red or yellow lamp."""

    count: int = 0
    red: int = 0
    yellow: int = 0


K = TypeVar("K", bound=Hashable)


def together(tasks: Mapping[K, int], lamps: Mapping[K, Lamps]) -> dict[K, Waiting]:
    """Tasks and lamps by the same key."""
    keys = dict.fromkeys([*tasks, *lamps])
    return {key: Waiting(tasks.get(key, 0), *pressing(lamps.get(key))) for key in keys}


def pressing(lamps: Lamps | None) -> tuple[int, int]:
    return (lamps.red, lamps.yellow) if lamps else (0, 0)


@dataclass(frozen=True)
class StepFigures:
    """A step of a procedure: how long it takes, what it sends back, what waits."""

    procedure_key: str
    element_id: str
    name: str
    queue: str
    hours: Spread
    returned: int
    waiting: Waiting


def steps(
    session: Session, division: Division, span: Span, now: datetime, procedure: str = ""
) -> list[StepFigures]:
    """The user tasks of the procedures in force (or one of them) with their figures,
    in the diagrams' order.
    """
    spent = spreads(session, [STEP, RETURNED], division, span, procedure)
    open_now = waiting(session, division, now, procedure)
    found = []
    current = in_force(session)
    drawn = definitions.load_each(session, [version_id for _, _, version_id in current])
    for key, _, version_id in current:
        if procedure not in ("", key):
            continue
        for element in drawn[version_id].in_flow_order:
            if element.kind in ("userTask", "manualTask"):
                at = (key, element.id)
                found.append(
                    StepFigures(
                        key,
                        element.id,
                        element.name,
                        element.queue or "county",
                        spent.spread(STEP, *at),
                        spent.count(RETURNED, *at),
                        open_now.get(at, Waiting()),
                    )
                )
    return found


def waiting(
    session: Session, division: Division, now: datetime, procedure: str = "", version_id: int = 0
) -> dict[tuple[str, str], Waiting]:
    """The open tasks at and below a division by procedure and step, and the limits that these are under."""
    rows = session.execute(_tasks(division, procedure, version_id))
    tasks = {(row.procedure_key, row.element_id): int(row.many) for row in rows if row.many}
    wanted = LimitFilter(limit=f"{procedure}:" if procedure else "")
    return together(tasks, counting.by_step(session, division, wanted, now, version_id))


def _tasks(division: Division, procedure: str, version_id: int) -> Select[tuple[str, str, int]]:
    """SQL: the open tasks by step."""
    if counts.serves(division) and not version_id:
        rows = counts.tasks(division, procedure).c
        step, many = (rows.procedure_key, rows.element_id), func.sum(rows.many).label("many")
        return select(*step, many).group_by(*step)
    step = (_ITEM.c.procedure_key, _ITEM.c.element_id)
    query = select(*step, func.count().label("many")).where(
        IS_OPEN, within(_ITEM.c.village_code, division.code)
    )
    if procedure:
        query = query.where(_ITEM.c.procedure_key == procedure)
    if version_id:
        query = query.join(CaseFile, CaseFile.id == _ITEM.c.case_id).where(CaseFile.version_id == version_id)
    return query.group_by(*step)


def by_level(found: Sequence[StepFigures]) -> list[tuple[str, Spread, int, Waiting]]:
    """The steps of each level together: hours, returns, open work."""
    levels = []
    for queue in reversed(LEVELS):
        own = [step for step in found if step.queue == queue]
        if own:
            hours: Counter[int] = Counter()
            for step in own:
                hours.update(step.hours.counts)
            open_now = Waiting(
                sum(s.waiting.count for s in own),
                sum(s.waiting.red for s in own),
                sum(s.waiting.yellow for s in own),
            )
            levels.append((queue, Spread(hours), sum(s.returned for s in own), open_now))
    return levels


def hours_words(value: int | None) -> str:
    """Hours as people say them: 不足1小时, 5小时, 2.5天."""
    if value is None:
        return "—"
    if value < 1:
        return "不足1小时"
    return f"{value}小时" if value < 48 else f"{value / 24:.1f}".removesuffix(".0") + "天"
