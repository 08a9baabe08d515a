"""What goes up besides households: a city's summary of a check, a township's figures of a year."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from engine.casework.models import Division
from engine.ground.tables import Base, JsonText, UtcDateTime


class SummaryReport(Base):
    """The summary of concentrated checks (R40, Q74): a city's, or a county's without a city above it."""

    __tablename__ = "summary_report"
    __table_args__ = (
        Index("ix_summary_report_village_code_starts_on", "village_code", "starts_on"),
        {"sqlite_autoincrement": True},  # its numbers are those of one kind of subjects
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(String(12))  # who reports: a city, or a county
    name: Mapped[str] = mapped_column(String(80))
    starts_on: Mapped[date]  # what its figures are about
    ends_on: Mapped[date]
    due_on: Mapped[date]
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # nobody: a campaign's milestone
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_on: Mapped[date | None]
    receipt: Mapped[str] = mapped_column(String(80), default="")  # under which number the province filed it
    annexes: Mapped[list[ReportAnnex]] = relationship(order_by="ReportAnnex.number")
    division: Mapped[Division] = relationship(
        primaryjoin=lambda: foreign(SummaryReport.village_code) == Division.code, viewonly=True
    )


class ReportAnnex(Base):
    """The figures of a report as they stood on a day; never changed, a later state is another one."""

    __tablename__ = "report_annex"
    __table_args__ = (UniqueConstraint("report_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("summary_report.id"))
    number: Mapped[int]  # 1 is the first
    day: Mapped[date]
    tables: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)  # `campaign.reports.figures.Sheet`
    sha256: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TownshipModule(Base):
    """The figures that a township fills in for a year (R36, Q66), by the form in force as the year opened."""

    __tablename__ = "township_module"
    __table_args__ = (
        # not unique: townships that become one keep what each had said (`open_year` holds the county's row)
        Index("ix_township_module_year_village_code", "year", "village_code"),
        Index("ix_township_module_village_code_year", "village_code", "year"),
        {"sqlite_autoincrement": True},  # its numbers are those of one kind of subjects
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(String(12))  # the township
    year: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    due_on: Mapped[date]
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answers: Mapped[list[dict[str, Any]]] = mapped_column(JsonText, default=list)
    # of what the county has agreed to: key, label and value in the form's order; empty before
    agreed_on: Mapped[date | None]
    division: Mapped[Division] = relationship(
        primaryjoin=lambda: foreign(TownshipModule.village_code) == Division.code, viewonly=True
    )
