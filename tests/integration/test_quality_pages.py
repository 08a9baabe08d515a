"""The pages of data quality: who sees what, and hints with their figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.ground.database import write
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.models import Household, HouseholdYear, Screening
from engine.prevention.quality import hints
from engine.prevention.quality.hints import Hint
from tests.support import registers
from tests.support import screening as visits
from tests.support.template import COUNTY, OTHER_COUNTY, VILLAGE
from tests.support.world import World


def found(world: World) -> dict[str, list[Hint]]:
    """What the county's supervisor is told."""
    return hints.of_county(world.session, world.official("ducha"), COUNTY, world.clock.now())


def years(world: World, households: list[Household], amounts: list[int], **income: int) -> None:
    """What a year's check recorded of each."""
    with write(world.session):
        for household, amount in zip(households, amounts, strict=True):
            row = HouseholdYear(
                household_id=household.id,
                year=2022,
                net_income=amount,
                per_capita=amount / 2,
                income=income or {"wage": amount},
                spending={"medical": 300},
                recorded_at=world.clock.now(),
            )
            world.session.add(row)


@pytest.mark.duty("R35")
def test_incomes_too_round_and_incomes_too_equal(world: World) -> None:
    households = visits.settled(world, 20)
    years(
        world,
        households,
        [12000] * 5 + [13000 + 1000 * at for at in range(4)] + [15321 + at for at in range(11)],
    )
    told = found(world)
    assert told["heaping"] == []
    (equal,) = told["equal"]
    assert (equal.village_code, equal.total, equal.who) == (VILLAGE, 5, "")
    more = visits.settled(world, 2, head_name="钱大甲")
    years(world, more, [20000, 30000])
    (heaping,) = found(world)["heaping"]
    assert (heaping.count, heaping.total) == (11, 22)


def visited(
    world: World, households: list[Household], seconds: int, who: str = "刘网格", **columns: object
) -> None:
    """Somebody enters one household after another."""
    campaign = visits.opened(world)
    with write(world.session):
        for at, household in enumerate(households):
            values = {
                "household_size": 2,
                "assured": True,
                "in_group": False,
                "device_at": world.clock.now() + timedelta(seconds=seconds * at),
                **columns,
            }
            row = Screening(
                campaign_id=campaign.id,
                household_id=household.id,
                village_code=household.village_code,
                uuid=f"{who}-{household.id}",
                result="done",
                visited_on=world.today,
                source="phone",
                collected_by=who,
                entered_by=world.official("cun").id,
                entered_at=world.clock.now(),
                **values,
            )
            world.session.add(row)


@pytest.mark.duty("R35", "R38")
def test_entries_too_fast_and_nobody_with_anything_new(world: World) -> None:
    visited(world, visits.settled(world, 51), 12)
    told = found(world)
    (fast,), (quiet,) = told["fast"], told["quiet"]
    assert (fast.who, fast.count, fast.total) == ("刘网格", 50, 51)
    assert (quiet.who, quiet.count, quiet.total) == ("刘网格", 51, 51)


@pytest.mark.duty("R35")
def test_slow_entries_and_one_change_are_no_hint(small_world: World) -> None:
    world = small_world
    households = visits.settled(world, 51)
    visited(world, households, 20)
    with write(world.session):
        row = world.session.get_one(Household, households[3].id)
        row.members.pop()
    told = found(world)
    assert told["fast"] == [] and told["quiet"] == []


@pytest.mark.duty("R02", "R35")
def test_hints_are_for_supervisors_and_ask_nobody(small_world: World) -> None:
    world = small_world
    registers.household(world.session, world.clock.now(), "王大山", "monitored")
    for who in ("cun", "xiang", "xian", "sheng", "liucheng"):
        with pytest.raises(NotAllowed):
            hints.of_county(world.session, world.official(who), COUNTY, world.clock.now())
    with pytest.raises(Invalid):
        hints.of_county(world.session, world.official("ducha"), OTHER_COUNTY, world.clock.now())
