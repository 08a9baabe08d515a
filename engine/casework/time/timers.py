"""Firing what is due: each timer in a step of its own, a few steps in a transaction, in due order, exactly
once, also after downtime.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.acts import record_incident
from engine.casework.kit import Kit
from engine.casework.models import CaseFile, Incident, Timer
from engine.casework.step import reminding
from engine.casework.step.steps import Step
from engine.ground.clock import Clock
from engine.ground.database import reaches_writer, whole, write
from engine.ground.database.foreseeing import foreseeing
from engine.ground.database.foresight import Member
from engine.ground.database.objects import Objects
from engine.ground.deadline import stopping
from engine.ground.errors import Unavailable
from engine.ground.surroundings import driver_said, nameless, trouble_of

BATCH = 500
AT_ONCE = 50
"""Timers of one transaction: others who write wait for it, some 0.2 s."""
_LOG = logging.getLogger("shouwang")
_TIMER = Objects(select(Timer).where(Timer.id == bindparam("timer_id")), [Timer], own=True)
_IS_WAITING = Timer.status == literal_column(
    "'waiting'"
)  # written out, so that the index of waiting timers serves
_DUE = (
    select(Timer.id, Timer.case_id, Timer.kind, Timer.element_id, CaseFile.subject_id)
    .join(CaseFile, CaseFile.id == Timer.case_id)
    .where(_IS_WAITING, Timer.due_at <= bindparam("now"))
    .order_by(Timer.due_at, Timer.id)
    .limit(BATCH)
)
_TO_SET_ASIDE = (
    select(Timer)
    .where(Timer.id == bindparam("timer_id"), _IS_WAITING)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)

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
            due = [row for row in session.execute(_DUE, {"now": now}) if row.id not in seen]
            if not due:
                return fired
            for begin in range(0, len(due), AT_ONCE):
                some = due[begin : begin + AT_ONCE][: None if limit is None else limit - fired]
                if not some or stopping():  # what is left is fired by whoever comes next
                    return fired
                seen.update(row.id for row in some)
                fired += _fire_some(session, some, now)
    return fired


def _fire_some(session: Session, due: Sequence[Any], now: datetime) -> int:
    """Fire timers in one transaction, of which they pay one commit; returns how many fired.

    When anything goes wrong in it nothing of it has happened: then each is fired by itself, so that the one
    that fails is set aside and holds up no other.
    """
    try:
        return _fire_together(session, due, now)
    except Exception as error:  # the surroundings' or one case's: `_fire` tells them apart, one by one
        _LOG.info("%d timers are fired one by one: %s", len(due), trouble_of(error) or nameless(error))
        return sum([_fire(session, row.id, row.case_id, now) for row in due])


@whole
def _fire_together(session: Session, due: Sequence[Any], now: datetime) -> int:
    fired = 0
    with write(session), foreseeing(session, _members(due)) as begin:
        for row in due:
            begin(row.id)
            fired += _fire_in(session, row.id, row.case_id, now)
    return fired


def _members(due: Sequence[Any]) -> dict[int, Member]:
    """The timers with what is each one's own; whoever shares the subject with another asks for itself."""
    subjects = Counter(row.subject_id for row in due)
    return {
        row.id: Member(
            {"timer": row.id, "case": row.case_id, "subject": row.subject_id},
            (row.kind, row.element_id),
            subjects[row.subject_id] == 1,
        )
        for row in due
    }


def _pass_time(step: Step, row: Timer) -> None:
    step.instance.pass_time(step.now, row.due_at)
    step.finish()


@whole
def fire_one(session: Session, timer_id: int, case_id: int, now: datetime) -> bool:
    """Fire one timer in its step transaction; False when it was gone or taken by another process."""
    with write(session):
        return _fire_in(session, timer_id, case_id, now)


def _fire_in(session: Session, timer_id: int, case_id: int, now: datetime) -> bool:
    """As `fire_one`, inside the caller's transaction.

    Nobody is waited for here: whoever holds a case is left to it, so that several cases of one transaction
    need no order among themselves.
    """
    step = Step.on_free(session, case_id, None, now)
    if step is None:
        return False
    row = _TIMER.first(session, timer_id=timer_id)
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
        failed = session.scalar(_TO_SET_ASIDE, {"timer_id": timer_id})
        if failed is None:
            return  # another process has fired it meanwhile, or a step has ended its wait
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


KIT = Kit(due={"warning": reminding.warn, "repeat": reminding.repeat})
