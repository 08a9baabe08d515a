"""A campaign of the county of the stories, households to visit, and what investigators enter of them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, select

from engine.ground.database import write
from engine.prevention.campaign import campaigns
from engine.prevention.models import Campaign, Household, Member
from engine.prevention.register.households import registering
from engine.prevention.screening import rows
from tests.support.template import COUNTY, VILLAGE
from tests.support.world import World

FIRST, LAST = date(2022, 5, 1), date(2022, 5, 31)
SIGNED = json.dumps([[[100, 100], [300, 250], [500, 90]], [[600, 120], [820, 260]]])
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"


def opened(world: World, username: str = "xian", name: str = "2022年集中排查") -> Campaign:
    """The county opens its campaign."""
    official = world.official(username)
    return campaigns.begin(world.session, official, COUNTY, name, FIRST, LAST, clock=world.clock)


def settled(world: World, count: int, village: str = VILLAGE, **changes: Any) -> list[Household]:
    """So many households live in a village, in two groups by turns."""
    made = []
    with write(world.session):
        for at in range(count):
            data = {
                "village_code": village,
                "head_name": f"{SURNAMES[at % len(SURNAMES)]}大{'甲乙丙丁戊己庚辛壬癸'[at // len(SURNAMES) % 10]}",
                "group_name": ("一组", "二组")[at % 2],
                "address": f"{village[-3:]}号院{at + 1}号",
                **changes,
            }
            household = registering.register(world.session, data, world.clock.now())
            household.members.append(
                Member(position=1, name=f"配偶{at}", relation="spouse", facts={"health": "healthy"})
            )
            made.append(household)
    return made


def unchanged(world: World, **changes: Any) -> dict[str, Any]:
    """A household was met, and nothing is the matter."""
    data = {
        "result": "done",
        "manner": "home",
        "visited_on": world.today.isoformat(),
        "household_size": 2,
        "assured": "yes",
        "above_line": "yes",
        "in_group": "no",
        "declares": "no",
        "policy_explained": True,
        "collected_by": "调查员甲",
        "partner": "调查员乙",
    }
    return {key: value for key, value in {**data, **changes}.items() if value is not None}


def entry(household: Household | None, data: dict[str, Any], **more: Any) -> rows.Entry:
    """An entry of the page, with a number of its own."""
    given = {"uuid": str(uuid4()), "source": rows.PAGE, **more}
    return rows.Entry(household_id=household.id if household else None, data=data, **given)


def recorded(world: World, campaign: Campaign, *entries: rows.Entry, by: str = "cun") -> list[rows.Outcome]:
    """The entries are sent; what became of each."""
    return rows.record(world.session, world.official(by), campaign.id, entries, clock=world.clock)


def first_household() -> Select[Household]:
    """The household that was settled first."""
    return select(Household).order_by(Household.id).limit(1)


def campaign_of(world: World, county: str) -> Campaign:
    """The county's open campaign."""
    world.session.commit()
    return world.session.scalars(select(Campaign).where(Campaign.county_code == county)).one()
