"""What a step begins with, and by which line it is judged: a step that came back,
and a step of a new round.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from engine.casework import acts
from engine.casework.acts import messages
from engine.casework.desk import views
from engine.casework.models import CaseFile, MonitoringLine, WorkItem
from engine.flow.forms import schema as s
from engine.ground.errors import Conflict, Invalid
from tests.integration import test_clearance as clearance
from tests.support.stages import NATURAL, admitted, household_of, propose, to_decision
from tests.support.world import World


def shown(world: World, case: CaseFile, element_id: str, who: str) -> Mapping[str, Any]:
    """What stands in the open step's form when its official opens it."""
    item = world.open_items(case)[element_id]
    return views.task_view(world.session, world.official(who), item.id, world.clock.now()).values


def typed_before(world: World, case: CaseFile, element_id: str, who: str) -> dict[str, Any]:
    """Of an open step's form: what stands in the fields that no register fills."""
    item = world.open_items(case)[element_id]
    view = views.task_view(world.session, world.official(who), item.id, world.clock.now())
    own = [one for one in view.form.inputs if not s.given(one, "prefill") and one.get("defaultValue") is None]
    return {
        s.key(one): view.values[s.key(one)]
        for one in own
        if view.values.get(s.key(one)) not in (None, "", [])
    }


def objected(world: World, case: CaseFile, outcome: str) -> None:
    data = {"matter": "家中有轿车", "raised_on": world.today.isoformat()}
    messages.send(world.session, world.official("cun"), case.id, "objection", data, clock=world.clock)
    world.finish(case, "examine_objection", "xiang", outcome=outcome)


