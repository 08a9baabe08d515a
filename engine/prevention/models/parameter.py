"""By which line a case was judged."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.ground.tables import Base, UtcDateTime


class CaseLine(Base):
    """The monitoring line by which a case was judged last, and of which day it is (R01).

    Cases judged before the table was there have no row: their lines stand in their histories.
    """

    __tablename__ = "case_line"
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), primary_key=True, autoincrement=False)
    line_id: Mapped[int] = mapped_column(ForeignKey("monitoring_line.id"), index=True)
    on_day: Mapped[date]
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
