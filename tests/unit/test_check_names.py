"""The check of names and values: what a text reads is set by something,
and what it compares with can occur.
"""

from __future__ import annotations

import json
import re

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.vocabulary import used
from engine.ground.errors import Finding
from engine.prevention.installation import ROOT
from tests.support.small import END, HEAD, START, asked, boundary, flow, process, task, timer

RESOURCES = read_resources(ROOT)
DIAGRAMS = {path.stem: path.read_text() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
COMPONENTS = [
    {"type": "textfield", "key": "x", "label": "文字"},
    {"type": "number", "key": "n", "label": "数"},
    {"type": "checkbox", "key": "tick", "label": "勾选"},
    {"type": "datetime", "subtype": "date", "key": "day", "label": "日期"},
    {
        "type": "radio",
        "key": "outcome",
        "label": "意见",
        "values": [{"value": "agreed", "label": "同意"}, {"value": "refused", "label": "不同意"}],
    },
    {
        "type": "dynamiclist",
        "path": "rows",
        "label": "明细",
        "components": [{"type": "number", "key": "amount", "label": "金额"}],
    },
]
FORMS = Resources({"f": json.dumps({"components": COMPONENTS}).encode()})


SAME = 'inner.x = "1"'


def findings(body: str, resources: Resources = FORMS) -> list[Finding]:
    return check(body.encode(), resources)[1]


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ('b_result = "yes"', "“b_result”没有任何步骤"),
        ('a.nothing = "yes"', "没有“nothing”这一项"),
        ('a.outcome = "Agreed"', "只能选：agreed（同意）、refused（不同意）"),
        ('a.outcome in ("agreed", "maybe")', "“maybe”"),
        ('a.outcome != "none"', "“none”"),
        ("a.outcome = true", " true "),
        ('a.tick = "yes"', "只有 true 和 false"),
        ("a.rows.price > 3", "没有“price”这一栏"),
        ("sum(a.rows.amount) > limit", "“limit”没有任何步骤"),
        ('household.kind = "ordinary"', "系统没有“kind”这一项"),
    ],
)
@pytest.mark.duty("C5")
def test_a_name_or_value_that_cannot_be_is_found_on_its_flow(condition: str, sentence: str) -> None:
    found = findings(asked(condition))
    assert [f.element_id for f in found] == ["g_b"] and sentence in found[0].message, found


@pytest.mark.parametrize(
    "condition",
    [
        'a.outcome = "agreed"',
        "a.outcome != null",
        "a.tick",
        "a.n > 3 and a.day > clue.discovered_on",
        "sum(a.rows.amount) > 1",
        "count(a.rows[amount > 3]) > 0",
        "some row in a.rows satisfies row.amount > 1",
        'household.type = "ordinary"',
        "wanted",
        'if a.outcome = "agreed" then true else false',
        "a.day.year > 2021",
    ],
)
def test_what_is_set_somewhere_may_be_read(condition: str) -> None:
    assert findings(asked(condition)) == []


@pytest.mark.parametrize(
    ("kind", "text", "sentence", "severity"),
    [
        ("timeDuration", "P5Y5D", "算不出到期时间", "error"),
        ("timeDuration", "五天", "用到的“五天”没有", "error"),
        ("timeDate", "a.x", "算不出到期时间", "error"),
        ("timeDate", "a.n + 5", "算不出到期时间", "error"),
        ("timeDate", "a.day + 5", "算不出到期时间", "error"),
        ("timeDate", "2022-13-45", "算不出到期时间", "error"),
        ("timeDate", "P5D", "请改写在时长", "warning"),
        ("timeDuration", "2022-06-01", "请改写在到期日期", "warning"),
        ("timeDuration", "PT0S", "不是向后的时长", "warning"),
        ("timeDate", "days after(a.date, 5)", "没有“date”这一项", "error"),
    ],
)
@pytest.mark.duty("C3", "C5")
def test_a_timer_that_never_comes_due_is_found(kind: str, text: str, sentence: str, severity: str) -> None:
    wait = f'<bpmn:intermediateCatchEvent id="t">{timer("t", text, kind)}</bpmn:intermediateCatchEvent>'
    found = findings(process(START, task("a"), wait, END, flow("s", "a"), flow("a", "t"), flow("t", "e")))
    assert [(f.element_id, f.severity) for f in found] == [("t", severity)] and sentence in found[
        0
    ].message, found


@pytest.mark.parametrize(
    "text", ["P5D", "PT1H30M", "P1M", "days after(a.day, 5)", "workdays after(discovery_date, 10)", "wanted"]
)
def test_a_timer_that_comes_due_is_sound(text: str) -> None:
    kind = "timeDate" if "(" in text else "timeDuration"
    wait = f'<bpmn:intermediateCatchEvent id="t">{timer("t", text, kind)}</bpmn:intermediateCatchEvent>'
    assert (
        findings(process(START, task("a"), wait, END, flow("s", "a"), flow("a", "t"), flow("t", "e"))) == []
    )


@pytest.mark.duty("C3")
def test_a_limit_behind_a_shorter_one_that_interrupts_is_found() -> None:
    body = process(
        START,
        task("a"),
        boundary("short", "a", "P5D"),
        boundary("long", "a", "P10D", "false"),
        END,
        '<bpmn:endEvent id="e2"/>',
        '<bpmn:endEvent id="e3"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("short", "e2"),
        flow("long", "e3"),
    )
    assert [(f.element_id, "先到" in f.message) for f in findings(body)] == [("long", True)]


def changed_form(key: str, pattern: str, replacement: str) -> Resources:
    body = re.sub(pattern, replacement, RESOURCES.form[key].decode(), count=1, flags=re.S)
    assert body != RESOURCES.form[key].decode()
    return RESOURCES | Resources({key: body.encode()})


