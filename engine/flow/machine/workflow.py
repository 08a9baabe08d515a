"""Our parts inside SpiffWorkflow: its script engine, timers, service and decision tasks, calls and gateways.

Three decisions shape this room:

* Variables live once per case, in the top workflow's ``data``; a task's own ``data`` stays empty. So parallel
  branches never overwrite each other with old copies, and a stored state does not repeat them.
* Nothing of a diagram reaches Python: every text is FEEL.
* A waiting timer's due time is computed from when its wait began and from the case's variables whenever it is
  asked, so it follows both a changed variable (an earlier clue) and a changed diagram; only the one that the
  host lets fire does, so that overdue timers fire in due order.
* Whatever a question of the diagram comes to is told to the workflow's ``answer``, which keeps it for the
  history: a case that is fed again from its history asks nothing a second time.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from SpiffWorkflow.bpmn.specs.defaults import CallActivity as LibraryCallActivity
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.specs.spiff_task import SpiffBpmnTask
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow.decisions import Decision
from engine.flow.diagram.texts import timer_feel
from engine.flow.feel import compile_expression, strip_equals
from engine.flow.feel.temporal import YearsMonths
from engine.flow.feel.values import FeelLimitError, FeelSyntaxError, to_plain
from engine.flow.machine.cycles import Cycle, later, parse_cycle
from engine.flow.machine.waits import Waits
from engine.ground.clock import CHINA, local_date
from engine.ground.errors import EngineFault

for _name in (
    "spiff.task",
    "spiff.workflow",
):  # else the library gathers all it knows of a task at every change
    logging.getLogger(_name).setLevel(logging.WARNING)

MAX_INSTANCES = 500
"""More instances of one step than this are a mistake in the diagram or its data."""

Answering = Callable[[str, Task, Callable[[], Any]], Any]
Workdays = Callable[[date, int], date]


class Host(Protocol):
    """What an instance asks of the world around it."""

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        """Do the work of a service task; the result becomes a variable."""

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        """Told of each decision taken."""

    def workdays(self, day: date, count: int) -> date:
        """The day that is `count` working days after `day`."""


def walk(first: Task, wanted: int, subprocesses: Mapping[Any, BpmnSubWorkflow]) -> Iterator[Task]:
    """The tasks at and below `first` in one of the `wanted` states, in the library's order, at any depth.

    What the library's iterators answer when asked for states, in a third of their time: they keep count of a
    depth, and copy the list of what is left at every task. Every completed task asks several times.
    """
    least = TaskState.COMPLETED  # unfinished tasks lie below finished ones, predicted below both
    if wanted & TaskState.PREDICTED_MASK:
        least = TaskState.MAYBE
    elif wanted & TaskState.DEFINITE_MASK:
        least = TaskState.FUTURE
    left = [first]
    while left:
        task = left.pop()
        inner = subprocesses.get(task.id) if subprocesses else None
        if task._children and (task._state >= least or task._state == TaskState.STARTED):
            tasks = task.workflow.tasks
            left.extend([tasks[child] for child in reversed(task._children)])
        if inner is not None:
            left.append(inner.top_of(wanted))
        if task._state & wanted:
            yield task


class _Deep:
    """Trap 10: the library stops walking a task tree at depth 1000,
    which kills a case after some 500 rounds of a loop.
    """

    task_tree: Task
    tasks: dict[Any, Task]
    top_workflow: CaseWorkflow
    _trunk: Task | None = None

    def top_of(self, wanted: int) -> Task:
        """Where a walk for tasks in one of the `wanted` states begins."""
        return self.task_tree if self._trunk is None or wanted & TaskState.FINISHED_MASK else self._trunk

    def find_trunk(self) -> None:
        """Find the lowest task that all that can still go on lies below: what is finished stays finished.

        So the rounds that a case has behind it are not walked through at every step.
        """
        going = [task for task in self.tasks.values() if task._state < TaskState.COMPLETED]
        if not going:
            return
        path = [going[0]]
        while path[-1] is not self._trunk and path[-1].parent is not None:
            path.append(path[-1].parent)
        place = {task.id: number for number, task in enumerate(path)}
        for task in going[1:]:
            climbed = []
            while task.id not in place:
                climbed.append(task.id)
                task = task.parent
            place.update(dict.fromkeys(climbed, place[task.id]))
        self._trunk = path[max(place[task.id] for task in going)]

    def get_tasks_iterator(self, first_task: Task | None = None, **filters: Any) -> Iterator[Task]:
        """Every task that fits, at any depth."""
        if filters.keys() == {"state"}:
            first = first_task or self.top_of(filters["state"])
            return walk(first, filters["state"], self.top_workflow.subprocesses)
        found: Iterator[Task] = BpmnTaskIterator(
            first_task or self.task_tree, max_depth=sys.maxsize, **filters
        )
        return found

    def update_waiting_tasks(self) -> None:
        """Let each waiting task of this process look again whether it may go on."""
        for task in walk(self.top_of(TaskState.WAITING), TaskState.WAITING, {}):
            task.task_spec._update(task)


class SubWorkflow(_Deep, BpmnSubWorkflow):  # type: ignore[misc]
    """A called or embedded process."""

    def cancel(self, success: bool = False) -> list[Task]:
        """End all that goes on in it, at any depth."""
        self.success, self.completed = success, True
        cancelled = list(walk(self.top_of(0), TaskState.NOT_FINISHED_MASK, {}))
        for task in cancelled:
            task.cancel()
        return cancelled


class CaseWorkflow(_Deep, BpmnWorkflow):  # type: ignore[misc]
    """A workflow that knows its host, the instant of the present step and how far timers may fire."""

    host: Host
    now: datetime
    firing: tuple[Task, FeelTimer] | None = None
    """The one timer that may fire just now."""
    replaying: Callable[[], bool]
    """Whether what services answered is in the history: nothing need be worked out for them."""
    answer: Answering
    """What a question came to: as the history has it, else as the asker works it out;
    noted in the present record.
    """
    token_of: Callable[[Task], str]
    decisions: Mapping[str, Decision]
    tell: Callable[[str, str], None]
    """Notes for an element what people should know of how it went."""
    event_manager: Waits

    def __init__(self, spec: Any, subprocess_specs: Any, **given: Any) -> None:
        super().__init__(spec, subprocess_specs, **given)
        self.event_manager = Waits(self)

    def create_subprocess(self, my_task: Task, spec_name: str) -> SubWorkflow:
        """A started subprocess of our kind."""
        subprocess = SubWorkflow(self.subprocess_specs[spec_name], my_task.id, self)
        self.subprocesses[my_task.id] = subprocess
        return subprocess


def _top(task: Task) -> CaseWorkflow:
    top: CaseWorkflow = task.workflow.top_workflow
    return top


class FeelScriptEngine:
    """What answers every question that a diagram asks of its case: conditions, values, repeats, due times,
    decisions.

    All is FEEL over the case's variables. The exploration of a diagram answers in its stead
    (engine/flow/exploration.py).
    """

    def value(self, task: Task, text: str) -> Any:
        """The FEEL value of `text` over the case's variables."""
        top = _top(task)
        try:
            return compile_expression(strip_equals(text)).evaluate(top.data, workdays=top.host.workdays)
        except FeelLimitError as error:
            raise EngineFault(
                f"“{task.task_spec.bpmn_name or task.task_spec.bpmn_id}”：{error.message}"
            ) from error

    def evaluate(
        self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None
    ) -> bool:
        """Whether the condition holds; null and errors are not true, as the standard says."""
        return self.value(task, expression) is True

    def due(self, task: Task, text: str, began: datetime) -> datetime | None:
        """When the timer `text` of a wait that began at `began` is due, or None when it has no value yet."""
        return due_time(text, began, lambda inner: self.value(task, inner))

    def due_from(self, task: Task, text: str, began: datetime, variable: str, day: str) -> datetime | None:
        """As `due`, were no date in `variable` before `day` (ISO)."""
        top = _top(task)
        counted = {**top.data, variable: not_before(top.data.get(variable), day)}
        return due_time(
            text, began, lambda inner: compile_expression(inner).evaluate(counted, workdays=top.host.workdays)
        )

    def cycle(self, task: Task, text: str) -> Cycle | None:
        """The repeating interval that `text` means, or None when it has no such value yet."""
        try:
            return parse_cycle(self.value(task, timer_feel(text)), lambda inner: self.value(task, inner))
        except FeelSyntaxError:
            return None

    def decide(self, task: Task, decision_id: str) -> Any:
        """The result of a decision over the case's variables."""
        top = _top(task)
        try:
            return to_plain(top.decisions[decision_id].evaluate(top.data))
        except FeelLimitError as error:
            raise EngineFault(f"决策表“{decision_id}”：{error.message}") from error

    def items(self, task: Task, expression: str) -> list[Any]:
        """What a repeated task is done for: the elements of a list, 1 to n for a number; nothing for null,
        which is told.

        Raises EngineFault for any other value, and for more than MAX_INSTANCES.
        """
        value = to_plain(self.value(task, expression))
        if value is None:
            _top(task).tell(
                task.task_spec.bpmn_id, f"“{expression}”没有值，不知道要办理几次，这一步一次也没有办理。"
            )
            return []
        items = instances(value)
        if items is None:
            name, shown = task.task_spec.bpmn_name or task.task_spec.bpmn_id, str(value)[:40]
            raise EngineFault(
                f"“{name}”按“{expression}”算不出办理几次：得到的是“{shown}”，须是清单或 0 到 {MAX_INSTANCES} 的整数，清单最多"
                f" {MAX_INSTANCES} 项。"
            )
        return items


