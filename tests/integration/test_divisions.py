"""Loading divisions: in portions between which others write, gone on with where it was cut off,
renamed with history.
"""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from engine.casework.models import Division
from engine.casework.organisation import divisions
from engine.casework.organisation.divisions import PORTION, Row
from engine.ground.database import Patience, write
from tests.support.world import World

NEW = PORTION * 2 + 10
EDITION = date(2023, 6, 30)


def villages(count: int) -> list[Row]:
    """So many villages that the list did not have, below a township that it has, and a new township's."""
    above = {"code": "410325999000", "name": "新设乡", "level": "township", "parent": "410325000000"}
    rows = [
        {
            "code": f"410325{999 - number // 900}{100 + number % 900}",
            "name": f"新村{number}",
            "level": "village",
            "parent": "410325999000",
        }
        for number in range(count)
    ]
    return [*rows, above]


def count(world: World) -> int:
    """How many divisions there are."""
    world.session.commit()
    return world.session.scalar(select(func.count()).select_from(Division)) or 0


class CutOff(Exception):
    """The machine was switched off."""


@pytest.mark.duty("C3")
def test_others_write_between_the_portions(database_url: str) -> None:
    world, other = World(database_url), World(database_url, Patience(lock_seconds=0.2))
    before, written = count(world), []

    def write_meanwhile(done: int, total: int) -> None:
        with write(other.session):
            other.official("cun").email = f"{done}@example.cn"
        written.append((done, total))

    assert divisions.load(world.session, villages(NEW), EDITION, progress=write_meanwhile) == NEW + 1
    assert len(written) == 3 and written[-1] == (NEW + 1, NEW + 1)
    assert count(world) == before + NEW + 1
    for one in (world, other):
        one.close()


@pytest.mark.duty("C3")
def test_a_load_that_was_cut_off_goes_on_where_it_stopped(world: World) -> None:
    before = count(world)

    def switch_off(done: int, total: int) -> None:
        raise CutOff

    with pytest.raises(CutOff):
        divisions.load(world.session, villages(NEW), EDITION, progress=switch_off)
    assert count(world) == before + PORTION
    assert divisions.load(world.session, villages(NEW), EDITION) == NEW + 1 - PORTION
    assert divisions.load(world.session, villages(NEW), EDITION) == 0
    child = world.session.scalars(select(Division).where(Division.name == f"新村{NEW - 1}")).one()
    assert child.parent_id == divisions.get(world.session, "410325999000").id and "新设乡" in child.path
