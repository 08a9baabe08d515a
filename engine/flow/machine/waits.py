"""Where a case waits: in one order whatever the tree, again and again beside a step,
and what a message comes too late for.

The library keeps its waits in the order in which they began, and after a restore in that of the tree; it lets
a boundary event happen once, and it looks for the ends of a step's boundary events by climbing through every
earlier round. Here waits that tie are told apart by their tokens, which are the same however an instance was
come by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin as LibraryBoundaryEventJoin
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.multiple import MultipleEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent, EventManager
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

Facts = Mapping[str, Any]


def event_definitions(spec: Any) -> list[Any]:
    """What an event may catch: one thing, or those behind an event-based gateway."""
    definition = getattr(spec, "event_definition", None)
    if isinstance(definition, MultipleEventDefinition):
        return list(definition.event_definitions)
    return [] if definition is None else [definition]


def messages_of(spec: Any) -> list[str]:
    """Names of the messages that the element catches."""
    return [one.name for one in event_definitions(spec) if isinstance(one, MessageEventDefinition)]


def deliver(task: Task, name: str | None) -> None:
    """Hand a message to exactly this waiting task (the library would hand it to every one of that name);
    None: whichever it waits for.
    """
    definition = next(
        one
        for one in event_definitions(task.task_spec)
        if isinstance(one, MessageEventDefinition) and name in (None, one.name)
    )
    task.task_spec.catch(task, BpmnEvent(definition, payload={}))
    task.task_spec._update(task)


class Waits(EventManager):  # type: ignore[misc]
    """All that a case waits for."""

    @property
    def in_order(self) -> list[Task]:
        """The waiting tasks by token: the same after a restore and in a replay,
        whoever began to wait first.
        """
        found = list(self.tasks.values())
        return sorted(found, key=self.workflow.token_of) if len(found) > 1 else found


def ended_unheard(tasks: Iterable[Task], name: str) -> bool:
    """Whether, of the waits for message `name` among a case's `tasks` in their order,
    the last to end ended without it.

    A wait in the flow hears one thing and ends with it. A boundary event listens while its step goes on; then
    its time is over, whatever it has heard.
    """
    unheard = False
    for task in tasks:
        spec = task.task_spec
        if name not in messages_of(spec) or not (_has_been(task) and task.has_state(TaskState.FINISHED_MASK)):
            continue
        if not isinstance(spec, BoundaryEvent):
            unheard = task.state == TaskState.CANCELLED or name not in _heard(task)
        elif spec.cancel_activity or task.state == TaskState.CANCELLED:
            unheard = True
    return unheard


def _has_been(task: Task) -> bool:
    """Whether a token has come to it: what was only predicted may be cancelled too."""
    return task.parent is not None and bool(task.parent.state == TaskState.COMPLETED)


def _heard(task: Task) -> list[str]:
    """The message that let a wait in the flow end; none when it was time, or another event."""
    definitions, names = event_definitions(task.task_spec), task.task_spec._outputs
    if not isinstance(task.task_spec.event_definition, MultipleEventDefinition):
        return messages_of(task.task_spec)
    taken = [definitions[names.index(child.task_spec.name)] for child in task.children]
    return [one.name for one in taken if isinstance(one, MessageEventDefinition)]


class RecurringEvent(BoundaryEvent):  # type: ignore[misc]
    """A boundary event beside a step that goes on: whenever it has happened, the next time waits beside it.

    A message may come any number of times while the step is open (BPMN 2.0, 13.5.3); a cycle has its rounds.
    """

    def _run_hook(self, my_task: Task) -> bool:
        done: bool = super()._run_hook(my_task)
        facts = self._next(my_task)
        if facts is not None and step_goes_on(my_task):
            self.wait_again(my_task, facts)
        return done

    def _next(self, my_task: Task) -> Facts | None:
        """What the next wait knows of itself; None when this was the last."""
        rounds = getattr(self.event_definition, "next_round", None)
        return {} if rounds is None else rounds(my_task)

    def wait_again(self, my_task: Task, facts: Facts) -> None:
        """Let the event wait once more beside the one that has happened as `my_task`."""
        following = my_task.parent._add_child(self, TaskState.FUTURE)
        self._predict(following, mask=TaskState.NOT_FINISHED_MASK)
        following.internal_data.update(facts)
        self._update(following)


def step_goes_on(event: Task) -> bool:
    """Whether the step that the boundary event `event` is attached to is still open."""
    return any(
        not isinstance(twin.task_spec, BoundaryEvent) and not twin.has_state(TaskState.FINISHED_MASK)
        for twin in event.parent.children
    )


def rearm(tasks: list[Task]) -> None:
    """Let events that happened once, by the rule of older releases,
    wait again beside steps that still go on.
    """
    for task in tasks:
        event = task.parent.task_spec if isinstance(task.task_spec, BoundaryEventJoin) else None
        if task.state == TaskState.WAITING and isinstance(event, BoundaryEvent) and not event.cancel_activity:
            task._set_state(TaskState.COMPLETED)
    for split in [task for task in tasks if isinstance(task.task_spec, BoundaryEventSplit)]:
        latest = {
            twin.task_spec: twin for twin in split.children if isinstance(twin.task_spec, RecurringEvent)
        }
        for spec, twin in latest.items():
            if messages_of(spec) and twin.state == TaskState.COMPLETED and step_goes_on(twin):
                spec.wait_again(twin, {})


class BoundaryEventJoin(LibraryBoundaryEventJoin):  # type: ignore[misc]
    """Ends the events beside a step with it: each of them, and the step, has one such task behind it.

    The library looks for them below the step, where another round of a loop has its own, and climbs from each
    to the beginning of the case, which fails some 250 rounds on. What an event beside a step that goes on
    ends is nothing.
    """

    def _update_hook(self, my_task: Task) -> bool:
        event = my_task.parent
        aside = isinstance(event.task_spec, BoundaryEvent) and not event.task_spec.cancel_activity
        return aside or bool(super()._update_hook(my_task))

    def _do_join(self, my_task: Task) -> None:
        split = my_task.parent.parent
        for other in (child for event in split.children for child in event.children):
            if other.task_spec is self and other is not my_task:
                other._set_state(TaskState.CANCELLED)
                other._drop_children()


def messages_ahead(spec: BpmnProcessSpec, inner: Mapping[str, BpmnProcessSpec]) -> dict[str, frozenset[str]]:
    """For each place of a process the messages that may be waited for further on,
    without going round a loop again.
    """
    caught = {name: _caught_in(one, inner) for name, one in spec.task_specs.items()}
    ahead: dict[str, frozenset[str]] = {}
    for name, following in _last_first(spec):
        ahead[name] = frozenset[str]().union(*(caught[one] | ahead[one] for one in following))
    return ahead


def _caught_in(one: Any, inner: Mapping[str, BpmnProcessSpec]) -> frozenset[str]:
    """The messages that an element waits for, or the process that it runs."""
    runs = getattr(one, "spec", None)
    within = inner[runs].task_specs.values() if isinstance(runs, str) and runs in inner else ()
    return frozenset(messages_of(one)).union(*(_caught_in(part, inner) for part in within))


def _last_first(spec: BpmnProcessSpec) -> Iterator[tuple[str, list[str]]]:
    """Each place with what it leads to, after all of that;
    a flow that leads back to where one comes from is left out.
    """
    on_the_way: dict[str, Iterator[str]] = {}
    finished: set[str] = set()
    path = [spec.start.name]
    while path:
        at = path[-1]
        outputs = spec.task_specs[at]._outputs
        left = on_the_way.setdefault(at, iter(outputs))
        following = next((one for one in left if one not in finished and one not in on_the_way), None)
        if following is not None:
            path.append(following)
            continue
        yield at, [one for one in dict.fromkeys(outputs) if one in finished]
        finished.add(path.pop())
