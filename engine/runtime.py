"""What people and programmes do to cases. Each function is one step transaction, whole or not at all.

All take a session, the acting account (None for the system) and a clock. A refusal raises one of `engine.errors`; what
an official had typed is then kept as a draft.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.orm import Session, undefer

from engine import access, attachments, definitions, prefill, services
from engine.clock import CHINA, Clock, local_date
from engine.database import save, write
from engine.definitions import Definition
from engine.errors import Conflict, EngineFault, Invalid, NotAllowed, NotFound, ShouwangError
from engine.forms import Form
from engine.models import (
    Account,
    Attachment,
    CaseFile,
    Draft,
    Household,
    Idempotency,
    Incident,
    LogEntry,
    Procedure,
    Submission,
    WorkItem,
    table,
)
from engine.replay import UNDOING, Input
from engine.steps import LOCKED_CASE, Opened, Step

_CASE_AND_ITEM = (
    LOCKED_CASE.join(WorkItem, WorkItem.case_id == CaseFile.id)
    .add_columns(WorkItem)
    .where(WorkItem.id == bindparam("item_id"))
    .with_for_update(of=(CaseFile, WorkItem))
)
_FILE = table(Attachment)
_ATTACHMENTS = select(_FILE.c.id, _FILE.c.filename, _FILE.c.media_type, _FILE.c.size).where(
    _FILE.c.case_id == bindparam("case_id")
)
_SUBMIT = insert(table(Submission)).returning(table(Submission).c.id)
_DROP_DRAFTS = delete(table(Draft)).where(table(Draft).c.work_item_id == bindparam("item_id"))


@dataclass(frozen=True)
class StepResult:
    """What a finished step led to, for the person who took it."""

    case_id: int
    item_id: int
    opened: tuple[Opened, ...]
    finished: bool
    summary: str


@dataclass(frozen=True)
class ReturnTarget:
    """A step that the case can go back to."""

    seq: int
    token: str
    element_id: str
    name: str
    done_by: str
    done_at: datetime


# -- start ------------------------------------------------------------------------------------------------------------


def start_case(
    session: Session,
    actor: Account | None,
    procedure_key: str,
    household: Household,
    variables: Mapping[str, Any],
    *,
    clock: Clock,
) -> CaseFile:
    """Open a case of the procedure's current version for a household, with the case's first variables."""
    if actor is not None and not access.reaches(actor, household.village_code):
        raise NotFound("没有找到这户人家。")
    with write(session):
        return open_case(session, actor, procedure_key, household, variables, clock.now())


def open_case(
    session: Session, actor: Account | None, procedure_key: str, household: Household, variables: Mapping[str, Any],
    now: datetime, *, origin: CaseFile | None = None,
) -> CaseFile:  # fmt: skip
    """As `start_case`, inside the caller's transaction; `origin` is the case whose step opens this one.

    Raises Conflict when the household has an open case of the same exclusive group.
    """
    version = definitions.current(session, procedure_key)
    _require_alone(session, version.procedure, household)
    case = CaseFile(
        procedure_key=procedure_key, version_id=version.id, household_id=household.id,
        village_code=household.village_code, subject=household.head_name, started_by=actor.id if actor else None,
        started_at=now, origin_id=origin.id if origin else None,
    )  # fmt: skip
    session.add(case)
    session.flush()
    step = Step(session, case, actor, now)
    step.instance.start(variables, now)
    details = {"variables": dict(variables), "version": version.number}
    step.finish({**details, "from": origin.id} if origin else details)
    return case


def _require_alone(session: Session, procedure: Procedure, household: Household) -> None:
    """A part starts no case; of an exclusive group a household has one open case (domain §2)."""
    if procedure.part:
        raise NotFound(f"“{procedure.name}”是公用环节，不能单独启动。")
    if not procedure.exclusive:
        return
    # The household's row is the lock: two starts at the same moment must not both find none.
    session.execute(select(Household.id).where(Household.id == household.id).with_for_update())
    other = open_of_group(session, household.id, procedure.exclusive)
    if other is not None:
        raise Conflict(
            f"{household.head_name}户正在办理“{other.version.procedure.name}”，办结后才能启动“{procedure.name}”。"
        )


def open_of_group(session: Session, household_id: int, group: str) -> CaseFile | None:
    """The household's open case of an exclusive group of procedures, if it has one."""
    query = (
        select(CaseFile)
        .join(Procedure, Procedure.key == CaseFile.procedure_key)
        .where(CaseFile.household_id == household_id, CaseFile.status == "open", Procedure.exclusive == group)
    )
    return session.scalar(query.order_by(CaseFile.id).limit(1))


