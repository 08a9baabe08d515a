"""What is typed is compared with the case and with itself: bounds of dates, rules of forms,
and their check.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from engine.flow.feel import compile_expression
from engine.flow.forms import bounds, compile_form, rules
from engine.flow.forms import schema as s
from engine.flow.forms.reading import read_schema
from engine.ground.errors import Invalid
from engine.prevention.installation import ROOT
from tests.support import papers

TODAY = date(2022, 5, 20)
FORMS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "forms_json").glob("*.json"))}


def dates() -> Iterator[tuple[str, s.Component]]:
    for key, schema in FORMS.items():
        yield from ((key, one) for one in s.walk(schema["components"]) if one["type"] == "datetime")


@pytest.mark.duty("R10", "R36")
@pytest.mark.parametrize(("key", "component"), [pytest.param(k, c, id=f"{k}.{c['key']}") for k, c in dates()])
def test_every_date_of_the_product_has_both_ends(key: str, component: s.Component) -> None:
    assert bounds.terms(component, "notBefore"), f"{key}.{component['key']} has no earliest day"
    ends = bounds.terms(component, "notAfter") or s.given(component, "format") == "past_date"
    assert ends, f"{key}.{component['key']} has no latest day"
    opened = {"step": {"opened_on": TODAY.isoformat()}, "today": TODAY.isoformat()}
    for end in ("notBefore", "notAfter"):
        names = bounds.terms(component, end)
        if any(term.is_fact for term in names):  # what the case does not know leaves no open door
            assert bounds.end_of(component, end, lambda name: None, opened) is not None


def field(key: str, kind: str = "datetime", **properties: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "label": key.upper(), "id": key, "properties": properties}


def refused(schema: Mapping[str, Any], data: Mapping[str, Any], **context: Any) -> dict[str, list[str]]:
    try:
        compile_form(schema).validate(data, today=TODAY, attachments={1: {}}, context=context)
    except Invalid as error:
        return error.fields
    return {}


def one_date(**properties: Any) -> dict[str, Any]:
    return {"components": [field("first"), field("day", **properties)]}


@pytest.mark.parametrize(
    ("end", "facts", "typed", "said"),
    [
        (
            "case.appraisal.held_on",
            {"case": {"appraisal": {"held_on": "2022-05-10"}}},
            "2022-05-09",
            "2022年5月10日",
        ),
        ("case.appraisal.held_on", {"case": {"appraisal": {"held_on": "2022-05-10"}}}, "2022-05-10", ""),
        ("case.appraisal.held_on", {"step": {"opened_on": "2022-05-12"}}, "2022-05-11", "2022年5月12日"),
        ("case.appraisal.held_on", {}, "2022-05-19", "2022年5月20日（今天）"),
        ("case.a?, case.b?", {"case": {"b": "2022-05-03"}}, "2022-05-02", "2022年5月3日"),
        ("case.a?, case.b?", {"step": {"opened_on": "2022-05-12"}}, "2022-05-11", "2022年5月12日"),
        (
            "case.a, step.opened_on - 2天",
            {"case": {"a": "2022-05-01"}, "step": {"opened_on": "2022-05-12"}},
            "2022-05-09",
            "2022年5月10日",
        ),
        (
            "case.a, step.opened_on - 2天",
            {"case": {"a": "2022-05-01"}, "step": {"opened_on": "2022-05-12"}},
            "2022-05-10",
            "",
        ),
        ("today - 1年", {}, "2021-05-19", "2021年5月20日"),
        ("today - 1月", {}, "2022-04-20", ""),
        ("first", {}, "2022-05-02", "不能早于FIRST"),
        ("first + 2天", {}, "2022-05-04", "2022年5月5日"),
        ("case.moment", {"case": {"moment": "2022-05-10T00:30:00+08:00"}}, "2022-05-09", "2022年5月10日"),
    ],
)
def test_the_earliest_day_is_a_fact_and_is_said(
    end: str, facts: dict[str, Any], typed: str, said: str
) -> None:
    found = refused(one_date(notBefore=end), {"first": "2022-05-03", "day": typed}, **facts)
    assert bool(found) == bool(said) and said in "".join(found.get("day", [])), found


def test_the_latest_day_is_a_fact_too() -> None:
    assert refused(one_date(notAfter="today + 5年"), {"day": "2027-05-21"}) == {
        "day": ["DAY：不能晚于2027年5月20日。"]
    }
    assert refused(one_date(notAfter="case.end"), {"day": "2022-05-21"})["day"]  # a missing end is today


@pytest.mark.parametrize("typed", ["0022-05-01", "0001-01-01", "1899-12-31", "2202-05-01", "9999-12-31"])
def test_a_slip_in_the_year_is_refused_on_every_date(typed: str) -> None:
    assert "请核对年份" in refused(one_date(), {"day": typed})["day"][0]


@pytest.mark.parametrize(
    ("component", "sentence"),
    [
        (field("day", notBefore="1 +"), "看不懂"),
        (field("day", notBefore="elsewhere"), "不是这张表单的另一个项目"),
        (field("day", notAfter="step.closed_on"), "没有来处"),
        (field("day", notAfter="name"), "不是日期"),
        (field("name", "textfield", notBefore="today"), "只能用于日期"),
        (field("day", rules=[{"test": "1 +", "sentence": "x"}]), "表达式写得不对"),
        (field("day", rules=[{"test": "nothing = 1", "sentence": "x"}]), "不是这张表单的项目"),
        (field("day", rules=[{"test": "day = null"}]), "核对规则写得不对"),
        (field("day", rules="day = null"), "核对规则写得不对"),
        (field("case", "textfield"), "在表达式里指别的"),
        (field("key", "textfield"), "由办理页面自己提交"),
        (field("item", "textfield"), "是表达式自己的词"),
        (field("a-b", "textfield"), "只能用字母"),
        ({**field("n", "number"), "validate": {"max": 2}, "defaultValue": 3}, "默认值“3”这一项自己不收"),
        (
            {**field("n", "textfield"), "validate": {"maxLength": 2}, "defaultValue": "三个字"},
            "这一项自己不收",
        ),
        ({**field("n", "select"), "values": [{"value": "a"}], "defaultValue": "b"}, "请从所列选项中选择"),
        ({**field("n"), "defaultValue": "2022-02-30"}, "这一项自己不收"),
        (
            {"type": "text", "text": "请 {{household.head_name}} 签字", "id": "t"},
            "“{{household.head_name}}”不会换成值",
        ),
        ({**field("n", "textfield"), "description": "见 ${notice.number}"}, "“${notice.number}”不会换成值"),
        (field("n", "textfield", prefill="household.nickname"), "“household”里可用"),
        (field("n", "textfield", prefill="household.head_name + case"), "整个 case"),
        (field("n", "textfield", prefill="clue.nothing"), "“clue”里可用"),
        (field("n", "textfield", prefill="verification.income"), "没有来处"),
        (
            {
                "type": "dynamiclist",
                "path": "rows",
                "components": [field("n", "textfield", prefill="household.size")],
            },
            "一行里的项目不能单独预填",
        ),
        ({**field("n", "number"), "validate": {"min": 3, "max": 2}}, "最小值大于最大值"),
        ({**field("n", "textfield"), "validate": {"minLength": 3, "maxLength": 2}}, "最少字数多于最多字数"),
    ],
)
def test_a_form_that_could_not_be_judged_is_a_finding(component: dict[str, Any], sentence: str) -> None:
    others = [one for one in (field("day"), field("name", "textfield")) if one["key"] != component.get("key")]
    _, found = read_schema(json.dumps({"components": [*others, component]}).encode())
    assert any(sentence in one.message for one in found), [one.message for one in found]


# -- the rules that come with the product ----------------------------------------------------------


def member(number: str, **changes: Any) -> dict[str, Any]:
    return papers.member(number=number, **changes)


HEAD, WIFE = papers.member(), papers.member("李秀英", "spouse", papers.WIFE_ID)
SON = member("41990120010308131", name="王小", relation="son")
BROKEN: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "partner": [("screening", {"partner": "调查员甲"})],
    "visited_on": [("screening", {"visited_on": "2022-04-30"})],
    "abstain": [("appraisal", {"attendance": 10, "favour": 2, "against": 8, "abstain": 3})],
    "result": [
        ("appraisal", {"attendance": 13, "favour": 2, "against": 8, "abstain": 3, "result": "agreed"}),
        (
            "appraisal",
            {
                "attendance": 10,
                "favour": 8,
                "against": 2,
                "abstain": 0,
                "result": "not_agreed",
                "reason": "x",
            },
        ),
        ("appraisal", {"attendance": 10, "favour": 5, "against": 5, "abstain": 0, "result": "agreed"}),
    ],
    "investigator_2": [
        ("verification", {"investigator_2": "张三"}),
        ("stability_check", {"investigator_2": "张三"}),
        ("rollback_check", {"investigator_2": "张三"}),
        ("look_back", {"investigator_2": "张三"}),
        ("clearance_check", {"investigator_2": "张三"}),
        ("verification", {"investigator_2": "张 三"}),
        ("look_back", {"investigator_2": "张　三 "}),
    ],
    "reviewed_by": [("registration", {"reviewed_by": "甲"}), ("elimination_record", {"reviewed_by": "甲 "})],
    "opinion": [
        ("look_back", {"income_stable": "no"}),
        ("look_back", {"risk_stable": "no"}),
        ("look_back", {"housing_ok": "no"}),
        ("look_back", {"opinion": "unstable"}),
        ("stability_check", {"water_ok": "no"}),
        ("stability_check", {"risk_checks": [{"risk": "illness", "gone": "no", "evidence": "仍在治疗"}]}),
        ("rollback_check", {"opinion": "no_labour"}),
    ],
    "outcome": [
        ("existing_check", {"effective": "no"}),
        ("correction_review", {"outcome": "return", "findings": [{"opinion": "agree"}]}),
    ],
    "findings.0.new_value": [("correction", {"findings": [papers.corrected("1", new_value="12000")]})],
    "members": [
        (form, {"members": rows})
        for form in ("verification", "stability_check", "rollback_check", "look_back")
        for rows in (
            [HEAD, {**WIFE, "relation": "head"}],
            [{**WIFE, "relation": "other"}],
            [HEAD, WIFE, {**SON, "relation": "spouse"}],
            [HEAD, {**SON, "id_number": HEAD["id_number"]}],
            [HEAD, {**SON, "id_type": "disability", "id_number": HEAD["id_number"] + "43"}],
        )
    ],
    "members.0.sex": [
        (form, {"members": [{**HEAD, "sex": "female"}, WIFE]})
        for form in ("verification", "stability_check", "rollback_check", "look_back")
    ],
    "members.1.sex": [
        (form, {"members": [HEAD, row]})
        for form in ("verification", "stability_check", "rollback_check", "look_back")
        for row in (
            {**SON, "relation": "daughter"},
            {**WIFE, "relation": "mother", "sex": "male", "id_type": "none"},
            {**WIFE, "relation": "father"},
        )
    ],
}
"""By the path at which the sentence stands: a form and what contradicts itself in it."""
FACTS = {
    "case": {"discovery_date": "2022-05-01", "opened_on": "2022-05-01"},
    "step": {"opened_on": "2022-05-20"},
}
FACTS["case"] |= {"decision_matter": "elimination", "elimination_manner": "stable"}
FACTS["case"] |= {  # type: ignore[dict-item]
    "elimination_conditions": [{"reason": "x"}],
    "county_approval": {"manner": "stable"},
}
FACTS["listed"] = {"state": "changed", "text": "王建国"}
FACTS["findings"] = {  # type: ignore[assignment]
    name: [{"finding": "1", "sentence": "三年收入相同"}] for name in ("asked", "answered")
}
FACTS["campaign"] = {"starts_on": "2022-05-01", "ends_on": "2022-05-31"}
FACTS["planned"] = {"known_on": "2022-05-01", "starts_on": "2022-06-01", "ends_on": "2022-07-01"}
OTHERS = [
    ("county_approval", "manner", {"outcome": "approve", "manner": "stable"}),
    ("county_approval", "outcome", {"outcome": "approve"}),
    ("township_review", "outcome", {"outcome": "approve"}),
    ("measure_progress", "reported_on", {}),
]
CASES = [(form, path, data) for path, found in BROKEN.items() for form, data in found] + OTHERS


@pytest.mark.duty("R38", "R16")
@pytest.mark.parametrize(("form", "path", "data"), CASES)
def test_what_contradicts_itself_is_asked_about(form: str, path: str, data: dict[str, Any]) -> None:
    found = refused(FORMS[form], papers.paper(form, TODAY, "1", **data), **FACTS)
    assert path in found, found


@pytest.mark.parametrize("form", sorted({form for form, _, _ in CASES} - {form for form, _, _ in OTHERS}))
def test_what_agrees_passes(form: str) -> None:
    assert refused(FORMS[form], papers.paper(form, TODAY, "1"), **FACTS) == {}


def test_each_shipped_rule_has_an_example_that_breaks_it_and_one_that_keeps_it() -> None:
    for form, schema in FORMS.items():
        told = {
            text.partition("：")[2]
            for one, path, data in CASES
            if one == form
            for text in refused(schema, papers.paper(form, TODAY, "1", **data), **FACTS).get(path, [])
        }
        for component in s.walk(schema["components"]):
            for rule in rules.of(component):
                assert rule.sentence in told, f"{form}: no example breaks “{rule.test}”"


def test_the_page_evaluates_every_rule() -> None:
    for form, schema in FORMS.items():
        for component in s.walk(schema["components"]):
            for rule in rules.of(component):
                assert compile_expression(rule.test).to_json() is not None, f"{form}: {rule.test}"


def test_the_page_is_told_the_ends_and_not_the_case() -> None:
    form = compile_form(FORMS["notice"])
    context = {"case": {"appraisal": {"held_on": "2022-05-12"}}, "step": {"opened_on": "2022-05-16"}}
    fields = {one.path: one for one in form.render({}, {}, form.facts_of(context, TODAY))}
    posted = fields["posted_on"]
    assert (posted.earliest, posted.latest) == ("2022-05-14", "2022-05-20")
    assert "appraisal" not in json.dumps([posted.rules_json, posted.plan_json])
    assert [one["sentence"] for one in posted.rules_json] == ["不能早于2022年5月14日。"]


@pytest.mark.duty("R10")
def test_a_day_before_the_step_opened_needs_its_reason() -> None:
    context = {"case": {"appraisal": {"held_on": "2022-05-10"}}, "step": {"opened_on": "2022-05-12"}}
    typed = papers.paper("notice", TODAY, "1", posted_on="2022-05-11")
    assert set(refused(FORMS["notice"], typed, **context)) == {"early_reason"}
    assert refused(FORMS["notice"], {**typed, "early_reason": "当日网络不通"}, **context) == {}
    far = {**typed, "posted_on": "2022-05-09", "early_reason": "x"}
    assert set(refused(FORMS["notice"], far, **context)) == {"posted_on"}


def test_rows_are_compared_with_what_they_stand_in() -> None:
    rows = [{"source": "医保", "finding": "x", "as_of": "2022-05-19"}]
    typed = papers.paper(
        "matching_result", TODAY, "1", effect="to_verify", findings=rows, matched_on="2022-05-18"
    )
    assert refused(FORMS["matching_result"], typed, **FACTS) == {
        "findings.0.as_of": ["数据日期：不能晚于结果日期。"]
    }
    measure = papers.measure(TODAY, "illness", "health", ends_on=(TODAY - timedelta(days=1)).isoformat())
    plan = papers.paper("assistance_plan", TODAY, "1", measures=[measure])
    assert refused(FORMS["assistance_plan"], plan)["measures.0.ends_on"] == ["完成日期：不能早于开始日期。"]
    far = papers.measure(TODAY, "illness", "health", ends_on="2202-05-01")
    assert "measures.0.ends_on" in refused(FORMS["assistance_plan"], {**plan, "measures": [far]})


@pytest.mark.parametrize("blank", ["", None, " \u3000"])
def test_a_rule_says_nothing_while_what_it_reads_is_blank(blank: str | None) -> None:
    rule = {"test": "a != null and b != 7", "sentence": "x"}
    schema = {"id": "f", "components": [field("a", "textfield"), field("b", "number", rules=[rule])]}
    assert refused(schema, {"a": "y", "b": 7}) == {"b": ["B：x"]}
    assert refused(schema, {"a": blank, "b": 7}) == {}
    assert refused(schema, {"a": blank}) == {}
