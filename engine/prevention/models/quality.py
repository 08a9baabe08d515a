"""What was found wrong with a household's data, what became of it, and the runs of the rules that find it
(R34, R35, R39; domain S7).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime
from engine.prevention.models.household import Household

_LIVE = text("status <> 'closed'")
_TO_ASK = text("status = 'waiting' AND severity <> 'hint'")


class Finding(Base):
    """One thing wrong with one household, or with one of its members, by one rule.

    waiting → asked (of the village, by a case) → corrected or justified (the village's word) → confirmed (the
    township's) → closed. Found again after it was confirmed as corrected, it waits once more; one that was
    justified stays as it is while its facts are the same.
    """

    __tablename__ = "finding"
    __table_args__ = (
        Index(
            "uq_finding_live",  # the same thing is asked once, however many runs find it
            "household_id",
            "rule",
            "member_key",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
        Index("ix_finding_household_id", "household_id"),
        Index(
            "ix_finding_to_ask",
            "village_code",
            "household_id",
            sqlite_where=_TO_ASK,
            postgresql_where=_TO_ASK,
        ),
        Index("ix_finding_place", "village_code", "status", "rule"),
        Index("ix_finding_status", "status", "village_code", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rule: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(12))  # rule, sample, department, review
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    member_key: Mapped[str] = mapped_column(String(32), default="")  # empty: about the household itself
    village_code: Mapped[str] = mapped_column(String(12))
    severity: Mapped[str] = mapped_column(String(12))
    sentence: Mapped[str] = mapped_column(String(500))
    facts: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)
    # what it stands on; a justified finding is quiet while these are the same
    way: Mapped[str] = mapped_column(String(20), default="")  # where it is put right: engine…quality.ways
    found_on: Mapped[date]  # first
    run_id: Mapped[int | None]  # the run that found it last
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    times: Mapped[int] = mapped_column(default=1)  # how often the village was, or is to be, asked
    note: Mapped[str] = mapped_column(String(1000), default="")  # why it is asked again
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)  # the last one
    answer: Mapped[str] = mapped_column(String(12), default="")  # corrected, justified
    old_value: Mapped[str] = mapped_column(String(500), default="")
    new_value: Mapped[str] = mapped_column(String(500), default="")
    reason: Mapped[str] = mapped_column(String(1000), default="")  # why it is right as it is
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    gone_on: Mapped[date | None]  # a run no longer found it, while village or township still had it
    closed_on: Mapped[date | None]
    ending: Mapped[str] = mapped_column(String(12), default="")
    # no_longer (found), confirmed (nothing looks again), gone, merged: the household is no more
    household: Mapped[Household] = relationship()


class QualityRun(Base):
    """One run of all rules over a county, a city or the province."""

    __tablename__ = "quality_run"
    __table_args__ = (
        Index("ix_quality_run_place_code", "place_code", "id"),
        Index("ix_quality_run_status", "status", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    place_code: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(10), default="planned")  # planned, running, done, stopped
    begun_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # NULL: by the week's rhythm
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    parameters: Mapped[dict[str, int]] = mapped_column(JsonText, default=dict)  # those that it went by


class QualityPortion(Base):
    """A township of a run: what was looked at there, and what came of it."""

    __tablename__ = "quality_portion"
    __table_args__ = (Index("ix_quality_portion_run_id_status", "run_id", "status", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("quality_run.id"))
    place_code: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, done, failed
    households: Mapped[int] = mapped_column(default=0)  # of the formerly poor and the monitored
    found: Mapped[int] = mapped_column(default=0)  # how much is wrong there
    fresh: Mapped[int] = mapped_column(default=0)  # of it what was not known before
    ended: Mapped[int] = mapped_column(default=0)  # what was wrong before and is no more
    trouble: Mapped[str] = mapped_column(String(300), default="")  # why it failed
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class QualityRhythm(Base):
    """A county, a city or the province has its data looked through every week."""

    __tablename__ = "quality_rhythm"
    place_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    next_on: Mapped[date]
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
