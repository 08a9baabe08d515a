"""The values of FEEL, and their way out to JSON.

Numbers are `Decimal`, null is None, a context is a dict, a list is a list; dates, times and days-and-time
durations are Python's own. No value carries an attribute that an expression could reach but those listed in
`member`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

from engine.flow.feel.temporal import MEMBERS, FeelError, YearsMonths, duration_text, order
from engine.flow.feel.types import Type
from engine.ground.errors import Invalid


class FeelSyntaxError(ValueError):
    """The text is not FEEL; `message` says why in Chinese, `position` where (characters from 0)."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message, self.position = message, position


class FeelLimitError(Invalid):
    """An evaluation asked for more than it may use."""


PAID_TEXT = 100
"""So many characters count as one value; a shorter text costs nothing to hand on."""
_AS_IS = (str, bool, Decimal)
CONTEXTS = (dict, Mapping)
"""What is a context: first what nearly every one is, for `Mapping` alone takes a look through all its kinds.
"""
_READY = frozenset({NoneType, str, bool, Decimal, list, dict})
"""Kinds of values that are FEEL's own already: nearly all that are met, told by one look at their type."""
_NO_TEXT = _READY - {str}
PLAIN = frozenset({str, Decimal, bool})
"""Two of one of these kinds are equal when Python says so."""
NO_VALUE = (FeelError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError, re.error)
"""What Python raises for values that an operation is not made for: the standard makes it null.

Nothing else is caught.
"""


class _Open:
    """The end of an interval that is open without bound: ``(> 5)``."""

    def __repr__(self) -> str:
        return "open"


OPEN = _Open()


@dataclass(frozen=True)
class Range:
    """An interval. An end that is OPEN has no bound;
    with an end that is null nobody can say what it holds.
    """

    low: Any
    high: Any
    low_closed: bool = True
    high_closed: bool = True
    operator: str = ""
    """Of one that is written as a comparison; ``!=`` is everything but `low`."""


@dataclass(frozen=True)
class Function:
    """Something that can be called: a built-in or a function defined in the expression."""

    parameters: tuple[str, ...]
    call: Callable[..., Any]
    others: tuple[tuple[str, ...], ...] = ()
    """Other names that its parameters go by."""
    least: int = 0
    """How many of the parameters must be given."""
    types: tuple[Type | None, ...] = ()
    answer: Type | None = None

    def placed(self, arguments: Iterable[tuple[str | None, Any]]) -> list[Any]:
        """Arguments given by name in their places; null for one that must be given and is not.

        Raises FeelError for a name that no parameter has.
        """
        given = dict(arguments)
        for parameters in (self.parameters, *self.others):
            if given.keys() <= set(parameters):
                places = [place for place, name in enumerate(parameters) if name in given]
                count = max(self.least, places[-1] + 1)
                return [given.get(name) for name in parameters[:count]]
        raise FeelError


class DayText(str):
    """The text of a date as forms and services store it: beside a date it is that date,
    everywhere else a text.
    """

    __slots__ = ()

    @property
    def day(self) -> date:
        """The date."""
        return date.fromisoformat(self)


_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


def is_day(text: str) -> bool:
    """Whether `text` is a date as forms store it."""
    if not _DAY.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def from_case(value: Any) -> Any:
    """What a name of the case holds, as FEEL sees it: JSON has no dates,
    so their texts can be compared with dates.
    """
    if type(value) in _NO_TEXT:
        return value
    if isinstance(value, str):
        return DayText(value) if len(value) == 10 and is_day(value) else value
    return from_plain(value)


def as_day(value: Any) -> Any:
    """The text of a date as that date, where a date is asked for; anything else as it is."""
    return value.day if isinstance(value, DayText) else value


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
    return as_day(left), as_day(right)


def from_plain(value: Any) -> Any:
    """A JSON-like Python value as FEEL sees it."""
    if type(value) in _READY or isinstance(value, _AS_IS):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return value


