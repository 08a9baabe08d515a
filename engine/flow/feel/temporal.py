"""Dates, times and durations: reading and writing their texts, their order, and their parts.

Dates, times and days-and-time durations are Python's own; a named zone is a `ZoneInfo`, an offset a
`timezone`. Seconds are compared to the millisecond, as the public compatibility kit has it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class FeelError(Exception):
    """An evaluation has no value: the standard makes it null."""


_DATE = re.compile(r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)\Z", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)?(?:@([\w/+-]+))?\Z", re.ASCII
)
_DAYS = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?\Z", re.ASCII)
_MONTHS = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?\Z", re.ASCII)
_LONGEST = 40
"""Characters of a duration."""
_MAX_OFFSET = timedelta(hours=18)


@dataclass(frozen=True, order=True)
class YearsMonths:
    """A years-and-months duration."""

    months: int

    def add_to(self, day: date) -> Any:
        """`day` (a date or datetime) moved by the months;
        the day of month is cut to the target month's length.

        Raises OverflowError outside the years 1 to 9999.
        """
        index = day.year * 12 + day.month - 1 + self.months
        year, month = divmod(index, 12)
        if not 1 <= year <= 9999:
            raise OverflowError
        last = monthrange(year, month + 1)[1]
        return day.replace(year=year, month=month + 1, day=min(day.day, last))

    def __str__(self) -> str:
        sign, months = ("-" if self.months < 0 else ""), abs(self.months)
        years, rest = divmod(months, 12)
        text = (f"{years}Y" if years else "") + (f"{rest}M" if rest else "")
        return f"{sign}P{text or '0M'}"


# -- reading ---------------------------------------------------------------------------------------


def parse_date(text: str) -> date:
    """An ISO date. Raises FeelError or ValueError."""
    match = _DATE.match(text)
    if not match:
        raise FeelError
    return date(*map(int, match.groups()))


def parse_time(text: str) -> time:
    """An ISO time with an optional offset or ``@zone``; 24:00:00 is the midnight that ends the day."""
    return _read_time(text)[0]


def _read_time(text: str) -> tuple[time, bool]:
    """The time, and whether it is the midnight that ends its day."""
    match = _TIME.match(text)
    if not match:
        raise FeelError
    hour, minute, second, fraction, offset, zone = match.groups()
    if offset and zone:
        raise FeelError
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    place = named_zone(zone) if zone else _offset(offset) if offset else None
    ends = (hour, minute, second or "00", micro) == ("24", "00", "00", 0)
    return time(0 if ends else int(hour), int(minute), int(second or 0), micro, tzinfo=place), ends


def named_zone(name: str) -> ZoneInfo:
    """The zone of the world of that name. Raises FeelError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FeelError from error


def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes, *seconds = map(int, text[1:].split(":"))
    if minutes > 59:
        raise FeelError
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return offset_zone(-length if text[0] == "-" else length)


def offset_zone(length: timedelta) -> tzinfo:
    """The zone of an offset of up to 18 hours. Raises FeelError."""
    if abs(length) > _MAX_OFFSET:
        raise FeelError
    return timezone(length) if length else UTC


def parse_date_time(text: str) -> datetime:
    """An ISO date and time; a plain date is its midnight."""
    day, separator, clock = text.partition("T")
    if not separator:
        return datetime.combine(parse_date(day), time())
    found, ends = _read_time(clock)
    return datetime.combine(parse_date(day) + timedelta(days=ends), found)


def parse_duration(text: str) -> timedelta | YearsMonths:
    """An ISO 8601 duration of either kind."""
    if len(text) > _LONGEST:
        raise FeelError
    months = _MONTHS.match(text)
    if months and (months.group(2) or months.group(3)):
        total = int(months.group(2) or 0) * 12 + int(months.group(3) or 0)
        return YearsMonths(-total if months.group(1) else total)
    days = _DAYS.match(text)
    if not days or not any(days.groups()[1:5]) or text.endswith("T"):
        raise FeelError
    sign, d, h, m, s, fraction = days.groups()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    found = timedelta(int(d or 0), int(s or 0), micro, minutes=int(m or 0), hours=int(h or 0))
    return -found if sign else found


def at_literal(text: str) -> Any:
    """The value of ``@"…"``: whichever of date, time, date and time or duration fits."""
    for reader in (parse_date, parse_time, parse_duration, parse_date_time):
        try:
            return reader(text)
        except (ValueError, ArithmeticError, FeelError):
            continue
    raise FeelError


