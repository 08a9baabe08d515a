"""Questions asked of an expression without evaluating it: what it reads for certain,
and what it compares that with.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from engine.flow.feel import nodes as n
from engine.flow.feel.builtins import BUILTINS
from engine.flow.feel.nodes import Node, bare, dotted
from engine.flow.feel.scope import free_names


def certain_names(tree: Node) -> frozenset[str]:
    """The dotted names that are read from outside, leaving out what stands in a filter.

    In ``risks[gone = "no"]`` the name may be a variable or a key of the list's own items; only a case can
    tell.
    """
    return free_names(tree, certain=True)


def compared(node: Node) -> Iterator[tuple[str, Any]]:
    """Each dotted name with each literal that the expression tests it for being equal to, or one of;
    filters left out.
    """
    if isinstance(node, n.Filter):
        return
    if isinstance(node, n.Comparison) and node.operator in ("=", "!="):
        for name, value in ((node.left, node.right), (node.right, node.left)):
            yield from _paired(name, literals(value))
    if isinstance(node, n.In):
        yield from _paired(node.value, (literal for test in node.tests for literal in tested(test)))
    if isinstance(node, n.Call) and node.called == "list contains" and len(node.arguments) == 2:
        values, item = node.given
        for name, value in ((values, item), (item, values)):
            yield from _paired(name, literals(value))
    for part in node.parts():
        yield from compared(part)


def _paired(node: Node, values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    name = dotted(bare(node))
    if name is not None:
        yield from ((name, value) for value in values)


def names_alone(node: Node) -> Iterator[str]:
    """The dotted name that the expression is, when it is nothing else."""
    name = dotted(bare(node))
    if name is not None:
        yield name


def cell_literals(cell: n.Cell) -> Iterator[Any]:
    """The literals that a cell of a decision table asks its input to be, or not to be."""
    for test in cell.tests:
        yield from tested(test)


def tested(test: n.Test) -> Iterator[Any]:
    """The literals that one unary test asks to be equal to."""
    if test.operator in ("", "=", "!="):
        yield from literals(test.value)


def literals(node: Node) -> Iterator[Any]:
    """The literal that the node is, or those of the list that it is."""
    node = bare(node)
    if isinstance(node, n.Literal):
        yield node.value
    elif isinstance(node, n.ListOf):
        for item in node.items:
            yield from literals(item)


Needs = Mapping[str, "Needs | None"]
"""The names that an expression reads, each with the columns it reads of that list; None: all of them."""
Columns = Callable[[str], Collection[str]]


def needs(tree: Node, columns: Columns = lambda name: ()) -> dict[str, Needs | None]:
    """What the expression reads from outside; `columns` names the columns of a list, so that a filter's own
    names are known from those that stand outside.
    """
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


Asked = Iterator[tuple[str, Needs | None]]


def _reads(node: Node, wanted: Needs | None, columns: Columns) -> Asked:
    """Each name that is read, with the columns that are `wanted` of it."""
    yield from _SPECIAL.get(type(node), _of_parts)(node, wanted, columns)


def _of_parts(node: Node, wanted: Needs | None, columns: Columns) -> Asked:
    for part in node.parts():
        yield from _reads(part, None, columns)


def _of_name(node: n.Name, wanted: Needs | None, columns: Columns) -> Asked:
    yield node.name, wanted


def _of_member(node: n.Member, wanted: Needs | None, columns: Columns) -> Asked:
    yield from _reads(node.of, {node.name: wanted}, columns)


def _of_group(node: n.Group, wanted: Needs | None, columns: Columns) -> Asked:
    yield from _reads(node.of, wanted, columns)


def _of_filter(node: n.Filter, wanted: Needs | None, columns: Columns) -> Asked:
    """In a filter a name is a column of the list, or ``item.column``, or else stands outside."""
    inner = needs(node.condition, columns)
    own = set(columns(node.of.name)) if isinstance(node.of, n.Name) else set()
    named: Needs | None = {name: inner[name] for name in inner if name != "item" and (name in own or not own)}
    whole = _merged(named, inner["item"]) if "item" in inner else named
    yield from _reads(node.of, _merged(wanted, whole), columns)
    yield from ((name, inner[name]) for name in inner if name not in own and name != "item")


def _of_rounds(node: n.For | n.Quantified, wanted: Needs | None, columns: Columns) -> Asked:
    """``some``, ``every`` and ``for``: what the test asks of a variable is asked of its list."""
    inner = needs(node.body if isinstance(node, n.For) else node.test, columns)
    inner.pop("partial", None)
    for one in reversed(node.rounds):
        asked = None if isinstance(node, n.For) else inner.pop(one.name, {})
        inner.pop(one.name, None)
        for outer, columns_of in _reads(one.domain, asked, columns):
            inner[outer] = _merged(inner[outer], columns_of) if outer in inner else columns_of
    yield from inner.items()


def _of_call(node: n.Call, wanted: Needs | None, columns: Columns) -> Asked:
    """A count asks for the rows only, for none of their columns."""
    rows_only: Needs | None = {} if node.called == "count" else None
    if node.called is None:
        yield from _reads(node.function, None, columns)
    for argument in node.given:
        yield from _reads(argument, rows_only, columns)


def _of_context(node: n.ContextOf, wanted: Needs | None, columns: Columns) -> Asked:
    own = {entry.key for entry in node.entries}
    for entry in node.entries:
        yield from ((name, asked) for name, asked in _reads(entry.value, None, columns) if name not in own)


def _of_function(node: n.FunctionOf, wanted: Needs | None, columns: Columns) -> Asked:
    yield from ((name, asked) for name, asked in _reads(node.body, None, columns) if name not in node.names)


_SPECIAL: dict[type[Node], Callable[[Any, Needs | None, Columns], Asked]] = {
    n.Name: _of_name,
    n.Member: _of_member,
    n.Group: _of_group,
    n.Filter: _of_filter,
    n.Quantified: _of_rounds,
    n.For: _of_rounds,
    n.Call: _of_call,
    n.ContextOf: _of_context,
    n.FunctionOf: _of_function,
}
