"""Two at the same moment at the papers of one place, on either side of midnight at the turn of the year:
one waits for the other, whichever year each of them writes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import NumberedPaper
from engine.casework.supervision import letters
from engine.ground.clock import CHINA, MovableClock
from engine.prevention.identification import announcements
from tests.integration.test_at_once import account, at_once
from tests.support import many, papers
from tests.support.template import TOWNSHIP, VILLAGE
from tests.support.world import World

MIDNIGHT = datetime(2023, 1, 1, tzinfo=CHINA)
BEFORE = MIDNIGHT - timedelta(seconds=1)
LONG_ENOUGH = 0.5
"""Seconds in which whoever does not wait is through."""


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    """On PostgreSQL: SQLite lets nobody else write anyway."""
    world = World(postgres_url)
    yield world
    world.close()


class Midway:
    """A function of a module in whose middle the first who comes by stays for a while, and says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
        self.reached = threading.Event()
        self._real: Callable[..., Any] = getattr(module, name)
        monkeypatch.setattr(module, name, self)

    def __call__(self, *args: Any, **named: Any) -> Any:
        done = self._real(*args, **named)
        if not self.reached.is_set():
            self.reached.set()
            time.sleep(LONG_ENOUGH)
        return done


@pytest.mark.duty("R13")
def test_a_household_that_joins_a_list_at_midnight_is_on_the_issued_list_or_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.go_to(234)  # 25 December
    cases = [case.id for case in many.to_approval(world, 2, (VILLAGE,))]
    world.clock.set(BEFORE - timedelta(hours=4))
    world.finish(world.case(cases[0]), "approve", "xian")
    posting = world.open_items(world.case(cases[0]))["announce"]
    posted = papers.paper("announcement", world.today, world.upload("xiangxiang", posting))
    approving = world.open_items(world.case(cases[1]))["approve"].id
    posting_id = posting.id
    world.session.commit()
    midway = Midway(monkeypatch, announcements, "add")

    def approve(session: Session) -> acts.StepResult:
        data = papers.paper("county_approval", BEFORE.date(), "0")
        return acts.complete(session, account(session, "xian"), approving, data, clock=MovableClock(BEFORE))

    def post(session: Session) -> acts.StepResult:
        midway.reached.wait()
        clock = MovableClock(MIDNIGHT + timedelta(seconds=1))
        return acts.complete(session, account(session, "xiangxiang"), posting_id, posted, clock=clock)

    outcomes = at_once(world, [approve, post])
    assert [type(one) for one in outcomes] == [acts.StepResult] * 2
    world.session.expire_all()
    records = world.session.scalars(select(NumberedPaper)).all()
    [issued] = [record for record in records if record.content is not None]
    assert issued.content is not None and len(issued.content["rows"]) == len(issued.entries)
    assert sum(len(record.entries) for record in records) == 2


@pytest.mark.duty("C6")
def test_two_clicks_at_midnight_make_one_letter_of_the_week(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.to_approval(world, 2, (VILLAGE,))
    world.session.commit()
    midway = Midway(monkeypatch, letters, "_compose")

    def first(session: Session) -> str:
        return letters.issue(session, account(session, "ducha"), TOWNSHIP, BEFORE).number

    def second(session: Session) -> str:
        midway.reached.wait()
        return letters.issue(session, account(session, "ducha"), TOWNSHIP, MIDNIGHT).number

    assert letters.week_of(BEFORE) == letters.week_of(MIDNIGHT)
    one, other = at_once(world, [first, second])
    assert one == other and "〔2022〕" in one
