"""Firing what is due: each timer in its own step transaction, in due order, exactly once,
also after downtime.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.acts import record_incident
from engine.casework.kit import Kit
from engine.casework.models import Incident, Timer
from engine.casework.step.steps import Step
from engine.ground.clock import Clock
from engine.ground.database import reaches_writer, whole, write
from engine.ground.deadline import stopping
from engine.ground.errors import Unavailable
from engine.ground.surroundings import driver_said

BATCH = 500
_LOG = logging.getLogger("shouwang")
_TIMER = select(Timer).where(Timer.id == bindparam("timer_id")).execution_options(populate_existing=True)
_IS_WAITING = Timer.status == literal_column(
    "'waiting'"
)  # written out, so that the index of waiting timers serves

SessionFactory = Callable[[], Session]


def next_due(session: Session) -> datetime | None:
    """When the next waiting timer is due, or None."""
    query = select(Timer.due_at).where(_IS_WAITING).order_by(Timer.due_at, Timer.id).limit(1)
    return session.scalar(query)


def fire_due(sessions: SessionFactory, clock: Clock, limit: int | None = None) -> int:
    """Fire what is due now, at most `limit` timers; returns how many fired.

    Several processes may do so at once: a case that another one works on is skipped and looked at again
    later. A timer whose step fails is set aside with an incident and does not hold up the others. What the
    surroundings stopped goes on waiting and is fired by a later round. Raises Unavailable when nothing can be
    fired at all.
    """
    fired = 0
    seen: set[int] = set()
    while limit is None or fired < limit:
        now = clock.now()
        with sessions() as session:
            query = (
                select(Timer.id, Timer.case_id)
                .where(_IS_WAITING, Timer.due_at <= now)
                .order_by(Timer.due_at, Timer.id)
                .limit(BATCH)
            )
            due = [
                (timer_id, case_id) for timer_id, case_id in session.execute(query) if timer_id not in seen
            ]
            if not due:
                return fired
            for timer_id, case_id in due:
                if stopping():  # what is left is fired by whoever comes next
                    return fired
                seen.add(timer_id)
                fired += _fire(session, timer_id, case_id, now)
                if limit is not None and fired >= limit:
                    return fired
    return fired


def _pass_time(step: Step, row: Timer) -> None:
    step.instance.pass_time(step.now, row.due_at)
    step.finish()


@whole
def fire_one(session: Session, timer_id: int, case_id: int, now: datetime) -> bool:
    """Fire one timer in its step transaction; False when it was gone or taken by another process."""
    with write(session):
        step = Step.on(session, case_id, None, now, skip_locked=True)
        if step is None:
            return False
        row = session.scalar(_TIMER, {"timer_id": timer_id})
        if row is None or row.status != "waiting" or row.due_at > now:
            return False
        kit.used().due.get(row.kind, _pass_time)(step, row)
        return True


def _fire(session: Session, timer_id: int, case_id: int, now: datetime) -> bool:
    """Fire one timer; False when it was gone, taken by another process, failed,
    or could not be fired just now.

    Only a fault of the case sets a timer aside. Raises Unavailable when the database serves nobody.
    """
    try:
        return fire_one(session, timer_id, case_id, now)
    except Unavailable as error:
        _LOG.warning("timer %d waits on: %s", timer_id, driver_said(error))
        if not reaches_writer(session):
            raise
        return False
    except Exception as error:  # set aside with an incident: one broken case must not stop the others
        _set_aside(session, timer_id, case_id, error, now)
        return False


@whole
def _set_aside(session: Session, timer_id: int, case_id: int, error: Exception, now: datetime) -> None:
    with write(session):
        failed = session.get_one(Timer, timer_id)
        failed.status = "failed"
        record_incident(session, error, now, timer_id=timer_id, case_id=case_id, element_id=failed.element_id)


def retry(session: Session, incident_id: int, clock: Clock) -> bool:
    """Try an incident's timer again; True when it is resolved.
    An incident of a work item is resolved by the official.
    """
    now = clock.now()
    with write(session):
        incident = session.get_one(Incident, incident_id)
        if incident.resolved_at is not None:
            return True
        if incident.timer_id is None:
            incident.resolved_at = now
            return True
        timer = session.get_one(Timer, incident.timer_id)
        if timer.status == "failed":
            timer.status = "waiting"
        timer_id, case_id = timer.id, timer.case_id
    _fire(session, timer_id, case_id, now)
    with write(session):
        incident = session.get_one(Incident, incident_id, populate_existing=True)
        settled = session.get_one(Timer, timer_id, populate_existing=True).status != "failed"
        if settled:
            incident.resolved_at = now
        return settled


KIT = Kit(due={"warning": Step.warn, "repeat": Step.repeat})
