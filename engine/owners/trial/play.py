"""Plays a trial's script through the real runtime, in a transaction that is always rolled back."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import acts, audit, definitions, kit
from engine.casework.acts import attachments, messages, openings, prefill
from engine.casework.definitions import deployment
from engine.casework.models import Account, CaseFile, Subject, Timer, WorkItem
from engine.casework.step import reading
from engine.casework.time import timers
from engine.flow import services
from engine.flow.feel.values import to_plain
from engine.flow.forms import Form
from engine.flow.forms.sample import sample
from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.services import Called
from engine.ground.clock import MovableClock, local_date
from engine.ground.database import discarding
from engine.ground.errors import Conflict, EngineFault, Invalid, ShouwangError
from engine.ground.surroundings import trouble_of
from engine.owners.rehearsal.target import Target
from engine.owners.trial.script import Act, Script
from engine.owners.trial.sight import Decided, Problem, Sight, see
from engine.prevention.demo import samples
from engine.prevention.identification import clues, entering

MAX_WALK = 80
"""So many acts one walk may take."""
MAX_FIRED = 500


@dataclass
class Stage:
    """Everything of a trial while it is played."""

    session: Session
    clock: MovableClock
    officials: samples.Officials
    case: CaseFile
    village: str
    calls: list[Called]
    decided: list[Decided] = field(default_factory=list)

    @property
    def definition(self) -> Definition:
        """The version that the case runs on."""
        return definitions.load(self.session, self.case.version_id)

    def items(self) -> list[WorkItem]:
        """The case's open items."""
        query = select(WorkItem).where(WorkItem.case_id == self.case.id, WorkItem.status == "open")
        return list(
            self.session.scalars(
                query.order_by(WorkItem.id).execution_options(populate_existing=True)
            ).unique()
        )

    def due(self) -> Timer | None:
        """The timer of the household's cases that is due next."""
        cases = select(CaseFile.id).where(CaseFile.subject_id == self.case.subject_id)
        query = select(Timer).where(Timer.status == "waiting", Timer.case_id.in_(cases))
        ordered = query.order_by(Timer.due_at, Timer.id).limit(1).execution_options(populate_existing=True)
        return self.session.scalar(ordered)

    def sample(
        self, form: Form, variables: Mapping[str, Any], data: Mapping[str, Any], upload: Any
    ) -> dict[str, Any]:
        """What a form takes: `data` over what is prefilled, required blanks filled."""
        now, names = (
            self.clock.now(),
            form.reads | prefill.whole(kit.subjects_of(self.case.subject_id).known_as),
        )
        context = prefill.context(self.session, self.case, variables, names, now)
        return sample(form, context, local_date(now), chosen=data, files=upload)


def play(
    session: Session, target: Target, script: Script, *, walk: bool = False, extra: Act | None = None
) -> Sight:
    """Play the script, then `extra`, then with `walk` default answers to the end; answers what is to be seen.

    An act of the script that does not hold any more (the draft has changed) ends the play before it; so does
    an `extra` that is refused: the sight's problem says why, its script holds what held. Raises Invalid for
    an unknown procedure or household, and when the case cannot be opened at all.
    """
    if script.procedure not in target.procedures or script.household not in samples.HOUSEHOLDS:
        raise Invalid("试运行的流程或示例不存在，请重新开始。")
    with (
        Session(session.get_bind(), expire_on_commit=False) as own,
        discarding(own),
        services.watching() as calls,
    ):
        deployment.stage(own, target.definition, target.resources, script.start)
        try:
            stage = _opened(own, target.procedures[script.procedure], script, calls)
        except ShouwangError:
            raise
        except Exception as error:  # the automatic steps after the start may fail in any way
            if trouble_of(error) is not None:
                raise
            raise Invalid(
                f"流程一开始就出错，不能试运行（{type(error).__name__}：{str(error)[:200]}）。"
            ) from error
        played, problem = _play(stage, [*script.acts, *([extra] if extra else [])])
        walked: list[Act] = []
        if walk and problem is None:
            walked, problem = _walk(stage, MAX_WALK)
        kept = script.restarted().then(*played, *walked)
        return see(stage, target, kept, problem)


def _opened(session: Session, definition: Definition, script: Script, calls: list[Called]) -> Stage:
    now = script.start
    village = samples.settle(session, now)
    subject = _subject(session, definition, script, village)
    officials, clock = samples.Officials(session, village, now), MovableClock(at=now)
    start, day = definition.start, local_date(now)
    actor = officials.next(start.queue or "village")
    context: dict[str, Any] = {"household": {}, "case": {}, "clue": {}}
    form = definition.start_form
    data = sample(form, context, day, chosen={"village_code": village}) if form else {}
    if definition.key == clues.PROCEDURE:
        case = entering.enter(session, actor, data, clock=clock, household_id=subject.id).case
        assert case is not None  # the household is new
    elif openings.opens_for(start) and start.queue:
        case = openings.open_by_hand(session, actor, subject.id, definition.key, data, clock=clock)
    else:
        variables = kit.subjects(definition.about).first_variables(session, subject, day)
        if form is not None and start.variable:
            variables[start.variable] = definition.project(start.variable, data)
        case = acts.open_case(session, actor, definition.key, subject, variables, now)
    stage = Stage(session, clock, officials, case, village, calls)
    _note_decisions(stage, 0)
    return stage


def _subject(session: Session, definition: Definition, script: Script, village: str) -> Subject:
    """Whom the trial is about: a sample household, or one of another kind that its room invents."""
    if not definition.about:
        return samples.register(session, script.household, village, definition.start, script.start)
    kind = kit.subjects(definition.about)
    if kind.invented is None:
        raise Invalid(f"办理{kind.words}的流程不能试运行。")
    return kind.invented(session, village, script.start)


