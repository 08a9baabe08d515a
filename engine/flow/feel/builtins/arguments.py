"""What built-in functions ask of their arguments. `FeelError` means that the function has no value: null."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.flow.feel import values as v
from engine.flow.feel.temporal import FeelError
from engine.flow.feel.values import Function, Range


def builtin(call: Callable[..., Any], *parameters: str, others: tuple[tuple[str, ...], ...] = ()) -> Function:
    """A built-in function with the names of its parameters;
    those that Python gives a default need not be given.
    """
    given = [
        one
        for one in inspect.signature(call).parameters.values()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return Function(parameters, call, others, sum(one.default is one.empty for one in given))


def number(value: Any) -> Decimal:
    """A number."""
    if isinstance(value, Decimal):
        return value
    found = v.from_plain(value)
    if not isinstance(found, Decimal):
        raise FeelError
    return found


def whole(value: Any) -> int:
    """A number without what follows its point."""
    return int(number(value))


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise FeelError
    return value


def items(*given: Any) -> list[Any]:
    """The items of the one list that is given, or what is given instead of a list.

    Nothing and null have no items: of a list that is missing nobody can say how many it has, nor that it has
    one.
    """
    if not given or (len(given) == 1 and given[0] is None):
        raise FeelError
    found = given[0] if len(given) == 1 and isinstance(given[0], list) else list(given)
    return [v.from_case(item) for item in found]


def listed(value: Any) -> list[Any]:
    """A list; anything else but null is a list of one."""
    if value is None:
        raise FeelError
    return value if isinstance(value, list) else [value]


def context(value: Any) -> Mapping[str, Any]:
    """A context."""
    if not isinstance(value, Mapping):
        raise FeelError
    return value


def span(value: Any) -> Range:
    """An interval; a point is the interval that holds nothing else."""
    if value is None:
        raise FeelError
    return value if isinstance(value, Range) else Range(value, value)
