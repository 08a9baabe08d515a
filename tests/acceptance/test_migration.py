"""S16 in the browser: the notice becomes seven days while cases wait in it;
the owner moves them on purpose.
"""

from __future__ import annotations

import pytest

from engine.prevention.installation import ROOT
from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.world import World

NOTICE = (ROOT / "bpmn" / "public_notice.bpmn").read_text()
SEVEN = NOTICE.replace("days after(notice.posted_on, 5)", "days after(notice.posted_on, 7)").replace(
    "公示满5天", "公示满7天"
)
NAMES = ("王建国", "赵有田")


def work_off(owner: Official) -> None:
    """Wait for the page that comes after the progress."""
    owner.page.wait_for_selector("nav.tabs")


@pytest.mark.duty("R10", "C5")
def test_s16_the_owner_moves_waiting_notices_to_seven_days(site: Site, past: World) -> None:
    village, owner = site.official("cun"), site.official("liucheng")
    past.to_notice(past.enter())
    past.go_to(2)
    past.enter(name=NAMES[1], id_number=papers.id_number("41990119680412113"), address="西沟2号")
    answer = site.api("liucheng").post(
        "/api/v1/procedures/public_notice/versions", data={"xml": SEVEN, "note": "公示改为7天"}
    )
    assert answer.status == 201, answer.text()

    owner.go("/procedures/identification/versions/2/move")
    assert "全部 2 件" in owner.text
    owner.press("text=逐件查看")
    work_off(owner)
    assert "2 件可以迁移" in owner.text
    row = owner.page.locator("table.list tbody tr").filter(has_text="公示满7天").inner_text()
    assert "“公示满5天” → “公示满7天”：5月11日 00:00 → 5月13日 00:00" in row.replace("\n", " ")
    assert "没有变化" in owner.text and NAMES[0] not in owner.text  # a process owner sees no household
    owner.page.fill("#note", "省里要求公示7天")
    owner.press("text=迁移这 2 件")
    owner.page.wait_for_selector("[data-acted]")
    assert "已迁移 2 件" in owner.said

    site.go_to(7)
    assert village.steps_of(NAMES[0]) == []
    village.open_case(NAMES[0])
    assert "流程由第1版改按第2版办理" in village.text and "流甲" in village.text
    site.go_to(8, 0)
    assert village.steps_of(NAMES[0]) == ["公示结果上报"]


@pytest.mark.duty("C5")
def test_a_case_that_does_not_fit_says_why_and_stays(site: Site, past: World) -> None:
    village, owner = site.official("cun"), site.official("liucheng")
    past.finish(past.enter(), "verify", "cun")
    body = (ROOT / "bpmn" / "identification.bpmn").read_text()
    changed = body.replace('"sign"', '"sign_letter"').replace(">sign<", ">sign_letter<")
    answer = site.api("liucheng").post(
        "/api/v1/procedures/identification/versions", data={"xml": changed, "note": "改编号"}
    )
    assert answer.status == 201, answer.text()
    owner.go("/procedures/identification/versions/2/move")
    chosen = owner.page.locator('select[name="map:sign"]')
    assert chosen.input_value() == "sign_letter"  # the step of the same name is proposed
    chosen.select_option("")
    owner.press("text=逐件查看")
    work_off(owner)
    assert "1 件不能迁移" in owner.text and "现停在“签订承诺授权书”，新版没有这一步" in owner.text
    owner.press("text=重新查看")
    owner.press("text=逐件查看")
    work_off(owner)
    assert "1 件可以迁移" in owner.text
    owner.page.fill("#note", "改编号")
    owner.press("text=迁移这 1 件")
    owner.page.wait_for_selector("[data-acted]")
    village.finish(NAMES[0], "签订承诺授权书", "authorisation")
