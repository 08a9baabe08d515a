"""What people send with a step, and what they have begun to fill in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from engine.ground.tables import Base, BigId, JsonText, UtcDateTime


class Submission(Base):
    """What an official sent with one finished task; immutable."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_case_id_form_key", "case_id", "form_key", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    work_item_id: Mapped[int | None] = mapped_column(ForeignKey("work_item.id"))
    """None: the start form. Found by its case, of which a step is one in a dozen: no index of its own."""
    form_key: Mapped[str] = mapped_column(String(80))
    form_sha256: Mapped[str] = mapped_column(String(64))
    element_id: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Draft(Base):
    """What an official has typed so far; one a person and task."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("work_item_id", "account_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(
        default=1
    )  # how often it was saved: what was typed over an older one asks
    device: Mapped[str] = mapped_column(String(20), default="")  # where it was typed, in words


class Attachment(Base):
    """A photo or scan; its type was found from its content."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    work_item_id: Mapped[int | None] = mapped_column(ForeignKey("work_item.id"), index=True)
    field: Mapped[str] = mapped_column(String(80), default="")
    filename: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(60))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = deferred(mapped_column(LargeBinary))  # empty where `copy_of` holds it
    copy_of: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))  # one photo for many cases
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def is_photo(self) -> bool:
        """Whether it can stand on a page as a picture."""
        return self.media_type.startswith("image/")


class Idempotency(Base):
    """The first answer to a request key, so that a repeated request gets the same one.

    A key is its account's own, and belongs to one operation: a caller's to ``complete``, a bulk act's to that
    act.
    """

    __tablename__ = "idempotency"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    result: Mapped[dict[str, object]] = mapped_column(JsonText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
