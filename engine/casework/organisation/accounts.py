"""Accounts, passwords, tokens and grants (等保: one person one account, lock after failures, 三员分立)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, ApiToken, RoleGrant
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.clock import CHINA
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound

MAX_FAILURES = 5
LOCK = timedelta(minutes=15)
TOKEN_LIFE = timedelta(hours=12)
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second choice for argon2id
_ADMINISTRATORS = frozenset({access.ACCOUNT_ADMIN, access.SECURITY_ADMIN, access.AUDIT_ADMIN})


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def _decoy() -> str:
    """Verified for unknown names, so that they take as long as known ones."""
    return hash_password(secrets.token_hex(8))


def check_strength(password: str) -> None:
    """Raise Invalid unless the password has ten characters of three kinds."""
    kinds = sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
    )
    if len(password) < 10 or kinds < 3:
        sentence = "密码至少 10 位，并包含大写字母、小写字母、数字、符号中的三种。"
        raise Invalid(sentence, {"password": [sentence]})


def create(
    session: Session,
    username: str,
    name: str,
    password_hash: str,
    now: datetime,
    *,
    post: str = "",
    phone: str = "",
) -> Account:
    """Add an account; the caller is inside a write transaction. Raises Conflict for a name that is taken."""
    username = text.username(username)
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise Conflict(f"账号“{username}”已经存在。")
    account = Account(
        username=username, name=name, password_hash=password_hash, post=post, phone=phone, created_at=now
    )
    session.add(account)
    session.flush()
    return account


def names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """What the accounts `ids` are called."""
    wanted = {one for one in ids if one is not None}
    return {
        row.id: row.name
        for row in session.execute(select(Account.id, Account.name).where(Account.id.in_(wanted)))
    }


def grant(session: Session, account: Account, role: str, division_code: str) -> RoleGrant:
    """Give a role on a division.

    Raises Invalid for an unknown role, Conflict where administrators would be mixed.
    """
    if role not in access.ROLE_NAMES:
        raise Invalid(f"没有“{role}”这个角色。")
    held = {g.role for g in session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id))}
    special = (held | {role}) & _ADMINISTRATORS
    if special and len(held | {role}) > 1:
        raise Conflict("系统、安全、审计三员须分设，且不能兼任业务角色。")
    found = RoleGrant(account_id=account.id, role=role, division_code=division_code)
    session.add(found)
    session.flush()
    return found


def authenticate(session: Session, username: str, password: str, now: datetime) -> Account:
    """The account that signs in.

    Raises NotAllowed with one sentence for every kind of mismatch; locks after failures.
    """
    account = named(session, username)
    locked = account is not None and account.locked_until is not None and account.locked_until > now
    good = _verify(account.password_hash if account else _decoy(), password)
    if account is None:
        raise NotAllowed("账号或密码不对。")
    if locked and account.locked_until is not None:
        until = account.locked_until.astimezone(CHINA).strftime("%H:%M")
        raise NotAllowed(f"连续输错次数过多，账号已锁定，请 {until} 之后再试。")
    with write(session):
        if not good or not account.active:
            account.failures += 1
            if account.failures >= MAX_FAILURES:
                account.failures, account.locked_until = 0, now + LOCK
            audit.record(session, "access", account.id, "login_failed", {}, now)
        else:
            account.failures, account.locked_until = 0, None
            audit.record(session, "access", account.id, "login", {}, now)
    if not good or not account.active:
        raise NotAllowed("账号或密码不对。")
    return account


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def named(session: Session, username: str) -> Account | None:
    """The account of a name, however it is spelt (width, case of letters); None when there is none."""
    return session.scalar(select(Account).where(Account.username == text.username(username)))


def issue_token(session: Session, account: Account, now: datetime) -> tuple[str, datetime]:
    """A new bearer token and when it expires; only its hash is kept."""
    token, expires = secrets.token_urlsafe(32), now + TOKEN_LIFE
    with write(session):
        session.add(
            ApiToken(account_id=account.id, token_hash=_digest(token), created_at=now, expires_at=expires)
        )
    return token, expires


def account_of_token(session: Session, token: str, now: datetime) -> Account | None:
    """The account of a valid token, or None."""
    query = (
        select(Account)
        .join(ApiToken, ApiToken.account_id == Account.id)
        .where(ApiToken.token_hash == _digest(token), ApiToken.expires_at > now, Account.active)
    )
    return session.scalar(query)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def set_email(session: Session, username: str, address: str) -> Account:
    """Where the account's mail goes; '' for nowhere. Raises NotFound, or Invalid for what is no address."""
    wanted = address.strip()
    if wanted and (
        len(wanted) > 120 or not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+", wanted, re.ASCII)
    ):
        raise Invalid("这不是电子邮件地址。", {"email": ["这不是电子邮件地址。"]})
    with write(session):
        found = named(session, username)
        if found is None:
            raise NotFound(f"没有账号“{username}”。")
        found.email = wanted
    return found
