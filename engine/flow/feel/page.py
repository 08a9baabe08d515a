"""The tree of an expression as the page's small evaluator (web/assets/feel) reads it: nested lists, JSON.

``["cmp", "<", left, right]``: the kind of the node first. What that evaluator does not know has no such form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from math import isfinite
from typing import Any

from engine.flow.feel import nodes as n
from engine.flow.feel.nodes import Node

CALLS = frozenset(
    {
        "count",
        "sum",
        "min",
        "max",
        "contains",
        "not",
        "list contains",
        "string length",
        "decimal",
        "substring",
        "upper case",
    }
)
"""The built-in functions that the page knows."""


class BeyondPage(ValueError):
    """The expression needs more than the page's evaluator knows."""


def to_page(node: Node) -> list[Any]:
    """The node for the page. Raises BeyondPage."""
    writer = _WRITERS.get(type(node))
    if writer is None:
        raise BeyondPage(type(node).__name__)
    return writer(node)


def _all(nodes: Iterable[Node]) -> list[Any]:
    return [to_page(node) for node in nodes]


def _literal(node: n.Literal) -> list[Any]:
    value = node.value
    if isinstance(value, Decimal):
        value = float(value)
        if not isfinite(value):
            raise BeyondPage(node.value)  # JSON has no such number
    return ["lit", value]


def _range(node: n.RangeOf) -> list[Any]:
    if node.operator in ("=", "!="):
        raise BeyondPage(node.operator)
    ends = [None if end is None else to_page(end) for end in (node.low, node.high)]
    return ["range", *ends, node.low_closed, node.high_closed]


def _test(node: n.Test) -> list[Any]:
    """A test; an interval can stand nowhere else."""
    value = n.bare(node.value)
    return ["test", node.operator, _range(value) if isinstance(value, n.RangeOf) else to_page(node.value)]


def _quantified(node: n.Quantified) -> list[Any]:
    rounds = [[one.name, to_page(one.domain)] for one in node.rounds]
    return ["some" if node.wanted else "every", rounds, to_page(node.test)]


def _call(node: n.Call) -> list[Any]:
    if node.called not in CALLS:
        raise BeyondPage(node.called)
    return ["call", to_page(node.function), [[one.name, to_page(one.value)] for one in node.arguments]]


_WRITERS: dict[type[Node], Callable[[Any], list[Any]]] = {
    n.Literal: _literal,
    n.Name: lambda node: ["name", node.name],
    n.Member: lambda node: ["path", to_page(node.of), node.name],
    n.Arithmetic: lambda node: ["arith", node.operator, to_page(node.left), to_page(node.right)],
    n.Negative: lambda node: ["neg", to_page(node.of)],
    n.Comparison: lambda node: ["cmp", node.operator, to_page(node.left), to_page(node.right)],
    n.And: lambda node: ["and", to_page(node.left), to_page(node.right)],
    n.Or: lambda node: ["or", to_page(node.left), to_page(node.right)],
    n.Between: lambda node: ["between", *_all((node.value, node.low, node.high))],
    n.In: lambda node: ["in", to_page(node.value), _all(node.tests)],
    n.Test: _test,
    n.If: lambda node: ["if", *_all((node.condition, node.yes, node.no))],
    n.Quantified: _quantified,
    n.ListOf: lambda node: ["list", _all(node.items)],
    n.Filter: lambda node: ["filter", to_page(node.of), to_page(node.condition)],
    n.Call: _call,
    n.Group: lambda node: ["group", to_page(node.of)],
}
