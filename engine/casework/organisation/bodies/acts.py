"""Entering who acts for a division: one row on the page, or a county's villages as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, Division
from engine.casework.models import Body as Row
from engine.casework.organisation import access, divisions
from engine.casework.organisation.bodies import KINDS, KINDS_OF, SEALS, present
from engine.ground import rows, text
from engine.ground.clock import Clock, local_date
from engine.ground.database import insert_once, whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed

COLUMNS = {
    "place": ("区划代码", "地方", "区划", "路径", "村（社区）", "代码"),
    "kind": ("单位", "单位类别", "类别"),
    "name": ("名称", "单位名称"),
    "word": ("代字", "发文代字"),
    "phone": ("电话", "联系电话"),
    "seal": ("盖章", "印章"),
}
MOST_ROWS = 1000
EDITORS = frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"})
_SERVICE = re.compile(r"\d{3,5}\Z", re.ASCII)  # 12317, 12345, 110
_COLUMNS = ("name", "word", "phone", "seal")


@dataclass(frozen=True)
class Entry:
    """A division's body as it is to be; `seen` is the mark of what was looked at, None for nothing."""

    division_code: str
    kind: str
    name: str = ""
    word: str = ""
    phone: str = ""
    seal: str = "over"
    seen: str | None = None


@dataclass(frozen=True)
class Change:
    """What an entry changes: the place in words, what was and what will be."""

    place: str
    entry: Entry
    before: Mapping[str, str]


def may_edit(actor: Account, code: str) -> bool:
    """Whether the actor enters bodies of the division: who reviews there or above, or its administrator."""
    return access.reaches(actor, code, EDITORS | {access.ACCOUNT_ADMIN})


def may_see(actor: Account, code: str) -> bool:
    """Whether the division lies at or below one of the actor's."""
    return any(access.scope_of(grant.division_code).holds(code) for grant in actor.grants)


def require_seen(actor: Account, code: str) -> None:
    """Raise NotAllowed for a division that is not the actor's."""
    if not may_see(actor, code):
        raise NotAllowed("这个地方不在您的范围内。")


def mark(row: Row | None) -> str:
    """What stands for a row as it is: another one after every change of it, also of the same day."""
    said = [row.id, *(getattr(row, name) for name in _COLUMNS)] if row is not None else []
    return audit.digest(said)[:16]


# -- one row ---------------------------------------------------------------------------------------


@whole
def put(session: Session, actor: Account, entry: Entry, *, clock: Clock) -> None:
    """Enter or change a body. Raises NotAllowed, Invalid with a sentence at each field, or Conflict."""
    now = clock.now()
    with write(session, alone=True):
        _put(session, actor, _clean(session, actor, entry), now)


def _clean(session: Session, actor: Account, entry: Entry) -> Entry:
    """The entry as it is stored. Raises NotAllowed or Invalid."""
    if not may_edit(actor, entry.division_code):
        raise NotAllowed("单位信息由本级或上级的审核审批人员、系统管理员填写。")
    divisions.standing(session, entry.division_code)
    found, faults = read(entry)
    taken = _taken(session, found) if found.word and "word" not in faults else ""
    if taken:
        faults["word"] = [f"代字：{taken}已在用，两个单位的文号会相同。"]
    if faults:
        raise Invalid("单位信息没有保存，请改正。", faults)
    return found


def read(entry: Entry) -> tuple[Entry, dict[str, list[str]]]:
    """The entry as it is stored, and what is wrong with it, by column."""
    faults: dict[str, list[str]] = {}
    name, word = text.line(entry.name), text.line(entry.word)
    typed = text.half(entry.phone)
    phone = text.phone(typed) or (typed if _SERVICE.match(typed) else "")
    if entry.kind not in KINDS_OF[access.level_of(entry.division_code)]:
        faults["kind"] = ["单位：这一级没有这种单位。"]
    if len(name) == 1 or len(name) > 80:
        faults["name"] = ["名称：请写 2 到 80 字；空着按区划名称。"]
    if len(word) > 20 or re.search(r"[\d〔〕\[\]号\s]", word):
        faults["word"] = ["代字：只写文号里“〔”以前的字，如“某乡振”，20 字以内。"]
    if typed and not phone:
        faults["phone"] = ["电话：请填手机号、带区号的座机号，或 12317 这样的服务号码。"]
    if entry.seal not in SEALS:
        faults["seal"] = ["盖章：请选择一种。"]
    return replace(entry, name=name, word=word, phone=phone), faults


