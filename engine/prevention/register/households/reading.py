"""What forms, lists and programmes are told of a household: its columns, members, latest year."""

from __future__ import annotations

from collections.abc import Mapping
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


def facts(session: Session, household_id: int) -> dict[str, Any]:
    """What forms are prefilled from: the household's columns, its members and its latest year."""
    household: Household = locks.at_hand(session, household_id)
    members = [member_row(member) for member in member_history.members_of(session, household_id)]
    ((village, path),) = _PLACE.all(session, division_id=household.division_id)
    year = next(iter(observations.years_of(session, household_id)), None)
    return {
        "id": household.id,
        "number": household.number,
        "head_name": household.head_name,
        "head_id_number": household.head_id_number,
        "village_code": household.village_code,
        "village": village,
        "path": path,
        "group_name": household.group_name,
        "address": household.address,
        "phone": household.phone,
        "household_type": household.household_type,
        "type_name": TYPE_NAMES.get(household.household_type, ""),
        "status": household.status,
        "category": household.category,
        "risks": household.risks,
        "key_groups": household.key_groups,
        "size": len(members),
        "national_number": household.national_number,
        "members": members,
        "income": dict(year.income) if year else {},
        "spending": dict(year.spending) if year else {},
        "assurances": dict(year.assurances) if year else {},
        "per_capita": float(year.per_capita) if year else None,
        "net_income": float(year.net_income) if year else None,
        "year": year.year if year else None,
        "monitored_on": _iso(household.monitored_on),
        "eliminated_on": _iso(household.eliminated_on),
        "elimination_manner": household.elimination_manner,
    }


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
