"""The search through one process: every situation that its tokens can come to, and what that shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.flow.exploration.memory import Facts, Memory
from engine.flow.exploration.probe import Move, Probe, joins, stand_in
from engine.flow.machine.definition import Definition
from engine.flow.machine.gateways import InclusiveGateway, ParallelGateway, flow_of
from engine.flow.machine.instance import ENDLESS
from engine.flow.machine.repetition import RepeatedTask, around
from engine.flow.machine.standing import Spec, Token, is_beside, is_waiting
from engine.ground.deadline import Deadline
from engine.ground.errors import EngineFault, Finding
from engine.ground.surroundings import trouble_of

MAX_STATES = 2_000
"""More situations of one process than this are not gone on from;
procedures that people can read have some hundred.
"""
MANY = 200
"""With so many yet to be tried, the search goes to the end of one before it takes up the next:
it sees more of the whole.
"""
NAMED = 5
"""Of what was not tried, so many elements are named."""
MAX_BESIDE = 2
"""People may leave any number of steps open that sprang from a limit beside a loop;
more of the same show nothing new.
"""

Key = frozenset[tuple[Any, int]]


@dataclass
class Explored:
    """What the exploration of one process found."""

    findings: list[Finding] = field(default_factory=list)
    may_pass: bool = False
    """Whether a case can run through it without waiting for anybody."""
    may_wait: bool = False
    states: int = 0


def runs(spec: Spec) -> list[str]:
    """The processes that `spec` itself calls or embeds."""
    return [str(one.spec) for one in spec.task_specs.values() if isinstance(getattr(one, "spec", None), str)]


@dataclass
class _State:
    """A situation: where tokens are, how the engine stores it,
    and from which other one it was first come to.
    """

    stored: bytes
    tokens: Counter[Any]
    before: _State | None
    moves: list[Move]
    done: bool
    places: list[str]
    facts: Facts
    next: list[Key] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    """One way that a move went: the situation it led to,
    and whether the order of tokens mattered on the way.
    """

    key: Key
    state: _State
    met: bool


class Explorer:
    """The search through one process."""

    def __init__(
        self,
        definition: Definition,
        spec: Spec,
        explored: Mapping[str, Explored],
        deadline: Deadline,
        every_order: bool,
    ) -> None:
        self.every_order = every_order
        self.definition, self.spec, self.deadline = definition, spec, deadline
        inner = {name: stand_in(one.may_pass, one.may_wait) for name, one in explored.items()}
        self.memory = Memory(definition, spec, alone=_alone(definition, spec))
        called = {name: inner[name] for name in runs(spec) if name in inner}
        self.probe = Probe(definition, spec, called, self.memory)
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
        tried = 0
        while waiting:
            if tried >= MAX_STATES or self.deadline.passed:
                self.whole = False
                break
            tried += 1
            waiting += self._expand(self.states[waiting.pop(0 if len(waiting) < MANY else -1)])
        self.result.may_wait = any(state.moves for state in self.states.values()) or not self.states
        self.result.states = len(self.states)
        self.result.findings = [*self.faults.values(), *self._judged()]
        return self.result

    def _expand(self, state: _State) -> list[Key]:
        """Let what may happen next happen; answers the states not known before."""
        groups: dict[str, list[Move]] = {}
        for move in state.moves:
            groups.setdefault(move.group, []).append(move)
        tried: list[_Run] = []
        for moves in groups.values():
            found = [run for move in moves for run in self._runs_of(state, move)]
            if found and not self.every_order and not any(run.met or run.key in self.states for run in found):
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

    def _runs_of(self, state: _State | None, move: Move | None) -> Iterator[_Run]:
        """Each way that a move may go: where it leads."""
        answers, script = self.probe.answers, list[bool]()
        while not self.deadline.passed:
            answers.begin(script, state.facts if state else {})
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

    def _try(self, state: _State | None, move: Move | None) -> bool:
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
            if trouble_of(error) is not None:
                raise
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
        if any(count > MAX_BESIDE and token[5] == "beside" for token, count in tokens.items()):
            return None
        facts = self.memory.useful(probe.answers.facts, {task.task_spec.name for task in probe.live()})
        key = _key(tokens, facts)
        met = (
            probe.met
            or probe.answers.touched
            or (before is not None and _inclusive(tokens) != _inclusive(before.tokens))
        )
        if key in self.states:
            return _Run(key, self.states[key], met)
        grown = _growth(tokens, before)
        if grown is not None:
            self._fault(grown, "每走一圈，同时在办的就多一份，会无休止地增多：并行分支绕回了分开之前。")
            return None
        places = sorted({str(task.task_spec.bpmn_id) for task in probe.live() if task.task_spec.bpmn_id})
        state = _State(probe.stored(), tokens, before, probe.moves(), probe.completed, places, facts)
        return _Run(key, state, met)

    def _starved(self) -> None:
        """Nothing can move any more: at which join tokens wait, and for what."""
        for task in self.probe.live():
            spec = task.task_spec
            if is_waiting(task) and joins(spec):
                waits = [one for one in self.probe.live() if one.task_spec is spec and is_waiting(one)]
                missing = {
                    source.name: f"“{_label(source)}”" for source, _ in spec.flows - set(map(flow_of, waits))
                }
                names = "、".join(missing[name] for name in sorted(missing))
                self._fault(
                    str(spec.bpmn_id),
                    f"汇合等不齐：{names or '有一路'}可能不来，先到的就永远停在这里。"
                    "分开时只走其中几路的，汇合也请用同样的网关。",
                )

    # -- judgement ---------------------------------------------------------------------------------

    def _judged(self) -> Iterator[Finding]:
        if not self.whole:
            yield self._unfinished()
            return
        if self.faults:  # what was not gone on from would only look unreachable
            return
        yield from self._unreached()
        yield from self._endless()

    def _unfinished(self) -> Finding:
        """What was not tried, and where the ways multiply."""
        name = str(self.spec.name)
        own = [
            str(one.bpmn_id)
            for one in self.spec.task_specs.values()
            if one.bpmn_id in self.definition.elements
        ]
        never = [f"“{self._name(one)}”" for one in dict.fromkeys(own) if one not in self.reached]
        missing = (
            f"没有试到的有{'、'.join(never[:NAMED])}{'等' if len(never) > NAMED else ''}（{len(never)} 处）"
        )
        gates = [
            one
            for one in self.spec.task_specs.values()
            if isinstance(one, InclusiveGateway | ParallelGateway)
        ]
        widest = max(gates, key=lambda one: len(one.outputs), default=None)
        advice = (
            f"“{_label(widest)}”有 {len(widest.outputs)} 条出口，组合最多，减少出口或把后面的步骤放进子流程，就容易试完。"
            if widest is not None and len(widest.outputs) > 2
            else ""
        )
        return Finding(
            name,
            self._process_name(name),
            f"走法太多，在限定的时间里只试了 {len(self.states)} 种情形，没有全部试完。"
            f"{missing if never else '每一处都试到过，只是没有试遍先后和组合'}；没试到的情形里，汇合等不齐、走不到结束之类的问题"
            f"可能没有发现，请用试运行核对。{advice}",
            "warning",
        )

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
                yield Finding(
                    identifier, element.name, "永远走不到这里：试遍所有走法，通向这里的条件没有一次成立。"
                )

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


def _token(task: Token) -> tuple[Any, ...]:
    """A token as two states are compared by it: where it is, how, and at a join from where it came."""
    spec = task.task_spec
    source, number = flow_of(task) if task.parent is not None and joins(spec) else (None, 0)
    came = f"{source.name} {number}" if source is not None else ""
    return spec.name, task.state, came, isinstance(spec, InclusiveGateway), _rounds(task), _course(task)


def _rounds(task: Token) -> int:
    """How far a repeated step has come, where no condition decides that."""
    if (
        isinstance(task.task_spec, RepeatedTask)
        and task.task_spec.items is None
        and not task.task_spec.condition
    ):
        return len(task.children)
    return len(task.internal_data.get("remaining") or ())


def _course(task: Token) -> str:
    """Whose token it is: the diagram's own, an instance of one, an event's beside a step, sprung from such,
    or none.
    """
    if not task.task_spec.bpmn_id:
        return "between"  # what the library puts between the elements
    if is_beside(task.task_spec):
        return "armed"
    if around(task) is not None:
        return "instance"  # as many as the step around it says: they come and go in every round
    at: Token | None = task.parent
    while at is not None:
        if is_beside(at.task_spec) and not at.task_spec.cancel_activity:
            return "beside"
        at = at.parent
    return "own"


def _key(tokens: Counter[Any], facts: Facts) -> Key:
    places = ((token, 1 if token[5] == "between" else count) for token, count in tokens.items())
    return frozenset([*places, *(((text,), int(answer)) for text, answer in facts.items())])


def _alone(definition: Definition, spec: Spec) -> bool:
    """Whether the process is run from at most one place, and so is what runs it:
    no two of it share the variables.
    """
    main, inner = definition.specs
    while spec is not main:
        callers = [one for one in (main, *inner.values()) for name in runs(one) if name == spec.name]
        if len(callers) != 1:
            return False
        spec = callers[0]
    return True


def _inclusive(tokens: Counter[Any]) -> Counter[Any]:
    """The tokens that wait at inclusive joins."""
    return Counter({token: count for token, count in tokens.items() if token[3]})


def _growth(tokens: Counter[Any], before: _State | None) -> str | None:
    """The element where there are more tokens than in a situation passed
    on the way here that had all the others too.
    """
    own = Counter({token: count for token, count in tokens.items() if token[5] == "own"})
    while before is not None:
        earlier = {token: count for token, count in before.tokens.items() if token[5] == "own"}
        if own.total() > sum(earlier.values()) and all(
            own[token] >= count for token, count in earlier.items()
        ):
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
