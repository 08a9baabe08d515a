"""Working a job off: portion after portion, with a sign of life after each, until it is done or stopped.

One process at a time is at a job; one that dies is followed by another when its last sign is old enough
(`LEASE`). A portion that was cut off is done again: acts in portions double nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.acts import record_incident
from engine.casework.models import Account, Job
from engine.casework.portions.jobs import carrier
from engine.casework.portions.jobs.acts import HEADSTART, LEASE, going
from engine.casework.portions.jobs.kinds import Advance, Progress, Signs
from engine.ground.clock import SYSTEM, Clock, stopwatch
from engine.ground.database import whole, write
from engine.ground.deadline import stopping, wait_for_stop
from engine.ground.errors import ShouwangError
from engine.ground.surroundings import nameless, trouble_of

AGAIN = timedelta(seconds=5)
"""After trouble with the surroundings."""
PAUSE = 0.5
"""Seconds, after a portion that brought nothing on."""
SIGN = 1.0
"""Seconds between two signs of an act that is done in one go: each is a transaction."""
AT_ONCE = 2
"""Jobs that one process works at a time: people's own requests have the rest of it."""
Sessions = Callable[[], Session]
_LOG = logging.getLogger("shouwang")


def waiting(session: Session, number: int = AT_ONCE) -> list[int]:
    """Jobs to take up now where their own rows are the queue (SQLite): the oldest first, at most so many that
    `number` run.
    """
    now = SYSTEM.now()
    run = select(func.count()).where(going(), Job.status == "running", Job.seen_at >= now - LEASE)
    left = number - (session.scalar(run) or 0)
    if left <= 0:
        return []
    begun = or_(Job.status == "running", Job.seen_at < now - HEADSTART)
    return list(session.scalars(select(Job.id).where(_free(), begun).order_by(Job.id).limit(left)))


def _free() -> ColumnElement[bool]:
    """SQL: the jobs at which nobody is: those that wait, and those whose process gave no sign for long."""
    gone = and_(Job.status == "running", Job.seen_at < SYSTEM.now() - LEASE)
    return and_(going(), or_(Job.status == "waiting", gone))


def run(sessions: Sessions, clock: Clock, job_id: int) -> None:
    """Work a job off as far as it goes. Whatever happens to it stands in its row; raises nothing of it."""
    with sessions() as session:
        if not _take(session, job_id):
            return
    try:
        with closing(_worked(sessions, clock, job_id)) as signs:
            for progress in signs:
                with sessions() as session:
                    if not _keep(session, job_id, progress, clock):
                        return
    except Exception as error:
        with sessions() as session:
            if trouble_of(error) is None:
                _failed(session, job_id, error, clock)
            else:
                _LOG.warning("job %d waits on: %s", job_id, nameless(error))
                _give_back(session, job_id, AGAIN, "环境一时不行，等一会儿接着做。")
    else:
        with sessions() as session:
            _give_back(session, job_id, timedelta(0))


@whole
def _take(session: Session, job_id: int) -> bool:
    """Be the one who is at the job; False when it has ended, or somebody else is."""
    with write(session):
        mine = update(Job).where(Job.id == job_id, _free())
        taken = mine.values(status="running", seen_at=SYSTEM.now(), attempts=Job.attempts + 1)
        if session.scalar(taken.returning(Job.id)) is not None:
            return True
        left = session.get(Job, job_id)
        if left is not None and left.status in ("waiting", "running"):
            carrier.send(session, job_id, LEASE)  # whoever is at it may be gone: looked at again
        return False


def _worked(sessions: Sessions, clock: Clock, job_id: int) -> Generator[Progress]:
    """Do the act as its kind does, until the process is asked to end."""
    with sessions() as session:
        kind = kit.used().jobs[session.get_one(Job, job_id).kind]
    if kind.signs is not None:
        return _in_one_go(kind.signs, sessions, clock, job_id)
    assert kind.advance is not None
    return _in_portions(kind.advance, sessions, clock, job_id)


def _in_portions(advance: Advance, sessions: Sessions, clock: Clock, job_id: int) -> Generator[Progress]:
    done = -1
    while not stopping():
        with sessions() as session:
            progress = advance(session, *_act_of(session, job_id), clock)
        yield progress
        if progress.done == done:  # something holds it up: it need not be asked without a breath
            wait_for_stop(PAUSE)
        done = progress.done


def _in_one_go(signs: Signs, sessions: Sessions, clock: Clock, job_id: int) -> Generator[Progress]:
    since = stopwatch()
    with sessions() as session:
        for progress in signs(session, *_act_of(session, job_id), clock):
            if stopping():
                return
            if not progress.going or since() >= SIGN:
                yield progress
                since = stopwatch()


def _act_of(session: Session, job_id: int) -> tuple[Account | None, int]:
    """Who started it, and the number of their act."""
    job = session.get_one(Job, job_id)
    actor = session.get(Account, job.account_id) if job.account_id is not None else None
    if actor is not None and not actor.active:
        raise _Ended("开始的人的账号已经停用。")
    return actor, job.about


class _Ended(ShouwangError):
    """Nobody may go on with a job."""

    code = "job_ended"


@whole
def _keep(session: Session, job_id: int, progress: Progress, clock: Clock) -> bool:
    """Note how far it is; answers whether to go on."""
    changes = {"done": progress.done, "total": progress.total, "seen_at": SYSTEM.now()}
    if not progress.going:
        changes |= {"status": "done", "ended_at": clock.now(), "error": ""}
    with write(session):
        mine = update(Job).where(Job.id == job_id, Job.status == "running")
        found = session.scalar(mine.values(**changes).returning(Job.id))
    return found is not None and progress.going


@whole
def _give_back(session: Session, job_id: int, after: timedelta, error: str = "") -> None:
    """Somebody else goes on: after `after`, and where the queue is the rows themselves, about then."""
    with write(session):
        mine = update(Job).where(Job.id == job_id, Job.status == "running")
        back = mine.values(status="waiting", seen_at=SYSTEM.now() + after - HEADSTART, error=error[:300])
        if session.scalar(back.returning(Job.id)) is not None:
            carrier.send(session, job_id, after)


def _failed(session: Session, job_id: int, error: Exception, clock: Clock) -> None:
    """A fault of the job itself ends it; the surroundings' trouble passes, and the job waits for it."""
    sentence = error.message if isinstance(error, ShouwangError) else ""
    if not sentence:
        _LOG.error("job %d failed: %s", job_id, nameless(error))
        sentence = f"系统出错了（{type(error).__name__}），已报系统管理员。"
        record_incident(
            session, error, clock.now(), sentence=f"后台任务第 {job_id} 号没有做成：{nameless(error)}"
        )
    with write(session):
        mine = update(Job).where(Job.id == job_id, Job.status == "running")
        session.execute(mine.values(status="failed", ended_at=clock.now(), error=sentence[:300]))


def look_after(sessions: Sessions) -> int:
    """What waits and was lost on its way to a worker is sent again; answers how many."""
    with sessions() as session, write(session):
        return carrier.send_lost(session, SYSTEM.now() - LEASE)


def run_all(sessions: Sessions, clock: Clock) -> int:
    """Run all that is free, one after another, whoever has a head start; answers how many."""
    with sessions() as session:
        ids = list(session.scalars(select(Job.id).where(_free()).order_by(Job.id)))
    for job_id in ids:
        run(sessions, clock, job_id)
    return len(ids)
