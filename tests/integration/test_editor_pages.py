"""What the decision and form editors ask the server: wrong input gets a sentence,
and nothing half is stored.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.client import application, signed_in
from tests.support.world import World

ROOT = Path(__file__).parents[2]
CATEGORY = (ROOT / "bpmn" / "decisions" / "category.dmn").read_text()
VERIFICATION = (ROOT / "forms_json" / "verification.json").read_text()


@pytest.fixture
def owner(small_world: World) -> FlaskClient:
    """A process owner's client."""
    return signed_in(application(small_world), small_world.official("liucheng"))


@pytest.fixture
def at(owner: FlaskClient) -> str:
    """The address of a draft of the identification."""
    sent = {"name": "改类别建议", "source": "procedure", "procedure_key": "identification"}
    return str(owner.post("/drafts", data=sent).headers["Location"])


def _form(*components: object) -> str:
    return json.dumps({"type": "default", "id": "verification", "components": list(components)})


def _nested(depth: int) -> str:
    inner: dict[str, object] = {"type": "textfield", "key": "x", "label": "x"}
    for _ in range(depth):
        inner = {"type": "group", "components": [inner]}
    return _form(inner)


@pytest.mark.duty("C1")
def test_a_changed_decision_is_saved_listed_exported_and_taken_back(owner: FlaskClient, at: str) -> None:
    changed = CATEGORY.replace("monitoring_line.amount", "monitoring_line.amount * 1.1", 1)
    saved = owner.post(f"{at}/decisions/category", json={"revision": 1, "text": changed})
    assert saved.get_json() == {"revision": 2}
    assert owner.get(f"{at}/decisions/category/file").data == changed.encode()
    assert "这份草稿里改过" in owner.get(at).text
    late = owner.post(f"{at}/decisions/category", json={"revision": 1, "text": CATEGORY})
    assert late.status_code == 409 and "流甲" in late.get_json()["detail"]
    kept = owner.post(f"{at}/decisions/category/copy", json={"name": "我的", "text": CATEGORY}).get_json()[
        "address"
    ]
    assert owner.get(f"{kept}/file").data == CATEGORY.encode()
    assert owner.post(f"{at}/decisions/category/revert", data={"revision": "2"}).status_code == 303
    assert owner.get(f"{at}/decisions/category/file").data != changed.encode()
    assert "这份草稿里改过" not in owner.get(at).text


@pytest.mark.duty("C1")
def test_a_decision_is_tried_on_sample_inputs(owner: FlaskClient, at: str) -> None:
    samples = {
        "verification.per_capita": "6000",
        "monitoring_line.amount": "6400",
        "verification.household_type": "lifted_with_policy",
    }
    first = owner.post(f"{at}/decisions/category/try", json={"text": CATEGORY, "samples": samples}).get_json()
    assert first["hits"] == [1, 2, 4] and first["result"]["advice"] == "admit"
    higher = {**samples, "verification.per_capita": "9000"}
    found = owner.post(f"{at}/decisions/category/try", json={"text": CATEGORY, "samples": higher}).get_json()
    assert found["hits"] == [4] and found["result"]["advice"] == "judge"
    twice = CATEGORY.replace('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"')
    found = owner.post(f"{at}/decisions/category/try", json={"text": twice, "samples": samples}).get_json()
    assert "唯一" in found["sentence"] and found["hits"] == [1, 2, 4]
    wrong = owner.post(
        f"{at}/decisions/category/try", json={"text": CATEGORY, "samples": {"monitoring_line.amount": "[1,"}}
    )
    assert wrong.status_code == 422 and "写得不对" in wrong.get_json()["detail"]


