"""Every row of a list is on one of its pages, however long it is and whatever comes and goes as one leafs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import CaseFile, WorkItem
from engine.casework.supervision import limits
from engine.casework.supervision.limits import LimitFilter
from engine.ground import paging
from engine.ground.database import write
from engine.ground.paging import COUNT_CAP, Page
from engine.ground.tables import table
from tests.support.client import application, signed_in
from tests.support.template import VILLAGE
from tests.support.world import World

MANY = COUNT_CAP + 130


def _rows(world: World, case: CaseFile, numbers: range, chance: Random) -> list[dict[str, Any]]:
    """Open items of the village's desk: many due at one time, many never."""
    due = [None, *(world.day(n) for n in range(8))]
    return [
        {
            "case_id": case.id,
            "token": f"t{number}",
            "procedure_key": "identification",
            "element_id": "verify",
            "name": "入户核实",
            "subject": f"王{chance.randrange(300)}",
            "village_code": VILLAGE,
            "queue": "village",
            "division_code": VILLAGE,
            "form_key": "verification",
            "due_at": chance.choice(due),
            "opened_at": world.clock.now() - timedelta(hours=chance.randrange(50)),
        }
        for number in numbers
    ]


@pytest.fixture
def long(world: World) -> World:
    """More items on the village's desk than are counted."""
    case = world.enter()
    with write(world.session):
        world.session.execute(insert(table(WorkItem)), _rows(world, case, range(MANY), Random(7)))
    return world


Fetch = Callable[[int], Page[Any]]


def _leafed(fetch: Fetch, between: Callable[[int], None] = lambda page: None) -> Iterator[Page[Any]]:
    page = fetch(1)
    yield page
    while page.following:
        between(page.page)
        number = paging.place_of(page.following, 10**6)
        assert number is not None and number == page.page + 1
        page = fetch(number)
        yield page


def _listed(world: World, sort: str) -> Fetch:
    actor, wanted = world.official("cun"), InboxFilter(sort=sort)
    return lambda page: inbox.todo(world.session, actor, replace(wanted, page=page), world.clock.now())


@pytest.mark.parametrize("sort", ["due", "opened", "name"])
def test_every_item_is_on_one_page_in_one_order(long: World, sort: str) -> None:
    fetch = _listed(long, sort)
    pages = list(_leafed(fetch))
    ids = [item.id for page in pages for item in page.items]
    assert len(ids) == len(set(ids)) == MANY + 1
    assert pages[0].capped and pages[0].total == COUNT_CAP
    actor, now = long.official("cun"), long.clock.now()
    assert ids == inbox.todo_ids(long.session, actor, InboxFilter(sort=sort), now, 10_000)
    numbers = [item.id for page in range(1, len(pages) + 1) for item in fetch(page).items]
    assert numbers == ids  # a page beyond the fiftieth is reached by its number as well


def test_the_way_back_ends_at_a_whole_first_page(long: World) -> None:
    fetch = _listed(long, "due")
    pages = list(_leafed(fetch))
    page, seen = pages[-1], [[item.id for item in pages[-1].items]]
    while page.previous:
        page = fetch(paging.place_of(page.previous, 10**6) or 0)
        seen.append([item.id for item in page.items])
    assert seen[::-1] == [[item.id for item in one.items] for one in pages]
    assert page.page == 1


@pytest.mark.parametrize("sort", ["due", "name"])
def test_what_comes_and_goes_puts_no_other_item_on_two_pages_or_on_none(long: World, sort: str) -> None:
    chance, case = Random(sort), long.session.scalars(select(CaseFile)).one()
    before = set(long.session.scalars(select(WorkItem.id).where(WorkItem.status == "open")))
    gone: set[int] = set()

    def change(page: int) -> None:
        """Some are finished, among them mostly the last of the page; others come, before and behind it."""
        shown = [item.id for item in fetch(page).items]
        done = {*chance.sample(sorted(before - gone), 3), *(shown[-1:] if page % 3 else [])}
        gone.update(done)
        with write(long.session):
            long.session.execute(update(WorkItem).where(WorkItem.id.in_(done)).values(status="done"))
            fresh = _rows(long, case, range(10_000 + page * 5, 10_005 + page * 5), chance)
            long.session.execute(insert(table(WorkItem)), fresh)

    fetch = _listed(long, sort)
    pages = list(_leafed(fetch, change))
    ids = [item.id for page in pages for item in page.items]
    assert len(ids) == len(set(ids))
    assert before - gone <= set(ids)


def test_limits_are_all_reached_in_every_order(world: World) -> None:
    for number in range(23):
        world.enter(name=f"王{'一二三四五六七八九十'[number % 10]}{'甲乙丙'[number // 10]}")
    actor, now = world.official("ducha"), world.clock.now()
    for sort in limits.SORTS:
        wanted = LimitFilter(sort=sort)

        def fetch(page: int, wanted: LimitFilter = wanted) -> Page[Any]:
            return limits.listing(world.session, actor, replace(wanted, page=page), now)

        found = [one.timer_id for page in _leafed(fetch) for one in page.items]
        assert len(found) == len(set(found)) == 23, sort


def test_an_address_leads_past_the_fiftieth_page_and_back(small_world: World) -> None:
    case = small_world.enter()
    with write(small_world.session):
        small_world.session.execute(insert(table(WorkItem)), _rows(small_world, case, range(MANY), Random(7)))
    client = signed_in(application(small_world), small_world.official("cun"))
    last = -(-(MANY + 1) // paging.PAGE)
    shown = client.get(f"/todo?page={last}").text
    assert f"第 {last} / 50+ 页" in shown and 'rel="next"' not in shown and 'rel="prev"' in shown
    for odd in ("3.", "3.x", ".5", "3~999999999", "3.99999999999999", "-1.2", "3.4.5"):
        assert client.get("/todo", query_string={"page": odd}).status_code == 200
