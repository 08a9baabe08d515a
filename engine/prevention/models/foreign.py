"""Other offices' empty forms that were filled from the register, and what their columns mean."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from engine.ground.tables import Base, JsonText, UtcDateTime


class ForeignForm(Base):
    """An empty form as it was sent (R41). Told once what its columns mean, an office is not asked again."""

    __tablename__ = "foreign_form"
    __table_args__ = (Index("ix_foreign_form_office_fingerprint", "office", "fingerprint", "told_at"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    office: Mapped[str] = mapped_column(String(12))  # the division whose office sent it
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    filename: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(100))
    sheet: Mapped[str] = mapped_column(String(100))
    head: Mapped[dict[str, Any]] = mapped_column(JsonText)  # prevention.register.filled.acts: Kept
    fingerprint: Mapped[str] = mapped_column(String(64))  # of its headings in their order
    notes: Mapped[list[str]] = mapped_column(JsonText, default=list)
    columns: Mapped[list[str]] = mapped_column(JsonText, default=list)
    # by place: the register's field, '' for what the register does not hold
    per: Mapped[str] = mapped_column(String(10), default="household")  # household, person: what a row is
    told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when somebody said that this is right
    body: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))  # NULL once it is forgotten
