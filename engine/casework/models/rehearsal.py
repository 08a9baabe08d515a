"""回放: finished cases run through another version in memory, and what that said of each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models.case import CaseFile
from engine.casework.models.organisation import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime


class Rehearsal(Base):
    """One replay of finished cases on a draft or a version; worked off in portions."""

    __tablename__ = "rehearsal"
    __table_args__ = (Index("ix_rehearsal_draft_id", "draft_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    title: Mapped[str] = mapped_column(String(120))  # of the draft or version
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_draft.id"))
    revision: Mapped[int] = mapped_column(default=0)  # of the draft when it was begun
    version_id: Mapped[int | None] = mapped_column(ForeignKey("procedure_version.id"), index=True)
    defaults: Mapped[bool] = mapped_column(
        default=False
    )  # new steps are supposed to have the default outcome
    after_days: Mapped[int] = mapped_column(default=0)  # so many days after they open
    status: Mapped[str] = mapped_column(String(8), default="running")  # running, stopped
    total: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship()


class RehearsalEntry(Base):
    """One case of a replay: whether anything differs, and what."""

    __tablename__ = "rehearsal_entry"
    __table_args__ = (Index("ix_rehearsal_entry_rehearsal_id_status", "rehearsal_id", "status", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rehearsal_id: Mapped[int] = mapped_column(ForeignKey("rehearsal.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    status: Mapped[str] = mapped_column(String(8), default="pending")  # pending, same, differs, misfit
    seq: Mapped[int] = mapped_column(default=0)  # of a misfit: the last line of the history that fitted
    text: Mapped[str] = mapped_column(String(500), default="")  # of a misfit: why it could not go on
    facts: Mapped[dict[str, object]] = mapped_column(JsonText)  # see rehearsal.acts
    case: Mapped[CaseFile] = relationship()
