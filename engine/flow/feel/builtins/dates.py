"""Dates, times and durations; and our legal counts of days and their spelling. None reads the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from engine.flow.feel.builtins.arguments import builtin, number, text, whole
from engine.flow.feel.temporal import (
    FeelError,
    YearsMonths,
    at_literal,
    offset_zone,
    parse_date,
    parse_date_time,
    parse_duration,
    parse_time,
)
from engine.flow.feel.values import DayText
from engine.ground.clock import CHINA, days_after, local_date, written

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ISO_DAY = 10
"""Characters of a date: what follows is its time of day."""


def _day(value: Any) -> date:
    if isinstance(value, str):
        value = parse_date(value[:_ISO_DAY])
    if isinstance(value, datetime):
        return local_date(value) if value.tzinfo else value.date()
    if not isinstance(value, date):
        raise FeelError
    return value


def _plain_day(value: Any) -> date:
    """The day of a date or time in its own zone: of the standard's functions."""
    if isinstance(value, DayText):
        return value.day
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise FeelError
    return value


def _make_date(*given: Any) -> date:
    if len(given) == 3:
        return date(*map(whole, given))
    (value,) = given
    return _plain_day(value) if isinstance(value, date) else parse_date(text(value))


def _make_time(*given: Any) -> time:
    if len(given) in (3, 4):
        return _time_of(*given)
    (value,) = given
    if isinstance(value, datetime):
        return value.timetz()
    if isinstance(value, date):
        return time(tzinfo=offset_zone(timedelta()))  # a day begins at midnight of the world's own time
    return value if isinstance(value, time) else parse_time(text(value))


def _time_of(hour: Any, minute: Any, second: Any, offset: Any = None) -> time:
    seconds = number(second)
    micro = int((seconds - int(seconds)) * 1_000_000)
    return time(whole(hour), whole(minute), int(seconds), micro, tzinfo=_zone(offset))


def _zone(offset: Any) -> tzinfo | None:
    if offset is None:
        return None
    if not isinstance(offset, timedelta):
        raise FeelError
    return offset_zone(offset)


def _make_date_time(*given: Any) -> datetime:
    if len(given) == 2:
        day, clock = given
        return datetime.combine(_plain_day(day), clock)
    (value,) = given
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time()) if isinstance(value, date) else parse_date_time(text(value))


def _make_duration(value: Any) -> Any:
    return value if isinstance(value, timedelta | YearsMonths) else parse_duration(text(value))


def _months_between(start: Any, end: Any) -> YearsMonths:
    start, end = _plain_day(start), _plain_day(end)
    if end < start:
        return YearsMonths(-_months_between(end, start).months)
    return YearsMonths((end.year - start.year) * 12 + end.month - start.month - (end.day < start.day))


def _days_after(start: Any, count: Any) -> datetime:
    return days_after(_day(start), whole(count))


def workdays_after(workdays: Callable[[date, int], date]) -> Callable[[Any, Any], datetime]:
    """``workdays after(date, days)`` by the calendar that `workdays` asks."""

    def count(start: Any, days: Any) -> datetime:
        last = workdays(_day(start), whole(days))
        following = last + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=CHINA)

    return count


FUNCTIONS = {
    "@": builtin(at_literal, "literal"),
    "date": builtin(_make_date, "from", others=(("year", "month", "day"),)),
    "time": builtin(_make_time, "from", others=(("hour", "minute", "second", "offset"),)),
    "date and time": builtin(_make_date_time, "from", others=(("date", "time"),)),
    "duration": builtin(_make_duration, "from"),
    "years and months duration": builtin(_months_between, "from", "to"),
    "days after": builtin(_days_after, "date", "days"),
    # the day as official papers write it: 2022年5月6日
    "spelled date": builtin(lambda day: written(_day(day)), "date"),
    "day of week": builtin(lambda day: _WEEK[_day(day).weekday()], "date"),
    "day of year": builtin(lambda day: Decimal(_day(day).timetuple().tm_yday), "date"),
    "week of year": builtin(lambda day: Decimal(_day(day).isocalendar()[1]), "date"),
    "month of year": builtin(lambda day: _MONTHS[_day(day).month - 1], "date"),
}
