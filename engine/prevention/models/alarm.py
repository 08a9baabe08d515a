"""What strikes about marks of elimination, week by week, for supervisors to look at (Q57, T23)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime
from engine.prevention.models.household import Household


class Alarm(Base):
    """A fact of one week and one place, with its figures and the parameters it was seen by.

    It hinders nobody and sets nobody an aim (R02): somebody looks and says what it was.
    """

    __tablename__ = "alarm"
    __table_args__ = (
        Index("ix_alarm_place_code", "place_code", "week", "kind"),
        Index("ix_alarm_week", "week", "place_code"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))  # concentrated, flat, unmarked
    week: Mapped[date]  # its Monday
    place_code: Mapped[str] = mapped_column(String(12))  # a township; of a household its village
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    sentence: Mapped[str] = mapped_column(String(500))
    facts: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(500), default="")  # what somebody found who looked into it
    noted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    noted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    household: Mapped[Household | None] = relationship()


class AlarmWeek(Base):
    """A county was looked at for a week: nobody looks twice."""

    __tablename__ = "alarm_week"
    __table_args__ = {"info": {"adds_up": True}}
    week: Mapped[date] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    found: Mapped[int] = mapped_column(default=0)