# -- complete ---------------------------------------------------------------------------------------------------------


def complete(
    session: Session,
    actor: Account,
    item_id: int,
    raw: Mapping[str, Any],
    *,
    idempotency_key: str | None = None,
    fill: bool = False,
    clock: Clock,
) -> StepResult:
    """Finish a work item with what the official typed; with `fill`, what is blank takes the case's own prefilled value.

    A repeated request with the same key gets the first answer. Raises NotFound, NotAllowed, Conflict (finished or
    taken by somebody: the sentence says who and when) or Invalid (with the fields); what was typed stays as a draft.
    """
    now = clock.now()
    with _keeping_draft(session, actor, item_id, raw, now), write(session):
        if idempotency_key and (first := session.get(Idempotency, idempotency_key)) is not None:
            return _first_answer(first, actor, item_id)
        result = _complete(session, actor, item_id, raw, now, fill)
        if idempotency_key:
            session.add(
                Idempotency(
                    key=idempotency_key, account_id=actor.id, work_item_id=item_id, result=asdict(result), at=now
                )
            )
        return result


def _first_answer(first: Idempotency, actor: Account, item_id: int) -> StepResult:
    if (first.account_id, first.work_item_id) != (actor.id, item_id):
        raise Conflict("请求编号已被另一件事项使用，请刷新页面后重试。")
    stored: dict[str, Any] = dict(first.result)
    opened = tuple(Opened(**item) for item in stored.pop("opened"))
    return StepResult(**stored, opened=opened)


def _complete(
    session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], now: datetime, fill: bool
) -> StepResult:
    step, item = _open_item(session, actor, item_id, now)
    element = step.definition.elements[item.element_id]
    _separate(session, actor, element.properties.get("separateFrom"), step)
    form = step.definition.form(item.form_key)
    context = prefill.context(session, step.case, step.instance.variables, form.reads if fill else form.readonly_reads)
    raw = form.filled(raw, context) if fill else raw
    files = _attachments(step.connection, step.case.id) if form.takes_files else {}
    clean = form.validate(raw, today=local_date(now), attachments=files, context=context)
    submission = {
        "case_id": step.case.id, "work_item_id": item.id, "form_key": item.form_key, "element_id": item.element_id,
        "form_sha256": step.case.version.resources["form"][item.form_key], "data": clean, "submitted_by": actor.id,
        "submitted_at": now,
    }  # fmt: skip
    submission_id = step.connection.execute(_SUBMIT, submission).scalar_one()
    variable = element.variable or item.form_key
    step.instance.complete(item.token, {variable: step.definition.project(variable, clean)}, now)
    outcome = form.outcome_label(clean)[:80]
    save(step.connection, item, status="done", closed_at=now, closed_by=actor.id, outcome=outcome)
    details: dict[str, Any] = {"item": item.id, "submission": submission_id, "name": item.name}
    if outcome:
        details["outcome"] = outcome
    step.finish(details)
    step.connection.execute(_DROP_DRAFTS, {"item_id": item.id})
    return StepResult(step.case.id, item.id, tuple(step.opened), step.case.status == "finished", _summary(step, item))


def _open_item(session: Session, actor: Account, item_id: int, now: datetime) -> tuple[Step, WorkItem]:
    """Lock case and item together (case first: the one lock order), and check that the actor may work on the item."""
    row = session.execute(_CASE_AND_ITEM, {"item_id": item_id}).one_or_none()
    if row is None:
        raise NotFound("没有找到这件事项。")
    case, item = row
    access.require_work(actor, item)
    _require_open(session, actor, item)
    return Step(session, case, actor, now), item


