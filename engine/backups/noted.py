"""What the installation remembers of its backups: the last one, for administrators, and a line of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.backups.restoring import Restored
from engine.backups.taking import Taken
from engine.casework import audit
from engine.casework.models import Setting
from engine.ground.database import upsert, write

_KEY = "backup.last"


@dataclass(frozen=True)
class Last:
    """The last backup that was written whole."""

    at: datetime
    """When it was begun: what has been done since is not in it."""
    size: int
    """Bytes of the file."""
    kind: str
    """What wrote it; ``full``: the command ``shouwang backup``."""
    verified: bool
    """Whether it was read back and had every row."""


def last(session: Session) -> Last | None:
    """The last backup; None where none was ever taken."""
    kept: Any = session.get(Setting, _KEY, populate_existing=True)
    return Last(**kept.value | {"at": datetime.fromisoformat(kept.value["at"])}) if kept else None


def remember(session: Session, taken: Taken, file: str, now: datetime) -> None:
    """Keep a backup as the last one, with a line in the log."""
    value = {"at": taken.head.taken_at, "size": taken.size, "kind": "full", "verified": True}
    details = {"file": file[:200], "bytes": taken.size, "rows": taken.whole.total}
    with write(session):
        session.execute(upsert(session, Setting, {"key": _KEY, "value": value}, ["key"]))
        audit.record(session, "operation", None, "backup", details, now)


def remember_restored(session: Session, restored: Restored, file: str, now: datetime) -> None:
    """A line in the log: what stands before it comes from a backup."""
    taken_at, rows = restored.head.taken_at, restored.whole.total
    details = {"file": file[:200], "taken": taken_at, "rows": rows}
    with write(session):
        audit.record(session, "operation", None, "restored", details, now)
