"""What people do with jobs: start one with their act, see how far it is, stop it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session, joinedload

from engine.casework import kit
from engine.casework.models import Account, Job
from engine.casework.portions.jobs import carrier
from engine.ground.clock import SYSTEM, Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotFound
from engine.ground.paging import Page, page_of

STATES = {
    "waiting": "等待",
    "running": "正在做",
    "done": "已做完",
    "failed": "没有做成",
    "cancelled": "已停下",
}
OPEN = ("waiting", "running")
HEADSTART = timedelta(seconds=2)
"""So long the request that started a job works at it itself: small acts are done with the answer."""
LEASE = timedelta(seconds=30)
"""Without a sign for so long, whoever was at a job is gone, and somebody else takes it up."""
LATEST = 1000
"""So many jobs back one counts those that failed."""
LOOK = 1.0
"""Seconds after which a page that watches a job looks again."""


@dataclass(frozen=True)
class Listed:
    """A job as it is shown: the kind in words, how far it is, whose it is, what went wrong."""

    id: int
    kind: str
    title: str
    about: int
    status: str
    done: int
    total: int
    who: str
    at: datetime
    ended_at: datetime | None
    error: str

    @property
    def state(self) -> str:
        """The status in words."""
        return STATES[self.status]

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.status in OPEN


def defer(
    session: Session,
    kind: str,
    about: int,
    actor: Account | None,
    now: datetime,
    *,
    total: int = 0,
    after: timedelta = HEADSTART,
) -> int:
    """Let the act go on by itself, from the moment that the caller's transaction counts and `after` has
    passed; answers the job's number.

    Part of that transaction: rolled back with it, and nothing happens. Inside `write` only.
    """
    job = Job(
        kind=kind,
        about=about,
        account_id=actor.id if actor is not None else None,
        total=total,
        at=now,
        seen_at=SYSTEM.now() + after - HEADSTART,
    )
    session.add(job)
    session.flush()
    carrier.send(session, job.id, after)
    return job.id


def is_open(session: Session, kind: str, about: int) -> bool:
    """Whether an act has a job that goes on."""
    query = select(Job.id).where(Job.kind == kind, Job.about == about, Job.status.in_(OPEN)).limit(1)
    return session.scalar(query) is not None


def latest_of(session: Session, kind: str, about: int) -> Listed | None:
    """The last job of an act."""
    query = select(Job).where(Job.kind == kind, Job.about == about).order_by(Job.id.desc()).limit(1)
    job = session.scalar(query)
    return _shown(job) if job is not None else None


def watched(session: Session, kind: str, about: int) -> bool:
    """Whether somebody is at the job of an act just now: then its page only looks, after a moment.

    Where no process works, the page goes on with the act itself, as ever.
    """
    since = SYSTEM.now() - LEASE
    query = select(Job.id).where(
        Job.kind == kind, Job.about == about, Job.status == "running", Job.seen_at > since
    )
    is_run = session.scalar(query.limit(1)) is not None
    session.commit()  # nobody holds a snapshot while waiting
    if is_run:
        sleep(LOOK)
    return is_run


def listed(
    session: Session, account: Account | None = None, *, status: Sequence[str] = (), page: int = 1
) -> Page[Listed]:
    """The jobs of an account, or of everybody, the latest first."""
    query = select(Job)
    if account is not None:
        query = query.where(Job.account_id == account.id)
    if status:
        query = query.where(Job.status.in_(status))
    found = page_of(session, query, query.order_by(Job.id.desc()).options(joinedload(Job.account)), page)
    shown = [_shown(job) for job in found.items]
    return Page(shown, found.total, found.page, found.pages, found.capped)


def going() -> ColumnElement[bool]:
    """SQL: the jobs that wait or run, in the very words of ix_job_open: SQLite looks for those."""
    return Job.status.in_(bindparam("open", OPEN, expanding=True, literal_execute=True))


def counts(session: Session) -> dict[str, int]:
    """How many jobs wait, how many run, and how many of the last `LATEST` failed.

    Those done and stopped are history, and not counted; nor is the table read for it.
    """
    found = session.execute(select(Job.status, func.count()).where(going()).group_by(Job.status))
    latest = session.scalars(select(Job.status).order_by(Job.id.desc()).limit(LATEST))
    failed = sum(status == "failed" for status in latest)
    return {**dict.fromkeys(OPEN, 0), **{row[0]: row[1] for row in found}, "failed": failed}


def last_failed(session: Session) -> Listed | None:
    """Of the last `LATEST` jobs the latest that failed."""
    latest = session.execute(select(Job.id, Job.status).order_by(Job.id.desc()).limit(LATEST))
    found = next((row.id for row in latest if row.status == "failed"), None)
    return _shown(session.get_one(Job, found)) if found is not None else None


def _shown(job: Job) -> Listed:
    kinds = kit.used().jobs
    return Listed(
        job.id,
        job.kind,
        kinds[job.kind].title if job.kind in kinds else job.kind,
        job.about,
        job.status,
        job.done,
        job.total,
        job.account.name if job.account is not None else "系统",
        job.at,
        job.ended_at,
        job.error,
    )


@whole
def cancel(session: Session, actor: Account, job_id: int, clock: Clock) -> None:
    """Do no more of one's own job; what is done stays. Raises NotFound, Conflict for one that has ended."""
    with write(session):
        job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
        if job is None or job.account_id != actor.id:
            raise NotFound("没有找到这个后台任务。")
        if job.status not in OPEN:
            raise Conflict("这个后台任务已经结束。")
        kit.used().jobs[job.kind].stop(session, actor, job.about, clock)
        job.status, job.ended_at = "cancelled", clock.now()


def stopped(session: Session, kind: str, about: int, now: datetime) -> None:
    """The act was stopped on its own page: so are its jobs. Inside `write` only."""
    mine = update(Job).where(Job.kind == kind, Job.about == about, Job.status.in_(OPEN))
    session.execute(mine.values(status="cancelled", ended_at=now))
