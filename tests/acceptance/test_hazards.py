"""S23, T26: a flood in two townships, from the report to the closure, in the browser (R30–R33)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.casework.models import CaseFile, Notification
from engine.prevention.hazards.watch import weekly
from tests.support.browser import Site
from tests.support.hazards import settle
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.support.world import World

NAME = "7·21暴雨洪涝"
THIRD = "410325102201"
"""A village of the other township."""


@pytest.mark.duty("R30", "R32", "R33")
def test_s23_a_flood_gives_120_households_a_clue_at_once_and_is_answered(site: Site, past: World) -> None:
    settle(past, {VILLAGE: 60, OTHER_VILLAGE: 30, THIRD: 30})
    county, village = site.official("xian"), site.official("cun")
    # a county official reports what the emergency office says, for two townships
    county.go("/hazards")
    county.press("main .page-head .btn-primary")
    county.fill(
        {
            "name": NAME,
            "kind": "natural_disaster",
            "sub_kind": "flood",
            "from_on": site.day(0).isoformat(),
            "reporter": "县应急管理局",
            "households": 120,
            "people": 400,
            "description": "两个乡镇的房屋和农田被淹",
        }
    )
    county.press("main form button.btn-primary")
    assert "波及的地方：至少选一处" in county.text  # what was typed is kept
    county.page.check("input[name=places][value='410325103000']")
    county.page.fill("#others", "没有这个乡\n410325102000")
    county.press("main form button.btn-primary")
    assert "“没有这个乡”不在您负责的范围内" in county.text
    county.page.fill("#others", "410325102000")
    county.press("main form button.btn-primary")
    assert "已报告" in county.said and "120 户 240 人" in county.text
    hazard = county.page.url.rsplit("/", 1)[-1]
    # one act for all: 120 cases of one discovery date in the right villages' queues
    county.press("main .page-head .btn-primary")
    assert county.page.inner_text("[data-waiting]") == "120"
    county.press("main form .buttons button.btn-primary")
    county.page.wait_for_selector("main nav[aria-label='结果']", timeout=60_000)
    assert "为 120 户录入" in county.text
    opened = select(CaseFile.village_code, CaseFile.discovery_date, func.count()).where(
        CaseFile.procedure_key == "identification"
    )
    rows = past.session.execute(opened.group_by(CaseFile.village_code, CaseFile.discovery_date)).all()
    assert {tuple(row) for row in rows} == {
        (VILLAGE, site.day(0), 60),
        (OTHER_VILLAGE, site.day(0), 30),
        (THIRD, site.day(0), 30),
    }
    lines = select(func.count()).select_from(Notification).where(Notification.kind == "clue")
    assert past.session.scalar(lines) == 6  # three villages, two townships, the county: not 120
    assert village.todo_count("入户核实") == 60
    village.go("/bell")
    village.press(village.page.locator("main td a", has_text=NAME).first)
    assert "60 户" not in village.said and NAME in village.text  # the village sees the hazard, not its case
    village.press(village.page.locator("main a", has_text="待办里只看这次风险的"))
    assert "只看一次规模性风险的" in village.text
    # again: nobody gets a second clue
    county.go(f"/hazards/{hazard}/clues")
    assert county.page.inner_text("[data-waiting]") == "0"
    assert county.page.locator("main form .buttons button.btn-primary").first.is_disabled()
    county.go(f"/hazards/{hazard}")
    row = county.page.locator(f"tr[data-village='{VILLAGE}']")
    assert "村甲" in row.inner_text() and "30" in row.inner_text()  # 60 open cases for two officials
    # the county's answer: research, departments, plan, measures, closure
    county.open_task(NAME, "研判")
    county.fill({"outcome": "respond"})
    county.submit()
    county.open_task(NAME, "部门会商")
    day = site.day(0).isoformat()
    minutes = [
        {"department": "emergency", "person": "张局", "opinion": "转移安置"},
        {"department": "weather", "person": "李工", "opinion": "三日内有强降雨"},
    ]
    county.fill(
        {"held_on": day, "place": "县政府", "chair": "赵县长", "minutes": minutes, "conclusion": "启动预案"}
    )
    county.submit()
    county.open_task(NAME, "制定工作预案")
    due = (site.day(0) + timedelta(days=4)).isoformat()
    measures = [
        {"content": "修复饮水管网", "unit": "县水利局", "person": "王工", "due_on": due},
        {"content": "发放临时救助", "unit": "县民政局", "person": "刘科", "due_on": due},
    ]
    county.fill({"name": "防返贫预案", "made_on": day, "goal": "不让一户返贫", "measures": measures})
    county.submit()
    site.go_to(6)
    county.go(f"/hazards/{hazard}")
    assert county.page.locator("#measures .lamp-red").count() == 2 and "应急管理" in county.text
    county.page.locator("#measures td.subject a", has_text="修复饮水管网").click()
    county.fill({"status": "done", "reported_on": site.day(6).isoformat(), "note": "全部通水"})
    county.press("main form button.btn-primary")
    assert "进展已登记" in county.said
    county.open_task(NAME, "落实措施和销号")
    county.fill(
        {"next": "close", "closed_on": site.day(6).isoformat(), "result": "饮水恢复，受灾户已全部核实"}
    )
    county.press("main form[data-live] .buttons button.btn-primary")
    assert "措施没有完成的理由" in county.text  # one is open: not without a reason
    county.fill({"open_reason": "转由民政局常年办理"})
    county.submit()
    county.go(f"/hazards/{hazard}")
    assert "已销号" in county.text and "受灾户已全部核实" in county.text and "已停止" in county.text


@pytest.mark.duty("R31")
def test_the_county_sees_the_areas_to_watch_and_labels_one(site: Site, past: World) -> None:
    settle(past, {VILLAGE: 20, OTHER_VILLAGE: 4})
    settle(past, {OTHER_VILLAGE: 16}, status="monitored")
    county, village = site.official("xian"), site.official("cun")
    assert village.go("/watch") == 403
    county.go("/watch")
    assert "正在推算" in county.text
    county.page.fill("#place", VILLAGE)
    county.page.select_option("#kind", "weak_organisation")
    county.press("#labels form button.btn-primary")
    assert "理由" in county.said
    county.page.fill("#reason", "县委组织部2022年排查认定")
    county.press("#labels form button.btn-primary")
    assert "已标注" in county.said and "县委组织部" in county.text
    while weekly.go_on(past.session, site.now):
        continue
    county.go("/watch")
    weak = county.page.locator("tr[data-kind='weak_village']")
    assert weak.get_attribute("data-place") == VILLAGE and "全县平均 40%" in weak.inner_text()
    open_share = county.page.locator("tr[data-kind='high_open_share']")
    assert "未消除 16 户，占 100%" in open_share.inner_text() and "60%" in open_share.inner_text()
