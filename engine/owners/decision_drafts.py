"""What somebody who edits a decision table asks: what is wrong in which cell,
and what it answers for sample inputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree
from sqlalchemy.orm import Session

from engine.casework.models import Account, ProcedureDraft
from engine.flow.decisions import Decision, Node, Table, parse_decision, parse_model, read_model
from engine.flow.decisions.cells import column_kind, wrong_cells
from engine.flow.feel import (
    FeelLimitError,
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    to_plain,
)
from engine.flow.feel import nodes as n
from engine.flow.feel.kinds import DAY, WORDS, kind_of, sides
from engine.flow.feel.reading import names_alone
from engine.ground import text
from engine.ground.errors import DefinitionError, EngineFault, Finding, Invalid
from engine.owners import drafting

MAX_INPUTS = 100
_BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
    id="{key}_definitions" name={name} namespace="urn:shouwang:decision">
  <decision id="{key}" name={name}>
    <decisionTable id="{key}_table" hitPolicy="FIRST">
      <input id="{key}_input" label="输入">
        <inputExpression id="{key}_input_expression" typeRef="string"><text></text></inputExpression>
      </input>
      <output id="{key}_output" label="结论" name="result" typeRef="string" />
      <rule id="{key}_rule">
        <inputEntry id="{key}_rule_1"><text></text></inputEntry>
        <outputEntry id="{key}_rule_2"><text>"ok"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
</definitions>
"""


def blank_decision(key: str, name: str) -> bytes:
    """A decision table with one input, one output and one rule that always hits."""
    return _BLANK.format(key=key, name=quoteattr(name)).encode()


def store(
    session: Session, actor: Account, draft_id: int, revision: int, key: str, body: bytes, now: datetime
) -> ProcedureDraft:
    """Save a decision into the draft; a cell may still be wrong.

    Raises DefinitionError for what is no DMN, Conflict.
    """
    read_model(body)
    return drafting.save(session, actor, draft_id, revision, now, decisions={key: body})


@dataclass(frozen=True)
class Shown:
    """A decision table for reading: its name, policy, column titles and cells, row by row with its note."""

    name: str
    policy: str
    inputs: list[str]
    outputs: list[str]
    rows: list[tuple[list[str], list[str], str]]


@dataclass
class Trial:
    """What a table answers for sample inputs: the rules that hit, counted from 1;
    `sentence` when it cannot answer.
    """

    hits: list[int] = field(default_factory=list)
    result: Any = None
    sentence: str = ""


def findings(body: bytes) -> list[Finding]:
    """Everything that is wrong with a DMN file, each cell by its id and its place in words;
    empty when it can be used.
    """
    try:
        decisions = parse_model(body)
    except DefinitionError as error:
        return _in_cells(body) or error.findings
    except RecursionError:
        return [Finding("", "", "决策表嵌套过深，不能使用。")]
    return [
        Finding(wrong.cell, wrong.place, wrong.sentence, wrong.severity)
        for decision in decisions
        for wrong in (wrong_cells(decision.table, lambda dotted: None) if decision.table else ())
    ]


def _in_cells(body: bytes) -> list[Finding]:
    try:
        return list(_cells(body))
    except DefinitionError:
        return []  # no DMN at all: the parser's own finding says so


def _cells(body: bytes) -> Iterator[Finding]:
    """The cells that cannot be read."""
    for table in _tables(body):
        titles = [*_titles(table, "input"), *_titles(table, "output")]
        for column, title in zip(_children(table, "input"), titles, strict=False):
            expression = _child(column, "inputExpression")
            yield from _wrong(expression, f"输入“{title}”的表达式", unary=False)
        for number, rule in enumerate(_children(table, "rule"), 1):
            cells = [*_children(rule, "inputEntry"), *_children(rule, "outputEntry")]
            for cell, title in zip(cells, titles, strict=False):
                yield from _wrong(cell, f"第 {number} 行“{title}”", unary=_name(cell) == "inputEntry")


def _wrong(cell: Node | None, place: str, *, unary: bool) -> Iterator[Finding]:
    written = _text(cell)
    if cell is None or written in ("", "-"):
        return
    try:
        compile_unary_tests(written) if unary else compile_expression(written)
    except FeelSyntaxError as error:
        yield Finding(cell.get("id", ""), place, str(error))


def reads(body: bytes) -> list[str]:
    """The names that the decision reads from a case, in order. Raises DefinitionError."""
    return sorted(parse_decision(body).names())


def shown(body: bytes) -> Shown | None:
    """The file's last decision table for reading; None when it has none."""
    try:
        table = _tables(body)[-1]
    except (DefinitionError, IndexError):
        return None
    parent = table.getparent()
    rows = [
        (
            [_text(cell) or "-" for cell in _children(rule, "inputEntry")],
            [_text(cell) for cell in _children(rule, "outputEntry")],
            (_child_text(rule, "description")),
        )
        for rule in _children(table, "rule")
    ]
    name = parent.get("name", "") if parent is not None else ""
    policy = " ".join(filter(None, (table.get("hitPolicy", "UNIQUE"), table.get("aggregation", ""))))
    return Shown(name, policy, _titles(table, "input"), _titles(table, "output"), rows)


def tried(body: bytes, samples: Mapping[str, str]) -> Trial:
    """What the decision answers for `samples`: a FEEL value as text by name;
    plain words stand for themselves.

    Raises DefinitionError for a file that cannot be used, Invalid for a sample that is no value.
    """
    decision = parse_decision(body)
    context = _context(samples, _asked(decision))
    try:
        hits = decision.hits(context)
        result = to_plain(decision.evaluate(context))
    except (EngineFault, FeelLimitError, FeelSyntaxError) as error:
        return Trial(_numbers(decision.hits(context)), None, str(error))
    refused = "有输入不在该列允许的值之内，得不出结论。" if hits is None and decision.table else ""
    return Trial(_numbers(hits), result, refused)


