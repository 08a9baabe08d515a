"""Sessions of signed-in people, the gates that count wrong passwords, and passwords of the past."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.ground.tables import Base, BigId, UtcDateTime


class SignIn(Base):
    """A session in a browser; the cookie holds the key, only its hash is kept."""

    __tablename__ = "sign_in"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)  # however much it is used
    address: Mapped[str] = mapped_column(String(45), default="")
    device: Mapped[str] = mapped_column(String(120), default="")  # in words
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str] = mapped_column(String(20), default="")


class SignInGate(Base):
    """How many attempts in a row failed at one gate: of a name from a place, of a name, of an address."""

    __tablename__ = "sign_in_gate"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int]
    since: Mapped[datetime] = mapped_column(UtcDateTime, index=True)  # when the last counted one came
    account_id: Mapped[int | None] = mapped_column(index=True)  # whose name it is; of no account, none


class PasswordPast(Base):
    """A password that the account had: none of the last ones may come back."""

    __tablename__ = "password_past"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
