"""Moving running cases to another version: the owner's act, and what it says of each case."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models.case import CaseFile
from engine.casework.models.organisation import Account
from engine.casework.models.process import ProcedureVersion
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime


class Migration(Base):
    """One move of running cases to a version: every case is looked at first, then moved, in portions."""

    __tablename__ = "migration"
    id: Mapped[int] = mapped_column(primary_key=True)
    procedure_key: Mapped[str] = mapped_column(ForeignKey("procedure.key"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("procedure_version.id"))  # where to
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    elements: Mapped[dict[str, str]] = mapped_column(JsonText)  # old step by the new one that stands for it
    passed: Mapped[list[str]] = mapped_column(JsonText)  # new steps that cases past them need not make up for
    status: Mapped[str] = mapped_column(String(8), default="looking")  # looking, moving, stopped
    note: Mapped[str] = mapped_column(String(500), default="")
    total: Mapped[int]
    version: Mapped[ProcedureVersion] = relationship()
    account: Mapped[Account] = relationship()


class MigrationEntry(Base):
    """One case of a move: what would become of it, and what became of it."""

    __tablename__ = "migration_entry"
    __table_args__ = (
        Index("ix_migration_entry_migration_id_status", "migration_id", "status", "unchanged", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    migration_id: Mapped[int] = mapped_column(ForeignKey("migration.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    lock_version: Mapped[int]  # of the case when it was looked at
    status: Mapped[str] = mapped_column(String(8), default="pending")  # pending, fits, misfit, moved, refused
    unchanged: Mapped[bool] = mapped_column(
        default=True
    )  # nothing that the case waits for changes: shown last
    plan: Mapped[dict[str, object]] = mapped_column(
        JsonText
    )  # where it stands, and what changes: see migration.changes
    text: Mapped[str] = mapped_column(String(500), default="")  # why it cannot, or was not, moved
    case: Mapped[CaseFile] = relationship()
