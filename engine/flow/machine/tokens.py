"""What may be asked of a token and of the place where it is, by who looks at a whole process from outside."""

from __future__ import annotations

from typing import Any, TypeAlias

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EndEvent
from SpiffWorkflow.bpmn.specs.event_definitions.simple import TerminateEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

Spec: TypeAlias = BpmnProcessSpec
"""A process as the library has it: its elements, and what stands between them."""
Token: TypeAlias = Task
"""A token at one place; it stays there when it has gone on."""

_LIVE = TaskState.READY | TaskState.WAITING | TaskState.STARTED


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
