"""T30: equal incomes of three years. The county runs the rules, the village is asked; the numbers change."""

from __future__ import annotations

import os
from datetime import date

import pytest
from sqlalchemy import select

from engine.casework.portions.jobs import running
from engine.ground.database import write
from engine.prevention.models import Finding, HouseholdYear
from engine.prevention.quality.rules.catalogue import RULES
from tests.support import registers
from tests.support.browser import Official, Site
from tests.support.world import World

PICTURES = os.environ.get("PICTURES", "")


def picture(person: Official, name: str) -> None:
    """What the page looks like, for whoever wants to look at it."""
    if PICTURES:
        for width in (1280, 360):
            person.page.set_viewport_size({"width": width, "height": 900})
            person.page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
        person.page.set_viewport_size({"width": 1280, "height": 900})


def settle(past: World) -> int:
    """A household that is stably out of poverty: 12,000 yuan a head in 2019, 2020 and 2021."""
    household = registers.household(
        past.session, past.clock.now(), "王大山", "ordinary", household_type="lifted_with_policy"
    )
    with write(past.session):
        for year in (2019, 2020, 2021):
            row = HouseholdYear(
                household_id=household.id,
                year=year,
                net_income=24000,
                per_capita=12000,
                income={"wage": 24000},
                recorded_at=past.clock.now(),
            )
            past.session.add(row)
    return household.id


def rule(person: Official, name: str) -> str:
    """How many findings of a rule the catalogue shows."""
    person.go("/quality/rules")
    return person.page.locator(f"[data-rule={name}] td").last.inner_text()


@pytest.mark.duty("R34", "R35")
def test_t30_equal_incomes_are_found_and_asked(site: Site, past: World) -> None:
    household = settle(past)
    county = site.official("xian")
    page = county.page
    county.go("/more")
    county.press(page.locator("main a.tile", has_text="数据质量"))
    assert page.locator("[data-rule]").count() == len(RULES)
    picture(county, "rules")
    assert rule(county, "income_equal") == ""
    county.press(page.locator("main .nav a", has_text="核查").first)
    county.press("main form button.btn-primary")
    assert "已开始" in county.said and "等待开始" in county.text
    county.go("/quality/runs")
    county.press("main form button.btn-primary")
    assert "还没有完成" in county.text  # one at a time
    running.run_all(past.sessions, past.clock)
    site.go_to(0, 10)  # the villages are asked in a round
    county.go("/quality/runs")
    picture(county, "runs")
    county.press(page.locator("table.list td.subject a").first)
    assert "已完成" in county.text and "1 / 1 个乡镇" in county.text
    picture(county, "run")
    past.session.commit()
    query = select(Finding).where(Finding.household_id == household, Finding.rule == "income_equal")
    finding = past.session.scalars(query).one()
    assert finding.sentence == "2019、2020、2021年的人均纯收入都是12000元"
    assert rule(county, "income_equal") == "1 处"
    county.press(page.locator("[data-rule=income_equal] a"))
    assert "王大山" in county.text
    # the village is asked, and sees what for
    village = site.official("cun")
    assert village.todo() == [("王大山", "逐项整改")]
    # every week from now on
    county.go("/quality/runs")
    page.fill("main input[name=next_on]", date(2022, 5, 9).isoformat())
    county.press(page.get_by_role("button", name="设定"))
    assert "每七天" in county.said
    # the province's number is another
    province = site.official("sheng")
    assert province.go("/quality/rules/parameters") == 200
    province.page.fill("#equal_years", "一")
    province.press("main form.panel button")
    assert "2 到 10" in province.said and province.page.input_value("#equal_years") == "一"
    province.page.fill("#equal_years", "４")
    province.press("main form.panel button")
    assert "已保存 1 项" in province.said
    picture(province, "parameters")
    site.go_to(5)
    running.run_all(past.sessions, past.clock)
    assert "4年以上" in (county.go("/quality/rules") == 200 and county.text)
    county.go("/quality/runs")
    assert "（每周）" in county.text
    past.session.rollback()
    past.session.expire_all()
    assert past.session.get_one(Finding, finding.id).gone_on is not None
    # hints are for who supervises
    supervisor = site.official("ducha")
    assert supervisor.go("/quality/hints") == 200 and "不是结论" in supervisor.text
    picture(supervisor, "hints")
    assert county.go("/quality/hints") == 403
