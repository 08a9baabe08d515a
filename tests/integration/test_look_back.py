"""Look-back on eliminated households: stable, rolled back, or identified anew (R26)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from engine.casework.acts import openings, withdraw
from engine.casework.desk import views
from engine.casework.models import CaseFile
from engine.casework.step import reading
from engine.casework.time import schedules
from engine.ground.errors import Conflict
from engine.prevention.identification import entering
from engine.prevention.models import Household, RiskClue
from tests.support import papers
from tests.support.stages import eliminated, household_of
from tests.support.world import World

FLOOD: dict[str, Any] = {
    "new_risk": "yes",
    "new_risks": ["natural_disaster"],
    "new_risk_text": "七月洪水冲毁庄稼",
    "income_stable": "no",
    "wage": 2000,
}


def look_back(world: World, household: Household) -> CaseFile:
    """The village looks back today."""
    return openings.open_by_hand(
        world.session, world.official("cun"), household.id, "look_back", {}, clock=world.clock
    )


def opened_by(world: World, case: CaseFile) -> list[CaseFile]:
    world.session.commit()
    return list(world.session.scalars(select(CaseFile).where(CaseFile.origin_id == case.id)))


@pytest.mark.duty("R26")
def test_a_stable_household_stays_as_it_is(world: World) -> None:
    household = eliminated(world)
    world.go_to(400)
    case = look_back(world, household)
    world.finish(case, "revisit", "cun")
    assert world.case(case.id).outcome == "稳定" and opened_by(world, case) == []
    assert household_of(world, case).status == "eliminated"
    world.assert_replays(case.id)


@pytest.mark.duty("R26", "R06")
def test_a_new_risk_is_identified_anew_and_the_old_mark_stays_in_the_history(world: World) -> None:
    household = eliminated(world)
    marked = household.eliminated_on
    world.go_to(80)
    case = look_back(world, household)
    world.finish(case, "revisit", "cun", **FLOOD)
    assert world.case(case.id).outcome == "转重新识别"
    (anew,) = opened_by(world, case)
    assert (anew.procedure_key, anew.status, anew.discovery_date) == ("identification", "open", world.today)
    clue = world.session.scalars(select(RiskClue).where(RiskClue.case_id == anew.id)).one()
    assert (clue.channel, clue.risks, clue.description) == (
        "cadre_check",
        ["natural_disaster"],
        "七月洪水冲毁庄稼",
    )
    found = household_of(world, case)
    assert (found.status, found.eliminated_on) == (
        "eliminated",
        marked,
    )  # as it was, until the county decides
    assert world.session.scalar(select(CaseFile).where(CaseFile.procedure_key == "rollback")) is None
    lines = [
        line
        for event in views.case_view(world.session, world.official("cun"), case.id).timeline
        for line in event.details
    ]
    assert "发现新线索，启动“识别认定”" in lines and any("标注后出现新的风险" in line for line in lines)
    for element_id in (
        "verify",
        "sign",
        "appraise",
        "post_notice",
    ):
        world.finish(anew, element_id, "cun")
    world.finish(anew, "confirm_reuse", "xiang")  # the matching result on file is used again
    world.go_to(86)
    for element_id, who in (("end_notice", "cun"), ("review", "xiang"), ("approve", "xian")):
        world.finish(anew, element_id, who)
    found = household_of(world, case)
    assert (found.status, found.eliminated_on, found.monitored_on) == ("monitored", None, world.today)
    old = world.session.scalars(select(CaseFile).where(CaseFile.procedure_key == "risk_elimination")).one()
    assert old.outcome == "已消除"
    for one in (case, anew):
        world.assert_replays(one.id)


@pytest.mark.duty("R26")
def test_refused_a_second_time_it_remains_eliminated(small_world: World) -> None:
    world = small_world
    household = eliminated(world)
    world.go_to(80)
    entered = entering.enter(
        world.session,
        world.official("cun"),
        papers.clue(world.today),
        clock=world.clock,
        household_id=household.id,
    )
    assert entered.case is not None and entered.case.procedure_key == "identification" and not entered.joined
    world.finish(entered.case, "verify", "cun", opinion="not_suggest", opinion_reason="没有风险")
    world.finish(entered.case, "exclusion_review", "xiang")
    assert household_of(world, entered.case).status == "eliminated"


@pytest.mark.duty("R26", "R24")
@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"wage": 2000, "income_stable": "no", "opinion": "unstable"}, "unstable"),
        ({"housing_ok": "no", "opinion": "unstable"}, "unstable"),
        ({"members": [papers.member(labour="none")]}, "no_labour"),
    ],
)
def test_what_does_not_last_is_rolled_back(world: World, seen: dict[str, Any], reason: str) -> None:
    household = eliminated(world)
    world.go_to(400)
    case = look_back(world, household)
    world.finish(case, "revisit", "cun", **seen)
    assert world.case(case.id).outcome == "转回退"
    (rollback,) = opened_by(world, case)
    assert rollback.procedure_key == "rollback" and rollback.status == "open"
    variables = reading.instance_of(world.session, world.case(rollback.id)).variables
    assert variables["rollback_reason"] == reason
    item = next(iter(world.open_items(rollback).values()))
    shown = views.task_view(world.session, world.official("cun"), item.id, world.clock.now()).values
    assert shown["proposed"] == variables["rollback_ground"] and not shown["proposed"].isascii()
    assert household_of(world, case).status == "eliminated"
    for one in (case, rollback):
        world.assert_replays(one.id)


@pytest.mark.duty("R26")
def test_a_new_risk_found_while_a_rollback_runs_waits_for_its_end(small_world: World) -> None:
    world = small_world
    household = eliminated(world)
    world.go_to(400)
    first = look_back(world, household)
    world.finish(first, "revisit", "cun", housing_ok="no", opinion="unstable")
    second = look_back(world, household)
    world.finish(second, "revisit", "cun", **FLOOD)
    (rollback,) = opened_by(world, first)
    assert opened_by(world, second) == []
    clue = world.session.scalars(select(RiskClue).order_by(RiskClue.id.desc()).limit(1)).one()
    assert clue.case_id == rollback.id and clue.held
    world.finish(rollback, "check_rollback", "cun", opinion="stable")
    assert world.case(rollback.id).outcome == "维持已消除"
    (anew,) = opened_by(world, rollback)
    assert (anew.procedure_key, anew.discovery_date) == ("identification", clue.discovered_on)
    world.assert_replays(rollback.id)


@pytest.mark.duty("R26")
def test_a_look_back_that_has_ended_is_not_withdrawn(small_world: World) -> None:
    world = small_world
    household = eliminated(world)
    world.go_to(80)
    case = look_back(world, household)
    item = world.open_items(case)["revisit"]
    world.finish(case, "revisit", "cun", **FLOOD)
    with pytest.raises(Conflict):
        withdraw(world.session, world.official("cun"), item.id, clock=world.clock)


@pytest.mark.duty("R26")
def test_a_county_sets_the_rhythm_and_the_ticker_opens_the_round(small_world: World) -> None:
    world = small_world
    household = eliminated(world)
    offer = next(o for o in schedules.offers(world.session, world.official("xian")) if o.key == "look_back")
    assert offer.months == 12
    schedules.set_rhythm(
        world.session, world.official("xian"), "look_back", 12, world.today, world.clock.now()
    )
    assert schedules.open_due(world.sessions, world.clock) == 1
    opened = world.session.scalars(select(CaseFile).where(CaseFile.procedure_key == "look_back")).one()
    assert opened.household_id == household.id and set(world.open_items(opened)) == {"revisit"}
