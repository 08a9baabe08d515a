"""Intervals: the standard's relations between two of them, or a point and one;
and reading one from a text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.flow.feel import values as v
from engine.flow.feel.builtins import dates
from engine.flow.feel.builtins.arguments import builtin, span, text
from engine.flow.feel.nodes import Call, Literal, Negative, Node, RangeOf
from engine.flow.feel.parsing.parser import Parser
from engine.flow.feel.temporal import FeelError
from engine.flow.feel.values import FeelSyntaxError, Range

_MAKERS = ("@", "date", "time", "date and time", "duration")


def _order(one: Any, other: Any) -> int:
    found = v.compare(one, other)
    if found is None:
        raise FeelError
    return found


def _before(a: Any, b: Any) -> bool:
    one, other = span(a), span(b)
    order = _order(one.high, other.low)
    return order < 0 or (order == 0 and not (one.high_closed and other.low_closed))


def _interval(value: Any) -> Range:
    if not isinstance(value, Range):
        raise FeelError
    return value


def _meets(a: Any, b: Any) -> bool:
    one, other = _interval(a), _interval(b)
    return one.high_closed and other.low_closed and _order(one.high, other.low) == 0


def _overlaps(a: Any, b: Any) -> bool:
    _interval(a), _interval(b)
    return not _before(a, b) and not _before(b, a)


def _begins(one: Range, other: Range) -> int:
    """Whether one begins before the other (-1), with it (0) or after it."""
    return _order(one.low, other.low) or (one.low_closed < other.low_closed) - (
        one.low_closed > other.low_closed
    )


def _ends(one: Range, other: Range) -> int:
    """Whether one ends before the other (-1), with it (0) or after it."""
    return _order(one.high, other.high) or (one.high_closed > other.high_closed) - (
        one.high_closed < other.high_closed
    )


def _overlaps_before(a: Any, b: Any) -> bool:
    """Whether `a` begins before `b` and ends within it."""
    one, other = _interval(a), _interval(b)
    return _begins(one, other) < 0 and not _before(one, other) and _ends(one, other) <= 0


def _overlaps_after(a: Any, b: Any) -> bool:
    """Whether `a` begins within `b`, later than it, and does not end before it."""
    one, other = _interval(a), _interval(b)
    return _begins(one, other) > 0 and not _before(other, one) and _ends(one, other) >= 0


def _includes(a: Any, b: Any) -> bool:
    one, other = _interval(a), span(b)
    return _begins(one, other) <= 0 and _ends(one, other) >= 0


def _finishes(a: Any, b: Any) -> bool:
    one, other = span(a), _interval(b)
    return _ends(one, other) == 0 and _begins(one, other) >= 0


def _starts(a: Any, b: Any) -> bool:
    one, other = span(a), _interval(b)
    return _begins(one, other) == 0 and _ends(one, other) <= 0


def _coincides(a: Any, b: Any) -> bool:
    one, other = span(a), span(b)
    return _begins(one, other) == 0 and _ends(one, other) == 0


def _swapped(relation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda a, b: relation(b, a)


def _range(written: Any) -> Range:
    """The interval that a text says: its ends are literals of one kind, and in their order."""
    try:
        tree = Parser(text(written)).expression()
    except FeelSyntaxError as error:
        raise FeelError from error
    if not isinstance(tree, RangeOf) or tree.low is None or tree.high is None:
        raise FeelError
    low, high = _constant(tree.low), _constant(tree.high)
    if _order(low, high) > 0:
        raise FeelError
    return Range(low, high, tree.low_closed, tree.high_closed)


def _constant(node: Node) -> Any:
    if isinstance(node, Literal) and node.value is not None and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, Negative) and isinstance(node.of, Literal):
        return -node.of.value
    if (
        isinstance(node, Call)
        and node.called in _MAKERS
        and all(isinstance(one, Literal) for one in node.given)
    ):
        return dates.FUNCTIONS[node.called].call(
            *(one.value for one in node.given if isinstance(one, Literal))
        )
    raise FeelError


_POINTS = (("point1", "point2"), ("point", "range"), ("range", "point"), ("range1", "range2"))
_ENDS = (("point", "range"), ("range1", "range2"))
_WHOLES = (("range", "point"), ("range1", "range2"))


def _relation(call: Callable[[Any, Any], bool], *others: tuple[str, ...]) -> Any:
    return builtin(call, "a", "b", others=others or (("range1", "range2"),))


FUNCTIONS = {
    "range": builtin(_range, "from"),
    "before": _relation(_before, *_POINTS),
    "after": _relation(_swapped(_before), *_POINTS),
    "meets": _relation(_meets),
    "met by": _relation(_swapped(_meets)),
    "overlaps": _relation(_overlaps),
    "overlaps before": _relation(_overlaps_before),
    "overlaps after": _relation(_overlaps_after),
    "finishes": _relation(_finishes, *_ENDS),
    "finished by": _relation(_swapped(_finishes), *_WHOLES),
    "includes": _relation(_includes, *_WHOLES),
    "during": _relation(_swapped(_includes), *_ENDS),
    "starts": _relation(_starts, *_ENDS),
    "started by": _relation(_swapped(_starts), *_WHOLES),
    "coincides": _relation(_coincides, *_POINTS),
}
