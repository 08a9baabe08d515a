"""A running instance in memory: start, complete a task, catch a message, let time pass. No database,
no clock.

Everything that enters an instance does so through one of four inputs, each at an instant its caller gives.
The instance answers with records of what happened, one for each input and each timer that fired on the way,
so that history and state are two views of the same thing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import EndEvent
from SpiffWorkflow.task import Task

from engine.flow.history import lines
from engine.flow.machine import codec, standing
from engine.flow.machine.definition import Definition
from engine.flow.machine.questions import Questions
from engine.flow.machine.record import Record
from engine.flow.machine.script import FeelScriptEngine, apply_settings
from engine.flow.machine.timers import FeelCycle, FeelTimer
from engine.flow.machine.waits import deliver
from engine.flow.machine.workflow import CaseWorkflow, Host, faults
from engine.ground.errors import Conflict, EngineFault

UNKNOWN: Any = object()
"""The history does not say."""

NOBODY: Any = None
"""Whom an instance acts on while nobody has it."""

MAX_ROUNDS = 200
"""A timer that was due as soon as it began to wait, more often than this in one go,
is a loop without a wait.
"""

MAX_STEPS = 2_000
"""More automatic steps than this in one go, likewise: the library itself would never stop."""

ENDLESS = "流程在没有等待的环路中反复运行，已停止。"


class Instance(Questions):
    """One case's process instance on a definition, acting on its `host`."""

    answers = FeelScriptEngine()
    """What answers the diagram's questions; the exploration puts its own in."""
    max_steps = MAX_STEPS

    def __init__(self, definition: Definition, host: Host) -> None:
        self.definition = definition
        self.host = host
        self.held = []
        self.records: list[Record] = []
        self.frozen = False
        """While true no timer fires by itself, only by `fire`: the history says which did."""
        self.replaying = False
        """Whether services answer from the history."""
        self.recall: Callable[[str, str], Any] = _forgotten
        """What the history says that a question of an element came to (`lines.Choice`), or UNKNOWN."""
        self.computed: list[lines.Choice] = []
        """What the history did not say and was worked out."""
        self._days = {}
        self._unsaid: list[lines.Counted] = []
        """What the calendar answered before the present input had its record."""
        self._waiting = None
        self._stored: codec.Dumped | None = None
        """What it was stored as, until it moves on."""

    @classmethod
    def restored(cls, definition: Definition, host: Host, state: bytes) -> Instance:
        """The instance that `state` was stored of."""
        instance = cls(definition, host)
        instance._resume(state)
        return instance

    def _resume(self, state: bytes) -> None:
        self._workflow = self._new_workflow(deserializing=True)
        kept = codec.load(self._workflow, state)
        self.held = [(name, payload) for name, payload in kept.held]
        self._days = {
            (date.fromisoformat(day), n): date.fromisoformat(answer) for day, n, answer in kept.days
        }

    def stored(self) -> bytes:
        """The bytes that `restored` reads."""
        kept = codec.Kept([list(item) for item in self.held], self.days)
        self._stored = codec.dump(self._workflow, kept)
        return self._stored.state

    def comes_to_rest(self, state: bytes) -> bool:
        """Make it what a restore of `state` would be, for another step; False where it is not that any more.

        Its variables become its own: whoever gave them, or was given them, may do with his what he likes.
        """
        stored = self._stored
        if stored is None or stored.state is not state or self._unsaid or self.replaying or self.frozen:
            return False
        self._workflow.data = json.loads(stored.data)
        self.held = [(name, payload) for name, payload in json.loads(stored.held)] if self.held else []
        self.records, self.computed, self.recall = [], [], _forgotten
        self.host = NOBODY
        return True

    def awake(self, host: Host) -> Instance:
        """Act on `host` from here on."""
        self.host = host
        return self

    def _moves(self) -> None:
        """What was worked out of it at rest may hold no more."""
        self._waiting = self._stored = None

    @property
    def _specs(self) -> tuple[BpmnProcessSpec, Mapping[str, BpmnProcessSpec]]:
        return self.definition.specs

    def _new_workflow(self, *, deserializing: bool = False) -> CaseWorkflow:
        spec, subprocesses = self._specs
        workflow = CaseWorkflow(spec, subprocesses, script_engine=self.answers, deserializing=deserializing)
        workflow.host = _RecordingHost(self)
        workflow.replaying = lambda: self.replaying
        workflow.answer = self._answer
        workflow.token_of = codec.token_of
        workflow.decisions = self.definition.decisions
        workflow.tell = self._tell
        return workflow

    # -- inputs ------------------------------------------------------------------------------------

    def start(self, variables: Mapping[str, Any], now: datetime) -> None:
        """Start with case `variables`; a message start event is met by the start itself."""
        self._moves()
        self._workflow = self._new_workflow()
        self._workflow.data.update(variables)
        self._workflow.now = now
        self._note(Record("start", now))
        with faults():
            self._engine_steps()
            for task in self._workflow.event_manager.in_order:
                if task.workflow is self._workflow and task.task_spec in self._workflow.spec.start.outputs:
                    deliver(task, None)
        self._settle(now)

    def complete(self, token: str, values: Mapping[str, Any], now: datetime) -> None:
        """Finish the open user task `token`, setting case variables. Raises Conflict when it is not open."""
        self.pass_time(now)
        task = self._ready_task(token)
        self._moves()
        self._note(Record("complete", now, task.task_spec.bpmn_id, token))
        self._workflow.data.update(values)
        with faults():
            task.run()
        self._settle(now)

    def learn(self, values: Mapping[str, Any]) -> None:
        """Set case variables that a step of another version set, which this one does not have."""
        self._moves()
        self._workflow.data.update(values)

    def send(
        self,
        name: str,
        payload: Any,
        now: datetime,
        facts: Mapping[str, Any] | None = None,
        *,
        late: bool | None = None,
        before_due: bool = False,
    ) -> bool:
        """A message arrives: `facts` change case variables; it is caught now, held until caught,
        or only recorded.

        Held is what comes early: the next event that waits for it gets it as it begins to wait. Too late is
        what comes after the last wait for it has ended unheard (its step is done, its time is up, another
        event was first), unless another wait for it lies ahead; going round a loop does not make it news.
        What people report on a form is never too late: who takes it in time keeps it until it is answered
        (R10). `late` is what the history says. `before_due`: it counts as of before what is due by now.
        Returns whether something caught it.
        """
        self._workflow.now = now
        if not before_due:
            self.pass_time(now)
        record = Record("message", now, name)
        self._moves()
        self._note(record)
        self._workflow.data.update(facts or {})
        if name in self.definition.messages:
            record.late = (
                name not in self.definition.reports
                and standing.comes_late(self._workflow, self._specs[1], name)
                if late is None
                else late
            )
            self.held += [] if record.late else [(name, payload)]
        self._settle(now)
        return bool(record.caught)

    def pass_time(self, now: datetime, until: datetime | None = None) -> None:
        """At `now`, fire what was due by `until` (None: by now), in due order."""
        self._workflow.now = now
        limit = until or now
        if not self.frozen and any(due <= limit for _, _, due in self._at_rest()):
            self._settle(limit)  # at rest, nothing else moves an instance

    def fire(self, token: str, now: datetime, due: datetime | None = None, element_id: str = "") -> None:
        """The timer that waits as `token` fires at `now`, whenever it is due by today's reckoning:
        so the history says.

        Of several that wait at one event-based gateway it is that of `element_id`.
        """
        for task, timer in self._timing():
            if codec.token_of(task) == token and element_id in ("", timer.element_id):
                self._moves()
                self._workflow.now = now
                with faults():
                    self._fire(task, timer, due or now)
                self._settle(now)
                return
        raise Conflict("这个定时已经不在等待。")

    def go_live(self) -> None:
        """From here on what is due fires, and nothing is answered by the history."""
        self.frozen = self.replaying = False
        self.recall = _forgotten

    # -- the calendar ------------------------------------------------------------------------------

    def keep_days(self, days: Mapping[tuple[date, int], date]) -> None:
        """The calendar has answered so before."""
        self._moves()
        self._days.update(days)

    def count_days(self, day: date, count: int) -> date:
        """The day that is `count` working days after `day`: as the calendar once answered the case."""
        if (day, count) not in self._days:
            self._stored = None
            answer = self._days[day, count] = self.host.workdays(day, count)
            new = lines.Counted(day.isoformat(), count, answer.isoformat())
            (self.records[-1].days if self.records else self._unsaid).append(new)
        return self._days[day, count]

    def count_again(self, year: int) -> list[lines.Counted]:
        """Ask the calendar again for what it answered with a day of `year`; what it says otherwise now."""
        self._moves()
        changed = []
        for (day, count), before in list(self._days.items()):
            after = self.host.workdays(day, count) if before.year == year else before
            if after != before:
                self._days[day, count] = after
                changed.append(lines.Counted(day.isoformat(), count, after.isoformat()))
        return changed

    # -- inside ------------------------------------------------------------------------------------

    def _note(self, record: Record) -> None:
        record.days += self._unsaid
        self._unsaid = []
        self.records.append(record)

    def _answer(self, kind: str, task: Task, ask: Callable[[], Any]) -> Any:
        """What a question comes to: as the history has it, else as it is worked out now; noted either way."""
        element_id, record = task.task_spec.bpmn_id, self.records[-1]
        answer = self.recall(kind, element_id)
        if answer is UNKNOWN:
            answer = ask()
            if self.replaying:
                self.computed.append(lines.Choice(kind, element_id, answer))
        if kind == "flows":
            record.flows.append(answer)
        elif kind != "decisions":  # the host is told of those
            getattr(record, kind).append((element_id, answer))
        return answer

    def _tell(self, element_id: str, sentence: str) -> None:
        self.records[-1].told.append((element_id, sentence))

    def _ready_task(self, token: str) -> Task:
        """Trap 2: `Task.run` checks nothing, so only a READY user task is ever handed to it."""
        for task in self._ready_manual():
            if codec.token_of(task) == token:
                return task
        raise Conflict("这一步已经办结或已被收回，不能再次提交。")

    def _settle(self, until: datetime) -> None:
        """Run to the next wait: automatic steps, then held messages,
        then timers in due order (traps 3 and 4).
        """
        self._moves()
        began = set(self._workflow.event_manager.tasks)
        with faults():
            in_vain: dict[str, int] = {}
            while max(in_vain.values(), default=0) <= MAX_ROUNDS:
                self._engine_steps()
                if self._deliver_held():
                    continue
                self._note_opened()
                timers = [] if self._leaves_timers() else self._waiting_timers()
                due = [found for found in timers if found[2] <= until]
                if not due:
                    self._refuse_zombie()
                    self._waiting = None if self.frozen else timers
                    return
                task, timer, _ = due[0]
                if task.id not in began and not isinstance(timer, FeelCycle):  # due before it began to wait
                    in_vain[timer.element_id] = in_vain.get(timer.element_id, 0) + 1
                self._fire(*due[0])
        raise EngineFault(ENDLESS)

    def _leaves_timers(self) -> bool:
        """Whether timers wait for the history to say that they fired;
        what has begun to wait does so now all the same.
        """
        if self.frozen:
            for task, timer in self._timing():
                timer.began(task)
        return self.frozen

    def _note_opened(self) -> None:
        """A step that now waits for a person was opened now, unless it waited before:
        a period may count from it.
        """
        for task in self._ready_manual():
            task.internal_data.setdefault("began", self._workflow.now.isoformat())

    def _fire(self, task: Task, timer: FeelTimer, due: datetime) -> None:
        workflow = self._workflow
        self._note(Record("timer", workflow.now, timer.element_id, codec.token_of(task), due))
        workflow.firing = (task, timer)
        task.task_spec._update(task)
        workflow.firing = None

    def _engine_steps(self) -> None:
        self._steps = 0
        for workflow in [self._workflow, *self._workflow.get_active_subprocesses()]:
            workflow.let_trunk_grow()
        self._workflow.do_engine_steps(did_complete_task=self._completed)

    def _completed(self, task: Task) -> None:
        self._steps += 1
        if self._steps > self.max_steps:
            raise EngineFault(ENDLESS)
        if isinstance(task.task_spec, EndEvent):
            self._ended(task)

    def _ended(self, task: Task) -> None:
        element = self.definition.elements[task.task_spec.bpmn_id]
        self.records[-1].ends.append(element.id)
        apply_settings(task, element.settings)
        if element.outcome is not None:
            self._workflow.data["outcome"] = element.outcome

    def _deliver_held(self) -> bool:
        for index, (name, payload) in enumerate(self.held):
            task = next((one for one in self._catchers(name)), None)
            if task is not None:
                del self.held[index]
                self._workflow.data[name] = payload
                self.records[-1].caught.append(codec.token_of(task))
                deliver(task, name)
                return True
        return False

    def _refuse_zombie(self) -> None:
        """Trap 9: an instance that has neither ended nor waits for anything would never move again."""
        if self._workflow.completed or self._workflow.event_manager.tasks or self._ready_manual():
            return
        raise EngineFault("流程走到了没有出口的地方：没有待办，也没有在等待的事项。")


def _forgotten(kind: str, element_id: str) -> Any:
    return UNKNOWN


class _RecordingHost:
    """Passes the engine's questions to the instance's host and notes the answers in the present record."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        result = self._instance.host.call_service(element_id, token, name, parameters)
        self._instance.records[-1].services.append((element_id, token, name, result))
        return result

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        self._instance.records[-1].decisions.append((element_id, decision_id, result))
        self._instance.host.decided(element_id, decision_id, result)

    def workdays(self, day: date, count: int) -> date:
        return self._instance.count_days(day, count)
