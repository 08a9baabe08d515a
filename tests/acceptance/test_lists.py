"""S15: a county decides 200 households, 197 of them in one act; the papers that follow."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import docx
import pypdf
import pytest
from sqlalchemy import select

from engine.casework.models import Account, LogEntry, NumberedPaper
from engine.ground.clock import MovableClock
from tests.support import many
from tests.support.browser import Official, Site
from tests.support.world import World

COUNT = 200
STEP = "identification:approve"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def county(sqlite_url: str, clock: MovableClock) -> Iterator[World]:
    """A county with 200 households of five villages that their townships have approved."""
    world = World(sqlite_url)
    many.to_approval(world, COUNT)
    clock.set(world.clock.now())
    yield world
    world.close()


def open_from_list(person: Official, place: int) -> str:
    """Open a household from the list; answers its name."""
    person.go(f"/todo?step={STEP}")
    link = person.page.locator("table.list tbody tr").nth(place).locator(".subject a")
    name = link.inner_text()
    link.click()
    person.page.wait_for_selector("form[data-live]")
    return name


def work_off(person: Official) -> str:
    """Wait until the act is worked off; answers what the system says."""
    person.page.wait_for_selector("[data-acted]", timeout=60_000)
    return person.said


def download(person: Official, label: str, folder: Path) -> bytes:
    """A file of the open paper."""
    with person.page.expect_download() as found:
        person.page.locator(".actions a", has_text=label).click()
    found.value.save_as(folder / label)
    return (folder / label).read_bytes()


@pytest.mark.duty("R11", "R12", "R13")
def test_s15_two_hundred_households_in_one_list(county: World, site: Site, tmp_path: Path) -> None:
    person = site.official("xian")
    apart = [open_from_list(person, place) for place in (0, 1, 2)]

    person.go(f"/todo?step={STEP}")
    person.page.check("[data-select-every]")
    assert person.page.locator("[data-selected]").inner_text() == "200"
    for name in apart:
        person.page.locator("table.list tbody tr").filter(has_text=name).locator("input[name=id]").uncheck()
    assert person.page.locator("[data-selected]").inner_text() == "197"
    person.press("[data-bulk] >> text=批量办理")
    assert person.page.locator(".picks tbody tr").count() == 197
    assert "建议纳入" in person.text and "边缘易致贫户" in person.text
    person.fill({"outcome": "approve"})
    assert person.page.locator("[name=category]").input_value() == ""  # each household's own
    person.page.click("form[data-picks] .buttons .btn-primary", no_wait_after=True)
    assert "办结 197 件" in work_off(person)

    person.go(f"/todo?step={STEP}")
    for name in apart[:2]:
        person.page.locator("table.list tbody tr").filter(has_text=name).locator("input[name=id]").check()
    person.press("[data-bulk] >> text=批量办理")
    person.page.click("summary >> text=退回所选")
    person.page.fill("#return-reason", "缺少民主评议照片")
    person.page.click("button >> text=退回 2 件", no_wait_after=True)
    assert "退回 2 件" in work_off(person)
    person.open_task(apart[2], "县级审批")
    person.fill({"outcome": "reject", "reason": "子女赡养有保障"})
    assert "已办结" in person.submit()
    person.go("/todo")
    assert STEP not in person.page.content()

    _decisions_are_logged(county)
    _announced_where_they_live(county)
    _approval_form(person, apart, tmp_path)


def _decisions_are_logged(world: World) -> None:
    world.session.commit()
    approver = world.session.scalars(select(Account).where(Account.username == "xian")).one()
    query = select(LogEntry).where(LogEntry.element_id == "approve", LogEntry.kind == "complete")
    lines = list(world.session.scalars(query))
    returns = [
        line
        for line in world.session.scalars(select(LogEntry).where(LogEntry.kind == "return"))
        if line.data["name"] == "县级审批"
    ]
    assert Counter(line.data["r"] for line in lines) == {"同意": 197, "不同意": 1}
    assert len(returns) == 2
    assert {(line.actor_id, line.at is not None) for line in [*lines, *returns]} == {(approver.id, True)}
    assert len({line.stream for line in [*lines, *returns]}) == COUNT


def _announced_where_they_live(world: World) -> None:
    records = list(world.session.scalars(select(NumberedPaper).where(NumberedPaper.kind == "announcement")))
    assert {record.place_code for record in records} == set(many.VILLAGES) and len(records) == len(
        many.VILLAGES
    )
    entries = [(record.place_code, entry.case.village_code) for record in records for entry in record.entries]
    assert len(entries) == 197 and all(place == village for place, village in entries)


def _approval_form(person: Official, apart: list[str], folder: Path) -> None:
    person.go("/papers")
    assert "县级审批 198 件还没有列入审批表" in person.text
    person.press("text=生成审批表")
    assert person.page.locator("article.paper tbody tr").count() == 198
    person.press("button >> text=印发")
    person.page.wait_for_selector("text=已印发")
    assert re.search(r"嵩县防返贫审批〔2022〕1号", person.text)
    document = docx.Document(io.BytesIO(download(person, "Word", folder)))
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert len(rows) == 199
    refused = next(row for row in rows if apart[2] in row)
    assert "不同意" in refused and "县甲" in refused
    body = download(person, "PDF", folder)
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages)
    assert "嵩县防返贫审批〔2022〕1号" in text and apart[2] in text and "盖章处" in text
    assert text.count("不同意") == 2 and "419901" not in text  # its row, and the sum
    for width in (1280, 360):
        person.page.set_viewport_size({"width": width, "height": 740})
        assert person.page.evaluate(WIDE) <= 0
