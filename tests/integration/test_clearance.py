"""Clearance on both databases: verified, heard, decided, consented; never deleted (R28, R29)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.casework import acts
from engine.casework.acts import messages, openings
from engine.casework.desk import views
from engine.casework.models import CaseFile, Notification, Submission
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import AssistancePlan, Household, Measure, Member
from tests.support import papers, registers
from tests.support.client import application, signed_in
from tests.support.world import World


def propose(world: World, name: str = "赵富贵", status: str = "monitored") -> CaseFile:
    """The county proposes to clear a household."""
    household = registers.household(world.session, world.clock.now(), name, status)
    data = papers.paper("clearance_proposal", world.today, "")
    return openings.open_by_hand(
        world.session, world.official("xian"), household.id, "clearance", data, clock=world.clock
    )


def to_hearing(world: World, case: CaseFile) -> None:
    """Verified by village and township, the household told."""
    world.finish(case, "check_clearance", "cun")
    world.finish(case, "verify_clearance", "xiang")
    world.finish(case, "hear_household", "xiang")


def to_consent(world: World, case: CaseFile) -> None:
    """Decided and sent up to the national bureau."""
    world.finish(case, "decide_clearance", "xian2")
    world.finish(case, "county_applies", "xian")
    world.finish(case, "city_reviews", "shi")
    world.finish(case, "province_reviews", "sheng")


def household_of(world: World, case: CaseFile) -> Household:
    """The household as it is now."""
    world.session.commit()
    return world.session.get_one(Household, case.household_id, populate_existing=True)


def answer(world: World, case: CaseFile, username: str = "xiang", **changes: Any) -> bool:
    """The household's answer is registered."""
    data = papers.paper("household_answer", world.today, "", **changes)
    return messages.send(
        world.session, world.official(username), case.id, "household_answer", data, clock=world.clock
    )


def _measure(world: World, case: CaseFile) -> Measure:
    with write(world.session):
        plan = AssistancePlan(
            household_id=case.household_id,
            case_id=case.id,
            made_on=date(2022, 1, 5),
            recorded_at=world.clock.now(),
        )
        world.session.add(plan)
        world.session.flush()
        found = Measure(
            plan_id=plan.id,
            household_id=case.household_id,
            village_code=case.village_code,
            type="industry",
            ends_on=date(2022, 12, 1),
            amount=Decimal(500),
            status="under_way",
        )
        world.session.add(found)
    return found


@pytest.mark.duty("R28", "R29")
def test_a_clearance_removes_from_the_register_and_deletes_nothing(world: World) -> None:
    case = propose(world)
    measure = _measure(world, case)
    to_hearing(world, case)
    answer(world, case, opinion="object", content="企业早已停业")
    to_consent(world, case)
    assert (household_of(world, case).status, measure.status) == ("monitored", "under_way")
    world.finish(case, "register_consent", "sheng")
    before = world.session.scalar(
        select(func.count(Member.id)).where(Member.household_id == case.household_id)
    )
    done = world.finish(case, "execute_in_system", "sheng")
    household = household_of(world, case)
    assert (household.status, household.cleared_on, measure.status) == ("cleared", world.today, "stopped")
    assert household.monitored_on is not None and household.category == "marginal"
    assert (
        world.session.scalar(select(func.count(Member.id)).where(Member.household_id == household.id))
        == before
    )
    acts.withdraw(world.session, world.official("sheng"), done.item_id, clock=world.clock)
    assert (household_of(world, case).status, household.cleared_on) == ("monitored", None)
    world.session.refresh(measure)
    assert measure.status == "under_way"
    world.finish(case, "execute_in_system", "sheng")
    world.finish(case, "tell_cleared", "xiang")
    assert world.case(case.id).outcome == "已清退" and household_of(world, case).status == "cleared"
    world.assert_replays(case.id)


@pytest.mark.duty("R29")
def test_the_household_has_five_days_to_answer(world: World) -> None:
    case = propose(world)
    to_hearing(world, case)
    world.go_to(5, 23)
    assert world.open_items(case) == {}
    world.go_to(6, 0)
    assert set(world.open_items(case)) == {"decide_clearance"}
    with pytest.raises(Conflict, match="这一天以后提出的不能登记"):
        answer(world, case)
    world.assert_replays(case.id)


