"""Households at the later stages of their life, brought there by their officials through the engine."""

from __future__ import annotations

from typing import Any

from engine.casework.acts import openings
from engine.casework.models import CaseFile
from engine.prevention.models import Household
from tests.support import papers
from tests.support.world import World

NATURAL = [{"risk": "illness", "gone": "yes", "how": "natural", "evidence": "已自行康复"}]


def admitted(world: World, **verified: Any) -> Household:
    """A household that the county admits on day 6."""
    case = world.enter()
    world.finish(case, "verify", "cun", **verified)
    for element_id, who in (("sign", "cun"), ("submit_batch", "xiang"), ("run_matching", "xian2")):
        world.finish(case, element_id, who)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    world.finish(case, "announce", "xiang")
    world.finish(case, "register", "xiang")
    return household_of(world, case)


def household_of(world: World, case: CaseFile) -> Household:
    world.session.commit()
    return world.session.get_one(Household, case.household_id, populate_existing=True)


def propose(world: World, household: Household, who: str = "cun") -> CaseFile:
    """The village proposes elimination today."""
    raw = papers.paper("elimination_proposal", world.today, "")
    return openings.open_by_hand(
        world.session, world.official(who), household.id, "risk_elimination", raw, clock=world.clock
    )


def seen_above_on(world: World, household: Household, day: int) -> None:
    """On `day` a check finds the income above the line for the first time, and the household is told:
    not yet.
    """
    world.go_to(day)
    case = propose(world, household)
    world.finish(case, "check", "cun")
    world.finish(case, "tell_not_yet", "cun")
    assert world.case(case.id).outcome == "继续帮扶"


def to_decision(world: World, case: CaseFile, **checked: Any) -> None:
    """Check, appraisal and a full notice: the case is with the township."""
    world.finish(case, "check", "cun", **checked)
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to((world.today - world.day(0).date()).days + 6)
    world.finish(case, "end_notice", "cun")


def conclude(world: World, case: CaseFile) -> None:
    """What follows the county's approval."""
    world.finish(case, "announce", "xiang")
    world.finish(case, "tell_household", "cun")
    world.finish(case, "mark", "xiang")


def eliminated(world: World) -> Household:
    """A household whose risk went by itself: admitted on day 6, marked on day 46."""
    household = admitted(world)
    world.go_to(40)
    case = propose(world, household)
    to_decision(world, case, risk_checks=NATURAL)
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", manner="natural")
    conclude(world, case)
    return household_of(world, case)
