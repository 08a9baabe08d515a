"""How a household is reached: phone, village group and address, put right by who works with it.

It changes nothing that was decided, so no second person is asked; what it was before stays on record. A field
that was cleared is cleared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework import audit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.organisation.contacts import NO_PHONE
from engine.casework.organisation.privacy import mask_phone
from engine.casework.step import locks
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import ContactChange, Household

ROLES = frozenset({"village_official", "township_reviewer", "county_approver"})
FIELDS = {"phone": "电话", "group_name": "村民小组", "address": "住址"}
_MOST = {"phone": 20, "group_name": 40, "address": 200}
NAMED = 5
"""So many households with the same phone are named."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: the change, None when nothing changed; or those with the same phone,
    and nothing is stored before somebody has looked at them.
    """

    change: ContactChange | None = None
    same_phone: Sequence[Household] = ()
    """Households in the actor's reach that have the phone."""
    elsewhere: bool = False
    """Whether one out of it has the phone too."""

    @property
    def asks(self) -> bool:
        """Whether it is to be confirmed first."""
        return bool(self.same_phone) or self.elsewhere


def may_change(actor: Account, household: Household) -> bool:
    """Whether the actor works with the household."""
    return household.merged_into_id is None and access.reaches(actor, household.village_code, ROLES)


@whole
def change(
    session: Session,
    actor: Account,
    household_id: int,
    typed: Mapping[str, str],
    confirmed: bool,
    *,
    clock: Clock,
) -> Outcome:
    """Put right what `typed` (of FIELDS) says; a masked phone that was left as it was stays.

    `confirmed`: others have the same phone, and that is right. Raises NotFound, NotAllowed, Conflict (a
    merged record) or Invalid, field by field.
    """
    now = clock.now()
    with write(session):
        household = session.get(Household, household_id)
        if household is None or not access.reaches(actor, household.village_code):
            raise NotFound("没有找到这户人家。")
        household = locks.subject(session, household_id)
        if household.merged_into_id is not None:
            raise Conflict("这户已并入另一户，请改保留的那一户。")
        if not may_change(actor, household):
            raise NotAllowed("电话和住址由村、乡、县的经办人员更正。")
        values = _read(household, typed)
        outcome = _same_phone(session, actor, household, values["phone"])
        if outcome.asks and not confirmed:
            return outcome
        row = _record(session, household, values, actor, None, now)
        if row is not None:
            details = {
                "household": household.id,
                "before": _said(row, "before"),
                "after": _said(row, "after"),
            }
            audit.record(session, "access", actor.id, "contact", details, now)
    return Outcome(row)


def from_check(call: ServiceCall, household: Household, data: Mapping[str, Any], form: str) -> None:
    """Take over what a check of the household's says; what the form had from the register
    and came back empty is cleared.
    """
    emptied = call.definition.form(form).emptied(data) if call.definition is not None else set()
    present = {key: getattr(household, key) for key in FIELDS}
    values = {key: "" if key in emptied else str(data.get(key) or present[key]) for key in FIELDS}
    if any(present[key] and values[key] != present[key] for key in FIELDS):
        _record(call.session, household, values, call.actor, call.case.id, call.now)
        return
    for key, value in values.items():  # what nothing was known of needs no trace
        if value != present[key]:
            setattr(household, key, value)


def of_household(session: Session, household_id: int) -> Sequence[ContactChange]:
    """The changes of a household."""
    query = select(ContactChange).where(ContactChange.household_id == household_id)
    return list(session.scalars(query.order_by(ContactChange.id)))


def said(row: ContactChange) -> str:
    """A change in words, phones masked."""
    return f"{_said(row, 'before')} → {_said(row, 'after')}"


def _read(household: Household, typed: Mapping[str, str]) -> dict[str, str]:
    values, wrong = {}, {}
    for key, name in FIELDS.items():
        values[key] = text.line(typed.get(key, getattr(household, key)))
        if len(values[key]) > _MOST[key]:
            wrong[key] = [f"{name}：最多 {_MOST[key]} 个字。"]
    if values["phone"] and values["phone"] == mask_phone(household.phone):
        values["phone"] = household.phone  # shown masked, and left as it was
    elif values["phone"]:
        number = text.phone(values["phone"])
        if number is None:
            wrong["phone"] = [f"电话：{NO_PHONE}"]
        values["phone"] = number or ""
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], wrong)
    return values


def _same_phone(session: Session, actor: Account, household: Household, phone: str) -> Outcome:
    """Who else has a phone that is new to the household."""
    if not phone or phone == household.phone:
        return Outcome()
    query = select(Household).where(
        Household.phone == phone, Household.id != household.id, Household.merged_into_id.is_(None)
    )
    found = list(
        session.scalars(query.options(joinedload(Household.division)).order_by(Household.id).limit(NAMED))
    )
    near = [one for one in found if access.reaches(actor, one.village_code)]
    return Outcome(same_phone=near, elsewhere=len(near) < len(found))


def _record(
    session: Session,
    household: Household,
    values: Mapping[str, str],
    actor: Account | None,
    case_id: int | None,
    now: datetime,
) -> ContactChange | None:
    if all(getattr(household, key) == value for key, value in values.items()):
        return None
    row = ContactChange(
        household_id=household.id,
        case_id=case_id,
        phone_before=household.phone,
        group_before=household.group_name,
        address_before=household.address,
        recorded_by=actor.id if actor else None,
        recorded_at=now,
        **values,
    )
    session.add(row)
    for key, value in values.items():
        setattr(household, key, value)
    household.updated_at = now
    session.flush()
    return row


def _said(row: ContactChange, side: str) -> str:
    """What changed, as it was before or is after."""
    before = {"phone": row.phone_before, "group_name": row.group_before, "address": row.address_before}
    after = {key: getattr(row, key) for key in FIELDS}
    shown = before if side == "before" else after
    return "；".join(
        f"{name} {(mask_phone(shown[key]) if key == 'phone' else shown[key]) or '（空）'}"
        for key, name in FIELDS.items()
        if before[key] != after[key]
    )
