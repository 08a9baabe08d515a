"""The tree of a FEEL text: one frozen dataclass for each form of expression,
each with where it stands in the text.

Two nodes are equal when they say the same, wherever they stand. Whoever walks a tree asks `Node.parts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from engine.flow.feel.types import Type


@dataclass(frozen=True, slots=True)
class Node:
    """What stands in a text from character `span[0]` (counted from 0) up to, not including, `span[1]`."""

    span: tuple[int, int] = field(default=(0, 0), compare=False, repr=False, kw_only=True)

    def parts(self) -> Iterator[Node]:
        """The nodes directly inside, in the order of the text."""
        for name in _inner(type(self)):
            value = getattr(self, name)
            if isinstance(value, Node):
                yield value
            elif isinstance(value, tuple):
                yield from (one for one in value if isinstance(one, Node))


_INNER: dict[type[Node], tuple[str, ...]] = {}
"""Of each kind of node the fields that can hold nodes."""


def _inner(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _INNER:
        _INNER[kind] = tuple(one.name for one in fields(kind) if one.name != "span")
    return _INNER[kind]


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, a text, ``true``, ``false`` or ``null``."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, a built-in function or ``?``."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """``of.name``."""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """``left + right`` and its like."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negative(Node):
    """``-of``."""

    of: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """``left = right`` and its like."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """``left and right``."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Or(Node):
    """``left or right``."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """``value between low and high``."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Test(Node):
    """One unary test: ``> 5``, or without an operator a value, an interval,
    a list or something about ``?``.
    """

    __test__ = False  # no test of pytest's
    operator: str
    value: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """``value in (tests)``."""

    value: Node
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """``value instance of type``."""

    value: Node
    type: Type


@dataclass(frozen=True, slots=True)
class If(Node):
    """``if condition then yes else no``."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Round(Node):
    """``name in domain``."""

    name: str
    domain: Node


@dataclass(frozen=True, slots=True)
class For(Node):
    """``for rounds return body``."""

    rounds: tuple[Round, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """``some rounds satisfies test`` (`wanted` is true) or ``every …`` (false)."""

    wanted: bool
    rounds: tuple[Round, ...]
    test: Node


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """``[items]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """``key: value`` in a context."""

    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    """``{entries}``."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """``of[condition]``."""

    of: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call, with its name where it is given by name."""

    name: str | None
    value: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(arguments)``."""

    function: Node
    arguments: tuple[Argument, ...]

    @property
    def called(self) -> str | None:
        """The name that is called, where it is no more than a name."""
        return self.function.name if isinstance(self.function, Name) else None

    @property
    def given(self) -> tuple[Node, ...]:
        """The arguments' values."""
        return tuple(one.value for one in self.arguments)


@dataclass(frozen=True, slots=True)
class RangeOf(Node):
    """``[low..high]``; an end that is None is open without bound: ``(> 5)``."""

    low: Node | None
    high: Node | None
    low_closed: bool
    high_closed: bool
    operator: str = ""
    """Of an interval that is written as a comparison; ``!=`` is everything but `low`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function."""

    name: str
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class FunctionOf(Node):
    """``function(parameters) body``."""

    parameters: tuple[Parameter, ...]
    body: Node

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names."""
        return tuple(one.name for one in self.parameters)


@dataclass(frozen=True, slots=True)
class Group(Node):
    """``(of)``."""

    of: Node


@dataclass(frozen=True, slots=True)
class Cell(Node):
    """The cell of a decision table: no test (``-``) holds always; negated, none of them may hold."""

    tests: tuple[Test, ...] = ()
    negated: bool = False


def bare(node: Node) -> Node:
    """The node without parentheses around it."""
    while isinstance(node, Group):
        node = node.of
    return node


def dotted(node: Node) -> str | None:
    """``a.b.c``, where the node is a name or what a name leads to."""
    members: list[str] = []
    while isinstance(node, Member):
        members.append(node.name)
        node = node.of
    return ".".join([node.name, *reversed(members)]) if isinstance(node, Name) else None
