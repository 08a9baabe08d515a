"""Hazards of the tests, and the households of their areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import insert, select

from engine.casework.models import Division
from engine.ground.database import write
from engine.prevention.hazards import choosing, hazards, raising, working
from engine.prevention.models import Hazard, HazardAct, Household, Member
from tests.support.template import TOWNSHIP
from tests.support.world import World


def settle(world: World, villages: Mapping[str, int], **columns: Any) -> list[int]:
    """So many households of two in each village, at once; answers their numbers."""
    places = {
        row.code: row.id
        for row in world.session.execute(
            select(Division.code, Division.id).where(Division.code.in_(villages))
        )
    }
    common = {
        "household_type": "ordinary",
        "status": "ordinary",
        "key_groups": [],
        "risks": [],
        "updated_at": world.clock.now(),
        **columns,
    }
    rows = [
        {
            "number": f"{code}-{status_of(columns)}-{index}",
            "division_id": places[code],
            "village_code": code,
            "head_name": f"户{index}",
            "group_name": f"第{index % 3 + 1}组",
            **common,
        }
        for code, count in villages.items()
        for index in range(count)
    ]
    with write(world.session):
        last = world.session.scalar(select(Household.id).order_by(Household.id.desc()).limit(1)) or 0
        world.session.execute(insert(Household), rows)
        query = select(Household.id, Household.head_name).where(Household.id > last)
        made = world.session.execute(query.order_by(Household.id)).all()
        members = [
            {
                "household_id": row.id,
                "key": f"{row.id}-{place}",
                "position": place,
                "name": f"{row.head_name}{place}",
            }
            for row in made
            for place in range(2)
        ]
        world.session.execute(insert(Member), members)
    return [row.id for row in made]


def status_of(columns: Mapping[str, Any]) -> str:
    """What tells the numbers of one call from those of another."""
    return str(columns.get("status", "ordinary"))


def paper(day: date, **changes: Any) -> dict[str, Any]:
    """The clean data of a report."""
    return {
        "name": "7·21暴雨洪涝",
        "kind": "natural_disaster",
        "sub_kind": "flood",
        "from_on": day.isoformat(),
        "reporter": "县应急局",
        "households": 120,
        "people": 400,
        "description": "两个乡镇的村庄和农田被淹",
        **changes,
    }


def report(
    world: World, places: Sequence[str] = (TOWNSHIP,), username: str = "xian", **changes: Any
) -> Hazard:
    """A hazard is reported today."""
    data = paper(world.today, **changes)
    [found] = hazards.report(world.session, world.official(username), data, places, clock=world.clock)
    return found


def typed(world: World, **changes: Any) -> raising.Typed:
    """What an act says of its clues."""
    given: dict[str, Any] = {
        "channel": "cadre_check",
        "discovered_on": world.today,
        "description": "房屋进水，农田被淹",
        "risks": ["natural_disaster"],
        **changes,
    }
    return raising.Typed(**given)


def raise_all(
    world: World, hazard: Hazard, username: str = "xian", chosen: choosing.Chosen = choosing.Chosen()
) -> HazardAct:
    """An act is begun and worked off to its end."""
    actor = world.official(username)
    act = raising.begin(world.session, actor, hazard.id, chosen, typed(world), clock=world.clock)
    while working.portion(world.session, act, world.clock):
        continue
    return act
