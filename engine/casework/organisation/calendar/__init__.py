"""Days off: a table that people can edit, seeded once;
weekends are off unless the table says otherwise (调休).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import CalendarDay, CalendarYear
from engine.casework.organisation.calendar import days_off
from engine.ground import text
from engine.ground.database import write
from engine.ground.errors import Invalid

YEARS_BEFORE, YEARS_AFTER = 1, 5
"""The years that are filled in, counted from the one of the installation."""
PUBLISHED_IN = 11


def seed(session: Session, today: date, own: Sequence[days_off.Day] = ()) -> int:
    """Fill the table with the published days off and worked weekends of China; returns how many were new.

    A province's `own` days go before the nation's.
    """
    present = set(session.scalars(select(CalendarDay.day)))
    years = range(today.year - YEARS_BEFORE, today.year + YEARS_AFTER + 1)
    calendar = holidays.country_holidays("CN", years=years, language="zh_CN")
    rows = {
        day: CalendarDay(day=day, working=False, name=_plain(str(name))[:40])
        for day, name in calendar.items()
    }
    worked: set[date] = getattr(calendar, "weekend_workdays", set())
    rows |= {day: CalendarDay(day=day, working=True, name="调休上班") for day in worked}
    rows |= {one.day: CalendarDay(day=one.day, working=one.working, name=one.name) for one in own}
    published = set(session.scalars(select(CalendarYear.year)))  # what people entered stays as it is
    new = [row for day, row in rows.items() if day not in present and day.year not in published]
    session.add_all(new)
    session.add_all(CalendarYear(year=year) for year in sorted({day.year for day in worked} - published))
    return len(new)


def _plain(name: str) -> str:
    """A day's name as people write it: the library says of a day given for another (由 2022-01-29 调休)."""
    return re.sub(r" ?\d{4}-(\d\d)-(\d\d) ?", lambda other: f"{int(other[1])}月{int(other[2])}日", name)


def known(session: Session) -> frozenset[int]:
    """The years whose days off are those of the State Council's notice; of any other they are a guess."""
    return frozenset(session.scalars(select(CalendarYear.year)))


def lacking(session: Session, today: date) -> list[str]:
    """What the table does not know yet, in sentences: of this year, and from November on of the next.

    The State Council publishes the next year's arrangement in November.
    """
    years = [today.year, today.year + 1] if today.month >= PUBLISHED_IN else [today.year]
    return [sentence for year in years if (sentence := _lack(session, year))]


def _lack(session: Session, year: int) -> str:
    if session.get(CalendarYear, year) is not None:
        return ""
    days = select(CalendarDay.day).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
    if session.scalar(days.limit(1)) is None:
        return f"还没有 {year} 年的节假日，{year} 年的工作日期限只按周末推算。"
    return f"{year} 年的调休上班日还没有录入，{year} 年的工作日期限可能多算。"


def load(session: Session, rows: Iterable[Mapping[str, str]], document: str = "") -> int:
    """Take over published days: ``day``, ``kind`` (休 or 班) and ``name`` of each row; answers how many.

    Each year that the rows name is replaced as a whole. Raises Invalid with the first row that cannot be
    read; then nothing is stored.
    """
    days = [_row(number, row) for number, row in enumerate(rows, 2)]
    with write(session, alone=True):
        for year in sorted({one.day.year for one in days}):
            of_year = [one for one in days if one.day.year == year]
            days_off.replace(session, year, of_year, document, None, None)
    return len(days)


def _row(number: int, row: Mapping[str, str]) -> days_off.Day:
    day, kind = text.day(row.get("day")), text.line(row.get("kind") or "")
    if day is None or kind not in ("休", "班"):
        raise Invalid(f"第 {number} 行：要有日期和“休”或“班”。")
    return days_off.Day(day, kind == "班", text.line(row.get("name") or "")[:40])


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
