"""An instance of one process alone that can be tried: no values, no world, stand-ins for what it calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from engine.flow.diagram import xml as x
from engine.flow.diagram.cycles import Cycle
from engine.flow.exploration.memory import Facts, Memory
from engine.flow.feel import compile_expression, strip_equals
from engine.flow.machine import codec
from engine.flow.machine.definition import Definition
from engine.flow.machine.gateways import InclusiveGateway, ParallelGateway
from engine.flow.machine.instance import ENDLESS, Instance
from engine.flow.machine.parsing import CaseParser
from engine.flow.machine.repetition import around
from engine.flow.machine.script import FeelScriptEngine
from engine.flow.machine.standing import Spec, Token, ends_all, has_come, is_live, is_split
from engine.flow.machine.waits import messages_of
from engine.ground.clock import CHINA
from engine.ground.errors import EngineFault

MAX_STEPS = 400
MAX_TIMES = 20
"""Automatic steps in one go, and of them at one element; more are a loop without a wait."""
_NOW = datetime(2022, 5, 5, 9, tzinfo=CHINA)


@cache
def stand_in(may_pass: bool, may_wait: bool) -> Spec:
    """A process with one step to finish, with a way around it, or with nothing but its end."""
    step = '<userTask id="standing"/>'
    flow = '<sequenceFlow id="f{0}" sourceRef="{1}" targetRef="{2}">{3}</sequenceFlow>'
    condition = "<conditionExpression>passes</conditionExpression>"
    if not may_wait:
        inside = flow.format(1, "begin", "end", "")
    elif may_pass:
        inside = (
            step
            + '<exclusiveGateway id="way" default="f2"/>'
            + flow.format(1, "begin", "way", "")
            + flow.format(2, "way", "standing", "")
            + flow.format(3, "way", "end", condition)
            + flow.format(4, "standing", "end", "")
        )
    else:
        inside = step + flow.format(1, "begin", "standing", "") + flow.format(2, "standing", "end", "")
    body = (
        f'<definitions xmlns="{x.BPMN}"><process id="stand_in" isExecutable="true"><startEvent '
        f'id="begin"/>{inside}'
        '<endEvent id="end"/></process></definitions>'
    )
    parser = CaseParser()
    parser.add_bpmn_xml(x.parse_xml(body.encode()))
    return parser.get_spec("stand_in")


class _Answers(FeelScriptEngine):
    """Answers the engine's questions as the exploration chooses, and notes what it was asked."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.script: list[bool] = []
        self.taken: list[bool] = []
        self.facts: dict[str, bool] = {}
        """The remembered answers (engine.exploration.memory)."""
        self.touched = False
        """Whether in this run a remembered answer was asked for, or may have become another one."""
        self._known: dict[str, bool] = {}

    def begin(self, script: list[bool], facts: Facts) -> None:
        """Answer the next run's first questions with `script`, later ones with no,
        as far as `facts` leave a choice.
        """
        self.script, self.taken, self.facts, self.touched = script, [], dict(facts), False
        self._known.clear()

    def forget(self) -> None:
        """Variables may have changed."""
        self._known.clear()

    def done(self, element_id: str) -> None:
        """An element is done: the variables that it sets may have changed."""
        if self.memory.touches(element_id):
            self.touched = True
            self.facts = self.memory.without(self.facts, element_id)

    def _choose(self, text: str) -> bool:
        if self.memory.holds(text):
            self.touched = True
            possible = self.memory.possible(text, self.facts)
            self.facts[text] = possible[0] if len(possible) == 1 else self._next()
            return self.facts[text]
        if text not in self._known:
            self._known[text] = self._next()
        return self._known[text]

    def _next(self) -> bool:
        place = len(self.taken)
        self.taken.append(self.script[place] if place < len(self.script) else False)
        return self.taken[-1]

    def evaluate(
        self, task: Token, expression: str, external_context: Mapping[str, Any] | None = None
    ) -> bool:
        """Both ways, unless the condition reads nothing."""
        compiled = compile_expression(strip_equals(expression))
        return self._choose(expression) if compiled.names() else compiled.evaluate({}) is True

    def value(self, task: Token, text: str) -> Any:
        """No value; it is about to be set or given to a service."""
        self.forget()
        return None

    def items(self, task: Token, expression: str) -> list[Any]:
        """Nothing, or two."""
        return [1, 2] if self._choose(f"for each of {expression}") else []

    def due(self, task: Token, text: str, began: datetime) -> datetime:
        """One day on; it fires when the exploration says so."""
        return began + timedelta(days=1)

    def due_from(self, task: Token, text: str, began: datetime, variable: str, day: str) -> None:
        """No other day."""

    def cycle(self, task: Token, text: str) -> Cycle:
        """Two rounds: one that is followed by another, and a last one."""
        return Cycle(2, None, timedelta(days=1))

    def decide(self, task: Token, decision_id: str) -> Any:
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
class Move:
    """One thing that may happen next: a step is finished, a timer fires, a message arrives."""

    kind: str
    token: str
    name: str  # of the message, else of the element
    group: str  # the token of the diagram that it moves


