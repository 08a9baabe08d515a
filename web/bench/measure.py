"""Seconds of the clock and of the processor, and bounds: nothing that the bench does goes on for ever."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

Figures = dict[str, Any]
Say = Callable[[str], None]
GRACE = 5.0
"""Seconds in which a child process ends by itself."""


@dataclass
class Watch:
    """What each of many equal acts took; `cpu` are seconds of this process's processor."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    beside: Callable[[], float] = float
    """Seconds of another's processor that count as well (`of_backend`)."""

    @contextmanager
    def one(self) -> Iterator[None]:
        """Measure one act."""
        begun, worked = time.perf_counter(), time.process_time() + self.beside()
        yield
        self.cpu.append(time.process_time() + self.beside() - worked)
        self.seconds.append(time.perf_counter() - begun)

    def clear(self) -> None:
        """Forget what was measured: the first acts fill caches."""
        self.seconds.clear()
        self.cpu.clear()

    def figures(self) -> Figures:
        """Acts a second, milliseconds on the clock, and of the processor: mean, median and 95 %."""
        return {
            **rate(self.seconds),
            "cpu_ms": milliseconds(sum(self.cpu) / len(self.cpu)),
            "cpu_median_ms": milliseconds(statistics.median(self.cpu)),
            "cpu_p95_ms": milliseconds(most(self.cpu)),
        }


def rate(seconds: Sequence[float]) -> Figures:
    """Acts a second, and milliseconds of each."""
    return {
        "per_second": round(len(seconds) / sum(seconds), 1),
        "median_ms": milliseconds(statistics.median(seconds)),
        "p95_ms": milliseconds(most(seconds)),
        "count": len(seconds),
    }


def most(seconds: Sequence[float]) -> float:
    """What 95 % of the acts take at most: of twenty the second longest, by nearest rank."""
    return sorted(seconds)[-(-len(seconds) * 95 // 100) - 1]


def milliseconds(seconds: float) -> float:
    """To the hundredth."""
    return round(seconds * 1000, 2)


def repeated(
    act: Callable[[], object], repeats: int, most: float = 60.0, beside: Callable[[], float] = float
) -> Figures:
    """The act, once for the caches, then `repeats` times or until `most` seconds are over."""
    act()
    watch, until = Watch(beside=beside), time.monotonic() + most
    for _ in range(repeats):
        with watch.one():
            act()
        if time.monotonic() > until:
            break
    return watch.figures()


def of_backend(engine: Engine) -> Callable[[], float]:
    """A clock of the processor of the PostgreSQL process that answers `engine`, if it is on this machine.

    SQLite works in our own process.
    """
    if engine.dialect.name != "postgresql":
        return float
    with engine.connect() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    found = Path(f"/proc/{pid}")
    if not (found / "comm").exists() or (found / "comm").read_text().strip() != "postgres":
        return float
    return lambda: int((found / "schedstat").read_text().split()[0]) / 1e9  # nanoseconds


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def end(child: BaseProcess) -> None:
    """Wait a little for a child process, then end it."""
    child.join(GRACE)
    if child.is_alive():
        child.terminate()
        child.join(GRACE)
    if child.is_alive():
        child.kill()
        child.join(GRACE)
