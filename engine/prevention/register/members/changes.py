"""Change of persons: who came, who left, who is put right, a new head; with day and proof (domain S11).

Whoever works for the household records it as it happens, whatever else is open; it is taken back by an act of
its own. The head's name follows into the open cases and their steps, so that people find them by it.
"""

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
from engine.prevention.models import Household, MemberChange
from engine.prevention.register import member_history, persons
from engine.prevention.register.households import finding as households
from engine.prevention.register.member_history import Recorder, Row
from engine.prevention.register.members import kinship, proofs
from engine.prevention.register.members.reading import COMING, LEAVING, Asked, Reading
from engine.prevention.register.members.telling import tell

WORKERS = frozenset({"village_official", "township_reviewer", "county_approver"})
"""Who records changes in the places of their work."""
SECOND = WORKERS - {"village_official"}
"""Whose look it needs where a monitored person is named otherwise, or an earlier day's record taken back."""


def may_record(actor: Account, household: Household) -> bool:
    """Whether the actor works for the household."""
    return access.reaches(actor, household.village_code, WORKERS)


def worked(session: Session, actor: Account, household_id: int) -> Household:
    household = session.get(Household, household_id)
    if household is None or not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    if not may_record(actor, household):
        raise NotAllowed("成员变动由村、乡、县经办的单位登记。")
    household = households.locked(session, household_id)
    if household.merged_into_id is not None:
        raise Conflict("这户已并入另一户，请在保留的一户登记。")
    return household


def _require_there(household: Household) -> None:
    if household.status == "gone":
        raise Conflict("全户已不在册：有人回来的，请先撤销“全户不在册”的那项变动。")


# -- recording -------------------------------------------------------------------------------------


def record(
    session: Session, actor: Account, household_id: int, asked: Asked, *, clock: Clock
) -> list[MemberChange]:
    """Record a change of persons, wholly or not at all; answers its lines.

    Raises NotFound, NotAllowed, Conflict, or Invalid with a sentence at each field; `persons.Registered` when
    another household has the person.
    """
    now = clock.now()
    with persons.telling(session, actor, now):
        return _record(session, actor, household_id, asked, now)


@whole
def _record(
    session: Session, actor: Account, household_id: int, asked: Asked, now: datetime
) -> list[MemberChange]:
    kept = proofs.cleaned(asked.files)
    with write(session):
        _lock_both(session, actor, household_id, asked)
        household = worked(session, actor, household_id)
        _require_there(household)
        read = Reading(session, household, asked, local_date(now))
        by = Recorder(actor.id, now, member_history.new_act(), read.proof(bool(kept)))
        if asked.kind in COMING:
            changed = _come(session, actor, read, by)
        elif asked.kind in LEAVING:
            changed = _leave(session, read, by)
        elif asked.kind == "head":
            changed = _new_head(session, read, by)
        elif asked.kind == "corrected":
            changed = _correct(session, actor, read, by)
        else:
            raise Invalid("请选择是哪一种变动。", {"kind": ["请选择是哪一种变动。"]})
        proofs.keep(session, actor, household, by, kept)
        tell(session, actor, household, changed, "member_change", now)
    return changed


def _lock_both(session: Session, actor: Account, household_id: int, asked: Asked) -> None:
    """Who moves between two households: both are locked in the one order."""
    holder = _holder(session, text.identity(asked.id_number)) if asked.moves else None
    if holder is not None:
        for one in sorted({household_id, holder.id}):
            if session.get(Household, one) is not None:
                households.locked(session, one)


def _holder(session: Session, number: str | None) -> Household | None:
    query = select(Household).where(persons.holding(number)).limit(1) if number else None
    return session.scalar(query) if query is not None else None


def _come(session: Session, actor: Account, read: Reading, by: Recorder) -> list[MemberChange]:
    asked, household = read.asked, read.household
    on, row = read.day(), read.person()
    if asked.kind in ("marriage_in", "move_in") and not row["id_number"]:
        read.fault("id_number", "请填证件号码，以便核对是否已在别处登记。")
    if asked.kind == "birth" and row["id_number"] and row["birth_date"] != asked_day(asked):
        read.fault("happened_on", "与证件号码里的出生日期不同。")
    if row["relation"] == "head" or not row["relation"]:
        read.fault("relation", "请选择与户主的关系；换户主请选“户主变更”。")
    read.require_alive(row)
    row["key"] = _former(session, household.id, row) or member_history.new_act()
    read.require_after(row, on)
    read.require_fitting([*read.rows, row], [row["key"]])
    read.settle()
    moved = _take_from(session, actor, read, row, on, by) if asked.moves else []
    persons.require_free(session, actor, household.village_code, [row], household.id, "id_number")
    member_history.write(session, household, [*read.rows, row])
    return [member_history.note(session, household.id, asked.kind, on, {}, row, by), *moved]


