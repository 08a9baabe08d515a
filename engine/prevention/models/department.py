"""What departments send of people (R06, R32): lists and calls, their rows, by which amount one counts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.ground.tables import Base, BigId, UtcDateTime
from engine.prevention.models.household import Household, RiskClue

_CURRENT = text("standing = 'current'")
_RECORDED = text("standing = 'current' AND record <> ''")
_UNTOLD = text("untold")


class DepartmentToken(Base):
    """What a department's programme signs in with: for one place, for sending rows and nothing else."""

    __tablename__ = "department_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12), index=True)  # a county, a city or the province
    department: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))  # which programme, who answers for it
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")  # from where it was used last
    minute_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # since when its calls are counted
    calls: Mapped[int] = mapped_column(default=0)


class DepartmentThreshold(Base):
    """Above which amount a row of a matter is a clue (domain S2): for a place, from a day on.

    Nothing is edited: what is set again for the same day ends the row before. Of a household the nearest
    place above it counts: its county's, else its city's, else the province's.
    """

    __tablename__ = "department_threshold"
    __table_args__ = (Index("ix_department_threshold_matter", "department", "matter", "division_code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12))
    department: Mapped[str] = mapped_column(String(20))
    matter: Mapped[str] = mapped_column(String(30))
    basis: Mapped[str] = mapped_column(String(10))  # amount (yuan), line, income (per cent of them)
    for_key: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    # of formerly poor, allowance, destitute and monitored households
    for_others: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    income: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    # with basis income: last year's rural income per head, yuan
    months: Mapped[int] = mapped_column(default=0)  # for how long a household's amounts add up; 0: each alone
    effective_from: Mapped[date]
    document: Mapped[str] = mapped_column(String(200), default="")
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DepartmentBatch(Base):
    """One list, or what a programme sent until the desks were told; how much became of its rows."""

    __tablename__ = "department_batch"
    __table_args__ = (
        Index("ix_department_batch_division_code_id", "division_code", "id"),
        Index(
            "ix_department_batch_untold",
            "last_at",
            sqlite_where=_UNTOLD,
            postgresql_where=_UNTOLD,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12))
    department: Mapped[str] = mapped_column(String(20))
    matter: Mapped[str] = mapped_column(String(30))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("sheet_import.id"), unique=True)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("department_token.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # who let the list in
    title: Mapped[str] = mapped_column(String(200), default="")  # the file's name, the token's
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    untold: Mapped[bool] = mapped_column(default=True)  # rows came that no desk has heard of
    told_to: Mapped[int] = mapped_column(BigId, default=0)  # up to which row the desks were told
    raised: Mapped[int] = mapped_column(default=0)
    joined: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    below: Mapped[int] = mapped_column(default=0)
    again: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    several: Mapped[int] = mapped_column(default=0)
    elsewhere: Mapped[int] = mapped_column(default=0)


class DepartmentRow(Base):
    """What a department says of a person, and what became of it.

    One row is current of one person, matter and period of a department: said again with other facts, it
    replaces the one before, which stays.
    """

    __tablename__ = "department_row"
    __table_args__ = (
        Index("uq_department_row_key", "key", unique=True, sqlite_where=_CURRENT, postgresql_where=_CURRENT),
        Index(
            "ix_department_row_record",
            "division_code",
            "department",
            "record",
            sqlite_where=_RECORDED,
            postgresql_where=_RECORDED,
        ),
        Index("ix_department_row_village_code_outcome", "village_code", "standing", "outcome", "id"),
        Index("ix_department_row_batch_id_outcome", "batch_id", "outcome", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("department_batch.id"))
    division_code: Mapped[str] = mapped_column(String(12))  # for which place the list is
    department: Mapped[str] = mapped_column(String(20))
    matter: Mapped[str] = mapped_column(String(30))
    key: Mapped[str] = mapped_column(String(64))
    # the fingerprint of department, person, matter and period: the same said again makes no second clue
    standing: Mapped[str] = mapped_column(String(10), default="current")  # current, replaced
    replaces_id: Mapped[int | None] = mapped_column(BigId)
    record: Mapped[str] = mapped_column(String(60), default="")  # the department's own number of it
    name: Mapped[str] = mapped_column(String(40))
    id_number: Mapped[str] = mapped_column(String(22))
    told_on: Mapped[date | None]  # the day that the list says
    discovered_on: Mapped[date]  # that day, else the day of arrival (R06)
    period: Mapped[str] = mapped_column(String(20), default="")
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    bar: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))  # the amount that it was held against, yuan
    note: Mapped[str] = mapped_column(String(300), default="")
    place: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    outcome: Mapped[str] = mapped_column(String(10))
    # raised, joined, kept, below, again, unknown, several, elsewhere
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12))
    # the household's, else the one that the list names, else the list's own place
    clue_id: Mapped[int | None] = mapped_column(ForeignKey("risk_clue.id"), index=True)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled: Mapped[str] = mapped_column(String(12), default="")  # clue, none: what an official found
    settled_note: Mapped[str] = mapped_column(String(300), default="")
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    batch: Mapped[DepartmentBatch] = relationship()
    household: Mapped[Household | None] = relationship()
    clue: Mapped[RiskClue | None] = relationship()
    candidates: Mapped[list[DepartmentCandidate]] = relationship(order_by="DepartmentCandidate.id")


class DepartmentCandidate(Base):
    """One of the records in which the person of a row stands: each of their villages is asked (T29)."""

    __tablename__ = "department_candidate"
    __table_args__ = (Index("ix_department_candidate_row_id", "row_id", "village_code"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    row_id: Mapped[int] = mapped_column(ForeignKey("department_row.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12), index=True)
    denied_note: Mapped[str] = mapped_column(String(300), default="", server_default="")
    denied_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    denied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its side says that it is not this one
    household: Mapped[Household] = relationship()
