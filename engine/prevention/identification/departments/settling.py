"""Somebody looks at a row that the register alone could not place: whose household it is, or that it is
nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.identification.departments import lists, matters
from engine.prevention.identification.departments.intake import raising, results
from engine.prevention.identification.departments.intake.judging import Portion
from engine.prevention.identification.departments.intake.statements import Channel, Told
from engine.prevention.models import DepartmentBatch, DepartmentCandidate, DepartmentRow, Household
from engine.prevention.register.households import finding as households

SETTLES = frozenset({"village_official", "township_reviewer", "county_approver"})
CLUE, NONE = "clue", "none"
SETTLED = {CLUE: "已找到户", NONE: "不是这里的户"}


@dataclass(frozen=True)
class Answer:
    """What an official found: the household's number, or none and why."""

    number: str = ""
    note: str = ""


def may_settle(actor: Account, row: DepartmentRow) -> bool:
    """Whether the row waits, and the actor works where it does."""
    places = [one.village_code for one in _asked(row)] if row.candidates else [row.village_code]
    waits = row.standing == "current" and row.outcome in results.OPEN and row.settled_at is None
    return waits and any(access.reaches(actor, code, SETTLES) for code in places)


def _asked(row: DepartmentRow) -> list[DepartmentCandidate]:
    """The records of which nobody has said yet that they are not meant."""
    return [one for one in row.candidates if one.denied_at is None]


@whole
def settle(session: Session, actor: Account, row_id: int, answer: Answer, *, clock: Clock) -> DepartmentRow:
    """Say whose row it is: its clue is placed as if it had been found at once. Or say that it is nobody's.

    Raises NotFound, NotAllowed, Conflict for a row that somebody has looked at, Invalid for what was typed.
    """
    row = lists.row(session, actor, row_id)
    if not may_settle(actor, row) and row.settled_at is None:
        raise NotAllowed("这一条由所在的村、乡、县核对，您只能查看。")
    household = _household(session, actor, row, answer)
    note = text.line(answer.note)[:300]
    if household is None and not note:
        raise Invalid("请写明核对的情况。", {"note": ["请写明核对的情况，如：不是本地人、已去世。"]})
    with write(session):
        if household is not None:
            household = households.locked(session, household.id)
        session.refresh(row, with_for_update={"of": DepartmentRow})
        for asked in row.candidates:
            session.refresh(asked)
        if row.settled_at is not None or row.standing != "current":
            raise Conflict("这一条已经有人核对过了，请刷新页面。")
        before = row.outcome
        if household is not None:
            _place(session, row, household, clock.now())
        else:
            _deny(actor, row, note, clock.now())
        if household is not None or not _asked(row):  # T29: one side's no leaves the other its question
            row.settled, row.settled_note = (CLUE if household is not None else NONE), note
            row.settled_by, row.settled_at = actor.id, clock.now()
        _recount(session, row, before)
        details = {"row": row.id, "household": household.id if household is not None else None}
        audit.record(session, "access", actor.id, "department_row", details, clock.now())
    return row


def _deny(actor: Account, row: DepartmentRow, note: str, now: datetime) -> None:
    for one in _asked(row):
        if access.reaches(actor, one.village_code, SETTLES):
            one.denied_note, one.denied_by, one.denied_at = note, actor.id, now


def _household(session: Session, actor: Account, row: DepartmentRow, answer: Answer) -> Household | None:
    """The household that was named. Raises Invalid where there is none in the actor's reach."""
    number = text.half(answer.number).strip()
    if not number:
        return None
    found = session.scalar(select(Household).where(Household.number == number, households.visible(actor)))
    if found is None or found.merged_into_id is not None or found.status == "gone":
        sentence = "您负责的范围里没有这个户编号，请核对。"
        raise Invalid(sentence, {"number": [sentence]})
    if row.candidates and found.id not in {one.household_id for one in row.candidates}:
        sentence = "这个人没有登记在这一户：请填列出的几户之一。"
        raise Invalid(sentence, {"number": [sentence]})
    return found


def channel_of(session: Session, row: DepartmentRow) -> Channel:
    """By which way a row came in."""
    place = divisions.names(session, [row.division_code]).get(row.division_code, "")
    matter = matters.get(row.department, row.matter)
    return Channel(row.division_code, row.department, matter, place, row.entered_by)


def _place(session: Session, row: DepartmentRow, household: Household, now: datetime) -> None:
    """What follows from the row for the household: below the amount nothing, else a clue."""
    told = Told(row.name, row.id_number, row.told_on, row.period, row.amount, row.note)
    if told.told_on is None:  # R06: found when it arrived, not when somebody looked at it
        told = Told(row.name, row.id_number, row.discovered_on, row.period, row.amount, row.note)
    channel = channel_of(session, row)
    portion = Portion(session, channel, [told], now)
    portion.keys[told] = row.key  # its own amount is counted once
    judged = portion.weighed_at(told, household)
    if judged.kind == results.REFUSED:
        raise Conflict(f"{judged.note}。")
    row.household_id, row.village_code, row.bar = household.id, household.village_code, judged.bar
    if judged.kind == results.BELOW:
        row.outcome = results.BELOW
        return
    clue, case, joined = raising.raise_clue(session, channel, household.id, told, judged, now)
    row.clue_id = clue.id
    row.outcome = results.JOINED if joined else results.RAISED if case is not None else results.KEPT


def _recount(session: Session, row: DepartmentRow, before: str) -> None:
    """The batch's counts, where the row has become something else."""
    if row.outcome == before:
        return
    session.flush()
    changed = {
        before: getattr(DepartmentBatch, before) - 1,
        row.outcome: getattr(DepartmentBatch, row.outcome) + 1,
    }
    session.execute(update(DepartmentBatch).where(DepartmentBatch.id == row.batch_id).values(**changed))