# -- writing ---------------------------------------------------------------------------------------


def duration_text(value: timedelta) -> str:
    """ISO 8601 of a days-and-time duration."""
    sign, length = ("-" if value < timedelta() else ""), abs(value)
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    left = f"{seconds}.{length.microseconds:06}".rstrip("0") if length.microseconds else str(seconds or "")
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{left}S" if left else "")
    days = f"{length.days}D" if length.days else ""
    return f"{sign}P{days}{f'T{clock}' if clock else ''}" if days or clock else "PT0S"


def written(value: date | time) -> str:
    """The text of a date or time as `string` writes it: with the name of its zone, where it has one."""
    zone = getattr(value, "tzinfo", None)
    if zone is None:
        return _short(value.isoformat())
    if isinstance(zone, ZoneInfo):
        return f"{_short(value.replace(tzinfo=None).isoformat())}@{zone.key}"  # type: ignore[call-arg]
    plain = _short(value.replace(tzinfo=None).isoformat())  # type: ignore[call-arg]
    offset = value.isoformat()[len(value.replace(tzinfo=None).isoformat()) :]  # type: ignore[call-arg]
    return plain + ("Z" if offset == "+00:00" else offset)


def _short(text: str) -> str:
    """Without the zeros that end a fraction of a second."""
    return text.rstrip("0") if "." in text else text


# -- order -----------------------------------------------------------------------------------------


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1 for two of one kind, or None where they have none: one with and one without a zone."""
    if isinstance(left, time | datetime):
        if (left.tzinfo is None) != (right.tzinfo is None):
            return None
        left, right = _to_millisecond(left), _to_millisecond(right)
        if isinstance(left, time) and left.tzinfo is not None:
            return _order_of_times(left, right)
    return int(left > right) - int(left < right)


def _to_millisecond(value: Any) -> Any:
    return value.replace(microsecond=value.microsecond // 1000 * 1000) if value.microsecond else value


def _order_of_times(left: time, right: time) -> int | None:
    """Times of a named zone have no offset: they can be compared with those of their zone alone."""
    if left.utcoffset() is None or right.utcoffset() is None:
        if not same_zone(left, right):
            return None
        left, right = left.replace(tzinfo=None), right.replace(tzinfo=None)
    return int(left > right) - int(left < right)


def same_zone(left: Any, right: Any) -> bool:
    """Whether two have the same offset or the same named zone; a zone is not its offset."""
    one, other = left.tzinfo, right.tzinfo
    if isinstance(one, ZoneInfo) or isinstance(other, ZoneInfo):
        return isinstance(one, ZoneInfo) and isinstance(other, ZoneInfo) and one.key == other.key
    return bool(left.utcoffset() == right.utcoffset())


def same(left: Any, right: Any) -> bool:
    """Whether two of one kind are the same in every part, their zones too (``is``)."""
    if isinstance(left, time | datetime):
        return left.replace(tzinfo=None) == right.replace(tzinfo=None) and same_zone(left, right)
    return bool(left == right)


# -- parts -----------------------------------------------------------------------------------------


def _signed(value: timedelta, part: Callable[[timedelta], int]) -> int:
    return -part(-value) if value < timedelta() else part(value)


def _zone(value: Any) -> str | None:
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None


_OF_DATE: dict[str, Callable[[Any], Any]] = {
    "year": lambda v: v.year,
    "month": lambda v: v.month,
    "day": lambda v: v.day,
    "weekday": lambda v: v.isoweekday(),
}
_OF_TIME: dict[str, Callable[[Any], Any]] = {
    "hour": lambda v: v.hour,
    "minute": lambda v: v.minute,
    "second": lambda v: v.second,
    "time offset": lambda v: v.utcoffset(),
    "timezone": _zone,
}
MEMBERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "date": _OF_DATE,
    "time": _OF_TIME,
    "date and time": _OF_DATE | _OF_TIME,
    "days and time duration": {
        "days": lambda v: _signed(v, lambda d: d.days),
        "hours": lambda v: _signed(v, lambda d: d.seconds // 3600),
        "minutes": lambda v: _signed(v, lambda d: d.seconds % 3600 // 60),
        "seconds": lambda v: _signed(v, lambda d: d.seconds % 60),
    },
    "years and months duration": {
        "years": lambda v: abs(v.months) // 12 * (1 if v.months >= 0 else -1),
        "months": lambda v: abs(v.months) % 12 * (1 if v.months >= 0 else -1),
    },
}
"""The parts of each kind that an expression can ask for."""
