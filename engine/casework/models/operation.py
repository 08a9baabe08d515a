"""The running system itself: its processes, and the 后台任务 that it goes on with, browser open or not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models.organisation import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime

_OPEN = text("status IN ('waiting', 'running')")
_HELD = text("status <> 'gone'")


class RunningProcess(Base):
    """A process of the program, on whichever machine: it writes its row anew every few seconds, and removes
    it as it ends.

    `figures` is what it has counted since it began (engine/casework/step/meter.py).
    """

    __tablename__ = "running_process"
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    host: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]
    version: Mapped[str] = mapped_column(String(20))
    does: Mapped[str] = mapped_column(String(40))  # web, timers; both
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    figures: Mapped[list[object]] = mapped_column(JsonText)


class Job(Base):
    """One act that is worked off in portions: which one, for whom, how far it is."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_open", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_job_status", "status", "id"),  # those that failed, and how many are in each state
        Index("ix_job_account_id", "account_id", "id"),
        Index("ix_job_kind_about", "kind", "about"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # of Kit.jobs
    about: Mapped[int]  # the row of the act, of the kind's own table
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # None: nobody started it
    status: Mapped[str] = mapped_column(String(9), default="waiting")  # of jobs.STATES
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)  # by the machine's clock: when somebody was at it
    attempts: Mapped[int] = mapped_column(default=0)  # how often somebody took it up
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(String(300), default="")
    account: Mapped[Account | None] = relationship()


class OutgoingFile(Base):
    """A list that somebody asked to have as a file and that is too long to be written while they wait."""

    __tablename__ = "outgoing_file"
    __table_args__ = (
        Index("ix_outgoing_file_until", "until", postgresql_where=_HELD, sqlite_where=_HELD),
        Index("ix_outgoing_file_account_id", "account_id", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30))  # of Kit.outgoing
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))  # who asked, and may have it
    given: Mapped[dict[str, str]] = mapped_column(JsonText, default=dict)  # what it is narrowed to
    reason: Mapped[str] = mapped_column(String(200), default="")  # for full numbers; '' masks them
    status: Mapped[str] = mapped_column(String(7), default="asked")  # asked, made, stopped, gone
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)  # it is kept no longer
    filename: Mapped[str] = mapped_column(String(200), default="")
    rows: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    grants: Mapped[list[str]] = mapped_column(JsonText, default=list)  # by what reach it was written


class OutgoingPart(Base):
    """A piece of such a file, in its order."""

    __tablename__ = "outgoing_part"
    __table_args__ = (Index("ix_outgoing_part_file_id", "file_id", "number", unique=True),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("outgoing_file.id"))
    number: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
