"""Processes that are killed, databases that go away: nothing acknowledged is lost, nothing is done twice.

In every run one hard day on each database; at length by ``--operation``,
which tells with ``-rP`` what was met.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.operation.harness import Process, System, system
from tests.operation.load import Load, assert_nothing_lost, at_work, posted_long_ago, stories
from tests.support import template, trouble
from tests.support.postgres import Postgres, execute
from tests.support.world import World

BETWEEN = 3
"""Steps that are acknowledged between two blows."""
PAGE_BYTES = 4096
HELD = "1"
"""Seconds for which a process waits for a lock, where somebody holds one for longer."""


@contextmanager
def world_of(url: str) -> Iterator[World]:
    """What the test itself does with the database; while the day lasts it has no connection."""
    world = World(url)
    try:
        yield world
    finally:
        world.close()


class Town:
    """The processes on a database, and what can happen to them; somebody starts again what was killed."""

    def __init__(self, made: System, processes: int) -> None:
        self.made, self.several = made, processes > 1
        self.web = made.web(processes)
        self.worker = made.worker() if self.several else None
        self.cuts = 0
        """Connections that were broken."""
        self._kills = 0

    def kill_web(self) -> None:
        """SIGKILL to a web process: of several one, which the first starts again."""
        if self.several:
            children = self.web.children()
            os.kill(children[self._kills % len(children)], signal.SIGKILL)
            self._kills += 1
            return
        port = self.web.port
        self.web.kill()
        self.web = self.made.start("serve", "--port", str(port), port=port)
        self.web.wait_until_ready()

    def kill_worker(self) -> None:
        """SIGKILL to the worker."""
        assert self.worker is not None
        self.worker.kill()
        self.worker = self.made.worker()

    def fill_disk(self, seconds: float) -> None:
        """Meanwhile the one process writes nothing beyond the first page of any file."""
        _limit_files(self.web, PAGE_BYTES)
        time.sleep(seconds)
        _limit_files(self.web, resource.RLIM_INFINITY)

    def hold(self, seconds: float) -> None:
        """Meanwhile another program holds what everybody writes."""
        with trouble.locked(self.made.url):
            time.sleep(seconds)

    def cut(self) -> None:
        """Every connection to the database breaks."""
        self.cuts += trouble.cut_off(self.made.url)


def _limit_files(process: Process, size: int) -> None:
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, most))


@contextmanager
def day(url: str, folder: Path, told: int, due: int, **settings: str) -> Iterator[tuple[Town, Load]]:
    """A day at work on a database, on which the block does its worst; at its end everything is proven."""
    several = url.startswith("postgresql")
    own = {} if several else {"SHOUWANG_SCHEDULER": "1"}
    with world_of(url) as world:
        ended, waiting = posted_long_ago(world, due), stories(world, told)
    with system(url, folder, **own, **settings) as made:
        town = Town(made, 2 if several else 1)
        with at_work(town.web.port, waiting) as load:
            yield town, load
        with world_of(url) as world:
            assert_nothing_lost(world, load, waiting, ended)
        tell(load, several)


def tell(load: Load, several: bool) -> None:
    """What was met, for whoever reads the output."""
    met = ", ".join(f"{count} × {name}" for name, count in sorted(load.seen.items())) or "nothing to see"
    kind = "PostgreSQL, 2 web and 1 worker" if several else "SQLite, 1 process"
    print(f"{kind}: {len(load.done)} steps acknowledged; {met}; longest answer {load.slowest:.1f} s")


# -- in every run ----------------------------------------------------------------------------------


def test_a_hard_day_of_several_processes_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    with day(postgres_url, tmp_path, 4, 6, SHOUWANG_LOCK_SECONDS=HELD) as (town, load):
        for blow in (town.kill_web, town.cut, town.kill_worker, lambda: town.hold(2)):
            load.wait_for(BETWEEN)
            blow()


def test_a_hard_day_of_the_one_process_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    with day(sqlite_url, tmp_path, 4, 6, SHOUWANG_LOCK_SECONDS=HELD) as (town, load):
        for blow in (town.kill_web, lambda: town.fill_disk(1), lambda: town.hold(2)):
            load.wait_for(BETWEEN)
            blow()


# -- at length -------------------------------------------------------------------------------------

KILLS = 25
"""How often each kind of process is killed."""
LONG = 40.0
"""Seconds for which a lock is held."""
PAGE = 10.0
"""Seconds within which every answer comes, whatever happens."""


@pytest.mark.operation
def test_many_kills_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    with day(postgres_url, tmp_path, KILLS + 5, 3 * KILLS) as (town, load):
        for _ in range(KILLS):
            load.wait_for(BETWEEN)
            town.kill_web()
            load.wait_for(BETWEEN)
            town.kill_worker()
    assert load.slowest < PAGE


@pytest.mark.operation
def test_many_kills_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    """The one process answers and does what is due: each kill is one of both."""
    with day(sqlite_url, tmp_path, KILLS, 3 * KILLS) as (town, load):
        for _ in range(2 * KILLS):
            load.wait_for(2)
            town.kill_web()
    assert load.slowest < PAGE


@pytest.mark.operation
def test_connections_cut_again_and_again(postgres_url: str, tmp_path: Path) -> None:
    with day(postgres_url, tmp_path, 15, 30) as (town, load):
        for _ in range(KILLS):
            load.wait_for(BETWEEN)
            town.cut()
        assert town.cuts > KILLS
    assert load.slowest < PAGE


@pytest.mark.operation
def test_a_lock_held_for_long(database_url: str, tmp_path: Path) -> None:
    with day(database_url, tmp_path, 6, 12) as (town, load):
        load.wait_for(BETWEEN)
        town.hold(LONG)
        load.wait_for(BETWEEN)
    assert load.slowest < PAGE


@pytest.mark.operation
def test_a_full_disk(sqlite_url: str, tmp_path: Path) -> None:
    with day(sqlite_url, tmp_path, 10, 12) as (town, load):
        for _ in range(5):
            load.wait_for(BETWEEN)
            town.fill_disk(3)
        assert load.seen["asked to come again"] > 0
    assert load.slowest < PAGE


@pytest.mark.operation
def test_the_database_server_killed_and_started_again(tmp_path: Path) -> None:
    """A server of its own, which flushes what it has committed."""
    server = Postgres(durable=True)
    try:
        execute(server.url("postgres"), "CREATE DATABASE shouwang")
        url = server.url("shouwang")
        template.build(url)
        with day(url, tmp_path, 10, 20) as (_, load):
            for _ in range(5):
                load.wait_for(BETWEEN)
                server.kill()
                server.start()
        assert load.slowest < PAGE
    finally:
        server.stop()