@pytest.mark.duty("R29", "R36")
@pytest.mark.parametrize("seen_to", [True, False])
def test_an_answer_of_the_last_day_is_entered_after_it_with_the_reason(
    small_world: World, seen_to: bool
) -> None:
    world = small_world
    case = propose(world)
    to_hearing(world, case)
    said = {"answered_on": world.day(5).date().isoformat(), "opinion": "object", "content": "企业早已停业"}
    world.session.commit()
    if seen_to:
        world.go_to(8)
    else:  # the scheduler is behind
        world.clock.set(world.day(8))
    with pytest.raises(Invalid, match="请写明当天没有登记的原因") as missing:
        answer(world, case, **said)
    assert set(missing.value.fields) == {"late_reason"}
    world.session.commit()
    assert (
        world.session.scalars(select(Submission).where(Submission.form_key == "household_answer")).all() == []
    )
    page = signed_in(application(world), world.official("xiang"))
    if seen_to:
        assert "补登农户意见" in page.get(f"/cases/{case.id}").text
        at = f"/cases/{case.id}/messages/household_answer"
        assert "“5天答复期满”已于2022年5月10日期满" in page.get(at).text
        too_late = {**said, "answered_on": world.day(6).date().isoformat(), "answered_by": "户主"}
        refused = page.post(at, data=too_late)
        assert (refused.status_code, "企业早已停业" in refused.text) == (409, True)
        assert "这一天以后提出的不能登记" in refused.text
    if seen_to:  # the county has begun to decide
        begun = world.open_items(case)["decide_clearance"]
        typed, county = {"reason": "写了一半"}, world.official("xian2")
        acts.save_draft(world.session, county, begun.id, typed, clock=world.clock)
    assert answer(world, case, **said, late_reason="农户晚上十一点来电")
    assert set(world.open_items(case)) == {"decide_clearance"}
    item = world.open_items(case)["decide_clearance"]
    if seen_to:
        assert item.id != begun.id and "请重新核对" in item.note
        kept = views.task_view(world.session, county, item.id, world.clock.now())
        assert kept.values["reason"] == "写了一半"
    view = views.task_view(world.session, world.official("xian2"), item.id, world.clock.now())
    assert view.values["answer_text"] == "有不同意见：企业早已停业"
    told = select(Notification.text).where(Notification.kind == "backdated")
    assert ["农户晚上十一点来电" in one for one in world.session.scalars(told)] == [True]
    assert "补登：农户晚上十一点来电" in page.get(f"/cases/{case.id}").text
    world.assert_replays(case.id)
    with pytest.raises(Conflict, match="不接收"):  # what was answered in time is not typed over
        answer(world, case, **{**said, "opinion": "agree"}, late_reason="弄错了")
    world.session.rollback()
    world.finish(case, "decide_clearance", "xian2")
    world.assert_replays(case.id)


@pytest.mark.duty("R29")
def test_once_the_county_has_decided_no_answer_is_entered(small_world: World) -> None:
    world = small_world
    case = propose(world)
    to_hearing(world, case)
    said = {"answered_on": world.day(5).date().isoformat(), "late_reason": "农户晚上来电"}
    world.go_to(8)
    world.finish(case, "decide_clearance", "xian2")
    with pytest.raises(Conflict, match="不接收"):
        answer(world, case, **said)


@pytest.mark.duty("R29")
def test_the_answer_is_kept_whole_and_ends_the_wait(world: World) -> None:
    case = propose(world)
    world.finish(case, "check_clearance", "cun")
    with pytest.raises(Conflict, match="不接收"):
        answer(world, case)  # nobody has been told yet
    world.finish(case, "verify_clearance", "xiang")
    world.finish(case, "hear_household", "xiang")
    with pytest.raises(Invalid) as missing:
        answer(world, case, opinion="object")
    assert set(missing.value.fields) == {"content"}
    with pytest.raises(NotFound):
        answer(world, case, "waixian")
    assert answer(world, case, opinion="object", content="企业早已停业", answered_by="赵富贵")
    with pytest.raises(Conflict):
        answer(world, case)
    world.session.commit()
    kept = world.session.scalars(select(Submission).where(Submission.form_key == "household_answer")).one()
    assert kept.data["answered_by"] == "赵富贵" and kept.element_id == "household_answers"
    item = world.open_items(case)["decide_clearance"]
    view = views.task_view(world.session, world.official("xian2"), item.id, world.clock.now())
    assert view.values["answer_text"] == "有不同意见：企业早已停业"
    world.assert_replays(case.id)


@pytest.mark.duty("R29", "R38")
def test_the_county_drops_it_and_who_proposed_does_not_decide(world: World) -> None:
    case = propose(world)
    to_hearing(world, case)
    answer(world, case)
    with pytest.raises(NotAllowed, match="由您提出"):
        world.finish(case, "decide_clearance", "xian")
    world.finish(case, "decide_clearance", "xian2", outcome="drop", reason="企业已停业，仍有困难")
    assert world.case(case.id).outcome == "不予清退"
    assert household_of(world, case).status == "monitored"
    world.assert_replays(case.id)


@pytest.mark.duty("R28", "R29")
def test_the_province_refuses_and_the_household_stays_with_its_help(world: World) -> None:
    """T18."""
    case = propose(world)
    measure = _measure(world, case)
    to_hearing(world, case)
    answer(world, case)
    world.finish(case, "decide_clearance", "xian2")
    world.finish(case, "county_applies", "xian")
    world.finish(case, "city_reviews", "shi")
    world.finish(case, "province_reviews", "sheng", outcome="refuse", reason="企业已停业，事实不清")
    assert set(world.open_items(case)) == {"handle_refusal"}
    world.finish(case, "handle_refusal", "xian")
    assert world.case(case.id).outcome == "未同意清退"
    household = household_of(world, case)
    assert (household.status, household.cleared_on, measure.status) == ("monitored", None, "under_way")
    world.assert_replays(case.id)


@pytest.mark.duty("R29")
def test_a_clearance_ends_the_assistance_under_way_and_is_not_offered_twice(world: World) -> None:
    case = propose(world)
    official, household = world.official("xiang"), household_of(world, case)
    assert "clearance" not in {
        one.key for one in openings.startable(world.session, world.official("xian"), household)
    }
    assistance = world.open_by_hand(case.household_id, "assistance", "xiang")
    assert "name_official" in world.open_items(assistance)
    to_hearing(world, case)
    answer(world, case)
    to_consent(world, case)
    world.finish(case, "register_consent", "sheng")
    world.finish(case, "execute_in_system", "sheng")
    ended = world.case(assistance.id)
    assert (ended.status, ended.outcome) == ("finished", "随清退结束") and world.open_items(assistance) == {}
    assert openings.startable(world.session, official, household_of(world, case)) == []
    world.assert_replays(case.id)
    world.assert_replays(assistance.id)
