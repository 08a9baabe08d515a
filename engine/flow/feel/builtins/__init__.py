"""The standard's built-in functions, our legal counts of days and their spelling. None reads the clock.

Each takes FEEL values and answers one; `FeelError` (or a Python type error) means null.
"""

from __future__ import annotations

from engine.flow.feel.builtins import dates, lists, numbers, ranges, texts
from engine.flow.feel.values import Function

BUILTINS: dict[str, Function] = {
    **dates.FUNCTIONS,
    **numbers.FUNCTIONS,
    **texts.FUNCTIONS,
    **lists.FUNCTIONS,
    **ranges.FUNCTIONS,
}
REFUSED = {"now": "now()", "today": "today()"}
"""Not to be had: a step must give the same result when it is replayed."""