def _require_open(session: Session, actor: Account, item: WorkItem) -> None:
    if item.status != "open":
        who = session.get(Account, item.closed_by) if item.closed_by else None
        when = item.closed_at.astimezone(CHINA).strftime("%m月%d日 %H:%M") if item.closed_at else ""
        verb = {"done": "办结", "returned": "退回", "withdrawn": "撤回"}.get(item.status, "收回")
        raise Conflict(f"这件事项已由{who.name if who else '系统'}于 {when} {verb}，不能再次办理。")
    if item.claimed_by is not None and item.claimed_by != actor.id:
        holder = session.get_one(Account, item.claimed_by)
        raise Conflict(f"这件事项正由{holder.name}办理；如需接手，请先转办。")


def _separate(session: Session, actor: Account, rule: str | None, step: Step) -> None:
    """Four eyes (R12, R38): what ``separateFrom`` names this actor may not have done.

    It lists steps, or ``*`` for every step but those after an exclamation mark: ``*, !explain_delay``. The start event
    among them means who opened the case.
    """
    if not rule:
        return
    named = {part.strip() for part in rule.split(",")}
    if step.definition.start.id in named and step.case.started_by == actor.id:
        raise NotAllowed("本事项由您提出，按规定须由他人办理这一步。")
    query = select(WorkItem.name, WorkItem.element_id).where(
        WorkItem.case_id == step.case.id, WorkItem.closed_by == actor.id, WorkItem.status == "done"
    )
    for name, element_id in session.execute(query):
        if element_id in named or ("*" in named and f"!{element_id}" not in named):
            raise NotAllowed(f"您办理过本事项的“{name}”，按规定须由他人办理这一步。")


def _attachments(connection: Connection, case_id: int) -> dict[int, dict[str, Any]]:
    rows = connection.execute(_ATTACHMENTS, {"case_id": case_id})
    return {i: {"filename": name, "media_type": kind, "size": size} for i, name, kind, size in rows}


def _summary(step: Step, item: WorkItem) -> str:
    if step.case.status == "finished":
        return f"“{item.name}”已办结，{step.case.subject}户的办理全部结束：{step.case.outcome or '已结束'}。"
    names = "、".join(f"{access.QUEUE_NAMES[o.queue]}“{o.name}”" for o in step.opened)
    return f"“{item.name}”已办结" + (f"，下一步：{names}。" if names else "，正在等待下一环节。")


@contextmanager
def _keeping_draft(
    session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], now: datetime
) -> Iterator[None]:
    """Whatever goes wrong, what was typed is kept; a fault of the engine becomes an incident."""
    try:
        yield
    except (NotFound, NotAllowed):
        raise
    except (Invalid, Conflict):
        _store_draft(session, actor, item_id, raw, now)
        raise
    except Exception as error:
        _store_draft(session, actor, item_id, raw, now)
        number = record_incident(session, error, now, work_item_id=item_id)
        raise EngineFault(f"系统没能办成这一步，已记为故障 {number}，管理员会处理。您填的内容已暂存。") from error


def _store_draft(session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], now: datetime) -> None:
    with write(session):
        query = select(Draft).where(Draft.work_item_id == item_id, Draft.account_id == actor.id)
        draft = session.scalar(query)
        if draft is None:
            draft = Draft(work_item_id=item_id, account_id=actor.id)
            session.add(draft)
        draft.data, draft.saved_at = dict(raw), now


def record_incident(
    session: Session, error: Exception, now: datetime, *, work_item_id: int | None = None, timer_id: int | None = None,
    case_id: int | None = None, element_id: str = "",
) -> int:  # fmt: skip
    """Note a failed step for the administrator; returns the incident's number. One open incident a timer or item."""
    with write(session):
        if work_item_id is not None:
            item = session.get(WorkItem, work_item_id)
            if item is not None:
                case_id, element_id = item.case_id, item.element_id
        query = select(Incident).where(
            Incident.resolved_at.is_(None), Incident.work_item_id == work_item_id, Incident.timer_id == timer_id
        )
        incident = session.scalar(query)
        if incident is None:
            incident = Incident(
                case_id=case_id, timer_id=timer_id, work_item_id=work_item_id, element_id=element_id, attempts=0,
                error="", at=now,
            )  # fmt: skip
            session.add(incident)
        incident.attempts += 1
        incident.error = error.message if isinstance(error, ShouwangError) else repr(error)
        incident.trace = "".join(traceback.format_exception(error))[-8000:]
        session.flush()
        return incident.id


Outcome = tuple[int, StepResult | ShouwangError]