def to_plain(value: Any) -> Any:
    """A FEEL value as JSON-able Python: whole numbers as int, dates and durations as ISO 8601 text."""
    if value is None or isinstance(value, str | bool):
        return value
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
    known = _KIND_OF_TYPE.get(type(value))
    if known is not None:
        return known
    for name, types in _KINDS:
        if isinstance(value, types):
            return name
    return "any"


_KINDS: tuple[tuple[str, Any], ...] = (
    ("boolean", bool),
    ("number", (Decimal, int, float)),
    ("string", str),
    ("date and time", datetime),
    ("date", date),
    ("time", time),
    ("days and time duration", timedelta),
    ("years and months duration", YearsMonths),
    ("list", list),
    ("context", Mapping),
    ("range", Range),
    ("function", Function),
)
_KIND_OF_TYPE: dict[type, str] = {
    type(None): "null",
    **dict.fromkeys((str, DayText), "string"),
    bool: "boolean",
    Decimal: "number",
    list: "list",
    dict: "context",
}
"""The kinds of the values that are met most, without looking through the others."""


def member(value: Any, name: str) -> Any:
    """`value.name`: a key of a context, a listed property of a date or duration,
    or the members of a list's items.
    """
    if isinstance(value, CONTEXTS):
        return from_case(value.get(name))
    if isinstance(value, list):
        return [member(from_plain(item), name) for item in value]
    if isinstance(value, DayText):
        value = value.day
    readers = _MEMBERS.get(kind(value), {})
    if name not in readers:
        return None
    return from_plain(readers[name](value))


_MEMBERS: dict[str, dict[str, Callable[[Any], Any]]] = {
    **MEMBERS,
    "range": {
        "start": lambda v: None if v.low is OPEN else v.low,
        "end": lambda v: None if v.high is OPEN else v.high,
        "start included": lambda v: v.low_closed,
        "end included": lambda v: v.high_closed,
    },
}


def size(value: Any, most: int) -> int:
    """How much there is of `value`: one for each plain value inside it and for each PAID_TEXT characters;
    `most` at most.
    """
    found, stack = 0, [value]
    while stack and found < most:
        at = stack.pop()
        found += 1
        if isinstance(at, str):
            found += len(at) // PAID_TEXT
        elif isinstance(at, CONTEXTS):
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
    if type(left) is type(right) and type(left) in PLAIN:
        return bool(left == right)
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
    if isinstance(left, Range):
        return _alike(left, right)
    if isinstance(left, time | date):
        return order(left, right) == 0
    return bool(left == right)


def _alike(left: Range, right: Range) -> bool:
    """Whether two intervals have the same ends, written in the same way."""
    ways = (
        (left.low_closed, left.high_closed, left.operator),
        (right.low_closed, right.high_closed, right.operator),
    )
    ends = (left.low, right.low), (left.high, right.high)
    return ways[0] == ways[1] and all(one is other or equal(one, other) is True for one, other in ends)


def compare(left: Any, right: Any) -> int | None:
    """-1, 0 or 1, or None when the two cannot be ordered."""
    left, right = as_dates(left, right)
    left_kind = kind(left)
    if left_kind != kind(right) or left_kind in (
        "null",
        "list",
        "context",
        "range",
        "function",
        "boolean",
        "any",
    ):
        return None
    return order(left, right)


def contains(interval: Range, value: Any) -> bool | None:
    """Whether the range holds `value`; None when they cannot be compared."""
    if interval.operator == "!=":
        same = equal(interval.low, value) if interval.low is not None and value is not None else None
        return None if same is None else not same
    low = _beside(interval.low, value, interval.low_closed, 1)
    high = _beside(interval.high, value, interval.high_closed, -1)
    if low is False or high is False:
        return False
    return None if low is None or high is None else True


def _beside(end: Any, value: Any, closed: bool, outside: int) -> bool | None:
    """Whether `value` is on the inner side of an end; an end that is null is not an open one."""
    if end is OPEN:
        return True
    found = compare(end, value)
    return None if found is None else found != outside and (found != 0 or closed)


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
