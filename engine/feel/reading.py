"""Questions asked of an expression without evaluating it: what it reads for certain, and what it compares that with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.feel.evaluate import _dotted, free_names
from engine.feel.parser import Node, parts


def certain_names(tree: Node) -> frozenset[str]:
    """The dotted names that are read from outside, leaving out what stands in a filter.

    In ``risks[gone = "no"]`` the name may be a variable or a key of the list's own items; only a case can tell.
    """
    return free_names(tree, certain=True)


def compared(node: Node) -> Iterator[tuple[str, Any]]:
    """Each dotted name with each literal that the expression tests it for being equal to, or one of; filters left out."""
    if node[0] == "filter":
        return
    if node[0] == "cmp" and node[1] in ("=", "!="):
        for name, value in ((node[2], node[3]), (node[3], node[2])):
            dotted = _path(name)
            if dotted is not None:
                yield from ((dotted, literal) for literal in literals(value))
    if node[0] == "in":
        dotted = _path(node[1])
        if dotted is not None:
            yield from ((dotted, literal) for test in node[2] for literal in tested(test))
    if node[0] == "call" and node[1] == ("name", "list contains") and len(node[2]) == 2:
        (_, values), (_, item) = node[2]
        for name, value in ((_path(values), item), (_path(item), values)):
            if name is not None:
                yield from ((name, literal) for literal in literals(value))
    for part in parts(node):
        yield from compared(part)


def names_alone(node: Node) -> Iterator[str]:
    """The dotted name that the expression is, when it is nothing else."""
    dotted = _path(node)
    if dotted is not None:
        yield dotted


def cell_literals(cell: Node) -> Iterator[Any]:
    """The literals that a cell of a decision table asks its input to be, or not to be."""
    if cell[0] in ("tests", "not"):
        for test in cell[1]:
            yield from tested(test)


def tested(test: Node) -> Iterator[Any]:
    """The literals that one unary test asks to be equal to."""
    if test[0] == "test" and test[1] in ("", "=", "!="):
        yield from literals(test[2])


def literals(node: Node) -> Iterator[Any]:
    """The literal that the node is, or those of the list that it is."""
    if node[0] == "group":
        yield from literals(node[1])
    elif node[0] == "lit":
        yield node[1]
    elif node[0] == "list":
        for item in node[1]:
            yield from literals(item)


def _path(node: Node) -> str | None:
    if node[0] == "group":
        return _path(node[1])
    return _dotted(node) if node[0] in ("name", "path") else None
