"""How the system is: what is due, waits or failed, counted by indices and no further than is of use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, literal_column, select, text
from sqlalchemy.orm import Session

from engine.casework.models import Incident, Outbox, Timer, WorkItem
from engine.casework.organisation import access
from engine.casework.portions.jobs import acts as jobs
from engine.ground.database import is_postgres

MOST = 10_000
"""Nobody needs to know how many more there are."""
MOST_ITEMS = 100_000
"""Of open work items in one queue."""
LATE = timedelta(minutes=2)
"""A timer is fired within a round of 30 seconds; one that has been due for longer than this is overdue."""
_WAITS = Timer.status == literal_column("'waiting'")  # as the partial indices have it
_OPEN = WorkItem.status == literal_column("'open'")
_PENDING = Outbox.status == literal_column("'pending'")


@dataclass(frozen=True)
class Condition:
    """Counts end at `MOST`."""

    timers_due: int
    timers_overdue: int
    oldest_due: datetime | None
    """When the first timer that is due and has not fired was due."""
    outbox_waiting: int
    outbox_failed: int
    oldest_message: datetime | None
    """When the first message was to be sent that is due and was not."""
    incidents: int
    database_bytes: int
    jobs: Mapping[str, int]
    """Jobs by status; those that are done or were stopped are not counted."""
    items: Mapping[str, int]
    """Open work items by queue."""


def of(session: Session, now: datetime) -> Condition:
    """As it is at `now`. Ten statements."""
    due = select(Timer.id).where(_WAITS, Timer.due_at <= now)
    overdue = select(Timer.id).where(_WAITS, Timer.due_at <= now - LATE)
    first = select(Timer.due_at).where(_WAITS, Timer.due_at <= now).order_by(Timer.due_at, Timer.id)
    messages = select(Outbox.next_at).where(_PENDING, Outbox.next_at <= now)
    failed = select(Outbox.id).where(Outbox.status == "failed")
    return Condition(
        timers_due=_many(session, due),
        timers_overdue=_many(session, overdue),
        oldest_due=session.scalar(first.limit(1)),
        outbox_waiting=_many(session, select(Outbox.id).where(_PENDING)),
        outbox_failed=_many(session, failed),
        oldest_message=session.scalar(messages.order_by(Outbox.next_at, Outbox.id).limit(1)),
        incidents=_many(session, select(Incident.id).where(Incident.resolved_at.is_(None))),
        database_bytes=_bytes(session),
        jobs=jobs.counts(session),
        items={queue: _items(session, queue) for queue in access.QUEUE_NAMES},
    )


def _many(session: Session, query: Select[Any], most: int = MOST) -> int:
    return session.scalar(select(func.count()).select_from(query.limit(most).subquery())) or 0


def _items(session: Session, queue: str) -> int:
    return _many(session, select(WorkItem.id).where(_OPEN, WorkItem.queue == queue), MOST_ITEMS)


def _bytes(session: Session) -> int:
    if is_postgres(session):
        return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    pages, size = (session.scalar(text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
    return int(pages or 0) * int(size or 0)
