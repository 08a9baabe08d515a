"""Whoever had to wait has read the clock before the one who was first: no history goes back in time, nothing
is in time and late at once, and no paper goes back to a year that is over.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from engine.casework import acts
from engine.casework.acts import messages
from engine.casework.models import LogEntry, NumberedPaper, PaperNumber, Submission, Timer, WorkItem
from engine.casework.papers import register
from engine.casework.time import timers
from engine.ground.clock import CHINA, MovableClock, local_date, not_before
from engine.ground.errors import Invalid
from tests.support import many, papers
from tests.support.template import VILLAGE
from tests.support.world import World

A_MOMENT = timedelta(milliseconds=100)
MIDNIGHT = datetime(2023, 1, 1, tzinfo=CHINA)


def test_what_was_found_wrong_and_put_back_rules_from_then_on() -> None:
    assert not_before(MIDNIGHT, None) == not_before(MIDNIGHT, MIDNIGHT - A_MOMENT) == MIDNIGHT
    assert not_before(MIDNIGHT - A_MOMENT, MIDNIGHT) == MIDNIGHT
    assert not_before(MIDNIGHT - timedelta(days=40), MIDNIGHT) == MIDNIGHT - timedelta(days=40)


def _due(world: World, case_id: int, **what: str) -> datetime:
    query = select(Timer.due_at).where(Timer.case_id == case_id, Timer.status == "waiting")
    return world.session.scalars(query.filter_by(**what)).one()


@pytest.mark.duty("R15")
def test_a_decision_is_in_time_or_late_and_never_both(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    item, number = world.open_items(case)["approve"].id, case.id
    due = _due(world, number, kind="limit")
    world.go_to(world.number + (local_date(due) - world.today).days - 1, 10)
    timers.fire_due(world.sessions, MovableClock(at=due + A_MOMENT))
    data, slow = papers.paper("county_approval", world.today, ""), MovableClock(at=due - A_MOMENT)
    with world.sessions() as session:
        acts.complete(session, session.merge(world.official("xian")), item, data, clock=slow)
    lines = select(LogEntry.at).where(LogEntry.stream == f"case:{number}").order_by(LogEntry.seq)
    told = world.session.scalars(lines).all()
    assert told == sorted(told) and told[-1] == due + A_MOMENT
    world.session.expire_all()
    assert world.case(number).lamp_floor == "red" and "explain_delay" in world.open_items(world.case(number))
    assert world.session.get_one(WorkItem, item).closed_at == due + A_MOMENT
    sent = select(Submission.submitted_at).where(Submission.work_item_id == item)
    assert world.session.scalars(sent).one() == due + A_MOMENT
    world.assert_replays(number)


@pytest.mark.duty("R10")
def test_an_objection_of_the_last_second_says_why_it_was_entered_later(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    due = _due(world, case.id, element_id="notice_over")
    world.session.commit()
    timers.fire_due(world.sessions, MovableClock(at=due + A_MOMENT))
    slow = MovableClock(at=due - A_MOMENT)
    said = {"matter": "家中有车", "raised_on": local_date(slow.now()).isoformat()}
    with pytest.raises(Invalid, match="没有登记的原因"):
        messages.send(world.session, world.official("cun"), case.id, "objection", said, clock=slow)
    world.assert_replays(case.id)


@pytest.mark.duty("R13")
def test_no_announcement_goes_back_to_the_year_that_is_over(world: World) -> None:
    world.clock.set(MIDNIGHT - timedelta(days=12))
    many.to_approval(world, 3, (VILLAGE,))
    query = select(WorkItem.id).where(WorkItem.element_id == "approve").order_by(WorkItem.id)
    ids = list(world.session.scalars(query))
    data = papers.paper("county_approval", date(2022, 12, 31), "")

    def approve(item: int, at: datetime) -> None:
        acts.complete(world.session, world.official("xian"), item, data, clock=MovableClock(at=at))

    approve(ids[0], MIDNIGHT - timedelta(hours=5))
    approve(ids[1], MIDNIGHT + A_MOMENT)
    approve(ids[2], MIDNIGHT - A_MOMENT)  # joins the list that the other has taken into the new year
    announce = select(WorkItem.id).where(WorkItem.element_id == "announce", WorkItem.status == "open")
    found = list(world.session.scalars(announce))
    official = world.official("xiang")
    [paper] = register.issue(world.session, official, "announcement", found, MIDNIGHT - A_MOMENT)
    assert paper.content is not None and paper.number.endswith("〔2023〕1号")
    assert (paper.content["dated"], len(paper.content["rows"])) == ("2023年1月1日", 3)
    assert paper.issued_at == MIDNIGHT + A_MOMENT
    drawn = select(PaperNumber.year, PaperNumber.last).where(PaperNumber.year > 0)
    assert set(world.session.execute(drawn)) == {(2022, 1), (2023, 1)}
    renumbered = select(LogEntry.id).where(LogEntry.kind == "renumber")
    assert len(world.session.scalars(renumbered).all()) == 1
    assert world.session.scalars(select(NumberedPaper.id)).all() == [paper.id]


@pytest.mark.duty("R12")
def test_a_list_of_decisions_is_not_dated_before_the_last_of_them(world: World) -> None:
    world.clock.set(MIDNIGHT - timedelta(days=12))
    many.to_approval(world, 1, (VILLAGE,))
    item = world.session.scalars(select(WorkItem.id).where(WorkItem.element_id == "approve")).one()
    data, clock = papers.paper("county_approval", date(2022, 12, 31), ""), MovableClock(at=MIDNIGHT)
    acts.complete(world.session, world.official("xian"), item, data, clock=clock)
    official = world.official("xian")
    [paper] = register.issue(world.session, official, "approval_form", [item], MIDNIGHT - A_MOMENT)
    assert paper.content is not None and paper.content["dated"] == "2023年1月1日"
    assert paper.number.endswith("〔2023〕1号")
