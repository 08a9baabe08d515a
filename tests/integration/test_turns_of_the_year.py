"""Limits over the turn of the year, the long holidays with their make-up days and the 29th of February:
calendar days are counted, the day itself not, whatever day it is and whichever version takes over on the way
(R10, R13, R15, R19, R29).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from engine.casework import lamps
from engine.casework.models import CaseFile, NumberedPaper, Timer
from engine.ground.clock import local_date, start_of_day
from engine.prevention.models import Notice
from tests.integration.test_clearance import answer, propose, to_hearing
from tests.support.moving import SEVEN, deploy, looked_at, move_all
from tests.support.world import World

TURNS = [
    pytest.param(date(2022, 12, 28), id="turn of the year"),
    pytest.param(date(2023, 1, 19), id="Spring Festival, worked weekend after it"),
    pytest.param(date(2023, 9, 27), id="National Day, worked weekend after it"),
    pytest.param(date(2024, 2, 25), id="over 29 February"),
    pytest.param(date(2024, 2, 29), id="on 29 February"),
    pytest.param(date(2028, 12, 30), id="a year whose days off nobody knows"),
]


def _on(world: World, day: date, hour: int = 9) -> None:
    """Go to a day of the calendar; what is due on the way fires when the scheduler comes by."""
    world.go_to((day - world.today).days + world.number, hour)


def _due(world: World, case: CaseFile, element_id: str) -> datetime:
    world.session.commit()
    query = select(Timer).where(
        Timer.case_id == case.id, Timer.element_id == element_id, Timer.kind.in_(("event", "limit"))
    )
    return world.session.scalars(query.order_by(Timer.id.desc())).all()[0].due_at


def _midnight(day: date, after: int) -> datetime:
    return start_of_day(day + timedelta(days=after + 1))


@pytest.mark.duty("R10", "R13", "R15", "R19")
@pytest.mark.parametrize("day", TURNS)
def test_an_identification_keeps_its_days_over_any_turn_of_the_calendar(
    small_world: World, day: date
) -> None:
    world = small_world
    _on(world, day)
    case = world.enter()
    world.to_notice(case)
    assert _due(world, case, "notice_over") == _midnight(day, 5)
    limit = next(
        one
        for one in world.session.scalars(select(Timer).where(Timer.case_id == case.id, Timer.kind == "limit"))
    )
    assert (limit.due_at, lamps.last_day(limit.due_at)) == (_midnight(day, 15), day + timedelta(days=15))
    notice = world.session.scalars(select(Notice)).one()
    last = day + timedelta(days=5)
    assert f"{last.year}年{last.month}月{last.day}日" in notice.text
    _on(world, last, 23)
    assert world.open_items(case) == {}
    _on(world, last + timedelta(days=1), 0)
    assert set(world.open_items(case)) == {"end_notice"}
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    _on(world, day + timedelta(days=15), 23)
    assert world.case(case.id).lamp_floor == "yellow"
    world.finish(case, "approve", "xian")
    assert world.case(case.id).lamp_floor == "yellow"  # approved on the last day: in time
    assistance = world.assistance_of(world.case(case.id))
    assert _due(world, assistance, "limit_10") == _midnight(day + timedelta(days=15), 10)
    world.finish(case, "announce", "xiang")
    paper = world.session.scalars(select(NumberedPaper).where(NumberedPaper.kind == "announcement")).one()
    assert str(local_date(world.clock.now()).year) in paper.number
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "S16")
@pytest.mark.parametrize("day", TURNS)
def test_a_move_on_the_way_keeps_the_days_that_were_posted(small_world: World, day: date) -> None:
    world = small_world
    _on(world, day)
    case = world.enter()
    world.to_notice(case)
    _on(world, day + timedelta(days=4))
    version = deploy(world, SEVEN)
    assert move_all(world, looked_at(world, version))["moved"] == 1
    notice = world.session.scalars(select(Notice)).one()
    assert _due(world, case, "notice_over") == notice.closes_at == _midnight(day, 7)
    _on(world, day + timedelta(days=7), 23)
    assert world.open_items(case) == {}
    _on(world, day + timedelta(days=8), 0)
    assert set(world.open_items(case)) == {"end_notice"}
    world.assert_replays(case.id)


@pytest.mark.duty("R29")
@pytest.mark.parametrize("day", TURNS)
def test_a_household_has_its_five_days_over_any_turn_of_the_calendar(small_world: World, day: date) -> None:
    world = small_world
    _on(world, day)
    case = propose(world)
    to_hearing(world, case)
    assert _due(world, case, "no_answer") == _midnight(day, 5)
    _on(world, day + timedelta(days=5), 23)
    assert world.open_items(case) == {}
    _on(world, day + timedelta(days=6), 1)
    assert set(world.open_items(case)) == {"decide_clearance"}
    said = (day + timedelta(days=5)).isoformat()
    assert answer(world, case, answered_on=said, late_reason="夜里来电")
    world.assert_replays(case.id)