def instances(value: Any) -> list[Any] | None:
    """What a repeated task is done for by a value: a list, or 1 to n for a whole number;
    None for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INSTANCES:
        return list(range(1, value + 1))
    return list(value) if isinstance(value, list) and len(value) <= MAX_INSTANCES else None


def _answers(task: Task) -> FeelScriptEngine:
    engine: FeelScriptEngine = _top(task).script_engine
    return engine


COUNTS_FROM = "countsFrom"
"""A timer event's property: the step whose typed dates its period counts from,
never from before that step opened.
"""


@dataclass(frozen=True)
class CountsFrom:
    """The step that a period begins with, and the variable that it sets."""

    step_id: str
    variable: str


def not_before(value: Any, day: str) -> Any:
    """A step's values, with every ISO date in them that lies before `day` (ISO) put to that day."""
    if isinstance(value, dict):
        return {key: not_before(inner, day) for key, inner in value.items()}
    return day if isinstance(value, str) and _ISO_DAY.match(value) and value[:10] < day else value


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T|$)")


class FeelTimer(TimerEventDefinition):  # type: ignore[misc]
    """A timer whose text is ISO 8601 (``P5D``, an instant) or FEEL;
    `element_id` is the event that carries it.
    """

    def __init__(
        self, name: str, expression: str, element_id: str, counts_from: CountsFrom | None = None
    ) -> None:
        super().__init__(name, expression)
        self.element_id = element_id
        self.counts_from = counts_from

    def due_at(self, task: Task) -> datetime | None:
        """When the timer of the waiting `task` is due (aware), or None when its text has no value yet."""
        due = _answers(task).due(task, self.expression, self.began(task))
        opened = self._opened(task)
        if due is None or opened is None:
            return due
        assert self.counts_from is not None  # else nothing opened it
        least = _answers(task).due_from(
            task, self.expression, self.began(task), self.counts_from.variable, opened
        )
        return due if least is None else max(due, least)

    def _opened(self, task: Task) -> str | None:
        """R10, R29: the day (ISO) on which the step that this wait counts from was opened,
        on the way that led here.
        """
        at: Task | None = task if self.counts_from is not None else None
        while at is not None:
            if (
                self.counts_from
                and at.task_spec.bpmn_id == self.counts_from.step_id
                and "began" in at.internal_data
            ):
                return local_date(datetime.fromisoformat(at.internal_data["began"])).isoformat()
            above = at.workflow.parent_task_id
            at = at.parent or (_top(at).get_task_from_id(above) if above is not None else None)
        return None

    def began(self, task: Task) -> datetime:
        """When the wait of `task` began: at the first question."""
        began = task.internal_data.get("began")
        if began is None:
            began = task.internal_data["began"] = _top(task).now.isoformat()
        return datetime.fromisoformat(began)

    def has_fired(self, task: Task) -> bool:
        """Whether the case lets this timer fire just now."""
        firing = _top(task).firing
        return firing is not None and firing[0] is task and firing[1] is self


