"""A change of persons is taken back by an act of its own (domain S11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import Correction, Household, MemberChange
from engine.prevention.register import member_history, persons, row_counts
from engine.prevention.register.households import finding as households
from engine.prevention.register.member_history import KINDS, Recorder
from engine.prevention.register.members.changes import SECOND, may_record, worked
from engine.prevention.register.members.reading import TYPED
from engine.prevention.register.members.telling import tell


def take_back(
    session: Session, actor: Account, household_id: int, act: str, reason: str, *, clock: Clock
) -> list[MemberChange]:
    """Take an act back: on its day by who recorded it, later by a second person of the township or above.

    Raises NotFound, NotAllowed, Invalid (no reason), Conflict when something of the same people followed, or
    `persons.Registered` when another household has one of them by now.
    """
    now = clock.now()
    with persons.telling(session, actor, now):
        return _take_back(session, actor, household_id, act, text.paragraphs(reason), now)


@whole
def _take_back(
    session: Session, actor: Account, household_id: int, act: str, reason: str, now: datetime
) -> list[MemberChange]:
    with write(session):
        others = _households_of(session, act)
        for one in sorted({household_id, *others}):
            if session.get(Household, one) is not None:
                households.locked(session, one)
        household = worked(session, actor, household_id)
        told = [change for change in member_history.in_force(session, household_id) if change.act == act]
        if not told:
            raise NotFound("没有找到这项变动，或已经撤销。")
        if (obstacle := obstacle_to_taking_back(session, actor, household, told, local_date(now))) != "":
            raise NotAllowed(obstacle)
        if not 2 <= len(reason) <= 400:
            raise Invalid("请写明撤销的原因。", {"reason": ["原因：请写 2 到 400 字。"]})
        by = Recorder(actor.id, now, act, reason)
        undone = []
        touched = [session.get_one(Household, one) for one in sorted(others)]
        for other in touched:
            _require_within(actor, other, household)
        _come_back(session, household, act, by.now)
        for other in sorted(touched, key=lambda one: _gets_back(session, one, act)):
            undone += _undo(session, actor, other, act, by)
    return undone


def _require_within(actor: Account, other: Household, household: Household) -> None:
    """What moved somebody between two households is taken back in both, or not at all: never into a record
    that is closed, nor into one that is another place's by now (R41).
    """
    if other.id == household.id:
        return
    if other.merged_into_id is not None or other.status == "gone":
        raise Conflict(f"{other.head_name}户已不在册，不能撤销；请把这人另行登记。")
    if not may_record(actor, other):
        raise Conflict(f"{other.head_name}户已由别处办理，不能撤销；请与对方另行登记迁出、迁入。")


def _gets_back(session: Session, household: Household, act: str) -> bool:
    """Whether somebody comes back to it: only after the other household has let go."""
    told = [one for one in member_history.in_force(session, household.id) if one.act == act]
    return any(one.before and not one.after for one in told)


def _come_back(session: Session, household: Household, act: str, now: datetime) -> None:
    """A household that was gone with this act is again what it was."""
    going = [
        row
        for row in session.scalars(select(Correction).where(Correction.household_id == household.id))
        if row.kind == "gone" and row.status == "done" and row.data.get("act") == act
    ]
    if going and household.status == "gone":
        household.status = str(going[0].data["was"])
        row_counts.of_household(session, household.id, 1, now)


def _households_of(session: Session, act: str) -> set[int]:
    query = select(MemberChange.household_id).where(MemberChange.act == act, MemberChange.undone_at.is_(None))
    return set(session.scalars(query.distinct()))


def obstacle_to_taking_back(
    session: Session, actor: Account, household: Household, told: Sequence[MemberChange], today: date
) -> str:
    """Why the actor may not take an act back, in a sentence; '' when nothing is in the way."""
    first = told[0]
    if not may_record(actor, household):
        return "成员变动由村、乡、县经办的单位登记。"
    if any(change.kind not in TYPED and change.kind != "relation" for change in told):
        return "核实、分户、并户引起的变动，随那一步的退回、撤回或另行更正。"
    own_today = (
        household.status != "gone"
        and first.recorded_by == actor.id
        and local_date(first.recorded_at) == today
    )
    second = first.recorded_by != actor.id and access.reaches(actor, household.village_code, SECOND)
    return "" if own_today or second else "登记当天由登记人撤销；过后由乡级以上的另一人撤销。"


def _undo(
    session: Session, actor: Account, household: Household, act: str, by: Recorder
) -> list[MemberChange]:
    changed = member_history.in_force(session, household.id)
    first = next(change.id for change in changed if change.act == act)
    people = {change.member_key for change in changed if change.act == act}
    later = [c for c in changed if c.id > first and c.act != act and c.member_key in people]
    if later:
        raise Conflict(f"{later[-1].name}后来又有“{KINDS[later[-1].kind]}”，请先撤销那一项。")
    back = {one.member_key: one.before for one in changed if one.act == act and one.before}
    persons.require_free(session, actor, household.village_code, [*back.values()], household.id, "reason")
    undone = member_history.take_back(session, household, act, by)
    member_history.follow_head(session, household, by.now)
    tell(session, actor, household, undone, "member_change_undone", by.now)
    return undone
