"""C6: a red lamp appears as time passes, is urged, explained and resolved; figures lead to the case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.browser import Official, Site
from tests.support.template import TOWNSHIP, VILLAGE

NAME = "王建国"


def lamp(supervisor: Official, colour: str) -> int:
    """How many limits the supervisor's page shows under a lamp."""
    supervisor.go("/supervision")
    return int(supervisor.page.locator(f'[data-lamp="{colour}"]').inner_text())


@pytest.mark.duty("C6", "R15")
def test_a_red_lamp_is_urged_explained_and_resolved(site: Site) -> None:
    village, supervisor = site.official("cun"), site.official("ducha")
    village.enter_clue(NAME)
    assert (lamp(supervisor, "green"), lamp(supervisor, "red")) == (1, 0)
    site.go_to(13)
    assert lamp(supervisor, "yellow") == 1
    site.go_to(17)
    assert lamp(supervisor, "red") == 1
    # the figures lead from the county to the village and to the case
    supervisor.press(f'[data-place="{TOWNSHIP}"] th a')
    supervisor.press(f'[data-place="{VILLAGE}"] th a')
    assert "超期 2 天" in supervisor.text and "入户核实" in supervisor.text
    # urged, once a day
    supervisor.page.check("tbody input[name=id]")
    supervisor.page.fill("input[name=text]", "请今天入户。")
    supervisor.press("[data-bulk]")
    assert "已催办 1 件" in supervisor.said
    supervisor.page.check("tbody input[name=id]")
    supervisor.press("[data-bulk]")
    assert "明天可以再催" in supervisor.said
    village.go("/todo")
    assert "被催办1次" in village.page.locator(".urged-items").inner_text()
    village.go("/bell")
    assert "请今天入户。" in village.text
    # explained
    supervisor.press("td.act a")
    supervisor.page.fill("#answer_by", site.day(18).isoformat())
    supervisor.press("main .buttons .btn-primary")
    assert "已下达督办单" in supervisor.said
    order = supervisor.page.url.removeprefix(site.address)
    village.go("/todo")
    village.press(".bulkbar.urgent")
    village.press("td.subject a")
    village.fill({"cause": "农户外出务工。", "measure": "已约定今晚入户。"})
    village.fill({"promised_on": (site.day(17) + timedelta(days=1)).isoformat()})
    village.press("form[data-live] .buttons .btn-primary")
    assert "已答复" in village.said
    supervisor.go(order)
    assert "农户外出务工。" in supervisor.text
    supervisor.press('button[name=accepted][value="1"]')
    assert "已认可" in supervisor.said
    # resolved: the step is done; the case still counts until the county has approved
    village.finish(NAME, "入户核实", "verification")
    supervisor.go(order)
    assert "“入户核实”已办结" in supervisor.text
    number = village.open_case(NAME)
    supervisor.go(f"/cases/{number}")
    assert "共被催办 1 次：督甲 1 次" in supervisor.text and "督办单" in supervisor.text
    assert lamp(supervisor, "red") == 1
