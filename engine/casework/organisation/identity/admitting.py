"""Who may sign in: first codes and new ones, unlocking, disabling, the end of sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import passwords, roles, sessions, sign_in
from engine.ground import text
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound

_APART = frozenset({access.SECURITY_ADMIN, access.AUDIT_ADMIN})
NOT_RESET = "安全管理员、审计管理员的密码不由系统管理员重置：请在服务器上恢复账号。"


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
