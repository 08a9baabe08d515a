"""Where an instance stands: questions about its tokens and their places that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EndEvent
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.flow.machine import codec
from engine.flow.machine.repetition import around
from engine.flow.machine.timers import FeelCycle, FeelTimer
from engine.flow.machine.tree import Tree, walk
from engine.flow.machine.waits import ended_unheard, messages_ahead, messages_of
from engine.flow.machine.workflow import CaseWorkflow

Spec: TypeAlias = BpmnProcessSpec
"""A process as the library has it: its elements, and what stands between them."""
Token: TypeAlias = Task
"""A token at one place; it stays there when it has gone on."""
Place = tuple[tuple[str, int], ...]
"""Where a token stands, as the diagram tells it: for each enclosing activity and the element itself its id
and which of its rounds or instances it is. Unlike a token, it stays the same when the diagram changes around
it.
"""

_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED
_AHEAD = TaskState.PREDICTED_MASK | TaskState.FUTURE

# -- of one token and its place --------------------------------------------------------------------


def is_live(token: Token) -> bool:
    """Whether it is here and has not gone on."""
    return bool(token.has_state(_LIVE))


def is_waiting(token: Token) -> bool:
    """Whether it waits: for somebody, for a time, for other tokens."""
    return bool(token.state == TaskState.WAITING)


def has_come(token: Token) -> bool:
    """Whether it has ever been here; beside a step, whether something was caught."""
    armed = is_beside(token.task_spec) and is_waiting(token)
    return bool(token.has_state(_LIVE | TaskState.COMPLETED)) and not armed


def is_beside(spec: Any) -> bool:
    """Whether the place is an event beside a step."""
    return isinstance(spec, BoundaryEvent)


def is_split(spec: Any) -> bool:
    """Whether the place is what the library puts before a step with events beside it."""
    return isinstance(spec, BoundaryEventSplit)


def ends_all(spec: Any) -> bool:
    """Whether the place is an end that takes away every other token."""
    return isinstance(spec, EndEvent) and isinstance(spec.event_definition, TerminateEventDefinition)


# -- of a whole instance ---------------------------------------------------------------------------


def _tasks(workflow: CaseWorkflow, inner: Iterator[Tree]) -> Iterator[Task]:
    """The tasks in the order of the trees: the same however the instance was come by."""
    for one in (workflow, *inner):
        yield from one.every_task()


def _under_way(workflow: CaseWorkflow) -> Iterator[Task]:
    """The tasks of the processes that are under way."""
    return _tasks(workflow, iter(workflow.get_active_subprocesses()))


def _all(workflow: CaseWorkflow) -> Iterator[Task]:
    return _tasks(workflow, iter(workflow.subprocesses.values()))


def place_of(task: Task) -> Place:
    """Where a task stands."""
    chain = []
    at: Task | None = task
    while at is not None:
        same = (one for one in at.workflow.every_task() if one.task_spec is at.task_spec)
        twins = [one for one in same if not one.has_state(_AHEAD)]
        chain.append((str(at.task_spec.bpmn_id), twins.index(at)))
        at = at.workflow.owner
    return tuple(reversed(chain))


def passed_tasks(workflow: CaseWorkflow, is_limit: Callable[[str], bool]) -> list[Task]:
    """The limits that have passed while what they bound still goes on."""
    return [
        task
        for task in _under_way(workflow)
        if isinstance(task.task_spec, BoundaryEvent)
        and task.state == TaskState.COMPLETED
        and is_limit(task.task_spec.bpmn_id)
        and task.parent is not None
        and any(
            not isinstance(twin.task_spec, BoundaryEvent) and not twin.has_state(TaskState.FINISHED_MASK)
            for twin in task.parent.children
        )
    ]


def timers_around(task: Task) -> Iterator[tuple[Task, FeelTimer]]:
    """The timers on the task and on what encloses it, the nearest first, passed ones included."""
    at: Task | None = task
    while at is not None:
        yield from _timers_on(at)
        at = at.parent if around(at) is not None else at.workflow.owner


def _timers_on(task: Task) -> Iterator[tuple[Task, FeelTimer]]:
    split = task.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return
    for twin in split.children:
        definition = getattr(twin.task_spec, "event_definition", None)
        if not isinstance(definition, FeelTimer) or isinstance(definition, FeelCycle):
            continue
        if twin.state != TaskState.CANCELLED:
            yield twin, definition


def opened_at(workflow: CaseWorkflow, element_id: str) -> datetime | None:
    """When the user task `element_id` was opened, the last of its rounds."""
    found = [
        task.internal_data["began"]
        for task in _all(workflow)
        if task.task_spec.bpmn_id == element_id and "began" in task.internal_data
    ]
    return max(map(datetime.fromisoformat, found), default=None)


def waiting_elements(workflow: CaseWorkflow) -> list[str]:
    """Ids of the elements where a token waits for time or a message (boundary events excluded)."""
    return [
        task.task_spec.bpmn_id
        for task in workflow.event_manager.in_order
        if not isinstance(task.task_spec, BoundaryEvent)
    ]


def active_calls(workflow: CaseWorkflow) -> list[str]:
    """Ids of the call activities whose process is under way."""
    started = (task for task in _under_way(workflow) if task.state == TaskState.STARTED)
    return [task.task_spec.bpmn_id for task in started if task.task_spec.bpmn_id]


def finished_elements(workflow: CaseWorkflow) -> list[str]:
    """Ids of the elements that a token has completed, each once, in the order of the tree: that of the
    processes within is another after a restore.
    """
    done = walk(workflow.task_tree, TaskState.COMPLETED, workflow.subprocesses)
    return list(dict.fromkeys(task.task_spec.bpmn_id for task in done if task.task_spec.bpmn_id))


def live_tokens(workflow: CaseWorkflow) -> list[tuple[str, Any, Any]]:
    """Every token with its task and state: equal for equal instances."""
    live = TaskState.NOT_FINISHED_MASK & ~TaskState.PREDICTED_MASK
    return sorted(
        (codec.token_of(task), task.task_spec.name, task.state)
        for task in _all(workflow)
        if task.has_state(live) and not task.has_state(TaskState.FUTURE)
    )


def comes_late(workflow: CaseWorkflow, inner: Mapping[str, BpmnProcessSpec], name: str) -> bool:
    """Whether a message comes after the last wait for it has ended unheard, and none lies ahead;
    `inner` are the specs of the called processes.
    """
    waits = (one for task in workflow.event_manager.tasks.values() for one in messages_of(task.task_spec))
    every = walk(workflow.task_tree, TaskState.ANY_MASK, workflow.subprocesses)
    if name in waits or not ended_unheard(every, name):
        return False
    live = [task for task in _under_way(workflow) if task.has_state(_LIVE)]
    ahead = {task.workflow.spec.name: messages_ahead(task.workflow.spec, inner) for task in live}
    return not any(name in ahead[task.workflow.spec.name].get(task.task_spec.name, ()) for task in live)
