"""The values of FEEL, and their way out to JSON.

Numbers are `Decimal`, null is None, a context is a dict, a list is a list; dates, times and days-and-time durations are
Python's own. No value carries an attribute that an expression could reach but those listed in `member`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.errors import Invalid


class FeelSyntaxError(ValueError):
    """The text is not FEEL; `message` says why in Chinese, `position` where (characters from 0)."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message, self.position = message, position


class FeelLimitError(Invalid):
    """An evaluation asked for more than it may use."""


class FeelError(Exception):
    """An evaluation has no value: the standard makes it null."""


NO_VALUE = (FeelError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError, re.error)
"""What Python raises for values that an operation is not made for: the standard makes it null. Nothing else is caught."""


@dataclass(frozen=True, order=True)
class YearsMonths:
    """A years-and-months duration."""

    months: int

    def add_to(self, day: date) -> Any:
        """`day` (a date or datetime) moved by the months; the day of month is cut to the target month's length.

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


@dataclass(frozen=True)
class Range:
    """An interval; an end that is None is open without bound."""

    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True


@dataclass(frozen=True)
class Function:
    """Something that can be called: a built-in or a function defined in the expression."""

    parameters: tuple[str, ...]
    call: Callable[..., Any]


class DayText(str):
    """The text of a date as forms and services store it: beside a date it is that date, everywhere else a text."""

    __slots__ = ()

    @property
    def day(self) -> date:
        """The date."""
        return date.fromisoformat(self)


_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


def is_day(text: str) -> bool:
    """Whether `text` is a date as forms store it."""
    if len(text) != 10 or not _DAY.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def from_case(value: Any) -> Any:
    """What a name of the case holds, as FEEL sees it: JSON has no dates, so their texts can be compared with dates."""
    if isinstance(value, str):
        return DayText(value) if is_day(value) else value
    return from_plain(value)


def as_dates(left: Any, right: Any) -> tuple[Any, Any]:
    """Both sides of a comparison: the text of a date beside a date is that date."""
    if isinstance(left, DayText) and type(right) is date:
        return left.day, right
    if isinstance(right, DayText) and type(left) is date:
        return left, right.day
    return left, right


def for_dates(operator: str, left: Any, right: Any) -> tuple[Any, Any]:
    """Both sides of ``+`` or ``-``: the text of a date is that date, but for texts that are put together."""
    if operator not in "+-" or (operator == "+" and isinstance(left, str) and isinstance(right, str)):
        return left, right
    return tuple(side.day if isinstance(side, DayText) else side for side in (left, right))  # type: ignore[return-value]


def duration_text(value: timedelta) -> str:
    """ISO 8601 of a days-and-time duration."""
    seconds = int(value.total_seconds())
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{left}S" if left else "")
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}" if days or clock else "PT0S"


def from_plain(value: Any) -> Any:
    """A JSON-like Python value as FEEL sees it."""
    if value is None or isinstance(value, bool | str | Decimal):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return value


def to_plain(value: Any) -> Any:
    """A FEEL value as JSON-able Python: whole numbers as int, dates and durations as ISO 8601 text."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 10**15:
            return int(value)
        return float(value) if abs(value) < Decimal("1e300") else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, YearsMonths):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Range | Function):
        return None
    return value


def kind(value: Any) -> str:
    """The FEEL type of a value."""
    if value is None:
        return "null"
    for name, types in _KINDS:
        if isinstance(value, types):
            return name
    return "any"


_KINDS: tuple[tuple[str, Any], ...] = (
    ("boolean", bool), ("number", (Decimal, int, float)), ("string", str), ("date and time", datetime), ("date", date),
    ("time", time), ("days and time duration", timedelta), ("years and months duration", YearsMonths), ("list", list),
    ("context", Mapping), ("range", Range), ("function", Function),
)  # fmt: skip


def member(value: Any, name: str) -> Any:
    """`value.name`: a key of a context, a listed property of a date or duration, or the members of a list's items."""
    if isinstance(value, Mapping):
        return from_case(value.get(name))
    if isinstance(value, list):
        return [member(from_plain(item), name) for item in value]
    if isinstance(value, DayText):
        value = value.day
    readers = _MEMBERS.get(kind(value), {})
    if name not in readers:
        return None
    return from_plain(readers[name](value))


