"""The check of an uploaded diagram: each thing the engine would ignore or fail on later is refused now,
by element.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.casework import kit
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.machine.definition import Definition
from engine.flow.vocabulary import Bound
from engine.ground.errors import Finding
from engine.prevention.installation import ROOT
from engine.prevention.kit import KIT

RESOURCES = read_resources(ROOT)
DIAGRAMS = {path.stem: path.read_text() for path in sorted((ROOT / "bpmn").glob("*.bpmn"))}
SOURCE = DIAGRAMS["identification"]


def findings(body: str) -> list[Finding]:
    return check(body.encode(), RESOURCES)[1]


def changed(pattern: str, replacement: str) -> str:
    """The identification, or else the first diagram that has `pattern`, with the mistake in it."""
    source = next(body for body in (SOURCE, *DIAGRAMS.values()) if re.search(pattern, body, re.S))
    return re.sub(pattern, replacement, source, count=1, flags=re.S)


@pytest.fixture(scope="module")
def definition() -> Definition:
    found, problems = check(SOURCE.encode(), RESOURCES)
    assert found is not None and problems == []
    return found


@pytest.mark.parametrize("key", DIAGRAMS)
@pytest.mark.duty("C1", "C2")
def test_the_products_diagrams_are_sound_and_say_what_they_implement(key: str) -> None:
    definition, problems = check(DIAGRAMS[key].encode(), RESOURCES)
    assert definition is not None and problems == []
    for element in definition.elements.values():
        if element.kind == "userTask":
            assert element.queue in ("village", "township", "county", "city", "province"), element.id
            assert element.form_key in definition.form_bodies
            assert re.search(r"R\d\d", element.documentation), element.id
            assert element.instructions, element.id


def test_the_very_same_texts_are_checked_once_and_others_anew() -> None:
    body = DIAGRAMS["public_notice"].encode()
    first, told = check(body, RESOURCES)
    told.append(Finding("", "", "told by whoever asked"))
    assert check(bytes(bytearray(body)), RESOURCES | RESOURCES) == (first, [])
    form = {"notice": RESOURCES.form["notice"].replace(b'"label"', b'"label" ', 1)}
    others = [(body + b"\n", RESOURCES), (body, RESOURCES | Resources(form))]
    assert all(check(*asked)[0] not in (None, first) for asked in others)
    clause = next(one.clause for one in KIT.law if one.procedure == "public_notice")
    bounded = replace(RESOURCES, bounds={clause: Bound(99)})  # a province with a longer one
    assert "error" in [one.severity for one in check(body, bounded)[1]]
    kit.use(replace(KIT))  # another house, though it has the same words
    try:
        assert check(body, RESOURCES)[0] is not first
    finally:
        kit.use(KIT)


@pytest.mark.duty("R10", "R15", "C3")
def test_the_limits_are_in_the_diagram(definition: Definition) -> None:
    assert definition.elements["notice_over"].timer == "days after(notice.posted_on, 5)"
    assert definition.elements["limit_15"].timer == "days after(discovery_date, 15)"
    heard = {"objection", "matching_result", "authorisation", "household_members_changed", "household_gone"}
    heard.add("late_matching_result")
    assert definition.messages == heard


@pytest.mark.parametrize("key", DIAGRAMS)
def test_every_element_is_drawn_and_in_a_lane(key: str) -> None:
    drawn = set(re.findall(r'bpmnElement="([^"]+)"', DIAGRAMS[key]))
    laned = set(re.findall(r"<bpmn:flowNodeRef>([^<]+)<", DIAGRAMS[key]))
    flows = set(re.findall(r'<bpmn:sequenceFlow id="([^"]+)"', DIAGRAMS[key]))
    assert laned and laned | flows <= drawn
    definition, _ = check(DIAGRAMS[key].encode(), RESOURCES)
    assert definition is not None
    own = set(re.findall(r'<bpmn:process id="([^"]+)"', DIAGRAMS[key]))
    assert {e.id for e in definition.elements.values() if e.process_id in own} == laned


@pytest.mark.parametrize("key", DIAGRAMS)
def test_no_two_elements_are_drawn_over_each_other(key: str) -> None:
    on_an_edge = set(re.findall(r'<bpmn:boundaryEvent id="([^"]+)"', DIAGRAMS[key]))
    nodes = set(re.findall(r"<bpmn:flowNodeRef>([^<]+)<", DIAGRAMS[key])) - on_an_edge
    shape = (
        r'bpmnElement="([^"]+)"[^>]*>\s*<dc:Bounds x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"'
    )
    boxes = [(one[0], *map(float, one[1:])) for one in re.findall(shape, DIAGRAMS[key]) if one[0] in nodes]
    assert len(boxes) == len(nodes)
    for (one, x, y, width, height), (other, left, top, across, down) in combinations(boxes, 2):
        beside = x >= left + across or left >= x + width or y >= top + down or top >= y + height
        assert beside, f"{one}, {other}"


@pytest.mark.parametrize(
    ("pattern", "replacement", "element", "part"),
    [
        (r'formKey" value="appraisal"', 'formKey" value="nowhere"', "appraise", "表单“nowhere”不存在"),
        (r'Operator id="notice.close"', 'Operator id="os.system"', "close_notice", "服务“os.system”不存在"),
        (r'parameter id="posted_on"', 'parameter id="posted"', "open_notice", "没有参数“posted”"),
        (r"days after\(notice.posted_on, 5\)", "now() + 5", "notice_over", "写得不对"),
        (
            r'appraisal.result = "agreed"',
            "__import__('os').system('x')",
            "flow_appraised__notice",
            "写得不对",
        ),
        (
            r'<bpmn:exclusiveGateway id="appraised" name="评议同意？" default="[^"]+"',
            '<bpmn:exclusiveGateway id="appraised" name="评议同意？"',
            "appraised",
            "没有默认出口",
        ),
        (
            r"<bpmn:conditionExpression[^>]*>appraisal.result[^<]*</bpmn:conditionExpression>",
            "",
            "flow_appraised__notice",
            "没有写条件",
        ),
        (r'id="identification_review_county" name="县级"', 'id="other" name="甲方"', "other", "泳道名称"),
        (r"calledDecisionId>category<", "calledDecisionId>none<", "recommend", "决策表“none”不存在"),
        (r'calledElement="identification_review"', 'calledElement="elsewhere"', "handle", "不存在"),
        (
            r"<bpmn:timeDate[^>]*>days after\(discovery_date, 15\)</bpmn:timeDate>",
            "<bpmn:timeCycle>R/P0D</bpmn:timeCycle>",
            "limit_15",
            "算不出周期",
        ),
        (r'(id="limit_15".*?)warnDays" value="3"', r'\1warnDays" value="three"', "limit_15", "整数天数"),
        (
            r'parameter id="place"',
            'parameter id="contact"/><spiffworkflow:parameter id="nobody"',
            "open_notice",
            "没有参数“nobody”",
        ),
    ],
)
@pytest.mark.duty("C5")
def test_one_mistake_is_found_at_its_element(pattern: str, replacement: str, element: str, part: str) -> None:
    found = findings(changed(pattern, replacement))
    assert any(f.element_id == element and part in f.message for f in found), found


@pytest.mark.parametrize(
    ("inside", "part"),
    [
        (
            '<bpmn:scriptTask id="x" name="改数据"><bpmn:script>open("/etc/passwd")</bpmn:script>'
            "</bpmn:scriptTask>",
            "脚本任务",
        ),
        ('<bpmn:task id="x" name="随便"/>', "未定类型的任务"),
        ('<bpmn:endEvent id="x"><bpmn:signalEventDefinition id="s"/></bpmn:endEvent>', "没有入口"),
        (
            '<bpmn:intermediateThrowEvent id="x" name="跳转"><bpmn:linkEventDefinition id="l"/>'
            "</bpmn:intermediateThrowEvent>",
            "中间抛出事件",
        ),
        (
            '<bpmn:subProcess id="x" name="事件" triggeredByEvent="true"><bpmn:startEvent id="y"/>'
            "</bpmn:subProcess>",
            "事件子流程",
        ),
        ('<bpmn:userTask id="x" name="孤立"/>', "没有入口"),
        ('<bpmn:transaction id="x" name="事务"/>', "事务子流程"),
    ],
)
def test_what_the_engine_would_ignore_is_refused(inside: str, part: str) -> None:
    body = SOURCE.replace('<bpmn:startEvent id="clue_found"', inside + '<bpmn:startEvent id="clue_found"', 1)
    found = findings(body)
    assert any(f.element_id == "x" and part in f.message for f in found), found


@pytest.mark.parametrize(
    "body",
    [
        "<not xml",
        "<a/>",
        "",
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
        '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>',
    ],
)
def test_hostile_or_broken_files_get_a_sentence(body: str) -> None:
    definition, found = check(body.encode(), RESOURCES)
    assert definition is None
    assert len(found) == 1 and found[0].message.endswith("。")


def test_scripts_beside_a_task_are_refused() -> None:
    script = "<bpmn:extensionElements><spiffworkflow:preScript>import os</spiffworkflow:preScript>"
    body = SOURCE.replace("<bpmn:extensionElements>", script, 1)
    assert any("preScript" in f.message for f in findings(body))


def test_a_loop_without_a_wait_is_found() -> None:
    body = changed(
        r'(<bpmn:sequenceFlow id="flow_decide_objection__objections_left" sourceRef="decide_objection" '
        r'targetRef=")[^"]+',
        r"\1decide_objection",
    )
    assert any("环路" in f.message or "没有入口" in f.message for f in findings(body))


def test_steps_are_listed_in_the_order_of_the_flow(definition: Definition) -> None:
    order = [e.id for e in definition.in_flow_order]
    assert (
        order.index("verify")
        < order.index("sign")
        < order.index("appraise")
        < order.index("review")
        < order.index("approve")
    )
    assert order.index("approve") < order.index("announce") < order.index("register")
    assert set(order) == set(definition.elements)


def test_only_what_the_diagram_reads_of_a_form_is_kept(definition: Definition) -> None:
    kept = definition.project("verification", {"opinion": "suggest", "wage": 1, "members": [1]})
    assert kept == {"opinion": "suggest"}


def test_a_file_of_a_desktop_modeler_with_camunda_form_keys_is_understood(tmp_path: Path) -> None:
    body = changed(
        r'(<bpmn:userTask id="announce" name="结果公告")(.*?)<spiffworkflow:property name="formKey" '
        r'value="announcement" />',
        r'\1 xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
        r'camunda:formKey="camunda-forms:deployment:announcement.json"\2',
    )
    definition, found = check(body.encode(), RESOURCES)
    assert found == [] and definition is not None
    assert definition.elements["announce"].form_key == "announcement"
