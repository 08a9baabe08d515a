"""Opening cases: by a step of another case, or by an official from the subject's page.

What a procedure opens for is drawn in its diagram. The start event's property ``opensFor`` lists, in the
field's codes, the subjects that it is for; its lane says whose officials may open it by hand. The process's
property ``exclusive`` names a group of procedures of which a subject has at most one open case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from engine.casework import acts, definitions, kit
from engine.casework.acts import prefill
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import (
    Account,
    CaseFile,
    LogEntry,
    Procedure,
    Subject,
    Submission,
    Timer,
    WorkItem,
)
from engine.casework.organisation import access
from engine.casework.step.steps import Step
from engine.flow.diagram.element import Element
from engine.flow.forms import Form
from engine.flow.history import lines
from engine.flow.services import Service
from engine.ground.clock import Clock, local_date
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotAllowed


@dataclass(frozen=True)
class Startable:
    """A procedure that an official may open for a subject, with the form of its start event."""

    key: str
    name: str
    documentation: str
    form: Form | None


def startable(session: Session, actor: Account, subject: Subject) -> list[Startable]:
    """The procedures that the actor may now open for the subject by hand, by key."""
    busy = select(Procedure.exclusive).join(CaseFile, CaseFile.procedure_key == Procedure.key)
    busy = busy.where(CaseFile.subject_id == subject.id, CaseFile.status == "open", Procedure.exclusive != "")
    query = select(Procedure.current_version_id).where(
        Procedure.part.is_(False), Procedure.exclusive.not_in(busy)
    )
    found, kind = [], kit.subjects_of(subject.id).kind
    for version_id in session.scalars(query.order_by(Procedure.key)).all():
        if version_id is not None:
            definition = definitions.load(session, version_id)
            if definition.about == kind and _may_open(actor, definition.start, subject):
                found.append(
                    Startable(
                        definition.key, definition.name, definition.start.documentation, definition.start_form
                    )
                )
    return found


def _may_open(actor: Account, start: Element, subject: Subject) -> bool:
    return kit.subjects_of(subject.id).opens_for(start, subject) and any(
        access.QUEUE_OF_ROLE.get(grant.role) == start.queue
        and access.scope_of(grant.division_code).holds(subject.village_code)
        for grant in actor.grants
    )


def opens_for(start: Element) -> list[str]:
    """What a start event opens for, in the field's codes."""
    return list(start.opens_for)


@whole
def open_by_hand(
    session: Session, actor: Account, subject_id: int, key: str, raw: Mapping[str, Any], *, clock: Clock
) -> CaseFile:
    """Open a case for a subject with the start form's raw data.

    Raises NotFound, NotAllowed, Conflict or Invalid.
    """
    now = clock.now()
    kind = kit.subjects_of(subject_id)
    subject = kind.look_up(session, actor, subject_id)
    with write(session):
        definition = definitions.load(session, definitions.in_force(session, key).id)
        if definition.about != kind.kind or not _may_open(actor, definition.start, subject):
            raise NotAllowed(f"不能由您为{kind.called(subject.name)}启动“{definition.name}”。")
        variables = kind.first_variables(session, subject, local_date(now))
        clean: dict[str, Any] = {}
        form = definition.start_form
        if form is not None:
            context = prefill.before(session, subject, variables, now)
            clean = form.validate(raw, today=local_date(now), context=context)
            variable = definition.start.variable or ""
            variables[variable] = definition.project(variable, clean)
        case = acts.open_case(session, actor, key, subject, variables, now)
        if form is not None:
            keep_start(session, case, definition.start, clean, actor, now)
    return case


def keep_start(
    session: Session, case: CaseFile, start: Element, clean: Mapping[str, Any], actor: Account, now: datetime
) -> None:
    """Keep what was typed in the form of a case's start with the case, as it was typed."""
    session.add(
        Submission(
            case_id=case.id,
            form_key=start.form_key or "",
            element_id=start.id,
            data=dict(clean),
            submitted_by=actor.id,
            form_sha256=case.version.resources["form"][start.form_key or ""],
            submitted_at=now,
        )
    )


def take_back(call: ServiceCall, result: Any) -> None:
    """Undo of opening the case ``result["case"]``, called ``result["name"]``. Raises Conflict when it has
    been begun.

    The step that opened the case is taken back: so is the case, unless somebody has already worked on it.
    """
    session = call.session
    case = session.get(CaseFile, result["case"], with_for_update=True, populate_existing=True)
    if case is None or case.status != "open" or result.get("joined"):
        return
    worked = select(LogEntry.id).where(
        LogEntry.stream == f"case:{case.id}", LogEntry.kind.in_(("complete", "message"))
    )
    if session.scalar(worked.limit(1)) is not None:
        raise Conflict(f"由这一步启动的“{result['name']}”已经开始办理，不能再撤回或退回到这一步之前。")
    end_case(session, case, call.actor, call.now, "随上一事项撤回", lines.Cancelled(by=call.case.id))


def end_case(
    session: Session,
    case: CaseFile,
    actor: Account | None,
    now: datetime,
    outcome: str,
    line: lines.Cancelled,
) -> None:
    """End an open case before its diagram does: what waits is taken back, its limits run no longer;
    nothing is deleted.

    What outlives a case keeps its timers (`Kit.outliving`). The caller has locked the case.
    """
    step = Step(session, case, actor, now)
    session.execute(
        update(WorkItem)
        .where(WorkItem.case_id == case.id, WorkItem.status == "open")
        .values(status="cancelled", closed_at=step.now)
    )
    waiting = update(Timer).where(*_still_waits(case), Timer.kind.not_in(kit.used().outliving))
    session.execute(delete(Timer).where(*_still_waits(case), Timer.kind == "warning"))  # nobody was warned
    session.execute(waiting.values(status="cancelled"))
    over = update(Timer).where(Timer.case_id == case.id, Timer.standing == "open")
    session.execute(over.values(standing="over", held=""))
    case.status, case.finished_at = "cancelled", step.now
    case.outcome, case.limit_at = outcome[:80], None
    session.flush()
    step.log(line)
    kit.ended(step.call("", ""))


def _still_waits(case: CaseFile) -> tuple[ColumnElement[bool], ...]:
    return (Timer.case_id == case.id, Timer.status == "waiting")


def open_case(call: ServiceCall, procedure: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Open a case of another procedure for the same subject, with further variables;
    both histories show it.

    Of an exclusive procedure that the subject has open already, that case is the one: none is opened beside
    it.
    """
    subjects = kit.subjects_of(call.case.subject_id)
    subject = call.session.get_one(subjects.model, call.case.subject_id)
    name = definitions.in_force(call.session, procedure).name
    present = acts.open_of_procedure(call.session, subject.id, procedure)
    if present is not None:
        return {"case": present.id, "procedure": procedure, "name": name, "joined": True}
    first = subjects.first_variables(call.session, subject, local_date(call.now)) | (variables or {})
    case = acts.open_case(call.session, call.actor, procedure, subject, first, call.now, origin=call.case)
    return {"case": case.id, "procedure": procedure, "name": name}


def _said(result: Any) -> str:
    return f"{'转入正在办理的' if result.get('joined') else '启动'}“{result['name']}”"


KIT = Kit(
    services=(
        Service(
            "case.open",
            "启动另一个流程",
            "为同一个对象启动",
            open_case,
            {"procedure": "启动的流程", "variables": "带去的变量"},
            undo=take_back,
            said=_said,
        ),
    ),
)
