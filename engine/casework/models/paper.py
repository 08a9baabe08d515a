"""Official papers: their numbers, what was issued, and which cases stand on each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.casework.models.case import CaseFile
from engine.casework.models.organisation import Account
from engine.ground.tables import Base, JsonText, UtcDateTime


class PaperNumber(Base):
    """The last serial that a division gave to a kind of paper in a year;
    its row is the lock of that series.
    """

    __tablename__ = "paper_number"
    division_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class NumberedPaper(Base):
    """A paper with its number. Once issued, `content` is what was signed and never changes.

    An announcement takes its number when the first household is approved and gathers the others of its
    village until it is issued or posted (R13); every other kind is issued at once.
    """

    __tablename__ = "paper"
    __table_args__ = (
        UniqueConstraint("division_code", "kind", "year", "serial"),
        Index("ix_paper_place_code", "place_code", "id"),
        Index(
            "ix_paper_gathering",  # the one or two that a place still adds to
            "place_code",
            sqlite_where=text("status = 'gathering'"),
            postgresql_where=text("status = 'gathering'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    division_code: Mapped[str] = mapped_column(String(12))  # who issues it
    place_code: Mapped[str] = mapped_column(
        String(12)
    )  # whose list it is: who reaches this place may read it
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(80))
    matter: Mapped[str] = mapped_column(String(200), default="")
    basis: Mapped[str] = mapped_column(String(500), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    count: Mapped[int] = mapped_column(default=0)  # households on it when issued
    status: Mapped[str] = mapped_column(String(10), default="issued")  # gathering, issued
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    content: Mapped[dict[str, Any] | None] = deferred(mapped_column(JsonText))
    issuer: Mapped[Account | None] = relationship()
    entries: Mapped[list[PaperEntry]] = relationship(order_by="PaperEntry.id", back_populates="paper")


class PaperEntry(Base):
    """A case's place on a paper; `withdrawn_at` when the decision
    was taken back after the paper was issued.
    """

    __tablename__ = "paper_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    paper_id: Mapped[int] = mapped_column(ForeignKey("paper.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    work_item_id: Mapped[int | None] = mapped_column(ForeignKey("work_item.id"), index=True)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paper: Mapped[NumberedPaper] = relationship(back_populates="entries")
    case: Mapped[CaseFile] = relationship()
