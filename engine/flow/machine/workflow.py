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
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow.decisions import Decision
from engine.flow.machine.tree import CaseTask, Tree, walk
from engine.flow.machine.waits import Waits
from engine.ground.errors import EngineFault

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


class SubWorkflow(Tree, BpmnSubWorkflow):  # type: ignore[misc]
    """A called or embedded process."""

    owner: CaseTask

    def __init__(self, spec: Any, owner: CaseTask, top: CaseWorkflow) -> None:
        self.owner = owner
        super().__init__(spec, owner.id, top, deserializing=True)

    @property
    def parent_workflow(self) -> Tree:
        """The process that runs it."""
        found: Tree = self.owner.workflow
        return found

    def cancel(self, success: bool = False) -> list[Task]:
        """End all that goes on in it, at any depth."""
        self.success, self.completed = success, True
        cancelled = list(walk(self.top_of(0), TaskState.NOT_FINISHED_MASK, {}))
        for task in cancelled:
            task.cancel()
        return cancelled


class CaseWorkflow(Tree, BpmnWorkflow):  # type: ignore[misc]
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
    top_workflow: Any = None
    """Itself, at hand: the library's property is a call."""

    def __init__(
        self, spec: Any, subprocess_specs: Any, *, deserializing: bool = False, **given: Any
    ) -> None:
        self.top_workflow = self
        self.ready: tuple[dict[int, CaseTask], dict[int, CaseTask]] = ({}, {})
        """What is READY in it and all within it, by id: what goes on by itself, what waits for a person."""
        super().__init__(spec, subprocess_specs, deserializing=True, **given)
        self.event_manager = Waits(self)
        if not deserializing:
            self.begin()

    def _do_engine_steps(self, will_complete_task: Any = None, did_complete_task: Any = None) -> bool:
        """Run once what goes on by itself, the innermost processes first; whether anything did.

        The library's own order; it looks through the tree for what is ready, people's steps too.
        """
        if not self.ready[False]:
            return False
        active = self.get_active_subprocesses()
        for inner in sorted(active, key=lambda one: one.depth, reverse=True):
            while self._go_on(inner, did_complete_task):
                pass
            inner.owner.task_spec._update(inner.owner)
        moved = self._go_on(self, did_complete_task)
        return moved or len(self.get_active_subprocesses()) > len(active)

    def _go_on(self, process: Tree, done: Callable[[Task], None]) -> bool:
        ready = process.ready_tasks(manual=False)
        for task in ready:
            task.run()
            done(task)
        return bool(ready)

    def refresh_timers(self) -> None:
        """Nothing: a timer fires when the host lets it, and is told so then."""

    def create_subprocess(self, my_task: Task, spec_name: str) -> SubWorkflow:
        """A started subprocess of our kind."""
        subprocess = SubWorkflow(self.subprocess_specs[spec_name], my_task, self)
        subprocess.begin()
        self.subprocesses[my_task.id] = subprocess
        return subprocess


class faults:
    """Turns the library's own exceptions into an EngineFault that names the element."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SpiffWorkflowException):
            raise EngineFault(f"流程运行出错：{error}") from error


def case_of(task: Task) -> CaseWorkflow:
    """The workflow of the case that `task` belongs to, however deep its process lies."""
    top: CaseWorkflow = task.workflow.top_workflow
    return top
