"""The people of a place and their accounts, as a system administrator looks after them.

Names, units, phones; disabling, enabling, unlocking; first codes and new ones; ends of sessions and tokens.
Roles are the security administrator's (`roles`). Whoever works here sees no household.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, RoleGrant, RoleRequest
from engine.casework.organisation import access, accounts, divisions
from engine.casework.organisation.contacts import read_contacts
from engine.casework.organisation.identity import passwords, roles, safeguards, sessions, sign_in
from engine.casework.organisation.privacy import mask_email, mask_phone
from engine.ground import text
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
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
FIELDS = {
    "name": "姓名",
    "division_code": "单位",
    "post": "职务",
    "phone": "电话",
    "email": "电子邮件",
}
_SAID = {name: "division" if name == "division_code" else name for name in FIELDS}
"""What a field is called in lines of the log."""
_USERNAME = re.compile(r"[a-z0-9._\-]{2,32}\Z", re.ASCII)
NO_USERNAME = "账号用 2 到 32 个字母、数字、点、横线或下划线。"
_READERS = frozenset({access.ACCOUNT_ADMIN, access.SECURITY_ADMIN})
_APART = frozenset({access.SECURITY_ADMIN, access.AUDIT_ADMIN})
NOT_RESET = "安全管理员、审计管理员的密码不由系统管理员重置：请在服务器上恢复账号。"


# -- the list --------------------------------------------------------------------------------------


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
    placed = access.within(Account.division_code, access.scopes(actor, _READERS))
    everywhere = any(access.has_everywhere(actor, role) for role in _READERS)
    return or_(placed, Account.division_code == "") if everywhere else placed


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


# -- adding and changing ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """What is written down of a person."""

    name: str
    division_code: str
    post: str
    phone: str
    email: str


def read_person(session: Session, actor: Account, typed: Mapping[str, str]) -> Person:
    """What a form says of a person. Raises Invalid with all sentences at their fields."""
    wrong: dict[str, list[str]] = {}
    contacts = {"phone": "", "email": ""}
    try:
        contacts = read_contacts(typed)
    except Invalid as error:
        wrong.update(error.fields)
    name, post = text.line(typed.get("name", "")), text.line(typed.get("post", ""))
    if not name or len(name) > 40:
        wrong["name"] = ["请填姓名，最多 40 个字。"]
    if len(post) > 80:
        wrong["post"] = ["职务最多 80 个字。"]
    code = _unit(session, actor, typed.get("division_code", ""), wrong)
    if wrong:
        raise Invalid("有内容需要更正，还没有保存。", wrong)
    return Person(name, code, post, contacts["phone"], contacts["email"])


def _unit(session: Session, actor: Account, typed: str, wrong: dict[str, list[str]]) -> str:
    """The code of the unit that was written; '' with what is wrong with it."""
    try:
        code = divisions.one_meant(session, typed)
    except Invalid as error:
        wrong["division_code"] = [error.message]
        return ""
    if not access.reaches(actor, code, frozenset({access.ACCOUNT_ADMIN})):
        wrong["division_code"] = ["这个地方不归您管。"]
    return code


def read_username(typed: str) -> str | None:
    """The username that was typed, in its one form; None for what cannot be one."""
    found = text.username(typed[:200])
    return found if _USERNAME.match(found) else None


def add(
    session: Session, actor: Account, typed: Mapping[str, str], wish: roles.Wish | None, now: datetime
) -> tuple[Account, str]:
    """Add an account, with a role asked for; answers the code for its first sign-in, told once.

    Raises Invalid with the sentences at their fields; Conflict for a name that is taken.
    """
    access.require_role(actor, access.ACCOUNT_ADMIN)
    username = read_username(typed.get("username", ""))
    wrong = {} if username else {"username": [NO_USERNAME]}
    person = _all_or_raise(wrong, session, actor, typed)
    assert username is not None
    if wish is not None:
        wish = roles.checked(session, actor, wish)
    code = passwords.new_code()
    with write(session):
        account = _put_new(session, username, person, now)
        give_code(account, code, now)
        audit.record(session, "accounts", actor.id, "account_added", said(account), now)
        if wish is not None:
            roles.put(session, actor, account, wish, now)
    return account, code


def _put_new(session: Session, username: str, person: Person, now: datetime) -> Account:
    """As `put`. Raises Invalid for a name that is taken, also by somebody at this very moment."""
    taken = f"账号“{username}”已经存在。"
    if accounts.named(session, username) is not None:
        raise Invalid(taken, {"username": [taken]})
    try:
        return put(session, username, person, now)
    except (Conflict, IntegrityError) as error:
        raise Invalid(taken, {"username": [taken]}) from error


def _all_or_raise(
    wrong: dict[str, list[str]], session: Session, actor: Account, typed: Mapping[str, str]
) -> Person:
    try:
        person = read_person(session, actor, typed)
    except Invalid as error:
        raise Invalid(error.message, {**wrong, **error.fields}) from error
    if wrong:
        raise Invalid("有内容需要更正，还没有保存。", wrong)
    return person


def put(session: Session, username: str, person: Person, now: datetime) -> Account:
    """A new account without a password; inside a write transaction."""
    account = accounts.create(
        session,
        username,
        person.name,
        passwords.NONE,
        now,
        post=person.post,
        phone=person.phone,
        division_code=person.division_code,
    )
    account.email = person.email
    return account


def said(account: Account) -> dict[str, object]:
    """What the log says of an account: phone and e-mail masked (§7.2); a change is told even where two masks
    are alike.
    """
    return {
        "account": account.id,
        "username": account.username,
        "name": account.name,
        "division": account.division_code,
        "post": account.post,
        "phone": mask_phone(account.phone),
        "email": mask_email(account.email),
    }


@whole
def edit(
    session: Session, actor: Account, account_id: int, typed: Mapping[str, str], now: datetime
) -> Account:
    """Change name, unit, post, phone, e-mail. `typed` holds the revision that was on the page.

    Raises Conflict when somebody changed the account since: what they changed is said, nothing is stored.
    """
    roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
    person = read_person(session, actor, typed)
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        session.refresh(account, with_for_update=True)
        based_on = text.whole(typed.get("revision", ""))
        if based_on != account.revision:
            differences = [
                f"{FIELDS[name]}现在是“{getattr(account, name) or '空'}”"
                for name in FIELDS
                if getattr(account, name) != getattr(person, name)
            ]
            raise Conflict(
                f"{account.name}的账号刚刚有人改过：{'，'.join(differences) or '没有不同'}。请核对后再存。"
            )
        before = said(account)
        touched = {name for name in FIELDS if getattr(account, name) != getattr(person, name)}
        for name in FIELDS:
            setattr(account, name, getattr(person, name))
        account.name_key, account.revision = text.key(account.name)[:80], account.revision + 1
        session.flush()
        if not roles.reaches(actor, account, access.ACCOUNT_ADMIN):
            raise Invalid("这个地方不归您管。", {"division_code": ["这个地方不归您管。"]})
        after = said(account)
        changed = {
            _SAID[name]: [before[_SAID[name]], after[_SAID[name]]] for name in FIELDS if name in touched
        }
        audit.record(
            session, "accounts", actor.id, "account_changed", {"account": account.id, **changed}, now
        )
    return account


# -- who may sign in -------------------------------------------------------------------------------


def give_code(account: Account, code: str, now: datetime) -> None:
    """A code for a first sign-in; an earlier one counts no longer."""
    account.code_hash, account.code_until = passwords.code_digest(code), now + passwords.CODE_LIFE
    account.must_change = True


def may_be_given_a_code(account: Account) -> bool:
    """Whether a system administrator may be told a way into the account: not into the ones of those who watch
    the system administrators (三员分立), for whom `rescue` is there.
    """
    return not any(grant.role in _APART for grant in account.grants)


@whole
def reset(session: Session, actor: Account, account_id: int, now: datetime) -> tuple[Account, str]:
    """Void the password, end sessions and tokens; answers a code for the next sign-in, told once.

    Raises Conflict for a disabled account, NotAllowed for one of a security or audit administrator.
    """
    code = passwords.new_code()
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        roles.lock(session, account)
        session.refresh(account)
        if not may_be_given_a_code(account):
            raise NotAllowed(NOT_RESET)
        if not account.active:
            raise Conflict("账号已停用：请先启用，再重置密码。")
        account.password_hash = passwords.NONE
        give_code(account, code, now)
        _end(session, account, "reset", now)
        sign_in.unlock(session, account)
        audit.record(session, "accounts", actor.id, "reset", {"account": account.id}, now)
    return account, code


def _end(session: Session, account: Account, why: str, now: datetime) -> tuple[int, int]:
    return sessions.end_all(session, account, why, now), accounts.end_tokens(session, account.id, now)


@whole
def unlock(
    session: Session, actor: Account, account_id: int, now: datetime
) -> tuple[bool, list[tuple[str, datetime]]]:
    """Open the gates that wrong passwords have closed. Answers whether there were any, and the addresses
    that stay closed to every name, each with until when.
    """
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        addresses = sign_in.addresses_closed(session, account, now)
        opened = sign_in.unlock(session, account)
        audit.record(session, "accounts", actor.id, "unlocked", {"account": account.id}, now)
    return bool(opened), addresses


@whole
def end_sessions(session: Session, actor: Account, account_id: int, now: datetime) -> tuple[int, int]:
    """End all sessions and tokens; answers how many of each there were."""
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        ended = _end(session, account, "ended", now)
        data = {"account": account.id, "sessions": ended[0], "tokens": ended[1]}
        audit.record(session, "accounts", actor.id, "sessions_ended", data, now)
    return ended


@whole
def disable(session: Session, actor: Account, account_id: int, reason: str, now: datetime) -> Account:
    """Nobody signs in with the account any more; its roles stay on record. Raises Conflict for the last
    administrator, Invalid without a reason.
    """
    reason = text.line(reason)[:200]
    if not reason:
        raise Invalid("请写明停用的原因。", {"reason": ["请写明停用的原因。"]})
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        roles.require_another(session, account, account.grants)
        session.refresh(account, with_for_update=True)
        if not account.active:
            raise Conflict("这个账号已经停用。")
        account.active, account.disabled_at, account.disabled_by = False, now, actor.id
        account.disabled_reason, account.code_hash, account.code_until = reason, "", None
        account.revision += 1
        _end(session, account, "disabled", now)
        data = {"account": account.id, "reason": reason}
        audit.record(session, "accounts", actor.id, "disabled", data, now)
    return account


@whole
def enable(session: Session, actor: Account, account_id: int, now: datetime) -> Account:
    """The account may be signed in with again: with the password that it had, or after a reset.

    It gives nobody else a way in: the code that there was went as the account was disabled.
    """
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        session.execute(
            update(Account)
            .where(Account.id == account.id)
            .values(active=True, disabled_at=None, disabled_by=None, disabled_reason="")
        )
        session.refresh(account)
        account.revision += 1
        audit.record(session, "accounts", actor.id, "enabled", {"account": account.id}, now)
    return account


def rescue(session: Session, username: str, now: datetime) -> tuple[Account, str]:
    """On the machine itself, when no administrator can sign in: the account is active, its gates are
    open, and a code leads in. Raises NotFound.
    """
    code = passwords.new_code()
    with write(session):
        account = accounts.named(session, username)
        if account is None:
            raise NotFound(f"没有账号“{username}”。")
        account.active, account.disabled_at, account.disabled_reason = True, None, ""
        account.password_hash = passwords.NONE
        give_code(account, code, now)
        _end(session, account, "reset", now)
        sign_in.unlock(session, account)
        audit.record(session, "accounts", None, "rescued", {"account": account.id}, now)
    return account, code
