"""Numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
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
from typing import Any

from engine.flow.feel.builtins.arguments import builtin, number, text, whole
from engine.flow.feel.temporal import FeelError, YearsMonths

_MAX_SCALE = 6176
"""Places that a number of the standard can have behind its point (decimal128); before it 35 less."""
_MIN_SCALE = -6111
_NUMBER = re.compile(r"\s*-?\d{0,40}(\.\d{0,40})?([eE][+-]?\d{1,4})?\s*")
_GROUPS, _POINTS = (" ", ",", "."), (",", ".")


def _rounding(mode: str) -> Callable[..., Decimal]:
    def rounded(n: Any, scale: Any = Decimal(0)) -> Decimal:
        value, places = number(n), whole(scale)
        if not _MIN_SCALE <= places <= _MAX_SCALE:
            raise FeelError
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and -exponent <= places:
            return value
        return value.quantize(Decimal(1).scaleb(-places), rounding=mode)

    return rounded


def _modulo(dividend: Any, divisor: Any) -> Decimal:
    value, by = number(dividend), number(divisor)
    if by == 0:
        raise FeelError
    found: Decimal = value - by * (value / by).to_integral_value(ROUND_FLOOR)
    return found


def _real(function: Callable[[float], float]) -> Callable[[Any], Decimal]:
    def found(value: Any) -> Decimal:
        return Decimal(str(function(float(number(value)))))

    return found


def _absolute(value: Any) -> Any:
    if isinstance(value, YearsMonths):
        return YearsMonths(abs(value.months))
    return abs(value) if isinstance(value, timedelta) else abs(number(value))


def _is_odd(rest: int) -> Callable[[Any], bool]:
    def found(value: Any) -> bool:
        if number(value) != whole(value):
            raise FeelError
        return whole(value) % 2 == rest

    return found


def _to_number(value: Any, group: Any = None, point: Any = None) -> Decimal:
    if isinstance(value, Decimal) and group is None and point is None:
        return value
    found = text(value)
    if group is not None and (group not in _GROUPS or group == point):
        raise FeelError
    if point is not None and point not in _POINTS:
        raise FeelError
    found = found.replace(group or "", "") if group else found
    found = found.replace(point, ".") if point else found
    if not _NUMBER.fullmatch(found):
        raise FeelError
    return Decimal(found.strip())


FUNCTIONS = {
    "number": builtin(_to_number, "from", "grouping separator", "decimal separator"),
    "decimal": builtin(_rounding(ROUND_HALF_EVEN), "n", "scale"),
    "floor": builtin(_rounding(ROUND_FLOOR), "n", "scale"),
    "ceiling": builtin(_rounding(ROUND_CEILING), "n", "scale"),
    "round up": builtin(_rounding(ROUND_UP), "n", "scale"),
    "round down": builtin(_rounding(ROUND_DOWN), "n", "scale"),
    "round half up": builtin(_rounding(ROUND_HALF_UP), "n", "scale"),
    "round half down": builtin(_rounding(ROUND_HALF_DOWN), "n", "scale"),
    "abs": builtin(_absolute, "n"),
    "modulo": builtin(_modulo, "dividend", "divisor"),
    "sqrt": builtin(_real(math.sqrt), "number"),
    "log": builtin(_real(math.log), "number"),
    "exp": builtin(_real(math.exp), "number"),
    "odd": builtin(_is_odd(1), "number"),
    "even": builtin(_is_odd(0), "number"),
}
