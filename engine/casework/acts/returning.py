"""退回 and 撤回: the history without a step and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.casework import kit
from engine.casework.acts.items import (
    Outcome,
    StepResult,
    each,
    noting_faults,
    open_item,
    readable_item,
)
from engine.casework.models import Account, CaseFile, Draft, LogEntry, WorkItem
from engine.casework.organisation import access
from engine.casework.step import past
from engine.casework.step.steps import Step
from engine.flow import vocabulary
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.replay import Input, services_of
from engine.ground.clock import Clock
from engine.ground.database import save, whole, write
from engine.ground.errors import Conflict, Invalid

NO_TARGET = "没有可以退回的步骤：这是第一步，或者前面已由上级作出决定。上级的决定有误的，请上级撤回更正。"


@dataclass(frozen=True)
class ReturnTarget:
    """A step that the case can go back to."""

    seq: int
    token: str
    element_id: str
    name: str
    done_by: str
    done_at: datetime


def return_targets(session: Session, actor: Account, item_id: int) -> list[ReturnTarget]:
    """The finished steps that the open item came of, latest first: what 退回 may name.

    What a higher level has decided only that level takes back: no step before it is among them (R12, R28,
    R29). Nor are those past the level that the diagram lets the step return to.
    """
    item = readable_item(session, actor, item_id)
    step = Step(
        session,
        session.get_one(CaseFile, item.case_id, options=[undefer(CaseFile.state)]),
        actor,
        item.opened_at,
    )
    latest: dict[str, Input] = {}
    replay = step.replay()
    for entry in replay.inputs:
        if isinstance(entry.line, lines.Completed):
            latest[replay.element_of(entry)] = entry
    found = []
    decided = _decided_above(session, replay.inputs, item.queue)
    reached = _reached(session, step.definition, item, latest)
    for element_id, entry in sorted(reached.items(), key=lambda pair: -pair[1].seq):
        without = step.replay()
        instance, left_out = without.run_without(entry.seq)
        if decided & set(left_out):
            continue
        without.suppose(item.opened_at)
        standing = instance.open_tasks()
        # A step that the present version has no longer cannot be opened again.
        if item.token not in {task.token for task in standing} and element_id in {
            task.element_id for task in standing
        }:
            found.append(_target(session, step, element_id, entry))
    return found


def _reached(
    session: Session, definition: Definition, item: WorkItem, finished: Mapping[str, Input]
) -> Mapping[str, Input]:
    """The finished steps at the levels to which the item may be returned: all, where its step names none."""
    element = definition.elements.get(item.element_id)
    if element is None or not element.returns_to:
        return finished
    levels = (element.returns_to, item.queue)
    done = {name: session.get_one(WorkItem, _completed(entry).item) for name, entry in finished.items()}
    return {name: entry for name, entry in finished.items() if done[name].queue in levels}


def _completed(entry: Input) -> lines.Completed:
    assert isinstance(entry.line, lines.Completed)  # only finished steps are asked for
    return entry.line


def _decided_above(session: Session, inputs: Sequence[Input], queue: str) -> set[int]:
    """The inputs by which a level above `queue` decided, by what their services did."""
    found = set()
    for entry in inputs:
        known = [vocabulary.used().service.get(answer.service) for answer in services_of(entry.line)]
        if not isinstance(entry.line, lines.Completed) or not any(one and one.decides for one in known):
            continue
        if access.above(session.get_one(WorkItem, entry.line.item).queue, queue):
            found.add(entry.seq)
    return found


def _target(session: Session, step: Step, element_id: str, entry: Input) -> ReturnTarget:
    """The finished step as the present version calls it: that is what opens."""
    assert isinstance(entry.line, lines.Completed)  # only finished steps are targets
    done = session.get_one(WorkItem, entry.line.item)
    person = session.get(Account, done.closed_by) if done.closed_by else None
    name = step.definition.elements[element_id].name or done.name
    return ReturnTarget(
        entry.seq, entry.line.token, element_id, name, person.name if person else "", entry.at
    )


def return_to(
    session: Session, actor: Account, item_id: int, target_seq: int | None, reason: str, *, clock: Clock
) -> StepResult:
    """退回: take the case back to an earlier step (None: the one before), with a reason (R11, R12).

    The history is replayed without that step and what came of it; forms keep what was entered; limits run on.
    """
    if not reason.strip():
        raise Invalid("请写明退回的原因。", {"reason": ["请写明退回的原因。"]})
    with noting_faults(session, clock.now(), item_id=item_id):
        return _return_to(session, actor, item_id, target_seq, reason, clock.now())


@whole
def _return_to(
    session: Session, actor: Account, item_id: int, target_seq: int | None, reason: str, now: datetime
) -> StepResult:
    targets = return_targets(session, actor, item_id)
    if not targets:
        raise Conflict(NO_TARGET)
    with write(session):
        step, item = open_item(session, actor, item_id, now)
        seq = target_seq if target_seq is not None else targets[0].seq
        chosen = next((target for target in targets if target.seq == seq), None)
        if chosen is None:
            raise Conflict("不能退回到这一步，请刷新页面重新选择。")
        line = lines.Returned(**_of(item), to=chosen.name, reason=reason)
        undo(step, chosen.seq, line, item.element_id)
        outcome = f"退回至{chosen.name}"[:80]
        save(
            step.connection,
            item,
            status="returned",
            closed_at=step.now,
            closed_by=actor.id,
            outcome=outcome,
            note=reason[:500],
        )
        step.finish(note=f"{access.QUEUE_NAMES[item.queue]}{actor.name}退回：{reason}"[:500], ended=item)
        for opened in step.opened:
            step.notify(
                opened.queue,
                "returned",
                f"{kit.called(step.case)}被退回到“{opened.name}”：{reason}"[:300],
            )
    return StepResult(step.case.id, item.id, tuple(step.opened), False, f"已退回到“{chosen.name}”。")


def return_many(
    session: Session, actor: Account, item_ids: Sequence[int], reason: str, *, clock: Clock
) -> list[Outcome]:
    """退回 several items to the step before, with one reason; each in its own transaction."""
    return each(item_ids, lambda item_id: return_to(session, actor, item_id, None, reason, clock=clock))


def withdraw(session: Session, actor: Account, item_id: int, *, clock: Clock) -> StepResult:
    """撤回: take back one's own finished step while nobody has worked on what came of it."""
    with noting_faults(session, clock.now(), item_id=item_id):
        return _withdraw(session, actor, item_id, clock.now())


