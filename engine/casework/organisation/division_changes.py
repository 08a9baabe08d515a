"""A new list of divisions against the one there is: what is new, renamed, moved, gone, and what hangs on it.

A code may pass to another place, and a place to another code: neither is guessed. The list says with
``formerly`` where a place was before; until it does, a division that vanished with households, cases or
accounts on it, or whose code now names what sounds like another place, is refused, with what hangs on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, UniqueConstraint, case, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import (
    Account,
    Body,
    CaseFile,
    Division,
    DivisionCode,
    RoleGrant,
    SupervisionOrder,
    WorkItem,
)
from engine.casework.organisation import access, divisions
from engine.casework.organisation.divisions import Row
from engine.ground.database import whole, write
from engine.ground.errors import Invalid
from engine.ground.tables import Base

COLUMNS = (
    "village_code",
    "township_code",
    "division_code",
    "place_code",
    "county_code",
    "from_code",
    "to_code",
)
"""What columns that hold a division's code are called, in every table."""
PORTION = 200
"""Codes in one statement."""
_APART = {"division", "division_code", "figure", "figure_mark"}
"""Divisions are changed one by one; figures are what was counted then, where it was counted."""
_COMMON = re.compile(r"村民委员会|居民委员会|村委会|居委会|办事处|街道|社区|[村乡镇县市区]")


@dataclass(frozen=True)
class Weight:
    """What hangs on a division."""

    households: int = 0
    cases: int = 0
    accounts: int = 0

    def __bool__(self) -> bool:
        return bool(self.households or self.cases or self.accounts)

    def __str__(self) -> str:
        parts = ((self.households, "户"), (self.cases, "件在办事项"), (self.accounts, "个账号或角色"))
        return "、".join(f"{count} {words}" for count, words in parts if count)


@dataclass(frozen=True)
class Change:
    """A division that is otherwise on the new list."""

    code: str
    before: str
    name: str
    former_name: str
    weight: Weight

    def __str__(self) -> str:
        moved = f"{self.before} → {self.code} " if self.before != self.code else f"{self.code} "
        name = self.name if self.name == self.former_name else f"{self.former_name} → {self.name}"
        return f"{moved}{name}" + (f"（{self.weight}一并改）" if self.weight else "")


@dataclass
class Plan:
    """What a list would change, and why it may not yet."""

    rows: Sequence[Row]
    edition: date
    new: list[str] = field(default_factory=list)
    renamed: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def only_new(self) -> bool:
        """Whether nothing that is there changes."""
        return not (self.renamed or self.moved or self.gone or self.refused)


def plan(session: Session, rows: Sequence[Row], edition: date) -> Plan:
    """What loading the list would do; nothing is stored."""
    there = {
        row.code: row.name
        for row in session.execute(select(Division.code, Division.name).where(Division.valid_to.is_(None)))
    }
    found = Plan(rows, edition)
    listed = {row["code"]: row for row in rows}
    former = _former(found, listed, there)
    weights = _weights(session, _touched(listed, there, former))
    for row in listed.values():
        _judge(found, row, there, former, weights)
    if any(row["level"] == "province" for row in rows):  # the list is whole: what it lacks is gone
        for code in sorted(there.keys() - listed.keys() - former.keys()):
            _gone(found, code, there[code], weights.get(code, Weight()))
    return found


def _former(found: Plan, listed: Mapping[str, Row], there: Mapping[str, str]) -> dict[str, str]:
    """Old code → new code, as the list says with ``formerly``."""
    former: dict[str, str] = {}
    for code, row in listed.items():
        for old in re.findall(r"[^;；,，、\s]+", row.get("formerly") or ""):
            if old not in there and code in there:
                continue  # done before: lists keep saying where a place was
            if old not in there:
                found.refused.append(f"{code} {row['name']}：原代码 {old[:20]} 不在现有区划里。")
            elif access.level_of(old) != access.level_of(code):
                found.refused.append(f"{code} {row['name']}：原代码 {old} 不是同一级。")
            elif old in former:
                found.refused.append(f"{code} {row['name']}：原代码 {old} 已写给 {former[old]}。")
            elif old != code and old in listed and not listed[old].get("formerly"):
                found.refused.append(
                    f"{code} {row['name']}：原代码 {old} 在表里还在。分设的新村不写原代码，农户用“移交”；"
                    f"{old} 现在是另一个地方的，在它那一行也写原代码。"
                )
            else:
                former[old] = code
    return former


def _touched(listed: Mapping[str, Row], there: Mapping[str, str], former: Mapping[str, str]) -> set[str]:
    """The codes on which something would change."""
    renamed = {code for code, row in listed.items() if code in there and row["name"] != there[code]}
    return renamed | set(former) | (there.keys() - listed.keys())


