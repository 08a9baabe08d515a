"""Forms: what a browser sends becomes clean data or sentences that name the field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from engine.flow.feel import compile_expression, strip_equals
from engine.flow.forms import Form, check_form, compile_form
from engine.flow.forms.reading import read_schema
from engine.ground.errors import Invalid
from engine.prevention.installation import ROOT
from tests.support import papers

TODAY = date(2022, 5, 5)
KEYS = sorted(path.stem for path in (ROOT / "forms_json").glob("*.json"))


def load(key: str) -> Form:
    return compile_form(json.loads((ROOT / "forms_json" / f"{key}.json").read_text()))


def trees(component: Any) -> Iterator[Any]:
    """The compiled FEEL texts of a component and all below it."""
    hide = component.get("conditional", {}).get("hide", "")
    for text in (hide, component.get("expression", "")):
        if text:
            yield compile_expression(strip_equals(text)).to_json()
    for child in component.get("components", []):
        yield from trees(child)


def kinds_of(tree: Any) -> Iterator[str]:
    """The kinds of nodes in a tree."""
    if isinstance(tree, list):
        if tree and tree[0] in ("some", "every", "for"):  # its rounds are names with what they go through
            tree = [tree[0], *(through for _, *through in tree[1]), *tree[2:]]
        if tree and isinstance(tree[0], str) and tree[0] != "lit":
            yield tree[0]
        for part in tree[1:] if tree and isinstance(tree[0], str) else tree:
            yield from kinds_of(part)


def errors(form: Form, data: dict[str, Any], **context: Any) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        form.validate(data, today=TODAY, attachments={1: {}}, context=context)
    return refused.value.fields


@pytest.mark.parametrize("key", KEYS)
def test_every_form_of_the_product_is_sound(key: str) -> None:
    assert check_form(json.loads((ROOT / "forms_json" / f"{key}.json").read_text())) == []
    fields = load(key).render({})
    assert fields


@pytest.mark.duty("R07")
def test_the_verification_computes_income_and_never_trusts_the_client() -> None:
    clean = load("verification").validate(
        papers.verification(TODAY, per_capita=999999, net_income=1),
        today=TODAY,
        context={"line": {"amount": 6900}},
    )
    assert (clean["net_income"], clean["per_capita"], clean["after_rigid"], clean["line"]) == (
        12000,
        6000,
        -4000,
        6900,
    )


@pytest.mark.duty("R07")
def test_an_incomplete_verification_names_each_field() -> None:
    found = errors(load("verification"), {"members": [{"name": "王"}]})
    assert found["wage"] == ["工资性收入：请填写。"]
    assert found["education_ok"] == ["义务教育：请选择。"]
    assert "members.0.id_number" in found and "members.0.health" in found
    assert errors(load("verification"), papers.verification(TODAY, members=[]))["members"] == [
        "家庭成员：至少填写一行。"
    ]


def test_what_is_hidden_is_dropped_and_not_required() -> None:
    form = load("authorisation")
    clean = form.validate(
        {"signed": "no", "refusal_reason": "不愿", "scan": ["7"], "signers": "x"}, today=TODAY
    )
    assert clean == {"signed": "no", "refusal_reason": "不愿"}
    assert set(errors(form, {"signed": "yes"})) == {"signers", "signed_on", "scan"}


def test_hidden_in_a_row_by_the_row_itself() -> None:
    rows = [papers.member(id_type="none", id_number="")]
    clean = load("verification").validate(papers.verification(TODAY, members=rows), today=TODAY)
    assert "id_number" not in clean["members"][0]


@pytest.mark.parametrize(
    ("changes", "path", "sentence"),
    [
        ({"visited_on": "2022-05-06"}, "visited_on", "入户日期：日期不能晚于今天。"),
        ({"visited_on": "5月5日"}, "visited_on", "入户日期：请填写日期，如 2022-05-06。"),
        ({"wage": "一万"}, "wage", "工资性收入：请填写数字。"),
        ({"wage": "-1"}, "wage", "工资性收入：不能小于 0。"),
        ({"wage": "1.234"}, "wage", "工资性收入：最多保留 2 位小数。"),
        ({"wage": "9" * 40}, "wage", "工资性收入：数字超出了范围。"),
        ({"wage": "NaN"}, "wage", "工资性收入：请填写数字。"),
        ({"phone": "123"}, "phone", "联系电话：请填写 11 位手机号或带区号的座机号。"),
        ({"opinion": "maybe"}, "opinion", "初步意见：请从所列选项中选择。"),
        ({"opinion": " \u200b\u3000"}, "opinion", "初步意见：请选择。"),
        ({"wage": "\u200b "}, "wage", "工资性收入：请填写。"),
        ({"risks": ["bad"]}, "risks", "风险类型：请从所列选项中选择。"),
        ({"address": "   "}, "address", "家庭住址：请填写。"),
        ({"photos": ["77"]}, "photos", "现场照片、户主签字页：附件不存在，请重新上传。"),
        ({"address": "路" * 300}, "address", "家庭住址：请填写不超过 200 字。"),
    ],
)
def test_bad_values_get_a_sentence(changes: dict[str, Any], path: str, sentence: str) -> None:
    assert errors(load("verification"), papers.verification(TODAY, **changes)) == {path: [sentence]}


def test_a_choice_may_be_typed_with_blanks_around_it() -> None:
    typed = papers.verification(TODAY, opinion=" suggest\u3000")
    assert load("verification").validate(typed, today=TODAY)["opinion"] == "suggest"


@pytest.mark.duty("R12", "R16")
def test_the_county_form_asks_for_what_the_register_says_it_needs() -> None:
    form = load("county_approval")
    finding = {
        "case": {
            "decision_matter": "identification",
            "category": {"advice": "judge", "basis": "x"},
            "matching": {"effect": "to_verify"},
        }
    }
    forged = {"outcome": "approve", "category": "marginal", "advice": "admit", "matching_effect": "none"}
    assert set(errors(form, forged, **finding)) == {"ground", "explanation"}
    clear = {
        "case": {
            "decision_matter": "identification",
            "category": {"advice": "admit", "basis": "x"},
            "matching": {"effect": "none"},
        }
    }
    assert (
        form.validate({"outcome": "approve", "category": "marginal"}, today=TODAY, context=clear)["outcome"]
        == "approve"
    )
    nothing: dict[str, Any] = {
        "case": {"decision_matter": "identification", "category": {"advice": "admit", "basis": "x"}}
    }
    assert set(errors(form, {"outcome": "approve", "category": "marginal"}, **nothing)) == {"explanation"}
    assert set(errors(form, {"outcome": "reject"}, **clear)) == {"reason"}


def test_browser_fields_become_rows() -> None:
    sent = MultiDict(
        [
            ("wage", "1,200"),
            ("members-0-name", "王"),
            ("members-2-name", "李"),
            ("risks", "illness"),
            ("risks", "other"),
        ]
    )
    raw = load("verification").parse(sent)
    assert raw["members"] == [{"name": "王"}, {"name": "李"}]
    assert (raw["wage"], raw["risks"], raw["photos"]) == ("1,200", ["illness", "other"], [])


def test_prefill_comes_from_the_register() -> None:
    context = {
        "household": {"address": "东沟1号", "members": [{"name": "王"}], "risks": []},
        "clue": {"risks": ["illness"]},
        "case": {},
    }
    found = load("verification").prefill(context)
    assert (found["address"], found["members"], found["risks"], found["property"]) == (
        "东沟1号",
        [{"name": "王"}],
        ["illness"],
        0,
    )


def test_unknown_component_types_and_bad_conditions_are_findings() -> None:
    schema = {
        "components": [
            {"type": "html", "content": "<b>"},
            {"type": "textfield", "key": "a"},
            {"type": "textfield", "key": "a"},
            {"type": "select", "key": "b"},
            {"type": "textfield", "key": "c", "conditional": {"hide": "=1 +"}},
        ]
    }
    sentences = [finding.message for finding in check_form(schema)]
    assert len(sentences) == 4 and "不能在办理页面显示" in sentences[0]


def test_the_browser_evaluates_all_that_the_forms_compute() -> None:
    script = (ROOT / "web" / "assets" / "feel" / "feel.js").read_text()
    table = script[script.index("const kinds") : script.index("export function")]
    known = set(re.findall(r"^  (\w+): ", table, re.MULTILINE))
    components = [
        c for key in KEYS for c in json.loads((ROOT / "forms_json" / f"{key}.json").read_text())["components"]
    ]
    used = {kind for component in components for tree in trees(component) for kind in kinds_of(tree)}
    assert "group" in used  # the walk finds what is nested
    assert used <= known


def test_a_decision_has_no_default() -> None:
    radio = {
        "type": "radio",
        "key": "outcome",
        "label": "审核意见",
        "defaultValue": "approve",
        "validate": {"required": True},
    }
    options = [{"value": "approve", "label": "同意"}, {"value": "reject", "label": "不同意"}]
    schema = {
        "components": [
            {**radio, "values": options},
            {"type": "number", "key": "n", "label": "数", "defaultValue": 3},
        ]
    }
    assert ["决定" in finding.message for finding in check_form(schema)] == [True]
    form = compile_form(schema)  # a version from before the check knew
    assert form.prefill({}) == form.filled({}, {}) == form.defaults == {"n": 3}
    assert errors(form, form.filled({}, {})) == {"outcome": ["审核意见：请选择。"]}


def test_in_bulk_nobody_chooses_by_a_default() -> None:
    kind = {
        "type": "select",
        "key": "kind",
        "label": "类别",
        "defaultValue": "a",
        "values": [{"value": "a"}, {"value": "b"}],
    }
    told = {**kind, "key": "told", "properties": {"prefill": "case.kind"}}
    form = compile_form({"components": [kind, told, {**told, "key": "opinion"}]})
    assert form.filled({"kind": ""}, {"case": {"kind": "b"}}) == {"told": "b"}
    assert form.defaults == {"kind": "a"}  # shown, and sent by whoever leaves it so


def test_a_default_on_a_read_only_field_is_stored_whatever_is_sent() -> None:
    fixed = {
        "type": "textfield",
        "key": "unit",
        "label": "单位",
        "readonly": True,
        "defaultValue": "乡镇政府",
    }
    rows = {
        "type": "dynamiclist",
        "path": "rows",
        "components": [fixed, {"type": "number", "key": "n", "label": "数"}],
    }
    clean = compile_form({"components": [fixed, rows]}).validate(
        {"unit": "x", "rows": [{"n": "1", "unit": "y"}]}, today=TODAY
    )
    assert clean == {"unit": "乡镇政府", "rows": [{"unit": "乡镇政府", "n": 1}]}


def test_what_came_back_empty_is_told_unless_it_is_hidden_fixed_or_nobody_filled_it() -> None:
    def field(key: str, **more: Any) -> dict[str, Any]:
        return {"type": "textfield", "key": key, "label": key, **more}

    filled = {"properties": {"prefill": "case.told"}}
    absent = {"conditional": {"hide": '=has_phone = "no"'}}
    fields = [field("has_phone"), field("phone", **filled, **absent), field("place", **filled)]
    form = compile_form({"components": [*fields, field("unit", **filled, readonly=True), field("own")]})
    assert form.emptied({"has_phone": "yes"}) == {"phone", "place"}
    assert form.emptied({"has_phone": "no"}) == {"place"}
    assert form.emptied({"has_phone": "yes", "phone": "1", "place": "村"}) == set()


def test_files_in_rows_are_found_and_replaced_where_they_stand() -> None:
    photo = {"type": "filepicker", "key": "photo", "label": "照片", "multiple": True}
    inner = {"type": "dynamiclist", "path": "parts", "components": [{"type": "group", "components": [photo]}]}
    form = compile_form(
        {"components": [photo, {"type": "dynamiclist", "path": "rows", "components": [inner]}]}
    )
    raw = {"photo": ["1"], "rows": [{"parts": []}, {"parts": [{"photo": ["2", "3"], "x": "kept"}]}]}
    assert form.files_of(raw) == {"photo": ["1"], "rows.1.parts.0.photo": ["2", "3"]}
    replaced = form.with_files(raw, {"photo": ["4"], "rows.1.parts.0.photo": ["5"]})
    assert replaced == {"photo": ["4"], "rows": [{"parts": []}, {"parts": [{"photo": ["5"], "x": "kept"}]}]}


@pytest.mark.parametrize(
    ("pattern", "typed", "sentence"),
    [
        ("[0-9A-Za-z-]{6,40}", "12", "格式不对，应为 6 至 40 位，只能用数字、字母和“-”。"),
        ("[0-9]{6}", "12345x", "格式不对，应为 6 位，只能用数字。"),
        ("豫[A-Z]{2}\\d+", "京", "格式不对。"),
    ],
)
def test_a_wrong_format_is_told_the_right_one(pattern: str, typed: str, sentence: str) -> None:
    field = {"type": "textfield", "key": "number", "label": "编号", "validate": {"pattern": pattern}}
    form = compile_form({"id": "f", "components": [field]})
    with pytest.raises(Invalid) as refused:
        form.validate({"number": typed}, today=date(2022, 5, 5))
    assert refused.value.fields == {"number": [f"编号：{sentence}"]}


CHOICE = {
    "type": "radio",
    "key": "outcome",
    "label": "意见",
    "values": [{"label": "同意", "value": "approve"}],
}


def test_the_choices_of_a_decision_say_what_is_decided() -> None:
    for key in ("township_review", "county_approval"):
        form = Form(json.loads((ROOT / "forms_json" / f"{key}.json").read_bytes()))
        (outcome,) = [
            one for one in form.render({"matter": "elimination"}) if one.component.get("key") == "outcome"
        ]
        assert list(outcome.options.values()) == ["同意：标注风险消除", "不同意：标注风险消除"]
        (unsaid,) = [one for one in form.render({}) if one.component.get("key") == "outcome"]
        assert list(unsaid.options.values()) == ["同意", "不同意"]
    schema = {"components": [CHOICE | {"properties": {"decides": "nothing"}}]}
    assert "“选项写明”用到的“nothing”" in read_schema(json.dumps(schema).encode())[1][0].message


def test_a_form_says_which_parts_it_reads_of_what_it_is_prefilled_from() -> None:
    def field(key: str, prefill: str, **more: Any) -> dict[str, Any]:
        return {"type": "textfield", "key": key, "label": key, "properties": {"prefill": prefill}, **more}

    form = Form(
        {
            "id": "some",
            "components": [
                field("one", "officials.present.text", readonly=True),
                field("two", "if household.size > 2 then officials.load else line.value"),
                field("three", "string join(for one in case.members return one.name)"),
                field("four", "string(listed)"),
            ],
        }
    )
    assert form.readonly_reads == {"officials", "officials.present"}
    parts = {"officials.load", "household.size", "line.value", "case.members", "listed.*"}
    whole = {"officials", "household", "line", "case", "listed"}
    assert form.reads == parts | whole | {"officials.present"}
