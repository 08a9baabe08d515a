"""Incidents: steps that failed for the engine's reason, and trying them again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account, Incident
from engine.casework.organisation import access
from engine.casework.time import timers
from engine.ground.clock import Clock
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of


def listing(session: Session, actor: Account, page: int = 1) -> Page[Incident]:
    """Incidents, open ones first; for the system administrator."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    query = select(Incident)
    return page_of(
        session, query, query.order_by(Incident.resolved_at.is_not(None), Incident.id.desc()), page
    )


def retry(session: Session, actor: Account, incident_id: int, clock: Clock) -> bool:
    """Try again; whether it is resolved now.

    An incident of a work item is resolved by the official's next try.
    """
    access.require_role(actor, access.ACCOUNT_ADMIN)
    if session.get(Incident, incident_id) is None:
        raise NotFound("没有找到这条故障记录。")
    return timers.retry(session, incident_id, clock)
