"""A concentrated check: its campaign, dates and areas, a row for every household, the papers of a row.

Rows are rows, no cases: nineteen million households in a month (domain 0.8). What a row raises is a clue.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.casework.models import Account, MonitoringLine, ProcedureVersion
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime
from engine.prevention.models.household import Household

_OPEN = text("status = 'open'")
_CURRENT = text("standing = 'current'")
_CONFLICT = text("standing = 'conflict'")


class Campaign(Base):
    """A county's concentrated check (R03): when, by which line (R01), by which form and tables (Q79)."""

    __tablename__ = "campaign"
    __table_args__ = (
        Index("uq_campaign_open", "county_code", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_campaign_county_code_starts_on", "county_code", "starts_on"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    line_id: Mapped[int] = mapped_column(ForeignKey("monitoring_line.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("procedure_version.id"))
    # the version of the identification that gives the screening its form and its decision tables
    status: Mapped[str] = mapped_column(String(10), default="open")  # open, closed
    opened_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("summary_report.id"), index=True)
    # the report that sums it up (R40)
    line: Mapped[MonitoringLine] = relationship()
    version: Mapped[ProcedureVersion] = relationship()
    milestones: Mapped[list[Milestone]] = relationship(order_by="Milestone.position")


class Milestone(Base):
    """By when what of a campaign is done, and who reports it: every division of `level` (R37)."""

    __tablename__ = "milestone"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))  # train, screen, enter, audit, report, other
    name: Mapped[str] = mapped_column(String(80))
    level: Mapped[str] = mapped_column(String(10))  # village, township, county, city
    begins_on: Mapped[date | None]
    due_on: Mapped[date]
    reminded_on: Mapped[date | None]


class MilestoneDone(Base):
    """A division says that it has reached a milestone; of a training how many came (Q68)."""

    __tablename__ = "milestone_done"
    __table_args__ = (UniqueConstraint("milestone_id", "division_code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    milestone_id: Mapped[int] = mapped_column(ForeignKey("milestone.id"))
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    done_on: Mapped[date]
    expected: Mapped[int | None]  # people who should have been trained
    attended: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(300), default="")
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScreeningArea(Base):
    """The part of a village that two investigators visit (Q6); no groups: the whole village."""

    __tablename__ = "screening_area"
    __table_args__ = (Index("ix_screening_area_campaign_id_village_code", "campaign_id", "village_code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    village_code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))
    groups: Mapped[list[str]] = mapped_column(JsonText, default=list)  # 村民小组
    investigators: Mapped[list[ScreeningInvestigator]] = relationship(order_by="ScreeningInvestigator.id")


class ScreeningInvestigator(Base):
    """Who visits an area, from when on, until when."""

    __tablename__ = "screening_investigator"
    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("screening_area.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()


class Screening(Base):
    """One household as it was found in a campaign: a line of the form (附件), and who says so (R38).

    A household has one `current` row. A correction replaces it; a second, different entry by somebody else
    waits in `conflict` until the township has decided.
    """

    __tablename__ = "screening"
    __table_args__ = (
        Index(
            "uq_screening_current",
            "campaign_id",
            "household_id",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
        Index(
            "ix_screening_conflict",
            "campaign_id",
            "village_code",
            sqlite_where=_CONFLICT,
            postgresql_where=_CONFLICT,
        ),
        Index("ix_screening_place", "campaign_id", "village_code", "standing", "result"),
        Index("ix_screening_village_code", "village_code", "standing", "visited_on"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12))
    uuid: Mapped[str] = mapped_column(
        String(36), unique=True
    )  # whoever enters makes it: sent twice, kept once
    standing: Mapped[str] = mapped_column(String(10), default="current")  # current, replaced, conflict
    result: Mapped[str] = mapped_column(String(10))  # done, absent, refused
    reason: Mapped[str] = mapped_column(String(200), default="")
    # why nobody was met or the household refused, or why it was asked by telephone or video (Q82)
    manner: Mapped[str] = mapped_column(String(10), default="home")  # home, phone, video
    visited_on: Mapped[date]
    household_size: Mapped[int | None]
    assured: Mapped[bool | None]
    unmet: Mapped[list[str] | None] = mapped_column(JsonText)
    # of food, clothing, education, medical, housing, water
    above_line: Mapped[bool | None]
    in_group: Mapped[bool | None]
    groups: Mapped[list[str] | None] = mapped_column(JsonText)  # codes 1 to 10 of the key groups (R04)
    declares: Mapped[bool | None]
    policy_explained: Mapped[bool] = mapped_column(default=False)  # Q7
    remark: Mapped[str] = mapped_column(String(300), default="")
    extra: Mapped[dict[str, Any] | None] = mapped_column(JsonText)  # fields that owners added to the form
    source: Mapped[str] = mapped_column(String(10))  # page, phone, workbook
    collected_by: Mapped[str] = mapped_column(String(60))
    partner: Mapped[str] = mapped_column(String(60), default="")
    entered_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    device_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # what the clock of the telephone said
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clue_id: Mapped[int | None] = mapped_column(ForeignKey("risk_clue.id"), index=True)
    replaces_id: Mapped[int | None] = mapped_column(BigId)
    # the row that it was entered instead of, or beside
    household: Mapped[Household] = relationship()


class ScreeningCount(Base):
    """How many rows a village has in a campaign, counted in the transaction that changes them.

    Coverage of a county or a city adds up villages, never a million rows (Q75).
    """

    __tablename__ = "screening_count"
    __table_args__ = {"info": {"adds_up": True}}
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True, autoincrement=False)
    village_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    done: Mapped[int] = mapped_column(default=0)
    absent: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    conflict: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ScreeningPaper(Base):
    """A signature or a photo of a row: strokes where it was drawn, the picture in any case."""

    __tablename__ = "screening_paper"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    screening_id: Mapped[int] = mapped_column(ForeignKey("screening.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    # sign_declares, sign_declines, sign_investigator, photo
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    media_type: Mapped[str] = mapped_column(String(60))
    strokes: Mapped[list[Any] | None] = mapped_column(JsonText)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    body: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    added_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