def _taken(session: Session, entry: Entry) -> str:
    """Another division that has the same mark: their papers' numbers would be the same."""
    other = select(Division.path).join(Row, Row.division_code == Division.code)
    same = (Row.word == entry.word, Row.valid_to.is_(None), Row.division_code != entry.division_code)
    return session.scalar(other.where(*same).limit(1)) or ""


def _put(session: Session, actor: Account, entry: Entry, now: datetime) -> None:
    key, today = (entry.division_code, entry.kind), local_date(now)
    row = present(session, [entry.division_code], lock=True).get(key)
    if entry.seen is not None and mark(row) != entry.seen:
        raise Conflict(f"这一行刚刚有人改过：{_differences(row, entry)}。请核对后再存。")
    before = {name: getattr(row, name) for name in _COLUMNS} if row else {}
    after = {name: getattr(entry, name) for name in _COLUMNS}
    if before == after:
        return
    if row is not None and row.valid_from == today:
        for name, value in after.items():
            setattr(row, name, value)
        row.set_by, row.set_at = actor.id, now
    else:
        _follow(session, row, entry, actor.id, now)
    details = {"division": entry.division_code, "kind": entry.kind, "before": before, "after": after}
    audit.record(session, "parameters", actor.id, "body", details, now)


_WORDS = {"name": "名称", "word": "代字", "phone": "电话", "seal": "盖章"}


def _differences(row: Row | None, entry: Entry) -> str:
    """What stands there now otherwise than it was typed."""
    there = {name: getattr(row, name) if row is not None else "" for name in _COLUMNS}
    found = [
        f"{_WORDS[name]}现在是“{SEALS.get(value, value) or '空'}”"
        for name, value in there.items()
        if value != getattr(entry, name)
    ]
    return "，".join(found) or "没有不同"


def _follow(session: Session, row: Row | None, entry: Entry, actor_id: int, now: datetime) -> None:
    """The row of before ends today, the new one begins: papers of earlier days are signed as they were."""
    today = local_date(now)
    begins: date | None = None
    if row is not None:
        row.valid_to, begins = today, today
        session.flush()
    new = {name: getattr(entry, name) for name in ("division_code", "kind", *_COLUMNS)}
    if not insert_once(session, Row, {**new, "valid_from": begins, "set_by": actor_id, "set_at": now}):
        raise Conflict("这一行刚才有人改过，请重新打开再填。")


# -- a table ---------------------------------------------------------------------------------------


def pasted(session: Session, actor: Account, under: str, words: str) -> tuple[list[Entry], list[str]]:
    """The entries in a pasted table, and what in it cannot be taken, by row. Raises Invalid for no table."""
    return _entries(session, actor, under, rows.pasted(words, COLUMNS, most=MOST_ROWS))


def sheet(
    session: Session, actor: Account, under: str, body: bytes, filename: str
) -> tuple[list[Entry], list[str]]:
    """As `pasted`, of an Excel or CSV file. Raises Invalid when it cannot be read."""
    return _entries(session, actor, under, rows.read(body, filename, COLUMNS, most=MOST_ROWS))


def as_table(entries: Sequence[Entry]) -> str:
    """The entries as `pasted` reads them, with headings."""
    lines = [[names[0] for names in COLUMNS.values()]]
    lines += [
        [one.division_code, KINDS[one.kind], one.name, one.word, one.phone, SEALS[one.seal]]
        for one in entries
    ]
    return "\n".join("\t".join(line) for line in lines)


