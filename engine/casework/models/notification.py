"""What people are told."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.ground.tables import Base, BigId, UtcDateTime

if TYPE_CHECKING:
    pass  # the field brings the table of its subjects


class Notification(Base):
    """A line in an official's bell: a warning, a return, an overdue mark; about a subject,
    mostly about a case.

    Or one person's line about a draft of a procedure: `account_id` and `draft_id` instead of a desk and a
    subject.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_division_code_queue", "division_code", "queue", "id"),
        Index("ix_notification_account_id", "account_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subject_id: Mapped[int | None] = mapped_column("household_id", key="subject_id")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_draft.id"))
    queue: Mapped[str] = mapped_column(String(10), default="")
    division_code: Mapped[str] = mapped_column(String(12), default="")
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