@pytest.mark.duty("C1")
def test_a_cell_that_cannot_be_read_is_named_by_row_and_column(owner: FlaskClient, at: str) -> None:
    python = CATEGORY.replace("<text>true</text>", "<text>__import__('os').system('id')</text>", 1)
    (found,) = owner.post(f"{at}/decisions/category/check", json={"text": python}).get_json()["findings"]
    assert found["name"] == "第 1 行“人均纯收入不高于监测范围”" and found["element_id"]
    policy = CATEGORY.replace('hitPolicy="FIRST"', 'hitPolicy="BEST"')
    (found,) = owner.post(f"{at}/decisions/category/check", json={"text": policy}).get_json()["findings"]
    assert "命中策略" in found["sentence"]
    assert owner.post(f"{at}/decisions/category/check", json={"text": CATEGORY}).get_json()["findings"] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a",
        "PK\x03\x04",
        "<definitions/>",
        "[1]",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        CATEGORY + " " * 1_100_000,
        "<a>" * 20_000,
    ],
)
def test_what_is_no_decision_table_is_refused_and_nothing_is_stored(
    owner: FlaskClient, at: str, text: str
) -> None:
    answer = owner.post(f"{at}/decisions/category", json={"revision": 1, "text": text})
    assert answer.status_code == 422 and "文件" in answer.get_json()["detail"]
    assert owner.post(f"{at}/decisions/category/check", json={"text": text}).get_json()["findings"]
    assert owner.post(f"{at}/decisions/category/try", json={"text": text}).get_json()["sentence"]
    assert owner.post(f"{at}/decisions/category", json={"revision": 1, "text": CATEGORY}).status_code == 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "不是完整的 JSON"),
        ("{", "不是完整的 JSON"),
        ("[]", "缺少 components"),
        ('{"components": {}}', "缺少 components"),
        ("[" * 100_000, "嵌套过深"),
        (_nested(40), "嵌套过深"),
        (_form(1), "没有写明类型"),
        (_form({"type": 3}), "没有写明类型"),
        (_form({"type": "textfield", "key": "x", "validate": []}), "validate 写得不对"),
        (_form({"type": "textfield", "key": "x", "validate": {"pattern": "("}}), "正则"),
        (_form({"type": "textfield", "key": "x", "validate": {"pattern": "(a+)+"}}), "重复套重复"),
        (_form({"type": "textfield", "key": "x", "validate": {"maxLength": "=1"}}), "应为整数"),
        (_form({"type": "radio", "key": "x", "values": [{"label": "甲"}]}), "可选项写得不对"),
        (_form({"type": "number", "key": "x", "appearance": {"suffixAdorner": 3}}), "suffixAdorner 应为文字"),
        ('{"components": [{"type": "text", "text": "\\ud800"}]}', "不是完整的 JSON"),
        ('{"components": [{"type": "number", "key": "x", "validate": {"min": NaN}}]}', "不是完整的 JSON"),
        (VERIFICATION + " " * 1_100_000, "过大"),
    ],
)
def test_what_is_no_form_is_refused_and_nothing_is_stored(
    owner: FlaskClient, at: str, text: str, sentence: str
) -> None:
    answer = owner.post(f"{at}/forms/verification", json={"revision": 1, "text": text})
    assert answer.status_code == 422 and sentence in answer.get_json()["detail"], answer.get_json()
    found = owner.post(f"{at}/forms/verification/check", json={"text": text}).get_json()["findings"]
    assert sentence in found[0]["sentence"]
    assert (
        owner.post(f"{at}/forms/verification", json={"revision": 1, "text": VERIFICATION}).status_code == 200
    )


def test_what_the_pages_would_ignore_is_told(owner: FlaskClient, at: str) -> None:
    parts: list[tuple[dict[str, object], str]] = [
        ({"type": "html", "content": "<b>x</b>"}, "不能在办理页面显示"),
        ({"type": "iframe", "url": "https://example.org"}, "不能在办理页面显示"),
        ({"type": "textfield", "key": "x", "validate": {"validationType": "email"}}, "格式核对不起作用"),
        ({"type": "datetime", "key": "x", "subtype": "time"}, "只能填日期"),
        ({"type": "select", "key": "x", "valuesKey": "list"}, "只能逐个列出"),
        ({"type": "textfield", "key": "x", "readonly": "=a > 1"}, "不能用表达式"),
        ({"type": "expression", "key": "x", "expression": "=open('/etc/passwd')"}, "表达式写得不对"),
        ({"type": "textfield", "key": "x", "properties": {"prefill": "a b("}}, "表达式写得不对"),
        ({"type": "group", "path": "inner", "components": []}, "不能有自己的路径"),
    ]
    for component, sentence in parts:
        found = owner.post(f"{at}/forms/verification/check", json={"text": _form(component)}).get_json()[
            "findings"
        ]
        assert any(sentence in one["sentence"] for one in found), (component, found)


