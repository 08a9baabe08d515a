"""One household becomes two, two become one: by two people, and nobody is lost sight of (domain S11, R06)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.models import CaseFile
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.models import Correction, Household, RiskClue
from engine.prevention.records import asking, consequences, deciding, life
from engine.prevention.register import member_history
from tests.support import members, papers, registers
from tests.support.client import application, signed_in
from tests.support.world import World


def agree(world: World, row: Correction, who: str = "xiang") -> None:
    world.session.commit()
    deciding.decide(world.session, world.official(who), row.id, True, clock=world.clock)
    world.session.commit()


def split(world: World, house: Household, names: list[str], head: str) -> Correction:
    keys = [members.key_of(world, house.id, name) for name in names]
    first = members.key_of(world, house.id, head)
    actor = world.official("cun")
    return asking.ask_split(
        world.session, actor, house.id, keys, first, "西沟2号", "儿子分家", clock=world.clock
    )


def _family(world: World) -> Household:
    house = registers.household(world.session, world.clock.now(), "王建国", "monitored")
    number = papers.id_number("41990120000101204")
    couple = {"name": "王大壮", "relation": "son", "id_number": papers.id_number("41990119980101213")}
    members.record(world, house.id, "move_in", **couple)
    members.record(
        world, house.id, "marriage_in", name="赵小燕", relation="daughter_in_law", id_number=number
    )
    members.record(world, house.id, "birth", **{**members.CHILD, "relation": "grandson"})
    return house


@pytest.mark.duty("R38", "R06")
def test_a_son_sets_up_house_and_the_new_household_is_looked_at(world: World) -> None:
    house = _family(world)
    with pytest.raises(Invalid, match="户主留在原户"):
        split(world, house, ["王建国"], "王建国")
    with pytest.raises(Invalid, match="户主须是分出去的"):
        split(world, house, ["王大壮", "赵小燕"], "李秀英")
    row = split(world, house, ["王大壮", "赵小燕", "王小宝"], "王大壮")
    assert "录入一条线索" in " ".join(consequences.foreseen(world.session, row))
    with pytest.raises(NotAllowed):
        agree(world, row, "cun")
    world.go_to(1)
    agree(world, row)
    fresh = world.session.get_one(Household, row.into_id)
    rows = member_history.present(world.session, fresh.id)
    assert [(one["name"], one["relation"]) for one in rows] == [
        ("王大壮", "head"),
        ("赵小燕", "spouse"),
        ("王小宝", "son"),
    ]
    assert (fresh.head_name, fresh.address, fresh.status) == ("王大壮", "西沟2号", "ordinary")
    assert members.names(world, house.id) == ["王建国", "李秀英"]
    assert members.names(world, house.id, world.day(0).date())[2:] == ["王大壮", "赵小燕", "王小宝"]
    clue = world.session.scalars(select(RiskClue)).one()
    case = world.session.scalars(select(CaseFile)).one()
    assert (clue.household_id, case.household_id, case.procedure_key) == (
        fresh.id,
        fresh.id,
        "identification",
    )
    assert world.session.get_one(Household, house.id).status == "monitored"
    chapters = life.of_household(world.session, world.official("cun"), fresh.id, {})
    assert any("分出王大壮户" in one.text for one in chapters)
    world.assert_replays(case.id)


@pytest.mark.duty("R38", "R41")
def test_two_households_become_one_with_all_their_people(world: World) -> None:
    kept = registers.household(world.session, world.clock.now(), "王建国", "monitored")
    case = world.enter(name="赵富贵")
    gone = world.session.get_one(Household, case.household_id)
    actor, number = world.official("cun"), kept.number
    row = asking.ask_join(world.session, actor, gone.id, number, "父母搬来同住", clock=world.clock)
    assert "赵富贵转入保留的一户" in " ".join(consequences.foreseen(world.session, row))
    world.go_to(1)
    agree(world, row)
    assert members.names(world, kept.id) == ["王建国", "李秀英", "赵富贵"]
    assert members.names(world, kept.id, world.day(0).date()) == ["王建国", "李秀英"]
    gone = world.session.get_one(Household, gone.id, populate_existing=True)
    assert (gone.status, gone.merged_into_id, gone.members) == ("merged", kept.id, [])
    assert world.case(case.id).status == "cancelled"
    clue = world.session.scalars(select(RiskClue)).one()
    assert clue.household_id == kept.id
    world.assert_replays(case.id)


@pytest.mark.duty("R38")
def test_the_page_asks_for_a_split_and_keeps_what_was_chosen(small_world: World) -> None:
    world = small_world
    house = _family(world)
    client = signed_in(application(world), world.official("cun"))
    path = f"/households/{house.id}/corrections"
    keys = [members.key_of(world, house.id, name) for name in ("王大壮", "赵小燕")]
    sent = {"kind": "split", "members": keys, "head": "", "reason": "分家"}
    refused = client.post(path, data=sent)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "新户的户主" in page and page.count(" checked") == 2
    assert client.post(path, data={**sent, "head": keys[0]}).status_code == 303
    page = client.get(path).get_data(as_text=True)
    assert "王大壮、赵小燕分出，另立一户" in page
