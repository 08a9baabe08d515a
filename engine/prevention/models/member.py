"""Who came to a household, left it or was put right, and with what proof."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime

_UNREVIEWED = text("reviewed_at IS NULL AND case_id IS NULL AND undone_at IS NULL")


class MemberChange(Base):
    """One person of a household came, left or is described otherwise, since a day (domain S11).

    What was recorded together has one `act` and is taken back together; nothing is deleted.
    """

    __tablename__ = "member_change"
    __table_args__ = (
        Index(
            "ix_member_change_unreviewed",
            "household_id",
            "recorded_at",
            sqlite_where=_UNREVIEWED,
            postgresql_where=_UNREVIEWED,
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    act: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # engine.prevention.register.member_history.KINDS
    member_key: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(40))  # as it was called then
    happened_on: Mapped[date]
    before: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)  # empty: who came
    after: Mapped[dict[str, object]] = mapped_column(JsonText, default=dict)  # empty: who left
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case_file.id"), index=True)  # the check
    proof: Mapped[str] = mapped_column(String(400), default="")  # in words
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # 录入复核 (R38), by hand alone
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_back: Mapped[str] = mapped_column(String(300), default="", server_default="")  # why; '' agreed
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_reason: Mapped[str] = mapped_column(String(400), default="")


class MemberProof(Base):
    """A photo or scan that proves what was recorded in an act; its type was found from its content."""

    __tablename__ = "member_proof"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    act: Mapped[str] = mapped_column(String(32), index=True)
    filename: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
