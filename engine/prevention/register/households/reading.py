"""What forms, lists and programmes are told of a household: its columns, members, latest year."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework.models import Division
from engine.casework.organisation.privacy import mask_phone
from engine.casework.step import locks
from engine.ground import idnumber
from engine.ground.database.prepared import Prepared
from engine.ground.tables import table
from engine.prevention.models import Household, Member
from engine.prevention.register import member_history, observations
from engine.prevention.register.naming import TYPE_NAMES

FACTS = (
    "id number head_name head_id_number village_code village path group_name address phone "
    "household_type type_name status category risks key_groups size national_number members income "
    "spending assurances per_capita net_income year monitored_on eliminated_on elimination_manner"
).split()
"""What `facts` has."""
_PLACE = Prepared(
    select(table(Division).c.name, table(Division).c.path).where(
        table(Division).c.id == bindparam("division_id")
    ),
    steady=True,
)


def facts(session: Session, household_id: int, parts: Container[str] = FACTS) -> dict[str, Any]:
    """What forms are prefilled from: the household's columns, and where they are among the `parts` that are
    read, its place, its members and its latest year.
    """
    household: Household = locks.at_hand(session, household_id)
    found = {
        "id": household.id,
        "number": household.number,
        "head_name": household.head_name,
        "head_id_number": household.head_id_number,
        "village_code": household.village_code,
        "group_name": household.group_name,
        "address": household.address,
        "phone": household.phone,
        "household_type": household.household_type,
        "type_name": TYPE_NAMES.get(household.household_type, ""),
        "status": household.status,
        "category": household.category,
        "risks": household.risks,
        "key_groups": household.key_groups,
        "national_number": household.national_number,
        "monitored_on": _iso(household.monitored_on),
        "eliminated_on": _iso(household.eliminated_on),
        "elimination_manner": household.elimination_manner,
    }
    for names, read in _DEAR:
        if any(name in parts for name in names):
            found |= zip(names, read(session, household), strict=True)
    return found


def _place(session: Session, household: Household) -> Sequence[Any]:
    return _PLACE.bare(session, division_id=household.division_id)[0]


def _people(session: Session, household: Household) -> Sequence[Any]:
    members = [member_row(member) for member in member_history.members_of(session, household.id)]
    return len(members), members


def _year(session: Session, household: Household) -> Sequence[Any]:
    year = next(iter(observations.years_of(session, household.id)), None)
    if year is None:
        return {}, {}, {}, None, None, None
    lists = (dict(year.income), dict(year.spending), dict(year.assurances))
    return *lists, float(year.per_capita), float(year.net_income), year.year


_DEAR: Sequence[tuple[tuple[str, ...], Callable[[Session, Household], Sequence[Any]]]] = (
    (("village", "path"), _place),
    (("size", "members"), _people),
    (("income", "spending", "assurances", "per_capita", "net_income", "year"), _year),
)
"""What is read of other tables, by the names of what it gives."""


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def public(found: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of `facts` as lists and programmes may show them: numbers masked, members by name only."""
    shown = {key: value for key, value in found.items() if key not in ("members", "head_id_number", "phone")}
    return {
        **shown,
        "head_id_number": idnumber.mask(found["head_id_number"]),
        "phone": mask_phone(found["phone"]),
        "members": [{"name": row["name"], "relation": row["relation"]} for row in found["members"]],
    }


def member_row(member: Member) -> dict[str, Any]:
    """A member as the verification form has it."""
    return {
        "name": member.name,
        "sex": member.sex,
        "id_type": member.id_type,
        "id_number": member.id_number,
        "relation": member.relation,
        **member.facts,
    }


def size(session: Session, household_id: int) -> int:
    """How many people live in the household."""
    return len(member_history.members_of(session, household_id))
