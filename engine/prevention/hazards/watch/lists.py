"""The list of a week as people read it (R31)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground.paging import Page, page_of
from engine.prevention.hazards.watch import labels
from engine.prevention.models import WatchArea, WatchWeek

WEEKS = 60


def require(actor: Account) -> None:
    """Raise NotAllowed for who watches over no places."""
    access.require_role(actor, *access.WATCH_ROLES)


def weeks(session: Session) -> list[date]:
    """The weeks of which there is a list, the latest first."""
    query = select(WatchWeek.week).where(WatchWeek.status == "done").order_by(WatchWeek.week.desc())
    return list(session.scalars(query.limit(WEEKS)))


def listing(session: Session, actor: Account, week: date, kind: str = "", page: int = 1) -> Page[WatchArea]:
    """The places of a week's list in the actor's reach, by kind."""
    query = select(WatchArea).where(WatchArea.week == week, _here(actor))
    if kind in labels.KINDS:
        query = query.where(WatchArea.kind == kind)
    return page_of(session, query, query.order_by(WatchArea.kind, WatchArea.division_code), page)


def counts(session: Session, actor: Account, week: date) -> dict[str, int]:
    """How many places of each kind are on the list, in the actor's reach."""
    query = select(WatchArea.kind, func.count()).where(WatchArea.week == week, _here(actor))
    found = {row[0]: row[1] for row in session.execute(query.group_by(WatchArea.kind))}
    return {**dict.fromkeys(labels.KINDS, 0), **found}


def _here(actor: Account) -> ColumnElement[bool]:
    return access.within(WatchArea.division_code, access.scopes(actor, access.WATCH_ROLES))