def complete_many(
    session: Session, actor: Account, item_ids: Sequence[int], raw: Mapping[str, Any], *, act: str = "", clock: Clock
) -> list[Outcome]:
    """Finish several items with the same decision, each in its own transaction; one refusal stops no other.

    What is blank in `raw` takes each case's own prefilled value; its files are put into every case. With `act`, the name
    of this act, an item that the same act has finished already gets its first answer.
    """

    files = form_of(session, actor, item_ids[0]).files_of(raw) if item_ids else {}

    def one(item_id: int) -> StepResult:
        own = {**raw, **attachments.share(session, actor, item_id, files, clock.now())} if files else raw
        key = f"{act}:{item_id}" if act else None
        return complete(session, actor, item_id, own, idempotency_key=key, fill=True, clock=clock)

    return _each(item_ids, one)


def return_many(
    session: Session, actor: Account, item_ids: Sequence[int], reason: str, *, clock: Clock
) -> list[Outcome]:
    """退回 several items to the step before, with one reason; each in its own transaction."""
    return _each(item_ids, lambda item_id: return_to(session, actor, item_id, None, reason, clock=clock))


def _each(item_ids: Sequence[int], act: Callable[[int], StepResult]) -> list[Outcome]:
    results: list[Outcome] = []
    for item_id in item_ids:
        try:
            results.append((item_id, act(item_id)))
        except ShouwangError as error:
            results.append((item_id, error))
    return results


# -- return and withdraw ------------------------------------------------------------------------------------------------


def return_targets(session: Session, actor: Account, item_id: int) -> list[ReturnTarget]:
    """The finished steps that the open item came of, latest first: what 退回 may name."""
    item = _readable_item(session, actor, item_id)
    step = Step(
        session, session.get_one(CaseFile, item.case_id, options=[undefer(CaseFile.state)]), actor, item.opened_at
    )
    latest: dict[str, Input] = {}
    inputs = step.replay()._inputs
    for entry in inputs:
        if entry.kind == "complete":
            latest[entry.element_id] = entry
    found = []
    for entry in sorted(latest.values(), key=lambda e: -e.seq):
        instance, _ = step.replay().run_without(entry.seq)
        if item.token not in {task.token for task in instance.open_tasks()}:
            found.append(entry)
    return [_target(session, entry) for entry in found]


def _target(session: Session, entry: Input) -> ReturnTarget:
    done = session.get_one(WorkItem, entry.data["item"])
    person = session.get(Account, done.closed_by) if done.closed_by else None
    return ReturnTarget(
        entry.seq, str(entry.data["token"]), entry.element_id, done.name, person.name if person else "", entry.at
    )


def return_to(
    session: Session, actor: Account, item_id: int, target_seq: int | None, reason: str, *, clock: Clock
) -> StepResult:
    """退回: take the case back to an earlier step (None: the one before), with a reason (R11, R12).

    The history is replayed without that step and what came of it; forms keep what was entered; limits run on.
    """
    if not reason.strip():
        raise Invalid("请写明退回的原因。", {"reason": ["请写明退回的原因。"]})
    now = clock.now()
    targets = return_targets(session, actor, item_id)
    if not targets:
        raise Conflict("这是第一步，没有可以退回的上一步。")
    with write(session):
        step, item = _open_item(session, actor, item_id, now)
        seq = target_seq if target_seq is not None else targets[0].seq
        chosen = next((target for target in targets if target.seq == seq), None)
        if chosen is None:
            raise Conflict("不能退回到这一步，请刷新页面重新选择。")
        _undo(step, chosen.seq, "return", {"item": item.id, "name": item.name, "to": chosen.name, "reason": reason})
        outcome = f"退回至{chosen.name}"[:80]
        save(
            step.connection,
            item,
            status="returned",
            closed_at=now,
            closed_by=actor.id,
            outcome=outcome,
            note=reason[:500],
        )
        step.finish({}, note=f"{access.QUEUE_NAMES[item.queue]}{actor.name}退回：{reason}"[:500])
        for opened in step.opened:
            step.notify(opened.queue, "returned", f"{step.case.subject}户被退回到“{opened.name}”：{reason}"[:300])
        step.connection.execute(_DROP_DRAFTS, {"item_id": item.id})
    return StepResult(step.case.id, item.id, tuple(step.opened), False, f"已退回到“{chosen.name}”。")


