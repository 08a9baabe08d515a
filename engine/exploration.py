"""Exploration of a diagram: the real engine is run in memory through every way that a case may take.

Nothing is drawn on a graph of our own. An `Instance` takes every step, fires every timer, catches every message, and at
each condition goes both ways; what it then does is what a case will do. So the joins that starve, the elements that are
never reached and the tokens that multiply are those of the engine, not of a theory about it.

What keeps it finite and quick:

* Variables have no values. A condition answers as the exploration chooses; one that reads no variable answers for
  itself. A condition asked again before anything could change it answers the same.
* Every process is explored by itself. Where it is called, a stand-in takes its place: one step that somebody finishes.
  That loses nothing, since a called process and its caller share no token; only its end, or its being cut short, shows.
* Two states are one when the same tokens wait at the same elements, whatever their past.
* Tokens on parallel branches have to do with one another only at inclusive joins, which look at what may still come,
  and at terminating ends; a parallel join has waited for all whichever came last. So when all that one token can do
  next touches neither, the others need not be tried first: each order comes to the same (a partial order reduction
  with the ample set of one token; a loop of such steps alone is cut by trying all as soon as one leads back to a known
  state).
* States, steps and time are bounded; what could not be tried is said in a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EndEvent, InclusiveGateway
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import state as codec
from engine.clock import CHINA
from engine.deadline import Deadline
from engine.definitions import xml as x
from engine.definitions.definition import Definition
from engine.errors import EngineFault, Finding
from engine.feel import compile_expression, strip_equals
from engine.instance import ENDLESS, Instance, event_definitions
from engine.parsing import CaseParser
from engine.repetition import RepeatedTask, around
from engine.spiff import FeelScriptEngine, ParallelGateway

MAX_STATES = 2_000
"""More situations of one process than this are not tried; procedures that people can read have some hundred."""
MAX_STEPS = 400
MAX_TIMES = 20
"""Automatic steps in one go, and of them at one element; more are a loop without a wait."""
_NOW = datetime(2022, 5, 5, 9, tzinfo=CHINA)
_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED

Key = frozenset[tuple[Any, int]]


@dataclass
class Explored:
    """What the exploration of one process found."""

    findings: list[Finding] = field(default_factory=list)
    may_pass: bool = False
    """Whether a case can run through it without waiting for anybody."""
    may_wait: bool = False
    states: int = 0


def explore(definition: Definition, deadline: Deadline) -> list[Finding]:
    """What the engine's behaviour on `definition` shows: each finding with its element. Empty when it is sound.

    The diagram must have passed the other checks (no calls in a circle, no element that the engine does not run).
    """
    main, inner = definition.specs
    explored: dict[str, Explored] = {}
    findings: list[Finding] = []
    for name, spec in [*_inner_first(main, inner), (main.name, main)]:
        explored[name] = _Explorer(definition, spec, explored, deadline).run()
        findings += explored[name].findings
    return findings


def _inner_first(main: BpmnProcessSpec, inner: Mapping[str, BpmnProcessSpec]) -> list[tuple[str, BpmnProcessSpec]]:
    """The called and embedded processes, each before those that run it."""
    order: dict[str, BpmnProcessSpec] = {}

    def visit(spec: BpmnProcessSpec) -> None:
        for name in _runs(spec):
            if name in inner and name not in order:
                visit(inner[name])
                order[name] = inner[name]

    visit(main)
    return list(order.items())


def _runs(spec: BpmnProcessSpec) -> list[str]:
    """The processes that `spec` itself calls or embeds."""
    return [str(one.spec) for one in spec.task_specs.values() if isinstance(getattr(one, "spec", None), str)]


# -- what stands in ---------------------------------------------------------------------------------------------------


@cache
def _stand_in(may_pass: bool, may_wait: bool) -> BpmnProcessSpec:
    """A process with one step to finish, with a way around it, or with nothing but its end."""
    step = '<userTask id="standing"/>'
    flow = '<sequenceFlow id="f{0}" sourceRef="{1}" targetRef="{2}">{3}</sequenceFlow>'
    condition = "<conditionExpression>passes</conditionExpression>"
    if not may_wait:
        inside = flow.format(1, "begin", "end", "")
    elif may_pass:
        inside = (
            step + '<exclusiveGateway id="way" default="f2"/>' + flow.format(1, "begin", "way", "")
            + flow.format(2, "way", "standing", "") + flow.format(3, "way", "end", condition)
            + flow.format(4, "standing", "end", "")
        )  # fmt: skip
    else:
        inside = step + flow.format(1, "begin", "standing", "") + flow.format(2, "standing", "end", "")
    body = (
        f'<definitions xmlns="{x.BPMN}"><process id="stand_in" isExecutable="true"><startEvent id="begin"/>{inside}'
        '<endEvent id="end"/></process></definitions>'
    )
    parser = CaseParser()
    parser.add_bpmn_xml(x.parse_xml(body.encode()))
    return parser.get_spec("stand_in")


class _Answers(FeelScriptEngine):
    """Answers the engine's questions as the exploration chooses, and notes what it was asked."""

    def __init__(self) -> None:
        self.script: list[bool] = []
        self.taken: list[bool] = []
        self._known: dict[str, bool] = {}

    def begin(self, script: list[bool]) -> None:
        """Answer the next run's first questions with `script`, later ones with no."""
        self.script, self.taken = script, []
        self._known.clear()

    def forget(self) -> None:
        """Variables may have changed."""
        self._known.clear()

    def _choose(self, text: str) -> bool:
        if text not in self._known:
            place = len(self.taken)
            self.taken.append(self.script[place] if place < len(self.script) else False)
            self._known[text] = self.taken[-1]
        return self._known[text]

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> bool:
        """Both ways, unless the condition reads nothing."""
        compiled = compile_expression(strip_equals(expression))
        return self._choose(expression) if compiled.names() else compiled.evaluate({}) is True

    def value(self, task: Task, text: str) -> Any:
        """No value; it is about to be set or given to a service."""
        self.forget()
        return None

    def items(self, task: Task, expression: str) -> list[Any]:
        """Nothing, or two."""
        return [1, 2] if self._choose(f"for each of {expression}") else []

    def due(self, task: Task, text: str, began: datetime) -> datetime:
        """One day on; it fires when the exploration says so."""
        return began + timedelta(days=1)

    def decide(self, task: Task, decision_id: str) -> Any:
        """No result."""
        self.forget()
        return None