def _judge(
    found: Plan,
    row: Row,
    there: Mapping[str, str],
    former: Mapping[str, str],
    weights: Mapping[str, Weight],
) -> None:
    code, name = row["code"], row["name"]
    olds = [old for old, new in former.items() if new == code]
    for old in olds:
        change = Change(code, old, name, there[old], weights.get(old, Weight()))
        if old != code:
            found.moved.append(change)
        elif name != there[old]:
            found.renamed.append(change)
    if olds:
        return
    if code not in there or code in former:
        found.new.append(code)
    elif name != there[code]:
        weight = weights.get(code, Weight())
        if _alike(name, there[code]) or not weight:
            found.renamed.append(Change(code, code, name, there[code], weight))
        else:
            found.refused.append(
                f"{code} 原是“{there[code]}”，表里是“{name}”：是改名还是换了地方？其上有{weight}。"
                f"改名的，在这一行的 formerly 写 {code}；换了地方的，写明两个地方各自的原代码。"
            )


def _alike(name: str, other: str) -> bool:
    """Whether two names have something of their own in common."""
    return bool(set(_COMMON.sub("", name)) & set(_COMMON.sub("", other)))


def _gone(found: Plan, code: str, name: str, weight: Weight) -> None:
    if weight:
        found.refused.append(
            f"{code} {name}在表里没有了，其上还有{weight}：在接收它的那一行的 formerly 写 {code}，没有的请先移交。"
        )
    else:
        found.gone.append(code)


# -- what hangs on them ----------------------------------------------------------------------------


def _weights(session: Session, codes: Collection[str]) -> dict[str, Weight]:
    """What hangs on each of the divisions itself; those below have their own."""
    household = Base.metadata.tables.get("household")  # a field's table, where there is one
    counted = [
        _counts(session, codes, household.c.village_code) if household is not None else {},
        _counts(session, codes, CaseFile.village_code, CaseFile.status == "open"),
        _counts(session, codes, RoleGrant.division_code),
        _counts(session, codes, Account.division_code),
    ]
    households, cases, grants, accounts = counted
    return {
        code: Weight(households.get(code, 0), cases.get(code, 0), grants.get(code, 0) + accounts.get(code, 0))
        for code in codes
    }


