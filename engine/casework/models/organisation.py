"""Divisions, accounts, grants, settings and the calendar of days off."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.flow.history import lines
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime, key_of

LEVELS = ("province", "city", "county", "township", "village")
"""From the widest to the narrowest."""


class Division(Base):
    """A province, city, county, township or village.

    `code` may change its holder over time, `id` never does.
    """

    __tablename__ = "division"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    path: Mapped[str] = mapped_column(String(200))  # names from the city down, for people: 多个村同名
    level: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(10), default="")
    # pseudo: only in the codes (省直辖县级行政区划); zone: a zone with a management committee (管委会)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("division.id"), index=True)
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class DivisionCode(Base):
    """Which code a division carried when: codes are reused for other places."""

    __tablename__ = "division_code"
    id: Mapped[int] = mapped_column(primary_key=True)
    division_id: Mapped[int] = mapped_column(ForeignKey("division.id"), index=True)
    code: Mapped[str] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(String(80))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class Province(Base):
    """The one province that the database serves: what it was set up from."""

    __tablename__ = "province"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1
    code: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)  # province.json as it came
    sha256: Mapped[str] = mapped_column(String(64), default="")
    installed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LegalBound(Base):
    """How many days the province gives a limit of the law, by which document (R10, R15, R19, R29)."""

    __tablename__ = "legal_limit"
    clause: Mapped[str] = mapped_column(String(12), primary_key=True)
    days: Mapped[int]
    document: Mapped[str] = mapped_column(String(200), default="")
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Account(Base):
    """A person who signs in, or a programme with a token."""

    __tablename__ = "account"
    __table_args__ = (Index("ix_account_division_code_id", "division_code", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    post: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    email: Mapped[str] = mapped_column(String(120), default="")
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=0)  # raised when every session of the account ends
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    division_code: Mapped[str] = mapped_column(String(12), default="")  # the unit where the person works
    name_key: Mapped[str] = mapped_column(String(80), default=key_of("name", 80), index=True)
    revision: Mapped[int] = mapped_column(default=0)  # how often an administrator changed it
    must_change: Mapped[bool] = mapped_column(default=False)  # first of all a new password
    password_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_hash: Mapped[str] = mapped_column(String(64), default="")  # of the code for the first sign-in
    code_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    last_sign_in_from: Mapped[str] = mapped_column(String(45), default="")
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_by: Mapped[int | None]  # an account
    disabled_reason: Mapped[str] = mapped_column(String(200), default="")
    grants: Mapped[list[RoleGrant]] = relationship(back_populates="account", lazy="selectin")


class RoleGrant(Base):
    """A role on a division; it reaches down the tree."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index("ix_role_grant_division_code_role", "division_code", "role"),
        Index("ix_role_grant_role", "role", "division_code"),
        Index("ix_role_grant_account_role_division", "account_id", "role", "division_code", unique=True),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(String(30))
    division_code: Mapped[str] = mapped_column(String(12))
    granted_by: Mapped[int | None]  # an account
    granted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship(back_populates="grants")


class ApiToken(Base):
    """A bearer token of the API; only its hash is kept."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(45), default="")


class Setting(Base):
    """A named value that people change without a deployment."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[object] = mapped_column(JsonText)


class CalendarDay(Base):
    """A day off, or a weekend day that is worked (调休)."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(40), default="")


class CalendarYear(Base):
    """A year whose days off are those of the State Council's notice: who entered them, from which document.

    A year without a row holds at most what could be computed beforehand.
    """

    __tablename__ = "calendar_year"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(String(200), default="")
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MonitoringLine(Base):
    """The year's reference per-capita net income in yuan (R01); dated, per province,
    never a constant in code.

    One person asks for it, a second confirms; what is in force is never edited, only replaced before
    anything was decided by it.
    """

    __tablename__ = "monitoring_line"
    __table_args__ = (
        Index(
            "ix_monitoring_line_in_force",
            "province_code",
            "effective_from",
            unique=True,
            sqlite_where=text("status = 'in_force'"),
            postgresql_where=text("status = 'in_force'"),
        ),
        Index(
            "ix_monitoring_line_asked",
            "province_code",
            "year",
            unique=True,
            sqlite_where=text("status = 'asked'"),
            postgresql_where=text("status = 'asked'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    province_code: Mapped[str] = mapped_column(String(12), index=True)
    year: Mapped[int]
    amount: Mapped[int]
    basis: Mapped[str] = mapped_column(String(200), default="")
    document: Mapped[str] = mapped_column(String(120), default="")
    effective_from: Mapped[date]
    status: Mapped[str] = mapped_column(String(10), default="in_force")
    # asked, in_force, refused, withdrawn, replaced
    reason: Mapped[str] = mapped_column(String(400), default="")
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # NULL: came with the installation
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(String(400), default="")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("monitoring_line.id"))


class Body(Base):
    """Who acts for a division: its government, office, committee or supervision phone (R10).

    A rename ends a row and adds one: a paper of an earlier day asks for its own day.
    """

    __tablename__ = "body"
    __table_args__ = (
        Index(
            "ix_body_present",
            "division_code",
            "kind",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
        Index("ix_body_division_code_kind", "division_code", "kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(12))  # engine.casework.organisation.bodies.KINDS
    name: Mapped[str] = mapped_column(String(80), default="")
    word: Mapped[str] = mapped_column(String(20), default="")  # 发文代字
    phone: Mapped[str] = mapped_column(String(40), default="")
    seal: Mapped[str] = mapped_column(String(8), default="over")  # over, line, none
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    set_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LogStream(Base):
    """Head of the hash chain of one stream of the log that is not a case: of a day, or of a unit's day."""

    __tablename__ = "log_stream"
    stream: Mapped[str] = mapped_column(String(60), primary_key=True)
    day: Mapped[date] = mapped_column(index=True)
    seq: Mapped[int]
    hash: Mapped[bytes]


BESIDE_CASES = "substr(stream, 1, 5) <> 'case:'"
"""SQL: the line belongs to the stream of a day, not to a case's history."""


class LogEntry(Base):
    """One append-only line of the log. `hash` covers the line and the hash before it in the same stream."""

    __tablename__ = "log_entry"
    __table_args__ = (
        Index("ix_log_entry_stream_seq", "stream", "seq", unique=True),
        # What somebody did beside cases: the lines of cases, of which there are many, are not in it.
        Index(
            "ix_log_entry_actor",
            "actor_id",
            "id",
            sqlite_where=text(BESIDE_CASES),
            postgresql_where=text(BESIDE_CASES),
        ),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    stream: Mapped[str] = mapped_column(
        String(60)
    )  # "case:12", "access:2022-05-11", "papers:2022-05-11:" and a code
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(20))
    element_id: Mapped[str] = mapped_column(String(80), default="")
    data: Mapped[dict[str, object]] = mapped_column(JsonText)
    hash: Mapped[bytes]

    @property
    def line(self) -> lines.Line:
        """What the line of a case says."""
        return lines.read(self.kind, self.data)
