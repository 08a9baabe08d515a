"""What is found wrong: once, again after it was put right, quiet when justified, closed when it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update

from engine.ground.database import write
from engine.prevention.models import Finding, Household
from engine.prevention.quality import findings
from engine.prevention.quality.findings import Counts, Found
from tests.support import registers
from tests.support.template import OTHER_COUNTY, VILLAGE
from tests.support.world import World

RULES = ("phone_shared", "income_equal")


def household(world: World) -> int:
    """A household of the register."""
    return registers.household(world.session, world.clock.now(), "王大山", "monitored").id


def found(household_id: int, rule: str = "income_equal", member: str = "", **facts: Any) -> Found:
    """What a rule finds of a household."""
    return Found(
        rule, household_id, member, "三年收入相同：12000 元。", facts or {"amount": 12000}, "serious"
    )


def report(world: World, run: int, *found: Found) -> Counts:
    """A run finds just this, and no longer what else there was."""
    now = world.clock.now()
    with write(world.session):
        counts = findings.report(world.session, found, source="rule", run_id=run, now=now)
        findings.no_longer(world.session, RULES, 1, 10**9, place=VILLAGE, run_id=run, now=now)
    return counts


def kept(world: World) -> Sequence[Finding]:
    """All findings, the oldest first."""
    world.session.expire_all()
    return world.session.scalars(select(Finding).order_by(Finding.id)).all()


def answered(world: World, answer: str, status: str = "confirmed") -> None:
    """Village and township have done with every live finding."""
    with write(world.session):
        live = update(Finding).where(Finding.status != "closed")
        world.session.execute(live.values(status=status, answer=answer))


@pytest.mark.duty("R34")
def test_two_runs_find_the_same_once(world: World) -> None:
    one, other = household(world), household(world)
    twice = (found(one), found(one), found(one, member="a"), found(other))
    assert report(world, 1, *twice) == Counts(new=3)
    assert report(world, 2, *twice) == Counts(known=3)
    assert {row.run_id for row in kept(world)} == {2}
    assert {row.village_code for row in kept(world)} == {VILLAGE}


@pytest.mark.duty("R34")
def test_what_nobody_was_asked_yet_is_closed_when_it_is_found_no_more(world: World) -> None:
    one = household(world)
    report(world, 1, found(one), found(one, "phone_shared"))
    report(world, 2, found(one))
    still, gone = kept(world)
    assert (still.status, gone.status, gone.ending) == ("waiting", "closed", "no_longer")
    assert gone.closed_on == world.today
    assert report(world, 3, found(one), found(one, "phone_shared")) == Counts(new=1, known=1)


@pytest.mark.duty("R34", "R35")
def test_corrected_and_found_again_goes_back_to_the_village(world: World) -> None:
    one = household(world)
    report(world, 1, found(one))
    answered(world, "corrected")
    assert report(world, 2, found(one)) == Counts(again=1)
    (row,) = kept(world)
    assert (row.status, row.times, row.note) == ("waiting", 2, "整改后仍存在")


@pytest.mark.duty("R34", "R35")
def test_justified_stays_quiet_while_its_facts_are_equal(world: World) -> None:
    one = household(world)
    report(world, 1, found(one, amount=1, years=[2019, 2020]))
    answered(world, "justified")
    assert report(world, 2, found(one, years=[2019, 2020], amount=1)) == Counts(known=1)
    assert kept(world)[0].status == "confirmed"
    assert report(world, 3, found(one, amount=2, years=[2019, 2020])) == Counts(again=1)
    assert (kept(world)[0].status, kept(world)[0].note) == ("waiting", "说明以后，情况又有变化")


@pytest.mark.duty("R34")
def test_what_is_being_worked_on_is_only_marked_when_it_is_found_no_more(world: World) -> None:
    one = household(world)
    report(world, 1, found(one))
    answered(world, "corrected", "corrected")
    report(world, 2)
    (row,) = kept(world)
    assert (row.status, row.gone_on) == ("corrected", world.today)
    report(world, 3, found(one))
    assert kept(world)[0].gone_on is None


def test_a_run_of_another_place_closes_nothing_here(world: World) -> None:
    report(world, 1, found(household(world)))
    with write(world.session):
        now = world.clock.now()
        closed = findings.no_longer(world.session, RULES, 1, 10**9, place=OTHER_COUNTY, run_id=2, now=now)
    assert closed == 0
    assert kept(world)[0].status == "waiting"


def test_households_that_are_no_more_are_left_out(world: World) -> None:
    gone = household(world)
    with write(world.session):
        world.session.get_one(Household, gone).status = "gone"
    assert report(world, 1, found(gone)) == Counts()


def test_a_thousand_findings_go_in_by_portions(small_world: World) -> None:
    one = household(small_world)
    many = [found(one, member=str(number)) for number in range(1000)]
    assert report(small_world, 1, *many) == Counts(new=1000)
    assert report(small_world, 2, *many) == Counts(known=1000)


@pytest.mark.duty("R34", "R35")
def test_what_changes_while_an_explanation_is_reviewed_is_asked_after_it(world: World) -> None:
    """The township agrees to what was explained; of what has changed since nobody has said anything."""
    house = household(world)
    report(world, 1, found(house, amount=12000))
    answered(world, "justified", "justified")
    report(world, 2, found(house, amount=13000))
    assert (kept(world)[0].status, kept(world)[0].facts) == ("justified", {"amount": 12000})
    answered(world, "justified")
    assert report(world, 3, found(house, amount=13000)) == Counts(again=1)
    assert (kept(world)[0].status, kept(world)[0].note) == ("waiting", findings.CHANGED_SINCE)
