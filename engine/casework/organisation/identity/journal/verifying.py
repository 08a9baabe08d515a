"""Verifying the whole log, a few streams a request."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.audit import verification
from engine.casework.models import Account, JournalCheck
from engine.casework.organisation import access
from engine.casework.organisation.identity.journal.searching import PATIENCE, require
from engine.ground.clock import stopwatch, written_moment
from engine.ground.database import write
from engine.ground.errors import Conflict, NotFound


def begin_check(session: Session, actor: Account, now: datetime) -> JournalCheck:
    """Begin to verify the whole log. Raises Conflict while a verification is under way: whoever has its page
    open takes it further, also the one who finds it left alone.
    """
    require(actor)
    if not access.has_everywhere(actor, access.AUDIT_ADMIN):
        raise Conflict("核对整个日志由省级的审计管理员进行。")
    with write(session):
        check = JournalCheck(asked_by=actor.id, started_at=now, breaks=[])
        session.add(check)
        session.flush()
        audit.record(session, "access", actor.id, "log_verify", {"check": check.id}, now, unit="")
        # the day's stream is ours now: of two who begin at once, the second sees what the first began
        if (other := under_way(session, but=check)) is not None:
            raise Conflict(f"{written_moment(other.started_at)}开始的核对还没有完成，请接着核对。")
    return check


def under_way(session: Session, *, but: JournalCheck | None = None) -> JournalCheck | None:
    """The verification that has begun and has not come to its end."""
    query = select(JournalCheck).where(JournalCheck.finished_at.is_(None))
    if but is not None:
        query = query.where(JournalCheck.id != but.id)
    return session.scalar(query.order_by(JournalCheck.id.desc()).limit(1))


def latest_check(session: Session, actor: Account) -> JournalCheck | None:
    """The last verification, finished or not."""
    require(actor)
    return session.scalar(select(JournalCheck).order_by(JournalCheck.id.desc()).limit(1))


def check_of(session: Session, actor: Account, check_id: int) -> JournalCheck:
    """A verification. Raises NotFound."""
    require(actor)
    check = session.get(JournalCheck, check_id)
    if check is None:
        raise NotFound("没有这次核对。")
    return check


def go_on(session: Session, actor: Account, check_id: int, now: datetime) -> JournalCheck:
    """Verify what one request may; a part that is cut off is done again by the next one."""
    check = check_of(session, actor, check_id)
    elapsed = stopwatch()
    while check.finished_at is None and elapsed() < PATIENCE:
        before = check.after
        part = verification.verify_part(session, before)
        with write(session):
            session.refresh(check, with_for_update=True)
            if check.after != before or check.finished_at is not None:
                break  # another request did the same part
            check.streams, check.lines = check.streams + part.streams, check.lines + part.lines
            check.breaks = [*check.breaks, *(asdict(one) for one in part.breaks)][:1000]
            check.after = part.after if part.after is not None else check.after
            check.finished_at = now if part.after is None else None
    return check
