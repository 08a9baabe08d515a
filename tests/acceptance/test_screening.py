"""A county opens a campaign, villages fill it in, the township decides and everybody sees how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from tests.support import papers
from tests.support import screening as s
from tests.support.browser import Official, Site
from tests.support.template import COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World


@pytest.fixture
def villages(past: World) -> Iterator[World]:
    """Households live in two villages; one of them lives on an allowance."""
    s.settled(past, 4)
    s.settled(past, 3, OTHER_VILLAGE)
    s.settled(past, 1, household_type="allowance", head_name="卫小低")
    past.session.commit()
    yield past


def sign(page: Page, name: str) -> None:
    """Draw a signature with the mouse."""
    sheet = page.locator(f"[data-signature={name}] svg")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    x, y, wide, high = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(x + wide * 0.1, y + high * 0.3)
    page.mouse.down()
    for part in (0.3, 0.5, 0.7):
        page.mouse.move(x + wide * part, y + high * (0.8 if part == 0.5 else 0.3), steps=4)
    page.mouse.up()


def open_campaign(person: Official) -> None:
    person.go("/campaigns")
    person.page.fill("[name=name]", "2022年集中排查")
    person.page.fill("[name=starts_on]", s.FIRST.isoformat())
    person.page.fill("[name=ends_on]", s.LAST.isoformat())
    person.press("text=开展 >> nth=-1")
    assert "集中排查已开展" in person.said


@pytest.mark.duty("R03", "R04", "R05", "R37", "R38", "R01")
def test_a_campaign_from_its_opening_to_the_last_household(
    villages: World, site: Site, tmp_path: Path
) -> None:
    county = site.official("xian")
    open_campaign(county)
    assert "监测范围 6,900 元" in county.text
    rows = county.page.locator("table.coverage tbody tr")
    assert rows.count() == 1 and "空村 2" in rows.inner_text()  # Q75

    village = site.official("cun")
    village.go("/campaigns/1")  # who works in one village comes to its list
    assert village.page.url.endswith(f"/villages/{VILLAGE}")
    assert village.page.locator("tbody tr").count() == 5
    village.press("text=赵大甲")
    page = village.page
    assert "家庭人均纯收入是否超过6900元" in village.text  # R01, R03: column 5
    assert page.locator("[name=household_size]").input_value() == "2"  # R41
    for label in ("result=done", "assured=yes", "above_line=yes", "declares=no"):
        name, value = label.split("=")
        page.check(f"[name={name}][value={value}]")
    sign(page, "户主签字")
    sign(page, "调查员签字")
    page.set_input_files(
        "[name='file:photo']", [{"name": "a.png", "mimeType": "image/png", "buffer": papers.PNG}]
    )
    village.press("button >> text=登记")
    assert "已登记" in village.said and page.locator("tbody tr").count() == 4
    village.go(f"/campaigns/1/villages/{VILLAGE}?show=done")
    assert "没有签字" not in page.locator("tbody").inner_text()
    village.press("text=赵大甲")
    assert page.locator(".screening-paper img").count() == 3

    village.go(
        f"/campaigns/1/villages/{VILLAGE}/sheet"
    )  # the printed form (附件), signatures in their columns
    heads = page.locator(".screening-sheet thead th").all_inner_texts()
    assert len(heads) == 11 and heads[4] == "家庭人均纯收入是否超过6900元"
    signed = page.locator(".screening-sheet tbody tr", has_text="赵大甲").locator("td")
    assert [signed.nth(at).locator("img").count() for at in (6, 7, 8)] == [0, 1, 1]

    # R05: what is found goes on to verification at once; an unmet assurance needs which (col. 4)
    village.go(f"/campaigns/1/villages/{VILLAGE}?show=waiting")
    village.press("text=孙大甲")
    for name, value in (("result", "done"), ("assured", "no"), ("above_line", "yes"), ("declares", "no")):
        page.check(f"[name={name}][value={value}]")
    village.press("button >> text=登记")
    assert "没有达标的项：请选择" in village.text
    page.check("[name=unmet][value=housing]")
    village.press("button >> text=登记")
    assert "转入核实" in village.said
    # R04: the register knows the allowance, nobody has to tick it
    village.go(f"/campaigns/1/villages/{VILLAGE}?show=waiting")
    village.press("text=卫小低")
    assert page.locator("[name=groups][value=allowance]").is_checked() and "低保户" in village.text
    for name, value in (("result", "done"), ("assured", "yes"), ("above_line", "yes"), ("declares", "no")):
        page.check(f"[name={name}][value={value}]")
    village.press("button >> text=登记")
    assert "转入核实" in village.said
    assert sorted(name for name, _ in village.todo()) == ["卫小低", "孙大甲"]
    # absent, with a reason; not met at home, with a reason (Q82)
    village.go(f"/campaigns/1/villages/{VILLAGE}?show=waiting")
    village.press("text=钱大甲")
    page.check("[name=result][value=absent]")
    page.fill("[name=reason]", "全家外出务工")
    village.press("button >> text=登记")

    # R38: a second person compares the entries with the paper
    second = site.official("cun2")
    second.go(f"/campaigns/1/villages/{VILLAGE}?show=unreviewed")
    for box in second.page.locator("[name=row]").all():
        box.check()
    second.press("text=所选的已与原件核对")
    assert "已复核 4 户" in second.said

    county.go(f"/campaigns/1?in={TOWNSHIP}")
    (line,) = [
        one for one in county.page.locator("table.coverage tbody tr").all() if "空村" not in one.inner_text()
    ]
    told = line.inner_text().split()
    assert told[-7:] == [
        "5",
        "3",
        "1",
        "0",
        "1",
        "2",
        "0",
    ]  # households, done, absent, refused, waiting, flagged
    # R37: training is reported with who should have come and who came; 24 May warns
    county.go("/campaigns/1")
    train = county.page.locator("[data-milestone=train]").first
    train.locator("[name=done_on]").fill("2022-04-26")
    train.locator("[name=expected]").fill("40")
    train.locator("[name=attended]").fill("38")
    county.press(train.locator("button", has_text="登记"))
    assert "应训 40 人，实训" in county.text and "1 / 1" in county.text
    assert county.page.locator("[data-warning]").count() == 0
    site.go_to(19)
    county.go("/campaigns/1")
    assert "6月8日届满" in county.page.locator("[data-warning]").inner_text()  # domain 0.10
    site.go_to(25)  # two days before 31 May those who have not reported are reminded, once
    village.go("/bell")
    assert "入户筛查、问题核实”应于5月31日前完成" in village.text


@pytest.mark.duty("R03")
def test_t27_two_entries_of_one_household_stand_side_by_side(villages: World, site: Site) -> None:
    open_campaign(site.official("xian"))
    household = villages.session.scalars(s.first_household()).one()
    for name, changes in (("cun", {}), ("cun2", {"above_line": "no", "household_size": 3})):
        entry = s.entry(household, s.unchanged(villages, **changes), uuid=str(uuid4()), source="phone")
        (found,) = s.recorded(villages, s.campaign_of(villages, COUNTY), entry, by=name)
        assert found.kind == ("recorded" if name == "cun" else "conflict")
    villages.session.commit()
    township = site.official("xiang")
    township.go(f"/campaigns/1/villages/{VILLAGE}?show=conflict")
    township.press("text=有分歧 >> nth=-1")
    differing = township.page.locator("tr.differs th").all_inner_texts()
    assert [one.split("\n")[0].replace("（不同）", "") for one in differing] == [
        "家庭人口数",
        "家庭人均纯收入是否超过6900元",
    ]
    township.press(township.page.locator("tfoot button").last)
    assert "已按选定的一份登记" in township.said
    assert "本村" in township.text or "没有农户" in township.text
    township.go(f"/campaigns/1/villages/{VILLAGE}?show=flagged")
    assert township.page.locator("tbody tr").count() == 1  # what it raises, it raises now
    township.press(f"tbody >> text={household.head_name}")
    assert "以前的填报（1）" in township.text  # nothing is lost


@pytest.mark.duty("R03", "R41")
def test_a_household_that_is_not_listed_is_entered_and_areas_are_drawn(villages: World, site: Site) -> None:
    open_campaign(site.official("xian"))
    township = site.official("xiang")
    township.go(f"/campaigns/1/villages/{VILLAGE}/areas")
    township.page.fill("form:last-of-type [name=name]", "东片")
    township.page.locator("form:last-of-type [name=people]").first.check()
    township.press("text=划定")
    assert "每个片区至少两人" in township.text  # Q6
    for box in township.page.locator("form:last-of-type [name=people]").all():
        box.check()
    township.press("text=划定")
    assert "片区已保存" in township.said
    village = site.official("cun")
    village.go(f"/campaigns/1/villages/{VILLAGE}/new")
    page = village.page
    page.fill("[name='new:head_name']", "卫青山")
    for name, value in (
        ("result", "done"),
        ("assured", "yes"),
        ("above_line", "yes"),
        ("declares", "yes"),
        ("in_group", "no"),
    ):
        page.check(f"[name={name}][value={value}]")
    page.fill("[name=household_size]", "3")
    village.press("button >> text=登记")
    assert "转入核实" in village.said  # col. 7: it declares itself
    assert tuple(name for name, _ in village.todo()) == ("卫青山",)
