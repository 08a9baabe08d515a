"""Roles that were asked for, and accounts that come thousands at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models.organisation import Account
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime

_WAITING = text("status = 'waiting'")


class RoleRequest(Base):
    """A role that a system administrator asks for, or wants taken; a security administrator decides."""

    __tablename__ = "role_request"
    __table_args__ = (
        Index(
            "ix_role_request_waiting",
            "account_id",
            "role",
            "division_code",
            unique=True,
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_role_request_status_division_code", "status", "division_code"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))
    division_code: Mapped[str] = mapped_column(String(12))
    act: Mapped[str] = mapped_column(String(10))  # add, remove
    status: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, granted, refused
    asked_by: Mapped[int]  # an account
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None]  # an account
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(400), default="")
    import_id: Mapped[int | None] = mapped_column(ForeignKey("account_import.id"), index=True)
    account: Mapped[Account] = relationship(lazy="joined")


class AccountImport(Base):
    """A file of accounts: checked, confirmed, worked off in portions."""

    __tablename__ = "account_import"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)  # whose act it is
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    filename: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10), default="ready")  # ready, running, done, cancelled
    total: Mapped[int] = mapped_column(default=0)


class AccountImportRow(Base):
    """An account of the file with what is wrong with it, and what became of it."""

    __tablename__ = "account_import_row"
    __table_args__ = (
        Index("ix_account_import_row_import_id_status_number", "import_id", "status", "number"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("account_import.id"))
    number: Mapped[int]  # of its first row in the file
    data: Mapped[dict[str, object]] = mapped_column(JsonText)
    fault: Mapped[str] = mapped_column(String(400), default="")
    status: Mapped[str] = mapped_column(String(10))  # wrong, present, pending, done, refused
    added_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)


class JournalCheck(Base):
    """A verification of the log in the browser: how far it is, and where a chain does not hold."""

    __tablename__ = "journal_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    asked_by: Mapped[int]  # an account
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    after: Mapped[str] = mapped_column(String(60), default="")  # the last stream that was verified
    streams: Mapped[int] = mapped_column(default=0)
    lines: Mapped[int] = mapped_column(BigInteger, default=0)
    breaks: Mapped[list[dict[str, object]]] = mapped_column(JsonText)
