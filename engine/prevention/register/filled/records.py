"""The register read household by household for what leaves it as a table: exports, and others' forms.

Rows stay rows, a few hundred households at a time: 100 000 of them need no more memory than those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, exists, func, select, tuple_, union
from sqlalchemy.orm import Session

from engine.casework.models import LEVELS
from engine.casework.organisation import access, divisions
from engine.ground.tables import table
from engine.prevention.models import (
    ContactChange,
    Household,
    HouseholdYear,
    Member,
    MemberChange,
    ResponsibleOfficial,
)

CHUNK = 500
_H, _M, _Y = table(Household), table(Member), table(HouseholdYear)
_O, _C, _K = table(ResponsibleOfficial), table(MemberChange), table(ContactChange)


@dataclass(frozen=True)
class Record:
    """A household with all that the register says of it; each part is a row of its table."""

    household: Any
    places: Mapping[str, str]
    """Name by level."""
    members: Sequence[Any] = ()
    year: Any = None
    """The latest of its years."""
    official: Any = None
    contact: Any = None
    """The last change of phone and address."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """The last change of each person, by the member's key."""
    doubted: Collection[str] = ()
    """The people of the portion whose number another record has too (T29)."""

    @property
    def head(self) -> Any:
        """The member who is the head; None where none is known."""
        heads = (member for member in self.members if member.relation == "head")
        return next(heads, self.members[0] if self.members else None)


def records(session: Session, query: Select[Household], *, sources: bool = False) -> Iterator[Record]:
    """The households of a query, by village; with `sources` also when each part was last changed."""
    wanted = query.with_only_columns(_H).order_by(None).order_by(_H.c.village_code, _H.c.id)
    after: tuple[str, int] | None = None
    while True:
        beyond = wanted if after is None else wanted.where(tuple_(_H.c.village_code, _H.c.id) > after)
        rows = session.execute(beyond.limit(CHUNK)).all()
        if not rows:
            return
        yield from _with_parts(session, rows, sources)
        after = (rows[-1].village_code, rows[-1].id)


def _with_parts(session: Session, rows: Sequence[Any], sources: bool) -> Iterator[Record]:
    ids = [row.id for row in rows]
    members = _members(session, ids)
    years, officials = _years(session, ids), _officials(session, ids)
    doubted = _doubted(session, ids)
    contacts = _contacts(session, ids) if sources else {}
    changes = _changes(session, ids) if sources else {}
    codes = {access.ancestor(row.village_code, level) for row in rows for level in LEVELS}
    names = divisions.names(session, codes)
    for row in rows:
        places = {level: names.get(access.ancestor(row.village_code, level), "") for level in LEVELS}
        yield Record(
            row,
            places,
            members.get(row.id, ()),
            years.get(row.id),
            officials.get(row.id),
            contacts.get(row.id),
            changes.get(row.id, {}),
            doubted,
        )


def _members(session: Session, ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    query = select(_M).where(_M.c.household_id.in_(ids)).order_by(_M.c.household_id, _M.c.position, _M.c.id)
    for row in session.execute(query):
        found.setdefault(row.household_id, []).append(row)
    return found


def _doubted(session: Session, ids: Sequence[int]) -> frozenset[str]:
    """Whose number stands in two records, as heads of old records have it: another household's head or
    member has it too (T29). One of these is wrong, and villages are asked which.
    """
    other, there = _H.alias(), _H.c.id.in_(ids) & (_H.c.head_id_number != "")
    stands = other.c.merged_into_id.is_(None) & (other.c.status != "gone")
    numbered = other.c.head_id_number != ""  # those without a number are many, and all alike
    person = func.substr(_H.c.head_id_number, 1, 18)
    same_head = (other.c.head_id_number == _H.c.head_id_number) & (other.c.id != _H.c.id)
    as_member = (_M.c.person == person) & (_M.c.household_id != _H.c.id)
    as_head = (other.c.head_id_number == _M.c.id_number) & (other.c.id != _M.c.household_id)
    heads = select(person).join(other, same_head).where(there, stands, numbered)
    elsewhere = select(person).join(_M, as_member).join(other, other.c.id == _M.c.household_id)
    members = select(_M.c.person).where(_M.c.household_id.in_(ids), exists().where(as_head, stands, numbered))
    found = session.scalars(union(heads, elsewhere.where(there, stands), members))
    return frozenset(one for one in found if one)


def _years(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    query = select(_Y).where(_Y.c.household_id.in_(ids)).order_by(_Y.c.year)
    return {row.household_id: row for row in session.execute(query)}


def _officials(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    query = select(_O).where(_O.c.household_id.in_(ids), _O.c.until.is_(None))
    return {row.household_id: row for row in session.execute(query)}


def _contacts(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    last = select(func.max(_K.c.id)).where(_K.c.household_id.in_(ids)).group_by(_K.c.household_id)
    return {row.household_id: row for row in session.execute(select(_K).where(_K.c.id.in_(last)))}


def _changes(session: Session, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    kept = (_C.c.household_id, _C.c.member_key, _C.c.kind, _C.c.happened_on, _C.c.recorded_at, _C.c.case_id)
    query = select(*kept).where(_C.c.household_id.in_(ids), _C.c.undone_at.is_(None)).order_by(_C.c.id)
    found: dict[int, dict[str, Any]] = {}
    for row in session.execute(query):
        found.setdefault(row.household_id, {})[row.member_key] = row
    return found


def day_of(moment: date | datetime | None) -> str:
    """A day as tables have it; '' for none."""
    return f"{moment:%Y-%m-%d}" if moment else ""
