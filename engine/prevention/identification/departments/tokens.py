"""What departments' programmes sign in with (R32): for one place and department, for sending rows only.

Whoever looks after accounts issues and revokes them; the word itself is shown once, its hash is kept.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Invalid, NotAllowed, NotFound, ShouwangError
from engine.ground.paging import Page, page_of
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.departments.sheets import LEVELS
from engine.prevention.models import DepartmentToken

ISSUES = frozenset({access.ACCOUNT_ADMIN})
LIFE = timedelta(days=366)
PREFIX = "bumen-"
"""By which a department's word is told from an official's."""
MOST_CALLS = 60
"""Calls of one token in a minute."""
MINUTE = timedelta(minutes=1)
ENDED = "这个令牌已到期或已收回：请向发放它的系统管理员申请新的。"


class NoToken(ShouwangError):
    """No word of a department's that holds."""

    code = "unauthorised"
    status = 401


class TooMany(ShouwangError):
    """A programme calls too often."""

    code = "too_many"
    status = 429


def places(session: Session, actor: Account) -> list[tuple[str, str]]:
    """The places for which the actor issues tokens: those of the own grants; code and name."""
    codes = {grant.division_code for grant in actor.grants if grant.role in ISSUES}
    return sorted(divisions.names(session, codes).items())


def require(actor: Account) -> None:
    """Raise NotAllowed for who looks after no accounts."""
    access.require_role(actor, *ISSUES)


def listing(session: Session, actor: Account, page: int = 1) -> Page[DepartmentToken]:
    """The tokens of the places in reach, the latest first."""
    require(actor)
    query = select(DepartmentToken).where(
        access.within(DepartmentToken.division_code, access.scopes(actor, ISSUES))
    )
    return page_of(session, query, query.order_by(DepartmentToken.id.desc()), page)


@whole
def issue(
    session: Session, actor: Account, place: str, department: str, name: str, *, clock: Clock
) -> tuple[DepartmentToken, str]:
    """A new token for a place, and its word, which is shown once. Raises Invalid, NotAllowed."""
    require(actor)
    wrong: dict[str, list[str]] = {}
    words = text.line(name)
    if not words or len(words) > 60:
        wrong["name"] = ["请写明哪个系统、谁负责，不超过 60 字。"]
    if department not in DEPARTMENTS:
        wrong["department"] = ["请选择部门。"]
    code = _place(session, place, wrong)
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    if not access.reaches(actor, code, ISSUES):
        raise NotAllowed("这个地方不归您管理。")
    now, word = clock.now(), PREFIX + secrets.token_urlsafe(32)
    with write(session):
        row = DepartmentToken(
            division_code=code,
            department=department,
            name=words,
            token_hash=_digest(word),
            issued_by=actor.id,
            issued_at=now,
            expires_at=now + LIFE,
        )
        session.add(row)
        session.flush()
        details = {"token": row.id, "division": code, "department": department, "name": words}
        audit.record(session, "accounts", actor.id, "department_token", details, now)
    return row, word


def _place(session: Session, place: str, wrong: dict[str, list[str]]) -> str:
    try:
        code = divisions.one_meant(session, place)
    except Invalid as error:
        wrong["place"] = [error.message]
        return ""
    if access.level_of(code) not in LEVELS:
        wrong["place"] = ["只能是县、市或省：部门的数据不按乡、村发放令牌。"]
    return code


@whole
def end(session: Session, actor: Account, token_id: int, *, clock: Clock) -> None:
    """Revoke a token. Raises NotFound."""
    require(actor)
    with write(session):
        row = session.get(DepartmentToken, token_id, with_for_update=True, populate_existing=True)
        if row is None or not access.reaches(actor, row.division_code, ISSUES):
            raise NotFound("没有找到这个令牌。")
        if row.ended_at is None:
            row.ended_at, row.ended_by = clock.now(), actor.id
            details = {"token": row.id, "division": row.division_code, "department": row.department}
            audit.record(session, "accounts", actor.id, "department_token_end", details, clock.now())


@whole
def authenticate(session: Session, word: str, address: str, now: datetime) -> DepartmentToken:
    """The token of a word, its call counted.

    Raises NoToken, NotAllowed for what is no department's word, or TooMany when it calls too often.
    """
    if not word:
        raise NoToken("请把发给部门的令牌放在 Authorization: Bearer 里。")
    if not word.startswith(PREFIX):
        raise NotAllowed("这个接口只收发给部门的令牌。")
    query = select(DepartmentToken).where(DepartmentToken.token_hash == _digest(word))
    with write(session):
        row = session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if row is None or row.ended_at is not None or row.expires_at <= now:
            raise NoToken(ENDED)
        if row.minute_at is None or now - row.minute_at >= MINUTE:
            row.minute_at, row.calls = now, 0
        if row.calls >= MOST_CALLS:
            raise TooMany(f"这个令牌一分钟最多调用 {MOST_CALLS} 次，请过一分钟再报；一次最多报 500 条。")
        row.calls += 1
        row.last_used_at, row.address = now, address[:45]
    return row


def _digest(word: str) -> str:
    return sha256(word.encode()).hexdigest()