@whole
def _withdraw(session: Session, actor: Account, item_id: int, now: datetime) -> StepResult:
    with write(session):
        item = readable_item(session, actor, item_id)
        step = Step.on(session, item.case_id, actor, now)
        session.refresh(item)
        seq = _own_last_step(session, step, actor, item)
        left_out = undo(step, seq, lines.Withdrawn(**_of(item)), item.element_id)
        _require_open_again(session, step, item)
        _require_untouched(session, step, actor, seq, left_out)
        save(step.connection, item, status="withdrawn", note=f"{actor.name}撤回")
        step.finish(note=f"{actor.name}撤回，待重新办理")
    return StepResult(
        step.case.id, item.id, tuple(step.opened), False, f"已撤回“{item.name}”，可以重新办理。"
    )


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
        if isinstance(entry.line, lines.Completed) and entry.line.item == item.id:
            return entry.seq
    raise Conflict("没有找到这一步的办理记录，不能撤回。")


def _require_open_again(session: Session, step: Step, item: WorkItem) -> None:
    """The step stands open: a version that has it no longer cannot open it."""
    history = past.of_case(session, step.case)
    name = history.present(item.element_id, history.seq_of_item(item.id))
    if name not in {task.element_id for task in step.instance.open_tasks()}:
        raise Conflict("这件事项现行的版本里已经没有这一步，不能撤回；如需更正，请由下一步退回。")


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


def _of(item: WorkItem) -> dict[str, Any]:
    return {"item": item.id, "name": item.name, "token": item.token}


def _still(anew: Sequence[lines.Anew], gone: set[int]) -> list[lines.Anew]:
    return [one for one in anew if one.seq not in gone]


def undo(step: Step, seq: int, line: lines.Undoing, element_id: str, *, resume: bool = True) -> list[int]:
    """Replace the step's instance by its history without `seq`, take back its services, and log it;
    commits nothing.

    Without `resume` what is due by now waits until its caller has fed what counts as having come before.
    """
    before = step.instance
    replay = step.replay()
    instance, left_out = replay.run_without(seq)
    if isinstance(line, lines.Withdrawn) and (replay.carried or replay.known):
        raise Conflict("这一步之后已经收到异议或意见，不能撤回；如需更正，请联系正在办理的单位退回。")
    instance.host = before.host
    gone = set(left_out)
    query = select(LogEntry).where(LogEntry.stream == f"case:{step.case.id}", LogEntry.seq.in_(gone))
    for entry in step.session.scalars(query.order_by(LogEntry.seq.desc())):
        for answer in reversed(services_of(entry.line)):
            known = vocabulary.used().service.get(answer.service)
            if known is not None and known.undo is not None:
                known.undo(step.call(answer.element_id, answer.token), answer.result)
    instance.timers()  # asks the calendar whatever it has not answered yet
    line = replace(line, undone=left_out, known=replay.known, anew=_still(replay.anew, gone))
    step.log(replace(line, days=replay.new_days()), element_id)
    step.continue_without(instance, [entry.line for entry in replay.inputs if entry.seq not in gone])
    if resume:
        instance.pass_time(step.now)
    return left_out
