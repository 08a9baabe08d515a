"""Definitions and what runs on them: versions, cases, work items, timers, submissions, incidents."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.casework.models.organisation import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime, key_of


class Resource(Base):
    """A decision table or form by the hash of its content:
    every version that uses the same text shares the row.
    """

    __tablename__ = "resource"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # form, decision
    key: Mapped[str] = mapped_column(String(80), index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class Procedure(Base):
    """A procedure by its key; `current_version_id` is the version new cases start on."""

    __tablename__ = "procedure"
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    part: Mapped[bool] = mapped_column(default=False)  # called by others; starts no case of its own
    exclusive: Mapped[str] = mapped_column(String(40), default="")  # group: one open case a subject
    current_version_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_version.id", use_alter=True))
    current_version: Mapped[ProcedureVersion | None] = relationship(foreign_keys=current_version_id)


class ProcedureVersion(Base):
    """One immutable version: the diagram and the exact forms and decisions it was checked with."""

    __tablename__ = "procedure_version"
    __table_args__ = (UniqueConstraint("procedure_key", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    procedure_key: Mapped[str] = mapped_column(ForeignKey("procedure.key"), index=True)
    number: Mapped[int]
    xml: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    sha256: Mapped[str] = mapped_column(String(64))  # of the diagram and its resources
    resources: Mapped[dict[str, dict[str, str]]] = mapped_column(
        JsonText
    )  # {"form": {key: sha256}, "decision": …, "part": …}
    deployed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(500), default="")
    procedure: Mapped[Procedure] = relationship(foreign_keys=procedure_key)


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
    subject_id: Mapped[int] = mapped_column("household_id", key="subject_id", index=True)
    # whom it is about: a row of the field's table, which declares that the number refers to it
    village_code: Mapped[str] = mapped_column(String(12))
    subject: Mapped[str] = mapped_column(String(80))  # what the row was called as the case began
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
    discovery_date: Mapped[date | None]
    limit_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # of the limits that count, when the first passes
    lamp_floor: Mapped[str] = mapped_column(String(8), default="green")  # yellow once warned, red once passed
    lock_version: Mapped[int] = mapped_column(default=0)
    log_seq: Mapped[int] = mapped_column(default=0)
    log_hash: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
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
            "due_at",
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
        Index("ix_work_item_closed_by", "closed_by", "closed_at"),
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
    subject_key: Mapped[str] = mapped_column(String(80), default=key_of("subject", 80))
    village_code: Mapped[str] = mapped_column(String(12))
    queue: Mapped[str] = mapped_column(String(10))
    division_code: Mapped[str] = mapped_column(String(12))
    form_key: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
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
            "standing",
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
    village_code: Mapped[str] = mapped_column(String(12))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, fired, cancelled, failed
    fired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class BulkAct(Base):
    """One act of an official on many work items of a step: a decision, or a return with its reason (R11,
    R12).

    Its entries are worked off in portions, each item in its own step transaction.
    """

    __tablename__ = "bulk_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # complete, return
    procedure_key: Mapped[str] = mapped_column(String(60))
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)  # what was typed once for all
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    total: Mapped[int]


class BulkEntry(Base):
    """One item of a bulk act, and what became of it."""

    __tablename__ = "bulk_entry"
    __table_args__ = (Index("ix_bulk_entry_act_id_status", "act_id", "status", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    act_id: Mapped[int] = mapped_column(ForeignKey("bulk_act.id"))
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    status: Mapped[str] = mapped_column(String(8), default="pending")  # pending, done, refused
    text: Mapped[str] = mapped_column(String(500), default="")
    item: Mapped[WorkItem] = relationship()


IS_OPEN = WorkItem.status == literal_column("'open'")
"""Written out, not a parameter: only so may a database trust the indexes that hold open items alone."""


class Submission(Base):
    """What an official sent with one finished task; immutable."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_case_id_form_key", "case_id", "form_key", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    work_item_id: Mapped[int | None] = mapped_column(
        ForeignKey("work_item.id"), index=True
    )  # None: the start form
    form_key: Mapped[str] = mapped_column(String(80))
    form_sha256: Mapped[str] = mapped_column(String(64))
    element_id: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Draft(Base):
    """What an official has typed so far; one a person and task."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("work_item_id", "account_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(
        default=1
    )  # how often it was saved: what was typed over an older one asks
    device: Mapped[str] = mapped_column(String(20), default="")  # where it was typed, in words


class Attachment(Base):
    """A photo or scan; its type was found from its content."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    work_item_id: Mapped[int | None] = mapped_column(ForeignKey("work_item.id"), index=True)
    field: Mapped[str] = mapped_column(String(80), default="")
    filename: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = deferred(mapped_column(LargeBinary))  # empty where `copy_of` holds it
    copy_of: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))  # one photo for many cases
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def is_photo(self) -> bool:
        """Whether it can stand on a page as a picture."""
        return self.media_type.startswith("image/")


class Idempotency(Base):
    """The first answer to a request key, so that a repeated request gets the same one.

    A key is its account's own, and belongs to one operation: a caller's to ``complete``, a bulk act's to that
    act.
    """

    __tablename__ = "idempotency"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    result: Mapped[dict[str, object]] = mapped_column(JsonText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Incident(Base):
    """A step that failed for the engine's reason; an administrator can retry it."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_resolved_at", "resolved_at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    timer_id: Mapped[int | None] = mapped_column(ForeignKey("timer.id"))
    work_item_id: Mapped[int | None] = mapped_column(ForeignKey("work_item.id"))
    element_id: Mapped[str] = mapped_column(String(80), default="")
    error: Mapped[str] = mapped_column(Text)
    trace: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Notification(Base):
    """A line in an official's bell: a warning, a return, an overdue mark; about a subject, mostly about a
    case.

    Or one person's line about a draft of a procedure: `account_id` and `draft_id` instead of a desk and a
    subject.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_division_code_queue", "division_code", "queue", "id"),
        Index("ix_notification_account_id", "account_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject_id: Mapped[int | None] = mapped_column("household_id", key="subject_id")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_draft.id"))
    queue: Mapped[str] = mapped_column(String(10), default="")
    division_code: Mapped[str] = mapped_column(String(12), default="")
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Schedule(Base):
    """How often a county opens a recurring procedure for its subjects, and when next (R21, R26)."""

    __tablename__ = "schedule"
    county_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    procedure_key: Mapped[str] = mapped_column(ForeignKey("procedure.key"), primary_key=True)
    months: Mapped[int]
    next_on: Mapped[date] = mapped_column(index=True)
    on_day: Mapped[int] = mapped_column(
        default=1
    )  # of the month, as it was set: a short month does not shift the rest
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
