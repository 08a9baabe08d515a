"""Which accounts a system administrator looks after, found by name, unit and state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, RoleGrant, RoleRequest
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import safeguards, sign_in
from engine.ground import text
from engine.ground.paging import Page, page_of
from engine.ground.tables import begins

STATES = {
    "active": "可以登录",
    "disabled": "已停用",
    "closed": "输错过多，锁着",
    "code": "还没有登录过",
    "waiting": "有角色待授权",
    "without": "没有角色",
    "unplaced": "没有单位",
}
SINCE = {"30": "30 天没有登录", "90": "90 天没有登录", "180": "180 天没有登录", "never": "从没登录过"}
_READERS = frozenset({access.ACCOUNT_ADMIN, access.SECURITY_ADMIN})


@dataclass(frozen=True)
class Wanted:
    """Which accounts a list shows."""

    text: str = ""
    division: str = ""
    role: str = ""
    state: str = ""
    since: str = ""
    page: int = 1


def listing(session: Session, actor: Account, wanted: Wanted, now: datetime) -> Page[Account]:
    """The accounts in the actor's reach, by unit, whose name, username or whole phone was looked for."""
    access.require_role(actor, *_READERS)
    query = select(Account).where(_in_reach(actor))
    if wanted.division:
        query = query.where(access.within(Account.division_code, [access.scope_of(wanted.division)]))
    if wanted.text:
        query = query.where(_named(wanted.text))
    if wanted.role:
        query = query.where(_holds(RoleGrant.role == wanted.role))
    if wanted.state == "closed":
        query = query.where(sign_in.locked_out(safeguards.current(session), now))
    query = _in_state(_since(query, wanted.since, now), wanted.state)
    return page_of(session, query, query.order_by(Account.division_code, Account.id), wanted.page)


def _in_reach(actor: Account) -> ColumnElement[bool]:
    """SQL: accounts whose unit lies in the actor's reach; those without a unit are the province's."""
    reach = access.scopes(actor, _READERS)
    if any(access.has_everywhere(actor, role) for role in _READERS):  # no code lies outside the province
        return Account.division_code <= max(one.high for one in reach)
    return access.within(Account.division_code, reach)


def standing(account: Account, now: datetime) -> str:
    """Whether somebody can sign in with the account, in a word."""
    if not account.active:
        return "已停用"
    if accounts.is_usable(account):
        return "待改密码" if account.must_change else "可以登录"
    if account.code_hash and account.code_until is not None and account.code_until > now:
        return "等首次登录"
    return "登录码已过期" if account.code_hash else "还没有发码"


def _named(typed: str) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [
        begins(Account.username, text.username(typed)),
        begins(Account.name_key, text.key(typed)[:80]),
    ]
    if number := text.phone(typed):
        found.append(Account.phone == number)
    return or_(*found)


def _holds(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(RoleGrant.account_id == Account.id, condition)


def _since(query: Select[Account], since: str, now: datetime) -> Select[Account]:
    if since == "never":
        return query.where(Account.last_sign_in_at.is_(None))
    if since in SINCE:
        before = now - timedelta(days=int(since))
        return query.where(or_(Account.last_sign_in_at < before, Account.last_sign_in_at.is_(None)))
    return query


def _in_state(query: Select[Account], state: str) -> Select[Account]:
    conditions = {
        "active": accounts.usable(),
        "disabled": ~Account.active,
        "code": and_(Account.active, ~accounts.usable()),
        "waiting": exists().where(RoleRequest.account_id == Account.id, RoleRequest.status == "waiting"),
        "without": ~exists().where(RoleGrant.account_id == Account.id),
        "unplaced": Account.division_code == "",
    }
    return query.where(conditions[state]) if state in conditions else query