def _counts(session: Session, codes: Collection[str], column: Any, *where: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _portions(sorted(codes)):
        query = select(column, func.count()).where(column.in_(part), *where).group_by(column)
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found


def _portions(codes: Sequence[str]) -> Iterable[Sequence[str]]:
    return (codes[start : start + PORTION] for start in range(0, len(codes), PORTION))


# -- doing it --------------------------------------------------------------------------------------


@whole
def apply(session: Session, found: Plan, now: datetime) -> int:
    """Do what the plan says, wholly or not at all; answers how many divisions are new.

    Raises Invalid while something is refused, and where places that become one each have what there is once.
    """
    if found.refused:
        raise Invalid("区划没有改动：" + "；".join(found.refused[:20]))
    try:
        return _applied(session, found, now)
    except IntegrityError as error:
        raise Invalid(
            "区划没有改动：合并的几处各有一份只能有一份的，如两个县都有没结束的集中排查。请先结束其中一个。"
        ) from error


def _applied(session: Session, found: Plan, now: datetime) -> int:
    with write(session):
        moves = {change.before: change.code for change in found.moved}
        kept = {change.before for change in found.renamed}
        stays, merged = _merged(moves, kept | (set(moves.values()) & _standing(session, moves.values())))
        ended = _ended(session, found)
        parked = _park(session, {**stays, **merged}, found)
        _recode(session, {**stays, **merged, **ended}, {**parked, **stays, **ended})
        _merge(session, merged, parked, found.edition)
        _move(session, stays, found)
        for change in found.renamed:
            _name(session, change.code, change.name, found.edition)
        _end(session, found.gone, found.edition)
        new = divisions.load(session, found.rows, found.edition)
        _settle(session, found.rows)
        _follow_up(session, sorted(moves.values()))
        _log(session, found, now)
    return new


def _standing(session: Session, codes: Collection[str]) -> set[str]:
    query = select(Division.code).where(Division.code.in_(sorted(set(codes))), Division.valid_to.is_(None))
    return set(session.scalars(query))


def _merged(moves: Mapping[str, str], kept: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The moves of divisions that go on under another code, and of those that become part of another:
    of several with one new code the first goes on, unless the place of that code does.
    """
    stays: dict[str, str] = {}
    merged: dict[str, str] = {}
    for old, new in moves.items():
        there = new in kept and new not in moves  # it keeps its code
        (merged if there or new in stays.values() else stays)[old] = new
    return stays, merged


def _park(session: Session, moves: Mapping[str, str], found: Plan) -> dict[str, str]:
    """Free every old code: its division waits under one that is none, until it has its new one.

    Answers the codes under which those that are merged stay, where a list gives their old one to another.
    """
    taken = {row["code"] for row in found.rows} | set(moves.values())
    parked = {}
    for part in _portions(sorted(moves)):
        rows = session.execute(select(Division.id, Division.code).where(Division.code.in_(part))).all()
        for row in rows:
            if row.code in taken:
                parked[row.code] = f"x{row.id:011d}"
    return parked


def _ended(session: Session, found: Plan) -> dict[str, str]:
    """Divisions that ended earlier and whose code is on the list again: the same place begins again;
    another one's code is freed, and what the ended one has goes along.
    """
    codes = {row["code"]: row["name"] for row in found.rows}
    parked = {}
    for part in _portions(sorted(codes)):
        query = select(Division).where(Division.code.in_(part), Division.valid_to.is_not(None))
        for division in session.scalars(query).all():
            if division.name == codes[division.code]:
                division.valid_to = None
                _add_code(session, division, found.edition)
                continue
            parked[division.code] = f"x{division.id:011d}"
            division.code = parked[division.code]
    session.flush()
    return parked


def _recode(session: Session, places: Mapping[str, str], issuers: Mapping[str, str]) -> None:
    """Every column of every table that holds one of the old codes, by way of codes that nobody has."""
    for table in Base.metadata.sorted_tables:
        for name in COLUMNS:
            if table.name in _APART or name not in table.c:
                continue
            own = issuers if name == "division_code" and _numbered(table) else places
            if table.name in ("role_grant", "role_request"):
                _drop_doubles(session, table, places)
            elif name in table.primary_key.columns and own is places:
                _join_doubles(session, table, name, places)
            between = {old: f"~{number:011d}" for number, old in enumerate(sorted(own))}
            _replace(session, table, name, between)
            _replace(session, table, name, {between[old]: own[old] for old in own})


def _numbered(table: Table) -> bool:
    """Whether rows are numbered within a division: they stay with who issued them."""
    if table.name == "body" or "division_code" in table.primary_key.columns:
        return True
    unique = (one for one in table.constraints if isinstance(one, UniqueConstraint))
    return any("division_code" in one.columns for one in unique)


def _replace(session: Session, table: Table, name: str, codes: Mapping[str, str]) -> None:
    column = table.c[name]
    for part in _portions(sorted(codes)):
        cases = [(column == old, literal(codes[old])) for old in part]
        session.execute(update(table).where(column.in_(part)).values({name: case(*cases, else_=column)}))


def _drop_doubles(session: Session, table: Table, places: Mapping[str, str]) -> None:
    """Two grants that become the same are one."""
    codes = sorted(set(places) | set(places.values()))
    seen: set[tuple[Any, ...]] = set()
    doubles = []
    for part in _portions(codes):
        query = select(table).where(table.c.division_code.in_(part)).order_by(table.c.id)
        for row in session.execute(query).mappings():
            others = tuple(row.get(name) for name in ("account_id", "role", "act", "status"))
            key = (*others, places.get(row["division_code"], row["division_code"]))
            if key in seen and row.get("status", "waiting") == "waiting":
                doubles.append(row["id"])
            seen.add(key)
    for ids in (doubles[start : start + PORTION] for start in range(0, len(doubles), PORTION)):
        session.execute(delete(table).where(table.c.id.in_(ids)))


def _join_doubles(session: Session, table: Table, name: str, places: Mapping[str, str]) -> None:
    """Rows that a place has once, of places that become one: counts are added up (`info` of the table says
    so), of others the first stays.
    """
    codes = sorted(set(places) | set(places.values()))
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    keys = table.primary_key.columns.keys()
    for row in [
        dict(row)
        for part in _portions(codes)
        for row in session.execute(select(table).where(table.c[name].in_(part))).mappings()
    ]:
        at = {key: row[key] for key in keys}
        where = [table.c[key] == value for key, value in at.items()]
        first = kept.setdefault(tuple((at | {name: places.get(row[name], row[name])}).values()), row)
        if first is row:
            continue
        session.execute(delete(table).where(*where))
        if table.info.get("adds_up"):
            for column, value in row.items():
                if column not in keys:
                    first[column] = _together(first[column], value)
            there = [table.c[key] == first[key] for key in keys]
            session.execute(
                update(table).where(*there).values({k: v for k, v in first.items() if k not in keys})
            )


def _together(one: Any, other: Any) -> Any:
    """Counts are added, of moments the latest counts."""
    if one is None or other is None:
        return other if one is None else one
    return one + other if isinstance(one, int) else max(one, other)


def _merge(session: Session, merged: Mapping[str, str], parked: Mapping[str, str], edition: date) -> None:
    """Those that became part of another: ended, their rows point to what they are part of.

    The other division is found by its new code, which may still be under way: so the ids follow in `_settle`.
    """
    for old in merged:
        division = divisions.get(session, old)
        _end_code(session, division.id, edition)
        division.valid_to, division.code = edition, parked.get(old, old)
        bodies = update(Body).where(Body.division_code == division.code, Body.valid_to.is_(None))
        session.execute(bodies.values(valid_to=edition))
    session.flush()


def _move(session: Session, stays: Mapping[str, str], found: Plan) -> None:
    names = {change.before: change.name for change in found.moved}
    moving = {old: divisions.get(session, old) for old in stays}
    for division in moving.values():
        division.code = f"x{division.id:011d}"
    session.flush()
    for old, division in moving.items():
        _end_code(session, division.id, found.edition)
        division.code, division.name = stays[old], names[old]
        _add_code(session, division, found.edition)
    session.flush()


def _name(session: Session, code: str, name: str, edition: date) -> None:
    division = divisions.get(session, code)
    _end_code(session, division.id, edition)
    division.name = name
    _add_code(session, division, edition)
    session.flush()


def _end(session: Session, codes: Sequence[str], edition: date) -> None:
    for code in codes:
        division = divisions.get(session, code)
        _end_code(session, division.id, edition)
        division.valid_to = edition
    session.flush()


def _end_code(session: Session, division_id: int, edition: date) -> None:
    mine = update(DivisionCode).where(
        DivisionCode.division_id == division_id, DivisionCode.valid_to.is_(None)
    )
    session.execute(mine.values(valid_to=edition))


def _add_code(session: Session, division: Division, edition: date) -> None:
    row = DivisionCode(division_id=division.id, code=division.code, name=division.name, valid_from=edition)
    session.add(row)


def _settle(session: Session, rows: Sequence[Row]) -> None:
    """Parents, kinds and paths as the list has them; a new name above shows in every path below."""
    listed = divisions.listed_with(session, rows)
    every = session.execute(select(Division.id, Division.code).where(Division.valid_to.is_(None))).all()
    ids = {row.code: row.id for row in every}
    wanted = {row["code"]: row for row in rows}
    query = select(Division).where(Division.valid_to.is_(None)).execution_options(yield_per=1000)
    for division in session.scalars(query):
        path = listed.path(division.code)
        if division.path != path:
            division.path = path
        row = wanted.get(division.code)
        if row is not None:
            parent, kind = ids.get(row["parent"]), divisions.kind_of(row)
            if (division.parent_id, division.kind) != (parent, kind):
                division.parent_id, division.kind = parent, kind
    session.flush()


def _follow_up(session: Session, codes: Sequence[str]) -> None:
    """What is open is on the desks above its village, whichever those are now."""
    for table in Base.metadata.sorted_tables:
        if "division_id" in table.c and "village_code" in table.c:
            own = select(Division.id).where(Division.code == table.c.village_code).scalar_subquery()
            for part in _portions(codes):
                session.execute(update(table).where(table.c.village_code.in_(part)).values(division_id=own))
        if "county_code" in table.c and "household_id" in table.c:
            _in_its_county(session, table, codes)
    for queue, length in access.PREFIX_LENGTH.items():
        for part in _portions(codes):
            for rows, open_ in ((WorkItem, WorkItem.status == "open"), (SupervisionOrder, None)):
                desk = func.substr(rows.village_code, 1, length).concat("0" * (12 - length))
                moved = update(rows).where(rows.village_code.in_(part), rows.queue == queue)
                moved = moved if open_ is None else moved.where(open_)
                session.execute(moved.values(division_code=desk))
    session.expire_all()


def _in_its_county(session: Session, table: Table, codes: Sequence[str]) -> None:
    """Who answers for a household of a village that is another county's now does so there (R18)."""
    household = Base.metadata.tables["household"]
    own = select(func.substr(household.c.village_code, 1, 6).concat("000000"))
    own = own.where(household.c.id == table.c.household_id)
    for part in _portions(codes):
        those = select(household.c.id).where(household.c.village_code.in_(part))
        moved = update(table).where(table.c.household_id.in_(those))
        session.execute(moved.values(county_code=own.scalar_subquery()))


def _log(session: Session, found: Plan, now: datetime) -> None:
    details = {
        "edition": found.edition.isoformat(),
        "new": len(found.new),
        "gone": found.gone[:PORTION],
        "renamed": [[one.code, one.former_name, one.name] for one in found.renamed[:PORTION]],
        "moved": [[one.before, one.code] for one in found.moved[:PORTION]],
    }
    audit.record(session, "parameters", None, "division_changes", details, now)
