"""A province for measurements: what is told again is what the product would have written."""

from __future__ import annotations

from sqlalchemy import func, select

from engine.casework.audit import verification
from engine.casework.models import CaseFile, WorkItem
from engine.prevention.models import Household, Member
from tests.support.world import World
from web.bench.scale.fill import Size, tell


def test_told_cases_replay_verify_and_go_on_as_the_one_that_was_lived(world: World) -> None:
    case = world.approved()
    world.finish(case, "announce", "xiang")
    world.enter(name="李四")
    household = world.session.scalars(select(Household.id).limit(1)).one()
    world.session.commit()
    made = tell(world.sessions, Size(households=9, cases=9, open_items=100), world.clock.now())
    assert made["rows"]["household"] == 9
    told = world.session.scalars(select(CaseFile).where(CaseFile.subject_id > household + 1)).all()
    assert {case.procedure_key for case in told} == {"identification", "assistance"}
    for case in told:
        world.assert_replays(case.id)
    assert list(verification.verify(world.session)) == []
    numbers = world.session.scalars(select(Member.id_number)).all()
    assert len(set(numbers)) == len(numbers)
    assert len(world.session.execute(select(Household.village_code).distinct()).all()) > 5


def test_who_works_where_the_household_lives_holds_the_step(small_world: World) -> None:
    small_world.enter()
    small_world.session.commit()
    tell(small_world.sessions, Size(households=5, cases=5, open_items=100), small_world.clock.now())
    items = small_world.session.scalars(select(WorkItem).where(WorkItem.status == "open")).all()
    assert len(items) == 6
    assert all(item.division_code == item.village_code for item in items)
    assert small_world.session.scalar(select(func.count()).select_from(Household)) == 6
