"""Where tokens meet: parallel and inclusive joins and the end of a process, by the standard's own rules (BPMN 2.0, 13.4).

The library looks for completed ancestors in its task tree, which remembers every earlier round of a loop: there a join
may fire before all have come, or fire twice, and the search itself fails below a depth. Here a token that has come and
not yet gone on is a WAITING task of the join, whichever round it is of; a join that fires takes one of every incoming
flow. Variables live with the case, so there is nothing to merge.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway as LibraryInclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway as LibraryParallelGateway
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.errors import EngineFault

_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class _Join:
    """Waits for the tokens of its incoming flows, and takes one of each when it fires."""

    inputs: list[Any]

    def _update_hook(self, my_task: Task) -> bool:
        come = self._come(my_task) if len(self.inputs) > 1 else {}
        if len(self.inputs) > 1 and not self._enough(my_task, come):
            my_task._set_state(TaskState.WAITING)
            return False
        for token in come.values():
            if token is not my_task:
                token.cancel()
        return True

    def _come(self, my_task: Task) -> dict[Any, Task]:
        """One token of each incoming flow that has any; `my_task` stands for its own."""
        waiting = [t for t in _others(self, my_task) if t.state == TaskState.WAITING]
        if len(waiting) > 1:  # of several on one flow always the same, however the tree was built
            waiting.sort(key=my_task.workflow.top_workflow.token_of, reverse=True)
        return {**{t.parent.task_spec: t for t in waiting}, my_task.parent.task_spec: my_task}

    def _enough(self, my_task: Task, come: dict[Any, Task]) -> bool:
        """Whether `come`, the tokens that are here, are all that it waits for."""
        raise AssertionError("each kind of join says so")


def _others(spec: Any, my_task: Task) -> Iterator[Task]:
    return (t for t in my_task.workflow.tasks.values() if t.task_spec is spec and t is not my_task)


class ParallelGateway(_Join, LibraryParallelGateway):  # type: ignore[misc]
    """Fires when every incoming flow has a token."""

    def _enough(self, my_task: Task, come: dict[Any, Task]) -> bool:
        return come.keys() == set(self.inputs)

    def _run_hook(self, my_task: Task) -> bool:
        return True


class InclusiveGateway(_Join, LibraryInclusiveGateway):  # type: ignore[misc]
    """Fires when no token elsewhere can still come by a flow that has none; goes on by every flow whose condition holds.

    A token that can as well come by a flow that has one already is not waited for, as the standard says.
    """

    def _enough(self, my_task: Task, come: dict[Any, Task]) -> bool:
        for task in my_task.workflow.tasks.values():
            arriving = task.state == TaskState.FUTURE and task.parent.state == TaskState.COMPLETED
            if task is my_task or not (arriving or task.has_state(_LIVE)):
                continue
            if task.task_spec is self and arriving:
                return False  # it comes in this very step
            if task.task_spec is self and task.state == TaskState.WAITING:
                continue
            ways = self._ways_in[task.task_spec.name]
            if ways and ways.isdisjoint(come):
                return False
        return True

    @cached_property
    def _ways_in(self) -> dict[str, frozenset[Any]]:
        """For each element, by name, the incoming flows (by their sources) that a token there can come by."""
        found: dict[str, set[Any]] = {spec.name: set() for spec in self._wf_spec.task_specs.values()}
        for source in self.inputs:
            seen, left = set(), [source]
            while left:
                spec = left.pop()
                if spec not in seen:
                    seen.add(spec)
                    found[spec.name].add(source)
                    left.extend(one for one in spec.inputs if one is not self)
            if any(one is self for spec in seen for one in spec.inputs):
                found[self.name].add(source)
        return {name: frozenset(sources) for name, sources in found.items()}

    def _run_hook(self, my_task: Task) -> bool:
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches and not defaults:
            raise EngineFault(f"“{self.bpmn_name or self.bpmn_id}”没有一条出口的条件成立。")
        my_task._sync_children(matches or defaults, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


class EndJoin(_EndJoin):  # type: ignore[misc]
    """The end of a process: waits until nothing else in it can go on."""

    def _check_threshold_unstructured(self, my_task: Task) -> bool:
        beyond = {self, *self.outputs}
        return not any(
            task.has_state(TaskState.NOT_FINISHED_MASK) and task.task_spec not in beyond
            for task in my_task.workflow.tasks.values()
        )

    def _run_hook(self, my_task: Task) -> bool:
        return True


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]
    """A process whose end is ours."""

    end: Any

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for spec in (self.end, *self.end.outputs):
            del self.task_specs[spec.name]
        self.end = EndJoin(self, f"{self.name}.EndJoin")
        self.end.connect(SimpleBpmnTask(self, "End"))
