"""Which names an expression reads from outside itself."""

from __future__ import annotations

from engine.flow.feel import nodes as n
from engine.flow.feel.builtins import BUILTINS, REFUSED
from engine.flow.feel.nodes import Node, dotted

_GIVEN = ("?", "workdays after", "item")
"""Names that mean something without anybody's having set them."""


def free_names(node: Node, *, certain: bool = False) -> frozenset[str]:
    """The dotted names that the expression reads, built-ins excluded; with `certain`,
    what filters read left out.
    """
    names = free(node, certain=certain)
    return frozenset(name for name in names if name not in BUILTINS and name.partition(".")[0] not in _GIVEN)


def free(node: Node, bound: frozenset[str] = frozenset(), *, certain: bool = False) -> set[str]:
    """The maximal dotted names that `node` reads from outside itself; with `certain`, filters left out."""
    name = dotted(node)
    if name is not None:
        return set() if name.partition(".")[0] in bound else {name}
    if isinstance(node, n.Filter) and certain:
        return free(node.of, bound, certain=True)
    found: set[str] = set()
    for part in node.parts():
        found |= free(part, bound | binds(node, part), certain=certain)
    return found


def binds(node: Node, part: Node) -> frozenset[str]:
    """The names that mean something of the node's own inside one of its parts."""
    own = bound_names(node)
    if isinstance(node, n.For | n.Quantified) and part in node.rounds:
        return frozenset(own[: node.rounds.index(part)])
    if isinstance(node, n.ContextOf):
        return frozenset(own[: node.entries.index(part)])
    return frozenset((*own, "partial")) if isinstance(node, n.For) else frozenset(own)


def bound_names(node: Node) -> tuple[str, ...]:
    """The names that a node gives a meaning, in the order of the text."""
    if isinstance(node, n.For | n.Quantified):
        return tuple(one.name for one in node.rounds)
    if isinstance(node, n.ContextOf):
        return tuple(one.key for one in node.entries)
    return node.names if isinstance(node, n.FunctionOf) else ()


def unknown_functions(node: Node, bound: frozenset[str] = frozenset()) -> set[str]:
    """Names that are called but are neither built-in nor defined in the expression itself."""
    bound = bound | frozenset(bound_names(node))
    found: set[str] = set().union(*(unknown_functions(part, bound) for part in node.parts()))
    called = node.called if isinstance(node, n.Call) else None
    if called is not None and called not in (*BUILTINS, *bound, "workdays after", *REFUSED):
        found.add(called)
    return found
