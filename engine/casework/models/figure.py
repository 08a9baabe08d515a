"""What the log adds up to: roll-ups for the statistics, and how far they have read the log."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.ground.tables import Base, BigId, UtcDateTime


class Figure(Base):
    """How often something happened: one cell of a roll-up. Nothing here that the log does not say.

    `tier` is the level of the division and the length of the period
    (`engine.casework.supervision.figures.tiers`), `start` the period's first day in China, `value` what is
    counted by it (hours, days, yes or no; see `engine.casework.supervision.figures.facts`).
    """

    __tablename__ = "figure"
    __table_args__ = (
        Index("ix_figure_day", "tier", "measure", "start", "division_code"),
        {"sqlite_with_rowid": False},
    )
    tier: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    measure: Mapped[str] = mapped_column(String(12), primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    procedure_key: Mapped[str] = mapped_column(String(60), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    element_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]


class FigureMark(Base):
    """How much of a case's history is in the figures: its first `seq` lines,
    under this village and version.
    """

    __tablename__ = "figure_mark"
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int]
    village_code: Mapped[str] = mapped_column(String(12))
    version_id: Mapped[int]


class FigureState(Base):
    """How far the log has been read (one row): every line up to `log_id` but those in `FigureGap`."""

    __tablename__ = "figure_state"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    log_id: Mapped[int] = mapped_column(BigId)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FigureGap(Base):
    """Numbers of the log without a line when they were passed:
    taken by a transaction that may still commit.
    """

    __tablename__ = "figure_gap"
    first_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigId)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OpenChange(Base):
    """A task that was opened or closed, or a limit that began or ceased to count, not yet added up.

    The database itself writes these rows, in the transaction of whatever changed a task or a timer
    (`engine.casework.supervision.counts.triggers`); a round of the ticker adds them up and deletes them.
    """

    __tablename__ = "open_change"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    county: Mapped[str] = mapped_column(String(12))
    procedure_key: Mapped[str] = mapped_column(String(60))
    element_id: Mapped[str] = mapped_column(String(80))
    due_on: Mapped[datetime | None] = mapped_column(UtcDateTime)  # as in `LimitCount`; nothing of a task
    held: Mapped[str | None] = mapped_column(String(600))  # of a limit
    queue: Mapped[str | None] = mapped_column(String(10))  # of a task, and so the following
    desk: Mapped[str | None] = mapped_column(String(12))
    holder: Mapped[int | None]  # who has taken it up; 0: nobody
    many: Mapped[int]  # 1, or -1


class LimitCount(Base):
    """How many limits count in a county: of a diagram's limit, with the same steps at work under them, that
    pass on the same day.

    `due_on` is the very instant for a limit that passes at a midnight in China, else the noon of the day on
    which it passes: the days that are left or over are the same. Lateness itself is never kept.
    """

    __tablename__ = "limit_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    county: Mapped[str] = mapped_column(String(12), primary_key=True)
    procedure_key: Mapped[str] = mapped_column(String(60), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    due_on: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    held: Mapped[str] = mapped_column(String(600), primary_key=True)
    many: Mapped[int]


class StepCount(Base):
    """How many tasks are open in a county at a step."""

    __tablename__ = "step_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    county: Mapped[str] = mapped_column(String(12), primary_key=True)
    procedure_key: Mapped[str] = mapped_column(String(60), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    many: Mapped[int]


class DeskCount(Base):
    """How many tasks from a county are open at a desk, by who has taken them up (0: nobody)."""

    __tablename__ = "desk_count"
    __table_args__ = ({"sqlite_with_rowid": False},)
    queue: Mapped[str] = mapped_column(String(10), primary_key=True)
    desk: Mapped[str] = mapped_column(String(12), primary_key=True)
    county: Mapped[str] = mapped_column(String(12), primary_key=True)
    holder: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    many: Mapped[int]


class WallLink(Base):
    """A link that opens the wall screen of a division without signing in: counts alone, until it is revoked.

    Only the hash of its secret is kept.
    """

    __tablename__ = "wall_link"
    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    place: Mapped[str] = mapped_column(String(80))  # where the screen hangs, for people
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