class FeelCycle(FeelTimer):
    """A timer beside a step that goes on, which fires again and again (``timeCycle``).

    The library computes such a timer once, hangs its branches below one waiting task and catches up all
    missed rounds at once. Here every round is a boundary event of its own beside the same step: with its own
    token and due time, so that it fires once, and a changed diagram changes only the rounds still to come.
    """

    def due_at(self, task: Task) -> datetime | None:
        """When the round that waits as `task` is due, or None when the text is no cycle."""
        began, cycle = self.began(task), self.cycle(task)
        try:
            return None if cycle is None else cycle.due(_round(task), began)
        except OverflowError:  # past the year 9999
            return None

    def cycle(self, task: Task) -> Cycle | None:
        """What the text means now."""
        return _answers(task).cycle(task, self.expression)

    def next_round(self, task: Task) -> dict[str, Any] | None:
        """What the round after the one that has fired as `task` knows of itself; None after the last."""

        def goes_on() -> bool:
            cycle = self.cycle(task)
            return cycle is not None and _round(task) < cycle.rounds

        if not _top(task).answer("repeats", task, goes_on):
            return None
        return {"began": task.internal_data["began"], "round": _round(task) + 1}


def _round(task: Task) -> int:
    return int(task.internal_data.get("round", 1))


def due_time(text: str, began: datetime, value_of: Callable[[str], Any]) -> datetime | None:
    """The instant a timer text means for a wait that began at `began`; a plain date is its 00:00 in China.

    None for what is no instant, or none that every zone can write: the years 1 and 9999 have such days.
    """
    value = value_of(timer_feel(text))
    if isinstance(value, str):
        try:
            value = value_of(timer_feel(value))
        except FeelSyntaxError:
            return None  # a text that somebody typed, as 2022年5月9日
    try:
        due = _instant(value, began)
        return due if due is not None and due.astimezone(UTC) else None
    except OverflowError:
        return None