def _numbers(hits: list[int] | None) -> list[int]:
    return [index + 1 for index in hits or []]


def _asked(decision: Decision) -> dict[str, str]:
    """What the table's columns take for each name that stands alone in one: the kind of its cells,
    else the declared.
    """
    table, found = decision.table, dict[str, str]()
    for place, expression in enumerate(table.inputs if table else ()):
        for name in names_alone(expression.tree):
            described = column_kind(table, place, lambda dotted: None)  # type: ignore[arg-type]
            kind = _kind_of_cells(table, place) or described  # type: ignore[arg-type]
            if kind is not None:
                found[name] = kind
    return found


def _kind_of_cells(table: Table, place: int) -> str | None:
    """The one kind of all that a column's cells compare with; None where they differ or cannot be told."""
    kinds = {
        kind_of(side, lambda dotted: None)
        for rule in table.rules
        for test in rule.tests[place].tree.tests
        for side in sides(test)
    } - {"null"}
    found = kinds.pop() if len(kinds) == 1 else None
    return DAY if found == "date" else found


def _context(samples: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Nested values from dotted names."""
    if len(samples) > MAX_INPUTS:
        raise Invalid(f"试算的输入过多（上限 {MAX_INPUTS} 项）。")
    context: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, typed in sorted(samples.items()):
        level = context
        *outer, last = name.split(".")
        for part in outer:
            inner = level.setdefault(part, {})
            level = inner if isinstance(inner, dict) else {}
        try:
            level[last] = _value(typed.strip(), kinds.get(name))
        except FeelSyntaxError as error:
            wrong[name] = [str(error)]
    if wrong:
        name, (sentence, *_) = next(iter(wrong.items()))
        raise Invalid(f"有 {len(wrong)} 项输入写得不对。{name} {sentence}", wrong)
    return context


def _value(typed: str, kind: str | None) -> Any:
    """What was typed, as a value of the kind that the column takes.
    Raises FeelSyntaxError with what it should be.

    Nothing that was typed is ever computed: 2026-05-01 is a date and no sum, an ID number is a text.
    """
    if not typed or typed == "null":
        return None
    reader = _READERS.get(kind or "")
    if reader is not None:
        found = reader(typed)
        if found is None:
            raise FeelSyntaxError(f"这一列是{WORDS[str(kind)]}，“{typed[:40]}”不是。{_EXAMPLES[str(kind)]}")
        return found
    return _untyped(typed)


def _untyped(typed: str) -> Any:
    """A value of a column that says nothing of what it takes: FEEL's own constants,
    anything else as it stands.
    """
    day, number = text.day(typed), text.number(typed)
    if day is not None:
        return day.isoformat()
    if number is not None:
        return to_plain(number) if len(typed) < LONGEST_NUMBER else typed
    try:
        tree = compile_expression(typed).tree
    except FeelSyntaxError:
        if typed[0] in '[{"':
            raise
        return typed
    return to_plain(compile_expression(typed).evaluate({})) if _constant(tree) else typed


_CONSTANTS = n.Literal | n.ListOf | n.ContextOf | n.Entry | n.Negative | n.RangeOf


def _constant(tree: n.Node) -> bool:
    if isinstance(tree, n.Call):
        return tree.called in _MAKERS and all(map(_constant, tree.given))
    return isinstance(tree, _CONSTANTS) and all(map(_constant, tree.parts()))


def _as_text(typed: str) -> str:
    """A text, with or without FEEL's quotation marks."""
    quoted = len(typed) > 1 and typed[0] == typed[-1] == '"'
    found = compile_expression(typed).evaluate({}) if quoted else typed
    return found if isinstance(found, str) else typed


def _as_number(typed: str) -> Any:
    found = text.number(typed)
    return None if found is None else to_plain(found)


def _as_day(typed: str) -> str | None:
    bare = re.sub(r'^date\("(.*)"\)$|^"(.*)"$', r"\1\2", typed)
    found = text.day(bare)
    return None if found is None else found.isoformat()


LONGEST_NUMBER = 16
"""What is as long as an ID number is none of the numbers that people decide by."""
_MAKERS = frozenset({"date", "time", "date and time", "duration", "@"})
_TRUTHS = {"true": True, "false": False, "是": True, "否": False}
_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": _as_text,
    "number": _as_number,
    "boolean": _TRUTHS.get,
    DAY: _as_day,
}
_EXAMPLES = {
    "string": "",
    "number": "请只写数字，如 5000。",
    "boolean": "请写 true 或 false。",
    DAY: "请写成 2022-06-01。",
}


def _tables(body: bytes) -> list[Node]:
    return [node for node in read_model(body).iter() if _name(node) == "decisionTable"]


def _name(node: Node) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _children(node: Node, name: str) -> list[Node]:
    return [child for child in node if _name(child) == name]


def _child(node: Node, name: str) -> Node | None:
    return next(iter(_children(node, name)), None)


def _text(node: Node | None) -> str:
    return _child_text(node, "text") if node is not None else ""


def _child_text(node: Node, name: str) -> str:
    child = _child(node, name)
    return (child.text or "").strip() if child is not None else ""


def _titles(table: Node, kind: str) -> list[str]:
    """What people call the columns."""
    columns = _children(table, kind)
    return [
        c.get("label") or c.get("name") or _text(_child(c, "inputExpression")) or "未命名" for c in columns
    ]
