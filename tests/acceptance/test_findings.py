"""T30: the same income in three years is found by a rule, corrected by the village, confirmed, and gone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Locator, ViewportSize
from sqlalchemy import select

from engine.casework.portions.jobs import running
from engine.ground.database import write
from engine.prevention.models import HouseholdYear, QualityRun
from engine.prevention.quality import runs
from engine.prevention.quality.correcting import asking
from tests.support import registers
from tests.support.browser import FILE, Official, Site
from tests.support.template import COUNTY
from tests.support.world import World

PHONE: ViewportSize = {"width": 360, "height": 740}


def _run(past: World) -> QualityRun:
    """The county looks through its data, and the villages are asked."""
    past.session.commit()
    run = runs.begin(past.session, past.official("xian"), COUNTY, past.clock)
    past.session.commit()
    running.run_all(past.sessions, past.clock)
    asking.ask(past.sessions, past.clock)
    past.session.commit()
    return run


def _lifted(past: World) -> int:
    house = registers.household(
        past.session, past.clock.now(), "王大山", "ordinary", household_type="lifted_with_policy"
    )
    with write(past.session):
        for year in (2019, 2020, 2021):
            row = HouseholdYear(household_id=house.id, year=year, recorded_at=past.clock.now())
            row.net_income, row.per_capita = Decimal(24000), Decimal(12000)
            past.session.add(row)
    return house.id


def _findings(who: Official, state: str) -> str:
    who.go(f"/findings?state={state}&rule=income_equal")
    return who.text


def _fits(who: Official) -> bool:
    return bool(who.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.duty("R34", "R35")
def test_t30_equal_income_is_corrected_confirmed_and_gone(site: Site, past: World) -> None:
    house = _lifted(past)
    _run(past)
    village, township = site.official("cun"), site.official("xiang")
    village.page.set_viewport_size(PHONE)
    assert "2019、2020、2021年的人均纯收入都是12000元" in _findings(village, "asked") and _fits(village)
    village.open_task("王大山", "逐项整改")
    assert _fits(village)
    rows = village.page.locator('[data-name="findings"] > .rows > [data-row]')
    for number in range(rows.count()):
        equal = "人均纯收入都是" in (rows.nth(number).inner_text() + _values(rows.nth(number)))
        said = {"answer": "corrected", "old_value": "12000元", "new_value": "12350元", "proof": [FILE]}
        village.fill(said if equal else {"answer": "justified", "reason": "已核对"}, f"findings-{number}-")
    village.fill({"years-1-net_income": 24700, "years-1-per_capita": 12350})
    assert "“逐项整改”已办结" in village.submit(), village.text
    assert "已更正：原为12000元，现为12350元" in _task(township)
    township.fill({"outcome": "agree"})
    assert "“确认整改”已办结" in township.submit(), township.text
    past.session.expire_all()
    query = select(HouseholdYear.per_capita).where(HouseholdYear.household_id == house)
    incomes = past.session.scalars(query.order_by(HouseholdYear.year)).all()
    assert [int(one) for one in incomes] == [12000, 12350, 12000]
    _run(past)
    assert "12350元" in _one(township) and "再次核查已不再查出" in township.text


def _values(row: Locator) -> str:
    return str(row.evaluate("node => [...node.querySelectorAll('textarea')].map(one => one.value).join()"))


def _task(who: Official) -> str:
    who.open_task("王大山", "确认整改")
    return who.text


def _one(who: Official) -> str:
    assert "人均纯收入都是12000元" in _findings(who, "closed")
    who.press("table.findings .subject a")
    return who.text