def _instant(value: Any, began: datetime) -> datetime | None:
    if isinstance(value, timedelta | YearsMonths):
        return later(began, value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=CHINA)
    return datetime(value.year, value.month, value.day, tzinfo=CHINA) if isinstance(value, date) else None


def apply_settings(task: Task, settings: Mapping[str, str]) -> None:
    """Set the case variables that `settings` name, each to its FEEL value."""
    answers, top = _answers(task), _top(task)
    if settings:
        top.data.update(
            top.answer(
                "sets",
                task,
                lambda: {name: to_plain(answers.value(task, text)) for name, text in settings.items()},
            )
        )


class CallActivity(LibraryCallActivity):  # type: ignore[misc]
    """Calls a process after setting the variables that its ``set:`` properties name."""

    def __init__(self, wf_spec: Any, name: str, settings: Mapping[str, str], **kw: Any) -> None:
        super().__init__(wf_spec, name, **kw)
        self.settings = settings

    def start_workflow(self, my_task: Task) -> None:
        """Begin the called process."""
        apply_settings(my_task, self.settings)
        super().start_workflow(my_task)


class ServiceTask(SpiffBpmnTask):  # type: ignore[misc]
    """Calls a registered function with FEEL parameters; its result becomes a case variable."""

    def __init__(
        self,
        wf_spec: Any,
        name: str,
        operation: str,
        parameters: dict[str, str],
        result: str | None,
        **kw: Any,
    ) -> None:
        super().__init__(wf_spec, name, **kw)
        self.operation = operation
        self.parameters = parameters
        self.result_variable = result

    def _run_hook(self, task: Task) -> bool:
        top = _top(task)
        answers = _answers(task)
        asked = {} if top.replaying() else self.parameters
        values = {key: to_plain(answers.value(task, text)) for key, text in asked.items()}
        result = top.host.call_service(self.bpmn_id, top.token_of(task), self.operation, values)
        if self.result_variable:
            top.data[self.result_variable] = result
        return True


class DecisionTask(SpiffBpmnTask):  # type: ignore[misc]
    """Takes a decision of a decision table; its result becomes a case variable."""

    def __init__(self, wf_spec: Any, name: str, decision_id: str, result: str, **kw: Any) -> None:
        super().__init__(wf_spec, name, **kw)
        self.decision_id = decision_id
        self.result_variable = result

    def _run_hook(self, task: Task) -> bool:
        top = _top(task)
        result = top.answer("decisions", task, lambda: _answers(task).decide(task, self.decision_id))
        top.host.decided(self.bpmn_id, self.decision_id, result)
        top.data[self.result_variable] = result
        return True
