"""R41: a county bureau's own empty form is dropped in and comes back filled; no number is written twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from engine.ground.clock import MovableClock
from tests.support import foreign, papers
from tests.support.browser import Official, Site
from tests.support.world import World

NUMBER = papers.id_number(papers.HEAD_ID)


@pytest.fixture
def monitored(sqlite_url: str, clock: MovableClock) -> Iterator[World]:
    """A village with a monitored household."""
    world = World(sqlite_url)
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    world.session.commit()
    clock.set(world.clock.now())
    yield world
    world.close()


def saved(person: Official, button: str, place: Path) -> Workbook:
    """What a button downloads."""
    with person.page.expect_download() as download:
        person.page.click(f"button >> text={button}")
    download.value.save_as(place)
    return load_workbook(place)


@pytest.mark.duty("R41")
def test_r41_another_offices_form_comes_back_filled_for_the_township(
    monitored: World, site: Site, tmp_path: Path
) -> None:
    form = tmp_path / "form.xlsx"
    form.write_bytes(foreign.two_storeys())
    person = site.official("xiang")
    person.go("/more")
    person.press("a >> text=一张表")
    person.page.set_input_files("input[name=file]", form)
    person.press("button >> text=上传空表")
    assert person.page.locator("h1").inner_text() == "每一列填什么"
    chosen = person.page.locator("select[name=column_3] option:checked").inner_text()
    assert chosen == "户主证件号码" and "是否易地搬迁" in person.text
    person.press("button >> text=对，记住")
    person.page.check("[name=full]")
    person.page.fill("[name=reason]", "报县民政局")
    book = saved(person, "填好，下载", tmp_path / "filled.xlsx")
    sheet = book["统计表"]
    assert (sheet["C5"].value, sheet["D5"].value, sheet["A10"].value) == ("王建国", NUMBER, "合计")
    assert sheet["A1"].value == foreign.TITLE and sheet.column_dimensions["D"].width == 24
    assert "收入核实" in book["来源"]["G5"].value
    asked = [cell.value for cell in book["要问的"][2]]
    assert asked[2] == "王建国" and asked[-1] is None

    colleague = site.official("xiang2")
    colleague.go("/register/forms")
    colleague.page.set_input_files("input[name=file]", form)
    colleague.press("button >> text=上传空表")
    assert "填好，下载" in colleague.text  # the office is not asked twice

    person.go("/register/forms")
    wrong = tmp_path / "other.xlsx"
    wrong.write_bytes(foreign.plain(["产品", "数量"]))
    person.page.set_input_files("input[name=file]", wrong)
    person.press("button >> text=上传空表")
    assert "没有认出这张表的表头" in person.text


@pytest.mark.duty("R41")
def test_r41_a_list_is_taken_along_as_it_is_narrowed(monitored: World, site: Site, tmp_path: Path) -> None:
    person = site.official("cun")
    person.go("/clues?channel=cadre_check")
    rows = list(saved(person, "导出 Excel", tmp_path / "clues.xlsx").active.values)
    assert rows[0][0] == "户主" and [row[0] for row in rows[1:]] == ["王建国"]
