"""The few counts that pages refresh by themselves: what is open now at and below a division, and its lamps.

待办 are the open tasks. Lamps are the limits', as 督办 counts them: a limit counts while the work under it goes
on, be it a task or a wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import IS_OPEN, LEVELS, Division, WorkItem
from engine.casework.organisation import access
from engine.casework.supervision import counting
from engine.casework.supervision.counting import Lamps
from engine.casework.supervision.figures import reading
from engine.casework.supervision.figures.reading import Waiting
from engine.casework.supervision.limits import LimitFilter
from engine.ground.tables import table

_ITEM = table(WorkItem)


def counts(session: Session, division: Division, now: datetime) -> dict[str, int]:
    """Of a division: open tasks; limits passed, due within three days, and of these those due today."""
    query = select(func.count()).where(IS_OPEN, reading.within(_ITEM.c.village_code, division.code))
    return _told(session.scalar(query) or 0, counting.of_place(session, division, LimitFilter(), now))


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
    level = LEVELS[min(LEVELS.index(division.level) + 1, len(LEVELS) - 1)]
    child = func.substr(_ITEM.c.village_code, 1, access.PREFIX_LENGTH[level]).label("child")
    open_here = (IS_OPEN, reading.within(_ITEM.c.village_code, division.code))
    rows = session.execute(select(child, func.count().label("many")).where(*open_here).group_by(child))
    tasks = {row.child.ljust(12, "0"): row.many for row in rows}
    lamps = counting.by_child(session, division, LimitFilter(), now)
    whole = counting.together(lamps.values())
    return Now(_told(sum(tasks.values()), whole), reading.together(tasks, lamps))
