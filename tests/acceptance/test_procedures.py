"""S17, S18: the procedure changed by those who own it, without a programmer and without fear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.casework.models import CaseFile
from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.drawing import new_draft, pick, put, saved, stored
from tests.support.world import World

ROOT = Path(__file__).parents[2]
NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_text()
FIRST, SECOND, THIRD = "王建国", "李秀英", "张保山"
NUMBERS = {FIRST: "41990119750308123", SECOND: "41990119760411232", THIRD: "41990119740915117"}


def put_into_force(owner: Official, at: str, note: str) -> None:
    """Put the draft into force on its page, with a note, as a process owner does."""
    owner.page.goto(at)
    owner.press("text=看改了什么，启用")
    assert "没有发现问题" in owner.text
    owner.page.fill("#note", note)
    owner.press("main form .btn-primary")
    assert "新版本已经启用" in owner.said and note in owner.text


def versions(site: Site, key: str) -> list[dict[str, Any]]:
    """The versions of a procedure, latest first."""
    found: list[dict[str, Any]] = site.api("liucheng").get(f"/api/v1/procedures/{key}/versions").json()
    return found


def enter(past: World, name: str) -> CaseFile:
    """A clue about one of the three households."""
    return past.enter(name=name, id_number=papers.id_number(NUMBERS[name]), address=f"{name}家")


@pytest.mark.duty("C1", "C5")
def test_s17_a_second_township_signature_is_drawn_in_and_taken_out_again(site: Site, past: World) -> None:
    owner, township = site.official("liucheng"), site.official("xiang")
    page = owner.page
    cases = {FIRST: enter(past, FIRST)}
    at = new_draft(owner, "乡级复签", "review_and_approval")
    put(page, "create.user-task", 745, 230)
    page.wait_for_selector("[data-panel] >> text=人工任务")
    page.fill("[data-field=name]", "乡级复签")
    page.select_option("[data-field=formKey]", "township_review")
    page.wait_for_selector("[data-field=queue] >> text=按泳道（乡级）", state="attached")
    page.fill("[data-field=variable]", "second_review")
    page.press("[data-field=variable]", "Tab")
    added = page.get_attribute("[data-panel]", "data-of")
    page.wait_for_selector("[data-counter][data-state=ready]:has-text('没有问题')")
    saved(page)
    put_into_force(owner, at, "加一道签字")
    cases[SECOND] = enter(past, SECOND)
    at = new_draft(owner, "去掉复签", "review_and_approval")
    pick(page, str(added))
    page.keyboard.press("Delete")
    page.wait_for_selector("[data-counter][data-state=ready]:has-text('没有问题')")
    saved(page)
    assert "乡级复签" not in stored(owner, at).decode()
    put_into_force(owner, at, "又去掉")
    cases[THIRD] = enter(past, THIRD)
    assert [one["number"] for one in versions(site, "identification")] == [3, 2, 1]
    for case in cases.values():
        past.to_notice(case)
    past.go_to(6)
    for name, case in cases.items():
        past.finish(case, "end_notice", "cun")
        township.finish(name, "乡级审核", "township_review")
        if name == SECOND:
            assert site.official("xian").steps_of(name) == []
            township.finish(name, "乡级复签", "township_review")
        for step, who in (("approve", "xian"), ("announce", "xiang"), ("register", "xiang")):
            past.finish(case, step, who)
        assert past.case(case.id).outcome_code == "admitted"


BROKEN = (
    NOTICE.replace('id="notice.open"', 'id="notice.explode"')
    .replace('objection_record.outcome = "upheld_changed"', 'open("/etc/passwd").read() = "x"')
    .replace('sourceRef="notice_running"', 'sourceRef="close_notice"')
)
NO_END = NOTICE.replace("<bpmn:endEvent ", "<bpmn:manualTask ").replace(
    "</bpmn:endEvent>", "</bpmn:manualTask>"
)


@pytest.mark.duty("C5")
def test_s18_a_broken_diagram_is_refused_element_by_element(site: Site, tmp_path: Path) -> None:
    owner, before = site.official("liucheng"), versions(site, "public_notice")
    broken, endless = tmp_path / "broken.bpmn", tmp_path / "endless.bpmn"
    broken.write_text(BROKEN)
    endless.write_text(NO_END)
    at = new_draft(owner, "坏图", file=broken)
    page = owner.page
    page.wait_for_selector("[data-counter].grave")
    page.click("[data-counter]")
    drawn = page.inner_text("[data-issues]")
    page.goto(at)
    for text in (drawn, owner.text):
        assert "公示开始 服务“notice.explode”不存在" in text.replace(" open_notice", "")
        assert "没有出口：走到这里就再也走不下去了" in text
        assert '表达式“open("/etc/passwd").read() = "x"”写得不对' in text
    for element_id in ("open_notice", "notice_running", "flow_objection_decided__notice_changed"):
        assert page.locator(f".findings code:text-is('{element_id}')").count() >= 1, element_id
    at = new_draft(owner, "没有结束", file=endless)
    page.goto(at)
    assert "流程没有结束事件" in owner.text and "改好才能启用" in owner.text
    for text in (BROKEN, NO_END):
        answer = site.api("liucheng").post(
            "/api/v1/procedures/public_notice/versions", data={"xml": text, "note": "x"}
        )
        assert answer.status == 422 and answer.json()["findings"]
    assert versions(site, "public_notice") == before
