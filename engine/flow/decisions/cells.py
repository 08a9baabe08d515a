"""Cells of a decision table that can be read and yet never do what they say: wrong kinds,
a range written as a sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.flow.decisions import Rule, Table
from engine.flow.feel import FeelLimitError
from engine.flow.feel.kinds import DAY, WORDS, Known, kind_of, never_meets
from engine.flow.feel.nodes import Arithmetic, Literal, Name, Node

TYPES = {
    **dict.fromkeys(("string", "text"), "string"),
    **dict.fromkeys(("number", "integer", "long", "double"), "number"),
    **dict.fromkeys(("date and time", "dateTime"), "date and time"),
    "boolean": "boolean",
    "date": DAY,
}
"""The kinds (engine.feel.kinds) that a column's ``typeRef`` names;
of ``Any`` and of others nothing is known.
"""


@dataclass(frozen=True)
class Wrong:
    """One cell: its id, its place in words, what is wrong,
    and whether that is certain (error) or likely (warning).
    """

    cell: str
    place: str
    sentence: str
    severity: str = "error"


def wrong_cells(table: Table, known: Known) -> Iterator[Wrong]:
    """What is wrong with the cells of a table that can be read;
    `known` tells the kinds of the case's names.
    """
    for number, rule in enumerate(table.rules, 1):
        ids = table.cell_ids[number - 1]
        for column, title in enumerate(table.titles):
            for sentence, severity in _cell(table, rule, column, known):
                yield Wrong(ids[column], f"第 {number} 行“{title}”", sentence, severity)


def column_kind(table: Table, column: int, known: Known) -> str | None:
    """The kind of what an input column tests: that of the field it reads, else the declared one."""
    return kind_of(table.inputs[column].tree, known) or TYPES.get(table.types[column])


def _cell(table: Table, rule: Rule, column: int, known: Known) -> Iterator[tuple[str, str]]:
    try:
        if column < len(table.inputs):
            yield from _input(table, rule, column, known)
        else:
            yield from _output(table, rule, column - len(table.inputs), known)
    except FeelLimitError as error:
        yield f"算不完：{error.message}", "error"


def _input(table: Table, rule: Rule, column: int, known: Known) -> Iterator[tuple[str, str]]:
    test = rule.tests[column]
    if not test.names():
        test.matches(None, {})  # what reads nothing costs the same for every case
    title = table.titles[column]
    kind = column_kind(table, column, known)
    # what is only declared is no more than likely: the engine goes by the values
    severity = "error" if kind_of(table.inputs[column].tree, known) else "warning"

    def inside(dotted: str) -> str | None:
        return kind if dotted in (title, "?") else known(dotted)

    for one in test.tree.tests:
        if _is_sum(one.value):
            yield f"“{test.text}”是一道算式，不是区间：从几到几请写 [5000..7500]。", "error"
        else:
            yield from ((sentence, severity) for sentence in never_meets(Name(title), one, inside))


def _is_sum(node: Node) -> bool:
    """Whether the node is a sum of nothing but numbers: nobody writes one who could write its result."""
    sides = node.parts()
    return isinstance(node, Arithmetic) and all(_is_sum(side) or isinstance(side, Literal) for side in sides)


def _output(table: Table, rule: Rule, place: int, known: Known) -> Iterator[tuple[str, str]]:
    value, declared = rule.values[place], TYPES.get(table.output_types[place])
    if value is None:
        return
    if not value.names():
        value.evaluate({})
    kind = kind_of(value.tree, known)
    if declared is None or kind in (None, "null", declared) or {kind, declared} == {DAY, "date"}:
        return
    yield f"“{value.text}”是{WORDS[str(kind)]}，而这一列写明的类型是{WORDS[declared]}，请改成一致。", "error"
