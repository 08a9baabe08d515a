"""No owner of a diagram changes the law with it: bounds, starts, what is said of a limit (R10, R15, R19,
R29).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram.resources import Resources, read_resources
from engine.ground.days import put_right
from engine.ground.errors import Cure, Finding
from engine.prevention.installation import ROOT
from engine.prevention.kit import KIT

RESOURCES = read_resources(ROOT)


def body(key: str) -> str:
    return Path(ROOT / "bpmn" / f"{key}.bpmn").read_text()


def findings(source: str) -> list[Finding]:
    return check(source.encode(), RESOURCES)[1]


def errors(source: str) -> list[Finding]:
    return [one for one in findings(source) if one.severity == "error"]


def changed(key: str, old: str, new: str) -> str:
    source = body(key)
    assert old in source
    return source.replace(old, new)


NOTICE = "days after(notice.posted_on, 5)"
CASES = [
    ("public_notice", NOTICE, "notice_over"),
    ("clearance", "days after(household_hearing.told_on, 5)", "no_answer"),
    ("identification", "days after(discovery_date, 15)", "limit_15"),
    (
        "assistance",
        "days after(if approved_on != null then approved_on else opened_on, 10)",
        "limit_10",
    ),
]


@pytest.mark.duty("R10", "R15", "R19", "R29")
@pytest.mark.parametrize(("key", "text", "element"), CASES)
@pytest.mark.parametrize("days", ["0", "-5", "3 - 5", "-1", "0.5"])
def test_less_than_a_day_is_always_an_error(key: str, text: str, element: str, days: str) -> None:
    short = re.sub(r"\d+\)$", f"{days})", text)
    for document in ("", '<spiffworkflow:property name="allowedBy" value="豫乡振〔2026〕5号文件" />'):
        source = changed(key, text, short).replace(
            '<spiffworkflow:property name="clause"', document + '<spiffworkflow:property name="clause"'
        )
        assert any(one.element_id == element and "少于 1 天" in one.message for one in errors(source))


@pytest.mark.duty("R10", "R15", "R19", "R29")
@pytest.mark.parametrize(("key", "text", "element"), CASES)
@pytest.mark.parametrize("declared", [True, False])
def test_a_limit_outside_the_law_is_an_error_unless_a_document_allows_it(
    key: str, text: str, element: str, declared: bool
) -> None:
    law = next(limit for limit in KIT.law if limit.element == element)
    days = law.at_least - 2 if law.at_least else (law.at_most or 0) + 5
    source = changed(key, text, re.sub(r"\d+\)$", f"{days})", text))
    if not declared:  # to take what the drawing says of the law lifts nothing
        source = re.sub(
            r'\s*<spiffworkflow:property name="(clause|atLeast|atMost)" value="[^"]*" />', "", source
        )
    wrong = [one for one in errors(source) if one.element_id == element]
    assert wrong and str(days) in wrong[0].message and law.words in wrong[0].message
    if declared:
        allowed = source.replace(
            '<spiffworkflow:property name="clause"',
            '<spiffworkflow:property name="allowedBy" value="豫乡振〔2026〕5号" /><spiffworkflow:property '
            'name="clause"',
        )
        assert errors(allowed) == []
        assert any(
            "豫乡振〔2026〕5号" in one.message and one.severity == "warning" for one in findings(allowed)
        )


@pytest.mark.duty("R10")
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("days after(notice.posted_on, 7)", True),
        ("workdays after(notice.posted_on, 5)", True),
        ('days after(notice.posted_on, if notice.place = "村" then 3 else 5)', False),
        ("days after(notice.posted_on, notice.days)", False),
        ("notice.posted_on", False),
        ("P5D", False),
        ("P6D", True),
        ("P0D", False),
        ("PT1H", False),
    ],
)
def test_the_days_are_known_however_they_are_written(text: str, right: bool) -> None:
    source = changed("public_notice", NOTICE, text)
    if text.startswith("P"):
        source = re.sub(r"timeDate( xsi:type=\"[^\"]*\")?>" + text, f"timeDuration>{text}", source)
        source = source.replace(f"{text}</bpmn:timeDate>", f"{text}</bpmn:timeDuration>")
    found = [one for one in errors(source) if one.element_id == "notice_over"]
    assert bool(found) is not right


@pytest.mark.duty("R10", "R15")
def test_a_shipped_procedure_without_its_limit_is_refused() -> None:
    gone = re.sub(
        r'<bpmn:boundaryEvent id="limit_15".*?</bpmn:boundaryEvent>', "", body("identification"), flags=re.S
    )
    gone = re.sub(r'<bpmn:sequenceFlow id="flow_limit_15__[^>]*/>', "", gone)
    assert any("缺少法定期限" in one.message and "R15" in one.message for one in errors(gone))
    around = body("identification").replace('calledElement="public_notice"', 'calledElement="another_notice"')
    assert any("缺少法定期限" in one.message and "R10" in one.message for one in findings(around)) or errors(
        around
    )


@pytest.mark.duty("R10", "R15")
def test_the_day_from_which_the_law_counts_is_the_laws() -> None:
    other = changed("identification", "days after(discovery_date, 15)", "days after(opened_on, 15)")
    assert any(one.element_id == "limit_15" and "起算" in one.message for one in errors(other))
    typed = re.sub(
        r'\s*<spiffworkflow:property name="countsFrom" value="post_notice" />', "", body("public_notice")
    )
    assert any(one.element_id == "notice_over" and "countsFrom" in one.message for one in errors(typed))


@pytest.mark.duty("R10")
def test_another_number_of_days_in_name_note_or_explanation_is_named_with_what_to_write() -> None:
    found = findings(changed("public_notice", NOTICE, "days after(notice.posted_on, 7)"))
    said = [one for one in found if "请一并改" in one.message]
    assert {one.element_id for one in said} == {"notice_over", "post_notice"}
    assert {one.message for one in said} == {
        f"{where}里写的是 5 天，而期限是 7 天，请一并改。" for where in ("名称", "说明", "注释")
    }
    assert all(one.severity == "warning" for one in said)
    spelled = findings(changed("public_notice", 'name="公示满5天"', 'name="公示满七天"'))
    assert [one.message for one in spelled] == ["名称里写的是 7 天，而期限是 5 天，请一并改。"]
    assert [one.cure.after for one in spelled if one.cure] == ["公示满五天"]


@pytest.mark.duty("R10")
def test_the_cures_of_what_is_said_leave_nothing_more_to_say() -> None:
    text = changed("public_notice", NOTICE, "days after(notice.posted_on, 7)")
    for _ in range(9):
        cure = next((one.cure for one in findings(text) if one.cure), None)
        if cure is None:
            break
        assert cure.before in text
        text = text.replace(cure.before, cure.after)
    assert not [one for one in findings(text) if "请一并改" in one.message]
    assert 'name="公示满7天"' in text and "days after(notice.posted_on, 7)" in text


def test_the_words_of_a_form_at_the_step_are_held_against_the_limit_too() -> None:
    resources = read_resources(ROOT)
    form = resources.form["notice"].replace(
        b'"components": [', '"components": [{"type": "text", "id": "t", "text": "公示 8 天"}, '.encode(), 1
    )
    found = check(body("public_notice").encode(), resources | Resources({"notice": form}))[1]
    assert [(one.element_id, one.message) for one in found] == [
        ("post_notice", "表单“notice”的“公示 8 天”里写的是 8 天，而期限是 5 天，请一并改。")
    ]


@pytest.mark.parametrize(
    ("text", "wrong", "right", "after"),
    [
        ("满五天，第5日起", 5, 7, "满七天，第5日起"),
        ("5天内，逾5个工作日", 5, 15, "15天内，逾15个工作日"),
        ("十五天", 15, 20, "二十天"),
        ("二十一日", 21, 10, "十日"),
        ("提前5天，满5天", 5, 6, "提前5天，满6天"),
        ("五天", 5, 120, "120天"),
    ],
)
def test_a_text_is_put_right_as_it_was_written(text: str, wrong: int, right: int, after: str) -> None:
    assert put_right(text, wrong, right) == after


@pytest.mark.parametrize("key", sorted(path.stem for path in Path(ROOT / "bpmn").glob("*.bpmn")))
def test_what_is_shipped_is_lawful_and_says_what_it_does(key: str) -> None:
    assert findings(body(key)) == []


@pytest.mark.duty("R10")
def test_days_in_a_services_parameter_and_on_a_paper_are_named_and_put_right() -> None:
    """What is given to the service that begins the period, and the words on the step's papers."""
    drawn = changed("public_notice", 'value="notice_matter"', "value='\"拟公示七天\"'")
    paper = '<spiffworkflow:property name="paper:matter" value=\'"公示6天的名单"\' />'
    form = '<spiffworkflow:property name="formKey" value="notice" />'
    (one, other) = [one for one in findings(drawn.replace(form, paper + form)) if "请一并改" in one.message]
    assert one.message == "功能的参数“matter”里写的是 7 天，而期限是 5 天，请一并改。"
    assert one.cure == Cure("open_notice", "parameter:matter", '"拟公示七天"', '"拟公示五天"')
    assert other.message == "名单上的事由里写的是 6 天，而期限是 5 天，请一并改。"
    assert other.cure == Cure("post_notice", "property:paper:matter", '"公示6天的名单"', '"公示5天的名单"')
