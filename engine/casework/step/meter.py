"""What a process counts of its own work, in its memory: how often, and how long it took.

Counting asks nothing of the database. Labels are names of the program (kinds of steps, patterns of
addresses), never anything of a case.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

LIMITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: how finely durations are told apart."""
Labels = tuple[tuple[str, str], ...]


@dataclass
class Times:
    """How often something took how long: a count for each of `LIMITS`, and one for what took longer."""

    seconds: float = 0.0
    counts: list[int] = field(default_factory=lambda: [0] * (len(LIMITS) + 1))

    def add(self, seconds: float) -> None:
        """It took so long once more."""
        self.seconds += seconds
        self.counts[bisect_left(LIMITS, seconds)] += 1


class Meter:
    """The counts of one process; several threads count at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[tuple[str, Labels], float] = {}
        self._times: defaultdict[tuple[str, Labels], Times] = defaultdict(Times)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """So many more."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + amount

    def took(self, name: str, seconds: float, **labels: str) -> None:
        """Once more, in so many seconds."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._times[key].add(seconds)

    def read(self) -> list[list[Any]]:
        """All that was counted, as JSON holds it: name, labels, number or [seconds, counts]."""
        with self._lock:
            counts: Iterator[list[Any]] = ([*_plain(key), value] for key, value in self._counts.items())
            times = ([*_plain(key), [one.seconds, [*one.counts]]] for key, one in self._times.items())
            return [*counts, *times]


def _plain(key: tuple[str, Labels]) -> list[Any]:
    return [key[0], dict(key[1])]


METER = Meter()
"""This process's."""