def withdraw(session: Session, actor: Account, item_id: int, *, clock: Clock) -> StepResult:
    """撤回: take back one's own finished step while nobody has worked on what came of it."""
    now = clock.now()
    with write(session):
        item = _readable_item(session, actor, item_id)
        step = Step.on(session, item.case_id, actor, now)
        assert step is not None  # only skip_locked answers None
        session.refresh(item)
        seq = _own_last_step(session, step, actor, item)
        left_out = _undo(step, seq, "withdraw", {"item": item.id, "name": item.name})
        _require_untouched(session, step, actor, seq, left_out)
        save(step.connection, item, status="withdrawn", note=f"{actor.name}撤回")
        step.finish({}, note=f"{actor.name}撤回，待重新办理")
    return StepResult(step.case.id, item.id, tuple(step.opened), False, f"已撤回“{item.name}”，可以重新办理。")


def may_withdraw(item: WorkItem, actor: Account) -> bool:
    """Whether it makes sense to offer 撤回 at all; `withdraw` itself looks closer."""
    return item.status == "done" and item.closed_by == actor.id and item.case.status == "open"


def _own_last_step(session: Session, step: Step, actor: Account, item: WorkItem) -> int:
    if item.status != "done" or item.closed_by != actor.id:
        raise Conflict("只能撤回自己已经办结的步骤。")
    if step.case.status != "open":
        raise Conflict("这件事项已经全部结束，不能撤回。")
    query = select(LogEntry).where(LogEntry.stream == f"case:{step.case.id}", LogEntry.kind == "complete")
    for entry in session.scalars(query.order_by(LogEntry.seq.desc())):
        if entry.data.get("item") == item.id:
            return entry.seq
    raise Conflict("没有找到这一步的办理记录，不能撤回。")


def _require_untouched(session: Session, step: Step, actor: Account, seq: int, left_out: list[int]) -> None:
    """Nobody has finished, claimed or begun a step that the withdrawn one led to."""
    remaining = {task.token for task in step.instance.open_tasks()}
    query = select(WorkItem).where(WorkItem.case_id == step.case.id, WorkItem.status == "open")
    vanishing = [item for item in session.scalars(query) if item.token not in remaining]
    begun = select(Draft.id).where(
        Draft.work_item_id.in_([item.id for item in vanishing]), Draft.account_id != actor.id
    )
    claimed = any(item.claimed_by not in (None, actor.id) for item in vanishing)
    if left_out != [seq] or claimed or session.scalar(begun.limit(1)) is not None:
        raise Conflict("下一步已经有人开始办理，不能撤回；如需更正，请联系对方退回。")


def _undo(step: Step, seq: int, kind: str, details: Mapping[str, Any]) -> list[int]:
    """Replace the step's instance by its history without `seq`, take back its services, and log it; commits nothing."""
    before = step.instance
    instance, left_out = step.replay().run_without(seq)
    instance.host = before.host
    gone = set(left_out)
    query = select(LogEntry).where(LogEntry.stream == f"case:{step.case.id}", LogEntry.seq.in_(gone))
    for entry in step.session.scalars(query.order_by(LogEntry.seq.desc())):
        for element_id, token, name, result in reversed(entry.data.get("services", [])):  # type: ignore[call-overload]
            known = services.find(name)
            if known is not None and known.undo is not None:
                known.undo(step.call(element_id, token), result)
    assert kind in UNDOING
    step.log(kind, {**details, "undone": left_out})
    step.__dict__["instance"] = instance  # the cached property's slot: the case continues on the rebuilt instance
    instance.pass_time(step.now)
    return left_out


# -- messages, claims, drafts -------------------------------------------------------------------------------------------


