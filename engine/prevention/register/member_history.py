"""Who belonged to a household on a day: the members of today, and what changed since (domain S11).

A member keeps one key for good, whatever number or name is put right, so that the same person is the same
through all changes. Whether somebody belonged on a day is told by the dated changes of that person alone; in
which order they were recorded makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile, WorkItem
from engine.ground import text
from engine.ground.clock import written
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared
from engine.ground.database.stored import add_each
from engine.ground.errors import Conflict
from engine.ground.tables import table
from engine.prevention.models import Household, Member, MemberChange
from engine.prevention.register import persons

COMING = {
    "birth": "出生",
    "adoption": "收养",
    "marriage_in": "婚入",
    "move_in": "迁入",
    "checked_in": "核实时增加",
    "split_in": "分户转入",
    "join_in": "并户转入",
}
LEAVING = {
    "death": "死亡",
    "marriage_out": "婚出",
    "move_out": "迁出",
    "checked_out": "核实时减少",
    "split_out": "分户转出",
    "join_out": "并户转出",
}
CHANGING = {
    "head": "户主变更",
    "relation": "与户主关系随户主变更",
    "corrected": "更正",
    "checked": "核实时更正",
}
KINDS = {**COMING, **LEAVING, **CHANGING, "listed": "首次核实登入"}
LISTED = "listed"
"""What the first check of a household wrote down; it was so before anybody looked."""
ALWAYS = date(1900, 1, 1)
"""The day of what was always so."""
QUIET = frozenset({LISTED, "relation"})
"""Of which nobody is told: they come with something else."""
DATED = frozenset({"head", "relation"})
"""Of the changes of a person who stays those that hold from their day on; what is put right was always so."""
COLUMNS = ("name", "sex", "id_type", "id_number", "relation")
"""What identifies a member, and what a check's row says of it; the rest are facts of the form."""
_MEMBER, _CHANGE = table(Member), table(MemberChange)
_PRESENT = Prepared(
    select(_MEMBER)
    .where(_MEMBER.c.household_id == bindparam("household_id"))
    .order_by(_MEMBER.c.position, _MEMBER.c.id),
    own=True,
)
_IN_FORCE = Objects(
    select(_CHANGE)
    .where(_CHANGE.c.household_id == bindparam("household_id"), _CHANGE.c.undone_at.is_(None))
    .order_by(_CHANGE.c.happened_on, _CHANGE.c.id),
    [MemberChange],
    own=True,
)
_ALL = Objects(
    select(_CHANGE)
    .where(_CHANGE.c.household_id == bindparam("household_id"))
    .order_by(_CHANGE.c.happened_on.desc(), _CHANGE.c.id.desc()),
    [MemberChange],
    own=True,
)
_STORED = Objects(
    select(_MEMBER).where(_MEMBER.c.household_id == bindparam("household_id")), [Member], own=True
)
Row = dict[str, Any]
"""A member as it stood: its key, position and columns, the day of birth in ISO, and its facts."""


@dataclass(frozen=True)
class Recorder:
    """Who records since when, in which act; a case where a check saw it."""

    actor_id: int | None
    now: datetime
    act: str
    proof: str = ""
    case_id: int | None = None


def new_act() -> str:
    """What is recorded, and taken back, together."""
    return token_hex(8)


def row_of(member: Member) -> Row:
    """The member as a change keeps it."""
    return {
        "key": member.key,
        "position": member.position,
        **{column: getattr(member, column) for column in COLUMNS},
        "birth_date": member.birth_date.isoformat() if member.birth_date else None,
        "facts": dict(member.facts),
    }


def columns_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a member from its row."""
    born = row.get("birth_date")
    return {
        **{name: row[name] for name in ("key", "position", *COLUMNS)},
        "person": persons.of(row["id_number"]),
        "birth_date": date.fromisoformat(str(born)) if born else None,
        "facts": dict(row.get("facts") or {}),
    }


def present(session: Session, household_id: int) -> list[Row]:
    """The members of today, in their order."""
    return [row_of(member) for member in _PRESENT.all(session, household_id=household_id)]


def changes(session: Session, household_id: int) -> Sequence[MemberChange]:
    """All that was recorded of a household's members, what was taken back too, latest day first."""
    return _ALL.all(session, household_id=household_id)


def in_force(session: Session, household_id: int) -> list[MemberChange]:
    """What was recorded and not taken back, by day."""
    return _IN_FORCE.all(session, household_id=household_id)


def on_day(session: Session, household_id: int, day: date) -> list[Row]:
    """The members at the end of `day`, in their order (domain S11)."""
    return as_of(present(session, household_id), in_force(session, household_id), day)


def as_of(rows: Sequence[Row], changed: Iterable[MemberChange], day: date) -> list[Row]:
    """As `on_day`, of the members of today and the changes in force by day."""
    here = {str(row["key"]): row for row in rows}
    latest, told = dict(here), dict[str, list[MemberChange]]()
    for change in changed:
        told.setdefault(change.member_key, []).append(change)
        if not change.after and change.member_key not in here:
            latest[change.member_key] = dict(change.before)
    found = [
        _then(row, told.get(key, []), day) for key, row in latest.items() if _there(key, rows, told, day)
    ]
    return sorted(found, key=lambda row: (row["relation"] != "head", row["position"]))


def _there(key: str, rows: Sequence[Row], told: Mapping[str, Sequence[MemberChange]], day: date) -> bool:
    moves = [change for change in told.get(key, ()) if not (change.before and change.after)]
    before = [change for change in moves if change.happened_on <= day]
    if before:
        return bool(before[-1].after)
    if moves:
        return bool(moves[0].before)
    return any(row["key"] == key for row in rows)


