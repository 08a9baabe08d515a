"""A household comes into the register, with its head and its people (R41)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import divisions
from engine.casework.step import locks
from engine.ground import idnumber, text
from engine.ground.database import save
from engine.ground.database.objects import keep
from engine.ground.database.stored import add_each
from engine.ground.errors import Invalid
from engine.prevention.models import Household, Member
from engine.prevention.register import persons

_MEMBER_COLUMNS = ("name", "sex", "id_type", "id_number", "birth_date", "relation")


def register(
    session: Session, data: Mapping[str, Any], now: datetime, *, actor: Account | None = None
) -> Household:
    """Add a household with its head; the caller is inside a write transaction and has checked the reach.

    Raises Registered when another household has one of its people.
    """
    division = divisions.standing(session, str(data["village_code"]))
    if division.level != "village":
        raise Invalid("请选择到村（社区）。", {"village_code": ["请选择到村（社区）。"]})
    rows = data.get("members") or [
        {"name": data["head_name"], "id_number": data.get("id_number"), "relation": "head"}
    ]
    field = "members.{row}.id_number" if data.get("members") else "id_number"
    persons.require_free(session, actor, division.code, rows, None, field)
    household = Household(
        number="",
        division_id=division.id,
        village_code=division.code,
        head_name=data["head_name"],
        head_id_number=text.identity(data.get("id_number")) or "",
        group_name=data.get("group_name") or "",
        address=data.get("address") or "",
        phone=data.get("phone") or "",
        household_type=data.get("household_type") or "ordinary",
        updated_at=now,
        entered_by=actor.id if actor else None,
        entered_at=now,
    )
    household.number = f"new-{now.timestamp()}-{data['head_name']}"[:30]
    number = keep(session, household)
    locks.put_there(session, household)
    save(session, household, number=f"{division.code}{number:08d}")
    members = [member_columns(index, row) for index, row in enumerate(rows)]
    add_each(session, Member, [{"household_id": number, **one} for one in members])
    return household


def beside(session: Session, household: Household, head_name: str, address: str, now: datetime) -> Household:
    """A household of its own that comes out of another, in the same village and still without people."""
    fresh = Household(
        number=f"new-{now.timestamp()}-{household.id}"[:30],
        division_id=household.division_id,
        village_code=household.village_code,
        head_name=head_name,
        group_name=household.group_name,
        address=address or household.address,
        household_type=household.household_type,
        updated_at=now,
    )
    session.add(fresh)
    session.flush()
    fresh.number = f"{household.village_code}{fresh.id:08d}"
    session.flush()
    return fresh


def member_columns(position: int, row: Mapping[str, Any]) -> dict[str, Any]:
    number = text.identity(row.get("id_number")) or ""
    born = row.get("birth_date")
    if number and row.get("id_type", "id_card") != "none":
        born = idnumber.birth_date(number).isoformat()
    return {
        "position": position,
        "name": str(row["name"]),
        "sex": row.get("sex") or (idnumber.sex(number) if number else ""),
        "id_type": row.get("id_type") or "id_card",
        "id_number": number,
        "person": persons.of(number),
        "birth_date": date.fromisoformat(str(born)) if born else None,
        "relation": row.get("relation") or "",
        "facts": {
            key: value for key, value in row.items() if key not in _MEMBER_COLUMNS and value not in (None, "")
        },
    }
