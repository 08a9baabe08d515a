"""A case as SpiffWorkflow knows it: one workflow with its subprocesses, walked at any depth.

Four decisions shape our parts inside the library (here, script.py, timers.py, tasks.py, gateways.py):

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
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow.decisions import Decision
from engine.flow.machine.waits import Waits

if TYPE_CHECKING:
    from engine.flow.machine.timers import FeelTimer

# Else the library gathers all it knows of a task at every change.
for _name in ("spiff.task", "spiff.workflow"):
    logging.getLogger(_name).setLevel(logging.WARNING)


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


def case_of(task: Task) -> CaseWorkflow:
    """The workflow of the case that `task` belongs to, however deep its process lies."""
    top: CaseWorkflow = task.workflow.top_workflow
    return top
