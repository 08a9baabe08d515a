"""Every page that says when a limit ends says what its timer says,
also after an earlier clue has moved it (R06, R15).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from engine.casework import lamps
from engine.casework.models import CaseFile, Timer
from tests.support import sheets
from tests.support.client import Caller, application, signed_in
from tests.support.world import World

LEFT = re.compile(r"还剩 \d+ 天|超期 \d+ 天")
PEOPLE = ("cun", "ducha")
SHOWN_ON = {"/cases/{case_id}", "/tasks/{item_id}", "/supervision"}
"""Pages that write the last day out; the inbox and others only say how many days are left."""
LEFT_ON = SHOWN_ON | {"/todo"}


@pytest.fixture
def moved(small_world: World) -> tuple[World, CaseFile, date]:
    """A case whose limit an earlier clue has moved, and the last day that it had before."""
    world = small_world
    world.go_to(20)
    case = world.enter(day=world.day(19).date())
    world.session.commit()
    before = last_day(world, case)
    world.go_to(22)
    world.enter(household_id=case.household_id, day=world.day(12).date())
    world.session.commit()
    assert last_day(world, case) == before - timedelta(days=7)
    return world, case, before


def due(world: World, case: CaseFile) -> Timer:
    query = select(Timer).where(Timer.case_id == case.id, Timer.kind == "limit")
    return world.session.scalars(query.execution_options(populate_existing=True)).one()


def last_day(world: World, case: CaseFile) -> date:
    return lamps.last_day(due(world, case).due_at)


def pages(app: Flask, world: World, names: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Each page of the walk that an official or supervisor may see: its shape, its text."""
    shapes = {
        rule.rule.replace("<int:", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.arguments <= names.keys()
    }
    for who in PEOPLE:
        client = signed_in(app, world.official(who))
        for shape in sorted(shapes - {"/logout"}):
            if not shape.startswith("/api"):
                answer = client.get(shape.format(**names))
                if answer.status_code == 200 and answer.mimetype in ("text/html", "application/json"):
                    yield shape, answer.text


def written(day: date) -> set[str]:
    """A day as people and programmes read it."""
    return {f"{day.year}年{day.month}月{day.day}日", day.isoformat(), f"{day.month}月{day.day}日"}


@pytest.mark.duty("R06", "R15", "C6")
@pytest.mark.parametrize("later", [0, 15], ids=["running", "overdue"])
def test_every_page_shows_the_end_that_the_timer_has(moved: tuple[World, CaseFile, date], later: int) -> None:
    world, case, before = moved
    if later:
        world.go_to(world.number + later)
    timer = due(world, case)
    last, left = lamps.last_day(timer.due_at), lamps.words(timer.due_at, world.clock.now())
    item = world.open_items(case)["verify"]
    app = application(world)
    names = {"case_id": case.id, "item_id": item.id, "household_id": case.household_id}
    showing, counting = set[str](), set[str]()
    for shape, text in pages(app, world, names):
        assert not [one for one in written(before) if one in text], shape
        assert set(LEFT.findall(text)) <= {left}, shape
        showing |= {shape} if any(one in text for one in written(last)) else set()
        counting |= {shape} if left in text else set()
    assert showing >= SHOWN_ON, SHOWN_ON - showing
    assert counting >= LEFT_ON, LEFT_ON - counting


@pytest.mark.duty("R15", "C6")
@pytest.mark.parametrize("later", [0, 15], ids=["running", "overdue"])
def test_so_do_the_file_and_the_programme(moved: tuple[World, CaseFile, date], later: int) -> None:
    world, case, _ = moved
    if later:
        world.go_to(world.number + later)
    timer = due(world, case)
    app = application(world)
    supervisor = signed_in(app, world.official("ducha"))
    head, *rows = sheets.rows(supervisor.get("/supervision/export.xlsx").data)
    assert [str(lamps.last_day(timer.due_at)) in str(row) for row in rows] == [True], (head, rows)
    caller = Caller(app, world, "cun")
    ends = {datetime.fromisoformat(one["due_at"]) for one in caller.get("/tasks").get_json()["items"]}
    assert ends == {timer.due_at}
    assert timer.due_at.isoformat()[:16] in caller.get(f"/cases/{case.id}").text
