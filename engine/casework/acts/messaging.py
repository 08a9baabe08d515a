"""Messages that reach cases: an objection, a clue, a result, an event of the register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework import audit, kit
from engine.casework.acts.belated import NOT_NOW
from engine.casework.acts.completing import digests, sent
from engine.casework.acts.items import noting_faults
from engine.casework.models import Account, CaseFile, Submission, WorkItem
from engine.casework.organisation import access
from engine.casework.step.locks import case_by_id
from engine.casework.step.steps import Step
from engine.flow.history import lines
from engine.ground.clock import Clock
from engine.ground.database import save, whole, write
from engine.ground.database.prepared import Prepared
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.ground.tables import table

_CASE = table(CaseFile)
_OTHERS = Prepared(
    select(_CASE.c.id)
    .where(
        _CASE.c.subject_id == bindparam("subject_id"),
        _CASE.c.status == "open",
        _CASE.c.id != bindparam("besides"),
    )
    .order_by(_CASE.c.id),
    own=True,
)


def locked_case(session: Session, case_id: int) -> CaseFile | None:
    """The case, locked after its subject: what a step locks,
    for who has something to record before the step.
    """
    return case_by_id(session, case_id)


def send_message(
    session: Session,
    actor: Account | None,
    case_id: int,
    name: str,
    payload: Mapping[str, Any],
    *,
    facts: Mapping[str, Any] | None = None,
    submission: int | None = None,
    clock: Clock,
) -> bool:
    """A message reaches a case; `facts` change case variables, `submission` is the form it came with.

    Returns whether something caught it at once.
    """
    with noting_faults(session, clock.now(), case_id=case_id):
        return _send(session, actor, case_id, name, payload, facts, submission, clock.now())


@whole
def let_time_pass(session: Session, actor: Account | None, case_id: int, name: str, *, clock: Clock) -> bool:
    """Let happen in a case what is due by now, seen to or not; answers whether it then waits for message
    `name`.
    """
    with write(session):
        step = Step.on(session, case_id, actor, clock.now())
        if step.case.status != "open":
            return False
        step.instance.pass_time(step.now)
        step.finish()
        return name in step.instance.waits_for()


@whole
def _send(
    session: Session,
    actor: Account | None,
    case_id: int,
    name: str,
    payload: Mapping[str, Any],
    facts: Mapping[str, Any] | None,
    submission: int | None,
    now: datetime,
) -> bool:
    with write(session):
        step = Step.on(session, case_id, actor, now)
        if actor is not None and not access.reaches(actor, step.case.village_code):
            raise NotFound("没有找到这件事项。")
        if step.case.status != "open":
            raise Conflict("这件事项已经办结，不能再接收新的情况。")
        if not facts and name not in step.definition.messages:
            raise Invalid(f"这一版流程不接收消息“{name}”。")
        caught = step.instance.send(name, dict(payload), step.now, facts)
        kept = session.get(Submission, submission) if submission else None
        sha = audit.digest(kept.data) if kept is not None else ""
        step.finish(
            partial(
                lines.Caught,
                payload=dict(payload),
                facts=dict(facts or {}),
                submission=submission or 0,
                sha=sha,
            )
        )
    return caught


def report_step(
    session: Session, actor: Account, case_id: int, name: str, raw: Mapping[str, Any], *, clock: Clock
) -> None:
    """What a step waits for comes another way, as a message that an event beside the step catches.

    It is the step's own matter (R08, R09): only who may do the step may send it, with the step's form filled
    in. Raises Invalid (the diagram has no such event: the message is the system's own, or a field is wrong),
    NotAllowed, NotFound or Conflict (the step is not open); then nothing is recorded.
    """
    with noting_faults(session, clock.now(), case_id=case_id):
        _report(session, actor, case_id, name, raw, clock.now())


@whole
def _report(
    session: Session, actor: Account, case_id: int, name: str, raw: Mapping[str, Any], now: datetime
) -> None:
    with write(session):
        step = Step.on(session, case_id, actor, now)
        beside = step.definition.beside_steps(name)
        if not beside:
            raise Invalid(f"这一版流程不从外面接收消息“{name}”。")
        query = select(WorkItem).where(
            WorkItem.case_id == case_id, WorkItem.status == "open", WorkItem.element_id.in_(beside)
        )
        item = session.scalars(query.order_by(WorkItem.id)).first()
        if item is None:
            raise Conflict(NOT_NOW)
        access.require_work(actor, item)
        access.require_open(session, actor, item)
        event = beside[item.element_id]
        clean, submission = sent(step, item, raw)
        payload = step.definition.project(name, clean)
        if not step.instance.send(name, payload, step.now):
            raise Conflict(NOT_NOW)
        finished = event.cancel_activity  # R12: whoever sent it has done the step
        if finished:
            done = {
                "status": "done",
                "closed_at": step.now,
                "closed_by": actor.id,
                "outcome": event.name[:80],
            }
            save(step.connection, item, **done)
        step.finish(
            partial(
                lines.Caught,
                payload=payload,
                item=item.id if finished else 0,
                submission=submission.scalar,
                sha=audit.digest(clean),
                files=digests(step, item, clean),
            ),
            ended=item if finished else None,
        )


def tell_subject(
    session: Session,
    actor: Account | None,
    subject_id: int,
    name: str,
    payload: Mapping[str, Any],
    now: datetime,
    *,
    besides: int,
    held: bool = False,
    words: str = "在名册里的状态已经变化",
) -> list[int]:
    """Send a message to every other open case of a subject that waits for it;
    returns the cases that caught it. `words` say to those who have work in them what happened.

    `held`: also to a case that does not wait for it yet, which keeps it until its diagram does.

    Inside the caller's transaction. What a case does with it is drawn in its diagram, and whoever had work in
    it hears of it. So they do of a case whose diagram, an earlier version's, says nothing: it goes on, and
    people look at it.
    """
    told = []
    for case_id in _OTHERS.scalars(session, subject_id=subject_id, besides=besides):
        step = Step.on(session, case_id, actor, now)
        open_in = select(WorkItem.queue).where(WorkItem.case_id == case_id, WorkItem.status == "open")
        queues = session.scalars(open_in.distinct().order_by(WorkItem.queue)).all()
        due = name in step.instance.waits_for()
        if due or (held and name in step.definition.messages):
            caught = step.instance.send(name, dict(payload), step.now)
            step.finish(partial(lines.Caught, payload=dict(payload)))
            told += [case_id] if caught else []
        for queue in queues:
            step.notify(queue, "result", _news(step.case, words))
    return told


def _news(case: CaseFile, words: str) -> str:
    name = case.version.procedure.name
    if case.status == "open":
        return f"{kit.called(case)}{words}，正在办理的“{name}”请核对后再办。"
    return f"{kit.called(case)}{words}，“{name}”{case.outcome}，不用再办。"
