"""S24: a household is handed over to another county in mid-case, with its history."""

from __future__ import annotations

import pytest

from engine.casework.organisation import divisions
from tests.support.browser import Site
from tests.support.world import World

NAME = "王建国"
NEW_VILLAGE = "410326101200"


@pytest.mark.duty("R15", "R38")
def test_s24_a_household_moves_to_another_county_in_mid_case(site: Site, past: World) -> None:
    village, county, other = site.official("cun"), site.official("xian"), site.official("waixian")
    past.finish(past.enter(), "verify", "cun")
    number = village.open_case(NAME)
    house = int(village.page.locator("aside h2 a").first.get_attribute("href").rsplit("/", 1)[-1])
    # until it has accepted, the other county sees nothing, and may not help itself
    assert other.go(f"/cases/{number}") == 404 and other.go(f"/households/{house}") == 404
    assert other.go(f"/households/{house}/transfer") == 404
    assert village.go(f"/households/{house}/transfer") == 403
    # the county offers on purpose; without a place it is refused and what was typed is kept
    county.go(f"/households/{house}/transfer")
    county.page.fill("#place", "没有这个村")
    county.page.fill("#reason", "全家迁居")
    county.press("main button.btn-primary")
    assert "没有区划代码" in county.said and county.page.input_value("#reason") == "全家迁居"
    # the village is looked for by its name; people see paths, no codes
    page = county.page
    path = divisions.get(past.session, NEW_VILLAGE).path
    page.fill("#place", "")
    page.locator("#place").press_sequentially("汝阳 东街")
    page.locator(f"#place-list option[value='{path}']").wait_for(state="attached")
    page.fill("#place", path)
    assert page.input_value("#village_code") == NEW_VILLAGE
    county.press("main button.btn-primary")
    assert "等待对方接收" in county.said and "已提出移交到" in county.text
    # at home it goes on; there a line in the bell, and no more than is needed
    assert village.go(f"/cases/{number}") == 200 and "已提出移交到" in village.text
    other.go("/bell")
    other.press(other.page.locator("main a", has_text="王**户").first)
    assert NAME not in other.text
    other.press(other.page.locator("main td.subject a").first)
    assert "王**户" in other.text and NAME not in other.text and "2022年5月20日" in other.text
    other.press("main button.btn-outline-secondary")  # refused without a reason: asked at the field
    assert "不接收须写明原因" in other.said
    other.press("main form button.btn-primary")
    assert "已接收" in other.said
    # from then on the case is the other county's, with its history and its clock; no longer ours
    assert county.go(f"/cases/{number}") == 404
    assert village.steps_of(NAME) == []
    county.go("/transfers?side=sent")
    assert f"{NAME}户" in county.text and "已接收" in county.text  # the trace at home
    assert other.go(f"/cases/{number}") == 200
    assert "移交到" in other.text and "全家迁居" in other.text and "入户核实" in other.text
    assert "2022年5月20日" in other.text  # day 0 + 15: the clock was not restarted
    other.go(f"/households/{house}")
    assert "签订承诺授权书" not in other.page.locator(".life").inner_text()
    assert "入户核实" in other.page.locator(".life").text_content()
