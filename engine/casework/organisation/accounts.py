"""Accounts, tokens and grants (等保: one person one account, 三员分立)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from engine.casework.models import Account, ApiToken, RoleGrant, SignIn
from engine.casework.organisation import access, contacts
from engine.ground import text
from engine.ground.database import save, write
from engine.ground.database.objects import Objects
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.tables import table

TOKEN_LIFE = timedelta(hours=12)
USED = timedelta(hours=1)
"""How exactly it is kept when a token was last used."""
ADMINISTRATORS = frozenset({access.ACCOUNT_ADMIN, access.SECURITY_ADMIN, access.AUDIT_ADMIN})


def create(
    session: Session,
    username: str,
    name: str,
    password_hash: str,
    now: datetime,
    *,
    post: str = "",
    phone: str = "",
    division_code: str = "",
) -> Account:
    """Add an account; the caller is inside a write transaction. Raises Conflict for a name that is taken."""
    username = text.username(username)
    if session.scalar(select(Account.id).where(Account.username == username)) is not None:
        raise Conflict(f"账号“{username}”已经存在。")
    account = Account(
        username=username,
        name=name,
        password_hash=password_hash,
        post=post,
        phone=phone,
        division_code=division_code,
        created_at=now,
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


def require_unmixed(roles: set[str]) -> None:
    """Raise Conflict when an administrator's role would come together with any other (三员分立)."""
    if roles & ADMINISTRATORS and len(roles) > 1:
        raise Conflict("系统、安全、审计三员须分设，且不能兼任业务角色。")


def grant(session: Session, account: Account, role: str, division_code: str) -> RoleGrant:
    """Give a role on a division.

    Raises Invalid for an unknown role, Conflict where administrators would be mixed.
    """
    if role not in access.ROLE_NAMES:
        raise Invalid(f"没有“{role}”这个角色。")
    held = {g.role for g in session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id))}
    require_unmixed(held | {role})
    same = (RoleGrant.role == role, RoleGrant.division_code == division_code)
    found = session.scalar(select(RoleGrant).where(RoleGrant.account_id == account.id, *same))
    if found is None:
        found = RoleGrant(account_id=account.id, role=role, division_code=division_code)
        session.add(found)
    account.division_code = account.division_code or division_code  # the unit where the first role is
    session.flush()
    return found


def named(session: Session, username: str) -> Account | None:
    """The account of a name, however it is spelt (width, case of letters); None when there is none."""
    return session.scalar(select(Account).where(Account.username == text.username(username)))


def usable() -> ColumnElement[bool]:
    """SQL: the accounts that somebody works with: active, and their password has been set.

    An account that has only a code for its first sign-in is nobody's yet: it takes over no work, approves
    nothing, and is no administrator to fall back on.
    """
    return and_(Account.active, Account.password_hash.startswith("$"))


def is_usable(account: Account) -> bool:
    """As `usable`, of one account."""
    return account.active and account.password_hash.startswith("$")


# -- what was proven of an account -----------------------------------------------------------------


class NotSignedIn(NotAllowed):
    """Not let in, for whatever reason."""

    code = "not_signed_in"
    status = 401


CHANGED = "密码刚刚重置过，或在别处改过：请重新登录。"


@dataclass(frozen=True)
class Proven:
    """By what somebody was let in; with any of it changed, the proof is void."""

    password_hash: str
    code_hash: str
    epoch: int
    """Goes up as all sessions are ended."""
    active: bool


def proven(account: Account) -> Proven:
    """What a password is looked at against, as the account was read."""
    return Proven(account.password_hash, account.code_hash, account.session_epoch, account.active)


def still_holds(session: Session, account_id: int, before: Proven) -> bool:
    """Whether nothing of what was proven has changed; the account's row is locked, so that nothing will until
    this write transaction ends.
    """
    query = select(Account.password_hash, Account.code_hash, Account.session_epoch, Account.active).where(
        Account.id == account_id
    )
    row = session.execute(query.with_for_update()).one_or_none()
    return row is not None and Proven(*row) == before and before.active


def require_proven(session: Session, account: Account, before: Proven) -> None:
    """Raise NotSignedIn unless the account is still as its password was looked at; in a write transaction."""
    if not still_holds(session, account.id, before):
        raise NotSignedIn(CHANGED)


# -- who shows something ---------------------------------------------------------------------------


def bearers(kind: type[ApiToken] | type[SignIn], *holds: ColumnElement[bool]) -> Objects:
    """What finds the row of a token or a session that `holds`, with the account, while it is active, and its
    roles: one statement, asked anew at every request, so that what was taken away is gone at once.
    """
    shown, account, grant = table(kind), table(Account), table(RoleGrant)
    joined = shown.join(account, account.c.id == shown.c.account_id)
    joined = joined.outerjoin(grant, grant.c.account_id == account.c.id)
    statement = select(shown).select_from(joined).where(*holds, account.c.active).order_by(grant.c.id)
    return Objects(statement, [kind, Account, RoleGrant])


def bearer(among: Objects, session: Session, **shown: Any) -> tuple[Any, Account] | None:
    """The row of what is `shown`, and whose it is, with the roles as they are now; None where none holds."""
    rows = among.rows(session, **shown)
    if not rows:
        return None
    found, account, _ = rows[0]
    set_committed_value(account, "grants", [grant for _, _, grant in rows if grant is not None])
    return found, account


# -- programmes' tokens ----------------------------------------------------------------------------


def issue_token(session: Session, account: Account, now: datetime, address: str = "") -> tuple[str, datetime]:
    """A new bearer token and when it expires; only its hash is kept.

    `account` is as its password was looked at: raises NotSignedIn where that holds no longer.
    """
    token, expires, before = secrets.token_urlsafe(32), now + TOKEN_LIFE, proven(account)
    row = {"account_id": account.id, "created_at": now, "expires_at": expires, "address": address}
    with write(session):
        require_proven(session, account, before)
        session.add(ApiToken(token_hash=_digest(token), **row))
    return token, expires


_TOKEN = table(ApiToken)
_OF_TOKEN = bearers(
    ApiToken,
    _TOKEN.c.token_hash == bindparam("token_hash"),
    _TOKEN.c.expires_at > bindparam("now"),
    _TOKEN.c.ended_at.is_(None),
)


def account_of_token(session: Session, token: str, now: datetime) -> Account | None:
    """The account of a valid token, or None. When it was used is kept to the hour."""
    known = bearer(_OF_TOKEN, session, token_hash=_digest(token), now=now)
    if known is None:
        return None
    shown, account = known
    if shown.last_used_at is None or shown.last_used_at < now - USED:
        with write(session):
            save(session, shown, last_used_at=now)
    return account


def end_tokens(session: Session, account_id: int, now: datetime) -> int:
    """End every token of the account; answers how many there were. Inside a write transaction."""
    live = (ApiToken.ended_at.is_(None), ApiToken.expires_at > now)
    ended: Any = session.execute(
        update(ApiToken).where(ApiToken.account_id == account_id, *live).values(ended_at=now)
    )
    return int(ended.rowcount)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def set_email(session: Session, username: str, address: str) -> Account:
    """Where the account's mail goes; '' for nowhere. Raises NotFound, or Invalid for what is no address."""
    wanted = contacts.email(address)
    if wanted is None:
        raise Invalid(contacts.NO_ADDRESS, {"email": [contacts.NO_ADDRESS]})
    with write(session):
        found = named(session, username)
        if found is None:
            raise NotFound(f"没有账号“{username}”。")
        found.email = wanted
    return found
