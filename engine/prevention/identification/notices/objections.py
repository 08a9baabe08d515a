"""Somebody objects (R10): as long as a notice hangs, and later what was raised in its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import Account, Submission
from engine.casework.step.steps import Step
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid
from engine.prevention.identification.notices.lists import OPEN_OBJECTIONS, hanging, last_of
from engine.prevention.models import Notice, Objection

OBJECTION = "objection"
_TOO_LATE = "不能登记异议；公示结束后的情况请向乡级审核人反映。"


def raise_objection(
    session: Session,
    actor: Account,
    case_id: int,
    data: Mapping[str, Any],
    *,
    submission: int = 0,
    clock: Clock,
) -> Objection:
    """Record an objection to the case's notice and tell the case;
    it keeps the notice open until decided (R10).

    `data` is the clean data of form ``objection``: matter, raised_on (ISO), raised_by (absent when
    anonymous), late_reason; `submission` the form as it is kept. What was raised in the notice's days counts
    as raised then, as long as the step after the notice is not done, on whichever version the case runs.
    """
    raised_on = date.fromisoformat(str(data["raised_on"]))
    reason = str(data.get(acts.REASON) or "").strip()
    with write(session):
        notice = hanging(session, case_id)
        waiting = bool(OPEN_OBJECTIONS.all(session, case_id=case_id))
        over, drawn = notice is None or (notice.closes_at <= clock.now() and not waiting), True
        if notice is None or over:
            notice, drawn = _just_over(session, actor, case_id, raised_on, reason, clock)
        objection = Objection(
            notice_id=notice.id,
            case_id=case_id,
            raised_by=str(data.get("raised_by") or ""),
            raised_on=raised_on,
            matter=str(data["matter"]),
            late_reason=reason,
        )
        session.add(objection)
        session.flush()
        payload = {"id": objection.id, "raised_on": raised_on.isoformat(), "matter": objection.matter}
        if not drawn:
            acts.send_belated(
                session,
                actor,
                case_id,
                OBJECTION,
                payload,
                said_on=raised_on,
                reason=reason,
                submission=submission,
                clock=clock,
            )
            return objection
        acts.send_message(session, actor, case_id, OBJECTION, payload, submission=submission, clock=clock)
        if over:
            _tell_supervisors(session, actor, objection, clock.now())
    return objection


def _just_over(
    session: Session, actor: Account, case_id: int, raised_on: date, reason: str, clock: Clock
) -> tuple[Notice, bool]:
    """The notice that has ended while the step after it is open, and whether the case's version draws how an
    objection gets there. R10: the day on which an objection was raised counts, not that of its entry.

    Raises Conflict when it was raised later or comes after that step, Invalid without a reason.
    """
    notice = last_of(session, case_id)
    if notice is None or notice.status not in ("open", "closed"):
        raise Conflict(f"这件事项没有正在进行的公示，{_TOO_LATE}")
    last = local_date(notice.closes_at) - timedelta(days=1)
    if raised_on > last:
        raise Conflict(f"公示已于{written(last)}期满，这一天以后提出的，{_TOO_LATE}")
    drawn = acts.let_time_pass(session, actor, case_id, OBJECTION, clock=clock)
    if not drawn and not _could_wait_again(session, actor, case_id, clock):
        raise Conflict(f"公示已于{written(last)}期满，结果已经上报，{_TOO_LATE}")
    if not reason:
        sentence = f"公示已于{written(last)}期满：公示期内提出的异议可以补登，请写明当天没有登记的原因。"
        raise Invalid("请写明当天没有登记的原因。", {acts.REASON: [sentence]})
    return notice, drawn


def _could_wait_again(session: Session, actor: Account, case_id: int, clock: Clock) -> bool:
    step = Step.on(session, case_id, actor, clock.now())
    return acts.over(step, OBJECTION) is not None


def _tell_supervisors(session: Session, actor: Account, objection: Objection, now: datetime) -> None:
    step = Step.on(session, objection.case_id, actor, now)
    text = (
        f"{step.case.subject}户：公示期满后补登{written(objection.raised_on)}提出的异议，"
        f"当天没有登记的原因：{objection.late_reason}"
    )[:300]
    step.tell("backdated", f"objection:{objection.id}", text)


def deliver(session: Session, actor: Account, kept: Submission, clock: Clock) -> Objection:
    return raise_objection(session, actor, kept.case_id, kept.data, submission=kept.id, clock=clock)
