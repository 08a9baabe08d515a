"""Matching with departments: what a township sends up, whom the county asks, what they answer (R09)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models import CaseFile
from engine.ground.tables import Base, UtcDateTime
from engine.prevention.models.household import Household

_WAITING = text("status = 'waiting'")
_CURRENT = text("standing = 'current'")


class MatchingBatch(Base):
    """Households with a signed letter that a township sends up together; the county asks the departments."""

    __tablename__ = "matching_batch"
    # not unique: townships that become one keep what each had numbered (its row is the lock of a new number)
    __table_args__ = (Index("ix_matching_batch_township_code_year", "township_code", "year", "serial"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    township_code: Mapped[str] = mapped_column(String(12))
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(80))
    called: Mapped[str] = mapped_column(String(40), default="")  # as the township typed it
    submitted_on: Mapped[date]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asked_on: Mapped[date | None]  # the county asked the departments: nobody is added any more
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    requests: Mapped[list[MatchingRequest]] = relationship(order_by="MatchingRequest.id")


class MatchingEntry(Base):
    """A household's place in a batch, with the letter that allows to ask about it (R08)."""

    __tablename__ = "matching_entry"
    __table_args__ = (
        Index("ix_matching_entry_batch_id_status", "batch_id", "status", "id"),
        Index(
            "uq_matching_entry_waiting",
            "case_id",
            unique=True,
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("matching_batch.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12), index=True)
    signed_on: Mapped[date | None]
    signers: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, answered, returned, refused
    result_id: Mapped[int | None] = mapped_column(ForeignKey("matching_result.id"))
    note: Mapped[str] = mapped_column(String(500), default="")  # why its result could not reach the case
    batch: Mapped[MatchingBatch] = relationship()
    case: Mapped[CaseFile] = relationship()
    household: Mapped[Household] = relationship()


class MatchingRequest(Base):
    """A department that is asked about a batch, and whether it has answered."""

    __tablename__ = "matching_request"
    __table_args__ = (UniqueConstraint("batch_id", "department"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("matching_batch.id"))
    department: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, answered, no_data
    exported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200), default="")  # why it is marked 无数据
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MatchingFinding(Base):
    """What a department answered about one person in one matter: never changed, a later answer is another
    version (domain S3).
    """

    __tablename__ = "matching_finding"
    __table_args__ = (
        Index(
            "uq_matching_finding_current",
            "entry_id",
            "department",
            "member_key",
            "item",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        Index("ix_matching_finding_result_id", "result_id", "entry_id"),  # those without one are few
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("matching_entry.id"), index=True)
    department: Mapped[str] = mapped_column(String(30))
    member_key: Mapped[str] = mapped_column(String(32))
    member_name: Mapped[str] = mapped_column(String(40))
    item: Mapped[str] = mapped_column(
        String(40), default=""
    )  # vehicle, company …, as the department calls it
    outcome: Mapped[str] = mapped_column(String(10))  # hit, none, no_data
    detail: Mapped[str] = mapped_column(String(200), default="")
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))  # yuan
    as_of: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    standing: Mapped[str] = mapped_column(String(10), default="current")  # current, replaced
    late: Mapped[bool] = mapped_column(default=False)  # came after the household's result had gone back (T09)
    result_id: Mapped[int | None] = mapped_column(ForeignKey("matching_result.id"))
    # the result that it went into; NULL while the case has not heard of it
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