@pytest.mark.duty("C5")
def test_a_form_that_lost_a_field_that_the_diagram_uses_is_found() -> None:
    found = findings(
        DIAGRAMS["public_notice"], changed_form("notice", '"key": "posted_on"', '"key": "posted"')
    )
    assert {"notice_over", "open_notice"} <= {f.element_id for f in found}
    assert all(
        "表单“notice”没有“posted_on”这一项" in f.message for f in found if f.element_id == "notice_over"
    )


def test_a_form_that_lost_an_option_that_the_diagram_asks_for_is_found() -> None:
    form = re.sub(rb'(?<=")agreed(?=\\?")', b"approved", RESOURCES.form["appraisal"])  # in its own rules too
    found = findings(DIAGRAMS["identification"], RESOURCES | Resources({"appraisal": form}))
    assert any(f.element_id == "flow_appraised__notice" and "只能选：approved" in f.message for f in found)


def test_a_decision_table_on_what_nothing_gives_is_found() -> None:
    table = RESOURCES.decision["look_back_finding"].replace(b"situation.", b"situation_now.")
    assert table != RESOURCES.decision["look_back_finding"]
    found = findings(DIAGRAMS["look_back"], RESOURCES | Resources(decision={"look_back_finding": table}))
    assert any("决策表“look_back_finding”用到的“situation_now”没有" in f.message for f in found)


def test_a_decision_that_lost_an_output_is_found() -> None:
    table = RESOURCES.decision["look_back_finding"].replace(b'name="finding"', b'name="result"')
    assert table != RESOURCES.decision["look_back_finding"]
    found = findings(DIAGRAMS["look_back"], RESOURCES | Resources(decision={"look_back_finding": table}))
    assert any("没有“finding”这一项" in f.message for f in found)


def test_what_a_part_needs_is_set_by_its_caller() -> None:
    body = re.sub(r'<spiffworkflow:property name="set:notice_matter"[^>]*/>', "", DIAGRAMS["identification"])
    found = findings(body, RESOURCES)
    assert [f.element_id for f in found if "set:notice_matter" in f.message]


def test_a_part_may_be_given_names_by_its_caller() -> None:
    assert findings(DIAGRAMS["public_notice"], RESOURCES) == []


def test_a_condition_on_its_own_call_of_a_called_process_is_known() -> None:
    body = (
        f'{HEAD}<bpmn:process id="p" isExecutable="true">{START}<bpmn:callActivity id="c" calledElement="q"/>'
        f'<bpmn:exclusiveGateway id="g" default="g_e"/>{task("b")}{END}{flow("s", "c")}{flow("c", "g")}'
        f"{flow('g', 'b', SAME)}{flow('g', 'e')}{flow('b', 'e')}</bpmn:process>"
        '<bpmn:process id="q" isExecutable="true"><bpmn:startEvent '
        f'id="qs"/>{task("qt", "inner")}<bpmn:endEvent id="qe"/>'
        f"{flow('qs', 'qt')}{flow('qt', 'qe')}</bpmn:process></bpmn:definitions>"
    )
    assert findings(body) == []


GIVING = (
    "prevention/register/beginnings.py",
    "prevention/identification/clues.py",
    "prevention/hazards/beginnings.py",
    "prevention/hazards/hazards.py",
    "prevention/campaign/reports/reports.py",
    "prevention/campaign/township_modules.py",
)


def test_the_names_that_the_system_gives_are_listed_once() -> None:
    """What openings and clues really set is what the check knows."""
    source = "".join((ROOT / "engine" / room).read_text() for room in GIVING)
    for one in used().given:
        assert f'"{one.variable}"' in source and f'"{one.key or one.variable}"' in source, one.name


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"conditional": {"hide": '=decision = "no"'}}, "“decision”不是这张表单的项目"),
        ({"conditional": {"hide": '=outcome = "maybe"'}}, "只能选：agreed（同意）"),
        ({"properties": {"prefill": "person.name"}}, "预填用到的“person.name”没有来处"),
    ],
)
@pytest.mark.duty("C5")
def test_a_form_that_asks_for_what_it_does_not_have_is_found(
    change: dict[str, object], sentence: str
) -> None:
    first, *others = COMPONENTS
    forms = Resources({"f": json.dumps({"components": [{**first, **change}, *others]}).encode()})
    [found] = findings(process(START, task("a"), END, flow("s", "a"), flow("a", "e")), forms)
    assert found.element_id == "f" and sentence in found.message


def test_a_form_may_read_its_own_fields_from_inside_a_list() -> None:
    inner = {
        "type": "number",
        "key": "share",
        "label": "份",
        "conditional": {"hide": '=outcome = "agreed" or amount > 3'},
    }
    *others, rows = COMPONENTS
    forms = Resources(
        {
            "f": json.dumps(
                {"components": [*others, {**rows, "components": [*rows["components"], inner]}]}
            ).encode()
        }
    )  # type: ignore[misc]
    assert findings(process(START, task("a"), END, flow("s", "a"), flow("a", "e")), forms) == []


def test_a_choice_that_decides_the_way_has_no_default() -> None:
    for changed, number in (
        ({"defaultValue": "agreed"}, 1),
        ({"readonly": True, "defaultValue": "agreed"}, 0),
        ({}, 0),
    ):
        way = {**COMPONENTS[4], "key": "way", **changed}
        resources = Resources({"f": json.dumps({"components": [*COMPONENTS, way]}).encode()})
        sentences = [one.message for one in findings(asked('a.way = "agreed"'), resources)]
        assert len(sentences) == number, sentences
        assert all("“意见”决定走哪条线" in sentence for sentence in sentences)
