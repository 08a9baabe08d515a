"""No page that officials open reads a growing table from end to end, whatever they look for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from engine.casework import definitions
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import ProcedureVersion
from engine.ground import paging
from engine.prevention.register.households import finding
from tests.support import crowd, databases, plans, visits
from tests.support.client import Caller, application, signed_in
from tests.support.template import TOWNSHIP, VILLAGE
from tests.support.world import World
from web.server.database import db

SEARCHED = (
    "/todo?q=王&lamp=red",
    "/todo?sort=name",
    "/todo?sort=opened",
    f"/todo?village={VILLAGE}",
    "/todo?batch=1",
    "/todo?urged=1",
    "/todo?step=identification:verify&lamp=yellow",
    "/done?q=王",
    "/clues?q=王",
    "/measures?q=王",
    "/measures?status=late",
    "/measures?status=done",
    "/households?q=王",
    "/households?q=419901196203080018",
    "/households?q=13900000000",
    "/households?status=monitored",
    "/households?q=4103",
    "/register?q=王",
    "/papers?q=王",
    "/batches?q=王",
    "/matching?q=王",
    "/officials?q=王",
    "/corrections?q=王",
    "/transfers?side=sent",
    "/bell?page=2",
)
WATCHED = (
    "/supervision",
    "/supervision?lamp=red",
    "/supervision?sort=name",
    "/supervision?q=王",
    "/supervision?sort=holder",
    "/supervision?step=identification:verify",
    "/supervision?holder=nobody",
    "/supervision?holder=unclaimed",
    "/supervision?holder=village&over=7",
    "/supervision?limit=identification:limit_15",
    "/supervision/counts.json",
    "/supervision/orders",
    "/supervision/orders?status=mine",
    "/supervision/orders?status=late",
    "/supervision/orders?status=open",
    f"/supervision/letter?division={TOWNSHIP}",
    "/statistics",
    "/statistics/counts.json",
    "/statistics/diagram/identification",
    "/statistics/diagram/identification?version=1",
    "/walls",
)
CALLED = (
    "/tasks",
    "/households",
    "/households?q=王",
    "/timers",
    "/timers?state=overdue",
    "/timers?state=fired",
)


ELSEWHERE = 120
"""So many times every row is there again in other places."""
BY = ("xian", "xiang", "cun", "shi", "ducha", "liucheng", "xitong", "anquan", "shenji")
"""Who opens a page: the first of them to whom it is open."""
WIDE = ("cun", "sheng", "ducha")
"""Whose reach is written otherwise in SQL: one place, a province, whoever watches."""
ALL = "sheng"
"""Whose reach is everything: PostgreSQL then reads a list from its end, in order, and stops with the page."""

LONG = 50
"""A list of more rows than these is a long one here: a thousand are too many to make."""

TOO_FEW_HERE = {
    "FROM risk_clue JOIN household ON": "so few households have the name that PostgreSQL reads"
    " these first while there are hundreds; among millions it begins with the clues in reach, as SQLite does",
}
"""Statements whose plan says nothing about large tables, each with its reason."""

SORTED = {
    "FROM notification": "one's own messages and one's desk's",
    "FROM quality_run": "a place has a few a year",
    "AND household.id IN (": "what is known of a thousand households at most, who were looked for",
}
"""Lists, the newest first, that are sorted as a whole, each with the reason why it stays short."""

Asked = dict[tuple[str, str], list[tuple[str, Any]]]


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Of its own: what rows of another test left behind would be read in other ways."""
    with databases.copied() as url:
        yield url


@pytest.fixture
def told(world: World) -> tuple[World, dict[str, object]]:
    """One of everything, and a household under assistance."""
    names = visits.everything(world)
    world.to_declared(world.assistance_of(world.approve(name="李秀英")))
    world.session.commit()
    world.session.close()
    return world, names


