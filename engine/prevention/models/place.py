"""Where a household belongs and how it is reached: offers to hand it over, changes of phone and address."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.ground.tables import Base, UtcDateTime
from engine.prevention.models.household import Household

_WAITS = text("status = 'offered'")
_UNREVIEWED = text("reviewed_at IS NULL AND case_id IS NULL")


class Transfer(Base):
    """A household offered to another village, and what became of it: the trace that stays at home (S24).

    offered → accepted, refused, taken_back, or moot: the household itself is no more what was offered.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        Index(
            "uq_transfer_waiting",  # one offer of a household at a time
            "household_id",
            unique=True,
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
        Index("ix_transfer_from_code", "from_code", "id"),
        Index("ix_transfer_to_code", "to_code", "id"),
        Index("ix_transfer_remind_on", "remind_on", sqlite_where=_WAITS, postgresql_where=_WAITS),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    from_code: Mapped[str] = mapped_column(String(12))
    to_code: Mapped[str] = mapped_column(String(12))
    level: Mapped[str] = mapped_column(String(10))
    # whose desk at the other place decides: township within one county, county between two
    head_name: Mapped[str] = mapped_column(String(40))  # as the household was called when it was offered
    reason: Mapped[str] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(10), default="offered")
    offered_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    offered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(500), default="")  # why it was refused, or is moot
    remind_on: Mapped[date]  # when both sides hear of it again, should nobody have answered
    household: Mapped[Household] = relationship()


class ContactChange(Base):
    """How a household was reached before and after a change of phone, group or address."""

    __tablename__ = "contact_change"
    __table_args__ = (
        Index(
            "ix_contact_change_unreviewed",
            "household_id",
            "recorded_at",
            sqlite_where=_UNREVIEWED,
            postgresql_where=_UNREVIEWED,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    phone_before: Mapped[str] = mapped_column(String(20))
    phone: Mapped[str] = mapped_column(String(20))
    group_before: Mapped[str] = mapped_column(String(40))
    group_name: Mapped[str] = mapped_column(String(40))
    address_before: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)  # a check that saw it
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # 录入复核 (R38), by hand alone
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_back: Mapped[str] = mapped_column(String(300), default="", server_default="")  # why; '' agreed
