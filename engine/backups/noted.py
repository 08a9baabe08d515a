"""What the installation remembers of its backups: the last one of each kind, for administrators, and lines of
the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.backups import others
from engine.backups.others import Copy
from engine.backups.restoring import Restored
from engine.backups.taking import Taken
from engine.casework import audit
from engine.casework.models import Setting
from engine.ground.clock import local_date
from engine.ground.database import upsert, write

FULL = "full"
_KEYS = {FULL: "backup.last", **{kind: f"backup.{kind}" for kind in others.NAMES}}


@dataclass(frozen=True)
class Last:
    """The last backup that was written whole."""

    at: datetime
    """When it was begun: what has been done since is not in it."""
    size: int
    """Bytes of the file."""
    kind: str
    """What wrote it; ``full``: the command ``shouwang backup``; else one of `others`."""
    verified: bool
    """Whether it was read back and had every row; other programs check theirs themselves."""


def lasts(session: Session) -> list[Last]:
    """The last backup of each kind, the latest first."""
    query = select(Setting.value).where(Setting.key.in_(_KEYS.values()))
    kept: list[Any] = list(session.scalars(query))
    found = [Last(**one | {"at": datetime.fromisoformat(one["at"])}) for one in kept]
    return sorted(found, key=lambda one: one.at, reverse=True)


def last(session: Session) -> Last | None:
    """The last backup of any kind; None where none was ever taken."""
    return next(iter(lasts(session)), None)


def remember(session: Session, taken: Taken, file: str, now: datetime) -> None:
    """Keep a backup as the last one, with a line in the log."""
    value = {"at": taken.head.taken_at, "size": taken.size, "kind": FULL, "verified": True}
    details = {"file": file[:200], "bytes": taken.size, "rows": taken.whole.total}
    with write(session):
        session.execute(upsert(session, Setting, {"key": _KEYS[FULL], "value": value}, ["key"]))
        audit.record(session, "operation", None, "backup", details, now)


def remember_copy(session: Session, copy: Copy, now: datetime) -> None:
    """Keep what another program made; a line in the log once a day."""
    value = {"at": copy.at.isoformat(), "size": copy.size, "kind": copy.kind, "verified": False}
    before = next((one for one in lasts(session) if one.kind == copy.kind), None)
    with write(session):
        session.execute(upsert(session, Setting, {"key": _KEYS[copy.kind], "value": value}, ["key"]))
        if before is None or local_date(before.at) != local_date(copy.at):
            details = {"file": others.NAMES[copy.kind], "bytes": copy.size}
            audit.record(session, "operation", None, "backup", details, now)


def remember_restored(session: Session, restored: Restored, file: str, now: datetime) -> None:
    """A line in the log: what stands before it comes from a backup."""
    taken_at, rows = restored.head.taken_at, restored.whole.total
    details = {"file": file[:200], "taken": taken_at, "rows": rows}
    with write(session):
        audit.record(session, "operation", None, "restored", details, now)