class _Nobody:
    """The world around an instance that is only tried."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        self._answers.forget()

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        pass

    def workdays(self, day: date, count: int) -> date:
        return day + timedelta(days=count)


@dataclass(frozen=True)
class _Move:
    """One thing that may happen next: a step is finished, a timer fires, a message arrives."""

    kind: str
    token: str
    name: str  # of the message, else of the element
    group: str  # the token of the diagram that it moves


class _Probe(Instance):
    """An instance of one process alone, without values, that tells what it may do next and what it has done."""

    def __init__(self, definition: Definition, spec: BpmnProcessSpec, inner: Mapping[str, BpmnProcessSpec]) -> None:
        self.answers: _Answers = _Answers()
        super().__init__(definition, _Nobody(self.answers))
        self._spec, self._inner = spec, inner
        self.max_steps = min(MAX_STEPS, 50 + 4 * len(spec.task_specs))
        self.frozen = True
        self.stuck = False
        self.met = False
        """Whether in the last input the order of tokens could matter."""
        self.last = ""
        self._times: Counter[Any] = Counter()

    @property
    def _specs(self) -> tuple[BpmnProcessSpec, Mapping[str, BpmnProcessSpec]]:
        return self._spec, self._inner

    def begin(self) -> None:
        """Start."""
        self._clean()
        self.start({}, _NOW)

    def make(self, state: bytes, move: _Move) -> None:
        """From `state`, let `move` happen."""
        self._clean()
        self._resume(state)
        if move.kind == "complete":
            self.complete(move.token, {}, _NOW)
        elif move.kind == "fire":
            self.fire(move.token, _NOW)
        else:
            self.send(move.name, None, _NOW)

    def _clean(self) -> None:
        self.records.clear()
        self._times.clear()
        self.stuck = self.met = False
        self.last = ""

    def _completed(self, task: Task) -> None:
        self.met = self.met or _order_matters(task.task_spec)
        self._times[task.task_spec] += 1
        if self._times[task.task_spec] > MAX_TIMES:
            raise EngineFault(ENDLESS)
        self.last = task.task_spec.bpmn_id or self.last
        super()._completed(task)

    def _ended(self, task: Task) -> None:
        """Ends set variables, which have no values here."""
        self.answers.forget()

    def _refuse_zombie(self) -> None:
        workflow = self._workflow
        nothing = not workflow.event_manager.tasks and next(self._ready_manual(), None) is None
        self.stuck = nothing and not workflow.completed

    def live(self) -> Iterator[Task]:
        """The tasks of the process itself where a token is."""
        return (task for task in self._workflow.tasks.values() if task.has_state(_LIVE))

    def reached(self) -> Iterator[str]:
        """Ids of the elements that a token has come to; of those beside a step, which have caught something."""
        for task in self._workflow.tasks.values():
            waiting = isinstance(task.task_spec, BoundaryEvent) and task.state == TaskState.WAITING
            if task.has_state(_LIVE | TaskState.COMPLETED) and task.task_spec.bpmn_id and not waiting:
                yield task.task_spec.bpmn_id

    def moves(self) -> list[_Move]:
        """All that may happen next, in an order that does not change."""
        found = [
            _Move("complete", codec.token_of(task), str(task.task_spec.bpmn_id), self._group(task))
            for task in self._ready_manual()
        ]
        found += [
            _Move("fire", codec.token_of(task), timer.element_id, self._group(task))
            for task, timer, _ in self._waiting_timers()
        ]
        messages: dict[str, _Move] = {}
        for task in self._workflow.event_manager.tasks.values():
            for one in event_definitions(task):
                if isinstance(one, MessageEventDefinition) and one.name not in messages:
                    messages[one.name] = _Move("send", codec.token_of(task), one.name, self._group(task))
        return [*found, *messages.values()]

    def _group(self, task: Task) -> str:
        """The token that `task` belongs to: a step, the events beside it and the process it runs are one."""
        at = task
        while at.workflow is not self._workflow:
            at = self._workflow.get_task_from_id(at.workflow.parent_task_id)
        if around(at) is not None:
            at = at.parent
        if at.parent is not None and isinstance(at.parent.task_spec, BoundaryEventSplit):
            at = at.parent
        return codec.token_of(at)


def _joins(spec: Any) -> bool:
    """Whether tokens wait for one another at the element."""
    return isinstance(spec, ParallelGateway | InclusiveGateway) and len(spec.inputs) > 1


def _order_matters(spec: Any) -> bool:
    """Whether what the element does may depend on where other tokens are."""
    if isinstance(spec, InclusiveGateway):
        return len(spec.inputs) > 1
    return isinstance(spec, EndEvent) and isinstance(spec.event_definition, TerminateEventDefinition)


# -- the search -------------------------------------------------------------------------------------------------------


@dataclass
class _State:
    """A situation: where tokens are, how the engine stores it, and from which other one it was first come to."""

    stored: bytes
    tokens: Counter[Any]
    before: _State | None
    moves: list[_Move]
    done: bool
    places: list[str]
    next: list[Key] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    """One way that a move went: the situation it led to, and whether the order of tokens mattered on the way."""

    key: Key
    state: _State
    met: bool


class _Explorer:
    """The search through one process."""

    def __init__(
        self, definition: Definition, spec: BpmnProcessSpec, explored: Mapping[str, Explored], deadline: Deadline
    ) -> None:
        self.definition, self.spec, self.deadline = definition, spec, deadline
        inner = {name: _stand_in(one.may_pass, one.may_wait) for name, one in explored.items()}
        self.probe = _Probe(definition, spec, {name: inner[name] for name in _runs(spec) if name in inner})
        self.states: dict[Key, _State] = {}
        self.reached: set[str] = set()
        self.faults: dict[tuple[str, str], Finding] = {}
        self.whole = True
        self.endless = False
        self.result = Explored()

    def run(self) -> Explored:
        """Search, then judge."""
        waiting = self._keep(None, list(self._runs_of(None, None)))
        self.result.may_pass = any(state.done for state in self.states.values())
        while waiting:
            if len(self.states) > MAX_STATES or self.deadline.passed:
                self.whole = False
                break
            waiting += self._expand(self.states[waiting.pop(0)])
        self.result.may_wait = any(state.moves for state in self.states.values()) or not self.states
        self.result.states = len(self.states)
        self.result.findings = [*self.faults.values(), *self._judged()]
        return self.result

    def _expand(self, state: _State) -> list[Key]:
        """Let what may happen next happen; answers the states not known before."""
        groups: dict[str, list[_Move]] = {}
        for move in state.moves:
            groups.setdefault(move.group, []).append(move)
        tried: list[_Run] = []
        for moves in groups.values():
            found = [run for move in moves for run in self._runs_of(state, move)]
            if found and not any(run.met or run.key in self.states for run in found):
                tried = found  # the other tokens' moves come to the same after these
                break
            tried += found
        return self._keep(state, tried)

    def _keep(self, before: _State | None, runs: list[_Run]) -> list[Key]:
        fresh = []
        for run in runs:
            if before is not None:
                before.next.append(run.key)
            if run.key not in self.states:
                self.states[run.key] = run.state
                fresh.append(run.key)
        return fresh

    def _runs_of(self, state: _State | None, move: _Move | None) -> Iterator[_Run]:
        """Each way that a move may go: where it leads."""
        answers, script = self.probe.answers, list[bool]()
        while not self.deadline.passed:
            answers.begin(script)
            run = self._arrive(state) if self._try(state, move) else None
            if run is not None:
                yield run
            elif self.endless:  # its other ways only leave the loop after another round
                return
            script = answers.taken
            while script and script[-1]:
                script.pop()
            if not script:
                return
            script[-1] = True
        self.whole = False

    def _try(self, state: _State | None, move: _Move | None) -> bool:
        try:
            if state is None or move is None:
                self.probe.begin()
            else:
                self.probe.make(state.stored, move)
            return True
        except EngineFault as error:
            self.endless = error.message == ENDLESS
            self._fault(_where(error) or self.probe.last or (move.name if move else ""), error.message)
        except Exception as error:  # whatever the library fails with here, it would fail with on a case
            self._fault(self.probe.last or (move.name if move else ""), f"引擎走到这里出错：{error}")
        return False

    def _fault(self, element_id: str, sentence: str, severity: str = "error") -> None:
        name = self._name(element_id)
        self.faults.setdefault((element_id, sentence), Finding(element_id, name, sentence, severity))

    def _name(self, element_id: str) -> str:
        element = self.definition.elements.get(element_id)
        return element.name if element else ""

    def _arrive(self, before: _State | None) -> _Run | None:
        """The situation that the probe is in now; None when it must not be gone on from."""
        probe = self.probe
        self.reached.update(probe.reached())
        if probe.stuck:
            self._starved()
            return None
        tokens = Counter(_token(task) for task in probe.live())
        key = frozenset((token, min(count, 2)) for token, count in tokens.items())
        met = probe.met or (before is not None and _inclusive(tokens) != _inclusive(before.tokens))
        if key in self.states:
            return _Run(key, self.states[key], met)
        grown = _growth(tokens, before)
        if grown is not None:
            self._fault(grown, "每走一圈，同时在办的就多一份，会无休止地增多：并行分支绕回了分开之前。")
            return None
        places = sorted({str(task.task_spec.bpmn_id) for task in probe.live() if task.task_spec.bpmn_id})
        state = _State(probe.stored(), tokens, before, probe.moves(), probe.completed, places)
        return _Run(key, state, met)

    def _starved(self) -> None:
        """Nothing can move any more: at which join tokens wait, and for what."""
        for task in self.probe.live():
            spec = task.task_spec
            if task.state == TaskState.WAITING and _joins(spec):
                come = {t.parent.task_spec for t in task.workflow.tasks.values() if t.task_spec is spec and t.parent}
                missing = "、".join(f"“{_label(one)}”" for one in spec.inputs if one not in come)
                self._fault(
                    str(spec.bpmn_id),
                    f"汇合等不齐：{missing or '有一路'}可能不来，先到的就永远停在这里。"
                    "分开时只走其中几路的，汇合也请用同样的网关。",
                )

    # -- judgement ----------------------------------------------------------------------------------------------------

    def _judged(self) -> Iterator[Finding]:
        name = str(self.spec.name)
        if not self.whole:
            yield Finding(
                name, self._process_name(name),
                f"走法太多，在限定的时间里只试了 {len(self.states)} 种情形，没有全部试完；没试到的请用试运行核对。", "warning",
            )  # fmt: skip
            return
        if self.faults:  # what was not gone on from would only look unreachable
            return
        yield from self._unreached()
        yield from self._endless()

    def _process_name(self, name: str) -> str:
        return self.definition.process_names().get(name, "") or self._name(name)

    def _unreached(self) -> Iterator[Finding]:
        own = {str(one.bpmn_id): one for one in self.spec.task_specs.values() if one.bpmn_id}
        for identifier in own:
            element = self.definition.elements.get(identifier)
            if element is None or identifier in self.reached:
                continue
            before = [source for source, target in self.definition.flows.values() if target == identifier]
            if element.kind == "boundaryEvent" and element.attached_to in self.reached:
                host = self._name(element.attached_to or "")
                yield Finding(identifier, element.name, f"永远等不到：它附着的“{host}”不会停下来等待。")
            elif element.kind == "endEvent":
                yield Finding(identifier, element.name, "这个结束永远走不到：试遍所有走法，没有一种到这里。")
            elif any(source in self.reached for source in before):
                yield Finding(identifier, element.name, "永远走不到这里：试遍所有走法，通向这里的条件没有一次成立。")

    def _endless(self) -> Iterator[Finding]:
        """From every situation the process can still come to its end."""
        back: dict[Key, list[Key]] = {}
        for key, state in self.states.items():
            for target in state.next:
                back.setdefault(target, []).append(key)
        good = {key for key, state in self.states.items() if state.done}
        stack = list(good)
        while stack:
            for key in back.get(stack.pop(), ()):
                if key not in good:
                    good.add(key)
                    stack.append(key)
        first = next((state for key, state in self.states.items() if key not in good), None)
        for place in first.places if first else ():
            if place in self.definition.elements:
                yield Finding(place, self._name(place), "走到这里以后，无论怎样办都再也走不到结束。")


def _token(task: Task) -> tuple[Any, ...]:
    """A token as two states are compared by it: where it is, how, and at a join from where it came."""
    spec = task.task_spec
    came = task.parent.task_spec.name if task.parent is not None and _joins(spec) else ""
    return spec.name, task.state, came, isinstance(spec, InclusiveGateway), _rounds(task), _beside(task)


def _rounds(task: Task) -> int:
    """How far a repeated step has come, where no condition decides that."""
    if isinstance(task.task_spec, RepeatedTask) and task.task_spec.items is None and not task.task_spec.condition:
        return len(task.children)
    return len(task.internal_data.get("remaining") or ())


def _beside(task: Task) -> bool:
    """Whether this is no token of the diagram's own course.

    That is an event beside a step, what sprang from one while the step went on (people may leave any number of these
    open), and what the library puts between the elements.
    """
    if isinstance(task.task_spec, BoundaryEvent) or not task.task_spec.bpmn_id:
        return True
    at: Task | None = task.parent
    while at is not None:
        if isinstance(at.task_spec, BoundaryEvent) and not at.task_spec.cancel_activity:
            return True
        at = at.parent
    return False


def _inclusive(tokens: Counter[Any]) -> Counter[Any]:
    """The tokens that wait at inclusive joins."""
    return Counter({token: count for token, count in tokens.items() if token[3]})


def _growth(tokens: Counter[Any], before: _State | None) -> str | None:
    """The element where there are more tokens than in a situation passed on the way here that had all the others too."""
    own = Counter({token: count for token, count in tokens.items() if not token[5]})
    while before is not None:
        earlier = {token: count for token, count in before.tokens.items() if not token[5]}
        if own.total() > sum(earlier.values()) and all(own[token] >= count for token, count in earlier.items()):
            return next(str(token[0]) for token in own if own[token] > earlier.get(token, 0))
        before = before.before
    return None


def _where(error: EngineFault) -> str:
    """The element that the library names in what it raised, or ''."""
    spec = getattr(error.__cause__, "task_spec", None)
    return str(getattr(spec, "bpmn_id", None) or "")


def _label(spec: Any) -> str:
    """What people call the element; of the library's own specs around a step, the step's."""
    return str(spec.bpmn_name or spec.bpmn_id or spec.name.partition(".")[0])
