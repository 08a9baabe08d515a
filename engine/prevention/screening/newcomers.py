"""Households that the register does not have are found at the door: looked for first, then added (R41)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine.ground import idnumber, text
from engine.ground.errors import Invalid
from engine.ground.tables import table
from engine.prevention.models import Household, Member
from engine.prevention.register import naming, persons
from engine.prevention.register.households import finding as households
from engine.prevention.screening.entries import Entry

_HOUSEHOLD, _MEMBER = table(Household), table(Member)
LENGTHS = {"head_name": 40, "group_name": 40, "address": 200}
WORDS = {"head_name": "户主姓名", "group_name": "村民小组", "address": "家庭住址"}


def known(session: Session, entries: Sequence[Entry]) -> dict[str, int]:
    """By uuid the household that is registered already: by a person's number, then by name and village.

    Who has another number is somebody else of the same name; of several of one name, nobody is chosen.
    """
    told = {entry.uuid: entry.new_household or {} for entry in entries}
    people = {uuid: persons.of(new.get("id_number")) for uuid, new in told.items()}
    named = (":".join(_place(new)) for new in told.values())  # nor may two of one name be added at once
    persons.wait_for(session, [*(one for one in people.values() if one), *named])
    by_person = _by_person(session, [one for one in people.values() if one])
    by_name = _by_name(session, {uuid: _place(new) for uuid, new in told.items()})
    found: dict[str, int] = {}
    for uuid, new in told.items():
        person = people[uuid]
        if person in by_person:
            household_id, village_code = by_person[person]
            if village_code == str(new.get("village_code")):
                found[uuid] = household_id
            continue
        alike = [
            row.id
            for row in by_name.get(_place(new), ())
            if not (person and row.head_id_number) and _near(row, new)
        ]
        if len(alike) == 1:
            found[uuid] = alike[0]
    return found


def _place(new: Mapping[str, Any]) -> tuple[str, str]:
    return str(new.get("village_code") or ""), text.key(str(new.get("head_name") or ""))


def _near(row: Any, new: Mapping[str, Any]) -> bool:
    """Whether nothing that both say of where it lives is different."""
    group = text.key(str(new.get("group_name") or ""))
    return not group or not row.group_name or text.key(row.group_name) == group


def _by_person(session: Session, people: Sequence[str]) -> dict[str | None, tuple[int, str]]:
    query = select(_MEMBER.c.person, _HOUSEHOLD.c.id, _HOUSEHOLD.c.village_code).join(
        _HOUSEHOLD, _HOUSEHOLD.c.id == _MEMBER.c.household_id
    )
    rows = session.execute(query.where(_MEMBER.c.person.in_(people))) if people else ()
    return {row.person: (row.id, row.village_code) for row in rows}


def _by_name(session: Session, places: Mapping[str, tuple[str, str]]) -> dict[tuple[str, str], list[Any]]:
    named = {place for place in places.values() if all(place)}
    if not named:
        return {}
    columns = "id village_code head_key head_id_number group_name".split()
    same = [
        and_(_HOUSEHOLD.c.village_code == village, _HOUSEHOLD.c.head_key == name)
        for village, name in sorted(named)
    ]
    query = select(*(_HOUSEHOLD.c[name] for name in columns)).where(or_(*same))
    found: dict[tuple[str, str], list[Any]] = {}
    for row in session.execute(query.where(households.there())):
        found.setdefault((row.village_code, row.head_key), []).append(row)
    return found


def checked(new: Mapping[str, Any], today: date) -> dict[str, Any]:
    """What is to be registered, in the normal forms. Raises Invalid."""
    wrong: dict[str, list[str]] = {}
    data: dict[str, Any] = {"village_code": str(new.get("village_code") or "")}
    for name, most in LENGTHS.items():
        clean = text.name if name == "head_name" else text.line
        data[name] = clean(str(new.get(name) or ""))
        if len(data[name]) > most:
            wrong[name] = [f"{WORDS[name]}：不超过 {most} 字。"]
    if not data["head_name"]:
        wrong["head_name"] = ["户主姓名：请填写。"]
    data["phone"] = str(new.get("phone") or "")
    if data["phone"]:
        data["phone"] = text.phone(data["phone"]) or ""
        if not data["phone"]:
            wrong["phone"] = ["联系电话：请填写 11 位手机号或带区号的座机号。"]
    data["household_type"] = str(new.get("household_type") or "ordinary")
    if data["household_type"] not in naming.TYPE_NAMES:
        wrong["household_type"] = ["户类型：请从所列选项中选择。"]
    _number(new, data, wrong, today)
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return data


def _number(new: Mapping[str, Any], data: dict[str, Any], wrong: dict[str, list[str]], today: date) -> None:
    """An ID number is right or refused; old people without one are registered without (domain 7.3)."""
    typed = str(new.get("id_number") or "").strip()
    if not typed:
        return
    number = text.identity(typed)
    try:
        idnumber.validate(number or typed, today)
    except ValueError as error:
        wrong["id_number"] = [f"证件号码：{error}"]
    data["id_number"] = number
