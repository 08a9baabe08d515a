"""Codes for the first sign-in of the accounts that a table brought, once, as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, AccountImport, AccountImportRow, Division
from engine.casework.organisation import access
from engine.casework.organisation.identity import admitting, passwords, roles, sessions
from engine.casework.organisation.identity.roster.adding import get
from engine.ground.database import whole, write
from engine.ground.errors import Conflict
from engine.ground.sheets import Book


@whole
def issue_codes(session: Session, actor: Account, import_id: int, now: datetime) -> bytes:
    """Codes for the first sign-in of all accounts of the import that have no password yet: an Excel file,
    made once. A second one voids the first, and ends what was begun with it. Raises Conflict when nobody
    waits for one.
    """
    found = get(session, actor, import_id)
    with write(session):
        waiting = _without_password(session, found)
        people = [one for one in waiting if _may_get_a_code(actor, one[0])]
        if not people:
            raise Conflict(
                "没有可以发码的账号：这次导入的人都已设定密码，不用再发码；或者已不归您管，"
                "或是安全、审计管理员。"
                if waiting
                else "这次导入的人都已设定密码，不用再发码。"
            )
        codes = {account.id: passwords.new_code() for account, _ in people}
        sessions.end_of(session, [account for account, _ in people if account.code_hash], "reset", now)
        for account, _ in people:
            admitting.give_code(account, codes[account.id], now)
        said = {"import": found.id, "accounts": len(codes)}
        audit.record(session, "accounts", actor.id, "codes", said, now)
    return _codes_book(people, codes, len(waiting) - len(people))


def _without_password(session: Session, found: AccountImport) -> list[tuple[Account, str]]:
    """The accounts of the import that nobody has set a password for, locked, with the paths of their
    units.
    """
    query = (
        select(Account, Division.path)
        .join(AccountImportRow, AccountImportRow.added_id == Account.id)
        .outerjoin(Division, Division.code == Account.division_code)
        .where(AccountImportRow.import_id == found.id, Account.active)
        .where(Account.password_hash == passwords.NONE)
        .order_by(Account.division_code, Account.id)
        .with_for_update(of=Account)
    )
    rows_found = session.execute(query.execution_options(populate_existing=True))
    return [(row[0], row[1] or "") for row in rows_found]


def _may_get_a_code(actor: Account, account: Account) -> bool:
    """Whether the account is still the actor's to look after: since the import it may have got roles
    elsewhere, or have moved; it may be the actor's own, or one that watches the actor.
    """
    return (
        account.id != actor.id
        and roles.reaches(actor, account, access.ACCOUNT_ADMIN)
        and admitting.may_be_given_a_code(account)
    )


def _codes_book(people: Sequence[tuple[Account, str]], codes: Mapping[int, str], without: int) -> bytes:
    """`without`: how many of the import get no code from the actor."""
    book = Book()
    sheet = book.sheet("首次登录码")
    sheet.head(0, ["单位", "姓名", "账号", "首次登录码", "电话"], book.heading)
    sheet.widths(0, 0, 40)
    sheet.widths(1, 4, 18)
    for number, (account, path) in enumerate(people, 1):
        sheet.row(number, [path, account.name, account.username, codes[account.id], account.phone])
    if without:
        words = f"另有 {without} 个账号没有发码：已不归您管，或是安全、审计管理员。"
        sheet.row(len(people) + 1, [words])
    return book.bytes()
