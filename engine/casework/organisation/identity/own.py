"""What everyone does with the own account: password, phone, e-mail, sessions, programmes' tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, ApiToken
from engine.casework.organisation import accounts
from engine.casework.organisation.contacts import read_contacts
from engine.casework.organisation.identity import passwords, safeguards, sessions, sign_in
from engine.casework.organisation.identity.safeguards import Safeguards
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotFound


def _wrong(rules: Safeguards) -> str:
    """The one sentence for a wrong password and for one that is looked at no more."""
    return (
        f"现在的密码不对，或者输错次数过多。请核对后再试；"
        f"多次不成功的，{rules.minutes} 分钟后再试，或请系统管理员解锁。"
    )


def change_password(
    session: Session, account: Account, typed: Mapping[str, str], key: str, now: datetime
) -> int:
    """A new password, and the end of every other session and of the tokens; answers how many sessions ended.

    `typed`: old, password, again. `key`: of the session that stays. The old one is not asked of who has just
    signed in with a code. Raises Invalid with the sentence at the field, Conflict where the password was
    reset or changed elsewhere meanwhile.
    """
    fresh, before = typed.get("password", ""), accounts.proven(account)
    if not account.code_hash and not sign_in.is_own_password(session, account, typed.get("old", ""), now):
        sentence = _wrong(safeguards.current(session))
        raise Invalid(sentence, {"old": [sentence]})
    if fresh != typed.get("again", ""):
        raise Invalid("两次输入的新密码不一样。", {"again": ["两次输入的新密码不一样。"]})
    hashed = passwords.prepared(session, account, fresh)
    with write(session):
        if not accounts.still_holds(session, account.id, before):
            raise Conflict(accounts.CHANGED)
        session.refresh(account)
        passwords.store(session, account, hashed, now)
        ended = sessions.end_all(session, account, "password", now, but=key)
        accounts.end_tokens(session, account.id, now)
        audit.record(session, "accounts", account.id, "password", {"account": account.id}, now)
    return ended


@whole
def change_contacts(session: Session, account: Account, typed: Mapping[str, str], now: datetime) -> None:
    """Another phone and e-mail address. Raises Invalid with the sentence at the field."""
    fresh = read_contacts(typed)
    with write(session):
        session.refresh(account, with_for_update=True)
        changed = [name for name, value in fresh.items() if getattr(account, name) != value]
        for name, value in fresh.items():
            setattr(account, name, value)
        account.revision += bool(changed)
        if changed:
            data = {"account": account.id, "changed": changed}
            audit.record(session, "accounts", account.id, "contacts", data, now)


def tokens(session: Session, account: Account, now: datetime) -> list[ApiToken]:
    """The account's present tokens, the latest first."""
    query = select(ApiToken).where(
        ApiToken.account_id == account.id, ApiToken.ended_at.is_(None), ApiToken.expires_at > now
    )
    return list(session.scalars(query.order_by(ApiToken.id.desc()).limit(50)))


def end_token(session: Session, account: Account, token_id: int, now: datetime) -> None:
    """End one of the own tokens. Raises NotFound."""
    with write(session):
        token = session.get(ApiToken, token_id)
        if token is None or token.account_id != account.id:
            raise NotFound("没有找到这个令牌。")
        token.ended_at = token.ended_at or now
