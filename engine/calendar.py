"""Days off: a table that people can edit, seeded once; weekends are off unless the table says otherwise (调休)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import CalendarDay

SEED_YEARS = range(2021, 2028)


def seed(session: Session) -> int:
    """Fill the table with the published days off and worked weekends of China; returns how many were new."""
    present = set(session.scalars(select(CalendarDay.day)))
    calendar = holidays.country_holidays("CN", years=SEED_YEARS, language="zh_CN")
    rows = {day: CalendarDay(day=day, working=False, name=str(name)[:40]) for day, name in calendar.items()}
    worked: set[date] = getattr(calendar, "weekend_workdays", set())
    rows |= {day: CalendarDay(day=day, working=True, name="调休上班") for day in worked}
    new = [row for day, row in rows.items() if day not in present]
    session.add_all(new)
    return len(new)


def workdays_after(session: Session) -> Callable[[date, int], date]:
    """A function that answers the day `count` working days after a day."""

    def after(day: date, count: int) -> date:
        count = max(0, min(count, 1000))
        horizon = day + timedelta(days=count * 3 + 30)
        query = select(CalendarDay.day, CalendarDay.working).where(CalendarDay.day.between(day, horizon))
        special = {row.day: row.working for row in session.execute(query)}
        left = count
        while left > 0:
            day += timedelta(days=1)
            if special.get(day, day.isoweekday() <= 5):
                left -= 1
        return day

    return after
