"""Handing a household over to another place, on purpose and with its whole history (S24).

Until then nobody of the other place sees it; from then on its cases, open steps and limits are the other
place's, and the limits run on as before.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, CaseFile, Division, SupervisionOrder, Timer, WorkItem
from engine.casework.organisation import access, divisions
from engine.casework.step.steps import Step
from engine.casework.telling import notifications
from engine.flow.history import lines
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.assistance import officials
from engine.prevention.models import Household, Measure, RiskClue
from engine.prevention.register import households
from engine.prevention.screening import following


def hand_over(
    session: Session, actor: Account, household_id: int, village_code: str, reason: str, *, clock: Clock
) -> Household:
    """Move a household and everything that runs for it to another village.

    A county's approver hands over out of the own county; who receives it sees it from the next moment on.
    Raises NotFound, NotAllowed or Invalid (unknown village, the same village, no reason).
    """
    now = clock.now()
    if not reason.strip():
        raise Invalid("请写明移交的原因。", {"reason": ["请写明移交的原因。"]})
    with write(session):
        household = session.get(Household, household_id)
        household = households.locked(session, household.id) if household is not None else None
        if household is None or not access.reaches(actor, household.village_code):
            raise NotFound("没有找到这户人家。")
        if not access.reaches(actor, household.village_code, frozenset({"county_approver"})):
            raise NotAllowed("移交由县级办理。")
        if household.merged_into_id is not None:
            raise Conflict("这户已并入另一户，移交保留的那一户。")
        target = _target(session, household, village_code)
        cases = (
            select(CaseFile)
            .where(CaseFile.subject_id == household.id)
            .order_by(CaseFile.id)
            .with_for_update()
        )
        for case in session.scalars(cases.execution_options(populate_existing=True)):
            _move_case(session, actor, case, household, target, reason.strip(), now)
        _move_assistance(session, household, target, now)
        for clue in session.scalars(select(RiskClue).where(RiskClue.household_id == household.id)):
            clue.village_code = target.code
        details = {
            "household": household.id,
            "from": household.village_code,
            "to": target.code,
            "reason": reason,
        }
        audit.record(session, "access", actor.id, "hand_over", details, now)
        following.moved(session, household.id, target.code, now)
        household.village_code, household.division_id, household.updated_at = target.code, target.id, now
    return household


def _target(session: Session, household: Household, village_code: str) -> Division:
    target = divisions.get(session, village_code)
    if target.level != "village":
        raise Invalid("请选择到村（社区）。", {"village_code": ["接收的村：请选择到村（社区）。"]})
    if target.code == household.village_code:
        raise Invalid("这户已经在这个村。", {"village_code": ["接收的村：这户已经在这个村。"]})
    return target


def _move_assistance(session: Session, household: Household, target: Division, now: datetime) -> None:
    """Measures follow; an official of another county no longer answers for the household (R18)."""
    session.execute(
        update(Measure).where(Measure.household_id == household.id).values(village_code=target.code)
    )
    if not access.scope_of(access.ancestor(household.village_code, "county")).holds(target.code):
        official = officials.in_office(session, household.id)
        if official is not None:
            official.until = local_date(now)


def _move_case(
    session: Session,
    actor: Account,
    case: CaseFile,
    household: Household,
    target: Division,
    reason: str,
    now: datetime,
) -> None:
    """The case's rows follow; its history only gains a line, so that a replay is the same."""
    case.village_code = target.code
    for timer in session.scalars(select(Timer).where(Timer.case_id == case.id)):
        timer.village_code = target.code
    for item in session.scalars(select(WorkItem).where(WorkItem.case_id == case.id)):
        item.village_code = target.code
        if item.status == "open":
            item.division_code = access.ancestor(target.code, item.queue)
            item.claimed_by = item.claimed_at = None
    for order in session.scalars(select(SupervisionOrder).where(SupervisionOrder.case_id == case.id)):
        order.village_code, order.division_code = target.code, access.ancestor(target.code, order.queue)
    line = lines.HandedOver(from_=household.village_code, to=target.code, reason=reason, name=target.path)
    session.flush()
    Step(session, case, actor, now).log(line)
    if case.status == "open":
        text = f"{case.subject}户移交到{target.path}，办理记录一并移交：{reason}"
        for queue in ("township", "village"):
            notifications.send(session, case, queue, "result", text, now)
