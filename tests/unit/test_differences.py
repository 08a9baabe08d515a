"""What differs between two versions, as a process owner would say it."""

from __future__ import annotations

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.flow.machine.definition import Definition
from engine.owners.words.differences import Difference, differences
from engine.owners.words.handbook import chapters
from engine.owners.words.wording import Wording
from engine.prevention.installation import ROOT

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
            "“公示满5天” → “公示满7天”：时限由“5 天，自‘张贴日期’起”改为“7 天，自‘张贴日期’起”",
            "public_notice",
            "notice_over",
        )
    ]


STEP = (
    '<bpmn:userTask id="second_sign" name="乡镇复签"><bpmn:extensionElements><spiffworkflow:properties>'
    '<spiffworkflow:property name="formKey" value="exclusion_review" /><spiffworkflow:property '
    'name="queue" value="township" />'
    '<spiffworkflow:property name="variable" value="second" /></spiffworkflow:properties>'
    "</bpmn:extensionElements>"
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
        kind == "changed" and text.startswith("路线：从") and text.endswith("到“乡镇复签”")
        for kind, text in said
    )
    back = [(one.kind, one.text) for one in differences(built(body), OLD)]
    assert ("removed", "去掉人工任务“乡镇复签”（乡级）") in back


@pytest.mark.duty("C5")
def test_forms_and_decisions_are_told_by_field_and_by_cell() -> None:
    form = RESOURCES.form["verification"].replace(b'"required": true', b'"required": false', 1)
    rule = RESOURCES.decision["category"].replace(
        b'<text>"unstable"</text></outputEntry>', b'<text>"sudden_hardship"</text></outputEntry>', 1
    )
    said = found(built(verification=form, category=rule))
    assert any(
        text.startswith("表单“入户核实、补充核实（verification）”：“户类型”：由“必填，选项：")
        for _, text in said
    )
    assert any(
        text.startswith("决策表“") and "由“脱贫不稳定户”改为“突发严重困难户”" in text for _, text in said
    )
    assert len(said) == 2


@pytest.mark.duty("C5")
def test_services_parts_and_steps_are_called_by_their_chinese_names() -> None:
    body = NOTICE.replace('id="notice.close"', 'id="notice.open"')
    body = body.replace('parameter id="place" type', 'parameter id="finder" type')
    old, new = (Definition(text.encode(), RESOURCES) for text in (NOTICE, body))
    said = " ".join(one.text for one in differences(old, new))
    assert (
        "服务由“公示结束”改为“公示开始”" in said
        and "去掉参数“地点”“张贴地点”" in said
        and "增加参数“发现人”“张贴地点”" in said
    )
    part = BODY.replace('calledElement="public_notice"', 'calledElement="review_and_approval"')
    said = " ".join(one.text for one in differences(OLD, Definition(part.encode(), RESOURCES)))
    assert "调用由“公示与异议”改为“乡级审核与县级审批”" in said


@pytest.mark.duty("C5")
def test_a_step_with_another_name_is_one_change_wherever_else_it_is_named() -> None:
    assert found(built(BODY.replace('name="入户核实"', 'name="上门核实"'))) == [
        ("changed", "“入户核实” → “上门核实”")
    ]
    form = RESOURCES.form["authorisation"].replace("是否签订".encode(), "签了没有".encode())
    said = found(built(authorisation=form))
    assert said == [("changed", "表单“签订承诺授权书（authorisation）”：“是否签订” → “签了没有”")]


@pytest.mark.duty("C5")
def test_notes_on_the_drawing_are_compared_by_their_text() -> None:
    old = Definition(NOTICE.encode(), RESOURCES)
    text = "公示 5 天：张贴当日不计，满 5 天后的零时期满"
    assert text in NOTICE

    def said(body: str) -> list[Difference]:
        return differences(old, Definition(body.encode(), RESOURCES))

    changed = Difference("changed", f"注释“{text}” → “公示 7 天”", "public_notice", "note_notice")
    assert said(NOTICE.replace(text, "公示 7 天")) == [changed]
    place = NOTICE.index("<bpmn:textAnnotation")
    extra = (
        '<bpmn:textAnnotation id="more"><bpmn:text>见豫防返贫〔2022〕3号</bpmn:text></bpmn:textAnnotation>'
    )
    added = NOTICE[:place] + extra + NOTICE[place:]
    assert said(added) == [Difference("added", "新增注释“见豫防返贫〔2022〕3号”", "public_notice", "more")]
    back = differences(Definition(added.encode(), RESOURCES), old)
    assert [(one.kind, one.text) for one in back] == [("removed", "去掉注释“见豫防返贫〔2022〕3号”")]
    at = NOTICE.index('bpmnElement="note_notice"')
    x = NOTICE.index('x="', at)
    moved = said(NOTICE[:x] + 'x="1' + NOTICE[x + 3 :])
    assert [(one.kind, one.text) for one in moved] == [("moved", f"注释“{text}”在图上换了位置")]


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
    assert words.condition('notice_result = "changed"') == "结论 为 “情况有变”"
    assert words.condition("is_true = true and nullable != null") == "is_true 为 是，且nullable 不为 空"
    assert words.value("separateFrom", "*, !explain_delay") == "其他所有步骤（“超期说明”除外）"
    assert words.value("opensFor", "monitored, lifted_with_policy") == "监测对象、脱贫享受政策户"
    assert words.value("list", "notice") == "公示" and words.form("appraisal") == "民主评议（appraisal）"
    assert words.timer("P7D") == "7 天" and words.timer("PT36H") == "36 小时"


@pytest.mark.duty("C5")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('remark.text = "甲 and 乙"', 'remark.text 为 "甲 and 乙"'),  # what is quoted is no operator
        ('remark.text="true or null"', 'remark.text 为 "true or null"'),
        ('remark.text = "notice_result = 1"', 'remark.text 为 "notice_result = 1"'),
        ('authorisation.signed="yes"', "“是否签订” 为 “已签订”"),  # nor do blanks make one
        ('"yes"=authorisation.signed', "“已签订” 为 “是否签订”"),
        ('authorisation.signed in ("yes", "no")', "“是否签订” in (“已签订”, “不愿签订”)"),
        ("x.n>=5 and(x.n<=9 or x.gone=null)", "x.n≥5，且(x.n≤9，或x.gone 为 空)"),
        ('notice_result!="changed"', "结论 不为 “情况有变”"),
        ("days after( discovery_date ,15 )", None),
        ("1 +", "1 +"),  # what is no FEEL stays as written
    ],
)
def test_words_come_from_what_a_text_says_not_from_how_it_is_written(text: str, said: str | None) -> None:
    words = Wording(OLD)
    if said is None:
        assert words.timer(text) == "15 天，自“最早发现线索的日期”起"
    else:
        assert words.condition(text) == said


def test_values_of_a_table_are_called_as_on_the_forms_wherever_they_stand() -> None:
    words = Wording(OLD)
    assert words.cell('"illness","accident"') == "“因病”、“因意外事故”"
    assert (
        words.cell('count(?[item in ("illness", "accident")])>0')
        == "count(?[item in (“因病”、“因意外事故”)])>0"
    )
    assert words.cell('"是 true, 不是 null"') == '"是 true, 不是 null"'
    assert words.cell("true") == "是"


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
