"""S24: a household is handed over to another county in mid-case, with its history."""

from __future__ import annotations

import pytest

from tests.support.browser import Site
from tests.support.template import OTHER_COUNTY
from tests.support.world import World

NAME = "王建国"
NEW_VILLAGE = "410326101200"


@pytest.mark.duty("R15", "R38")
def test_s24_a_household_moves_to_another_county_in_mid_case(site: Site, past: World) -> None:
    village, county, other = site.official("cun"), site.official("xian"), site.official("waixian")
    past.finish(past.enter(), "verify", "cun")
    number = village.open_case(NAME)
    house = int(village.page.locator("aside h2 a").first.get_attribute("href").rsplit("/", 1)[-1])
    # until it is handed over the other county sees nothing, and may not help itself
    assert other.go(f"/cases/{number}") == 404 and other.go(f"/households/{house}") == 404
    assert other.go(f"/households/{house}/transfer") == 404
    assert village.go(f"/households/{house}/transfer") == 403
    # the county hands over on purpose; without a reason or to nowhere it is refused and what was typed is
    # kept
    county.go(f"/households/{house}/transfer")
    county.page.fill("#village_code", "999999999999")
    county.page.fill("#reason", "全家迁居")
    county.press("main button.btn-primary")
    assert "没有区划代码" in county.said and county.page.input_value("#reason") == "全家迁居"
    county.page.fill("#village_code", NEW_VILLAGE)
    county.press("main button.btn-primary")
    assert "已移交" in county.said
    # from then on the case is the other county's, with its history and its clock; no longer ours
    assert county.go(f"/cases/{number}") == 404
    assert village.steps_of(NAME) == []
    assert NEW_VILLAGE[:6] == OTHER_COUNTY[:6]
    assert other.go(f"/cases/{number}") == 200
    assert "移交到" in other.text and "全家迁居" in other.text and "入户核实" in other.text
    assert "2022年5月20日" in other.text  # day 0 + 15: the clock was not restarted
    other.go(f"/households/{house}")
    assert "签订承诺授权书" not in other.page.locator(".life").inner_text()
    assert "入户核实" in other.page.locator(".life").text_content()
