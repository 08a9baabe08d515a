"""Change of persons as the village sees it, on its phone: a birth with its photo, a head who dies (S11)."""

from __future__ import annotations

import pytest

from tests.support import papers
from tests.support.browser import Official, Site
from tests.support.world import World

PHONE = {"width": 360, "height": 740}


def _no_wider_than_the_phone(who: Official) -> bool:
    return bool(who.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.duty("R38", "R41")
def test_a_birth_and_a_death_are_recorded_on_the_phone(site: Site, past: World) -> None:
    case = past.enter()
    past.finish(case, "verify", "cun")
    village = site.official("cun")
    village.page.set_viewport_size(PHONE)
    village.go(f"/households/{case.household_id}")
    village.press("text=成员变动")
    assert _no_wider_than_the_phone(village) and "2 人" in village.text
    village.press("a:text-is('出生')")
    assert _no_wider_than_the_phone(village)
    village.page.fill("#name", "王小宝")
    village.page.select_option("#relation", "son")
    village.page.select_option("#sex", "male")
    village.page.fill("#happened_on", past.today.isoformat())
    photo = {"name": "出生证明.png", "mimeType": "image/png", "buffer": papers.PNG}
    village.page.set_input_files("#files", files=[photo])
    village.press("main button.btn-primary")
    assert "出生：王小宝" in village.said and "3 人" in village.text and "出生证明.png" in village.text
    village.press("a:text-is('死亡')")
    village.page.select_option("#member", label="王建国（户主）")
    village.page.fill("#happened_on", past.today.isoformat())
    village.page.fill("#proof", "火化证明")
    village.press("main button.btn-primary")
    assert "新户主" in village.text and village.page.input_value("#proof") == "火化证明"
    village.page.select_option("#head", label="李秀英（配偶）")
    village.press("main button.btn-primary")
    assert "死亡：王建国" in village.said and "户主变更：李秀英" in village.text
    assert _no_wider_than_the_phone(village)
    assert ("李秀英", "签订承诺授权书") in village.todo()
