"""Areas to watch (R31): the register's figures of each place, a week's list, labels by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime

_STANDS = text("ended_at IS NULL")


class WatchWeek(Base):
    """One week's list: counted county by county, then judged county by county, so that it can be cut off."""

    __tablename__ = "watch_week"
    week: Mapped[date] = mapped_column(primary_key=True)  # its Monday
    status: Mapped[str] = mapped_column(String(10), default="counting")  # counting, judging, done
    at_county: Mapped[str] = mapped_column(String(12), default="")  # the last one that is finished
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_version.id"))  # whose table judged


class WatchFigure(Base):
    """What the register says of a place in a week; of the last week that was counted alone."""

    __tablename__ = "watch_figure"
    __table_args__ = (Index("ix_watch_figure_place", "week", "division_code"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    week: Mapped[date]
    division_code: Mapped[str] = mapped_column(String(12))
    level: Mapped[str] = mapped_column(String(10))
    households: Mapped[int] = mapped_column(default=0)
    people: Mapped[int] = mapped_column(default=0)
    monitored: Mapped[int] = mapped_column(default=0)  # households: not eliminated and eliminated
    monitored_people: Mapped[int] = mapped_column(default=0)
    open: Mapped[int] = mapped_column(default=0)  # households whose risk is not eliminated


class WatchArea(Base):
    """A place on the list of a week: which criterion it meets, by which figures and which parameter."""

    __tablename__ = "watch_area"
    __table_args__ = (
        Index("ix_watch_area_place", "week", "division_code", "kind"),
        Index("ix_watch_area_kind", "week", "kind", "division_code"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    week: Mapped[date]
    division_code: Mapped[str] = mapped_column(String(12))
    level: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(500))
    figures: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict)
    parameter: Mapped[str] = mapped_column(String(200), default="")
    by_hand: Mapped[bool] = mapped_column(default=False)


class AreaLabel(Base):
    """What people know of a place and no register can tell: why, who, when; ended, never deleted."""

    __tablename__ = "area_label"
    __table_args__ = (
        Index(
            "ix_area_label_stands", "division_code", "kind", sqlite_where=_STANDS, postgresql_where=_STANDS
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(30))
    reason: Mapped[str] = mapped_column(String(300))
    since: Mapped[date]
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str] = mapped_column(String(300), default="")
    setter: Mapped[Account | None] = relationship(foreign_keys=[set_by])
