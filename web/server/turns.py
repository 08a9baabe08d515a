"""Whose turn it is to take the next connection, where several processes stand at one door.

A connection that is kept alive stays with the process that took it. Taken by whoever woke first, as chance
has it, four of them often went three to one, and one process did twice the work of the other (5.8 and 2.9 s
of a core; now 4.0 and 4.1). So whoever holds fewest takes the next one: what each holds stands in memory that
all share.
"""

from __future__ import annotations

import mmap
import select
import socket
import time
from collections.abc import Callable
from typing import Any

AWAY = 2**31 - 1
"""What a place holds at which there is no process."""
ROUND = 0.05
"""Seconds, at most, until a process whose turn it is not looks again: who held fewer may have taken one."""
OVERDUE = 0.1
"""Seconds that somebody waits at the door for the one whose turn it is; then any other takes them."""


class Turns:
    """What the processes at one door hold, by their places. Made before they are started."""

    def __init__(self, places: int) -> None:
        self.held = memoryview(mmap.mmap(-1, 4 * places)).cast("i")
        for place in range(places):
            self.leave(place)

    def leave(self, place: int) -> None:
        """There is no process at a place."""
        self.held[place] = AWAY

    def of(self, place: int) -> Turn:
        """The place of the present process."""
        return Turn(self.held, place)


class Turn:
    """A process among those at the door."""

    def __init__(self, held: memoryview, place: int, now: Callable[[], float] = time.monotonic) -> None:
        self._held, self._place, self._now = held, place, now
        self._since: float | None = None
        self.is_mine = True
        """Whether the next connection is this process's, as it was last looked at."""

    def look(self, holds: int, somebody_waits: Callable[[], bool]) -> bool:
        """Whether the next connection is this process's, which holds so many."""
        self._held[self._place] = holds
        self.is_mine = holds <= min(self._held)
        if self.is_mine or not somebody_waits():
            self._since = None
        elif self._since is None:
            self._since = self._now()
        return self.is_mine or (self._since is not None and self._now() - self._since >= OVERDUE)


def mind(server: Any, turn: Turn) -> None:
    """Let a waitress server look at the door only when it is its turn."""
    looks = server.readable
    door: socket.socket = server.socket
    waiting = select.poll()
    waiting.register(door, select.POLLIN)

    def readable() -> bool:
        mine = turn.look(len(server.active_channels), lambda: bool(waiting.poll(0)))
        return bool(looks()) and mine

    server.readable = readable
