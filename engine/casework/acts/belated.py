"""What people said in time and an official enters when the time is up:
it counts as of the day on which it was said (R10, R29).

A wait for a report (an objection, a household's answer) ends by its timer; whether the report was typed
before that instant does not decide whether it was made in time. So the end of the wait is taken back and the
report is caught in its place, on whichever version the case runs: as long as nobody has finished a step
since, with the reason for which it was not entered on its day, which supervisors see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework import audit, kit, lamps
from engine.casework.acts.items import noting_faults
from engine.casework.acts.returning import undo
from engine.casework.models import Account, Draft, LogEntry, Submission, WorkItem
from engine.casework.step.steps import Step
from engine.flow.history import lines
from engine.flow.replay import Input, inputs_of
from engine.ground import text
from engine.ground.clock import Clock, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid

NOT_NOW = "这件事项现在不接收这项登记，请刷新页面查看办理到了哪一步。"
REASON = "late_reason"
"""The field of a report's form in which the reason stands; the page asks for it where a form has none."""
MOST_REASON = 300


@dataclass(frozen=True)
class Over:
    """A wait whose time is up, with nothing done since."""

    seq: int
    """The line by which its timer fired."""
    element_id: str
    name: str
    token: str
    last: date
    """The last day on which it was open."""

    def require(self, said_on: date, reason: str) -> None:
        """Raise Conflict unless the report was made in time, Invalid when no reason is given."""
        ended = f"“{self.name}”已于{written(self.last)}期满"
        if said_on > self.last:
            raise Conflict(f"{ended}，这一天以后提出的不能登记，请向正在办理的单位反映。")
        if not reason:
            sentence = f"{ended}：期内提出的可以补登，请写明当天没有登记的原因。"
            raise Invalid("请写明当天没有登记的原因。", {REASON: [sentence]})


def reason_of(clean: Mapping[str, Any], raw: Mapping[str, Any]) -> str:
    """Why a report was not entered on its day: by its form, else as the page asked beside it."""
    return text.paragraphs(str(clean.get(REASON) or raw.get(REASON) or ""))[:MOST_REASON].strip()


def over(step: Step, name: str, entries: Sequence[LogEntry] | None = None) -> Over | None:
    """The wait for message `name` that ended by its timer, if all that has happened since did so by itself.

    `entries` are the lines of the case's history, when they are at hand.
    """
    if step.case.status != "open" or name not in step.definition.reports:
        return None
    history = entries if entries is not None else audit.history(step.session, step.case.id)
    ended = _last_ended(step, inputs_of(history))
    if ended is None:
        return None
    replay = step.replay()
    element = step.definition.elements.get(replay.element_of(ended))
    line = ended.line
    if element is None or not isinstance(line, lines.Fired) or line.due is None:
        return None
    instance, left_out = replay.run_without(ended.seq)
    kinds = {entry.kind for entry in replay.inputs if entry.seq in set(left_out)}
    if name not in instance.waits_for() or kinds != {lines.Fired.KIND}:
        return None
    return Over(ended.seq, element.id, element.name, line.token, lamps.last_day(line.due))


def _last_ended(step: Step, inputs: Sequence[Input]) -> Input | None:
    """The last timer that ended something, unless somebody has done something since."""
    for entry in reversed(inputs):
        line, element = entry.line, step.definition.elements.get(entry.element_id)
        if isinstance(line, lines.Completed | lines.Started):
            return None
        if isinstance(line, lines.Caught) and line.item:  # somebody's step, done by what came another way
            return None
        if isinstance(line, lines.Fired) and not (element is not None and element.is_limit):
            return entry
    return None


def send_belated(
    session: Session,
    actor: Account,
    case_id: int,
    name: str,
    payload: Mapping[str, Any],
    *,
    said_on: date,
    reason: str,
    submission: int = 0,
    clock: Clock,
) -> None:
    """A report of the days of a wait that is over: the wait's end is taken back, and it is caught.

    Raises Conflict when no such wait has ended, or somebody has gone on from it, or it was made later;
    Invalid without a reason.
    """
    with noting_faults(session, clock.now(), case_id=case_id):
        _send(session, actor, case_id, name, payload, said_on, reason, submission, clock)


@whole
def _send(
    session: Session,
    actor: Account,
    case_id: int,
    name: str,
    payload: Mapping[str, Any],
    said_on: date,
    reason: str,
    submission: int,
    clock: Clock,
) -> None:
    now = clock.now()
    with write(session):
        step = Step.on(session, case_id, actor, now)
        if step.case.status != "open":
            raise Conflict("这件事项已经办结，不能再接收新的情况。")
        period = over(step, name)
        if period is None:
            raise Conflict(NOT_NOW)
        period.require(said_on, reason)
        line = lines.Unpassed(item=0, name=period.name, token=period.token, reason=f"补登：{reason}")
        undo(step, period.seq, line, period.element_id, resume=False)
        step.instance.send(name, dict(payload), step.now, before_due=True)
        kept = session.get(Submission, submission) if submission else None
        sha = audit.digest(kept.data) if kept is not None else ""
        before = _open_items(step)
        words = f"期满以后补登了{written(said_on)}提出的情况，请重新核对"
        said = partial(lines.Caught, payload=dict(payload), submission=submission, sha=sha)
        step.finish(said, note=words)
        _keep_typing(step, before)
        step.tell("backdated", f"{name}:{period.seq}", told(step, period.name, said_on, reason))


def _open_items(step: Step) -> dict[str, int]:
    rows = select(WorkItem.element_id, WorkItem.id)
    query = rows.where(WorkItem.case_id == step.case.id, WorkItem.status == "open")
    return {row.element_id: row.id for row in step.session.execute(query)}


def _keep_typing(step: Step, before: Mapping[str, int]) -> None:
    """What people have typed for a step that the report has opened anew goes along; they see what came in."""
    for element_id, item_id in _open_items(step).items():
        gone = before.get(element_id, item_id)
        if gone != item_id:
            typed = update(Draft).where(Draft.work_item_id == gone)
            step.session.execute(typed.values(work_item_id=item_id))


def told(step: Step, period: str, said_on: date, reason: str) -> str:
    """What supervisors hear of it."""
    who = kit.called(step.case)
    return f"{who}：“{period}”以后补登{written(said_on)}提出的情况，当天没有登记的原因：{reason}"[:300]
