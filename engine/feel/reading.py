"""Questions asked of an expression without evaluating it: what it reads for certain, and what it compares that with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from engine.feel.builtins import BUILTINS
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


Needs = Mapping[str, "Needs | None"]
"""The names that an expression reads, each with the columns it reads of that list; None: all of them."""
Columns = Callable[[str], Collection[str]]


def needs(tree: Node, columns: Columns = lambda name: ()) -> dict[str, Needs | None]:
    """What the expression reads from outside; `columns` names the columns of a list, so that a filter's own names are
    known from those that stand outside."""
    found: dict[str, Needs | None] = {}
    for name, wanted in _reads(tree, None, columns):
        found[name] = _merged(found[name], wanted) if name in found else wanted
    return {name: wanted for name, wanted in found.items() if name not in BUILTINS}


def _merged(one: Needs | None, other: Needs | None) -> Needs | None:
    if one is None or other is None:
        return None
    both = dict(one)
    for name, wanted in other.items():
        both[name] = _merged(both[name], wanted) if name in both else wanted
    return both


def _reads(node: Any, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    """Each name that is read, with the columns that are `wanted` of it."""
    if isinstance(node, list):
        for part in node:
            yield from _reads(part, None, columns)
    elif isinstance(node, tuple) and node and node[0] != "lit":
        yield from _SPECIAL.get(node[0], _of_parts)(node, wanted, columns)


def _of_parts(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    for part in node[1:] if isinstance(node[0], str) else node:
        yield from _reads(part, None, columns)


def _of_name(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    yield node[1], wanted


def _of_path(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    yield from _reads(node[1], {node[2]: wanted}, columns)


def _of_group(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    yield from _reads(node[1], wanted, columns)


def _of_filter(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    """In a filter a name is a column of the list, or ``item.column``, or else stands outside."""
    inner = needs(node[2], columns)
    own = set(columns(node[1][1])) if node[1][0] == "name" else set()
    named: Needs | None = {name: inner[name] for name in inner if name != "item" and (name in own or not own)}
    whole = _merged(named, inner["item"]) if "item" in inner else named
    yield from _reads(node[1], _merged(wanted, whole), columns)
    yield from ((name, inner[name]) for name in inner if name not in own and name != "item")


def _of_rounds(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    """``some``, ``every`` and ``for``: what the test asks of a variable is asked of its list."""
    inner = needs(node[2], columns)
    inner.pop("partial", None)
    for name, domain in reversed(node[1]):
        asked = None if node[0] == "for" else inner.pop(name, {})
        inner.pop(name, None)
        for outer, columns_of in _reads(domain, asked, columns):
            inner[outer] = _merged(inner[outer], columns_of) if outer in inner else columns_of
    yield from inner.items()


def _of_call(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    """A count asks for the rows only, for none of their columns."""
    rows_only: Needs | None = {} if node[1] == ("name", "count") else None
    if node[1][0] != "name":
        yield from _reads(node[1], None, columns)
    for _, argument in node[2]:
        yield from _reads(argument, rows_only, columns)


def _of_context(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    own = {key for key, _ in node[1]}
    for _, value in node[1]:
        yield from ((name, asked) for name, asked in _reads(value, None, columns) if name not in own)


def _of_function(node: Node, wanted: Needs | None, columns: Columns) -> Iterator[tuple[str, Needs | None]]:
    yield from ((name, asked) for name, asked in _reads(node[2], None, columns) if name not in node[1])


_SPECIAL = {
    "name": _of_name, "path": _of_path, "group": _of_group, "filter": _of_filter, "some": _of_rounds,
    "every": _of_rounds, "for": _of_rounds, "call": _of_call, "context": _of_context, "function": _of_function,
}  # fmt: skip
