"""Limits over the turn of the year, the long holidays with their make-up days and the 29th of February:
calendar days are counted, the day itself not, whatever day it is and whichever version takes over on the way
(R10, R13, R15, R19, R29).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from engine.casework import lamps
from engine.casework.models import CalendarDay, CalendarYear, CaseFile, NumberedPaper, Timer
from engine.casework.organisation.calendar import days_off
from engine.casework.portions import recounting
from engine.casework.step import provisional
from engine.ground.clock import local_date, start_of_day
from engine.ground.database import write
from engine.prevention.installation import ROOT
from engine.prevention.models import Notice
from tests.integration.test_clearance import answer, propose, to_hearing
from tests.support import sheets
from tests.support.client import application, signed_in
from tests.support.moving import NOTICE, SEVEN, deploy, looked_at, move_all
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


@pytest.mark.duty("R10", "C5")
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


# -- in working days, before a year's days off are published ---------------------------------------

IDENTIFICATION = (ROOT / "bpmn" / "identification.bpmn").read_bytes()
NOTICE_IN_WORKDAYS = NOTICE.replace(
    b"days after(notice.posted_on, 5)", b"workdays after(notice.posted_on, 5)"
)
LIMIT_IN_WORKDAYS = IDENTIFICATION.replace(
    b"days after(discovery_date, 15)", b"workdays after(discovery_date, 11)"
)
ARRANGED = (
    "元旦：1月1日至3日放假。\n春节：1月25日至31日放假，1月22日上班。\n国庆节：10月1日至7日放假，9月30日上班。"
)
BEFORE = date(2027, 12, 28)
"""A Tuesday; on the 1st of January the next year, a Saturday, the holiday takes Monday the 3rd with it."""


def _arrange(world: World, year: int, words: str = ARRANGED) -> None:
    world.session.commit()
    days, faults = days_off.pasted(words, year)
    assert not faults
    with recounting.as_years_come(world.session, world.clock.now()):
        days_off.store(
            world.session,
            world.official("xitong"),
            year,
            days,
            "国办发明电〔2027〕9号",
            seen=days_off.revision(days_off.arranged(world.session, year)),
            aware=True,
            clock=world.clock,
        )


def _unknown(world: World, *years: int) -> None:
    with write(world.session):
        for year in years:
            between = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
            world.session.execute(delete(CalendarDay).where(between))
            world.session.execute(delete(CalendarYear).where(CalendarYear.year == year))


@pytest.mark.duty("R10", "R15", "C6")
def test_a_period_in_working_days_is_counted_again_once_the_year_is_published(small_world: World) -> None:
    world = small_world
    deploy(world, NOTICE_IN_WORKDAYS, "公示按工作日")
    deploy(world, LIMIT_IN_WORKDAYS, "期限按工作日")
    _unknown(world, 2028)
    _on(world, BEFORE)
    case = world.enter()
    world.to_notice(case)
    assert _due(world, case, "notice_over") == start_of_day(date(2028, 1, 5))  # by weekends alone
    limit = next(
        one.due_at
        for one in world.session.scalars(select(Timer).where(Timer.case_id == case.id, Timer.kind == "limit"))
    )
    app = application(world)
    pages = {name: signed_in(app, world.official(name)) for name in ("ducha", "cun", "xitong")}
    assert "暂按周末推算" in pages["cun"].get(f"/cases/{case.id}").text
    assert "暂按周末推算" in pages["ducha"].get("/supervision").text
    head, *rows = sheets.rows(pages["ducha"].get("/supervision/export.xlsx").data)
    assert [row[head.index("推算")] for row in rows] == ["暂按周末推算"]
    sent = {"year": "2028", "days": ARRANGED, "document": "国办发明电〔2027〕9号", "act": "preview"}
    assert "现有 1 件事项的期限在 2028 年" in pages["xitong"].post("/parameters/calendar", data=sent).text
    assert provisional.count(world.session, 2028) == 1
    _arrange(world, 2028)
    assert world.go_to(world.number, 10) == 1
    assert _due(world, case, "notice_over") == start_of_day(date(2028, 1, 6))  # the 3rd is off
    notice = world.session.scalars(select(Notice).execution_options(populate_existing=True)).one()
    assert notice.closes_at == start_of_day(date(2028, 1, 6)) and "2028年1月5日" in notice.text
    moved = next(
        one.due_at
        for one in world.session.scalars(
            select(Timer)
            .where(Timer.case_id == case.id, Timer.kind == "limit")
            .execution_options(populate_existing=True)
        )
    )
    assert moved == limit + timedelta(days=1) and world.case(case.id).limit_at == moved
    assert "暂按周末推算" not in pages["cun"].get(f"/cases/{case.id}").text
    assert "2028年放假安排已经公布" in pages["cun"].get(f"/cases/{case.id}").text
    world.assert_replays(case.id)
    _arrange(world, 2028, ARRANGED.replace("1日至3日", "1日至4日"))  # only corrected: what runs stays
    assert world.go_to(world.number, 11) == 0
    _on(world, date(2028, 1, 5), 23)
    assert world.open_items(case) == {}
    _on(world, date(2028, 1, 6), 0)
    assert set(world.open_items(case)) == {"end_notice"}
    world.assert_replays(case.id)


@pytest.mark.duty("R10")
def test_a_notice_that_would_end_sooner_than_it_says_hangs_on(small_world: World) -> None:
    world = small_world
    deploy(world, NOTICE_IN_WORKDAYS, "公示按工作日")
    _unknown(world, 2028)
    _on(world, date(2027, 12, 30))
    case = world.enter()
    world.to_notice(case)
    before = _due(world, case, "notice_over")
    _arrange(world, 2028, ARRANGED.replace("1日至3日放假", "1日放假，1月2日上班"))
    world.go_to(world.number, 10)
    assert _due(world, case, "notice_over") == before
    world.assert_replays(case.id)


@pytest.mark.duty("R15")
def test_a_limit_that_passed_by_a_guess_has_not_passed(small_world: World) -> None:
    """The arrangement comes late, when people have been told already that the limit is over."""
    world = small_world
    deploy(world, LIMIT_IN_WORKDAYS, "期限按工作日")
    _unknown(world, 2028)
    _on(world, date(2028, 1, 12))
    case = world.enter()
    _on(world, date(2028, 1, 28))
    assert "explain_delay" in world.open_items(case) and world.case(case.id).lamp_floor == "red"
    _arrange(world, 2028)
    world.go_to(world.number, 10)
    assert "explain_delay" not in world.open_items(case)
    assert world.case(case.id).lamp_floor != "red"
    world.assert_replays(case.id)
