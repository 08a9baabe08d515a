"""R40 and R36 in a browser: a city's summary report goes up, a county's townships fill in their year."""

from __future__ import annotations

import io
from datetime import timedelta

import docx
import openpyxl
import pytest

from engine.casework.organisation import accounts
from engine.ground.database import write
from engine.prevention.campaign.reports import reports
from tests.support import registers, screening
from tests.support.browser import Official, Site
from tests.support.template import START
from tests.support.world import World

CITY = "410300000000"


def narrow(official: Official, *paths: str) -> None:
    """Nothing of these pages is wider than a phone."""
    official.page.set_viewport_size({"width": 360, "height": 780})
    for path in paths:
        official.go(path)
        wide = official.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (path, wide)
    official.page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def second(past: World) -> None:
    """The head of the city's office, who has an account of their own."""
    with write(past.session):
        account = accounts.create(past.session, "juzhang", "局长", "x", past.clock.now())
        accounts.grant(past.session, account, "city_reviewer", CITY)


@pytest.mark.duty("R40", "R37", "R38", "R41", "C1", "C4")
def test_s9_a_city_reports_with_figures_that_nobody_counted(site: Site, past: World, second: None) -> None:
    registers.household(past.session, START, "王一", "monitored")
    screening.opened(past)
    site.go_to(40)
    reports.look_after(past.sessions, past.clock)
    city, head, province = site.official("shi"), site.official("juzhang"), site.official("sheng")
    city.go("/reports")
    city.press("table.list .subject a")
    assert "附表1" in city.text and "（正文尚未编写）" in city.text
    name = city.page.locator("h1").first.inner_text()
    city.finish(name, "编写总结报告", "summary_report")
    city.open_task(name, "主要负责同志审定")
    assert city.page.locator("form[data-live] .buttons .btn-primary").count() == 0  # R38: not who wrote it
    head.finish(name, "主要负责同志审定", "report_approval")
    city.finish(name, "上传盖章扫描件", "report_scan")
    province.finish(name, "省级收文", "report_receipt")
    city.go("/reports")
    assert "省级收文" in city.text
    city.press("table.list .subject a")
    assert "网格员逐户走访" in city.text and "监测对象1户2人" in city.text
    files = city.page.request
    word = files.get(f"{city.page.url}?as=docx").body()
    assert "一、经验做法" in [one.text for one in docx.Document(io.BytesIO(word)).paragraphs]
    book = openpyxl.load_workbook(io.BytesIO(files.get(f"{city.page.url}/annexes/1.xlsx").body()))
    assert book.sheetnames[:2] == ["集中排查进度", "监测对象"]
    narrow(city, "/reports", city.page.url.removeprefix(site.address))


@pytest.mark.duty("R36", "R41", "C1", "C4")
def test_r36_a_county_opens_a_year_and_a_township_fills_in_what_is_not_known(site: Site, past: World) -> None:
    registers.household(past.session, START, "王一", "monitored")
    county, township = site.official("xian"), site.official("xiang")
    county.go("/township-modules")
    county.page.fill("#due_on", (past.today + timedelta(days=20)).isoformat())
    county.press("form.panel .btn-primary")
    assert "个乡镇（街道）各有一件待办" in county.said
    ((name, step),) = [one for one in township.todo() if "监测模块" in one[0]]
    township.open_task(name, step)
    assert township.page.input_value("[name=monitored]") == "1"  # R41: the register knows
    township.fill({"staff": 5, "grid_workers": 60, "trained": 180, "projects": 3, "funds": 56.5})
    assert "已办结" in township.submit()
    county.finish(name, "县级审核", "township_module_review")
    county.go("/township-modules?year=2022")
    assert "审核通过" in county.text
    with county.page.expect_download() as got:
        county.page.click(".page-head .actions a")
    book = openpyxl.load_workbook(io.BytesIO(got.value.path().read_bytes()))
    values = [row for row in book["2022年"].values if row[1] and "已审核" in str(row[1])]
    assert len(values) == 1 and 56.5 in values[0]
    narrow(township, "/township-modules", "/township-modules/1200000001")
