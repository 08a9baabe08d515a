"""Figures in the browser: what the page says is what a recount of the log finds,
and the wall shows it without a name.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.models import CaseFile, LogEntry, WorkItem
from engine.casework.supervision.figures import tally
from engine.ground.clock import MovableClock
from tests.support.browser import Site
from tests.support.world import World

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def recounted(world: World) -> dict[str, int]:
    """The figures of this story once more, line by line of the log, with none of the product's counting."""
    world.session.commit()
    lines = list(world.session.scalars(select(LogEntry).where(LogEntry.stream.startswith("case:"))))
    # of a line's answers ("s") the second last part names the service; "e" are the ends that were reached
    services = [call[-2] for line in lines for call in line.data.get("s", ())]
    return {
        "opened": sum(line.kind == "start" for line in lines),
        "admitted": services.count("registration.admit"),
        "notices": services.count("notice.open"),
        "objections": sum(line.kind == "message" and line.element_id == "objection" for line in lines),
        "concluded": sum("approval_given" in line.data.get("e", ()) for line in lines),
        "verified": sum(line.kind == "complete" and line.element_id == "verify" for line in lines),
    }


def overdue(world: World, other: CaseFile) -> list[WorkItem]:
    """The open items of every other case whose limit has passed."""
    query = select(WorkItem).where(
        WorkItem.status == "open", WorkItem.case_id != other.id, WorkItem.due_at <= world.clock.now()
    )
    return list(world.session.scalars(query))


@pytest.mark.duty("R15", "R02", "C6")
def test_figures_are_what_a_recount_of_the_log_finds(
    site: Site, sqlite_url: str, clock: MovableClock
) -> None:
    world = World(sqlite_url)
    world.clock = clock
    world.approved()
    second = world.enter(name="李秀英")
    world.go_to(24)
    tally.catch_up(world.sessions, world.clock)
    told = recounted(world)
    assert told["concluded"] == told["admitted"] == 1

    watcher = site.official("ducha")
    watcher.go("/statistics?grain=week")
    cards = {card.locator("h2").inner_text(): card for card in watcher.page.locator(".card-figure").all()}
    limit = cards["识别认定：15天内有结论"]
    assert limit.locator(".lead-figure").inner_text().startswith("100.0%")
    assert f"有结论\n{told['concluded']}" in limit.locator(".facts").inner_text()
    assert "中位用时\n6天" in limit.locator(".facts").inner_text()
    assert (
        "期内届满\n1" in limit.locator(".facts").inner_text()
    )  # the other household's fifteen days are over
    assert cards["立案和启动"].locator(".lead-figure").inner_text().startswith(str(told["opened"]))
    assert cards["纳入监测"].locator(".lead-figure").inner_text().startswith(str(told["admitted"]))
    assert cards["公示与异议"].locator(".lead-figure").inner_text().startswith(str(told["notices"]))
    late = [item for item in world.open_items(second).values() if item.due_at and item.due_at <= clock.now()]
    assert watcher.page.locator('.live [data-count="red"]').inner_text() == str(
        len(late) + len(overdue(world, second))
    )
    assert (
        "SELECT"
        in watcher.page.request.get(
            site.address + "/statistics/sql/limit.sql?procedure=identification&element=limit_15"
        ).text()
    )

    watcher.go("/statistics/diagram/identification")
    watcher.page.wait_for_selector('.diagram[data-state="ready"]')
    row = watcher.page.locator(".steps-table tr", has_text="入户核实")
    assert row.locator('[data-label="办结"]').inner_text() == str(told["verified"])
    assert row.locator('[data-label="待办"]').inner_text() == "1"
    assert watcher.page.locator(".djs-overlay .waits").count() > 0
    world.close()


@pytest.mark.duty("C6")
def test_a_wall_screen_needs_no_sign_in_tells_no_name_and_goes_dark_when_revoked(
    site: Site, sqlite_url: str
) -> None:
    world = World(sqlite_url)
    world.enter(name="李秀英")
    watcher = site.official("ducha")
    watcher.go("/walls")
    watcher.page.fill("#place", "政务大厅")
    watcher.page.click("main .btn-primary")
    watcher.page.wait_for_selector("main input[readonly]")
    address = watcher.page.input_value("main input[readonly]")
    hall = site.browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    assert hall.goto(address).status == 200  # type: ignore[union-attr]
    shown = hall.locator("main").inner_text()
    assert "嵩县" in shown and "车村镇" in shown and "立案“识别认定”" in shown
    assert "李秀英" not in hall.content()
    assert hall.evaluate(WIDE) == 0
    watcher.go("/walls")
    watcher.page.click("table.list form button")
    watcher.page.wait_for_selector(".alert")
    assert "已停用" in watcher.said
    assert hall.goto(address).status == 404  # type: ignore[union-attr]
    hall.context.close()
    world.close()


@pytest.mark.duty("C6")
def test_the_figures_fit_a_phone(site: Site) -> None:
    watcher = site.official("ducha")
    watcher.page.set_viewport_size({"width": 360, "height": 740})
    for path in (
        "/statistics",
        "/statistics?grain=day",
        "/statistics/diagram/identification",
        "/walls",
        "/supervision",
    ):
        assert watcher.go(path) == 200
        assert watcher.page.evaluate(WIDE) == 0, path