def send_message(
    session: Session,
    actor: Account | None,
    case_id: int,
    name: str,
    payload: Mapping[str, Any],
    *,
    facts: Mapping[str, Any] | None = None,
    clock: Clock,
) -> bool:
    """A message reaches a case; `facts` change case variables. Returns whether something caught it at once."""
    now = clock.now()
    with write(session):
        step = Step.on(session, case_id, actor, now)
        assert step is not None  # only skip_locked answers None
        if actor is not None and not access.reaches(actor, step.case.village_code):
            raise NotFound("没有找到这件事项。")
        if step.case.status != "open":
            raise Conflict("这件事项已经办结，不能再接收新的情况。")
        if not facts and name not in step.definition.messages:
            raise Invalid(f"这一版流程不接收消息“{name}”。")
        caught = step.instance.send(name, dict(payload), now, facts)
        step.finish({"payload": dict(payload), **({"facts": dict(facts)} if facts else {})})
    return caught


def tell_household(
    session: Session, actor: Account | None, household_id: int, name: str, payload: Mapping[str, Any], now: datetime, *,
    besides: int,
) -> list[int]:  # fmt: skip
    """Send a message to every other open case of a household that waits for it; returns the cases that caught it.

    Inside the caller's transaction. What a case does with it is drawn in its diagram.
    """
    query = select(CaseFile.id).where(
        CaseFile.household_id == household_id, CaseFile.status == "open", CaseFile.id != besides
    )
    told = []
    for case_id in session.scalars(query.order_by(CaseFile.id)).all():
        step = Step.on(session, case_id, actor, now)
        if step is not None and name in step.instance.waits_for():
            step.instance.send(name, dict(payload), now)
            step.finish({"payload": dict(payload)})
            told.append(case_id)
    return told


def form_of(session: Session, actor: Account, item_id: int) -> Form:
    """The form of a work item that the actor may see."""
    item = _readable_item(session, actor, item_id)
    return definition_of(session, session.get_one(CaseFile, item.case_id)).form(item.form_key)


def save_draft(session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], *, clock: Clock) -> datetime:
    """暂存: keep what the official has typed so far; returns when."""
    now = clock.now()
    item = _readable_item(session, actor, item_id)
    access.require_work(actor, item)
    _require_open(session, actor, item)
    _store_draft(session, actor, item_id, raw, now)
    return now


def claim(session: Session, actor: Account, item_id: int, *, clock: Clock) -> WorkItem:
    """领办: take an item of the queue for oneself."""
    return _hold(session, actor, item_id, lambda item: actor.id, "claim", clock)


def release(session: Session, actor: Account, item_id: int, *, clock: Clock) -> WorkItem:
    """Give a claimed item back to the queue."""
    return _hold(session, actor, item_id, lambda item: None, "release", clock)


def reassign(session: Session, actor: Account, item_id: int, account_id: int, *, clock: Clock) -> WorkItem:
    """转办: hand an open item to another official of the same queue."""

    def to_colleague(item: WorkItem) -> int:
        colleague = session.get(Account, account_id)
        if colleague is None or not colleague.active or not access.may_work(colleague, item):
            raise Invalid("只能转给同一待办的在岗人员。", {"account_id": ["请选择同一待办的在岗人员。"]})
        return colleague.id

    return _hold(session, actor, item_id, to_colleague, "reassign", clock, anyone=True)


def _hold(
    session: Session, actor: Account, item_id: int, holder: Callable[[WorkItem], int | None], kind: str, clock: Clock,
    *, anyone: bool = False,
) -> WorkItem:  # fmt: skip
    now = clock.now()
    with write(session):
        step, item = _open_for_holding(session, actor, item_id, now, anyone)
        to = holder(item)
        save(step.connection, item, claimed_by=to, claimed_at=now if to else None)
        step.log(kind, {"item": item.id, "name": item.name, "to": to}, item.element_id)
    return item


def _open_for_holding(
    session: Session, actor: Account, item_id: int, now: datetime, anyone: bool
) -> tuple[Step, WorkItem]:
    item = _readable_item(session, actor, item_id)
    access.require_work(actor, item)
    step = Step.on(session, item.case_id, actor, now)
    assert step is not None  # only skip_locked answers None
    session.refresh(item)
    if not (anyone and item.status == "open"):
        _require_open(session, actor, item)
    return step, item


def _readable_item(session: Session, actor: Account, item_id: int) -> WorkItem:
    item = session.get(WorkItem, item_id)
    if item is None or not access.reaches(actor, item.village_code):
        raise NotFound("没有找到这件事项。")
    return item


def definition_of(session: Session, case: CaseFile) -> Definition:
    """The parsed version a case runs on."""
    return definitions.load(session, case.version_id)
