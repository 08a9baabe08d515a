"""Accounts by the thousand: a table is checked whole, confirmed, and worked off in portions.

Nothing is stored of a file but what was checked; what is wrong with a row stops no other row. A portion is
one transaction that notes what became of its rows, so that an import which was cut off goes on where it
stopped and doubles nothing.

Nobody gets a password: codes for a first sign-in are issued for all at once, told once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, AccountImport, AccountImportRow, Division, RoleRequest
from engine.casework.organisation import access, accounts, contacts, divisions
from engine.casework.organisation.identity import passwords, personnel, roles, sessions
from engine.ground import rows, text
from engine.ground.clock import stopwatch
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.sheets import Book

MOST = 20_000
"""Rows of one file."""
PORTION = 200
PATIENCE = 1.5
"""Seconds after which a request begins no further portion and shows the progress."""
AT_ONCE = 500
"""Values that one query asks for."""
HEADINGS = {
    "username": ["账号", "登录名"],
    "name": ["姓名"],
    "division": ["单位区划代码", "单位所在的地方", "单位", "区划代码"],
    "post": ["职务"],
    "phone": ["电话", "手机", "手机号码", "联系电话"],
    "email": ["电子邮件", "邮箱", "电子邮箱"],
    "role": ["角色"],
    "place": ["角色的地方", "角色地方"],
}
EXAMPLE = ("zhangsan", "张三", "（12位区划代码）", "村委会文书", "13800000000", "", "村级经办", "")
STATUS_NAMES = {
    "wrong": "要更正",
    "present": "已有，未改动",
    "pending": "可以导入",
    "done": "已导入",
    "refused": "没有导入",
}
_ROLE_OF_NAME = {text.key(name): role for role, name in access.ROLE_NAMES.items()}
_SPLIT = re.compile("[；;、，,\n]+")


# -- reading and checking --------------------------------------------------------------------------


@dataclass
class _Line:
    """An account of the file: its first row, and the roles of all its rows."""

    number: int
    cells: Mapping[str, str]
    username: str | None
    wishes: list[tuple[str, str]] = field(default_factory=list)
    """Role and place as they are written."""
    faults: list[str] = field(default_factory=list)
    typed: list[rows.Row] = field(default_factory=list)
    """All its rows, to be given back as they are."""


def begin(session: Session, actor: Account, body: bytes, filename: str, now: datetime) -> AccountImport:
    """Read and check a file; nothing is added yet. Raises Invalid for a file that cannot be read."""
    access.require_role(actor, access.ACCOUNT_ADMIN)
    lines = _grouped(rows.read(body, filename, HEADINGS, most=MOST))
    checked = [_row(line, one) for line, one in zip(lines, _checked(session, actor, lines), strict=True)]
    with write(session):
        found = AccountImport(
            account_id=actor.id,
            at=now,
            filename=text.line(filename)[:200],
            sha256=sha256(body).hexdigest(),
            total=len(checked),
        )
        session.add(found)
        session.flush()
        if checked:
            session.execute(insert(AccountImportRow), [{"import_id": found.id, **row} for row in checked])
    return found


def _grouped(table: Iterable[rows.Row]) -> list[_Line]:
    """Rows of one account together: further rows bring further roles."""
    lines: dict[str, _Line] = {}
    for row in table:
        cells = row.cells
        username = personnel.read_username(cells["username"])
        key = username or f"#{row.number}"
        line = lines.setdefault(key, _Line(row.number, cells, username))
        line.typed.append(row)
        for name in ("name", "division", "phone"):
            if cells[name] and text.key(cells[name]) != text.key(line.cells[name]):
                line.faults.append(f"第 {row.number} 行同一账号的{HEADINGS[name][0]}不一样")
        line.wishes += [(role, cells["place"]) for role in _SPLIT.split(cells["role"]) if role.strip()]
    return list(lines.values())


@dataclass(frozen=True)
class _Known:
    """What the database says of everything that the file names."""

    present: frozenset[str]
    """Usernames that there are."""
    places: Mapping[str, Sequence[str]]
    """By code, path or name as it was typed: the codes that it means."""


def _checked(session: Session, actor: Account, lines: Sequence[_Line]) -> Iterator[dict[str, Any]]:
    """What each line says in our terms; its faults are noted with it."""
    named = {line.cells["division"] for line in lines} | {place for line in lines for _, place in line.wishes}
    known = _Known(
        frozenset(_found(session, select(Account.username), Account.username, [n.username for n in lines])),
        divisions.meant(session, named - {""}),
    )
    for line in lines:
        yield _read(actor, line, known)


def _found(session: Session, query: Any, column: Any, values: Iterable[str | None]) -> Iterator[Any]:
    wanted = sorted({value for value in values if value})
    for start in range(0, len(wanted), AT_ONCE):
        yield from session.scalars(query.where(column.in_(wanted[start : start + AT_ONCE])))


def _read(actor: Account, line: _Line, known: _Known) -> dict[str, Any]:
    cells, faults = line.cells, line.faults
    if line.username is None:
        faults.append(f"账号“{cells['username'][:40]}”不行：{personnel.NO_USERNAME}")
    name, post = text.line(cells["name"]), text.line(cells["post"])
    if not name or len(name) > 40:
        faults.append("没有姓名" if not name else "姓名超过 40 个字")
    if len(post) > 80:
        faults.append("职务超过 80 个字")
    phone, email = contacts.phone(cells["phone"]), contacts.email(cells["email"])
    if phone is None:
        faults.append(f"“{cells['phone'][:40]}”不是电话号码")
    if email is None:
        faults.append(f"“{cells['email'][:60]}”不是电子邮件地址")
    unit = _place(actor, cells["division"], known, faults)
    return {
        "username": line.username,
        "name": name,
        "division_code": unit,
        "post": post,
        "phone": phone or "",
        "email": email or "",
        "roles": _roles(actor, line, unit, known),
        "present": line.username in known.present,
    }


def _place(actor: Account, typed: str, known: _Known, faults: list[str]) -> str:
    """The code of a place; '' with a fault where there is none, several, or one out of reach."""
    codes = known.places.get(typed, [])
    if not typed:
        faults.append("没有单位所在的地方")
    elif not codes:
        faults.append(f"没有“{typed[:60]}”这个地方：请填 12 位区划代码或全路径")
    elif len(codes) > 1:
        faults.append(f"有 {len(codes)} 个“{typed[:60]}”：请填 12 位区划代码")
    elif not access.reaches(actor, codes[0], frozenset({access.ACCOUNT_ADMIN})):
        faults.append(f"“{typed[:60]}”不归您管")
    else:
        return codes[0]
    return ""


def _roles(actor: Account, line: _Line, unit: str, known: _Known) -> list[list[str]]:
    found: dict[tuple[str, str], None] = {}
    for typed, where in line.wishes:
        role = _ROLE_OF_NAME.get(text.key(typed)) or (typed if typed in access.ROLE_NAMES else None)
        if role is None:
            line.faults.append(f"没有“{typed.strip()[:40]}”这个角色")
            continue
        place = _place(actor, where, known, line.faults) if where else unit
        if place and (problem := roles.misplaced(role, place)):
            line.faults.append(problem.rstrip("。"))
        found[role, place] = None
    try:
        accounts.require_unmixed({role for role, _ in found})
    except Conflict as error:
        line.faults.append(error.message.rstrip("。"))
    return [list(one) for one in found]


def _row(line: _Line, said: dict[str, Any]) -> dict[str, Any]:
    """How a line is kept."""
    present = said.pop("present")
    status = "wrong" if line.faults else "present" if present else "pending"
    fault = "；".join(dict.fromkeys(line.faults))
    typed = [[row.number, [row.cells[name] for name in HEADINGS]] for row in line.typed]
    return {"number": line.number, "data": {**said, "typed": typed}, "fault": fault[:400], "status": status}


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
        wishes += [_request(account.id, wish, actor.id, found.id, now) for wish in _wished(row.data)]
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
    places = {str(data["division_code"]), *(place for _, place in _wished(data))}
    return all(access.reaches(actor, place, frozenset({access.ACCOUNT_ADMIN})) for place in places)


def _account(data: Mapping[str, Any], now: datetime) -> Account:
    told = {name: data[name] for name in ("username", "name", "division_code", "post", "phone", "email")}
    return Account(password_hash=passwords.NONE, must_change=True, created_at=now, **told)


def _wished(data: Mapping[str, Any]) -> list[list[str]]:
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


# -- codes and files -------------------------------------------------------------------------------


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
            personnel.give_code(account, codes[account.id], now)
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
        and personnel.may_be_given_a_code(account)
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


def template() -> bytes:
    """An empty table with its headings, an example and what each column means."""
    book = Book()
    sheet = book.sheet("账号")
    sheet.head(0, [names[0] for names in HEADINGS.values()], book.heading)
    sheet.widths(0, 7, 18)
    notes = book.sheet("说明")
    notes.widths(0, 0, 90, book.wrap)
    for number, words in enumerate(
        (
            "每行一个账号。同一账号有几处角色的，再写几行，账号相同；或者在“角色”里用“；”分开。",
            "账号：2 到 32 个字母、数字、点、横线或下划线。",
            "单位区划代码：12 位代码，或者全路径，如“某市某县某镇某村村民委员会”。整列请设为文本。",
            f"角色：{'、'.join(access.ROLE_NAMES.values())}。由安全管理员同意后才有。",
            "角色的地方：留空就是单位所在的地方。",
            f"例：{'　'.join(word or '（空）' for word in EXAMPLE)}",
        )
    ):
        notes.cell(number, 0, words, book.wrap)
    return book.bytes()


def faults(session: Session, actor: Account, import_id: int) -> bytes:
    """The rows that were not let in, as they were typed, with what is wrong with each: to be mended and sent
    again.
    """
    found = get(session, actor, import_id)
    book = Book()
    sheet = book.sheet("账号")
    sheet.head(0, [*(names[0] for names in HEADINGS.values()), "哪里不对", "原来第几行"], book.heading)
    sheet.widths(0, 7, 16)
    sheet.widths(8, 8, 60)
    page = listed(session, found, ("wrong", "refused", "present"), 1, MOST)
    lines = [line for row in page.items for line in _given_back(row)]
    for number, line in enumerate(lines, 1):
        sheet.row(number, line)
    return book.bytes()


def _given_back(row: AccountImportRow) -> list[list[str | int]]:
    """The lines of an account's row, what is wrong with it said at each."""
    typed: Any = row.data.get("typed")
    if typed is None:  # checked before what was typed was kept
        return [_cells(row)]
    fault = row.fault or STATUS_NAMES[row.status]
    return [[*cells, fault, number] for number, cells in typed]


def _cells(row: AccountImportRow) -> list[str | int]:
    data = row.data
    wishes = _wished(data)
    told = [str(data[name] or "") for name in ("username", "name", "division_code", "post", "phone", "email")]
    named = "；".join(access.ROLE_NAMES[role] for role, _ in wishes)
    places = {place for _, place in wishes}
    return [
        *told,
        named,
        places.pop() if len(places) == 1 else "",
        row.fault or STATUS_NAMES[row.status],
        row.number,
    ]
