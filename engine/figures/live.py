"""The few counts that pages refresh by themselves: what is open now at and below a division, by lamp."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access
from engine.figures import reading
from engine.inbox import IS_OPEN
from engine.lamps import counted, today_ends
from engine.models import LEVELS, Division, WorkItem, table

_ITEM = table(WorkItem)


def counts(session: Session, division: Division, now: datetime) -> dict[str, int]:
    """Open tasks of a division: all, overdue, due within three days, and due by the end of today."""
    due_today = counted((_ITEM.c.due_at > now) & (_ITEM.c.due_at <= today_ends(now))).label("today")
    query = select(*reading.lamps(now), due_today).where(IS_OPEN, reading.within(_ITEM.c.village_code, division.code))
    row = session.execute(query).one()
    return {"open": row.many, "red": row.red or 0, "yellow": row.yellow or 0, "today": row.today or 0}


def by_child(session: Session, division: Division, now: datetime) -> dict[str, reading.Waiting]:
    """The open tasks of each division right below, by code; those without any are left out."""
    level = LEVELS[min(LEVELS.index(division.level) + 1, len(LEVELS) - 1)]
    child = func.substr(_ITEM.c.village_code, 1, access.PREFIX_LENGTH[level]).label("child")
    query = (
        select(child, *reading.lamps(now))
        .where(IS_OPEN, reading.within(_ITEM.c.village_code, division.code))
        .group_by(child)
    )
    rows = session.execute(query)
    return {row.child.ljust(12, "0"): reading.Waiting(row.many, row.red or 0, row.yellow or 0) for row in rows}
