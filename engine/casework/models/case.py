"""Cases, their steps and their timers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, case, literal_column, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.casework.models.organisation import Account
from engine.casework.models.process import ProcedureVersion
from engine.ground.tables import Base, BigId, UtcDateTime, key_of, other_key_of


class CaseFile(Base):
    """One case: a subject on its way through one version of a procedure."""

    __tablename__ = "case_file"
    __table_args__ = (
        Index("ix_case_file_village_code_status", "village_code", "status"),
        Index("ix_case_file_started_by_id", "started_by", "id"),
        Index("ix_case_file_version_id_status", "version_id", "status"),  # how many run on each version
        Index(
            "ix_case_file_subject",  # open cases by a part of the subject's name, below a division
            "village_code",
            "subject_key",
            "id",
            "status",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_case_file_finished",  # the last finished cases of a procedure
            "procedure_key",
            "finished_at",
            "id",
            sqlite_where=text("status = 'finished'"),
            postgresql_where=text("status = 'finished'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    procedure_key: Mapped[str] = mapped_column(String(60))
    version_id: Mapped[int] = mapped_column(ForeignKey("procedure_version.id"))
    subject_id: Mapped[int] = mapped_column(index=True)
    # whom it is about: a row of one of the field's tables, whose numbers never meet (kit.Subjects)
    village_code: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(80))  # what that row was called as the case began
    subject_key: Mapped[str] = mapped_column(String(80), default=key_of("subject", 80))
    status: Mapped[str] = mapped_column(String(12), default="open")  # open, finished, cancelled
    origin_id: Mapped[int | None] = mapped_column(
        ForeignKey("case_file.id"), index=True
    )  # whose step opened it
    outcome: Mapped[str] = mapped_column(String(80), default="")  # name of the end event that named one
    outcome_code: Mapped[str] = mapped_column(String(40), default="")
    started_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    discovery_date: Mapped[date | None]  # since when the matter is known (Subjects.known_since)
    limit_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # of the limits that count, when the first passes
    lamp_floor: Mapped[str] = mapped_column(String(8), default="green")  # yellow once warned, red once passed
    lock_version: Mapped[int] = mapped_column(default=0)
    log_seq: Mapped[int] = mapped_column(default=0)
    log_hash: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    log_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the history's last line
    state: Mapped[bytes] = deferred(mapped_column(LargeBinary, default=b""))
    version: Mapped[ProcedureVersion] = relationship()


class WorkItem(Base):
    """A user task in somebody's queue: the inbox.

    Carries what a list shows, so that a list is one index scan.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        Index(
            "ix_work_item_inbox",  # the list, what is due first on top and what has no limit last
            "queue",
            "division_code",
            text("(due_at IS NULL)"),
            "due_at",
            "id",
            # SQLite answers from an index alone only when it holds every column that the query names
            "status",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_work_item_step",  # the counts by step, from the index alone
            "queue",
            "division_code",
            "procedure_key",
            "element_id",
            "due_at",
            "id",
            "status",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_work_item_place",  # what waits at and below a division, whatever the queue
            "village_code",
            "procedure_key",
            "element_id",
            "limits",
            "claimed_by",
            "queue",
            "division_code",
            "case_id",
            "status",
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index(
            "ix_work_item_urged",  # the few that are urged stand on top of the inbox
            "queue",
            "division_code",
            "due_at",
            sqlite_where=text("status = 'open' AND urged > 0"),
            postgresql_where=text("status = 'open' AND urged > 0"),
        ),
        Index(
            "ix_work_item_claimed_by",  # what an official has taken up
            "claimed_by",
            sqlite_where=text("status = 'open' AND claimed_by IS NOT NULL"),
            postgresql_where=text("status = 'open' AND claimed_by IS NOT NULL"),
        ),
        Index(
            "ix_work_item_closed_by",  # what an official has done
            "closed_by",
            "closed_at",
            sqlite_where=text("closed_by IS NOT NULL"),
            postgresql_where=text("closed_by IS NOT NULL"),
        ),
        Index("ix_work_item_case_id", "case_id", "status"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    token: Mapped[str] = mapped_column(
        String(32)
    )  # of the engine's task: stable across restore, replay and migration
    procedure_key: Mapped[str] = mapped_column(String(60))
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(80))
    subject_key: Mapped[str] = mapped_column(String(80), default=other_key_of("subject", 80))
    village_code: Mapped[str] = mapped_column(String(12))
    queue: Mapped[str] = mapped_column(String(10))
    division_code: Mapped[str] = mapped_column(String(12))
    form_key: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the first of its times is up
    limits: Mapped[str] = mapped_column(Text, default="")
    # tokens of all the limits that it is under, the nearest first, a blank between them: who holds a limit
    status: Mapped[str] = mapped_column(
        String(10), default="open"
    )  # open, done, cancelled, returned, withdrawn
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    urged: Mapped[int] = mapped_column(default=0)  # how often a supervisor has urged it
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    outcome: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(String(500), default="")  # why it came back: the reason of a return
    case: Mapped[CaseFile] = relationship()
    closer: Mapped[Account | None] = relationship(foreign_keys=[closed_by])
    claimer: Mapped[Account | None] = relationship(foreign_keys=[claimed_by])


class Timer(Base):
    """A waiting timer event, or the warning before one; fired in due order, once."""

    __tablename__ = "timer"
    __table_args__ = (
        Index(
            "ix_timer_due",
            "due_at",
            "id",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_timer_place",  # what waits for a time at and below a division
            "village_code",
            "kind",
            "element_id",
            "due_at",
            "case_id",
            "status",
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
        Index(
            # the limits that count at and below a division, kept or passed: what supervisors watch
            "ix_timer_standing",
            "village_code",
            "due_at",
            "procedure_key",
            "element_id",
            "case_id",
            "id",
            "token",
            "standing",
            sqlite_where=text("standing = 'open'"),
            postgresql_where=text("standing = 'open'"),
        ),
        Index(
            "ix_timer_limits",  # the limits that count, in the order in which they pass, wherever
            "due_at",
            "id",
            sqlite_where=text("standing = 'open'"),
            postgresql_where=text("standing = 'open'"),
        ),
        Index(
            "ix_timer_fired",  # what has passed at and below a division, latest first
            "village_code",
            "fired_at",
            "id",
            sqlite_where=text("status = 'fired'"),
            postgresql_where=text("status = 'fired'"),
        ),
        Index("ix_timer_case_id", "case_id", "status"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    token: Mapped[str] = mapped_column(String(32))
    procedure_key: Mapped[str] = mapped_column(String(60), default="")
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(8))
    # event, limit (a non-interrupting boundary), warning (before a limit); of the host, not of the diagram:
    # reminder, repeat (a limit is still passed), promise (what an official promised is due)
    standing: Mapped[str] = mapped_column(String(4), default="")
    # of a limit: open while the work under it goes on, be it kept or passed; then over
    held: Mapped[str] = mapped_column(String(600), default="")
    # of a limit that counts: the steps at which tasks are open under it, " step:queue step:queue " in their
    # order; empty where a time is waited for (`engine.casework.step.waiting.holders`)
    village_code: Mapped[str] = mapped_column(String(12))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, fired, cancelled, failed
    fired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


ITEM_SUBJECT = case(
    (WorkItem.subject_key == literal_column("''"), WorkItem.subject), else_=WorkItem.subject_key
)
"""SQL: the form in which an item's subject is compared and looked for."""
IS_OPEN = WorkItem.status == literal_column("'open'")
"""Written out, not a parameter: only so may a database trust the indexes that hold open items alone."""
