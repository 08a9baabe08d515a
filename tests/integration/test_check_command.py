"""`shouwang check`: the same check as in the browser, for files on a desk, and its answer for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.flow.diagram.xml import MAX_BYTES
from engine.prevention.installation import ROOT
from tests.support.client import Caller, application
from tests.support.world import World
from tests.unit.test_foreign_files import FORM, STEP, camunda7
from web.cli import main


def run(*arguments: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(main, ["check", *map(str, arguments)])
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer.exit_code, answer.output


@pytest.mark.duty("C5")
def test_the_products_own_files_are_sound() -> None:
    code, output = run(
        ROOT / "bpmn/public_notice.bpmn",
        ROOT / "forms_json/objection.json",
        ROOT / "bpmn/decisions/category.dmn",
    )
    assert code == 0 and output.count("没有问题") == 3


@pytest.mark.duty("C5")
def test_a_desktop_file_is_checked_with_the_forms_in_its_folder(tmp_path: Path) -> None:
    step = STEP.replace("clue.form", "visit.form")
    (tmp_path / "visit.bpmn").write_text(camunda7(step))
    code, output = run(tmp_path / "visit.bpmn")
    assert code == 1 and "错误 入户核实（Activity_1）：表单“visit”不存在。" in output
    (tmp_path / "visit.form").write_bytes(FORM)
    assert run(tmp_path / "visit.bpmn")[0] == 0


def test_warnings_are_no_errors_and_programs_get_json(tmp_path: Path) -> None:
    (tmp_path / "clue.json").write_bytes(FORM)
    file = tmp_path / "visit.bpmn"
    file.write_text(camunda7(STEP.replace(" />", ' camunda:assignee="demo" />')))
    code, output = run(file)
    assert code == 0 and "提醒 入户核实" in output
    code, output = run("--json", file)
    found = next(one for one in json.loads(output)[str(file)] if one["element_id"] == "Activity_1")
    assert code == 0 and found["severity"] == "warning"


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("a.bpmn", b"<not xml", "不是完整的 XML"),
        ("a.bpmn", b"", "不是完整的 XML"),
        ("a.bpmn", b" " * (MAX_BYTES * 3), "过大"),
        ("a.json", b"[" * 100_000, "表单"),
        ("a.form", b"{}", "缺少 components"),
        ("a.dmn", b"<a/>", "不是 DMN"),
    ],
)
def test_broken_files_get_a_sentence(tmp_path: Path, name: str, body: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(body)
    code, output = run(tmp_path / name)
    assert code == 1 and sentence in output


@pytest.mark.duty("C5")
def test_a_programme_checks_a_file_with_the_forms_sent_beside_it(small_world: World) -> None:
    owner = Caller(application(small_world), small_world, "liucheng")
    text = camunda7(STEP.replace("clue.form", "visit.form")).replace('encoding="UTF-8"', 'encoding="GBK"')
    found = owner.post("/procedures/check", {"xml": text}).json["findings"]
    errors = [(one["element_id"], one["message"]) for one in found if one["severity"] == "error"]
    assert errors == [("Activity_1", "表单“visit”不存在。")]
    answer = owner.post("/procedures/check", {"xml": text, "forms": {"visit": json.loads(FORM)}})
    assert answer.json["ok"] and all(one["severity"] == "warning" for one in answer.json["findings"])


@pytest.mark.parametrize(
    "body",
    [
        {"xml": ""},
        {"xml": "\ud800"},
        {"xml": "<a>" * 5000},
        {"xml": "x", "decisions": {"category": "\ud800<a/>"}},
        {"xml": "x", "forms": {"clue": None}},
        {"xml": None},
        {"xml": 1},
        {},
    ],
)
def test_bad_requests_get_a_sentence(small_world: World, body: dict[str, Any]) -> None:
    owner = Caller(application(small_world), small_world, "liucheng")
    answer = owner.client.post(  # as JSON may: with half a character
        "/api/v1/procedures/check",
        data=json.dumps(body),
        headers=owner.headers,
        content_type="application/json",
    )
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code == 200:
        assert not answer.json["ok"] and answer.json["findings"][0]["message"].endswith("。")


@pytest.mark.duty("C5")
def test_a_decision_whose_ids_mean_two_things_is_neither_checked_nor_deployed(small_world: World) -> None:
    owner = Caller(application(small_world), small_world, "liucheng")
    diagram = (ROOT / "bpmn" / "identification.bpmn").read_text()
    table = (ROOT / "bpmn" / "decisions" / "category.dmn").read_text()
    twins = table.replace('<rule id="rule_marginal"', '<rule id="rule_unstable"')
    assert twins != table
    sentence = "决策表“category”：编号“rule_unstable”在文件里出现了 2 次。"
    found = owner.post("/procedures/check", {"xml": diagram, "decisions": {"category": twins}}).json
    assert not found["ok"] and {one["message"] for one in found["findings"]} == {sentence}
    refused = owner.post(
        "/procedures/identification/versions", {"xml": diagram, "decisions": {"category": twins}, "note": "x"}
    )
    assert refused.status_code == 422 and sentence in refused.json["findings"][0]["message"], refused.json


def test_bad_forms_and_decisions_sent_along_are_findings(small_world: World) -> None:
    owner = Caller(application(small_world), small_world, "liucheng")
    for form in (
        [[[]]],
        None,
        {},
        "x",
        1,
        {"components": [1]},
        {"components": [{"type": "group", "components": 3}]},
    ):
        answer = owner.post("/procedures/check", {"xml": camunda7(STEP), "forms": {"clue": form}})
        assert answer.status_code == 200 and not answer.json["ok"], (form, answer.text)
