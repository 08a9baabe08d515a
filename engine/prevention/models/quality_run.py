"""Runs of the rules of data quality over a place, township by township (R34, R35)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime


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
