"""Risk elimination: from the village's check to the mark,
and every way in which it does not come to it (R23–R25).
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from engine.casework.acts import return_targets, return_to, withdraw
from engine.casework.desk import views
from engine.casework.models import CaseFile, MonitoringLine, Notification, Submission, WorkItem
from engine.casework.organisation import access
from engine.casework.step import reading
from engine.ground.errors import Invalid, NotAllowed, ShouwangError
from engine.prevention.identification import entering
from engine.prevention.identification.notices import objections
from engine.prevention.models import Objection, Observation, RiskClue, Telling
from tests.support import papers
from tests.support.stages import (
    NATURAL,
    admitted,
    conclude,
    household_of,
    propose,
    seen_above_on,
    to_decision,
)
from tests.support.world import World

SINCE = 20
"""The day of the stories on which the income is first seen above the line."""


def told(world: World, case: CaseFile) -> list[str]:
    world.session.commit()
    return list(world.session.scalars(select(Telling.text).where(Telling.case_id == case.id)))


def reasons(world: World, case: CaseFile) -> list[str]:
    """The failing conditions as the case has them."""
    found = reading.instance_of(world.session, world.case(case.id)).variables["elimination_conditions"]
    return [line["reason"] for line in found]


@pytest.mark.duty("R23", "R25", "C1", "C2")
def test_five_months_are_not_enough_seven_are(world: World) -> None:
    household = admitted(world)
    seen_above_on(world, household, SINCE)
    world.go_to(SINCE + 155)
    case = propose(world, household)
    world.finish(case, "check", "cun")
    assert set(world.open_items(case)) == {"tell_not_yet"}
    assert reasons(world, case) == [
        "人均纯收入自2022年5月25日起高于监测范围，至今5个月，须超过6个月，2022年11月26日起才符合",
        "自2022年5月11日起纳入监测，至今5个月，须超过6个月，2022年11月12日起才符合",
    ]
    world.finish(case, "tell_not_yet", "cun")
    assert (
        "至今5个月，须超过6个月" in told(world, case)[0]
        and "上门当面告知，被告知人：王建国" in told(world, case)[0]
    )
    assert household_of(world, case).status == "monitored"
    world.go_to(SINCE + 215)
    case = propose(world, household)
    to_decision(world, case)
    for who, step in (("xiang", "review"), ("xian", "approve")):
        item = world.open_items(case)[step]
        shown = views.task_view(world.session, world.official(who), item.id, world.clock.now()).values[
            "advice_text"
        ]
        assert "符合帮扶后稳定消除的条件" in shown and "自2022年5月25日起高于监测范围" in shown
        world.finish(case, step, who, manner="stable")
    approved = world.today
    world.go_to(SINCE + 225)
    assert {"announce", "tell_household"} == set(world.open_items(case))
    conclude(world, case)
    found = household_of(world, case)
    assert (found.status, found.eliminated_on, found.elimination_manner) == ("eliminated", approved, "stable")
    assert world.case(case.id).outcome == "已消除"
    assert told(world, case) == ["风险消除：已批准标注（帮扶后稳定消除）。上门当面告知，被告知人：王建国"]
    view = views.case_view(world.session, world.official("cun"), case.id)
    assert (
        "标注风险消除" in view.parts["announcements"][0].text
        and "拟标注风险消除的监测对象" in view.parts["notices"][0].text
    )
    assert any("须超过6个月" not in line for event in view.timeline for line in event.details)
    world.assert_replays(case.id)


@pytest.mark.duty("R23")
def test_exactly_six_months_are_not_enough(small_world: World) -> None:
    world = small_world
    household = admitted(world)
    seen_above_on(world, household, SINCE)
    world.go_to((date(2022, 11, 25) - world.day(0).date()).days)
    case = propose(world, household)
    world.finish(case, "check", "cun")
    assert len(reasons(world, case)) == 1
    world.finish(case, "tell_not_yet", "cun")
    world.go_to((date(2022, 11, 26) - world.day(0).date()).days)
    case = propose(world, household)
    world.finish(case, "check", "cun")
    assert set(world.open_items(case)) == {"appraise"}


@pytest.mark.duty("R24", "R25")
def test_a_household_without_labour_is_refused_unless_the_county_gives_a_reason(world: World) -> None:
    old = [
        papers.member(labour="none"),
        papers.member("李秀英", "spouse", papers.WIFE_ID, sex="female", labour="lost"),
    ]
    household = admitted(world, members=old)
    world.go_to(SINCE)
    case = propose(world, household)
    assert {item.queue for item in world.open_items(case).values()} == {"county"}
    for who in ("cun", "xiang"):
        with pytest.raises(NotAllowed):
            world.finish(case, "labour_exception", who, outcome="exception", reason="养老金稳定")
    world.finish(case, "labour_exception", "xian2")
    assert world.case(case.id).outcome == "暂不标注" and "整户无劳动力" in told(world, case)[0]
    assert household_of(world, case).status == "monitored"
    world.assert_replays(case.id)
    case = propose(world, household)
    with pytest.raises(Invalid) as refused:
        world.finish(case, "labour_exception", "xian2", outcome="exception")
    assert "reason" in refused.value.fields
    world.finish(case, "labour_exception", "xian2", outcome="exception", reason="养老金、低保稳定")
    gone = [{"risk": "illness", "gone": "yes", "how": "natural", "evidence": "已自行康复"}]
    to_decision(world, case, members=old, risk_checks=gone)
    world.finish(case, "review", "xiang")
    with pytest.raises(NotAllowed):  # who made the exception does not approve
        world.finish(case, "approve", "xian2", manner="natural")
    world.finish(case, "approve", "xian", manner="natural")
    conclude(world, case)
    found = household_of(world, case)
    assert (found.status, found.labour_exception) == ("eliminated", "养老金、低保稳定")
    world.assert_replays(case.id)


@pytest.mark.duty("R24")
def test_labour_found_lost_at_the_check_stops_it_there(small_world: World) -> None:
    world = small_world
    household = admitted(world)
    world.go_to(SINCE)
    case = propose(world, household)
    lost = [
        papers.member(labour="lost"),
        papers.member("李秀英", "spouse", papers.WIFE_ID, sex="female", labour="none"),
    ]
    world.finish(case, "check", "cun", members=lost, risk_checks=NATURAL)
    assert set(world.open_items(case)) == {"tell_not_yet"}
    assert any("整户无劳动力" in reason for reason in reasons(world, case))


@pytest.mark.duty("R23")
def test_natural_elimination_before_half_a_year_but_not_as_stable(world: World) -> None:
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    to_decision(world, case, risk_checks=NATURAL)
    world.finish(case, "review", "xiang")
    item = world.open_items(case)["approve"]
    shown = views.task_view(world.session, world.official("xian"), item.id, world.clock.now()).values
    assert shown["manner"] == "natural" and "符合自然消除的条件" in shown["advice_text"]
    world.finish(case, "approve", "xian", manner="stable")  # half a year is not over: back to the review
    assert set(world.open_items(case)) == {"review"}
    shown = views.task_view(
        world.session, world.official("xiang"), world.open_items(case)["review"].id, world.clock.now()
    )
    assert "按批准当日的标准核对，不符合" in shown.values["advice_text"]
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", manner="natural")
    conclude(world, case)
    assert household_of(world, case).elimination_manner == "natural"
    world.assert_replays(case.id)


@pytest.mark.duty("R23", "R01")
def test_the_line_of_the_year_of_the_county_s_decision_rules(small_world: World) -> None:
    world = small_world
    household = admitted(world)
    seen_above_on(world, household, SINCE)
    world.session.add(
        MonitoringLine(
            province_code=access.ancestor(household.village_code, "province"),
            year=2023,
            amount=13000,
            effective_from=date(2023, 1, 1),
            basis="2023年",
        )
    )
    world.session.commit()
    world.go_to((date(2022, 12, 28) - world.day(0).date()).days)
    case = propose(world, household)
    to_decision(world, case)  # the notice ends in the new year
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", manner="stable")
    assert set(world.open_items(case)) == {"review"}
    assert reasons(world, case) == ["人均纯收入12000元，没有高于监测范围13000元"]
    world.finish(case, "review", "xiang", outcome="reject", reason="当年收入没有高于监测范围")
    assert "乡级审核未通过，继续帮扶。原因：当年收入没有高于监测范围" in told(world, case)[0]
    assert household_of(world, case).status == "monitored"
    world.assert_replays(case.id)


@pytest.mark.duty("R25", "R10")
def test_the_household_itself_objects_and_help_goes_on(world: World) -> None:
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    world.finish(case, "check", "cun", risk_checks=NATURAL)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(44)
    data = {
        "matter": "还欠着医院的钱",
        "raised_on": world.today.isoformat(),
        "raised_by": household.head_name,
    }
    objections.raise_objection(world.session, world.official("cun"), case.id, data, clock=world.clock)
    world.go_to(50)
    assert "end_notice" not in world.open_items(case)
    world.finish(case, "examine_objection", "xiang", outcome="upheld_withdrawn", finding="确有欠款")
    assert world.case(case.id).outcome == "继续帮扶" and "公示异议成立" in told(world, case)[0]
    assert world.session.scalars(select(Objection)).one().raised_by == household.head_name
    assert household_of(world, case).status == "monitored"
    world.assert_replays(case.id)


@pytest.mark.duty("R25", "R10")
def test_an_objection_that_changes_the_facts_leads_back_to_the_check(small_world: World) -> None:
    world = small_world
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    world.finish(case, "check", "cun", risk_checks=NATURAL)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    data = {"matter": "收入算多了", "raised_on": world.today.isoformat()}
    objections.raise_objection(world.session, world.official("cun"), case.id, data, clock=world.clock)
    world.finish(case, "examine_objection", "xiang", outcome="upheld_changed", finding="漏记了成本")
    world.finish(case, "check", "cun", risk_checks=NATURAL, business_cost=1000)
    world.finish(case, "appraise", "cun", result="not_agreed", reason="还不稳定")
    assert (
        world.case(case.id).outcome == "继续帮扶"
        and "民主评议未通过，继续帮扶。原因：还不稳定" in told(world, case)[0]
    )
    world.assert_replays(case.id)


@pytest.mark.duty("R25")
def test_the_county_refuses_and_the_reason_is_told(small_world: World) -> None:
    world = small_world
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    to_decision(world, case, risk_checks=NATURAL)
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", outcome="reject", reason="再观察一段时间")
    assert "县级审批未批准，继续帮扶。原因：再观察一段时间" in told(world, case)[0]
    assert world.case(case.id).outcome_code == "refused"
    world.assert_replays(case.id)


@pytest.mark.duty("R23")
def test_a_check_that_was_returned_leaves_no_trace_in_the_income_history(world: World) -> None:
    household = admitted(world)
    seen_above_on(world, household, SINCE)
    world.go_to(SINCE + 215)
    case = propose(world, household)
    world.finish(case, "check", "cun", wage=2200)  # a digit was lost
    assert "没有高于监测范围" in reasons(world, case)[0]
    item = world.open_items(case)["tell_not_yet"]
    return_to(world.session, world.official("cun"), item.id, None, "工资少写了一位", clock=world.clock)
    world.finish(case, "check", "cun")
    assert set(world.open_items(case)) == {"appraise"}
    kept = world.session.scalars(select(Observation).where(Observation.case_id == case.id)).all()
    assert len(kept) == 1
    world.assert_replays(case.id)


@pytest.mark.duty("R06", "R26")
def test_a_clue_about_a_monitored_household_opens_no_second_identification(world: World) -> None:
    household = admitted(world)
    world.go_to(40)
    data = papers.clue(world.today, description="又查出重病")
    entered = entering.enter(
        world.session, world.official("cun"), data, clock=world.clock, household_id=household.id
    )
    assert entered.clue is not None and entered.case is None and not entered.joined
    line = world.session.scalars(select(Notification).order_by(Notification.id.desc()).limit(1)).one()
    assert (
        line.queue == "township" and "监测对象出现新线索（又查出重病）" in line.text and line.case_id is None
    )
    # with an elimination under way it joins that, and a check made before it counts no longer
    case = propose(world, household)
    world.finish(case, "check", "cun", risk_checks=NATURAL)
    world.go_to(41)
    data = papers.clue(world.today, description="旧病复发")
    entered = entering.enter(
        world.session, world.official("cun"), data, clock=world.clock, household_id=household.id
    )
    assert entered.joined and entered.case is not None and entered.case.id == case.id
    for queue in ("township", "village"):
        bell = select(Notification.text).where(Notification.case_id == case.id, Notification.queue == queue)
        assert any("旧病复发" in text for text in world.session.scalars(bell))
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(47)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", manner="natural")
    assert set(world.open_items(case)) == {"review"}
    assert reasons(world, case) == ["入户核查之后又有新线索（2022年6月15日发现），须重新核查"]
    assert world.session.scalars(select(CaseFile).where(CaseFile.procedure_key == "identification")).one()
    assert len(world.session.scalars(select(RiskClue)).all()) == 3
    world.assert_replays(case.id)


@pytest.mark.duty("R23")
def test_only_the_village_proposes_and_only_for_monitored_households(small_world: World) -> None:
    world = small_world
    case = world.enter()
    with pytest.raises(NotAllowed):
        propose(world, household_of(world, case))
    assert world.session.scalars(select(Submission)).all() == []
    household = household_of(world, case)
    household.status = "monitored"
    world.session.commit()
    with pytest.raises(ShouwangError):  # a clue is being looked into: one case of the register at a time
        propose(world, household)
    for who in ("xiang", "xian"):
        with pytest.raises(NotAllowed):
            propose(world, household, who)


@pytest.mark.duty("C1", "R25")
@pytest.mark.parametrize("seed", range(4))
def test_random_walks_replay(world: World, seed: int) -> None:
    random = Random(seed)
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    people = {"village": ["cun", "cun2"], "township": ["xiang", "xiang2"], "county": ["xian", "xian2"]}
    choices = {
        "check": ({"risk_checks": NATURAL}, {"risk_checks": NATURAL}, {}),
        "appraise": ({}, {}, {"result": "not_agreed", "reason": "再看看"}),
        "review": ({}, {}, {"outcome": "reject", "reason": "再看看"}),
        "approve": ({"manner": "natural"}, {"manner": "stable"}, {"outcome": "reject", "reason": "再看看"}),
    }
    last: tuple[str, int] | None = None
    for _ in range(30):
        items = world.open_items(case)
        if not items:
            if world.case(case.id).status == "finished":
                break
            world.go_to((world.today - world.day(0).date()).days + random.randint(1, 4))
            continue
        item = items[random.choice(sorted(items))]
        who = random.choice(people[item.queue])
        try:
            last = _act(world, case, item, who, random, last, choices.get(item.element_id, ({},)))
        except ShouwangError:
            world.session.rollback()  # refused: four eyes, or somebody has begun the next step
        world.clock.advance(timedelta(hours=random.randint(1, 20)))
        world.assert_replays(case.id)
    assert list(world.session.scalars(select(WorkItem.id).where(WorkItem.status == "failed"))) == []


def _act(
    world: World,
    case: CaseFile,
    item: WorkItem,
    who: str,
    random: Random,
    last: tuple[str, int] | None,
    choices: tuple[dict[str, Any], ...],
) -> tuple[str, int] | None:
    """Withdraw the last step, return the item, or finish it."""
    chance = random.random()
    if chance < 0.1 and last is not None:
        withdraw(world.session, world.official(last[0]), last[1], clock=world.clock)
        return None
    if chance < 0.25:
        targets = return_targets(world.session, world.official(who), item.id)
        if targets:
            target = random.choice(targets).seq
            return_to(world.session, world.official(who), item.id, target, "请更正", clock=world.clock)
        return last
    world.finish(case, item.element_id, who, **random.choice(choices))
    return who, item.id
