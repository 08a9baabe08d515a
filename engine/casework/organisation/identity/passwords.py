"""Passwords: hashed with argon2id, strong, not one of the last ones; codes for a first sign-in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account, PasswordPast
from engine.ground import text
from engine.ground.errors import Invalid

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second choice for argon2id
NONE = "!"
"""Stands where a hash stands: with it, no password is right."""
LONGEST = 200
REMEMBERED = 5
"""None of the last five passwords may come back."""
CODE_LIFE = timedelta(days=14)
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without what looks alike: 0 O, 1 I L
_CODE_LENGTH = 10  # of 31 letters: 49 bits


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return hash_password(secrets.token_hex(8))


def verify(stored: str, password: str) -> bool:
    """Whether `password` is the one of the hash `stored`; takes as long where there is none."""
    real = stored.startswith("$argon2")
    try:
        return _HASHER.verify(stored if real else _decoy(), password[: LONGEST + 1]) and real
    except (VerificationError, InvalidHashError):
        return False


def check_strength(password: str, account: Account | None = None) -> None:
    """Raise Invalid unless the password has ten characters of three kinds, and does not hold what anybody
    knows of the `account`: its name, phone and username.
    """
    kinds = sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
    )
    if len(password) < 10 or kinds < 3:
        raise _weak("密码至少 10 位，并包含大写字母、小写字母、数字、符号中的三种。")
    if len(password) > LONGEST:
        raise _weak(f"密码最多 {LONGEST} 位。")
    known = (account.username, account.name, account.phone) if account is not None else ()
    if any(len(word) > 1 and text.key(word) in text.key(password) for word in known):
        raise _weak("密码里不能有自己的账号、姓名、电话。")


def _weak(sentence: str) -> Invalid:
    return Invalid(sentence, {"password": [sentence]})


def prepared(session: Session, account: Account, password: str) -> str:
    """The hash of a new password of the account. Raises Invalid for a weak one and for one of the last five.

    Takes a tenth of a second of the processor, so it is called before the transaction that stores it.
    """
    check_strength(password, account)
    stored = {account.password_hash, *(one.password_hash for one in _past(session, account))}
    if any(verify(one, password) for one in stored):
        raise _weak(f"不能再用最近 {REMEMBERED} 次用过的密码。")
    return hash_password(password)


def _past(session: Session, account: Account) -> list[PasswordPast]:
    query = select(PasswordPast).where(PasswordPast.account_id == account.id)
    return list(session.scalars(query.order_by(PasswordPast.id.desc()).limit(REMEMBERED)))


def store(session: Session, account: Account, hashed: str, now: datetime) -> None:
    """The account's password is the one of `hashed` from now on; inside a write transaction."""
    for old in _past(session, account)[REMEMBERED - 1 :]:
        session.delete(old)
    session.add(PasswordPast(account_id=account.id, password_hash=hashed, set_at=now))
    account.password_hash, account.password_at, account.must_change = hashed, now, False
    account.code_hash, account.code_until = "", None


def new_code() -> str:
    """A code for one first sign-in, as it is told: in two groups of five."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def code_digest(code: str) -> str:
    """What is kept of a code, however it is typed."""
    return sha256(text.ungrouped(code).encode()).hexdigest()


def is_code_of(account: Account, typed: str, now: datetime) -> bool:
    """Whether what was typed as the password is the account's code, and still counts."""
    if not account.code_hash or account.code_until is None or account.code_until <= now:
        return False
    return secrets.compare_digest(account.code_hash, code_digest(typed))