def asked_day(asked: Asked) -> str | None:
    """The day that was typed, in ISO."""
    found = text.day(asked.happened_on)
    return found.isoformat() if found else None


def _former(session: Session, household_id: int, row: Row) -> str | None:
    """The key of one who once belonged to the household and comes back."""
    person, here = (
        persons.of(row["id_number"]),
        {r["key"] for r in member_history.present(session, household_id)},
    )
    for change in reversed(member_history.in_force(session, household_id)):
        before = change.before
        if person and before and not change.after and persons.of(before["id_number"]) == person:
            return change.member_key if change.member_key not in here else None
    return None


def _take_from(
    session: Session, actor: Account, read: Reading, row: Row, on: date, by: Recorder
) -> list[MemberChange]:
    """The person leaves the household that has it, in the same act; only in the actor's own reach."""
    holder = _holder(session, row["id_number"])
    if holder is None or holder.id == read.household.id or not may_record(actor, holder):
        return []
    rows = member_history.present(session, holder.id)
    person = persons.of(row["id_number"])
    there = next((one for one in rows if persons.of(one["id_number"]) == person), None)
    if there is None:
        return []
    if there["relation"] == "head" or len(rows) == 1:
        raise Conflict(f"{there['name']}是{holder.head_name}户的户主，请先在那一户登记户主变更。")
    member_history.write(session, holder, [one for one in rows if one is not there])
    kind = "marriage_out" if read.asked.kind == "marriage_in" else "move_out"
    gone = member_history.note(session, holder.id, kind, on, there, {}, by)
    tell(session, actor, holder, [gone], "member_change", by.now)
    return [gone]


def _leave(session: Session, read: Reading, by: Recorder) -> list[MemberChange]:
    on, row = read.day(), read.member(read.asked.member)
    read.require_after(row, on)
    left = [one for one in read.rows if one is not row]
    if not left:
        read.fault("member", "全户只有这一人：请到“更正”里办理全户不在册，由第二人核对。")
    head = None
    if row["relation"] == "head" and left:
        head = read.member(read.asked.head, "head")
        if head is row:
            read.fault("head", "请在留下的成员里选。")
    read.settle()
    found = [member_history.note(session, read.household.id, read.asked.kind, on, row, {}, by)]
    if head is not None:
        return found + _turn(session, read.household, left, head, on, by)
    member_history.write(session, read.household, left)
    return found


def _new_head(session: Session, read: Reading, by: Recorder) -> list[MemberChange]:
    on, head = read.day(), read.member(read.asked.head, "head")
    if head["relation"] == "head":
        read.fault("head", "已经是户主。")
    for row in read.rows:
        read.require_after(row, on) if row["relation"] == "head" or row is head else None
    read.settle()
    return _turn(session, read.household, read.rows, head, on, by)


def _turn(
    session: Session,
    household: Household,
    rows: Sequence[Row],
    head: Row,
    on: date,
    by: Recorder,
) -> list[MemberChange]:
    """The household turns to a new head: all relations are told anew, from the one that the new head had."""
    turned = [kinship.turned(row, head, rows) for row in rows]
    found = [
        member_history.note(session, household.id, "head" if row is head else "relation", on, row, after, by)
        for row, after in zip(rows, turned, strict=True)
        if row["relation"] != after["relation"]
    ]
    member_history.write(session, household, sorted(turned, key=lambda row: row["relation"] != "head"))
    member_history.follow_head(session, household, by.now)
    return found


def _correct(session: Session, actor: Account, read: Reading, by: Recorder) -> list[MemberChange]:
    before = read.member(read.asked.member)
    row = read.person(before)
    if (before["relation"] == "head") != (row["relation"] == "head"):
        read.fault("relation", "换户主请选“户主变更”。")
    names = ("name", "id_number", "sex")
    renamed = read.household.status != "ordinary" and any(before[name] != row[name] for name in names)
    if renamed and not access.reaches(actor, read.household.village_code, SECOND):
        raise NotAllowed("这户正在办理或已是监测对象：姓名、性别、证件号码的更正由乡镇办理。")
    rows = [row if one is before else one for one in read.rows]
    read.require_fitting(rows, [row["key"]])
    if row == before:
        read.fault("member", "没有改动。")
    read.settle()
    persons.require_free(session, actor, read.household.village_code, [row], read.household.id, "id_number")
    _require_once(read, rows)
    member_history.write(session, read.household, rows)
    member_history.follow_head(session, read.household, by.now)
    return [member_history.note(session, read.household.id, "corrected", read.today, before, row, by)]


def _require_once(read: Reading, rows: Sequence[Row]) -> None:
    people = [person for row in rows if (person := persons.of(row["id_number"]))]
    if len(people) != len(set(people)):
        read.fault("id_number", "与这户另一名成员相同。")
        read.settle()
