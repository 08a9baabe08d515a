"""Who reaches a city or the province finds the same people by a name, whether few or many have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.ground import paging
from engine.ground.paging import Page
from engine.prevention.assistance import measures
from engine.prevention.identification import clues
from engine.prevention.register import registers
from engine.prevention.register.households import finding
from engine.prevention.register.registers import RegisterFilter
from tests.support.world import World

SEARCHES = ("王", "王秀", "王秀英", "李", "秀英", "下庙", "甲", "")
"""A common beginning, a head, another's, a member's name, an address, nobody, no search."""


def _lists(world: World, username: str, typed: str) -> dict[str, Callable[[int], Page[Any]]]:
    session, actor, now = world.session, world.official(username), world.clock.now()
    register = RegisterFilter(text=typed)
    return {
        "households": lambda page: finding.search(session, actor, typed, page=page),
        "monitored": lambda page: finding.search(session, actor, typed, "monitored", page=page),
        "clues": lambda page: clues.listing(session, actor, typed, page=page),
        "register": lambda page: registers.listing(session, actor, register, page),
        "measures": lambda page: measures.listing(session, actor, now, text=typed, page=page),
        "planned": lambda page: measures.listing(
            session, actor, now, status="planned", text=typed, page=page
        ),
        "late": lambda page: measures.listing(session, actor, now, status="late", text=typed, page=page),
        "done": lambda page: measures.listing(session, actor, now, status="done", text=typed, page=page),
    }


def _ids(fetch: Callable[[int], Page[Any]]) -> Iterator[int]:
    page = fetch(1)
    yield from (one.id for one in page.items)
    while page.following:
        page = fetch(paging.place_of(page.following, 10**6) or 0)
        yield from (one.id for one in page.items)


def _found(world: World) -> dict[tuple[str, str, str], list[int]]:
    return {
        (username, typed, name): list(_ids(fetch))
        for username in ("sheng", "shi")
        for typed in SEARCHES
        for name, fetch in _lists(world, username, typed).items()
    }


@pytest.fixture
def people(world: World) -> World:
    """Households of a common name and of others, one of them under assistance."""
    for name in ("王秀英", "王一", "王二", "王秀兰", "李四"):
        world.enter(name=name)
    world.to_declared(world.assistance_of(world.approve(name="王秀梅")))
    world.session.commit()
    return world


def test_a_common_name_finds_the_same_people_as_a_rare_one(
    people: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = _found(people)
    assert len(rare["sheng", "王", "households"]) >= 5 and rare["sheng", "王", "clues"]
    assert rare["sheng", "王", "measures"] and rare["sheng", "王", "register"]
    for few, looked in ((0, 2), (2, 1), (1, 1000)):
        monkeypatch.setattr(finding, "FEW", few)
        monkeypatch.setattr(paging, "LOOKED_THROUGH", looked)
        assert _found(people) == rare
