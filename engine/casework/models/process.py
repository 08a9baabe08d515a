"""Procedures and their versions, what is started at set times, and what failed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.ground.tables import Base, JsonText, UtcDateTime


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


class Incident(Base):
    """A step that failed for the engine's reason; an administrator can retry it."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_resolved_at", "resolved_at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    timer_id: Mapped[int | None] = mapped_column(ForeignKey("timer.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[int | None] = mapped_column(ForeignKey("work_item.id"))
    element_id: Mapped[str] = mapped_column(String(80), default="")
    error: Mapped[str] = mapped_column(Text)
    trace: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
