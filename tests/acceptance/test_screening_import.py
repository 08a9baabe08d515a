"""S22: a township sends what its villages have screened, 900 households, by Excel; 12 rows are broken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select

from engine.ground import idnumber
from engine.ground.clock import MovableClock
from engine.ground.sheets import Book
from engine.prevention.models import Household, RiskClue, Screening, ScreeningCount
from tests.support import screening as s
from tests.support.browser import Official, Site
from tests.support.template import OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

VILLAGES = (VILLAGE, OTHER_VILLAGE, "410325103204")
EACH = 300
HEAD = (
    "村 户主 身份证号 组 人口 达标情况 收入是否达标 重点群体 自主申报 排查时间 情况 入户干部 未达标项".split()
)
MAPPED = {
    "household_size": "人口",
    "assured": "达标情况",
    "above_line": "收入是否达标",
    "in_group": "重点群体",
    "declares": "自主申报",
    "result": "情况",
    "collected_by": "入户干部",
    "unmet": "未达标项",
}
BROKEN: dict[int, tuple[str, str | int, str, str]] = {
    20: ("户主", "", "户主姓名", "没有填"),
    51: ("身份证号", 410325198001011234, "户主证件号码", "后几位已经丢失"),
    90: ("身份证号", "410325198001011234", "户主证件号码", "校验位不对"),
    133: ("人口", "三口", "家庭人口数", "不是数字"),
    200: ("人口", "0", "家庭人口数", "不符合要求"),
    287: ("达标情况", "差不多", "“两不愁三保障”", "不是可以填的内容"),
    333: ("达标情况", "否", "没有达标的项", "没有填"),
    410: ("排查时间", "五月八日", "排查时间", "不是日期"),
    555: ("排查时间", "2022-06-30", "排查时间", "不符合要求"),
    640: ("村", "410184101201", "村（社区）", "没有这个村"),
    777: ("入户干部", "", "调查员", "没有填"),
    888: ("情况", "没找到", "筛查情况", "不是可以填的内容"),
}
"""By row of the file: the column, what stands there, our column and what is wrong."""


def line(number: int) -> dict[str, str | int]:
    """A household of the township's own list; every hundredth has something the matter."""
    first = f"410325{1950 + number % 50}{number % 12 + 1:02}{number % 28 + 1:02}{number:03}"
    return {
        "村": VILLAGES[number // EACH],
        "户主": f"{s.SURNAMES[number % 30]}{'甲乙丙丁戊己庚辛壬癸'[number // 30 % 10]}{'一二三'[number // EACH]}",
        "身份证号": first + idnumber.check_digit(first),
        "组": ("一组", "二组")[number % 2],
        "人口": "４" if number % 7 else 3,
        "达标情况": "是",
        "收入是否达标": "否" if number % 100 == 5 else "是",
        "重点群体": "否",
        "自主申报": "否",
        "排查时间": "2022.5.8",
        "情况": "已见到本户",
        "入户干部": "蒋国强",
        "未达标项": "",
    }


def township_list() -> bytes:
    """The township's own workbook, in its own columns."""
    book = Book()
    sheet = book.sheet("车村镇筛查")
    sheet.row(0, HEAD)
    for number in range(len(VILLAGES) * EACH):
        cells = line(number)
        if number + 2 in BROKEN:
            column, words, _, _ = BROKEN[number + 2]
            cells[column] = words
        sheet.row(number + 1, [cells[name] for name in HEAD])
    return book.bytes()


@pytest.fixture
def county(sqlite_url: str, clock: MovableClock) -> Iterator[World]:
    """A county with an open campaign, seven days in."""
    world = World(sqlite_url)
    s.opened(world)
    world.go_to(7)
    clock.set(world.clock.now())
    yield world
    world.close()


def count(world: World, model: type) -> int:
    world.session.commit()
    return world.session.scalar(select(func.count()).select_from(model)) or 0


def send(person: Official, at: str, file: Path) -> None:
    person.go(at)
    person.page.set_input_files("input[name=file]", file)
    person.page.click("button >> text=上传检查", no_wait_after=True)


def tell_columns(person: Official) -> None:
    """Those whose headings say nothing to us; told once."""
    wait_for(person, "哪一列是什么")
    for key, heading in MAPPED.items():
        person.page.select_option(f"[name=column_{key}]", index=HEAD.index(heading) + 1)
    person.page.click("button >> text=检查 900 户", no_wait_after=True)


def wait_for(person: Official, words: str) -> None:
    """The progress goes on by itself."""
    person.page.wait_for_selector(f"main >> text={words}", timeout=120_000)


@pytest.mark.duty("R03", "R05", "R41")
def test_s22_nine_hundred_households_come_in_from_a_workbook(
    county: World, site: Site, tmp_path: Path
) -> None:
    before = count(county, Household)
    person = site.official("xiang")
    file = tmp_path / "screened.xlsx"
    file.write_bytes(township_list())
    person.go(f"/campaigns/1?in={TOWNSHIP}")
    person.press("text=用 Excel 填报")
    at = f"/imports/new/screening/1-{TOWNSHIP}"

    send(person, at, file)
    tell_columns(person)
    wait_for(person, "确认以后导入 888 户")
    assert (count(county, Screening), count(county, Household)) == (0, before)  # nothing written yet
    _faults_are_told(person)
    _marked_workbook(person, tmp_path)

    person.page.click("button >> text=导入 888 户", no_wait_after=True)
    wait_for(person, "再传一个文件")
    assert (count(county, Screening), count(county, Household)) == (888, before + 888)
    assert count(county, RiskClue) == 9
    done = dict(county.session.execute(select(ScreeningCount.village_code, ScreeningCount.done)).all())
    assert done == {village: done[village] for village in VILLAGES} and sum(done.values()) == 888
    village = site.official("cun")
    village.go("/todo")
    assert village.page.locator("table.list tbody tr").count() == 3  # its flags are verifications now

    send(person, at, file)  # the columns are remembered
    wait_for(person, "表里能导入的都已经有了")
    assert (count(county, Screening), count(county, Household)) == (888, before + 888)


def _faults_are_told(person: Official) -> None:
    rows = person.page.locator("table.faults tbody tr")
    told = [row.inner_text() for row in rows.all()]
    assert len(told) == len(BROKEN)
    for said, (number, (_, _, column, problem)) in zip(told, BROKEN.items(), strict=True):
        assert f"第 {number} 行" in said and column in said and problem in said, said


def _marked_workbook(person: Official, folder: Path) -> None:
    """The same workbook, its faults at their cells and at the end of their rows."""
    with person.page.expect_download() as found:
        person.page.click("text=下载原表")
    found.value.save_as(folder / "back.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO((folder / "back.xlsx").read_bytes())).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*HEAD, "问题", "怎么改"] and sheet.max_row == 901
    marked = {
        row[0].row: [cell.column for cell in row if cell.comment]
        for row in sheet.iter_rows()
        if row[13].value
    }
    assert marked.keys() == {1, *BROKEN}
    assert all(len(columns) == 1 for row, columns in marked.items() if row > 1)
