"""What an evaluation sees and may spend."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

from engine.flow.feel import values as v
from engine.flow.feel.values import FeelLimitError

MAX_STEPS = 100_000
MAX_CALLS = 40
SMALL = frozenset({Decimal, bool, NoneType, v.DayText, date, datetime, timedelta})
"""Kinds of values that cost nothing to hand on: nearly all that a diagram handles."""
_SIZED = (list, str, *v.CONTEXTS)
_PURSE: ContextVar[list[int] | None] = ContextVar("purse", default=None)
Workdays = Callable[[date, int], date]
"""The working day that is so many after a day, by the calendar of a place."""


@contextmanager
def one_purse(steps: int) -> Iterator[None]:
    """Evaluations inside share one purse of `steps`: a decision pays for all its cells together."""
    token = _PURSE.set([steps, MAX_CALLS])
    try:
        yield
    finally:
        _PURSE.reset(token)


class Env:
    """Names in sight, and what the evaluation may still spend."""

    __slots__ = ("names", "outer", "purse", "workdays")

    def __init__(self, names: Mapping[str, Any], workdays: Workdays | None, outer: Env | None = None) -> None:
        self.names, self.outer, self.workdays = names, outer, workdays
        self.purse: list[int] = outer.purse if outer else _PURSE.get() or [MAX_STEPS, MAX_CALLS]

    def inner(self, names: Mapping[str, Any]) -> Env:
        """A scope inside this one."""
        return Env(names, self.workdays, self)

    def spend(self, steps: int = 1) -> None:
        """Pay for `steps`. Raises FeelLimitError when the purse is empty."""
        self.purse[0] -= steps
        if self.purse[0] < 0:
            raise FeelLimitError("表达式的计算量超过上限。")

    def pay_for(self, *values: Any) -> None:
        """Pay for the size of what is built, compared or handed on."""
        for value in values:
            kind = type(value)
            if kind in SMALL or (kind is str and len(value) < v.PAID_TEXT):
                continue
            if isinstance(value, _SIZED):
                self.spend(v.size(value, MAX_STEPS + 1) - 1)


Closure = Callable[[Env], Any]
"""What an expression becomes: its value over an environment."""
