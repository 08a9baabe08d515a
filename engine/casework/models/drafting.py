"""Changes of a procedure that are being drawn: the draft, the forms and decisions it changes,
who has it open.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from engine.casework.models.organisation import Account
from engine.ground.tables import Base, JsonText, UtcDateTime


class ProcedureDraft(Base):
    """A diagram on its way to a version.

    `revision` counts the saves: who saves says which one they had read.
    """

    __tablename__ = "procedure_draft"
    __table_args__ = (
        Index("ix_procedure_draft_status_updated_at", "status", "updated_at", "id"),
        Index("ix_procedure_draft_procedure_key_status", "procedure_key", "status"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    procedure_key: Mapped[str] = mapped_column(
        String(60), default=""
    )  # empty: the procedure does not exist yet
    name: Mapped[str] = mapped_column(String(80))  # what is to change, e.g. 公示改为7天
    base_version_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_version.id"))
    xml: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    revision: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(10), default="open")  # open, submitted, deployed, discarded
    note: Mapped[str] = mapped_column(String(500), default="")
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText
    )  # all that it was submitted with (engine.approvals)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    version_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_version.id"))  # what it became
    creator: Mapped[Account] = relationship(foreign_keys=[created_by])
    updater: Mapped[Account] = relationship(foreign_keys=[updated_by])
    submitter: Mapped[Account | None] = relationship(foreign_keys=[submitted_by])


class DraftResource(Base):
    """A form or decision table that a draft changes or adds; what is not here is as it is in force."""

    __tablename__ = "draft_resource"
    __table_args__ = (UniqueConstraint("draft_id", "kind", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("procedure_draft.id"))
    kind: Mapped[str] = mapped_column(String(10))  # form, decision
    key: Mapped[str] = mapped_column(String(80))
    body: Mapped[bytes] = mapped_column(LargeBinary)


class DraftEditor(Base):
    """Who had a draft open, and when last."""

    __tablename__ = "draft_editor"
    draft_id: Mapped[int] = mapped_column(ForeignKey("procedure_draft.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()
