"""T09, T11: a batch goes to departments; one finds something, one does not answer in time but later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator

from tests.support import matching, papers
from tests.support.browser import Official, Site
from tests.support.world import World

NAME, OTHER = "王建国", "李长河"


def row_of(county: Official, department: str) -> Locator:
    return county.page.locator("table.requests tbody tr").filter(has_text=department)


def download(county: Official, department: str, folder: Path) -> bytes:
    """The department's list, with the reason that the form offers."""
    row = row_of(county, department)
    row.locator("summary", has_text="下载名单").click()
    with county.page.expect_download() as found:
        row.locator("button", has_text="下载").click()
    found.value.save_as(folder / "list.xlsx")
    return (folder / "list.xlsx").read_bytes()


def upload(county: Official, department: str, body: bytes, folder: Path, *, own: bool = False) -> None:
    """The department's answers, let in; of a file of its `own` the columns are looked at first."""
    (folder / "answer.xlsx").write_bytes(body)
    county.press(row_of(county, department).locator("a", has_text="上传反馈"))
    county.page.set_input_files("input[name=file]", folder / "answer.xlsx")
    county.page.click("button >> text=上传检查", no_wait_after=True)
    if own:
        county.page.click("button >> text=检查 1 人", no_wait_after=True)
    county.page.click("main button >> text=导入 1 人", no_wait_after=True)
    county.page.wait_for_selector("main >> text=再传一个文件")


def open_batch(county: Official) -> None:
    county.go("/matching")
    county.press("table.batches .subject a")


def settle(county: Official, department: str, **no_data: str) -> None:
    row = row_of(county, department)
    if no_data:
        row.locator("summary", has_text="无数据").click()
        row.locator("details[open] [name=reason]").fill(no_data["reason"])
        county.press(row.locator("button", has_text="标“无数据”"))
    else:
        county.press(row.locator("button", has_text="反馈完毕"))


@pytest.mark.duty("R08", "R09", "R12")
def test_t09_a_batch_its_departments_and_an_answer_that_comes_late(
    site: Site, past: World, tmp_path: Path
) -> None:
    matching.sent_up(past, NAME, OTHER)
    county = site.official("xian2")
    open_batch(county)
    assert "车村镇比对〔2022〕1号" in county.text and "2022年5月5日签订" in county.text
    for box in county.page.locator("[name=departments]").all():
        box.set_checked(box.get_attribute("value") in ("public_security", "natural_resources"))
    county.press("button >> text=送部门")
    body = download(county, "公安", tmp_path)
    car: dict[str, Any] = {"结果": "有", "事项": "车辆", "说明": "小型汽车", "金额": 150000}
    upload(county, "公安", matching.filled(body, {NAME: car}), tmp_path)
    open_batch(county)
    settle(county, "公安")
    assert "2022年5月8日起" in county.text and county.page.locator("text=反馈结果").count() == 0
    site.go_to(3)
    open_batch(county)
    settle(county, "自然资源", reason="系统升级")
    county.press("button >> text=反馈结果")
    assert "结果都已反馈到各户" in county.said
    _village_is_asked(site)
    past.session.commit()
    _the_late_answer(site, past, county, tmp_path)


def _village_is_asked(site: Site) -> None:
    """T11: the hit names the member, and whether they belong to the household is asked first."""
    village = site.official("cun")
    assert village.steps_of(OTHER) == ["民主评议"] and "核实比对发现" in village.steps_of(NAME)
    village.open_task(NAME, "核实比对发现")
    row = village.page.locator("[data-name=rows] [data-row]").inner_text()
    assert NAME in row and "户主" in row and "公安，车辆：小型汽车，150000 元" in row
    village.fill({"checked_by": "张三", "checked_on": site.now.date().isoformat()})
    village.submit()
    assert "请" in village.text and "已办结" not in village.said  # nothing is passed over
    village.fill({"rows": [{"belongs": "yes", "explanation": "与人合买，用于跑运输"}]})
    assert "已办结" in village.submit()


def _the_late_answer(site: Site, past: World, county: Official, folder: Path) -> None:
    """T09: it stops nothing and refuses nobody; whoever decides reads it."""
    case = past.case(1)
    past.finish(case, "appraise", "cun")
    past.finish(case, "post_notice", "cun")
    site.go_to(9)
    past.finish(case, "end_notice", "cun")
    open_batch(county)
    flat = (NAME, papers.id_number(papers.HEAD_ID), "有", "不动产", "县城商品房一套", "", "")
    upload(county, "自然资源", matching.sheet(flat), folder, own=True)
    open_batch(county)
    settle(county, "自然资源")
    assert "是迟到的结果" in county.text
    county.press("button >> text=反馈结果")
    township = site.official("xiang")
    township.open_task(NAME, "乡级审核")
    text = township.text
    assert "县城商品房一套" in text and "小型汽车" in text and "跑运输" in text
    township.go("/bell")
    assert "迟到的比对结果" in township.text
    township.open_case(NAME)
    assert "第 2 版" in township.text and "无数据（系统升级）" in township.text
    county.go("/matching/1/entries/1")
    assert "迟到" in county.text and "县城商品房一套" in county.text
