"""Where tokens meet: parallel and inclusive joins and the end of a process,
by the standard's own rules (BPMN 2.0, 13.4).

The library looks for completed ancestors in its task tree, which remembers every earlier round of a loop:
there a join may fire before all have come, or fire twice, and the search itself fails below a depth. Here a
token that has come and not yet gone on is a WAITING task of the join, whichever round it is of; a join that
fires takes one of every incoming flow, also where several flows come straight from one gateway. Variables
live with the case, so there is nothing to merge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import SimpleBpmnTask, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway as LibraryExclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import InclusiveGateway as LibraryInclusiveGateway
from SpiffWorkflow.bpmn.specs.defaults import ParallelGateway as LibraryParallelGateway
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow.machine.tree import lay_out
from engine.ground.errors import EngineFault

_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


Flow = tuple[Any, int]
"""A flow into a join: the element that it comes from,
and which of that element's flows to the join it is (from 0).
"""


def flow_of(token: Task) -> Flow:
    """The flow by which the token `token` has come to its join."""
    source, spec = token.parent, token.task_spec
    if source.task_spec._outputs.count(spec.name) == 1:
        return source.task_spec, 0
    taken = token.internal_data.get("flow")
    if taken is None:
        taken = [twin for twin in source.children if twin.task_spec is spec].index(token)
    return source.task_spec, taken


class _Join:
    """Waits for the tokens of its incoming flows, and takes one of each when it fires."""

    inputs: list[Any]

    @cached_property
    def flows(self) -> frozenset[Flow]:
        """All flows that lead here."""
        sources = Counter(self.inputs).items()
        return frozenset((source, number) for source, count in sources for number in range(count))

    def _update_hook(self, my_task: Task) -> bool:
        come = self._come(my_task) if len(self.flows) > 1 else {}
        if len(self.flows) > 1 and not self._enough(my_task, come):
            my_task._set_state(TaskState.WAITING)
            return False
        for token in come.values():
            if token is not my_task:
                token.cancel()
        return True

    def _come(self, my_task: Task) -> dict[Flow, Task]:
        """One token of each incoming flow that has any; `my_task` stands for its own."""
        waiting = [t for t in _others(self, my_task) if t.state == TaskState.WAITING]
        if len(waiting) > 1:  # of several on one flow always the same, however the tree was built
            waiting.sort(key=my_task.workflow.top_workflow.token_of, reverse=True)
        return {**{flow_of(t): t for t in waiting}, flow_of(my_task): my_task}

    def _enough(self, my_task: Task, come: dict[Flow, Task]) -> bool:
        """Whether `come`, the tokens that are here, are all that it waits for."""
        raise AssertionError("each kind of join says so")


def _others(spec: Any, my_task: Task) -> Iterator[Task]:
    return (t for t in my_task.workflow.tasks.values() if t.task_spec is spec and t is not my_task)


class ParallelGateway(_Join, LibraryParallelGateway):  # type: ignore[misc]
    """Fires when every incoming flow has a token."""

    def _enough(self, my_task: Task, come: dict[Flow, Task]) -> bool:
        return come.keys() == self.flows

    def _run_hook(self, my_task: Task) -> bool:
        return True


class _Choice:
    """Goes on by some of its flows, and lets each token know by which, where several lead to one element."""

    cond_task_specs: list[tuple[Any, str]]
    flow_ids: list[str]
    """The ids of the flows out of it, at the places of `cond_task_specs`; the parser says them."""
    _wf_spec: Any

    def _predict_hook(self, my_task: Task) -> None:
        """Nothing is laid out behind a choice before it is made: the library lays out every way, and takes
        away those that were not chosen. Of the 190 µs that a step's moves cost that was 20.
        """

    def _holding(self, my_task: Task) -> Iterator[int]:
        """The flows whose condition holds, by their places, one after another."""
        for place, (condition, _) in enumerate(self.cond_task_specs):
            if condition is not None and condition._matches(my_task):
                yield place

    def _choose(self, my_task: Task, ask: Callable[[], Sequence[int]]) -> None:
        """Go on by the flows that the history says, else by those at the places that `ask` answers."""
        if len(self.cond_task_specs) == 1:
            return self._go(my_task, self._taken(my_task, ask()))
        answer = my_task.workflow.top_workflow.answer
        flows = answer(
            "flows", my_task, lambda: [self.flow_ids[place] for place in self._taken(my_task, ask())]
        )
        return self._go(my_task, [self.flow_ids.index(flow) for flow in flows])

    def _taken(self, my_task: Task, places: Sequence[int]) -> Sequence[int]:
        """The flows at `places`; the default one without any.

        Raises EngineFault when there is none either.
        """
        taken = places or [
            place for place, (condition, _) in enumerate(self.cond_task_specs) if condition is None
        ]
        if not taken:
            raise EngineFault(
                f"“{my_task.task_spec.bpmn_name or my_task.task_spec.bpmn_id}”没有一条出口的条件成立。"
            )
        return taken

    def _go(self, my_task: Task, taken: Sequence[int]) -> None:
        """Go on by the flows at the places `taken`."""
        names = [self.cond_task_specs[place][1] for place in taken]
        my_task._sync_children([self._wf_spec.task_specs[name] for name in names], TaskState.FUTURE)
        for name in {name for name in names if self._flows_to(name)[1:]}:
            twins = [child for child in my_task.children if child.task_spec.name == name]
            for child, place in zip(
                twins, (place for place in taken if place in self._flows_to(name)), strict=True
            ):
                child.internal_data["flow"] = self._flows_to(name).index(place)
        for child in my_task.children:
            lay_out(child)

    def _flows_to(self, name: str) -> list[int]:
        return [place for place, (_, target) in enumerate(self.cond_task_specs) if target == name]


class ExclusiveGateway(_Choice, LibraryExclusiveGateway):  # type: ignore[misc]
    """Goes on by the first flow whose condition holds."""

    def _run_hook(self, my_task: Task) -> bool:
        self._choose(my_task, lambda: list(islice(self._holding(my_task), 1)))
        return True


class InclusiveGateway(_Choice, _Join, LibraryInclusiveGateway):  # type: ignore[misc]
    """Fires when no token elsewhere can still come by a flow that has none;
    goes on by every flow whose condition holds.

    A token that can as well come by a flow that has one already is not waited for, as the standard says.
    """

    def _enough(self, my_task: Task, come: dict[Flow, Task]) -> bool:
        sources = {source for source, _ in come}
        for task in my_task.workflow.tasks.values():
            arriving = task.state == TaskState.FUTURE and task.parent.state == TaskState.COMPLETED
            if task is my_task or not (arriving or task.has_state(_LIVE)):
                continue
            if task.task_spec is self and arriving:
                return False  # it comes in this very step
            if task.task_spec is self and task.state == TaskState.WAITING:
                continue
            ways = self._ways_in[task.task_spec.name]
            if ways and ways.isdisjoint(sources):
                return False
        return True

    @cached_property
    def _ways_in(self) -> dict[str, frozenset[Any]]:
        """For each element, by name, the sources of the incoming flows that a token there can come by."""
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
        self._choose(my_task, lambda: list(self._holding(my_task)))
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
