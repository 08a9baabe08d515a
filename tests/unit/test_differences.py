"""What differs between two versions, as a process owner would say it."""

from __future__ import annotations

import pytest

from engine.definitions import Definition, Resources, check, read_resources
from engine.definitions.differences import Difference, differences
from engine.definitions.handbook import chapters
from engine.definitions.wording import Wording
from engine.installation import ROOT

RESOURCES = read_resources(ROOT)
BODY = (ROOT / "bpmn" / "identification.bpmn").read_text()
NOTICE = RESOURCES.part["public_notice"].decode()


def built(body: str = BODY, **changed: bytes) -> Definition:
    """The identification with a form, decision or part replaced."""
    kinds = {
        kind: {**RESOURCES.of(kind), **{k: v for k, v in changed.items() if k in RESOURCES.of(kind)}}
        for kind in ("form", "decision", "part")
    }
    definition, findings = check(body.encode(), Resources(**kinds))
    assert definition is not None, findings
    return definition


OLD = built()


def found(new: Definition) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in differences(OLD, new)]


@pytest.mark.duty("C5")
def test_nothing_differs_from_itself() -> None:
    assert differences(OLD, built()) == []


@pytest.mark.duty("C5")
def test_a_changed_limit_is_said_in_days_from_the_field_on_the_form() -> None:
    seven = NOTICE.replace("days after(notice.posted_on, 5)", "days after(notice.posted_on, 7)").replace(
        "公示满5天", "公示满7天"
    )
    assert differences(OLD, built(public_notice=seven.encode())) == [
        Difference(
            "changed",
            "“公示满5天” → “公示满7天”：时限由“5 天，自“张贴日期”起”改为“7 天，自“张贴日期”起”",
            "public_notice",
            "notice_over",
        )
    ]


STEP = (
    '<bpmn:userTask id="second_sign" name="乡镇复签"><bpmn:extensionElements><spiffworkflow:properties>'
    '<spiffworkflow:property name="formKey" value="county_approval" /><spiffworkflow:property name="queue" value="township" />'
    '<spiffworkflow:property name="variable" value="second" /></spiffworkflow:properties></bpmn:extensionElements>'
    "<bpmn:incoming>flow_a</bpmn:incoming><bpmn:outgoing>flow_b</bpmn:outgoing></bpmn:userTask>"
    '<bpmn:sequenceFlow id="flow_b" sourceRef="second_sign" targetRef="appraise" />'
)


@pytest.mark.duty("C5")
def test_a_new_step_is_named_with_its_level_and_the_route_that_now_leads_to_it() -> None:
    before = 'id="flow_both__appraise" sourceRef="both" targetRef="appraise"'
    assert before in BODY
    body = BODY.replace(before, before.replace('targetRef="appraise"', 'targetRef="second_sign"'))
    place = body.index('<bpmn:sequenceFlow id="flow_both__appraise"')
    body = body[:place] + STEP + body[place:]
    said = found(built(body))
    assert ("added", "新增人工任务“乡镇复签”（乡级）") in said
    assert any(
        kind == "changed" and text.startswith("路线：从") and text.endswith("到“乡镇复签”") for kind, text in said
    )
    back = [(one.kind, one.text) for one in differences(built(body), OLD)]
    assert ("removed", "去掉人工任务“乡镇复签”（乡级）") in back


@pytest.mark.duty("C5")
def test_forms_and_decisions_are_told_by_field_and_by_cell() -> None:
    form = RESOURCES.form["verification"].replace(b'"required": true', b'"required": false', 1)
    rule = RESOURCES.decision["category"].replace(
        b'<text>"unstable"</text></outputEntry>', b'<text>"sudden"</text></outputEntry>', 1
    )
    said = found(built(verification=form, category=rule))
    assert any(text.startswith("表单“verification”：“户类型”：由“必填，选项：") for _, text in said)
    assert any(text.startswith("决策表“") and "由“" in text and "改为“" in text for _, text in said)
    assert len(said) == 2


def test_what_only_moved_on_the_paper_is_said_as_such_and_last() -> None:
    at = BODY.index('bpmnElement="verify"')
    x = BODY.index('x="', at)
    moved = BODY[:x] + 'x="1' + BODY[x + 3 :]
    assert found(built(moved)) == [("moved", "“入户核实”在图上换了位置")]


@pytest.mark.duty("C5")
def test_conditions_and_times_are_said_with_the_words_of_the_forms() -> None:
    words = Wording(OLD)
    assert words.condition('authorisation.signed = "yes"') == "“是否签订” 为 “已签订”"
    assert words.timer("days after(discovery_date, 15)") == "15 天，自“最早发现线索的日期”起"
    assert words.timer("P7D") == "7 天" and words.timer("PT36H") == "36 小时"


@pytest.mark.duty("C1", "C5")
@pytest.mark.parametrize("path", sorted((ROOT / "bpmn").glob("*.bpmn")), ids=lambda path: path.stem)
def test_the_handbook_tells_every_step_with_its_queue_and_what_comes_next(path: object) -> None:
    definition, _ = check(path.read_bytes(), RESOURCES)  # type: ignore[attr-defined]
    assert definition is not None
    book = chapters(definition)
    tasks = {e.id for e in definition.elements.values() if e.kind == "userTask"}
    assert tasks <= {one.element.id for one in book}
    for one in book:
        if one.element.kind == "userTask":
            assert one.queue and one.fields and one.ways
