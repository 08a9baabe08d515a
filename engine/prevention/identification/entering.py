"""A risk clue is entered by hand (R06): of a household that is registered, or of one that comes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import definitions
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.flow.forms import Form
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.prevention.identification.clues import PROCEDURE, place
from engine.prevention.models import Household, RiskClue
from engine.prevention.register import persons
from engine.prevention.register.households import finding as households
from engine.prevention.register.households import registering

CHANNELS = {
    "cadre_check": "基层干部排查",
    "department_warning": "部门筛查预警",
    "self_declaration": "农户自主申报",
}
MAX_AGE = timedelta(days=366)


@dataclass(frozen=True)
class Entered:
    """What became of a clue: None while possible duplicates wait for the official's word.

    `case` is None also when a monitored household has no open case: the clue is kept at the household.
    """

    clue: RiskClue | None
    case: CaseFile | None
    joined: bool
    duplicates: Sequence[Household] = ()
    person: str | None = None

    @property
    def known(self) -> Household | None:
        """The household, among the duplicates, that the person of the ID number belongs to:
        no other can be made.
        """
        return next((one for one in self.duplicates if persons.belongs(one, self.person)), None)


@whole
def enter(
    session: Session,
    actor: Account,
    data: Mapping[str, Any],
    *,
    clock: Clock,
    household_id: int | None = None,
    confirmed_new: bool = False,
) -> Entered:
    """Enter a clue from the clean data of form ``clue``, for a known household or a new one.

    Without `household_id` possible duplicates are looked for first; unless `confirmed_new`, they are answered
    and nothing is stored.
    """
    today = local_date(clock.now())
    discovered = date.fromisoformat(str(data["discovered_on"]))
    if discovered > today:
        raise Invalid("发现日期不能晚于今天。", {"discovered_on": ["发现日期：不能晚于今天。"]})
    if today - discovered > MAX_AGE:
        raise Invalid("发现日期超过一年，请核对。", {"discovered_on": ["发现日期：超过一年，请核对。"]})
    village = str(data.get("village_code") or "")
    if household_id is None:
        if not access.reaches(actor, village):
            raise Invalid("请选择您负责范围内的村。", {"village_code": ["所在村：请选择您负责范围内的村。"]})
        found = households.find_duplicates(
            session,
            id_number=str(data.get("id_number") or ""),
            village_code=village,
            address=str(data.get("address") or ""),
            head_name=str(data.get("head_name") or ""),
        )
        reachable = [h for h in found if access.reaches(actor, h.village_code)]
        if reachable and not confirmed_new:
            return Entered(None, None, False, reachable, persons.of(data.get("id_number")))
    with persons.telling(session, actor, clock.now()), write(session):
        household = _household(session, actor, household_id, data, clock.now())
        clue = RiskClue(
            household_id=household.id,
            village_code=household.village_code,
            channel=data["channel"],
            finder=data.get("finder") or actor.name,
            discovered_on=discovered,
            description=data.get("description") or "",
            risks=list(data.get("risks") or []),
            entered_by=actor.id,
            entered_at=clock.now(),
        )
        case, joined = place(session, actor, household, clue, clock.now())
    return Entered(clue, case, joined)


def _household(
    session: Session, actor: Account, household_id: int | None, data: Mapping[str, Any], now: datetime
) -> Household:
    if household_id is None:
        return registering.register(session, data, now, actor=actor)
    household = session.get(Household, household_id)
    if household is None or not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    household = households.locked(session, household.id)
    if household.merged_into_id is not None:
        raise Conflict("这户已并入另一户，请在并入的那一户录入线索。")
    if household.status == "gone":
        raise Conflict("这户全户已不在册：有人回来的，先在“成员变动”里撤销。")
    return household


def form(session: Session) -> Form | None:
    """The form in force for a clue: the one on the procedure's start event."""
    return definitions.load(session, definitions.current(session, PROCEDURE).id).start_form
