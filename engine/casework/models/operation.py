"""The running system itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from engine.ground.tables import Base, JsonText, UtcDateTime


class RunningProcess(Base):
    """A process of the program, on whichever machine: it writes its row anew every few seconds, and removes
    it as it ends.

    `figures` is what it has counted since it began (engine/casework/step/meter.py).
    """

    __tablename__ = "running_process"
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    host: Mapped[str] = mapped_column(String(80))
    pid: Mapped[int]
    version: Mapped[str] = mapped_column(String(20))
    does: Mapped[str] = mapped_column(String(40))  # web, timers; both
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    figures: Mapped[list[object]] = mapped_column(JsonText)
