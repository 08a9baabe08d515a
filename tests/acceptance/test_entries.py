"""R38: a household says who collected, entered and reviewed it; four eyes on what is entered by hand."""

from __future__ import annotations

import pytest

from tests.support.browser import Site
from tests.support.world import World

NAME = "王建国"


@pytest.mark.duty("R38")
def test_r38_what_the_village_changes_by_hand_another_person_looks_at(site: Site, past: World) -> None:
    case = past.enter(name=NAME)
    past.finish(case, "verify", "cun")
    past.session.commit()
    there = f"/households/{case.household_id}"
    village, township = site.official("cun"), site.official("xiang")
    # every value says where it comes from
    village.go(there)
    village.page.locator("summary", has_text="谁采集、谁录入、谁复核").click()
    income = village.page.locator("tr[data-origin$='收入支出']").inner_text()
    assert "入户核实" in income and "村甲" in income and "还没有" in income
    # the village puts a telephone right, and registers a birth
    village.go(f"{there}/contact")
    village.page.fill("#phone", "13812345678")
    village.press("main button.btn-primary")
    village.go(f"{there}/members")
    village.press("a:text-is('出生')")
    village.page.fill("#name", "王小宝")
    village.page.select_option("#relation", "son")
    village.page.select_option("#sex", "male")
    village.page.fill("#happened_on", past.today.isoformat())
    village.page.fill("#proof", "出生证明")
    village.press("main button.btn-primary")
    assert village.go("/entries") == 403  # not the village itself
    # the township agrees to the birth, and sends the telephone back
    township.go("/more")
    township.press(township.page.locator("main a.tile", has_text="录入复核"))
    assert "2 条" in township.text and "138****5678" in township.text and "村甲" in township.text
    township.page.locator("tr[data-entry=members] input").check()
    township.press(township.page.get_by_role("button", name="看过，无误"))
    assert "已复核 1 条" in township.said and "王小宝" not in township.page.locator("table").inner_text()
    township.press("button:text-is('退回')")
    assert "退回须写明哪里不对" in township.said
    township.page.fill("#reason", "是村干部的号码")
    township.press("button:text-is('退回')")
    assert "作为整改事项交给村" in township.said and "没有等待复核的录入" in township.text
    # the household's page says so
    village.go(there)
    village.page.locator("summary", has_text="谁采集、谁录入、谁复核").click()
    child = village.page.locator("tr[data-origin='成员']", has_text="王小宝").inner_text()
    assert "出生" in child and "村甲" in child and "乡甲" in child
    assert "还没有" in village.page.locator("tr[data-origin='电话']").inner_text()