def _offset(value: Any) -> Any:
    return value.utcoffset()


_DATE: dict[str, Callable[[Any], Any]] = {
    "year": lambda v: v.year, "month": lambda v: v.month, "day": lambda v: v.day, "weekday": lambda v: v.isoweekday(),
}  # fmt: skip
_TIME: dict[str, Callable[[Any], Any]] = {
    "hour": lambda v: v.hour, "minute": lambda v: v.minute, "second": lambda v: v.second, "time offset": _offset,
    "timezone": lambda v: str(v.tzinfo) if v.tzinfo else None,
}  # fmt: skip
_MEMBERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "date": _DATE,
    "time": _TIME,
    "date and time": _DATE | _TIME,
    "days and time duration": {
        "days": lambda v: int(v.total_seconds() // 86400),
        "hours": lambda v: int(v.total_seconds() % 86400 // 3600),
        "minutes": lambda v: int(v.total_seconds() % 3600 // 60),
        "seconds": lambda v: int(v.total_seconds() % 60),
    },
    "years and months duration": {"years": lambda v: v.months // 12, "months": lambda v: v.months % 12},
    "range": {
        "start": lambda v: v.low, "end": lambda v: v.high,
        "start included": lambda v: v.low_closed, "end included": lambda v: v.high_closed,
    },
}  # fmt: skip


def size(value: Any, most: int) -> int:
    """How much there is of `value`: one for each plain value inside it and for each 100 characters; `most` at most."""
    found, stack = 0, [value]
    while stack and found < most:
        at = stack.pop()
        found += 1
        if isinstance(at, str):
            found += len(at) // 100
        elif isinstance(at, Mapping):
            stack.extend(at.values())
        elif isinstance(at, list | tuple):
            stack.extend(at)
    return min(found, most)


def frozen(value: Any) -> Any:
    """A hashable that is the same for equal values, and for no others."""
    value = from_plain(value)
    if isinstance(value, list):
        return "list", tuple(frozen(item) for item in value)
    if isinstance(value, Mapping):
        return "context", frozenset((key, frozen(item)) for key, item in value.items())
    return kind(value), id(value) if isinstance(value, Range | Function) else value


def equal(left: Any, right: Any) -> bool | None:
    """Three-valued equality: null equals only null, unlike kinds have no answer."""
    if left is None or right is None:
        return left is None and right is None
    left, right = as_dates(left, right)
    if kind(left) != kind(right):
        return None
    if isinstance(left, list):
        return len(left) == len(right) and all(
            equal(from_plain(a), from_plain(b)) is True for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, Mapping):
        return left.keys() == right.keys() and all(
            equal(from_plain(left[k]), from_plain(right[k])) is True for k in left
        )
    return bool(left == right)


def compare(left: Any, right: Any) -> int | None:
    """-1, 0 or 1, or None when the two cannot be ordered."""
    left, right = as_dates(left, right)
    left_kind = kind(left)
    if left_kind != kind(right) or left_kind in ("null", "list", "context", "range", "function", "boolean", "any"):
        return None
    if isinstance(left, datetime | time) and (left.tzinfo is None) != (right.tzinfo is None):
        return None
    return int(left > right) - int(left < right)


def contains(interval: Range, value: Any) -> bool | None:
    """Whether the range holds `value`; None when they cannot be compared."""
    for end, closed, outside in ((interval.low, interval.low_closed, 1), (interval.high, interval.high_closed, -1)):
        if end is None:
            continue
        order = compare(end, value)
        if order is None:
            return None
        if order == outside or (order == 0 and not closed):
            return False
    return True


def as_list(value: Any) -> list[Any]:
    """A list as it is, null as an empty one, anything else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def flatten(items: Iterable[Any]) -> list[Any]:
    """All items of nested lists, in order."""
    found: list[Any] = []
    stack = list(reversed(list(items)))
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        else:
            found.append(item)
    return found