def test_no_page_reads_a_large_table_from_end_to_end(
    told: tuple[World, dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, names = told
    for cap in ("COUNT_CAP", "LOOKED_THROUGH"):
        monkeypatch.setattr(paging, cap, LONG)
    monkeypatch.setattr(finding, "FEW", LONG)
    crowd.fill(world.engine, ELSEWHERE)
    walked, engine = _walk(world, names, more=True)
    asked = {
        statement: parameters
        for (username, _), statements in walked.items()
        if username != ALL or engine.dialect.name == "sqlite"
        for statement, parameters in statements
        if statement.lstrip().startswith(("SELECT", "WITH")) and not isinstance(parameters, list)
    }
    found = [
        (name, statement)
        for name, statement in sorted(set(plans.read_whole(engine, asked)))
        if not any(mark in " ".join(statement.split()) for mark in TOO_FEW_HERE)
    ]
    assert not found, "\n\n".join(f"{name}: {statement}" for name, statement in found)
    assert len(asked) > 300
    if engine.dialect.name == "sqlite":
        wide = [one for (username, _), some in walked.items() if username == ALL for one in some]
        sorted_whole = [
            one
            for one in sorted(set(plans.sorted_whole(engine, wide, LONG)))
            if not any(mark in " ".join(one.split()) for mark in SORTED)
        ]
        assert not sorted_whole, "\n\n".join(sorted_whole)


@pytest.fixture
def sqlite_told(small_world: World) -> tuple[World, dict[str, object]]:
    """As `told`, on SQLite."""
    names = visits.everything(small_world)
    small_world.session.commit()
    small_world.session.close()
    return small_world, names


def test_a_page_asks_as_often_whatever_there_is(sqlite_told: tuple[World, dict[str, object]]) -> None:
    """With one row of everything, and with more of each than a page shows: as many statements."""
    world, names = sqlite_told
    crowd.fill(world.engine, 0, here=1)
    few, _ = _walk(world, names)
    crowd.fill(world.engine, 0)
    many, _ = _walk(world, names)
    grown = {
        key: (len(few[key]), len(many[key]))
        for key in few
        if len(many[key]) > len(few[key]) and key[1] not in MORE
    }
    assert not grown


MORE: dict[str, str] = {}
"""Pages that ask more often where there is more, each with its reason."""


def _walk(world: World, names: dict[str, object], *, more: bool = False) -> tuple[Asked, Engine]:
    """What was asked by each page, opened by one to whom it is open; `more`: the lists narrowed in all ways,
    and by those whose reach is written otherwise.
    """
    app = application(world)
    with app.app_context():
        engine = db.engine
    walked: Asked = {}
    with plans.all_statements(engine) as log:
        for username in {**dict.fromkeys(BY), **dict.fromkeys(WIDE)}:
            client, caller = signed_in(app, world.official(username)), Caller(app, world, username)
            for path in _pages(username, names, more):
                log.clear()
                status = client.get(path).status_code
                walked[username, path] = list(log)
                assert status < 500, path
            for path in _calls(username, names, more):
                log.clear()
                assert caller.get(path).status_code == 200, path
                walked[username, f"api {path}"] = list(log)
    world.session.close()
    return walked, engine


def _pages(username: str, names: dict[str, object], more: bool) -> Iterator[str]:
    for shape, allowed in visits.PAGES.items():
        wide = more and username in WIDE and "{" not in shape and username in allowed
        if wide or username == next((one for one in BY if one in allowed), ""):
            yield visits.address(shape, names)
    if more and username in (*WIDE, "xian"):
        yield from SEARCHED
        yield from WATCHED


def _calls(username: str, names: dict[str, object], more: bool) -> Iterator[str]:
    for shape, allowed in visits.API_READS.items():
        if username == next((one for one in BY if one in allowed), ""):
            yield shape.format(**names)
    if more and username == "xian":
        yield from CALLED


STATEMENTS = {"/todo": 11, "/cases/{case}": 25, "/tasks/{item}": 20, "/more": 3}
"""What the pages of every day ask, without the beginning of the transaction: the numbers may only fall."""


def test_the_pages_of_every_day_ask_no_more_than_they_did(small_world: World) -> None:
    case = small_world.enter("cun")
    item = small_world.open_items(case)["verify"]
    names = {"case": case.id, "item": item.id}
    small_world.session.commit()
    app = application(small_world)
    client = signed_in(app, small_world.official("cun"))
    with app.app_context():
        engine = db.engine
    asked = {}
    with plans.all_statements(engine) as log:
        for shape in STATEMENTS:
            client.get(shape.format(**names))  # diagrams and forms are read once
            log.clear()
            assert client.get(shape.format(**names)).status_code == 200
            asked[shape] = len(log)
    assert asked == STATEMENTS


def test_an_inbox_is_counted_by_its_steps_and_by_itself_alike(small_world: World) -> None:
    small_world.enter("cun")
    small_world.enter("cun", name="李秀英")
    who, now = small_world.official("cun"), small_world.clock.now()
    groups = inbox.todo_groups(small_world.session, who, now)
    assert inbox.counted(groups) == inbox.todo_count(small_world.session, who) == 2
    for wanted in (InboxFilter(), InboxFilter(sort="name"), InboxFilter(lamp="red"), InboxFilter(text="李")):
        known = inbox.todo(small_world.session, who, wanted, now, groups)
        assert known == inbox.todo(small_world.session, who, wanted, now)


def test_a_version_that_was_read_is_not_read_again(small_world: World) -> None:
    session = small_world.session
    numbers = session.scalars(select(ProcedureVersion.id)).all()
    drawn = definitions.load_each(session, numbers)
    with plans.all_statements(small_world.engine) as log:
        again = definitions.load_each(session, numbers)
        alone = {number: definitions.load(session, number) for number in numbers}
    assert len(log) == 1 and all(again[one] is drawn[one] is alone[one] for one in numbers)
