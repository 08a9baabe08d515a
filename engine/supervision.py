"""What supervisors watch: time limits by state."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine import access
from engine.inbox import Page, page_of
from engine.models import Account, CaseFile, Timer


def timers(session: Session, actor: Account, state: str, now: datetime, page: int = 1) -> Page[Timer]:
    """Timers in the actor's reach: ``due`` still run, ``fired`` have fired, ``overdue`` are passed limits of open cases."""
    query = select(Timer).where(access.within(Timer.village_code, access.scopes(actor)))
    if state == "overdue":
        passed = or_(Timer.status == "fired", and_(Timer.status == "waiting", Timer.due_at <= now))
        query = query.join(CaseFile, CaseFile.id == Timer.case_id).where(
            Timer.kind == "limit", passed, CaseFile.status == "open"
        )
    elif state == "fired":
        query = query.where(Timer.status == "fired")
    else:
        query = query.where(Timer.status == "waiting", Timer.due_at > now)
    ordered = (
        query.order_by(Timer.fired_at.desc(), Timer.id.desc())
        if state == "fired"
        else query.order_by(Timer.due_at, Timer.id)
    )
    return page_of(session, query, ordered, page)
