"""FEEL texts in the words of people: read from the tree,
so that what stands in quotation marks stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from engine.flow.feel import FeelSyntaxError, compile_expression, compile_unary_tests
from engine.flow.feel import nodes as n
from engine.flow.feel.nodes import Node, bare, dotted

_OPERATORS = {"=": " 为 ", "!=": " 不为 ", ">=": "≥", "<=": "≤", "<": " < ", ">": " > "}
_CONSTANTS = {True: "是", False: "否", None: "空"}
_COUNTED = {"days after": "天", "workdays after": "个工作日"}
Edit = tuple[int, int, str]
"""From where to where of a text, and the words that stand there instead."""


@dataclass(frozen=True)
class Words:
    """What the names and values of a case are called; None for what has no words."""

    name: Callable[[str], str | None]
    """Of a dotted name."""
    value: Callable[[str, str], str | None]
    """Of a text that a dotted name is compared with."""
    outcome: Callable[[str, str], str | None]
    """Of a text that the ends set a name to."""

    def say(self, text: str) -> str:
        """An expression with names, values and operators in words; what is unknown stays as written."""
        try:
            tree = compile_expression(text).tree
        except FeelSyntaxError:
            return text
        return _edited(text, self._edits(tree, text))

    def count(self, text: str) -> str | None:
        """``5 天，自“张贴日期”起``: a count of days in words; None for what is none."""
        try:
            tree = bare(compile_expression(text).tree)
        except FeelSyntaxError:
            return None
        if not isinstance(tree, n.Call) or tree.called not in _COUNTED or len(tree.arguments) != 2:
            return None
        start, days = tree.given
        if not isinstance(days, n.Literal):
            return None
        return f"{_written(days, text)} {_COUNTED[tree.called]}，自{self.say(_written(start, text))}起"

    def _edits(self, node: Node, text: str) -> Iterator[Edit]:
        named = dotted(node)
        words = self.name(named) if named is not None else None
        if words is not None:
            yield (*node.span, f"“{words}”")
        elif isinstance(node, n.Literal):
            yield from _constant(node)
        elif isinstance(node, n.Comparison):
            yield from self._comparison(node, text)
        else:
            if isinstance(node, n.And | n.Or):
                yield (node.left.span[1], node.right.span[0], "，且" if isinstance(node, n.And) else "，或")
            values = self._tested(node) if isinstance(node, n.In) else {}
            for part in node.parts():
                yield from values.get(part.span) or self._edits(part, text)

    def _comparison(self, node: n.Comparison, text: str) -> Iterator[Edit]:
        yield (node.left.span[1], node.right.span[0], _OPERATORS[node.operator])
        for side, other in ((node.left, node.right), (node.right, node.left)):
            words = self._beside(side, other) if node.operator in ("=", "!=") else None
            if words is not None:
                yield (*side.span, words)
            else:
                yield from self._edits(side, text)

    def _beside(self, side: Node, other: Node) -> str | None:
        """What one side of an equation is called because of what it is compared with."""
        if self._of_pair(self.outcome, side, other) is not None:
            return "结论"
        words = self._of_pair(self.outcome, other, side) or self._of_pair(self.value, other, side)
        return None if words is None else f"“{words}”"

    def _of_pair(self, asked: Callable[[str, str], str | None], name: Node, value: Node) -> str | None:
        """The words of what a name is compared with."""
        named, value = dotted(bare(name)), bare(value)
        if named is None or not isinstance(value, n.Literal) or not isinstance(value.value, str):
            return None
        return asked(named, value.value)

    def _tested(self, node: n.In) -> dict[tuple[int, int], list[Edit]]:
        """The words of the values that a name is looked for among, by where they stand."""
        found = {}
        for test in node.tests:
            words = self._of_pair(self.value, node.value, test.value) if not test.operator else None
            if words is not None:
                found[test.span] = [(*test.span, f"“{words}”")]
        return found


def say_cell(text: str, called: Callable[[str], str | None]) -> str:
    """The cell of a decision table, its values called as `called` says; what is unknown stays as written."""
    try:
        cell = compile_unary_tests(text).tree
    except FeelSyntaxError:
        return text
    return _edited(text, _of_values(cell, called))


def _of_values(node: Node, called: Callable[[str], str | None]) -> Iterator[Edit]:
    if isinstance(node, n.Literal):
        words = called(node.value) if isinstance(node.value, str) else None
        if words is not None:
            yield (*node.span, f"“{words}”")
        else:
            yield from _constant(node)
    items = (
        node.tests if isinstance(node, n.Cell | n.In) else node.items if isinstance(node, n.ListOf) else ()
    )
    for before, after in pairwise(items):
        value = before.value if isinstance(before, n.Test) else before
        if isinstance(value, n.Literal) and isinstance(value.value, str) and called(value.value) is not None:
            yield (before.span[1], after.span[0], "、")
    for part in node.parts():
        yield from _of_values(part, called)


def _constant(node: n.Literal) -> Iterator[Edit]:
    if node.value is None or isinstance(node.value, bool):
        yield (*node.span, _CONSTANTS[node.value])
    elif node.value == "":
        yield (*node.span, "空")


def _written(node: Node, text: str) -> str:
    return text[slice(*node.span)]


def _edited(text: str, edits: Iterator[Edit]) -> str:
    """The text with the words in their places."""
    found, at = "", 0
    for start, end, words in sorted(edits):
        found += text[at:start] + words
        at = end
    return found + text[at:]
