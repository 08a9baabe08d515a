"""Which processes of the program run, on all machines: each says so every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.casework.models import RunningProcess
from engine.ground.database import upsert, write

EVERY = timedelta(seconds=15)
"""How often a process writes that it runs."""
SILENT = 4 * EVERY
"""A process not heard of for so long hangs, is cut off from the database, or was killed."""
FORGOTTEN = timedelta(days=1)
"""So long a process that fell silent is still shown."""


@dataclass(frozen=True)
class Process:
    """One of the running processes."""

    key: str
    host: str
    pid: int
    version: str
    does: str
    began_at: datetime

    @property
    def name(self) -> str:
        """As figures are told apart by it."""
        return f"{self.host}/{self.pid}"


def beat(session: Session, process: Process, figures: Sequence[Any], now: datetime) -> None:
    """The process runs, and has counted these figures; long silent ones are forgotten."""
    row = {**process.__dict__, "seen_at": now, "figures": list(figures)}
    with write(session):
        session.execute(upsert(session, RunningProcess, row, ["key"]))
        session.execute(delete(RunningProcess).where(RunningProcess.seen_at < now - FORGOTTEN))


def end(session: Session, key: str) -> None:
    """The process ends as it should."""
    with write(session):
        session.execute(delete(RunningProcess).where(RunningProcess.key == key))


def running(session: Session) -> list[RunningProcess]:
    """Those that run, and those that fell silent within a day; by machine, oldest first."""
    query = select(RunningProcess).order_by(RunningProcess.host, RunningProcess.began_at, RunningProcess.pid)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def is_silent(process: RunningProcess, now: datetime) -> bool:
    """Whether nothing has been heard of it for too long. `now` is the machine's time, not the demo's."""
    return now - process.seen_at > SILENT
