"""A table of accounts is read and checked whole; nothing is added yet.

Nothing is stored of a file but what was checked; what is wrong with a row stops no other row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, AccountImport, AccountImportRow
from engine.casework.organisation import access, accounts, contacts, divisions
from engine.casework.organisation.identity import personnel, roles
from engine.casework.organisation.identity.roster.tables import HEADINGS, MOST
from engine.ground import rows, text
from engine.ground.database import write
from engine.ground.errors import Conflict

AT_ONCE = 500
"""Values that one query asks for."""
_ROLE_OF_NAME = {text.key(name): role for role, name in access.ROLE_NAMES.items()}
_SPLIT = re.compile("[；;、，,\n]+")


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
