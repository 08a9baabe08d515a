"""The lamps of limits: red once a limit has passed, yellow from the third day before its last, else green.

One definition for every list, board, screen, letter and figure, and for the words beside a lamp: the days are
those of China's calendar. A limit passes at an instant, mostly the midnight after its last day (R15: full
days).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_

from engine.ground.clock import local_date, start_of_day

LAMPS = {"red": "超期", "yellow": "临期", "green": "正常"}
SOON_DAYS = 3
"""«3 天内到期»: the last day is today or one of the next three days."""


def last_day(due_at: datetime) -> date:
    """The last day in China on which a limit that passes at `due_at` is still kept."""
    return local_date(due_at - timedelta(microseconds=1))


def days_left(due_at: datetime, now: datetime) -> int:
    """How many days are left after today: 0 on the last day."""
    return (last_day(due_at) - local_date(now)).days


def days_over(due_at: datetime, now: datetime) -> int:
    """How many days a limit is overdue: 1 on the day on which it passed, 0 while it is kept."""
    return (local_date(now) - local_date(due_at)).days + 1 if due_at <= now else 0


def words(due_at: datetime, now: datetime) -> str:
    """还剩 3 天 · 今天到期 · 超期 2 天."""
    if over := days_over(due_at, now):
        return f"超期 {over} 天"
    left = days_left(due_at, now)
    return f"还剩 {left} 天" if left else "今天到期"


def lamp(due_at: datetime | None, now: datetime) -> str:
    """The lamp of what is due at `due_at`; green of what is never due."""
    if due_at is None or due_at > soon_ends(now):
        return "green"
    return "red" if due_at <= now else "yellow"


# -- in SQL ----------------------------------------------------------------------------------------


def today_ends(now: datetime) -> datetime:
    """The midnight at which today is over in China."""
    return start_of_day(local_date(now) + timedelta(days=1))


def soon_ends(now: datetime) -> datetime:
    """What is due up to this midnight is due soon."""
    return start_of_day(local_date(now) + timedelta(days=SOON_DAYS + 1))


def under(column: Any, colour: str, now: datetime) -> ColumnElement[bool]:
    """SQL: `column` is the limit of something under the lamp."""
    conditions: dict[str, ColumnElement[bool]] = {
        "red": column <= now,
        "yellow": and_(column > now, column <= soon_ends(now)),
        "green": or_(column.is_(None), column > soon_ends(now)),
    }
    return conditions[colour]


def over_for(column: Any, days: int, now: datetime) -> ColumnElement[bool]:
    """SQL: `column` is the limit of something that is overdue for at least so many days (`days_over`)."""
    passed_before = start_of_day(local_date(now) - timedelta(days=days - 2))
    return and_(column <= now, column < passed_before)


def many(column: Any, colour: str, now: datetime) -> ColumnElement[int]:
    """SQL: how many stand under the lamp."""
    return counted(under(column, colour, now))


def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """SQL: how many rows meet a condition; 0 of none."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
