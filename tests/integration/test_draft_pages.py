"""The pages and the script's addresses of drafts: what is typed wrong gets a sentence,
and nothing half is stored.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient

from engine.flow.vocabulary import used
from tests.support.client import application, signed_in
from tests.support.world import World

NOTICE = (Path(__file__).parents[2] / "bpmn" / "public_notice.bpmn").read_bytes()


@pytest.fixture
def owner(small_world: World) -> FlaskClient:
    """A process owner's client."""
    return signed_in(application(small_world), small_world.official("liucheng"))


def _new(owner: FlaskClient, **data: object) -> str:
    answer = owner.post("/drafts", data={"name": "公示改为7天", **data}, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


@pytest.mark.duty("C1")
def test_a_draft_from_the_procedure_in_force_a_file_and_nothing(owner: FlaskClient) -> None:
    page = owner.get(_new(owner, source="procedure", procedure_key="public_notice")).text
    assert "公示与异议 第 1 版" in page and "没有发现问题" in page
    page = owner.get(_new(owner, source="file", file=(BytesIO(NOTICE), "a.bpmn"))).text
    assert "公示与异议 第 1 版" in page
    page = owner.get(_new(owner, source="blank")).text
    assert "新流程" in page and "可以启用，但请留意以下 1 处" in page and "没有人能启动这个流程" in page
    assert owner.get("/drafts").text.count('class="subject"') == 3


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"source": "procedure"}, "请选择流程"),
        ({"source": "procedure", "procedure_key": "没有"}, "还没有启用的版本"),
        ({"source": "version", "version_id": "x"}, "没有找到这一版流程"),
        ({"source": "version", "version_id": "99999"}, "没有找到这一版流程"),
        ({"source": "file"}, "请选择流程图文件"),
        ({"source": "file", "file": (BytesIO(b"PK\x03\x04"), "a.bpmn")}, "不是完整的 zip"),
        ({"source": "blank", "name": " "}, "起个名字"),
        ({"source": "blank", "name": "长" * 81}, "不超过 80 个字"),
    ],
)
def test_what_is_wrong_is_said(owner: FlaskClient, data: dict[str, object], sentence: str) -> None:
    answer = owner.post("/drafts", data={"name": "改", **data}, content_type="multipart/form-data")
    assert answer.status_code in (404, 422) and sentence in answer.text
    assert "还没有草稿" in owner.get("/drafts").text


@pytest.mark.duty("C1")
def test_the_script_saves_checks_and_is_told_of_others(owner: FlaskClient) -> None:
    at = _new(owner, source="procedure", procedure_key="public_notice")
    changed = NOTICE.decode().replace(", 5)", ", 7)")
    assert owner.post(f"{at}/diagram", json={"revision": 1, "xml": changed}).get_json() == {"revision": 2}
    late = owner.post(f"{at}/diagram", json={"revision": 1, "xml": changed})
    assert late.status_code == 409 and "流甲" in late.get_json()["detail"]
    copied = owner.post(f"{at}/copy", json={"name": "另一份", "xml": changed}).get_json()["address"]
    assert b", 7)" in owner.get(f"{copied}.bpmn").data
    broken = changed.replace("days after(notice.posted_on, 7)", "open('/etc/passwd')")
    found = owner.post(f"{at}/check", json={"xml": broken}).get_json()["findings"]
    assert any(one["element_id"] == "notice_over" and "写得不对" in one["sentence"] for one in found)
    assert owner.post(f"{at}/seen", json={}).get_json() == {"others": [], "revision": 2, "status": "open"}
    for body in ({}, {"revision": "2", "xml": "x"}, {"revision": 2}, {"revision": 2, "xml": "<x/>"}, [1]):
        assert owner.post(f"{at}/diagram", json=body).status_code == 422, body
    assert owner.post(f"{at}/diagram", data="{", content_type="application/json").status_code == 422
    assert owner.post("/drafts/feel", json={"text": "a >"}).get_json()["sentence"]
    assert owner.post("/drafts/feel", json={"text": "P5D", "timer": True}).get_json() == {"sentence": ""}


def test_the_whole_is_exported_with_forms_and_a_file_takes_the_diagram_s_place(owner: FlaskClient) -> None:
    at = _new(owner, source="procedure", procedure_key="public_notice")
    names = ZipFile(BytesIO(owner.get(f"{at}/export.zip").data)).namelist()
    assert "bpmn/public_notice.bpmn" in names and "forms_json/notice.json" in names
    sent = {"revision": "1", "file": (BytesIO(NOTICE.replace(b", 5)", b", 6)")), "a.bpmn")}
    assert owner.post(f"{at}/import", data=sent, content_type="multipart/form-data").status_code == 303
    assert b", 6)" in owner.get(f"{at}/diagram.bpmn").data
    stale = {"revision": "1", "file": (BytesIO(NOTICE), "a.bpmn")}
    assert owner.post(f"{at}/import", data=stale, content_type="multipart/form-data").status_code == 409


def test_what_can_be_named_has_chinese_words(owner: FlaskClient) -> None:
    found = owner.get(f"{_new(owner, source='procedure', procedure_key='public_notice')}/known").get_json()
    given = {one["key"] for one in found["given"]}
    assert given == {one.name for one in used().speaking_of("").given}
    assert {"notice_matter", "notice_basis"} <= {one["key"] for one in found["handed"]}
    notice = next(form for form in found["forms"] if form["key"] == "notice")
    assert {"posted_on", "place"} <= {field["key"] for field in notice["fields"]}
    part = next(part for part in found["parts"] if part["key"] == "public_notice")
    assert {"notice_result", "notice.posted_on", "objection"} <= {one["key"] for one in part["names"]}
    assert "objection_finding.outcome" in {one["key"] for one in part["names"] if one.get("options")}
