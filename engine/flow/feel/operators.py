"""The operators of FEEL over two values: arithmetic, comparisons, what a unary test asks.

`FeelError` means null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.flow.feel import values as v
from engine.flow.feel.parsing.literals import ARITHMETIC
from engine.flow.feel.temporal import FeelError, YearsMonths
from engine.flow.feel.values import FeelLimitError, Range

MAX_TEXT = 100_000
_MAX_POWER = 10_000
_SOME_DAY = date(2000, 1, 2)
_DAY = timedelta(days=1)


def add(x: Any, y: Any) -> Any:
    """``x + y``."""
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.add(x, y)
    if isinstance(x, str) and isinstance(y, str):
        if len(x) + len(y) > MAX_TEXT:
            raise FeelLimitError("文字过长。")
        return x + y
    if isinstance(x, YearsMonths) and isinstance(y, YearsMonths):
        return YearsMonths(x.months + y.months)
    if isinstance(x, timedelta | YearsMonths) and isinstance(y, date | time):
        x, y = y, x
    if isinstance(y, YearsMonths) and isinstance(x, date):
        return y.add_to(x)
    if isinstance(y, timedelta):
        return _later(x, y)
    raise FeelError


def _later(x: Any, length: timedelta) -> Any:
    if isinstance(x, time):
        moved = datetime.combine(_SOME_DAY, x.replace(tzinfo=None)) + length % _DAY
        return moved.time().replace(tzinfo=x.tzinfo)
    if isinstance(x, date) and not isinstance(x, datetime):
        return (datetime.combine(x, time()) + length).date()
    return x + length


def subtract(x: Any, y: Any) -> Any:
    """``x - y``."""
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.subtract(x, y)
    if isinstance(x, date | time) and isinstance(y, date | time):
        return _from_to(y, x)
    if isinstance(x, date | time | timedelta) and isinstance(y, timedelta):
        return add(x, -y)
    if isinstance(x, date | YearsMonths) and isinstance(y, YearsMonths):
        return add(x, YearsMonths(-y.months))
    raise FeelError


def _from_to(start: Any, end: Any) -> timedelta:
    """What lies between two: of both or of neither the zone must be known."""
    if isinstance(start, time) != isinstance(end, time):
        raise FeelError
    first, last = _instant(start), _instant(end)
    if (first.tzinfo is None) != (last.tzinfo is None):
        raise FeelError
    return last - first


def _instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.combine(_SOME_DAY, value) if isinstance(value, time) else datetime.combine(value, time())


def multiply(x: Any, y: Any) -> Any:
    """``x * y``."""
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.multiply(x, y)
    if isinstance(x, Decimal):
        x, y = y, x
    if isinstance(y, Decimal) and isinstance(x, timedelta):
        return timedelta(seconds=x.total_seconds() * float(y))
    if isinstance(y, Decimal) and isinstance(x, YearsMonths):
        return YearsMonths(int(x.months * y))
    raise FeelError


def divide(x: Any, y: Any) -> Any:
    """``x / y``."""
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.divide(x, y)
    if isinstance(x, timedelta) and isinstance(y, timedelta):
        return Decimal(str(x / y))
    if isinstance(x, timedelta | YearsMonths) and isinstance(y, Decimal):
        return multiply(x, Decimal(1) / y)
    if isinstance(x, YearsMonths) and isinstance(y, YearsMonths):
        return Decimal(x.months) / Decimal(y.months)
    raise FeelError


def power(x: Any, y: Any) -> Any:
    """``x ** y``."""
    if isinstance(x, Decimal) and isinstance(y, Decimal) and abs(y) <= _MAX_POWER:
        return ARITHMETIC.power(x, y)
    raise FeelError


ARITHMETICS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}


def negative(value: Any) -> Any:
    """``-value``."""
    if isinstance(value, Decimal | timedelta):
        return -value
    return YearsMonths(-value.months) if isinstance(value, YearsMonths) else None


def _equal(x: Any, y: Any) -> bool | None:
    return v.equal(x, y)


def _unequal(x: Any, y: Any) -> bool | None:
    same = v.equal(x, y)
    return None if same is None else not same


def _ordered(holds: Callable[[int], bool]) -> Callable[[Any, Any], bool | None]:
    def compared(x: Any, y: Any) -> bool | None:
        order = v.compare(x, y)
        return None if order is None else holds(order)

    return compared


COMPARISONS: dict[str, Callable[[Any, Any], bool | None]] = {
    "=": _equal,
    "!=": _unequal,
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
}


def meets(tested: Any, wanted: Any) -> bool | None:
    """Whether a value is another, within an interval, or in a list of such."""
    if isinstance(wanted, Range):
        return True if v.equal(tested, wanted) is True else v.contains(wanted, tested)
    if isinstance(wanted, list):
        if v.equal(tested, wanted) is True:
            return True
        return any(meets(tested, v.from_case(item)) is True for item in wanted)
    return v.equal(tested, wanted)


def members(domain: Any) -> Iterable[Any]:
    """What a round goes over: the whole numbers or days of an interval, the items of a list."""
    if not isinstance(domain, Range):
        return v.as_list(domain)
    low, high = v.as_day(domain.low), v.as_day(domain.high)
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        step = 1 if low <= high else -1
        return (Decimal(number) for number in range(int(low), int(high) + step, step))
    if type(low) is date and type(high) is date:
        days = (high - low).days
        step = 1 if days >= 0 else -1
        return (low + timedelta(days=offset) for offset in range(0, days + step, step))
    raise FeelError


def item_at(items: list[Any], position: Decimal) -> Any:
    """The item at a position: from 1, or from the end below 0; null where there is none."""
    index = int(position)
    if index == 0 or abs(index) > len(items):
        return None
    return v.from_case(items[index - 1 if index > 0 else index])
