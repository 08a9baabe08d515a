"""Who lives in a household as a check has seen it, against who was known (domain S11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from secrets import token_hex
from typing import Any

from sqlalchemy.orm import Session

from engine.ground import text
from engine.ground.clock import written
from engine.ground.errors import Invalid
from engine.prevention.models import Household, MemberChange
from engine.prevention.register import persons
from engine.prevention.register.member_history import (
    ALWAYS,
    COLUMNS,
    LISTED,
    Recorder,
    Row,
    changes,
    in_force,
    last_moves,
    note,
    present,
    write,
)


def unlearned(session: Session, household_id: int) -> bool:
    """Whether the first check was taken back, and no other has been made since."""
    found = [
        change
        for change in changes(session, household_id)
        if change.kind == LISTED or change.kind.startswith("checked")
    ]
    return any(one.kind == LISTED for one in found) and all(one.undone_at is not None for one in found)


def members_seen(
    session: Session,
    household: Household,
    found: Sequence[Mapping[str, Any]],
    on: date,
    by: Recorder,
    first: bool,
) -> list[MemberChange]:
    """A check has seen who lives there: the members are these from now on, and what differs is kept.

    `found` are columns of members without keys, `first` says that nobody has looked before: then nothing has
    changed, the register only learns how it always was. What is recorded for a day after the visit stands: a
    visit says nothing of it, however late its form is sent.
    """
    here, moves = present(session, household.id), last_moves(session, household.id)
    _require_alive(moves, found, on)
    left = _left_since(here, moves, on)
    rows = [row for row in _recognised([*here, *left.values()], found) if row["key"] not in left]
    before, known = {row["key"]: row for row in here}, {row["key"] for row in rows}
    rows += [row for row in here if row["key"] not in known and _later(moves.get(row["key"]), on)]
    headless = all(row["relation"] != "head" for row in rows)  # who was its head died after the visit
    if headless or _headed_since(session, household.id, on):
        rows = [{**row, "relation": _related(row, before)} for row in rows]
    kept = []
    for row in rows:
        day, new = _when(moves, row, on, first)
        kept += _noted(session, household.id, before.get(row["key"], {}), row, day, by, new)
    for key in before.keys() - {row["key"] for row in rows}:
        day, new = _when(moves, before[key], on, first)
        kept.append(note(session, household.id, LISTED if new else "checked_out", day, before[key], {}, by))
    write(session, household, rows)
    return kept


def _require_alive(moves: Mapping[str, MemberChange], found: Sequence[Mapping[str, Any]], on: date) -> None:
    """Nobody is seen after the day of a death that is on record: a form that was begun before it was recorded
    does not bring the dead back.
    """
    died = {
        person: move
        for move in moves.values()
        if move.kind == "death" and move.happened_on < on and (person := persons.of(move.before["id_number"]))
    }
    for index, row in enumerate(found):
        if (move := died.get(persons.of(row["id_number"]) or "")) is not None:
            told = f"{row['name']}已登记{written(move.happened_on)}死亡：请从成员里删除；登记有误的，先撤销那一项。"
            raise Invalid(told, {f"members.{index}.id_number": [told]})


def _headed_since(session: Session, household_id: int, on: date) -> bool:
    return any(one.kind == "head" and one.happened_on > on for one in in_force(session, household_id))


def _related(row: Row, before: Mapping[str, Row]) -> str:
    """To the head of now, of whom a visit before that one's day knew nothing."""
    if row["key"] in before:
        return str(before[row["key"]]["relation"])
    return "other" if row["relation"] == "head" else str(row["relation"])


def _later(move: MemberChange | None, on: date) -> bool:
    return move is not None and move.happened_on > on


def _died(move: MemberChange, on: date) -> bool:
    return move.kind == "death" and move.happened_on == on


def _left_since(here: Sequence[Row], moves: Mapping[str, MemberChange], on: date) -> dict[str, Row]:
    """Who died or left after the day of the visit, by key: whoever looked saw them, and they are gone."""
    there = {row["key"] for row in here}
    return {
        key: dict(move.before)
        for key, move in moves.items()
        if key not in there and move.before and (_later(move, on) or _died(move, on))
    }


def _when(moves: Mapping[str, MemberChange], row: Row, on: date, first: bool) -> tuple[date, bool]:
    """The day of what a check found of a person, and whether it was always so: never of one whose coming or
    leaving is on record.
    """
    new = first and row["key"] not in moves
    return (ALWAYS if new else on), new


def _recognised(here: Sequence[Row], found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The members that were found, each with the key that it has: by its number, else by its name."""
    left, rows = list(here), []
    for position, columns in enumerate(found):
        row = {**columns, "position": position, "birth_date": _iso(columns.get("birth_date"))}
        row.pop("person", None)
        known = next((one for one in left if _same_number(one, row)), None)
        known = known or next((one for one in left if _same_name(one, row)), None)
        if known is not None:
            left.remove(known)
            row["birth_date"] = row["birth_date"] or known["birth_date"]  # a check does not ask for it
        rows.append({**row, "key": known["key"] if known else token_hex(8)})
    return rows


def _iso(day: object) -> str | None:
    return day.isoformat() if isinstance(day, date) else None


def _same_number(one: Row, other: Row) -> bool:
    person = persons.of(one["id_number"])
    return person is not None and person == persons.of(other["id_number"])


def _same_name(one: Row, other: Row) -> bool:
    """The same name, and not two numbers that are two people's."""
    numbers = persons.of(one["id_number"]), persons.of(other["id_number"])
    return text.key(one["name"]) == text.key(other["name"]) and None in numbers


def _noted(
    session: Session, household_id: int, before: Row, after: Row, on: date, by: Recorder, first: bool
) -> list[MemberChange]:
    if not before:
        kind = LISTED if first else "checked_in"
        return [note(session, household_id, kind, on, {}, after, by)]
    turned = {**after, "relation": before["relation"]}
    kept = []
    names = [name for name in (*COLUMNS, "birth_date") if before.get(name) != turned.get(name)]
    if names:
        kept.append(note(session, household_id, LISTED if first else "checked", on, before, turned, by))
    if before["relation"] != after["relation"]:
        kind = "head" if after["relation"] == "head" and not first else "relation"
        kept.append(note(session, household_id, kind, on, turned, after, by))
    return kept
