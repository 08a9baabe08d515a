"""What tests share is what they would have made themselves."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from engine.casework.models import CaseFile
from engine.casework.organisation import accounts
from engine.ground.database import write
from tests.support import databases
from tests.support.template import START
from tests.support.world import World

TABLES = ("case_file", "household", "work_item", "timer", "log_entry", "notification", "submission", "notice")


def rows(world: World) -> dict[str, list[str]]:
    """All that a story has left behind."""
    world.session.commit()
    return {one: sorted(map(_told, _all(world, one))) for one in TABLES}


def _all(world: World, table: str) -> Iterable[Mapping[str, Any]]:
    return world.session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).mappings()


def _told(row: Mapping[str, Any]) -> str:
    """A row without the number drawn for each change of persons, and what it goes into."""
    said = {name: value for name, value in row.items() if name not in ("hash", "log_hash", "state")}
    return re.sub(r'"act":"[0-9a-f]{16}"', "", str(said))


@contextmanager
def told_anew(world: World, folder: Path) -> Iterator[World]:
    """Another world on a database of the same kind."""
    if world.engine.dialect.name == "sqlite":
        shutil.copy(databases.sqlite(), folder / "told.sqlite")
        found = World(f"sqlite:///{folder / 'told.sqlite'}")
        yield found
        found.close()
        return
    with databases.installed() as url:
        found = World(url)
        yield found
        found.close()


def test_a_story_begins_where_its_steps_would_have_led(world: World, tmp_path: Path) -> None:
    begun = world.approved()
    found = rows(world)
    world.assert_replays(begun.id)
    world.assistance_of(begun)
    assert world.clock.now() == world.day(6) > START
    with told_anew(world, tmp_path) as told:
        told.approve()
        assert rows(told) == found
    world.enter(name="李四", address="西沟2号")
    numbers = world.session.scalars(select(CaseFile.id).order_by(CaseFile.id)).all()
    assert numbers == [1, 2, 3], "the next number is the one that follows"


def test_a_story_that_has_begun_otherwise_is_told_step_by_step(world: World) -> None:
    with write(world.session):
        accounts.create(world.session, "xin", "新来的", "x", world.clock.now())
    assert not databases.begun(world.url)
    assert world.approved().status == "open" and world.number == 6
    assert world.official("xin").name == "新来的"