def _play(stage: Stage, acts: list[Act]) -> tuple[list[Act], Problem | None]:
    """Act after act, up to the first that is refused; what that one had done is undone."""
    played: list[Act] = []
    for act in acts:
        seen = stage.case.log_seq
        try:
            with stage.session.begin_nested():
                _do(stage, act)
        except Exception as error:  # a diagram that is only tried may fail in any way; the act is rolled back
            if trouble_of(error) is not None:
                raise
            return played, _problem(act, error)
        stage.session.refresh(stage.case)
        _note_decisions(stage, seen)
        played.append(act)
    return played, None


def _problem(act: Act, error: Exception) -> Problem:
    """Why an act was refused; of a fault what had caused it, since nothing was noted anywhere."""
    if isinstance(error, EngineFault) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, ShouwangError):
        return Problem(act, error.message, getattr(error, "fields", {}))
    return Problem(act, f"流程或功能出错，走不下去（{type(error).__name__}：{str(error)[:200]}）。", {})


def _walk(stage: Stage, limit: int) -> tuple[list[Act], Problem | None]:
    """Default answers until the case ends, or nothing more can be done."""
    acts: list[Act] = []
    while len(acts) < limit and stage.case.status == "open":
        act = _default(stage)
        if act is None:
            break
        played, problem = _play(stage, [act])
        if problem is not None:
            return acts, problem
        acts += played
    return acts, None


def _default(stage: Stage) -> Act | None:
    """What happens next when nobody says anything: the first open step, else the next time,
    else a message.
    """
    items = stage.items()
    if items:
        return Act("complete", items[0].element_id, items[0].token)
    due = stage.due()
    if due is not None:
        return Act("time", to=max(due.due_at, stage.clock.now()).isoformat())
    waits = sorted(reading.instance_of(stage.session, stage.case).waits_for())
    return Act("message", waits[0]) if waits else None


def _do(stage: Stage, act: Act) -> None:
    if act.kind == "time":
        _pass_time(stage, datetime.fromisoformat(act.to))
    elif act.kind == "message":
        _send(stage, act)
    else:
        _complete(stage, act)


def _complete(stage: Stage, act: Act) -> None:
    items = stage.items()
    item = next((one for one in items if one.token == act.token), None) or next(
        (one for one in items if one.element_id == act.element), None
    )
    if item is None:
        raise Conflict("这一步现在没有打开，试运行停在这里。")
    actor = stage.officials.next(item.queue)
    form = stage.definition.form(item.form_key)
    variables = reading.instance_of(stage.session, stage.case).variables_at(item.token)

    def upload(field_key: str) -> list[str]:
        found = attachments.store(
            stage.session, actor, item.id, field_key, "示例.png", picture(), stage.clock.now()
        )
        stage.session.flush()
        return [str(found.id)]

    raw = stage.sample(form, variables, act.data, upload)
    acts.complete(stage.session, actor, item.id, raw, clock=stage.clock)


def _send(stage: Stage, act: Act) -> None:
    form = stage.definition.message_form(act.element)
    variables = reading.instance_of(stage.session, stage.case).variables
    data = stage.sample(form, variables, act.data, lambda key: []) if form else dict(act.data)
    actor: Account = stage.officials.next("township")
    if form is None:  # in a trial one may also be what the system or a department would send
        acts.send_message(stage.session, None, stage.case.id, act.element, data, clock=stage.clock)
        return
    messages.send(stage.session, actor, stage.case.id, act.element, data, clock=stage.clock)


def _pass_time(stage: Stage, to: datetime) -> None:
    """Let time pass: what is due on the way fires at its own time, of all cases that the trial has opened."""
    if to < stage.clock.now():
        raise Invalid("试运行的时间只能往后拨。")
    for _ in range(MAX_FIRED):
        timer = stage.due()
        if timer is None or timer.due_at > to:
            stage.clock.set(to)
            return
        stage.clock.set(max(timer.due_at, stage.clock.now()))
        timers.fire_one(stage.session, timer.id, timer.case_id, stage.clock.now())
    raise Conflict("这段时间里到期的定时太多，请分几次往后拨。")


def _note_decisions(stage: Stage, after: int) -> None:
    """Which decisions were taken since line `after` of the case's log, and by which rules.

    The rules are looked up with the variables as they now are, and told only where these lead to the same
    result.
    """
    variables = reading.instance_of(stage.session, stage.case).variables
    for entry in audit.history(stage.session, stage.case.id):
        taken = line.decisions if isinstance(line := entry.line, lines.Input) and entry.seq > after else ()
        for element_id, decision_id, result in taken:
            decision = stage.definition.decisions.get(decision_id)
            rules: list[tuple[int, list[tuple[str, str]]]] = []
            table = decision.table if decision is not None else None
            if decision is not None and table and to_plain(decision.evaluate(variables)) == result:
                hits = decision.hits(variables) or []
                decisive = hits[:1] if table.policy == "FIRST" else hits
                rules = [(index + 1, table.asks(index)) for index in decisive]
            name = stage.definition.elements[element_id].name
            stage.decided.append(Decided(entry.at, name, decision.name if decision else "", result, rules))


@cache
def picture() -> bytes:
    """A small picture that stands for a photo or scan."""
    packed = io.BytesIO()
    Image.new("RGB", (160, 120), (236, 240, 245)).save(packed, "PNG")
    return packed.getvalue()
