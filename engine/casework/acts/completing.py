"""提交: finishing work items, one or many, each in a step of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.casework import audit, kit
from engine.casework.acts import attachments, prefill, separation
from engine.casework.acts.items import (
    Outcome,
    StepResult,
    form_of,
    keeping_draft,
    locked_item,
    together,
)
from engine.casework.kit.services import Sent
from engine.casework.models import Account, Idempotency, Submission, WorkItem
from engine.casework.organisation import access
from engine.casework.step.item_rows import Opened
from engine.casework.step.steps import Step
from engine.flow.forms import Form
from engine.flow.history import lines
from engine.ground import text as normal
from engine.ground.clock import Clock, local_date
from engine.ground.database import insert_once, save, whole, write
from engine.ground.database.foreseeing import expecting
from engine.ground.database.foresight import Member
from engine.ground.database.prepared import Later, Prepared
from engine.ground.database.stored import add_each, add_later
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.ground.tables import table

EARLY_REASON = "early_reason"
"""The field of a form that says why its date lies before the step was opened (R10, R29):
supervisors hear of it.
"""
ONE = "complete"
"""The operation of who completes one item, under a key of the caller's own choice."""
Name = tuple[str, str]
"""What a caller calls an answer: the operation, and its own key."""
Key = tuple[int, str, str]
"""Of an answer: the account, and its name."""
_ANSWER = table(Idempotency)
_FIRST = Prepared(
    select(_ANSWER.c.work_item_id, _ANSWER.c.result).where(
        _ANSWER.c.account_id == bindparam("account_id"),
        _ANSWER.c.operation == bindparam("operation"),
        _ANSWER.c.key == bindparam("text"),
    ),
    own=True,
)


def complete(
    session: Session,
    actor: Account,
    item_id: int,
    raw: Mapping[str, Any],
    *,
    idempotency_key: str | None = None,
    operation: str = ONE,
    fill: bool = False,
    clock: Clock,
) -> StepResult:
    """Finish a work item with what the official typed; with `fill`,
    what is blank takes the case's own prefilled value.

    A repeated request with the same key gets the first answer; a key is the actor's own, and belongs to one
    operation. Raises NotFound, NotAllowed, Conflict (finished or taken by somebody: the sentence says who and
    when) or Invalid (with the fields); what was typed stays as a draft.
    """
    now = clock.now()
    name = (operation, idempotency_key) if idempotency_key else None
    with keeping_draft(session, actor, item_id, raw, now):
        return _once(session, actor, item_id, raw, now, fill, name)


@whole
def _once(
    session: Session,
    actor: Account,
    item_id: int,
    raw: Mapping[str, Any],
    now: datetime,
    fill: bool,
    name: Name | None,
) -> StepResult:
    """Look for a first answer and else complete; under the lock, so that two at once get the same answer."""
    with write(session):
        key = (actor.id, *name) if name else None  # here: after a rollback the database is asked who it is
        step, item = locked_item(session, actor, item_id, now)
        if key is not None and (first := _first(session, key)) is not None:
            return _first_answer(first, item_id)
        access.require_open(session, actor, item)
        with expecting(session, partial(_like, step, item)):
            result = _complete(session, step, item, raw, fill)
        if key is not None:
            _keep_answer(session, key, result, now)
        return result


def _like(step: Step, item: WorkItem) -> Member:
    """What is the step's own among what it asks; another one of the same version asks alike."""
    case, actor = step.case, step.actor
    numbers = {
        "item": item.id,
        "case": case.id,
        "subject": case.subject_id,
        "actor": actor.id if actor else 0,
    }
    words = {"token": item.token, "village": case.village_code}
    lists = {"subjects": (case.subject_id,), **_places(case.village_code)}
    return Member({**numbers, **words, **lists}, (item.element_id, case.version_id))


@lru_cache(maxsize=4096)
def _places(village_code: str) -> dict[str, tuple[str, ...]]:
    """Whose names and bodies the papers of a village, of its township and of its county ask for."""
    offices = {level: access.ancestor(village_code, level) for level in ("village", "township", "county")}
    return {f"places of the {level}": access.lineage(code) for level, code in offices.items()}


def complete_many(
    session: Session,
    actor: Account,
    item_ids: Sequence[int],
    raw: Mapping[str, Any],
    *,
    act: str = "",
    clock: Clock,
) -> list[Outcome]:
    """Finish several items with the same decision, a few in a transaction; one refusal stops no other.

    What is blank in `raw` takes each case's own prefilled value; its files are put into every case. With
    `act`, the name of this act, an item that the same act has finished already gets its first answer.
    """

    form = _form_of_any(session, actor, item_ids)
    files = form.files_of(raw) if form is not None else {}

    def own(item_id: int) -> Mapping[str, Any]:
        if form is None or not files:
            return raw
        return form.with_files(raw, attachments.share(session, actor, item_id, files, clock.now()))

    def within(item_id: int) -> StepResult:
        name = (act, str(item_id)) if act else None
        return _once(session, actor, item_id, own(item_id), clock.now(), True, name)

    def alone(item_id: int) -> StepResult:
        key = str(item_id) if act else None
        return complete(
            session, actor, item_id, own(item_id), idempotency_key=key, operation=act, fill=True, clock=clock
        )

    return together(session, item_ids, within, alone)


