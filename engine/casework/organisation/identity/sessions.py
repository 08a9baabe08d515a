"""Sessions in browsers: begun at a sign-in, ended at the sign-out, and after some hours however used.

The cookie holds a random key; here stands its hash. So a copied cookie is worth nothing once its session has
ended, whoever ended it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, SignIn
from engine.casework.organisation import accounts
from engine.casework.organisation.identity import safeguards
from engine.ground.database import save, whole, write
from engine.ground.tables import table

SEEN = timedelta(minutes=2)
"""How exactly it is kept when a session was last used; a tenth of a short time of rest."""
AT_ONCE = 500
"""Accounts whose sessions one statement ends."""
_SESSION = table(SignIn)
_KNOWN = accounts.bearers(
    SignIn,
    _SESSION.c.key_hash == bindparam("key_hash"),
    _SESSION.c.ended_at.is_(None),
    _SESSION.c.ends_at > bindparam("now"),
)


def begin(session: Session, account: Account, address: str, device: str, now: datetime) -> str:
    """A new session of the account; answers the key for its cookie. `device`: the browser, in words.

    `account` is as its password was looked at: raises NotSignedIn where that holds no longer.
    """
    key, before = secrets.token_urlsafe(32), accounts.proven(account)
    with write(session):
        accounts.require_proven(session, account, before)
        session.add(
            SignIn(
                account_id=account.id,
                key_hash=_digest(key),
                began_at=now,
                seen_at=now,
                ends_at=now + timedelta(hours=safeguards.current(session).hours),
                address=address[:45],
                device=device[:120],
            )
        )
    return key


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def known(session: Session, key: str, now: datetime) -> tuple[SignIn, Account] | None:
    """The session of a key and whose it is; None when it has ended, is over its life, or the account is
    disabled.
    """
    return accounts.bearer(_KNOWN, session, key_hash=_digest(key), now=now) if key else None


def use(session: Session, begun: SignIn, now: datetime, rest: timedelta) -> None:
    """Somebody is at work with it, who may rest for `rest`, up to SEEN or a tenth less."""
    if begun.seen_at < now - min(SEEN, rest / 10):
        with write(session):
            save(session, begun, seen_at=now)


@whole
def end(session: Session, key: str, why: str, now: datetime) -> None:
    """End the session of a key; a sign-out leaves a line."""
    with write(session):
        ending = _ending(why, now).where(SignIn.key_hash == _digest(key))
        ended = session.execute(ending.returning(SignIn.account_id, SignIn.address)).one_or_none()
        if ended is not None and why == "out":
            audit.record(session, "access", ended.account_id, "logout", {"address": ended.address}, now)


def end_all(session: Session, account: Account, why: str, now: datetime, *, but: str = "") -> int:
    """End every session of the account but the one with the key `but`; inside a write transaction.

    Answers how many there were. Where all end, what browsers keep of typed forms is sealed with them.
    """
    ending = _ending(why, now).where(SignIn.account_id == account.id)
    if but:
        ending = ending.where(SignIn.key_hash != _digest(but))
    else:
        account.session_epoch += 1
    ended: Any = session.execute(ending)
    return int(ended.rowcount)


def end_of(session: Session, people: Sequence[Account], why: str, now: datetime) -> None:
    """As `end_all`, of many accounts; inside a write transaction."""
    for start in range(0, len(people), AT_ONCE):
        some = people[start : start + AT_ONCE]
        session.execute(_ending(why, now).where(SignIn.account_id.in_([one.id for one in some])))
    for account in people:
        account.session_epoch += 1


def end_one(session: Session, account: Account, sign_in_id: int, now: datetime) -> bool:
    """End one of the account's own sessions; whether there was such a one."""
    with write(session):
        mine = (SignIn.id == sign_in_id, SignIn.account_id == account.id)
        ended: Any = session.execute(_ending("own", now).where(*mine))
    return bool(ended.rowcount)


def _ending(why: str, now: datetime) -> Any:
    return update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=now, end_reason=why)


def live(session: Session, account_id: int, now: datetime) -> list[SignIn]:
    """The account's present sessions, the latest used first."""
    query = select(SignIn).where(
        SignIn.account_id == account_id, SignIn.ended_at.is_(None), SignIn.ends_at > now
    )
    return list(session.scalars(query.order_by(SignIn.seen_at.desc(), SignIn.id.desc()).limit(50)))


def is_of(one: SignIn, key: str) -> bool:
    """Whether the session is the one of the key."""
    return one.key_hash == _digest(key)
