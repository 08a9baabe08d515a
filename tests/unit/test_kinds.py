"""Kinds: the check knows what each field holds, names comparisons that can never hold,
and a form's date is a date.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from engine.flow.check import check
from engine.flow.decisions import parse_decision
from engine.flow.diagram.resources import Resources
from engine.flow.feel import compile_expression, compile_unary_tests
from engine.ground.errors import Finding, Invalid
from engine.owners import decision_drafts
from tests.support.small import END, START, asked, flow, process, task

COMPONENTS = [
    {"type": "textfield", "key": "group_name", "label": "村民小组"},
    {"type": "number", "key": "n", "label": "金额"},
    {"type": "checkbox", "key": "tick", "label": "勾选"},
    {"type": "datetime", "subtype": "date", "key": "d", "dateLabel": "日期"},
    {"type": "checklist", "key": "marks", "label": "标记", "values": [{"value": "x", "label": "有"}]},
    {
        "type": "radio",
        "key": "way",
        "label": "方式",
        "values": [{"value": "1", "label": "甲"}, {"value": "2", "label": "乙"}],
    },
]
FORM = json.dumps({"components": COMPONENTS}).encode()
CASE = {
    "a": {"d": "2022-05-01", "e": "2022-07-01", "group_name": "3", "n": 7000, "t": "2022年"},
    "days": ["2022-05-01"],
}


def findings(condition: str) -> list[Finding]:
    body = asked(condition)
    return check(body.encode(), Resources({"f": FORM}))[1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('a.d < date("2022-06-01")', True),
        ('date("2022-06-01") > a.d', True),
        ('a.d = date("2022-05-01")', True),
        ('a.d != date("2022-05-01")', False),
        ('a.d in [date("2022-04-01")..date("2022-06-01")]', True),
        ('a.d between date("2022-01-01") and date("2022-04-30")', False),
        ('a.e - a.d = duration("P61D")', True),
        ('a.d + duration("P1M") = date("2022-06-01")', True),
        ("a.d.year = 2022", True),
        ("a.d instance of date", True),
        ("a.t instance of date", False),
        ("a.d instance of string", True),  # and the text that it is
        ('is(a.d, date("2022-05-01"))', True),
        ('max([a.d, date("2022-04-30")]) = a.d', True),
        ('max(days) < date("2022-05-02")', True),
        ('sort([date("2022-06-01"), a.d])[1] = a.d', True),
        ('count(for day in a.d..date("2022-05-03") return day) = 3', True),
        ("(function(day: date) day.month = 5)(a.d)", True),
        ('a.d in [date("2022-04-01")..a.e]', True),
        ('years and months duration(a.d, a.e) = duration("P2M")', True),
        ('date and time(a.d, time("08:00:00")) = date and time("2022-05-01T08:00:00")', True),
        ('some one in days satisfies one = date("2022-05-01")', True),
        ('list contains(days, date("2022-05-01"))', True),
        ('a.d < "2022-06-01"', True),  # as a text it stays what it was
        ('a.d = "2022-05-01"', True),
        ('a.d + "起" = "2022-05-01起"', True),
        ('a.t < date("2022-06-01")', None),
        ('"2022-05-01" = date("2022-05-01")', None),  # a literal is what it is written as
    ],
)
@pytest.mark.duty("C5")
def test_the_date_of_a_form_beside_a_date_is_a_date(text: str, value: Any) -> None:
    assert compile_expression(text).evaluate(CASE) is value


@pytest.mark.parametrize(
    "cell", ['< date("2022-06-01")', '[date("2022-01-01")..date("2022-12-31")]', 'date("2022-05-01")']
)
def test_so_it_is_in_a_cell(cell: str) -> None:
    assert compile_unary_tests(cell).matches(compile_expression("a.d").evaluate(CASE), CASE) is True


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("a.group_name = 3", "“a.group_name”是文字，3是数字"),
        ('a.n > "6900"', "“a.n”是数字，“6900”是文字"),
        ('a.n in ["1", "2"]', "“a.n”是数字"),
        ('a.n between "1" and "5"', "“a.n”是数字"),
        ("a.group_name in [1..5]", "“a.group_name”是文字"),
        ('a.n < date("2022-06-01")', "“a.n”是数字"),
        ('a.group_name < date("2022-06-01")', "“a.group_name”是文字"),
        ('a.d < "6月1日"', "同文字“6月1日”相比没有意义"),
        ("a.d > 5", "“a.d”是日期，5是数字"),
        ("a.d < days after(a.d, 5)", "“a.d”是日期，days after(…)是时刻"),
        ('a.marks = "x"', "请写 list contains"),
        ("a.tick > true", "“a.tick”是真假"),
        ("a.way > 1", "“a.way”是文字"),
        ('a.way = "3"', "而表单里只能选"),
        ('monitoring_line.amount = "6900"', "“monitoring_line.amount”是数字"),
        ('a.tick = true and (a.n = "5" or a.tick)', "“a.n”是数字"),
        ("a.n", "这条连线永远不会走"),
        ('"yes"', "这条连线永远不会走"),
        ("null", "这条连线永远不会走"),
    ],
)
@pytest.mark.duty("C5")
def test_a_comparison_that_can_never_hold_is_found_at_its_flow(condition: str, sentence: str) -> None:
    found = findings(condition)
    assert [(f.element_id, f.severity) for f in found] == [("g_b", "error")] and sentence in found[
        0
    ].message, found


@pytest.mark.parametrize(
    "condition",
    [
        'a.group_name = "3"',
        "a.n > 6900",
        'a.d < date("2022-06-01")',
        'a.d < "2022-06-01"',
        "a.n = null",
        'list contains(a.marks, "x")',
        'a.way = "1"',
        "a.tick",
        "a.tick = false",
        "number(a.group_name) = 3",
        'a.d + duration("P1D") > date("2022-01-01")',
        "some n in [1, 2] satisfies n = a.n",
        'count(a.marks) > 1 and a.way in ("1", "2")',
        "a.n * 12 <= monitoring_line.amount",
    ],
)
def test_a_comparison_that_can_hold_is_sound(condition: str) -> None:
    assert findings(condition) == []


def dmn(
    *rows: tuple[str, str], reads: str = "a.n", kind: str = "", result: str = "string", how: str = "FIRST"
) -> bytes:
    rules = "".join(
        f'<rule id="r{i}"><inputEntry id="i{i}"><text>{test.replace("<", "&lt;")}</text></inputEntry>'
        f'<outputEntry id="o{i}"><text>{value}</text></outputEntry></rule>'
        for i, (test, value) in enumerate(rows)
    )
    declared = f' typeRef="{kind}"' if kind else ""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'<decision id="t" name="t"><decisionTable id="dt" hitPolicy="{how.partition(" ")[0]}"'
        f' {how.partition(" ")[2]}><input id="in" label="看"><inputExpression id="ie"{declared}>'
        f"<text>{reads}</text>"
        f'</inputExpression></input><output id="out" name="y" typeRef="{result}"/>{rules}</decisionTable>'
        "</decision></definitions>"
    ).encode()


def of_table(body: bytes) -> list[Finding]:
    rule = (
        '<bpmn:businessRuleTask id="r"><bpmn:extensionElements>'
        "<spiffworkflow:calledDecisionId>t</spiffworkflow:calledDecisionId>"
        "</bpmn:extensionElements></bpmn:businessRuleTask>"
    )
    steps = process(START, task("a"), rule, END, flow("s", "a"), flow("a", "r"), flow("r", "e"))
    return check(steps.encode(), Resources({"f": FORM}, {"t": body}))[1]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (dmn(("6900-7500", '"x"')), "是一道算式，不是区间"),
        (dmn(('"6900"', '"x"')), "“看”是数字"),
        (dmn(('not("a")', '"x"')), "“看”是数字"),
        (dmn(("[1..5]", '"x"'), reads="a.group_name"), "“看”是文字"),
        (dmn(("> 5", '"x"'), reads="a.d"), "“看”是日期"),
        (dmn(("> 5", "10")), "“10”是数字，而这一列写明的类型是文字"),
        (dmn(("> 5", '"x"'), result="number"), '“"x"”是文字，而这一列写明的类型是数字'),
        (dmn(("> 5", "for x in 1..100000000 return x"), result="Any"), "算不完"),
    ],
)
@pytest.mark.duty("C5")
def test_a_cell_that_never_does_what_it_says_is_found(body: bytes, sentence: str) -> None:
    found = of_table(body)
    assert [(f.element_id, f.severity) for f in found] == [("r", "error")], found
    assert sentence in found[0].message and "第 1 行" in found[0].message


@pytest.mark.parametrize(
    "body",
    [
        dmn(("[6900..7500]", '"x"'), (">= -5", '"y"'), ("3, 4", '"z"')),
        dmn(("> a.n * 2", '"x"')),
        dmn(('< date("2022-06-01")', '"x"'), reads="a.d", kind="date"),
        dmn(("> 5", "10"), kind="string", result="number"),
        dmn(("true", 'date("2022-06-01")'), reads="a.tick", result="date"),
        dmn(('contains(?, "a")', '"x"'), reads="a.group_name"),
    ],
)
def test_a_table_of_one_kind_is_sound(body: bytes) -> None:
    assert of_table(body) == []


def test_the_editor_names_the_cell() -> None:
    (found,) = decision_drafts.findings(dmn(("> 5", '"x"'), ("6900-7500", '"y"')))
    assert (found.element_id, found.element_name, found.severity) == ("i1", "第 2 行“看”", "error")
    (found,) = decision_drafts.findings(dmn(('"6900"', '"x"'), kind="number"))
    assert (found.element_id, found.severity) == ("i0", "warning")


# -- trying a table --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "typed", "hits"),
    [
        (dmn(('< date("2022-06-01")', '"x"'), reads="d", kind="date"), "2026-05-01", []),
        (dmn(('< date("2022-06-01")', '"x"'), reads="d", kind="date"), "2022-05-01", [1]),
        (dmn(('< date("2022-06-01")', '"x"'), reads="d", kind="date"), "2022年5月1日", [1]),
        (dmn(('< date("2022-06-01")', '"x"'), reads="d"), 'date("2022-05-01")', [1]),
        (dmn(('"419901198001010010"', '"x"'), reads="who", kind="string"), "419901198001010010", [1]),
        (dmn(('"419901198001010010"', '"x"'), reads="who"), "419901198001010010", [1]),
        (dmn(('"2026-05-01"', '"x"'), reads="t", kind="string"), "2026-05-01", [1]),
        (dmn(('"a - b"', '"x"'), reads="t", kind="string"), "a - b", [1]),
        (dmn(('"3"', '"x"'), reads="t", kind="string"), '"3"', [1]),
        (dmn(("> 6900", '"x"'), reads="n", kind="number"), "7,000", [1]),
        (dmn(("true", '"x"'), reads="yes", kind="boolean"), "是", [1]),
        (dmn(("count(?) = 2", '"x"'), reads="marks"), '["a", "b"]', [1]),
        (dmn(("null", '"x"'), reads="n", kind="number"), "", [1]),
    ],
)
@pytest.mark.duty("C1")
def test_what_is_typed_for_a_trial_is_never_computed(body: bytes, typed: str, hits: list[int]) -> None:
    (name,) = decision_drafts.reads(body)
    assert decision_drafts.tried(body, {name: typed}).hits == hits


@pytest.mark.parametrize(
    ("kind", "cell", "typed", "sentence"),
    [
        ("number", "> 5", "2026-05-01", "这一列是数字"),
        ("number", "> 5", "很多", "请只写数字"),
        ("boolean", "true", "也许", "true 或 false"),
        ("date", 'date("2022-01-01")', "五月一日", "请写成 2022-06-01"),
        ("", "> 5", "2 + 3", "这一列是数字"),
    ],
)
def test_what_does_not_fit_the_column_gets_a_sentence(
    kind: str, cell: str, typed: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as error:
        decision_drafts.tried(dmn((cell, '"x"'), reads="x", kind=kind), {"x": typed})
    assert sentence in error.value.fields["x"][0] and sentence in error.value.message


@pytest.mark.parametrize(
    ("how", "values", "result"),
    [
        ("SUM", ["1", "2"], Decimal(3)),
        ("SUM", ["1", "null"], None),
        ("SUM", ["1", '"a"'], None),
        ("SUM", ['"a"'], None),
        ("SUM", [""], None),
        ("SUM", ["true"], None),
        ("MIN", ["3", "2"], Decimal(2)),
        ("MIN", ["3", '"a"'], None),
        ("MAX", ["3", "null"], None),
        ("MAX", ['"a"', '"b"'], "b"),
        ("COUNT", ["1", '"a"', ""], Decimal(3)),
    ],
)
def test_collecting_what_cannot_be_added_gives_null(how: str, values: list[str], result: Any) -> None:
    body = dmn(
        *(("-", value) for value in values), reads="x", result="Any", how=f'COLLECT aggregation="{how}"'
    )
    assert parse_decision(body).evaluate({"x": 1}) == {"y": result}


def test_every_output_of_a_collecting_table_is_kept() -> None:
    body = dmn(("-", "1"), ("-", "2"), reads="x", result="Any", how='COLLECT aggregation="SUM"')
    two = body.replace(b"</outputEntry>", b"</outputEntry><outputEntry><text>5</text></outputEntry>").replace(
        b'typeRef="Any"/>', b'typeRef="Any"/><output id="out2" name="z"/>'
    )
    assert parse_decision(two).evaluate({"x": 1}) == {"y": 3, "z": 10}
