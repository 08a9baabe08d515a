"""Lists and contexts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from engine.flow.feel import temporal
from engine.flow.feel import values as v
from engine.flow.feel.builtins.arguments import builtin, context, items, listed, number, text, whole
from engine.flow.feel.operators import add
from engine.flow.feel.temporal import FeelError
from engine.flow.feel.values import Function

MAX_LIST = 10_000


def _position(given: list[Any], position: Any) -> int:
    """The place of an item, counted from 0; positions count from 1, or backwards from -1."""
    index = whole(position)
    index = index - 1 if index > 0 else len(given) + index
    if not 0 <= index < len(given) or whole(position) == 0:
        raise FeelError
    return index


def _sublist(given: Any, start: Any, length: Any = None) -> list[Any]:
    found = listed(given)
    begin = _position(found, start)
    if length is None:
        return found[begin:]
    if not 0 < whole(length) <= len(found) - begin:
        raise FeelError
    return found[begin : begin + whole(length)]


def _insert(given: Any, position: Any, item: Any) -> list[Any]:
    found = listed(given)
    index = whole(position) - 1 if whole(position) > 0 else len(found) + whole(position)
    if not 0 <= index <= len(found) or whole(position) == 0:
        raise FeelError
    return [*found[:index], item, *found[index:]]


def _remove(given: Any, position: Any) -> list[Any]:
    found = listed(given)
    index = _position(found, position)
    return found[:index] + found[index + 1 :]


def _list_replace(given: Any, position: Any, item: Any) -> list[Any]:
    found = listed(given)
    if isinstance(position, Function):
        return [item if _agreed(position, one, item) else one for one in found]
    index = _position(found, position)
    return [*found[:index], item, *found[index + 1 :]]


def _agreed(match: Function, one: Any, item: Any) -> bool:
    answer = match.call(one, item)
    if not isinstance(answer, bool):
        raise FeelError
    return answer


def _distinct(given: Iterable[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for item in given:
        found.setdefault(v.frozen(item), item)
    return list(found.values())


def _together(*lists: Any) -> list[Any]:
    """The items of all lists; without a list there are none."""
    if not lists:
        raise FeelError
    return [item for given in lists for item in v.as_list(given)]


def _append(given: Any, *more: Any) -> list[Any]:
    return [*v.as_list(given), *more]


def _index_of(given: Any, match: Any) -> list[Decimal]:
    return [Decimal(i + 1) for i, one in enumerate(listed(given)) if v.equal(v.from_case(one), match) is True]


def _holds(given: Any, element: Any) -> bool:
    return any(v.equal(v.from_case(item), element) is True for item in listed(given))


def _extreme(sign: int) -> Callable[..., Any]:
    def extreme(*given: Any) -> Any:
        found = items(*given)
        if not found:
            return None
        best = found[0]
        for item in found[1:]:
            order = v.compare(item, best)
            if order is None:
                raise FeelError
            if order == sign:
                best = item
        return best

    return extreme


def _count(*given: Any) -> Decimal:
    return Decimal(len(items(*given)))


def _total(*given: Any) -> Any:
    found = items(*given)
    if not found:
        return None
    total = found[0]
    if v.kind(total) not in _SUMMED:
        raise FeelError
    for item in found[1:]:
        if v.kind(item) != v.kind(total):
            raise FeelError
        total = add(total, item)
    return total


_SUMMED = ("number", "days and time duration", "years and months duration")


def _mean(*given: Any) -> Any:
    found = [number(item) for item in items(*given)]
    return sum(found, Decimal(0)) / len(found) if found else None


def _product(*given: Any) -> Any:
    found = [number(item) for item in items(*given)]
    return math.prod(found, start=Decimal(1)) if found else None


def _median(*given: Any) -> Any:
    found = [number(item) for item in items(*given)]
    return statistics.median(found) if found else None


def _deviation(*given: Any) -> Decimal:
    return Decimal(str(statistics.stdev([number(item) for item in items(*given)])))


def _mode(*given: Any) -> list[Any]:
    found = [number(item) for item in items(*given)]
    return sorted(statistics.multimode(found)) if found else []


def _all(*given: Any) -> bool | None:
    found = items(*given)
    if any(item is False for item in found):
        return False
    return True if all(item is True for item in found) else None


def _any(*given: Any) -> bool | None:
    found = items(*given)
    if any(item is True for item in found):
        return True
    return False if all(item is False for item in found) else None


def _sort(given: Any, precedes: Any = None) -> list[Any]:
    def order(a: Any, b: Any) -> int:
        if isinstance(precedes, Function):
            return -1 if precedes.call(a, b) is True else 1
        return v.compare(v.from_case(a), v.from_case(b)) or 0

    return sorted(listed(given), key=cmp_to_key(order))


# -- contexts --------------------------------------------------------------------------------------


def _get_value(given: Any, key: Any) -> Any:
    found = context(given)
    if not isinstance(key, list):
        return v.from_case(found.get(text(key)))
    for step in key:
        found = v.from_case(context(found).get(text(step)))
    return found


def _entries(given: Any) -> list[Any]:
    return [{"key": key, "value": value} for key, value in context(given).items()]


def _put(given: Any, key: Any, value: Any) -> dict[str, Any]:
    """The context with another value for a key, or for what a list of keys leads to."""
    found = context(given)
    if not isinstance(key, list):
        return {**found, text(key): value}
    if not key:
        raise FeelError
    first, *rest = key
    return {**found, text(first): _put(found[first], rest, value) if rest else value}


def _merge(contexts: Any) -> dict[str, Any]:
    return {key: value for given in listed(contexts) for key, value in context(given).items()}


def _context(entries: Any) -> dict[str, Any]:
    """A context of what ``get entries`` would answer for it."""
    found: dict[str, Any] = {}
    for entry in listed(entries):
        key = text(context(entry)["key"])
        if key in found:
            raise FeelError
        found[key] = entry["value"]
    return found


def _is(one: Any = None, other: Any = None) -> bool:
    one, other = v.as_dates(one, other)
    if v.kind(one) != v.kind(other):
        return False
    return v.equal(one, other) is True if isinstance(one, list | dict) else temporal.same(one, other)


def _invert(value: Any) -> bool | None:
    return None if not isinstance(value, bool) else not value


FUNCTIONS = {
    "not": builtin(_invert, "negand"),
    "is": builtin(_is, "value1", "value2"),
    "count": builtin(_count, "list"),
    "min": builtin(_extreme(-1), "list"),
    "max": builtin(_extreme(1), "list"),
    "sum": builtin(_total, "list"),
    "mean": builtin(_mean, "list"),
    "product": builtin(_product, "list"),
    "median": builtin(_median, "list"),
    "stddev": builtin(_deviation, "list"),
    "mode": builtin(_mode, "list"),
    "all": builtin(_all, "list"),
    "any": builtin(_any, "list"),
    "list contains": builtin(_holds, "list", "element"),
    "sublist": builtin(_sublist, "list", "start position", "length"),
    "append": builtin(_append, "list"),
    "concatenate": builtin(_together),
    "insert before": builtin(_insert, "list", "position", "newItem"),
    "remove": builtin(_remove, "list", "position"),
    "list replace": builtin(
        _list_replace, "list", "position", "newItem", others=(("list", "match", "newItem"),)
    ),
    "reverse": builtin(lambda given: list(reversed(listed(given))), "list"),
    "index of": builtin(_index_of, "list", "match"),
    "union": builtin(lambda *lists: _distinct(_together(*lists))),
    "distinct values": builtin(lambda *given: _distinct(items(*given)), "list"),
    "flatten": builtin(lambda given: v.flatten(listed(given)), "list"),
    "sort": builtin(_sort, "list", "precedes"),
    "get value": builtin(_get_value, "m", "key"),
    "get entries": builtin(_entries, "m"),
    "context": builtin(_context, "entries"),
    "context put": builtin(_put, "context", "key", "value", others=(("context", "keys", "value"),)),
    "context merge": builtin(_merge, "contexts"),
}
