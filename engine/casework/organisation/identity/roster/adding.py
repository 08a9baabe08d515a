"""The accounts of a table that was checked are added in portions, and their roles asked for.

A portion is one transaction that notes what became of its rows, so that an import which was cut off goes on
where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, AccountImport, AccountImportRow, RoleRequest
from engine.casework.organisation import access
from engine.casework.organisation.identity import passwords
from engine.ground.clock import stopwatch
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotFound
from engine.ground.paging import Page, page_of

PORTION = 200
PATIENCE = 1.5
"""Seconds after which a request begins no further portion and shows the progress."""
STATUS_NAMES = {
    "wrong": "要更正",
    "present": "已有，未改动",
    "pending": "可以导入",
    "done": "已导入",
    "refused": "没有导入",
}


# -- working it off --------------------------------------------------------------------------------


def get(session: Session, actor: Account, import_id: int) -> AccountImport:
    """One's own import. Raises NotFound."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    found = session.get(AccountImport, import_id)
    if found is None or found.account_id != actor.id:
        raise NotFound("没有找到这次导入。")
    return found


def latest(session: Session, actor: Account) -> list[AccountImport]:
    """One's own last imports."""
    query = select(AccountImport).where(AccountImport.account_id == actor.id)
    return list(session.scalars(query.order_by(AccountImport.id.desc()).limit(5)))


def counts(session: Session, found: AccountImport) -> dict[str, int]:
    """How many accounts of the file are in each status."""
    mine = AccountImportRow.import_id == found.id
    query = select(AccountImportRow.status, func.count()).where(mine).group_by(AccountImportRow.status)
    return {**dict.fromkeys(STATUS_NAMES, 0), **{row[0]: row[1] for row in session.execute(query)}}


def listed(
    session: Session, found: AccountImport, statuses: Sequence[str], page: int, size: int = 50
) -> Page[AccountImportRow]:
    """Accounts of the file in some statuses, in the order of the file."""
    mine = AccountImportRow.import_id == found.id
    query = select(AccountImportRow).where(mine, AccountImportRow.status.in_(statuses))
    return page_of(session, query, query.order_by(AccountImportRow.number), page, size)


def confirm(session: Session, actor: Account, import_id: int) -> None:
    """Let the good rows in: `go_on` works them off."""
    _move(session, get(session, actor, import_id), ("ready",), "running", "这次导入已经确认过。")


def cancel(session: Session, actor: Account, import_id: int) -> None:
    """Stop; what is in stays in."""
    _move(session, get(session, actor, import_id), ("ready", "running"), "cancelled", "这次导入已经结束。")


@whole
def _move(session: Session, found: AccountImport, before: Sequence[str], after: str, otherwise: str) -> None:
    with write(session):
        session.refresh(found, with_for_update=True)
        if found.status not in before:
            raise Conflict(otherwise)
        found.status = after


def go_on(session: Session, actor: Account, import_id: int, now: datetime) -> AccountImport:
    """Work off what one request may."""
    found, elapsed = get(session, actor, import_id), stopwatch()
    while _more(session, actor, found, now) and elapsed() < PATIENCE:
        continue
    return found


def _more(session: Session, actor: Account, found: AccountImport, now: datetime) -> bool:
    """As `_portion`; where somebody adds one of its accounts at this very moment, it is done again and sees
    it.

    Raises Conflict where that happens twice: nothing of the portion is in, the next request goes on.
    """
    try:
        return _portion(session, actor, found, now)
    except IntegrityError:
        pass
    try:
        return _portion(session, actor, found, now)
    except IntegrityError as error:
        raise Conflict("别人正在添加同样的账号：请再接着导入。") from error


@whole
def _portion(session: Session, actor: Account, found: AccountImport, now: datetime) -> bool:
    """Add a few accounts and ask for their roles; answers whether there are more."""
    with write(session):
        session.refresh(found, with_for_update=True)
        if found.status != "running":
            return False
        mine = (AccountImportRow.import_id == found.id, AccountImportRow.status == "pending")
        query = select(AccountImportRow).where(*mine).order_by(AccountImportRow.number)
        waiting = list(session.scalars(query.limit(PORTION)))
        if waiting:
            _add(session, actor, found, waiting, now)
        if len(waiting) < PORTION:
            found.status = "done"
        return found.status == "running"


def _add(
    session: Session, actor: Account, found: AccountImport, waiting: Sequence[AccountImportRow], now: datetime
) -> None:
    usernames = [str(row.data["username"]) for row in waiting]
    taken = set(session.scalars(select(Account.username).where(Account.username.in_(usernames))))
    for row in waiting:
        if row.data["username"] in taken:
            row.status, row.fault = "refused", "别人刚刚添加了这个账号"
        elif not _in_reach(actor, row.data):
            row.status, row.fault = "refused", "这个地方已不归您管"
    fresh = [row for row in waiting if row.status == "pending"]
    people = [_account(row.data, now) for row in fresh]
    session.add_all(people)
    session.flush()
    wishes = []
    for row, account in zip(fresh, people, strict=True):
        row.status, row.added_id = "done", account.id
        wishes += [_request(account.id, wish, actor.id, found.id, now) for wish in wished(row.data)]
    if wishes:
        session.execute(insert(RoleRequest), wishes)
    data = {
        "import": found.id,
        "sha256": found.sha256,
        "accounts": [account.username for account in people],
        "roles": len(wishes),
    }
    audit.record(session, "accounts", actor.id, "accounts_imported", data, now)


def _in_reach(actor: Account, data: Mapping[str, Any]) -> bool:
    """Whether all places of a row are the actor's now; they were when the file was checked."""
    places = {str(data["division_code"]), *(place for _, place in wished(data))}
    return all(access.reaches(actor, place, frozenset({access.ACCOUNT_ADMIN})) for place in places)


def _account(data: Mapping[str, Any], now: datetime) -> Account:
    told = {name: data[name] for name in ("username", "name", "division_code", "post", "phone", "email")}
    return Account(password_hash=passwords.NONE, must_change=True, created_at=now, **told)


def wished(data: Mapping[str, Any]) -> list[list[str]]:
    return list(data["roles"])


def _request(
    account_id: int, wish: Sequence[str], asked_by: int, import_id: int, now: datetime
) -> dict[str, Any]:
    role, place = wish
    return {
        "account_id": account_id,
        "role": role,
        "division_code": place,
        "act": "add",
        "asked_by": asked_by,
        "asked_at": now,
        "import_id": import_id,
    }