def _entries(
    session: Session, actor: Account, under: str, found: Sequence[rows.Row]
) -> tuple[list[Entry], list[str]]:
    require_seen(actor, under)
    places = _places(session, under, {row.cells["place"] for row in found})
    there = present(session, {code for codes in places.values() for code in codes})
    entries: dict[tuple[str, str], Entry] = {}
    faults = []
    for row in found:
        codes = places.get(text.key(row.cells["place"]), ())
        if len(codes) != 1:
            sentence = "有几个同名的地方，请写区划代码" if codes else "这个范围里没有这个地方"
            faults.append(f"第 {row.number} 行“{row.cells['place']}”：{sentence}。")
            continue
        entry, wrong = _entry(codes[0], row.cells, there)
        if (codes[0], entry.kind) in entries:
            wrong = {"place": ["同一单位写了两次。"]}
        faults += [f"第 {row.number} 行：{sentence}" for texts in wrong.values() for sentence in texts]
        entries[codes[0], entry.kind] = entry
    return list(entries.values()), faults


def _entry(
    code: str, cells: Mapping[str, str], there: Mapping[tuple[str, str], Row]
) -> tuple[Entry, dict[str, list[str]]]:
    """The entry of a row; what the row leaves out stays as it is, or is the usual."""
    kinds = {text.key(word): kind for kind, word in KINDS.items()}
    seals = {text.key(word): seal for seal, word in SEALS.items()} | {"不盖章": "none", "盖章处": "line"}
    kind = kinds.get(text.key(cells["kind"]), "") if cells["kind"] else KINDS_OF[access.level_of(code)][0]
    row = there.get((code, kind))
    kept = {name: cells[name] or (getattr(row, name) if row else "") for name in ("name", "word", "phone")}
    usual = row.seal if row else "over"
    seal = seals.get(text.key(cells["seal"]), "") if cells["seal"] else usual
    return read(Entry(code, kind, kept["name"], kept["word"], kept["phone"], seal))


def _places(session: Session, under: str, typed: set[str]) -> dict[str, list[str]]:
    """The codes at and below a division that each text may mean: a code, a path, a name or a short name."""
    query = select(Division.code, Division.name, Division.path).where(
        access.within(Division.code, [access.scope_of(under)]),
        or_(Division.code == under, Division.level.in_(("county", "township", "village"))),
    )
    wanted = {text.key(one) for one in typed}
    found: dict[str, list[str]] = {}
    for code, name, path in session.execute(query):
        spellings = {text.key(one) for one in (code, name, path, divisions.short_name(name))}
        for key in spellings & wanted:
            found.setdefault(key, []).append(code)
    return found


def changes(session: Session, entries: Sequence[Entry]) -> list[Change]:
    """What storing the entries would change, by place; what stays the same is left out."""
    codes = [one.division_code for one in entries]
    there = present(session, codes)
    names = divisions.names(session, codes)
    found = []
    for one in entries:
        row = there.get((one.division_code, one.kind))
        before = {name: getattr(row, name) for name in _COLUMNS} if row else {}
        if before != {name: getattr(one, name) for name in _COLUMNS}:
            found.append(Change(divisions.short_name(names.get(one.division_code, "")), one, before))
    return found


def marks(session: Session, entries: Sequence[Entry], *, lock: bool = False) -> str:
    """What stands for the rows of a table as they are, before it is stored."""
    there = present(session, [one.division_code for one in entries], lock=lock)
    return audit.digest([mark(there.get((one.division_code, one.kind))) for one in entries])


@whole
def put_all(
    session: Session, actor: Account, entries: Sequence[Entry], seen: str | None = None, *, clock: Clock
) -> int:
    """Enter a table, wholly or not at all; answers how many rows changed. Raises as `put`.

    `seen`: the `marks` of the rows as they were looked at; Conflict where one has changed since, for the
    table also says what it leaves as it was.
    """
    now = clock.now()
    with write(session, alone=True):
        if seen and marks(session, entries, lock=True) != seen:
            raise Conflict("预览以后有人改过其中的单位：请核对现在的变化，再保存。")
        changed = changes(session, entries)
        for one in changed:
            _put(session, actor, _clean(session, actor, one.entry), now)
    return len(changed)
