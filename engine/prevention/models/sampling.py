"""Random samples of households, drawn so that anybody can draw them again (R39)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime
from engine.prevention.models.household import Household


class Sample(Base):
    """A sample of the households of a place, so many from each stratum.

    Its seed is fixed before anybody knows its frame, from what the log says of that day; frame and order
    follow from the seed and cannot be chosen.
    """

    __tablename__ = "sample"
    __table_args__ = (Index("ix_sample_division_code", "division_code", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    strata_by: Mapped[list[str]] = mapped_column(JsonText)
    # what tells strata apart besides the county: status, category, household_type
    statuses: Mapped[list[str]] = mapped_column(JsonText)  # of the households that may be drawn
    size: Mapped[int]  # households from each stratum
    reserve: Mapped[int]  # kept of each stratum's order, for an extension
    status: Mapped[str] = mapped_column(String(10), default="seeded")  # seeded, drawn
    seed: Mapped[str] = mapped_column(String(64))  # SHA-256 of `seed_of`, hexadecimal
    seed_of: Mapped[list[list[object]]] = mapped_column(JsonText)
    # the heads of the day's streams of the log: name, number of the last line, its hash
    seeded_on: Mapped[date]
    frame_size: Mapped[int | None]
    frame_sha256: Mapped[str] = mapped_column(String(64), default="")
    drawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    strata: Mapped[list[SampleStratum]] = relationship(order_by="SampleStratum.id", back_populates="sample")


class SampleStratum(Base):
    """A part of a sample's frame from which so many are drawn; empty: the stratum is not told apart by it."""

    __tablename__ = "sample_stratum"
    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("sample.id"), index=True)
    county_code: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(20), default="")
    category: Mapped[str] = mapped_column(String(20), default="")
    household_type: Mapped[str] = mapped_column(String(30), default="")
    frame_size: Mapped[int]
    size: Mapped[int]  # drawn: the first so many of the order
    sample: Mapped[Sample] = relationship(back_populates="strata")


class SampleHousehold(Base):
    """A household's place in its stratum's order, and what was found there.

    It is drawn while its position is not above the stratum's size; the others wait for an extension.
    """

    __tablename__ = "sample_household"
    __table_args__ = (
        UniqueConstraint("sample_id", "household_id"),
        Index("ix_sample_household_stratum_id", "stratum_id", "position"),
        Index("ix_sample_household_place", "sample_id", "village_code", "position"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("sample.id"))
    stratum_id: Mapped[int] = mapped_column(ForeignKey("sample_stratum.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    village_code: Mapped[str] = mapped_column(String(12))
    position: Mapped[int]  # in the order of `order_sha256`, from 1
    order_sha256: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(String(10), default="")  # agrees, differs, unreached; '' not yet
    visited_on: Mapped[date | None]
    checked_by: Mapped[str] = mapped_column(String(120), default="")  # who went there
    problems: Mapped[list[dict[str, str]]] = mapped_column(JsonText, default=list)
    note: Mapped[str] = mapped_column(String(500), default="")
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    entered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    household: Mapped[Household] = relationship()
    stratum: Mapped[SampleStratum] = relationship()
