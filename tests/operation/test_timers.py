"""Several workers and web processes on one database fire every timer once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from engine.casework.models import CaseFile, LogEntry, Timer
from engine.ground.database import write
from tests.operation.harness import system, until, used
from tests.support import many
from tests.support.template import VILLAGE
from tests.support.world import World

CASES = 40
SECONDS = 1800.0


def _due(world: World, number: int) -> None:
    """So many warnings, all due, of a few cases; no other timer waits."""
    many.to_review(world, CASES, (VILLAGE,))
    world.session.commit()
    cases = world.session.scalars(select(CaseFile.id).where(CaseFile.status == "open")).all()
    row = world.session.scalars(select(Timer).where(Timer.kind == "warning")).first()
    assert row is not None
    same = {column.key: getattr(row, column.key) for column in Timer.__table__.columns}
    same |= {"status": "waiting", "fired_at": None}
    del same["id"]
    first = world.clock.now() - timedelta(days=30)
    with write(world.session):
        world.session.execute(Timer.__table__.delete())
        rows = [
            {
                **same,
                "case_id": cases[place % len(cases)],
                "token": f"{place:032d}",
                "due_at": first + timedelta(seconds=place),
            }
            for place in range(number)
        ]
        for start in range(0, number, 1000):
            world.session.execute(insert(Timer), rows[start : start + 1000])


@pytest.mark.operation
@pytest.mark.parametrize("number", [300, 20_000])
def test_two_workers_beside_two_web_processes_fire_every_timer_once(
    postgres_url: str, tmp_path: Path, number: int
) -> None:
    world = World(postgres_url)
    _due(world, number)

    def left() -> int:
        world.session.commit()
        waiting = select(func.count()).select_from(Timer).where(Timer.status == "waiting")
        return world.session.scalar(waiting) or 0

    with system(postgres_url, tmp_path) as made:
        web = made.web(processes=2)
        begun = time.monotonic()
        workers = [made.worker(), made.worker()]
        until(lambda: left() == 0, "\n".join(one.said() for one in workers), SECONDS)
        spent = sum(used(one.pid for one in workers).values())
        print(f"{number} timers: {time.monotonic() - begun:.0f} s, of a core {spent:.0f} s in the workers")
        assert [one.end() for one in (web, *workers)] == [0, 0, 0]
        assert all("ERROR" not in one.said() for one in workers)
    world.session.commit()
    told = world.session.scalars(select(LogEntry.data).where(LogEntry.kind == "warning"))
    times = Counter(line["token"] for line in told)
    assert len(times) == number and set(times.values()) == {1}
    assert set(world.session.scalars(select(Timer.status))) == {"fired"}
    world.close()
