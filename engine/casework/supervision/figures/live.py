"""The few counts that pages refresh by themselves: what is open now at and below a division, and its lamps.

待办 are the open tasks. Lamps are the limits', as 督办 counts them: a limit counts while the work under it goes
on, be it a task or a wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.casework.models import IS_OPEN, Division, WorkItem
from engine.casework.supervision import counting
from engine.casework.supervision.counting import Lamps
from engine.casework.supervision.counts import reading as kept
from engine.casework.supervision.figures import reading
from engine.casework.supervision.figures.reading import Waiting
from engine.casework.supervision.limits import LimitFilter
from engine.ground.tables import table

_ITEM = table(WorkItem)


def counts(session: Session, division: Division, now: datetime) -> dict[str, int]:
    """Of a division: open tasks; limits passed, due within three days, and of these those due today."""
    if kept.serves(division):
        query = select(func.sum(kept.tasks(division).c.many))
    else:
        query = select(func.count()).where(IS_OPEN, reading.within(_ITEM.c.village_code, division.code))
    tasks = int(session.scalar(query) or 0)
    return _told(tasks, counting.of_place(session, division, LimitFilter(), now))


def _told(tasks: int, lamps: Lamps) -> dict[str, int]:
    return {"open": tasks, "red": lamps.red, "yellow": lamps.yellow, "today": lamps.today}


@dataclass(frozen=True)
class Now:
    """What is open at and below a division, as a whole and in each division right below."""

    counts: dict[str, int]
    below: dict[str, Waiting]


def now_and_below(session: Session, division: Division, now: datetime) -> Now:
    """`counts` and the same of each division right below, by code, from one pass over the tasks and one over
    the limits; divisions without any are left out.
    """
    tasks = {row.child.ljust(12, "0"): int(row.many) for row in session.execute(_tasks_below(division))}
    tasks = {code: many for code, many in tasks.items() if many}
    lamps = counting.by_child(session, division, LimitFilter(), now)
    whole = counting.together(lamps.values())
    return Now(_told(sum(tasks.values()), whole), reading.together(tasks, lamps))


def _tasks_below(division: Division) -> Select[*tuple[Any, ...]]:
    """SQL: the open tasks of each division right below."""
    if kept.serves(division):
        rows = kept.tasks(division).c
        return select(rows.child, func.sum(rows.many).label("many")).group_by(rows.child)
    child = kept.child(_ITEM.c.village_code, division)
    open_here = (IS_OPEN, reading.within(_ITEM.c.village_code, division.code))
    return select(child, func.count().label("many")).where(*open_here).group_by(child)