class Probe(Instance):
    """An instance of one process alone, without values,
    that tells what it may do next and what it has done.
    """

    def __init__(
        self,
        definition: Definition,
        spec: Spec,
        inner: Mapping[str, Spec],
        memory: Memory,
    ) -> None:
        self.answers: _Answers = _Answers(memory)
        super().__init__(definition, _Nobody(self.answers))
        self._spec, self._inner = spec, inner
        self.max_steps = min(MAX_STEPS, 50 + 4 * len(spec.task_specs))
        self.frozen = True
        self.stuck = False
        self.met = False
        """Whether in the last input the order of tokens could matter."""
        self.last = ""
        self._served = ""
        """The token that gets the message which is being sent."""
        self._times: Counter[Any] = Counter()

    @property
    def _specs(self) -> tuple[Spec, Mapping[str, Spec]]:
        return self._spec, self._inner

    def begin(self) -> None:
        """Start."""
        self._clean()
        self.start({}, _NOW)

    def make(self, state: bytes, move: Move) -> None:
        """From `state`, let `move` happen."""
        self._clean()
        self._resume(state)
        if move.kind == "complete":
            self.answers.done(move.name)
            self.complete(move.token, {}, _NOW)
        elif move.kind == "fire":
            self.fire(move.token, _NOW)
        else:
            self._served = move.token
            self.send(move.name, None, _NOW)

    def _catchers(self, name: str) -> list[Token]:
        return [task for task in super()._catchers(name) if codec.token_of(task) == self._served]

    def _clean(self) -> None:
        self.records.clear()
        self._times.clear()
        self.stuck = self.met = False
        self.last = ""

    def _completed(self, task: Token) -> None:
        self.met = self.met or order_matters(task.task_spec)
        self._times[task.task_spec] += 1
        if self._times[task.task_spec] > MAX_TIMES:
            raise EngineFault(ENDLESS)
        self.last = task.task_spec.bpmn_id or self.last
        self.answers.done(str(task.task_spec.bpmn_id))
        super()._completed(task)

    def _ended(self, task: Token) -> None:
        """Ends set variables, which have no values here."""
        self.answers.forget()

    def _refuse_zombie(self) -> None:
        workflow = self._workflow
        nothing = not workflow.event_manager.tasks and not self._ready_manual()
        self.stuck = nothing and not workflow.completed

    def live(self) -> Iterator[Token]:
        """The tasks of the process itself where a token is."""
        return (task for task in self._workflow.tasks.values() if is_live(task))

    def reached(self) -> Iterator[str]:
        """Ids of the elements that a token has come to; of those beside a step,
        which have caught something.
        """
        for task in self._workflow.tasks.values():
            if task.task_spec.bpmn_id and has_come(task):
                yield task.task_spec.bpmn_id

    def moves(self) -> list[Move]:
        """All that may happen next, in an order that does not change."""
        found = [
            Move("complete", codec.token_of(task), str(task.task_spec.bpmn_id), self._group(task))
            for task in self._ready_manual()
        ]
        found += [
            Move("fire", codec.token_of(task), timer.element_id, self._group(task))
            for task, timer, _ in self._waiting_timers()
        ]
        # whichever of those that wait for it: which it is in a case, nobody can tell from the drawing
        found += [
            Move("send", codec.token_of(task), name, self._group(task))
            for task in self._workflow.event_manager.in_order
            for name in messages_of(task.task_spec)
        ]
        return found

    def _group(self, task: Token) -> str:
        """The token that `task` belongs to: a step, the events beside it and the process it runs are one."""
        at = task
        while at.workflow is not self._workflow:
            at = at.workflow.owner
        if around(at) is not None:
            at = at.parent
        if at.parent is not None and is_split(at.parent.task_spec):
            at = at.parent
        return codec.token_of(at)


def joins(spec: Any) -> bool:
    """Whether tokens wait for one another at the element."""
    return isinstance(spec, ParallelGateway | InclusiveGateway) and len(spec.inputs) > 1


def order_matters(spec: Any) -> bool:
    """Whether what the element does may depend on where other tokens are."""
    if isinstance(spec, InclusiveGateway):
        return len(spec.inputs) > 1
    return ends_all(spec)