@pytest.mark.duty("R10")
def test_after_an_upheld_objection_everything_is_done_anew(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(3)
    objected(world, case, "upheld_changed")
    world.finish(case, "reverify", "cun")
    assert typed_before(world, case, "appraise", "cun") == {}
    with pytest.raises(
        Invalid
    ) as refused:  # the meeting that was held before the objection is no new meeting
        world.finish(case, "appraise", "cun", held_on=world.day(1).date().isoformat())
    assert f"不能早于2022年5月{world.today.day}日" in refused.value.fields["held_on"][0]
    world.finish(case, "appraise", "cun")
    assert typed_before(world, case, "post_notice", "cun") == {}
    with pytest.raises(Invalid) as refused:
        world.finish(case, "post_notice", "cun", posted_on=world.day(0).date().isoformat())
    assert "posted_on" in refused.value.fields
    world.finish(case, "post_notice", "cun")
    world.go_to(3 + 5)
    assert "end_notice" not in world.open_items(case)
    world.go_to(3 + 6)
    assert set(world.open_items(case)) >= {"end_notice"}
    objections = world.open_items(case)
    assert objections["end_notice"].queue == "village"
    world.assert_replays(case.id)


@pytest.mark.duty("R11", "R12")
def test_after_a_return_what_was_entered_stays(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    posted = world.last_submission(case, "notice")
    world.finish(case, "end_notice", "cun")
    item = world.open_items(case)["review"]
    targets = acts.return_targets(world.session, world.official("xiang"), item.id)
    back = next(one for one in targets if one.element_id == "appraise")
    acts.return_to(world.session, world.official("xiang"), item.id, back.seq, "签名不全", clock=world.clock)
    assert shown(world, case, "appraise", "cun")["favour"] == 28
    world.finish(case, "appraise", "cun", held_on=world.day(0).date().isoformat())
    assert shown(world, case, "post_notice", "cun")["posted_on"] == posted["posted_on"]
    acts.withdraw(
        world.session, world.official("cun"), _last_done(world, case, "appraise"), clock=world.clock
    )
    assert shown(world, case, "appraise", "cun")["held_on"] == world.day(0).date().isoformat()


def _last_done(world: World, case: CaseFile, element_id: str) -> int:
    world.session.commit()
    query = select(WorkItem.id).where(
        WorkItem.case_id == case.id, WorkItem.element_id == element_id, WorkItem.status == "done"
    )
    return world.session.scalars(query.order_by(WorkItem.id.desc())).first() or 0


@pytest.mark.duty("R16")
def test_a_fresh_meeting_starts_empty_and_the_next_objection_has_its_own_finding(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    world.finish(case, "appraise", "cun", result="not_agreed", reason="再看看")
    world.finish(case, "appraisal_review", "xiang", outcome="disagree", reason="应当纳入")
    assert typed_before(world, case, "appraise", "cun") == {}
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    objected(world, case, "dismissed")
    data = {"matter": "又有一件", "raised_on": world.today.isoformat()}
    messages.send(world.session, world.official("cun"), case.id, "objection", data, clock=world.clock)
    assert typed_before(world, case, "examine_objection", "xiang") == {}


@pytest.mark.duty("R10")
@pytest.mark.parametrize("typed", ["2022-04-20", "0022-05-01"])
def test_a_notice_is_not_posted_before_the_meeting_nor_in_another_age(small_world: World, typed: str) -> None:
    world = small_world
    case = world.enter()
    for step, who in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
    ):
        world.finish(case, step, who)
    world.finish(case, "appraise", "cun")
    with pytest.raises(Invalid) as refused:
        world.finish(case, "post_notice", "cun", posted_on=typed)
    assert "posted_on" in refused.value.fields
    assert not any(
        timer.kind == "event"
        for timer in views.case_view(world.session, world.official("cun"), case.id).timers
    )


@pytest.mark.duty("R06", "R14")
@pytest.mark.parametrize(
    ("step", "field", "told"),
    [
        ("verify", "visited_on", "2022-05-01"),
        ("announce", "posted_on", "2022-05-02"),
        ("register", "entered_on", "2022-05-02"),
    ],
)
def test_no_step_is_done_before_what_it_follows_from(
    small_world: World, step: str, field: str, told: str
) -> None:
    world = small_world
    case = world.enter() if step == "verify" else world.approved()
    if step == "register":
        world.finish(case, "announce", "xiang")
    who = "cun" if step == "verify" else "xiang"
    earliest = world.today
    with pytest.raises(Invalid) as refused:
        world.finish(case, step, who, **{field: told})
    assert f"不能早于{earliest.year}年{earliest.month}月{earliest.day}日" in refused.value.fields[field][0]
    world.finish(case, step, who)


def next_line(world: World, amount: int, day: date) -> None:
    world.session.add(
        MonitoringLine(
            province_code="410000000000", year=day.year, amount=amount, effective_from=day, basis="省定"
        )
    )
    world.session.commit()


@pytest.mark.duty("R01", "R16")
def test_the_line_is_that_of_the_day_of_the_village_review(small_world: World) -> None:
    world = small_world
    next_line(world, 13000, world.day(2).date())
    case = world.enter()
    world.go_to(1)
    world.finish(case, "verify", "cun", wage=20000, medical=0)  # 11 000 a head: above the line of that day
    assert world.variables(case)["category"]["advice"] == "judge"
    world.go_to(2)
    for step, who in (
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
        ("appraise", "cun"),
    ):
        world.finish(case, step, who)
    assert world.variables(case)["monitoring_line"]["amount"] == 13000
    world.finish(case, "post_notice", "cun")
    next_line(world, 20000, world.day(5).date())  # what comes after the review changes nothing
    world.go_to(8)
    world.finish(case, "end_notice", "cun")
    for step, who in (("review", "xiang"), ("approve", "xian")):
        values = shown(world, case, step, who)
        assert "建议纳入" in values["advice_text"]
        assert "人均纯收入11000元" in values["income_text"] and "监测范围13000元" in values["income_text"]
        world.finish(case, step, who)
    world.assert_replays(case.id)


@pytest.mark.duty("R01")
def test_a_clue_of_last_year_is_verified_by_the_line_of_this_year(small_world: World) -> None:
    world = small_world
    next_line(world, 13000, world.day(3).date())
    case = world.enter()
    world.go_to(3)
    world.finish(case, "verify", "cun", wage=20000)
    assert world.variables(case)["category"]["advice"] == "admit"
    assert world.variables(case)["monitoring_line"]["amount"] == 13000


@pytest.mark.duty("R23")
def test_the_county_is_asked_when_the_manner_it_chose_does_not_hold(small_world: World) -> None:
    world = small_world
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    to_decision(world, case, risk_checks=NATURAL)
    world.finish(case, "review", "xiang")
    assert "人均纯收入12000元" in shown(world, case, "approve", "xian")["income_text"]
    world.finish(case, "approve", "xian", manner="stable")  # half a year is not over
    world.finish(case, "review", "xiang")
    with pytest.raises(Invalid) as refused:
        world.finish(case, "approve", "xian", manner="stable")
    assert "不符合条件" in refused.value.fields["manner"][0]
    world.finish(case, "approve", "xian", manner="natural")


def _targets(world: World, case: CaseFile, element_id: str, username: str) -> list[str]:
    item = world.open_items(case)[element_id]
    return [one.element_id for one in acts.return_targets(world.session, world.official(username), item.id)]


@pytest.mark.duty("R12", "R25")
def test_no_lower_level_takes_back_what_the_county_decided(small_world: World) -> None:
    world = small_world
    case = world.approved()
    assert _targets(world, case, "announce", "xiang") == []
    item = world.open_items(case)["announce"]
    with pytest.raises(Conflict, match="上级"):
        acts.return_to(world.session, world.official("xiang"), item.id, None, "再核实", clock=world.clock)
    with pytest.raises(Conflict, match="上级"):
        acts.return_to(world.session, world.official("xiang"), item.id, 1, "再核实", clock=world.clock)
    world.finish(case, "announce", "xiang")
    assert _targets(world, case, "register", "xiang") == ["announce"]  # its own step it may correct
    assert household_of(world, case).status == "monitored"


@pytest.mark.duty("R28", "R29")
def test_the_township_does_not_undo_an_executed_clearance(small_world: World) -> None:
    world = small_world
    case = clearance.propose(world)
    clearance.to_hearing(world, case)
    world.go_to(6)
    clearance.to_consent(world, case)
    world.finish(case, "register_consent", "sheng")
    assert "province_reviews" in _targets(
        world, case, "execute_in_system", "sheng"
    )  # who decided may correct it
    world.finish(case, "execute_in_system", "sheng")
    assert _targets(world, case, "tell_cleared", "xiang") == []
    assert household_of(world, case).status == "cleared"


@pytest.mark.duty("R12")
def test_an_approval_taken_back_by_the_county_leaves_no_outcome(small_world: World) -> None:
    world = small_world
    case = world.approved()
    assert case.outcome == "已批准"
    done = world.session.scalars(select(WorkItem).where(WorkItem.element_id == "approve")).one()
    acts.withdraw(world.session, world.official("xian"), done.id, clock=world.clock)
    assert (world.case(case.id).outcome, world.case(case.id).outcome_code) == ("", "")
    world.finish(case, "approve", "xian")
    assert world.case(case.id).outcome == "已批准"
