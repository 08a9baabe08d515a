"""A missing value opens nothing: with a list or an end that is not there,
texts answer as if there were nothing in it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from engine.flow.decisions import Decision, parse_decision
from engine.flow.feel import FeelSyntaxError, compile_expression, strip_equals, to_plain
from engine.flow.feel import nodes as n
from engine.flow.feel.nodes import Node, dotted
from engine.flow.forms import facts
from engine.flow.forms import schema as s
from engine.prevention.installation import ROOT

TABLES = sorted((ROOT / "bpmn" / "decisions").glob("*.dmn"))
FORMS = sorted((ROOT / "forms_json").glob("*.json"))
DIAGRAMS = sorted((ROOT / "bpmn").glob("*.bpmn"))
COUNTING = ("count", "distinct values", "sum", "min", "max", "mean", "all", "any")
VALUES = (
    None,
    [],
    ["illness"],
    ["none", "lost"],
    0,
    2,
    5000,
    "yes",
    "no",
    True,
    False,
    "illness",
    "2022-05-01",
)


def test_of_what_is_missing_nobody_can_say_how_many_it_is() -> None:
    for name in COUNTING:
        assert compile_expression(f"{name}(missing)").evaluate({}) is None, name
    assert compile_expression("count([null])").evaluate({}) == 1


@pytest.mark.parametrize(
    "text", ["x in [1..missing]", "x in [missing..9]", "x between 1 and missing", "x in (1..null]"]
)
def test_an_end_that_is_missing_is_no_open_end(text: str) -> None:
    assert compile_expression(text).evaluate({"x": 5}) is None


def test_an_end_that_is_there_still_keeps_out() -> None:
    assert compile_expression("x in [9..missing]").evaluate({"x": 5}) is False
    assert compile_expression("x in [missing..1]").evaluate({"x": 5}) is False


@pytest.mark.duty("R16", "R17", "R23", "R24")
@pytest.mark.parametrize("file", TABLES, ids=lambda file: file.stem)
def test_a_shipped_table_takes_a_missing_list_for_an_empty_one(file: Any) -> None:
    decision = parse_decision(file.read_bytes())
    lists = sorted(counted(decision))
    chance = random.Random(file.stem)
    for _ in range(150 if lists else 0):
        case = drawn(decision, chance)
        without, empty = (json.loads(json.dumps(case)) for _ in range(2))
        for name in lists:
            put(without, name, None)
            put(empty, name, [])
        assert to_plain(decision.evaluate(without)) == to_plain(decision.evaluate(empty)), case


def counted(decision: Decision) -> set[str]:
    """The names of the case that a table counts."""
    texts = [expression.tree for expression in (decision.table.inputs if decision.table else ())]
    called = (
        node for tree in texts for node in walk(tree) if isinstance(node, n.Call) and node.called in COUNTING
    )
    return {
        name for node in called for value in node.given if (name := dotted(value)) is not None and name != "?"
    }


def walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts():
        yield from walk(part)


def drawn(decision: Decision, chance: random.Random) -> dict[str, Any]:
    """Some case, sense or not."""
    literals: dict[str, list[Any]] = {}
    for name, value in sorted(decision.compared(), key=str):
        literals.setdefault(name, []).append(to_plain(value))
    found: dict[str, Any] = {}
    for name in sorted(decision.names()):
        if chance.random() < 0.9:
            put(found, name, chance.choice([*VALUES, *literals.get(name, ())]))
    return found


def put(case: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.split(".")
    for part in path:
        inner = case.get(part)
        case[part] = inner if isinstance(inner, dict) else {}
        case = case[part]
    case[last] = value


# -- every text that is shipped --------------------------------------------------------------------


def shipped() -> Iterator[tuple[str, Node]]:
    """Every FEEL text of diagrams, tables and forms."""
    for file, text in written():
        try:
            yield f"{file.name}: {text}", compile_expression(strip_equals(text)).tree
        except FeelSyntaxError:
            continue  # a name or a sentence


def written() -> Iterator[tuple[Any, str]]:
    for file in (*DIAGRAMS, *TABLES):
        for node in etree.parse(file).getroot().iter():
            values = [node.text or "", *node.attrib.values()] if isinstance(node.tag, str) else []
            yield from ((file, value.strip()) for value in values if value.strip())
    for file in FORMS:
        for component in s.walk(json.loads(file.read_text())["components"]):
            yield from ((file, text) for text in facts.texts(component))


def test_no_shipped_interval_has_an_end_that_a_case_may_lack() -> None:
    texts = list(shipped())
    assert len(texts) > 200
    ends = [
        (text, end)
        for text, tree in texts
        for node in walk(tree)
        if isinstance(node, n.RangeOf | n.Between)
        for end in (node.low, node.high)
        if end is not None and not isinstance(end, n.Literal | n.Negative)
    ]
    assert ends == []


def test_no_shipped_condition_holds_because_a_list_is_missing() -> None:
    """What counts a list does not come true when the list is not there, unless the text asks for that."""
    opened = []
    for text, tree in shipped():
        counts = [
            node for node in walk(tree) if isinstance(node, n.Comparison) and isinstance(node.left, n.Call)
        ]
        for node in counts:
            value = (
                node.left.given[0] if isinstance(node.left, n.Call) and node.left.called == "count" else None
            )
            if value is not None and dotted(value) is not None and isinstance(node.right, n.Literal):
                holds = compile_expression(f"count(missing) {node.operator} {node.right.value}").evaluate({})
                opened += [text] if holds is True else []
    assert opened == []
