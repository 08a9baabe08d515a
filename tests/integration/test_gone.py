"""A whole household is gone: by two people, and every open case ends (domain S11)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.acts import openings
from engine.casework.models import CaseFile, Timer
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.campaign import coverage
from engine.prevention.models import Correction, Household, MemberChange, Notice, RiskClue
from engine.prevention.records import asking, conditions, consequences, deciding
from engine.prevention.register import member_history
from engine.prevention.register.members import taking_back
from engine.prevention.transfers import offers
from tests.support import members, papers, registers, screening
from tests.support.client import application, signed_in
from tests.support.template import VILLAGE
from tests.support.world import World


def ask(world: World, household_id: int, how: str = "death", on: str = "2022-05-05") -> Correction:
    world.session.commit()
    actor = world.official("cun")
    return asking.ask_gone(world.session, actor, household_id, how, on, "独居老人去世", clock=world.clock)


def agree(world: World, row: Correction, who: str = "xiang") -> None:
    world.session.commit()
    deciding.decide(world.session, world.official(who), row.id, True, clock=world.clock)


def _over(world: World, case_id: int) -> str:
    case = world.case(case_id)
    timers = world.session.scalars(select(Timer).where(Timer.case_id == case_id)).all()
    assert case.status != "open" and not world.open_items(case)
    assert not [one for one in timers if one.status == "waiting" or one.standing == "open"]
    world.assert_replays(case_id)
    return str(case.outcome)


@pytest.mark.duty("R38")
def test_who_lived_alone_died_while_the_notice_hung(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    with pytest.raises(Invalid, match="全户死亡还是全户迁出"):
        ask(world, case.household_id, "merged")
    with pytest.raises(Invalid, match="今天以前"):
        ask(world, case.household_id, on="2022-05-06")
    row = ask(world, case.household_id)
    said = " ".join(consequences.foreseen(world.session, row))
    assert "王建国、李秀英死亡（2022年5月5日）" in said and "正在张贴的公示撤下" in said
    with pytest.raises(NotAllowed):
        agree(world, row, "cun")
    agree(world, row)
    assert _over(world, case.id) == "全户不在册"
    household = world.session.get_one(Household, case.household_id, populate_existing=True)
    assert household.status == "gone" and member_history.present(world.session, household.id) == []
    assert world.session.scalars(select(Notice.status)).one() == "withdrawn"
    assert members.names(world, household.id, world.day(-1).date()) == ["王建国", "李秀英"]
    assert openings.startable(world.session, world.official("xian"), household) == []
    with pytest.raises(Conflict, match="不在册"):
        world.enter(household_id=household.id)
    with pytest.raises(Conflict, match="不在册"):
        members.record(world, household.id, "birth", **members.CHILD)
    act = world.session.scalars(select(MemberChange.act).where(MemberChange.kind == "death")).first() or ""
    with pytest.raises(NotAllowed):
        taking_back.take_back(
            world.session, world.official("xiang"), household.id, act, "弄错", clock=world.clock
        )
    world.session.rollback()
    taking_back.take_back(
        world.session, world.official("xiang2"), household.id, act, "弄错", clock=world.clock
    )
    world.session.commit()
    assert household.status == "ordinary" and members.names(world, household.id) == ["王建国", "李秀英"]


@pytest.mark.duty("R38")
@pytest.mark.parametrize(
    ("key", "status", "who", "outcome"),
    [
        ("assistance", "monitored", "xiang", "全户不在册"),
        ("existing_check", "monitored", "cun", "全户不在册"),
        ("look_back", "eliminated", "cun", "全户不在册"),
        ("risk_elimination", "monitored", "cun", "全户迁出"),
        ("rollback", "eliminated", "cun", "全户迁出"),
        ("clearance", "monitored", "xian", "全户迁出"),
    ],
)
def test_every_procedure_ends_when_the_household_is_gone(
    small_world: World, key: str, status: str, who: str, outcome: str
) -> None:
    world = small_world
    house = registers.household(world.session, world.clock.now(), "赵富贵", status)
    forms = {
        "risk_elimination": "elimination_proposal",
        "rollback": "rollback_proposal",
        "clearance": "clearance_proposal",
    }
    raw = papers.paper(forms[key], world.today, "") if key in forms else {}
    case: CaseFile = openings.open_by_hand(
        world.session, world.official(who), house.id, key, raw, clock=world.clock
    )
    agree(world, ask(world, house.id, "move_out"))
    assert _over(world, case.id) == outcome
    house = world.session.get_one(Household, house.id, populate_existing=True)
    assert house.status == "gone"


@pytest.mark.duty("R06", "R38")
def test_what_a_case_held_opens_no_identification_of_nobody(small_world: World) -> None:
    world = small_world
    house = registers.household(world.session, world.clock.now(), "赵富贵", "monitored")
    actor = world.official("cun")
    raw = papers.paper("elimination_proposal", world.today, "")
    openings.open_by_hand(world.session, actor, house.id, "risk_elimination", raw, clock=world.clock)
    world.enter(household_id=house.id)
    assert world.session.scalars(select(RiskClue.held)).all() == [True]
    agree(world, ask(world, house.id, "move_out"))
    cases = world.session.scalars(select(CaseFile.procedure_key).where(CaseFile.subject_id == house.id)).all()
    assert list(cases) == ["risk_elimination"]


@pytest.mark.duty("R38")
def test_nobody_is_gone_before_being_born(small_world: World) -> None:
    world = small_world
    house = registers.household(world.session, world.clock.now(), "赵富贵", "monitored")
    world.go_to(5)
    early = world.day(1).date().isoformat()
    row = ask(world, house.id, on=early)
    members.record(world, house.id, "birth", **members.CHILD)
    with pytest.raises(Invalid, match="才出生或来到这户"):
        agree(world, row)
    with pytest.raises(Invalid, match="才出生或来到这户"):
        conditions.require_late_enough(world.session, house, world.day(1).date())
    assert len(members.names(world, house.id)) == 3


@pytest.mark.duty("R03", "R41")
def test_a_record_that_is_closed_takes_nobody_and_leaves_nothing_waiting(small_world: World) -> None:
    world = small_world
    campaign = screening.opened(world)
    closed, other = screening.settled(world, 2)
    screening.recorded(world, campaign, screening.entry(closed, screening.unchanged(world)))
    offer = offers.offer(
        world.session, world.official("xian"), closed.id, "410326101200", "迁居", clock=world.clock
    )
    into = closed.number
    world.session.commit()
    actor, rows = world.official("xiang"), member_history.present(world.session, closed.id)
    split = asking.ask_split(
        world.session, actor, closed.id, [rows[-1]["key"]], rows[-1]["key"], "", "分家", clock=world.clock
    )
    joins = asking.ask_join(world.session, actor, other.id, into, "合住", clock=world.clock)
    agree(world, ask(world, closed.id, "move_out"))
    world.session.expire_all()
    assert (split.status, joins.status, offer.status) == ("refused", "refused", "moot")
    with pytest.raises(Conflict, match="不在册"):
        asking.ask_merge(world.session, actor, other.id, into, "同一户", clock=world.clock)
    world.session.rollback()
    place = coverage.village(world.session, campaign, VILLAGE)
    assert (place.households, place.entered) == (1, 0)
    (found,) = screening.recorded(world, campaign, screening.entry(closed, screening.unchanged(world)))
    assert found.kind == "refused"
    page = signed_in(application(world), actor)
    shown = page.get(f"/households/{closed.id}").text
    assert "记录只供查看" in shown and "录入线索" not in shown and "/screening/" not in shown
    assert "全户已不在册；有人回来的" in page.get(f"/households/{closed.id}/corrections").text
