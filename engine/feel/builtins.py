"""The standard's built-in functions in use, our legal counts of days and their spelling. None reads the clock.

Each takes FEEL values and answers one; `FeelError` (or a Python type error) means null.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.clock import CHINA, days_after, local_date, written
from engine.feel import patterns
from engine.feel import values as v
from engine.feel.values import FeelError, Function, Range, YearsMonths

MAX_LIST = 10_000
MAX_TEXT = 100_000
_DATE = re.compile(r"(-?\d{4,9})-(\d\d)-(\d\d)$")
_DAYS = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?$")
_MONTHS = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?$")
_ZONE = re.compile(r"@([A-Za-z_/+-]+)$")


def _number(value: Any) -> Decimal:
    value = v.from_plain(value)
    if not isinstance(value, Decimal):
        raise FeelError
    return value


def _whole(value: Any) -> int:
    return int(_number(value))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise FeelError
    return value


def _day(value: Any) -> date:
    if isinstance(value, str):
        value = parse_date(value[:10])
    if isinstance(value, datetime):
        return local_date(value) if value.tzinfo else value.date()
    if not isinstance(value, date):
        raise FeelError
    return value


def _list(*args: Any) -> list[Any]:
    items = args[0] if len(args) == 1 and isinstance(args[0], list) else list(args)
    return [v.from_plain(item) for item in items]


def _spelled(value: Any) -> str:
    """The day as official papers write it: 2022年5月6日."""
    return written(_day(value))


# -- dates ------------------------------------------------------------------------------------------------------------


def parse_date(text: str) -> date:
    """An ISO date."""
    match = _DATE.match(text)
    if not match:
        raise FeelError
    return date(*map(int, match.groups()))


def parse_time(text: str) -> time:
    """An ISO time with an optional offset or ``@zone``."""
    zone = _ZONE.search(text)
    found = time.fromisoformat(text[: zone.start()] if zone else text)
    return found.replace(tzinfo=_zone(zone.group(1))) if zone else found


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FeelError from error


def parse_date_time(text: str) -> datetime:
    """An ISO date and time; a plain date is its midnight."""
    zone = _ZONE.search(text)
    found = datetime.fromisoformat(text[: zone.start()] if zone else text)
    return found.replace(tzinfo=_zone(zone.group(1))) if zone else found


def parse_duration(text: str) -> timedelta | YearsMonths:
    """An ISO 8601 duration of either kind."""
    if len(text) > 40:
        raise FeelError
    months = _MONTHS.match(text)
    if months and (months.group(2) or months.group(3)):
        total = int(months.group(2) or 0) * 12 + int(months.group(3) or 0)
        return YearsMonths(-total if months.group(1) else total)
    days = _DAYS.match(text)
    if not days or not any(days.groups()[1:]) or text.endswith("T"):
        raise FeelError
    sign, d, h, m, s, fraction = days.groups()
    found = timedelta(
        days=int(d or 0), hours=int(h or 0), minutes=int(m or 0), seconds=float(f"{s or 0}.{fraction or 0}")
    )
    return -found if sign else found


def at_literal(text: str) -> Any:
    """The value of ``@"…"``: whichever of date, time, date and time or duration fits."""
    for reader in (parse_date, parse_time, parse_duration, parse_date_time):
        try:
            return reader(text)
        except (ValueError, FeelError):
            continue
    raise FeelError


def _make_date(*args: Any) -> date:
    if len(args) == 3:
        return date(*map(_whole, args))
    value = args[0]
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else parse_date(_text(value))


def _make_time(*args: Any) -> time:
    if len(args) >= 3:
        hour, minute, second = map(_whole, args[:3])
        return time(hour, minute, second)
    value = args[0]
    if isinstance(value, datetime):
        return value.timetz()
    return value if isinstance(value, time) else parse_time(_text(value))


def _make_date_time(*args: Any) -> datetime:
    if len(args) == 2:
        return datetime.combine(_make_date(args[0]), args[1])
    value = args[0]
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return parse_date_time(_text(value))


def _months_between(start: Any, end: Any) -> YearsMonths:
    start, end = _day(start), _day(end)
    if end < start:
        return YearsMonths(-_months_between(end, start).months)
    return YearsMonths((end.year - start.year) * 12 + end.month - start.month - (end.day < start.day))


def _days_after(start: Any, count: Any) -> datetime:
    return days_after(_day(start), _whole(count))


def _workdays_after(workdays: Callable[[date, int], date]) -> Callable[[Any, Any], datetime]:
    def count(start: Any, number: Any) -> datetime:
        last = workdays(_day(start), _whole(number))
        following = last + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=CHINA)

    return count


# -- numbers ----------------------------------------------------------------------------------------------------------


def _rounding(mode: str) -> Callable[..., Decimal]:
    def rounded(number: Any, scale: Any = Decimal(0)) -> Decimal:
        places = _whole(scale)
        if abs(places) > 6000:
            raise FeelError
        return _number(number).quantize(Decimal(1).scaleb(-places), rounding=mode)

    return rounded


def _modulo(number: Any, divisor: Any) -> Decimal:
    number, divisor = _number(number), _number(divisor)
    if divisor == 0:
        raise FeelError
    result: Decimal = number - divisor * (number / divisor).to_integral_value(ROUND_FLOOR)
    return result


def _real(function: Callable[[float], float]) -> Callable[[Any], Decimal]:
    return lambda number: Decimal(str(function(float(_number(number)))))


def _absolute(value: Any) -> Any:
    if isinstance(value, YearsMonths):
        return YearsMonths(abs(value.months))
    return abs(value) if isinstance(value, timedelta) else abs(_number(value))


def _to_number(text: Any, group: Any = None, point: Any = None) -> Decimal:
    if isinstance(text, Decimal):
        return text
    found = _text(text)
    if group:
        found = found.replace(_text(group), "")
    if point:
        found = found.replace(_text(point), ".")
    if not re.fullmatch(r"\s*-?\d{0,40}(\.\d{0,40})?([eE][+-]?\d{1,4})?\s*", found):
        raise FeelError
    return Decimal(found.strip())


# -- strings ----------------------------------------------------------------------------------------------------------


def to_text(value: Any) -> Any:
    """`string(value)`."""
    value = v.from_plain(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, list):
        return "[" + ", ".join(_quoted(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_quoted(item)}" for key, item in value.items()) + "}"
    return str(v.to_plain(value))


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "null" if value is None else str(to_text(value))


def _substring(text: Any, start: Any, length: Any = None) -> str:
    found, first = _text(text), _whole(start)
    if first == 0:
        raise FeelError
    begin = first - 1 if first > 0 else max(0, len(found) + first)
    return found[begin:] if length is None else found[begin : begin + _whole(length)]


def _pattern(pattern: Any, text: str, flags: Any = "") -> re.Pattern[str]:
    found = _text(pattern)
    if not patterns.quick(found, len(text)):
        raise FeelError
    bits = 0
    for flag in flags or "":
        bits |= {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}.get(flag, 0)
    try:
        return re.compile(found, bits)
    except (re.error, OverflowError, RecursionError) as error:
        raise FeelError from error


def _matches(text: Any, pattern: Any, flags: Any = "") -> bool:
    found = _text(text)
    return _pattern(pattern, found, flags).search(found) is not None


def _replace(text: Any, pattern: Any, by: Any, flags: Any = "") -> str:
    found, new = _text(text), _text(by)
    if len(found) * (len(new) + 1) > MAX_TEXT * 10:
        raise FeelError
    return _pattern(pattern, found, flags).sub(lambda match: _REPLACED.sub(partial(_piece, match), new), found)


_REPLACED = re.compile(r"[\\$](.?)", re.DOTALL)


def _piece(match: re.Match[str], sign: re.Match[str]) -> str:
    """What ``$1`` or an escaped sign of a replacement stands for: a group that the pattern has not is empty."""
    written, what = sign.group()[0], sign.group(1)
    if what and what in "0123456789":
        number = int(what)
        return (match.group(number) or "") if number <= (match.re.groups or 0) else ""
    if written == "\\" and what not in ("\\", "$"):
        raise FeelError  # as the standard has it: nothing else is escaped
    return what if written == "\\" else sign.group()


def _join(items: Any, delimiter: Any = "") -> str:
    return (delimiter or "").join(_text(item) for item in items if item is not None)


# -- lists ------------------------------------------------------------------------------------------------------------


def _position(items: list[Any], position: Any) -> int:
    index = _whole(position)
    index = index - 1 if index > 0 else len(items) + index
    if not 0 <= index < len(items):
        raise FeelError
    return index


def _sublist(items: list[Any], start: Any, length: Any = None) -> list[Any]:
    begin = _position(items, start)
    return items[begin:] if length is None else items[begin : begin + _whole(length)]


def _insert(items: list[Any], position: Any, item: Any) -> list[Any]:
    index = _whole(position)
    index = index - 1 if index > 0 else len(items) + index
    return [*items[:index], item, *items[index:]]


def _remove(items: list[Any], position: Any) -> list[Any]:
    index = _position(items, position)
    return items[:index] + items[index + 1 :]


def _list_replace(items: list[Any], position: Any, item: Any) -> list[Any]:
    index = _position(items, position)
    return [*items[:index], item, *items[index + 1 :]]


def _distinct(items: Iterable[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(v.frozen(item), item)
    return list(found.values())


def _extreme(sign: int) -> Callable[..., Any]:
    def extreme(*args: Any) -> Any:
        items = _list(*args)
        if not items:
            return None
        best = items[0]
        for item in items[1:]:
            order = v.compare(item, best)
            if order is None:
                raise FeelError
            if order == sign:
                best = item
        return best

    return extreme


def _total(*args: Any) -> Any:
    items = _list(*args)
    if not items:
        return None
    total = items[0]
    if isinstance(total, bool | str | list | Mapping):
        raise FeelError
    for item in items[1:]:
        if v.kind(item) != v.kind(total):
            raise FeelError
        total = total + item
    return total


def _mean(*args: Any) -> Any:
    items = [_number(item) for item in _list(*args)]
    return sum(items, Decimal(0)) / len(items) if items else None


def _product(*args: Any) -> Any:
    items = [_number(item) for item in _list(*args)]
    return math.prod(items, start=Decimal(1)) if items else None


def _all(*args: Any) -> bool | None:
    items = _list(*args)
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


def _any(*args: Any) -> bool | None:
    items = _list(*args)
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None


def _mode(*args: Any) -> list[Any]:
    items = [_number(item) for item in _list(*args)]
    return sorted(statistics.multimode(items)) if items else []


def _sort(items: list[Any], precedes: Any = None) -> list[Any]:
    from functools import cmp_to_key

    def order(a: Any, b: Any) -> int:
        if isinstance(precedes, Function):
            return -1 if precedes.call(a, b) is True else 1
        return v.compare(a, b) or 0

    return sorted(items, key=cmp_to_key(order))


def _get_value(context: Any, key: Any) -> Any:
    if not isinstance(context, Mapping):
        raise FeelError
    return v.from_plain(context.get(_text(key)))


def _entries(context: Any) -> list[Any]:
    if not isinstance(context, Mapping):
        raise FeelError
    return [{"key": key, "value": value} for key, value in context.items()]


def _invert(value: Any) -> bool | None:
    return None if not isinstance(value, bool) else not value


# -- ranges -----------------------------------------------------------------------------------------------------------


def _span(value: Any) -> Range:
    return value if isinstance(value, Range) else Range(value, value)


def _before(a: Any, b: Any) -> bool:
    a, b = _span(a), _span(b)
    order = v.compare(a.high, b.low)
    if order is None:
        raise FeelError
    return order < 0 or (order == 0 and not (a.high_closed and b.low_closed))


def _overlaps(a: Any, b: Any) -> bool:
    return not _before(a, b) and not _before(b, a)


def _includes(a: Any, b: Any) -> bool:
    a, b = _span(a), _span(b)
    low, high = v.compare(a.low, b.low), v.compare(a.high, b.high)
    if low is None or high is None:
        raise FeelError
    return (low < 0 or (low == 0 and (a.low_closed or not b.low_closed))) and (
        high > 0 or (high == 0 and (a.high_closed or not b.high_closed))
    )


_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_OF_YEAR = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip

Builtin = tuple[tuple[str, ...], Callable[..., Any]]

BUILTINS: dict[str, Builtin] = {
    "@": (("literal",), at_literal),
    "date": (("from",), _make_date),
    "time": (("from",), _make_time),
    "date and time": (("from",), _make_date_time),
    "duration": (("from",), lambda text: parse_duration(_text(text))),
    "years and months duration": (("from", "to"), _months_between),
    "days after": (("date", "days"), _days_after),
    "spelled date": (("date",), _spelled),
    "day of week": (("date",), lambda d: _WEEK[_day(d).weekday()]),
    "day of year": (("date",), lambda d: Decimal(_day(d).timetuple().tm_yday)),
    "week of year": (("date",), lambda d: Decimal(_day(d).isocalendar()[1])),
    "month of year": (("date",), lambda d: _MONTHS_OF_YEAR[_day(d).month - 1]),
    "number": (("from", "grouping separator", "decimal separator"), _to_number),
    "decimal": (("n", "scale"), _rounding(ROUND_HALF_EVEN)),
    "floor": (("n", "scale"), _rounding(ROUND_FLOOR)),
    "ceiling": (("n", "scale"), _rounding(ROUND_CEILING)),
    "round up": (("n", "scale"), _rounding(ROUND_UP)),
    "round down": (("n", "scale"), _rounding(ROUND_DOWN)),
    "round half up": (("n", "scale"), _rounding(ROUND_HALF_UP)),
    "round half down": (("n", "scale"), _rounding(ROUND_HALF_DOWN)),
    "abs": (("n",), _absolute),
    "modulo": (("dividend", "divisor"), _modulo),
    "sqrt": (("number",), _real(math.sqrt)),
    "log": (("number",), _real(math.log)),
    "exp": (("number",), _real(math.exp)),
    "odd": (("number",), lambda n: _whole(n) % 2 == 1),
    "even": (("number",), lambda n: _whole(n) % 2 == 0),
    "string": (("from",), to_text),
    "string length": (("string",), lambda s: Decimal(len(_text(s)))),
    "substring": (("string", "start position", "length"), _substring),
    "upper case": (("string",), lambda s: _text(s).upper()),
    "lower case": (("string",), lambda s: _text(s).lower()),
    "substring before": (("string", "match"), lambda s, m: _text(s).partition(_text(m))[0] if m in s else ""),
    "substring after": (("string", "match"), lambda s, m: _text(s).partition(_text(m))[2] if m else s),
    "contains": (("string", "match"), lambda s, m: _text(m) in _text(s)),
    "starts with": (("string", "match"), lambda s, m: _text(s).startswith(_text(m))),
    "ends with": (("string", "match"), lambda s, m: _text(s).endswith(_text(m))),
    "matches": (("input", "pattern", "flags"), _matches),
    "replace": (("input", "pattern", "replacement", "flags"), _replace),
    "split": (("string", "delimiter"), lambda s, d: _pattern(d, _text(s)).split(_text(s))),
    "string join": (("list", "delimiter"), _join),
    "not": (("negand",), _invert),
    "count": (("list",), lambda *a: Decimal(len(_list(*a)))),
    "min": (("list",), _extreme(-1)),
    "max": (("list",), _extreme(1)),
    "sum": (("list",), _total),
    "mean": (("list",), _mean),
    "product": (("list",), _product),
    "median": (("list",), lambda *a: statistics.median(map(_number, _list(*a))) if _list(*a) else None),
    "stddev": (("list",), lambda *a: Decimal(str(statistics.stdev(map(_number, _list(*a)))))),
    "mode": (("list",), _mode),
    "all": (("list",), _all),
    "any": (("list",), _any),
    "list contains": (("list", "element"), lambda xs, x: any(v.equal(v.from_case(i), x) is True for i in xs)),
    "sublist": (("list", "start position", "length"), _sublist),
    "append": (("list",), lambda xs, *items: [*v.as_list(xs), *items]),
    "concatenate": ((), lambda *lists: [item for items in lists for item in v.as_list(items)]),
    "insert before": (("list", "position", "newItem"), _insert),
    "remove": (("list", "position"), _remove),
    "list replace": (("list", "position", "newItem"), _list_replace),
    "reverse": (("list",), lambda xs: list(reversed(xs))),
    "index of": (("list", "match"), lambda xs, m: [Decimal(i + 1) for i, x in enumerate(xs) if v.equal(v.from_case(x), m) is True]),
    "union": ((), lambda *lists: _distinct(item for items in lists for item in v.as_list(items))),
    "distinct values": (("list",), lambda *a: _distinct(_list(*a))),
    "flatten": (("list",), v.flatten),
    "sort": (("list", "precedes"), _sort),
    "get value": (("m", "key"), _get_value),
    "get entries": (("m",), _entries),
    "context put": (("context", "key", "value"), lambda c, k, x: {**c, _text(k): x}),
    "context merge": (("contexts",), lambda cs: {k: x for c in cs for k, x in c.items()}),
    "is": (("value1", "value2"), lambda a, b: v.kind(a) == v.kind(b) and a == b),
    "before": (("a", "b"), _before),
    "after": (("a", "b"), lambda a, b: _before(b, a)),
    "meets": (("a", "b"), lambda a, b: a.high_closed and b.low_closed and v.compare(a.high, b.low) == 0),
    "met by": (("a", "b"), lambda a, b: b.high_closed and a.low_closed and v.compare(b.high, a.low) == 0),
    "overlaps": (("a", "b"), _overlaps),
    "includes": (("a", "b"), _includes),
    "during": (("a", "b"), lambda a, b: _includes(b, a)),
    "coincides": (("a", "b"), lambda a, b: _span(a) == _span(b)),
}  # fmt: skip
REFUSED = {"now": "now()", "today": "today()"}
"""Not to be had: a step must give the same result when it is replayed."""