@pytest.mark.duty("C1")
def test_a_field_that_the_diagram_needs_is_missed_when_it_is_renamed(owner: FlaskClient, at: str) -> None:
    renamed = VERIFICATION.replace('"key": "opinion"', '"key": "advice"')
    assert renamed != VERIFICATION
    found = owner.post(f"{at}/forms/verification/check", json={"text": renamed}).get_json()
    assert any("opinion" in one for one in found["lost"])
    assert any(one["severity"] == "error" and "opinion" in one["sentence"] for one in found["findings"]), (
        found
    )
    same = owner.post(f"{at}/forms/verification/check", json={"text": VERIFICATION}).get_json()
    assert same == {"findings": [], "lost": []}


@pytest.mark.duty("C1")
def test_a_form_is_previewed_as_officials_see_it(owner: FlaskClient, at: str) -> None:
    every = sorted((ROOT / "forms_json").glob("*.json"))
    for path in every:
        sent = {"schema": path.read_text(), "fill": "sample"}
        page = owner.post(f"{at}/forms/verification/preview", data=sent).text
        assert "试着提交" in page and "data-live" in page, path.stem
    blank = owner.post(f"{at}/forms/verification/preview", data={"schema": VERIFICATION, "attempt": "1"}).text
    assert "处需要更正" in blank and "户类型：请选择。" in blank
    broken = owner.post(f"{at}/forms/verification/preview", data={"schema": "{"}).text
    assert "改好以下问题后才有预览：表单不是完整的 JSON 文件。" in broken


def test_new_forms_and_decisions(owner: FlaskClient, at: str) -> None:
    sent = {"kind": "form", "key": "home_visit", "source": "verification"}
    page = owner.post(f"{at}/resources", data=sent, follow_redirects=True).text
    assert "data-form-editor" in page and "户类型" in page
    assert json.loads(owner.get(f"{at}/forms/home_visit/file").data)["id"] == "home_visit"
    page = owner.post(
        f"{at}/resources", data={"kind": "decision", "key": "urgency", "name": "轻重"}, follow_redirects=True
    ).text
    assert "data-decision" in page and "轻重" in page
    assert (
        owner.post(f"{at}/resources", data={"kind": "form", "key": "empty", "name": "空"}).status_code == 303
    )
    listed = owner.get(at).text
    assert "home_visit" in listed and "urgency" in listed and "图上还没有用到" in listed
    text = owner.get(f"{at}/decisions/urgency/file").text
    assert owner.post(f"{at}/decisions/urgency/check", json={"text": text}).get_json()["findings"] == []
    for bad in (
        {"kind": "form", "key": "home_visit"},
        {"kind": "x", "key": "y"},
        {"kind": "form", "key": "家访"},
        {"kind": "form", "key": ""},
    ):
        assert owner.post(f"{at}/resources", data=bad).status_code == 422, bad
    assert (
        owner.post(f"{at}/resources", data={"kind": "form", "key": "z", "source": "没有"}).status_code == 404
    )
    assert owner.get(f"{at}/forms/没有").status_code == 404


def test_a_draft_that_is_closed_can_only_be_read(owner: FlaskClient, at: str) -> None:
    assert owner.post(f"{at}/discard").status_code == 303
    table = owner.get(f"{at}/decisions/category").text
    assert "只能看" in table and "人均纯收入不高于监测范围" in table and "data-decision" not in table
    assert "只能看" in owner.get(f"{at}/forms/verification").text
    assert (
        owner.post(f"{at}/forms/verification", json={"revision": 1, "text": VERIFICATION}).status_code == 409
    )
