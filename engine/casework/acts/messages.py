"""What people report to a running case: an objection, somebody's answer — whatever its diagram waits for.

Whom the diagram lets report it, it says by a form: on the event that catches the message, or on the step that
the event stands beside. All other messages are the system's own (a change of the register, a clue); no person
sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import acts, kit
from engine.casework.acts import prefill
from engine.casework.models import Account, CaseFile, Submission
from engine.casework.organisation import access
from engine.casework.step import reading
from engine.flow.forms import Form
from engine.flow.machine.definition import Definition
from engine.flow.receivers import DAY
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound

ACTING = frozenset(access.QUEUE_OF_ROLE)


def send(
    session: Session, actor: Account, case_id: int, name: str, raw: Mapping[str, Any], *, clock: Clock
) -> bool:
    """A message reaches a case with the raw data of its form, where the event that catches it carries one.

    Answers True: something caught it at once. Raises NotFound, NotAllowed, Conflict (nothing waits for it
    now) or Invalid; then nothing is recorded.
    """
    _send(session, actor, case_id, name, raw, clock)
    return True


@whole
def _send(
    session: Session, actor: Account, case_id: int, name: str, raw: Mapping[str, Any], clock: Clock
) -> None:
    now = clock.now()
    with write(session):
        case = acts.locked_case(
            session, case_id
        )  # before what is recorded refers to it: the one order of locks
        if case is None or not access.reaches(actor, case.village_code):
            raise NotFound("没有找到这件事项。")
        definition = acts.definition_of(session, case)
        if name not in definition.messages:
            raise Invalid(f"这一版流程不接收消息“{name}”。")
        form = definition.message_form(name)
        if form is None:
            acts.report_step(session, actor, case_id, name, raw, clock=clock)
            return
        clean = form.validate(raw, today=local_date(now), context=_context(session, case, form, now))
        if reason := acts.reason_of(clean, raw):
            clean = {**clean, acts.REASON: reason}
        delivery = kit.used().deliveries.get(name)
        if delivery is None and not access.reaches(actor, case.village_code, ACTING):
            raise NotAllowed("登记由经办的单位办理，您只能查看。")  # R29: who supervises looks on
        kept = _keep(session, case, definition, name, clean, actor, now)
        if delivery is not None:
            delivery.send(session, actor, kept, clock)
        else:
            _deliver(session, actor, kept, name, definition.project(name, clean), clock)


def _deliver(
    session: Session, actor: Account, kept: Submission, name: str, payload: Any, clock: Clock
) -> None:
    """The case hears of the report; what was said in the days of a wait that is over, as of then (R29)."""
    said_on = _said_on(name, kept.data)
    if acts.let_time_pass(session, actor, kept.case_id, name, clock=clock) or said_on is None:
        if not acts.send_message(
            session, actor, kept.case_id, name, payload, submission=kept.id, clock=clock
        ):
            raise Conflict(acts.NOT_NOW)
        return
    acts.send_belated(
        session,
        actor,
        kept.case_id,
        name,
        payload,
        said_on=said_on,
        reason=str(kept.data.get(acts.REASON) or ""),
        submission=kept.id,
        clock=clock,
    )


def _said_on(name: str, data: Mapping[str, Any]) -> date | None:
    """The day on which the report was made, where its receiver says which field of its form that is."""
    receiver = kit.used().receiver.get(("message", name))
    days = [key for key, need in receiver.fields.items() if need.types == DAY] if receiver else []
    return date.fromisoformat(str(data[days[0]])[:10]) if days and data.get(days[0]) else None


def _context(session: Session, case: CaseFile, form: Form, now: datetime) -> dict[str, Any]:
    """What the form's read-only fields are filled from and its fields compared with,
    as far as they ask for it.
    """
    if not form.readonly_reads | form.fact_reads:
        return {}
    variables = reading.instance_of(session, case).variables
    return prefill.context(session, case, variables, form.readonly_reads, now)


def _keep(
    session: Session,
    case: CaseFile,
    definition: Definition,
    name: str,
    clean: Mapping[str, Any],
    actor: Account,
    now: datetime,
) -> Submission:
    """The whole form stays as a submission; the instance gets only what its diagram reads."""
    event = next(e for e in definition.elements.values() if e.message == name and e.form_key)
    key = event.form_key or ""
    kept = Submission(
        case_id=case.id,
        form_key=key,
        element_id=event.id,
        data=dict(clean),
        submitted_by=actor.id,
        submitted_at=now,
        form_sha256=definition.form_digests[key],
    )
    session.add(kept)
    session.flush()
    return kept
