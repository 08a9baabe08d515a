"""What somebody who edits a decision table asks: what is wrong in which cell, and what it answers for sample inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree
from sqlalchemy.orm import Session

from engine import drafting
from engine.decisions import Node, parse_decision, read_model
from engine.errors import DefinitionError, EngineFault, Finding, Invalid
from engine.feel import FeelLimitError, FeelSyntaxError, compile_expression, compile_unary_tests, to_plain
from engine.models import Account, ProcedureDraft

MAX_INPUTS = 100
_BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="{key}_definitions" name={name} namespace="urn:shouwang:decision">
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
    """Save a decision into the draft; a cell may still be wrong. Raises DefinitionError for what is no DMN, Conflict."""
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
    """What a table answers for sample inputs: the rules that hit, counted from 1; `sentence` when it cannot answer."""

    hits: list[int] = field(default_factory=list)
    result: Any = None
    sentence: str = ""


def findings(body: bytes) -> list[Finding]:
    """Everything that is wrong with a DMN file, each cell by its id and its place in words; empty when it can be used."""
    try:
        parse_decision(body)
    except DefinitionError as error:
        return _in_cells(body) or error.findings
    except RecursionError:
        return [Finding("", "", "决策表嵌套过深，不能使用。")]
    return []


def _in_cells(body: bytes) -> list[Finding]:
    try:
        return list(_cells(body))
    except DefinitionError:
        return []  # no DMN at all: the parser's own finding says so


def _cells(body: bytes) -> Iterator[Finding]:
    """The cells that cannot be read."""
    for table in _tables(body):
        titles = [*_titles(table, "input"), *_titles(table, "output")]
        for column, text in zip(_children(table, "input"), titles, strict=False):
            expression = _child(column, "inputExpression")
            yield from _wrong(expression, f"输入“{text}”的表达式", unary=False)
        for number, rule in enumerate(_children(table, "rule"), 1):
            cells = [*_children(rule, "inputEntry"), *_children(rule, "outputEntry")]
            for cell, text in zip(cells, titles, strict=False):
                yield from _wrong(cell, f"第 {number} 行“{text}”", unary=_name(cell) == "inputEntry")


def _wrong(cell: Node | None, place: str, *, unary: bool) -> Iterator[Finding]:
    text = _text(cell)
    if cell is None or text in ("", "-"):
        return
    try:
        compile_unary_tests(text) if unary else compile_expression(text)
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
    """What the decision answers for `samples`: a FEEL value as text by name; plain words stand for themselves.

    Raises DefinitionError for a file that cannot be used, Invalid for a sample that is no value.
    """
    decision = parse_decision(body)
    context = _context(samples)
    try:
        hits = decision.hits(context)
        result = to_plain(decision.evaluate(context))
    except (EngineFault, FeelLimitError, FeelSyntaxError) as error:
        return Trial(_numbers(decision.hits(context)), None, str(error))
    refused = "有输入不在该列允许的值之内，得不出结论。" if hits is None and decision.table else ""
    return Trial(_numbers(hits), result, refused)


def _numbers(hits: list[int] | None) -> list[int]:
    return [index + 1 for index in hits or []]


def _context(samples: Mapping[str, str]) -> dict[str, Any]:
    """Nested values from dotted names."""
    if len(samples) > MAX_INPUTS:
        raise Invalid(f"试算的输入过多（上限 {MAX_INPUTS} 项）。")
    context: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, text in sorted(samples.items()):
        level = context
        *outer, last = name.split(".")
        for part in outer:
            inner = level.setdefault(part, {})
            level = inner if isinstance(inner, dict) else {}
        try:
            level[last] = _value(text)
        except FeelSyntaxError as error:
            wrong[name] = [f"写不成一个值：{error}"]
    if wrong:
        raise Invalid(f"有 {len(wrong)} 项输入写得不对。", wrong)
    return context


def _value(text: str) -> Any:
    text = text.strip()
    if not text:
        return None
    expression = compile_expression(text)
    return text if expression.names() else to_plain(expression.evaluate({}))


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
    return [c.get("label") or c.get("name") or _text(_child(c, "inputExpression")) or "未命名" for c in columns]