def _then(row: Row, changed: Sequence[MemberChange], day: date) -> Row:
    """The member with the relation to the head that it had on the day."""
    dated = [change for change in changed if change.kind in DATED]
    before = [change for change in dated if change.happened_on <= day]
    if before:
        return {**row, "relation": before[-1].after["relation"]}
    return {**row, "relation": dated[0].before["relation"]} if dated else row


# -- writing ---------------------------------------------------------------------------------------


def note(
    session: Session,
    household_id: int,
    kind: str,
    on: date,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    by: Recorder,
) -> MemberChange:
    """Keep what became of a member; the caller changes the member itself.

    Raises Conflict where somebody would come or leave on a day before the one on which the same person last
    did: of the days after it the record would say the contrary of what the register has.
    """
    row = after or before
    if not (before and after):
        _require_in_order(session, household_id, row, on)
    found = MemberChange(
        household_id=household_id,
        act=by.act,
        kind=kind,
        member_key=row["key"],
        name=row["name"],
        happened_on=on,
        before=dict(before),
        after=dict(after),
        case_id=by.case_id,
        proof=by.proof,
        recorded_by=by.actor_id,
        recorded_at=by.now,
    )
    session.add(found)
    session.flush()
    return found


def _require_in_order(session: Session, household_id: int, row: Mapping[str, Any], on: date) -> None:
    last = last_moves(session, household_id).get(row["key"])
    if last is not None and on < last.happened_on:
        told = f"{written(last.happened_on)}{KINDS[last.kind]}"
        raise Conflict(f"{row['name']}已登记{told}，不能早于这一天；有误的请先撤销那一项。")


def last_moves(session: Session, household_id: int) -> dict[str, MemberChange]:
    """The last time that each person came or left, by key."""
    found = in_force(session, household_id)
    return {change.member_key: change for change in found if not (change.before and change.after)}


def latest_coming(session: Session, household_id: int) -> date | None:
    """The last day on which one of the members of today was born or came; None where none is known."""
    moves, rows = last_moves(session, household_id), present(session, household_id)
    born = [date.fromisoformat(str(row["birth_date"])) for row in rows if row["birth_date"]]
    came = [moves[row["key"]].happened_on for row in rows if row["key"] in moves]
    return max([*born, *came], default=None)


def write(session: Session, household: Household, rows: Sequence[Row]) -> None:
    """Let these be the household's members, in this order."""
    kept = {member.key: member for member in _stored(session, household.id)}
    gone = [member.id for key, member in kept.items() if key not in {row["key"] for row in rows}]
    if gone:
        session.execute(delete(Member).where(Member.id.in_(gone)))
    moved = [kept[row["key"]] for row in rows if row["key"] in kept]
    for member, row in zip(moved, (row for row in rows if row["key"] in kept), strict=True):
        if member.person != persons.of(row["id_number"]):
            member.person = None  # two numbers that were mixed up are put right at once
    session.flush()
    fresh: list[dict[str, Any]] = []
    for position, row in enumerate(rows):
        columns = {**columns_of(row), "position": position}
        if row["key"] not in kept:
            fresh.append({"household_id": household.id, **columns})
            continue
        for column, value in columns.items():
            setattr(kept[row["key"]], column, value)
    session.flush()
    add_each(session, Member, fresh)
    session.expire(household, ["members"])


def _stored(session: Session, household_id: int) -> Iterable[Member]:
    return _STORED.all(session, household_id=household_id)


def take_back(session: Session, household: Household, act: str, by: Recorder) -> list[MemberChange]:
    """The members are what they were before the act; what changed since stays as it is.

    The caller has made sure that nothing of the same people followed.
    """
    undone = [change for change in in_force(session, household.id) if change.act == act]
    rows = {str(row["key"]): row for row in present(session, household.id)}
    for change in reversed(undone):
        if change.before and change.after:
            rows[change.member_key] = _restored(rows[change.member_key], change)
        elif change.before:
            rows[change.member_key] = dict(change.before)
        else:
            rows.pop(change.member_key, None)
        change.undone_by, change.undone_at, change.undone_reason = by.actor_id, by.now, by.proof
    write(session, household, sorted(rows.values(), key=_standing))
    return undone


def _restored(row: Row, change: MemberChange) -> Row:
    """The member without what the change changed."""
    changed = {name for name, value in change.after.items() if change.before.get(name) != value}
    return {**row, **{name: change.before.get(name) for name in changed - {"position"}}}


def _standing(row: Mapping[str, Any]) -> tuple[bool, int]:
    return row["relation"] != "head", int(row["position"])


# -- the head --------------------------------------------------------------------------------------


def follow_head(session: Session, household: Household, now: datetime) -> bool:
    """Name the household after its head, and its open cases and steps with it; answers whether it changed."""
    rows = present(session, household.id)
    head = next((row for row in rows if row["relation"] == "head"), rows[0] if rows else None)
    household.updated_at = now
    if head is None:
        return False
    household.head_id_number = head["id_number"] or household.head_id_number
    if household.head_name == head["name"]:
        return False
    household.head_name, household.head_id_number = head["name"], head["id_number"]
    session.flush()
    named = {"subject": household.name, "subject_key": text.key(household.name)[:80]}
    of_it = (CaseFile.subject_id == household.id, CaseFile.status == "open")
    ids = list(session.scalars(select(CaseFile.id).where(*of_it).order_by(CaseFile.id)))
    session.execute(update(CaseFile).where(CaseFile.id.in_(ids)).values(**named))
    items = update(WorkItem).where(WorkItem.case_id.in_(ids), WorkItem.status == "open")
    other = named if named["subject_key"] != household.name else {**named, "subject_key": ""}
    session.execute(items.values(**other))
    return True
