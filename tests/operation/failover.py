"""The database's leader changes while officials work: nothing acknowledged is lost, and they go on.

No part of ./test: it needs Patroni, etcd and PostgreSQL's programs, which docker/failover.sh finds or
installs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.operation.cluster import Cluster, cluster
from tests.operation.harness import system
from tests.operation.load import (
    STEPS,
    Load,
    Story,
    assert_nothing_lost,
    at_work,
    posted_long_ago,
    stories,
)
from tests.support import template
from tests.support.world import World

BETWEEN = 10
"""Steps that are acknowledged before, between and after the changes."""


@dataclass
class Gap:
    """The longest time in which no step was acknowledged."""

    load: Load
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        seen, since = len(self.load.done), time.monotonic()
        while not self._over.wait(0.02):
            now = time.monotonic()
            self.seconds = max(self.seconds, now - since)
            if len(self.load.done) > seen:
                seen, since = len(self.load.done), now

    def end(self) -> float:
        """Seconds."""
        self._over.set()
        self._thread.join()
        return self.seconds


def changed(load: Load, what: str, change: Callable[[], object]) -> str:
    """A line of the table: the gap around a change, and how many steps were acknowledged by then."""
    load.wait_for(BETWEEN)
    gap = Gap(load)
    change()
    load.wait_for(BETWEEN)
    return f"| {what} | {gap.end():.1f} s | {len(load.done)} |"


def killed(made: Cluster) -> None:
    """The leader's machine is gone, until it is back half a minute later."""
    gone = made.leader()
    gone.kill()
    time.sleep(30)
    gone.patroni.start()
    made.wait_until_whole()


def test_the_leader_changes_and_nothing_is_lost(tmp_path: Path) -> None:
    """Two web processes and two workers on two nodes: a switchover, then each node is killed once."""
    with cluster() as made:
        template.build(made.url)
        told, due = prepared(made.url)
        rows = []
        with system(made.url, tmp_path) as ours:
            web = ours.web(processes=2)
            ours.worker()
            ours.worker()
            with at_work(web.port, told) as load:
                load.wait_for(4 * len(STEPS))  # everybody has signed in
                rows.append(changed(load, "switchover", made.switch))
                made.wait_until_whole()
                rows.append(changed(load, "kill -9 of Patroni and PostgreSQL", lambda: killed(made)))
                rows.append(changed(load, "the same on the other node", lambda: killed(made)))
            tell(rows, load)
            world = World(made.url)
            assert_nothing_lost(world, load, told, due)
            world.close()
        print(f"{len(load.done)} acknowledged, none lost, none twice")


def prepared(url: str) -> tuple[list[Story], list[int]]:
    """Work for some minutes, and timers that are due."""
    world = World(url)
    due = posted_long_ago(world, 8)
    told = stories(world, 90)
    world.close()
    return told, due


def tell(rows: list[str], load: Load) -> None:
    """The table, for whoever reads the output."""
    print("\n| event | longest time without an acknowledged step | acknowledged by then |\n|---|---|---|")
    print("\n".join(rows))
    print(f"met: {dict(load.seen)}; longest answer {load.slowest:.1f} s")
