"""A step finished for many cases at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models.case import WorkItem
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime


class BulkAct(Base):
    """One act of an official on many work items of a step: a decision, or a return with its reason (R11,
    R12).

    Its entries are worked off in portions, each item in its own step transaction.
    """

    __tablename__ = "bulk_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # complete, return
    procedure_key: Mapped[str] = mapped_column(String(60))
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)  # what was typed once for all
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    total: Mapped[int]


class BulkEntry(Base):
    """One item of a bulk act, and what became of it."""

    __tablename__ = "bulk_entry"
    __table_args__ = (Index("ix_bulk_entry_act_id_status", "act_id", "status", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    act_id: Mapped[int] = mapped_column(ForeignKey("bulk_act.id"))
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    status: Mapped[str] = mapped_column(String(8), default="pending")  # pending, done, refused
    text: Mapped[str] = mapped_column(String(500), default="")
    item: Mapped[WorkItem] = relationship()
