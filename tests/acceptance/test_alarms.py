"""Q57, T23: eighty marks in one day are seen by who supervises, with their figures; nobody is set an aim."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.prevention.quality.alarms import weekly
from tests.integration.test_alarms import WEEK, marked, monitored
from tests.support.browser import Site
from tests.support.template import VILLAGE
from tests.support.world import World


@pytest.mark.duty("R02", "R38")
def test_t23_marks_crowded_into_one_day_are_shown_as_a_fact(site: Site, past: World) -> None:
    household = monitored(past)
    usual = {(VILLAGE, WEEK - timedelta(days=7 * n)): 2 for n in range(1, 27)}
    marked(past, {**usual, (VILLAGE, WEEK + timedelta(days=2)): 80})
    while weekly.look(past.sessions, past.clock):
        pass
    supervisor, province = site.official("ducha"), site.official("sheng")
    supervisor.go("/supervision")
    supervisor.press("a:has-text('标注提示 2')")
    page = supervisor.page
    crowded = page.locator("[data-alarm=concentrated]")
    assert "标注风险消除 80 户，过去 26 周平均每周 2 户" in crowded.inner_text()
    assert "不是指标，不作排名，不影响任何一户的办理" in supervisor.text
    unmarked = page.locator("[data-alarm=unmarked]").inner_text()
    assert f"{household.head_name}户" in unmarked and "没有开展核查" in unmarked
    crowded.locator("input[name=note]").fill("全乡同一天评议，逐户看过")
    supervisor.press(crowded.get_by_role("button", name="写说明"))
    assert "说明已保存" in supervisor.said
    assert "逐户看过 督甲" in " ".join(crowded.inner_text().split())
    page.locator("summary", has_text="口径").click()
    assert page.locator("#times").count() == 0 and "是过去平均每周的多少倍" in supervisor.text
    # what strikes is the province's to set
    province.go("/alarms")
    province.page.locator("summary", has_text="口径").click()
    province.page.fill("#times", "0")
    province.press("details button.btn-primary")
    assert "须是 1 到 100 的整数" in province.said and province.page.input_value("#times") == "0"
    province.page.fill("#times", "5")
    province.press("details button.btn-primary")
    assert "口径已保存" in province.said
    assert site.official("cun").go("/alarms") == 403
