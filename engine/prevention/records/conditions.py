"""What must be so before a record is put right, as it is asked and again as it is done (R41)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import CaseFile
from engine.ground.clock import written
from engine.ground.errors import Conflict, Invalid
from engine.prevention.models import BatchEntry, Household, Objection, RiskClue
from engine.prevention.records.consequences import ends_with, open_cases
from engine.prevention.register import member_history, naming

_KEPT = ("monitored", "eliminated", "cleared")
"""What a record that goes on must be where the one that ends is: its dates are the law's."""


def require_on_register(household: Household) -> None:
    if household.merged_into_id is not None or household.status == "gone":
        raise Conflict("这户已经不在册了。")


def require_there(session: Session, household: Household) -> None:
    require_on_register(household)
    for case in open_cases(session, household.id):
        _require_endable(session, case)


def require_late_enough(session: Session, household: Household, day: date) -> None:
    """Nobody died or left before being born, or before the day of coming to the household."""
    last = member_history.latest_coming(session, household.id)
    if last is not None and day < last:
        sentence = f"有成员{written(last)}才出生或来到这户，不能早于这一天。"
        raise Invalid(sentence, {"on": [f"日期：{sentence}"]})


def require_mergeable(session: Session, household: Household, successor: Household) -> None:
    if household.id == successor.id:
        raise Invalid("不能并入它自己。", {"into": ["保留的一户：不能是这一户自己。"]})
    if household.merged_into_id or successor.merged_into_id:
        raise Conflict("其中一户已经并入别户。")
    if "gone" in (
        household.status,
        successor.status,
    ):  # R41: nobody's people, nor clues, go to a closed record
        raise Conflict("其中一户全户已不在册：有人回来的，先在“成员变动”里撤销。")
    if household.status in _KEPT and successor.status != household.status:
        name = naming.STATUS_NAMES[household.status]
        raise Invalid(
            f"这一户是{name}，保留的一户不是：请反过来，把另一户并入这一户。",
            {"into": [f"保留的一户：不是{name}。"]},
        )
    for case in open_cases(session, household.id):
        _require_endable(session, case)


def require_cancellable(session: Session, clue: RiskClue) -> None:
    if clue.cancelled_at is not None:
        raise Conflict("这条线索已经撤销。")
    if (case := ends_with(session, clue)) is not None:
        _require_endable(session, case)


def _require_endable(session: Session, case: CaseFile) -> None:
    """What others are owed is settled first: an objection that is being looked into,
    a list that has gone up.
    """
    name = case.version.procedure.name
    objection = select(Objection.id).where(Objection.case_id == case.id, Objection.status == "open")
    if session.scalar(objection.limit(1)) is not None:
        raise Conflict(f"正在办理的“{name}”有异议没有核查完，核查后才能更正。")
    entry = select(BatchEntry.id).where(
        BatchEntry.case_id == case.id, BatchEntry.result.in_(("waiting", "agreed"))
    )
    if session.scalar(entry.limit(1)) is not None:
        raise Conflict(f"正在办理的“{name}”已列入申请批次，批次有了结果才能更正。")
