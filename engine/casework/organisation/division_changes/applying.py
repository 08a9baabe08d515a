"""A new list of divisions is put in place of the one there is, wholly or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework import audit, kit
from engine.casework.models import Body, Division, DivisionCode, SupervisionOrder, WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.organisation.division_changes.planning import Plan, plan
from engine.casework.organisation.division_changes.recoding import PORTION, portions, recode
from engine.casework.organisation.divisions import Row
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid
from engine.ground.tables import Base


@whole
def apply(session: Session, found: Plan, now: datetime) -> int:
    """Do what the plan says, wholly or not at all; answers how many divisions are new.

    Raises Invalid while something is refused, and where places that become one each have what there is once;
    Conflict where another plan would be made by now than was looked at.
    """
    try:
        return _applied(session, found, now)
    except IntegrityError as error:
        raise Invalid(
            "区划没有改动：合并的几处各有一份只能有一份的，如两个县都有没结束的集中排查。请先结束其中一个。"
        ) from error


def _applied(session: Session, found: Plan, now: datetime) -> int:
    with write(session, alone=True):
        again = plan(session, found.rows, found.edition)
        if again.refused:
            raise Invalid("区划没有改动：" + "；".join(again.refused[:20]))
        if again.changes != found.changes:
            raise Conflict("区划没有改动：列出以后，区划或地方上的事项又有变化，请重新列出、核对。")
        moves = {change.before: change.code for change in found.moved}
        kept = {change.before for change in found.renamed}
        stays, merged = _merged(moves, kept | (set(moves.values()) & _standing(session, moves.values())))
        ended = _ended(session, found)
        parked = _park(session, {**stays, **merged}, found)
        recode(session, {**stays, **merged, **ended}, {**parked, **stays, **ended})
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
    for part in portions(sorted(moves)):
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
    for part in portions(sorted(codes)):
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
            for part in portions(codes):
                session.execute(update(table).where(table.c.village_code.in_(part)).values(division_id=own))
    for part in portions(codes):
        for follow in kit.used().when_recoded:
            follow(session, part)
    for queue, length in access.PREFIX_LENGTH.items():
        for part in portions(codes):
            for rows, open_ in ((WorkItem, WorkItem.status == "open"), (SupervisionOrder, None)):
                desk = func.substr(rows.village_code, 1, length).concat("0" * (12 - length))
                moved = update(rows).where(rows.village_code.in_(part), rows.queue == queue)
                moved = moved if open_ is None else moved.where(open_)
                session.execute(moved.values(division_code=desk))
    session.expire_all()


def _log(session: Session, found: Plan, now: datetime) -> None:
    details = {
        "edition": found.edition.isoformat(),
        "new": len(found.new),
        "gone": found.gone[:PORTION],
        "renamed": [[one.code, one.former_name, one.name] for one in found.renamed[:PORTION]],
        "moved": [[one.before, one.code] for one in found.moved[:PORTION]],
    }
    audit.record(session, "parameters", None, "division_changes", details, now)
