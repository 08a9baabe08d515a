"""What is done for a monitored household: its responsible official, plans, measures and how they get on."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, String, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime, key_of
from engine.prevention.models.household import Household


class ResponsibleOfficial(Base):
    """The public official who answers for a household's assistance (R18);
    `until` is empty for the present one.
    """

    __tablename__ = "responsible_official"
    __table_args__ = (
        Index(
            "uq_responsible_official_present",
            "household_id",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index(
            "ix_responsible_official_load",
            "county_code",
            "name_key",
            "unit",
            "id",
            "village_code",
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    county_code: Mapped[str] = mapped_column(String(12))
    village_code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))
    name_key: Mapped[str] = mapped_column(String(80), default=key_of("name", 80))
    unit: Mapped[str] = mapped_column(String(80))
    post: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(20))
    since: Mapped[date]
    until: Mapped[date | None]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


PLAN_IN_FORCE = ("made", "declared", "accepted")
"""The statuses of a plan in force; a household has one plan in force at most."""


class AssistancePlan(Base):
    """A household's plan as of a day (R19), from the township's consent on."""

    __tablename__ = "assistance_plan"
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    made_on: Mapped[date]
    goal: Mapped[str] = mapped_column(String(1000), default="")
    listed: Mapped[list[dict[str, object]]] = mapped_column(JsonText, default=list)
    # the rows of the form as the plan was made; a measure that a later plan names again goes over to that one
    untreated: Mapped[list[str]] = mapped_column(JsonText, default=list)  # risks left without a measure
    untreated_reason: Mapped[str] = mapped_column(String(1000), default="")
    findings: Mapped[list[str]] = mapped_column(
        JsonText, default=list
    )  # what the check found at the review (R22)
    pass_reason: Mapped[str] = mapped_column(String(1000), default="")  # why it passed all the same (T24)
    declared_on: Mapped[date | None]
    declaration_number: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[str] = mapped_column(String(12), default="made")
    # made, declared, accepted: in force; superseded by a later plan; withdrawn with the step that recorded it
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    measures: Mapped[list[Measure]] = relationship(order_by="Measure.id", back_populates="plan")


class Measure(Base):
    """One measure of a plan, with its own progress (form 12)."""

    __tablename__ = "measure"
    __table_args__ = (
        Index("ix_measure_household_id_status", "household_id", "status"),
        Index("ix_measure_village_code_status", "village_code", "status", "ends_on"),
        Index(
            "ix_measure_unfinished",  # what is due first of a wide reach
            "ends_on",
            "id",
            sqlite_where=text("status IN ('planned', 'under_way')"),
            postgresql_where=text("status IN ('planned', 'under_way')"),
        ),
        Index(
            "ix_measure_ended",  # what ended last of a wide reach
            "ends_on",
            "id",
            sqlite_where=text("status IN ('done', 'stopped')"),
            postgresql_where=text("status IN ('done', 'stopped')"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("assistance_plan.id"), index=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    village_code: Mapped[str] = mapped_column(String(12))
    risk: Mapped[str] = mapped_column(String(30), default="")
    type: Mapped[str] = mapped_column(String(30))
    content: Mapped[str] = mapped_column(String(500), default="")
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))  # yuan
    unit: Mapped[str] = mapped_column(String(80), default="")  # the department or unit that carries it out
    starts_on: Mapped[date | None]
    ends_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(12), default="planned")  # planned, under_way, done, stopped
    done_on: Mapped[date | None]
    plan: Mapped[AssistancePlan] = relationship(back_populates="measures")
    household: Mapped[Household] = relationship()
    progress: Mapped[list[MeasureProgress]] = relationship(order_by="MeasureProgress.id")


IS_UNFINISHED = Measure.status.in_([literal_column("'planned'"), literal_column("'under_way'")])
"""Written out, not parameters: only so may a database trust the index that holds these alone."""
IS_ENDED = Measure.status.in_([literal_column("'done'"), literal_column("'stopped'")])
"""The others, for their index."""


class MeasureProgress(Base):
    """One report on a measure: done or not, amount, effect (form 12)."""

    __tablename__ = "measure_progress"
    id: Mapped[int] = mapped_column(primary_key=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id"), index=True)
    reported_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(12))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    effect: Mapped[str] = mapped_column(String(1000), default="")
    data: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)  # the whole form
    form_sha256: Mapped[str] = mapped_column(
        String(64), default="", server_default=""
    )  # the form it was sent with
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApplicationBatch(Base):
    """Rollbacks or clearances that a county, then the province, sends up together (R28)."""

    __tablename__ = "application_batch"
    __table_args__ = (
        Index("ix_application_batch_division_code", "division_code", "kind", "id"),
        UniqueConstraint("division_code", "kind", "year", "serial"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # the procedure's key
    level: Mapped[str] = mapped_column(String(10))  # county, province
    division_code: Mapped[str] = mapped_column(String(12))
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(80))
    opened_on: Mapped[date]
    heading: Mapped[dict[str, str]] = mapped_column(JsonText, default=dict)
    # place, signature and matter of the list, as the number was given
    entries: Mapped[list[BatchEntry]] = relationship(order_by="BatchEntry.id", back_populates="batch")


class BatchEntry(Base):
    """A case's place in a batch: what the list says of it stays as it went up,
    whatever becomes of the household.
    """

    __tablename__ = "batch_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("application_batch.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    result: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, agreed, refused, returned
    answer: Mapped[str] = mapped_column(
        String(1100), default=""
    )  # the consent's number and date, or who refused why
    answered_on: Mapped[date | None]
    executed_on: Mapped[date | None]
    line: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)  # the household as the list names it
    replaces: Mapped[str] = mapped_column(
        String(80), default=""
    )  # the number of the list that it stood on before
    entered_after: Mapped[int] = mapped_column(BigId, default=0)  # the case's last work item as it entered
    batch: Mapped[ApplicationBatch] = relationship(back_populates="entries")
