"""The outbox: what a step wrote down to leave the system,
delivered in the background with retries and back-off.

A row is claimed in one transaction (SKIP LOCKED: several processes share the work), sent outside any
transaction, and marked in another. Should the process die between sending and marking, the row is sent again
when its lease runs out: on the wire a message arrives at least once, with the same key, by which a receiver
can drop the double.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import func, literal_column, select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Outbox
from engine.casework.organisation import access
from engine.ground.clock import Clock
from engine.ground.database import write
from engine.ground.errors import Conflict, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.surroundings import trouble_of

LEASE = timedelta(minutes=5)
"""How long a claimed message is left to the process that claimed it."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 8, 32, 128))
"""After each of the first failures; a server that restarts is soon asked again."""
LONGEST_DELAY = timedelta(hours=6)
"""After every further failure."""
PATIENCE = timedelta(hours=36)
"""A message is tried for at least so long before an administrator looks at it:
an outage of a day is sat out.
"""
MAX_ATTEMPTS = 1 + len(WAITS) + ceil((PATIENCE - sum(WAITS, timedelta())) / LONGEST_DELAY)
PORTION = 100
STATUS_NAMES = {"pending": "待发送", "sent": "已发送", "failed": "发送失败"}
_PENDING = Outbox.status == literal_column(
    "'pending'"
)  # written out, so that the index of pending messages serves


class DeliveryError(Exception):
    """A message could not be handed over; the sentence says why. `final` when trying again is of no use."""

    def __init__(self, sentence: str, *, final: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.final = sentence, final


@dataclass(frozen=True)
class Message:
    """What a channel hands over."""

    key: str
    target: str
    subject: str
    text: str


Channel = Callable[[Message], None]
SessionFactory = Callable[[], Session]


def deliver(
    sessions: SessionFactory, channels: Mapping[str, Channel], clock: Clock, limit: int = PORTION
) -> int:
    """Send what is due, at most `limit` messages; returns how many were handed over."""
    sent = 0
    for _ in range(limit):
        with sessions() as session:
            claimed = _claim(session, clock.now())
        if claimed is None:
            break
        row_id, channel, message = claimed
        problem = _hand_over(channels.get(channel), message)
        with sessions() as session:
            _mark(session, row_id, problem, clock.now())
        sent += problem is None
    return sent


def _claim(session: Session, now: datetime) -> tuple[int, str, Message] | None:
    """The next message that is due, ours for the length of a lease.

    It is looked for every second: as long as there is none, nobody who writes waits for that.
    """
    due = select(Outbox).where(_PENDING, Outbox.next_at <= now).order_by(Outbox.next_at, Outbox.id).limit(1)
    if session.scalar(due.with_only_columns(Outbox.id)) is None:
        return None
    with write(session):
        row = session.scalar(due.with_for_update(skip_locked=True))
        if row is None:
            return None
        row.attempts += 1
        row.next_at = now + LEASE
        payload: dict[str, Any] = row.payload
        return (
            row.id,
            row.channel,
            Message(row.key, row.target, str(payload["subject"]), str(payload["text"])),
        )


def _hand_over(channel: Channel | None, message: Message) -> DeliveryError | None:
    if channel is None:
        return DeliveryError("没有设置这种发送方式。", final=True)
    try:
        channel(message)
    except DeliveryError as error:
        return error
    except Exception as error:  # one message that cannot be put together must not stop the others
        return DeliveryError(f"没有发出（{type(error).__name__}）。", final=trouble_of(error) is None)
    return None


def _mark(session: Session, row_id: int, problem: DeliveryError | None, now: datetime) -> None:
    with write(session):
        row = session.get_one(Outbox, row_id, with_for_update=True, populate_existing=True)
        if problem is None:
            row.status, row.sent_at, row.error = "sent", now, ""
            return
        row.error = problem.sentence[:300]
        if problem.final or row.attempts >= MAX_ATTEMPTS:
            row.status = "failed"
        else:
            row.next_at = now + _wait_after(row.attempts)


def _wait_after(attempts: int) -> timedelta:
    return WAITS[attempts - 1] if attempts <= len(WAITS) else LONGEST_DELAY


# -- for the administrator -------------------------------------------------------------------------


def listing(session: Session, actor: Account, status: str = "", page: int = 1) -> Page[Outbox]:
    """The messages, latest first; of one status, if given. For the system administrator alone."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    query = select(Outbox)
    if status in STATUS_NAMES:
        query = query.where(Outbox.status == status)
    return page_of(session, query, query.order_by(Outbox.id.desc()), page)


def counts(session: Session, actor: Account) -> dict[str, int]:
    """How many messages wait and how many failed."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    query = (
        select(Outbox.status, func.count().label("many"))
        .where(Outbox.status.in_(("pending", "failed")))
        .group_by(Outbox.status)
    )
    return {row.status: row.many for row in session.execute(query)}


def retry(session: Session, actor: Account, row_id: int, now: datetime) -> Outbox:
    """重新发送: a failed message, or one that waits for its next attempt, is due at once."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    with write(session):
        row = session.get(Outbox, row_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound("没有这条外发消息。")
        if row.status == "sent":
            raise Conflict("这条消息已经发送。")
        row.status, row.next_at, row.attempts = "pending", now, 0
        audit.record(session, "access", actor.id, "resend", {"outbox": row.id}, now)
    return row


def retry_failed(session: Session, actor: Account, now: datetime) -> int:
    """全部重新发送: every failed message is due at once; returns how many. For the system administrator alone."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    with write(session):
        again = (
            update(Outbox).where(Outbox.status == "failed").values(status="pending", next_at=now, attempts=0)
        )
        count = len(session.scalars(again.returning(Outbox.id)).all())
        if count:
            audit.record(session, "access", actor.id, "resend", {"failed": count}, now)
    return count
