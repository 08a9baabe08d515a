"""Changes of persons as officials of the tests record them."""

from __future__ import annotations

from typing import Any

from engine.prevention.models import MemberChange
from engine.prevention.register import member_history
from engine.prevention.register.members import changes
from engine.prevention.register.members.reading import Asked
from tests.support.world import World


def key_of(world: World, household_id: int, name: str) -> str:
    """The key of the household's member of that name."""
    world.session.commit()
    found = member_history.present(world.session, household_id)
    return next(str(row["key"]) for row in found if row["name"] == name)


def record(
    world: World,
    household_id: int,
    kind: str,
    who: str = "cun",
    *,
    member: str = "",
    head: str = "",
    **typed: Any,
) -> list[MemberChange]:
    """An official records a change that happened today; members are named by their names."""
    world.session.commit()
    told = {"happened_on": world.today.isoformat(), "proof": "户口簿", **typed}
    if member:
        told["member"] = key_of(world, household_id, member)
    if head:
        told["head"] = key_of(world, household_id, head)
    asked = Asked(kind=kind, **told)
    return changes.record(world.session, world.official(who), household_id, asked, clock=world.clock)


def names(world: World, household_id: int, day: Any = None) -> list[str]:
    """Who belongs to the household on a day, by name."""
    world.session.commit()
    return [
        str(row["name"]) for row in member_history.on_day(world.session, household_id, day or world.today)
    ]


CHILD: dict[str, str] = {"name": "王小宝", "sex": "male", "relation": "son"}