def _form_of_any(session: Session, actor: Account, item_ids: Sequence[int]) -> Form | None:
    """The form of the first item that the actor may see."""
    for item_id in item_ids:
        with suppress(NotFound):
            return form_of(session, actor, item_id)
    return None


_USED = "请求编号已被另一件事项使用，请刷新页面后重试。"


def _first(session: Session, key: Key) -> Any:
    account_id, operation, text = key
    return _FIRST.first(session, account_id=account_id, operation=operation, text=text)


def _first_answer(first: Any, item_id: int) -> StepResult:
    if first.work_item_id != item_id:
        raise Conflict(_USED)
    stored: dict[str, Any] = dict(first.result)
    opened = tuple(Opened(**item) for item in stored.pop("opened"))
    return StepResult(**stored, opened=opened)


def _keep_answer(session: Session, key: Key, result: StepResult, now: datetime) -> None:
    account_id, operation, text = key
    row = {
        "account_id": account_id,
        "operation": operation,
        "key": text,
        "work_item_id": result.item_id,
        "result": asdict(result),
        "at": now,
    }
    if operation != ONE:  # an act names each key after its item, whose lock we hold
        add_each(session, Idempotency, [row])
    elif not insert_once(session, Idempotency, row):  # the same key at the same moment for another item
        raise Conflict(_USED)


def _complete(session: Session, step: Step, item: WorkItem, raw: Mapping[str, Any], fill: bool) -> StepResult:
    actor, now, definition, form_key = step.person, step.now, step.definition, item.form_key
    element = definition.elements[item.element_id]
    clean, submission = sent(step, item, raw, fill=fill)
    variable = element.variable or form_key
    step.instance.complete(item.token, {variable: definition.project(variable, clean)}, now)
    outcome = definition.form(form_key).outcome_label(clean)[:80]
    step.rows(item)  # with their answer comes the submission's number
    ended = {"status": "done", "closed_at": now, "closed_by": actor.id, "outcome": outcome}
    save(step.connection, item, **ended, limits="")  # nobody holds a limit by it now
    early = str(clean.get(EARLY_REASON) or "").strip()
    reason = f"日期早于这一步打开之日，原因：{early}"[:500] if early else ""
    step.finish(
        partial(
            lines.Completed,
            item=item.id,
            submission=submission.scalar,
            name=item.name if item.name != element.name else "",
            outcome=outcome,
            reason=reason,
            sha=audit.digest(clean),
            files=digests(step, item, clean),
        ),
        ended=item,
    )
    if early:
        words = f"{kit.called(step.case)}“{item.name}”：填写的日期早于这一步打开之日，原因：{early}"[:300]
        step.tell("backdated", f"backdated:{item.id}", words, item.element_id, [item.queue])
    return StepResult(
        step.case.id, item.id, tuple(step.opened), step.case.status == "finished", _summary(step, item)
    )


def sent(
    step: Step, item: WorkItem, raw: Mapping[str, Any], *, fill: bool = False
) -> tuple[dict[str, Any], Later]:
    """What the actor sends for an open item, clean and kept, by whichever door it comes in;
    and its submission.

    Raises NotAllowed when another person is to do the step, or Invalid with the fields.
    """
    session, case, definition, actor = step.session, step.case, step.definition, step.person
    element_id, form_key, token = item.element_id, item.form_key, item.token
    if barred := separation.obstacle(session, actor, case, definition, definition.elements[element_id]):
        raise NotAllowed(barred)
    form = definition.form(form_key)
    reads = form.reads if fill else form.readonly_reads
    context = prefill.context(session, case, step.instance.variables_at(token), reads, step.now)
    opened = step.first_opened
    if "step" in form.fact_reads:
        known = prefill.step_of([opened]) if opened else None
        context["step"] = known or prefill.step(session, case.id, token, item.opened_at)
    raw = form.filled(raw, context) if fill else raw
    clean = form.validate(raw, today=local_date(step.now), attachments=_Files(step), context=context)
    submission = {
        "case_id": case.id,
        "work_item_id": item.id,
        "form_key": form_key,
        "element_id": element_id,
        "form_sha256": definition.form_digests[form_key],
        "data": clean,
        "submitted_by": actor.id,
        "submitted_at": step.now,
    }
    step.sent = Sent(form_key, clean, opened)
    return clean, add_later(step.connection, Submission, **submission)


class _Files:
    """The case's attachments, looked up once a form names one: most steps that may bring files bring none."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def __contains__(self, number: object) -> bool:
        return number in self._step.files


def digests(step: Step, item: WorkItem, clean: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The attachments that a submission names, with the SHA-256 of what they hold."""
    form = step.definition.form(item.form_key)
    if not form.takes_files:
        return []
    named = (normal.whole(str(value)) for values in form.files_of(clean).values() for value in values)
    ids = sorted({number for number in named if number in step.files})
    return [(number, step.files[number].sha256) for number in ids]


def _summary(step: Step, item: WorkItem) -> str:
    if step.case.status == "finished":
        return (
            f"“{item.name}”已办结，{kit.called(step.case)}的办理全部结束：{step.case.outcome or '已结束'}。"
        )
    names = "、".join(f"{access.QUEUE_NAMES[o.queue]}“{o.name}”" for o in step.opened)
    return f"“{item.name}”已办结" + (f"，下一步：{names}。" if names else "，正在等待下一环节。")
