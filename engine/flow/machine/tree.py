"""The task tree of a process, at any depth and at a small price.

What here is less plain than the library's own saves, of the 480 µs that a step's moves cost (identification
of 11 steps, measured): what each change of a state gathered for a log that nobody reads and its random ids
60, looking through the tree for what is ready and what waits 90. What is ready or waits to be joined is kept
at hand as it comes and goes; when it is several, what is ready is put in the order of the tree, and what
waits to be joined is looked up there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

if TYPE_CHECKING:
    from engine.flow.machine.workflow import CaseWorkflow

_IDS = count(1)  # ids live only in memory, and an int is cheaper than the library's random ones
_AT_HAND = TaskState.READY | TaskState.WAITING
_AHEAD = TaskState.FUTURE | TaskState.PREDICTED_MASK
_GONE = TaskState.COMPLETED | TaskState.CANCELLED


class CaseTask(Task):  # type: ignore[misc]
    """A token's stay at an element, without the library's log of each change, its clock and random ids.

    Variables live with the case: its own data stays empty, and it has none to inherit.
    """

    token = ""
    """What names it outside its instance (`engine.flow.machine.codec`), once somebody has asked."""
    written: str | None = None
    """What the codec has written of it when it was finished."""
    due: tuple[Any, datetime | None] | None = None
    """When its timer was last found to be due, with what that was worked out from."""
    row = sys.maxsize
    """Its place among what the codec has written of its process."""
    last_state_change = 0.0  # asked by filters that nobody sets
    thread_id = 0

    def __init__(
        self,
        workflow: Any,
        task_spec: Any,
        parent: CaseTask | None = None,
        state: int = TaskState.MAYBE,
        id: int | None = None,
    ) -> None:
        self.id = next(_IDS) if id is None else id
        self.workflow, self.task_spec = workflow, task_spec
        self._above = parent
        self._parent = None if parent is None else parent.id
        self._children: list[int] = []
        self._state = state
        self.triggered = False
        self.data: dict[str, Any] = {}
        self.internal_data: dict[str, Any] = {}
        workflow.tasks[self.id] = self
        if parent is not None:
            parent._children.append(self.id)
            if parent._state >= TaskState.COMPLETED:
                workflow.changes(parent)
        if state & _AT_HAND:
            workflow.keep_at_hand(self)

    @property
    def parent(self) -> CaseTask | None:
        """What led here."""
        return self._above

    @property
    def children(self) -> list[CaseTask]:
        """What it leads to."""
        tasks = self.workflow.tasks
        return [tasks[child] for child in self._children]

    def __iter__(self) -> Iterator[Task]:
        return walk(self, TaskState.ANY_MASK, {})

    def _add_child(self, task_spec: Any, state: int = TaskState.MAYBE) -> CaseTask:
        task = CaseTask(self.workflow, task_spec, self, state)
        if state == TaskState.READY:
            task._ready()
        return task

    def _sync_children(self, task_specs: list[Any], state: int = TaskState.MAYBE) -> None:
        if self._children or state == TaskState.READY:
            super()._sync_children(task_specs, state)
            return
        for spec in task_specs:
            CaseTask(self.workflow, spec, self, state)

    def _set_state(self, value: int) -> None:
        before, self._state = self._state, value
        if before >= TaskState.COMPLETED:
            self.written = None
            self.workflow.changes(self)
        if (before | value) & _AT_HAND and before != value:
            self.workflow.keep_at_hand(self)

    def _ready(self) -> None:
        if not self._state & _GONE:
            self._set_state(TaskState.READY)
            self.task_spec._on_ready(self)

    def complete(self) -> None:
        """It is done: what follows comes."""
        self._set_state(TaskState.COMPLETED)
        self.task_spec._on_complete_hook(self)
        for child in self.children:
            if child._state < TaskState.COMPLETED:
                child.task_spec._update(child)
        self.workflow._task_completed_notify(self)

    def _inherit_data(self) -> None:
        pass


def lay_out(task: CaseTask, steps: int = 1) -> None:
    """What lies ahead of a task that will come, as the library's `_predict` lays it out: all that will come,
    and of what may come as many `steps` as it looks ahead.
    """
    spec = task.task_spec
    if task._state & _AHEAD:
        spec._predict_hook(task)
    if task._state & TaskState.DEFINITE_MASK or steps < spec.lookahead:
        for child in task.children:
            if child._state & _AHEAD:
                lay_out(child, steps + 1)


def walk(first: Task, wanted: int, subprocesses: Mapping[Any, Tree]) -> Iterator[Task]:
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


def _lineage(task: CaseTask) -> list[int]:
    """By what tasks of a case stand in the order of its trees: the numbers of all that a task comes of, the
    first one's first. Children stand in the order in which they were made, what a task runs before them.
    """
    numbers: list[int] = []
    at: CaseTask | None = task
    while at is not None:
        numbers.append(at.id)
        if at._above is None:
            numbers.append(0)  # less than any task's
            at = at.workflow.owner
        else:
            at = at._above
    return numbers[::-1]


class Settled(NamedTuple):
    """The beginning of a process's tree, up to the first task that is not finished, as it was written."""

    number: int
    """Of tasks."""
    rows: str
    left: Sequence[CaseTask]
    """Where the tree goes on, the next one last."""


class Tree:
    """A process's tasks. Trap 10: the library stops walking a task tree at depth 1000,
    which kills a case after some 500 rounds of a loop.
    """

    spec: Any
    task_tree: CaseTask
    tasks: dict[Any, CaseTask]
    top_workflow: CaseWorkflow
    owner: CaseTask | None = None
    """The task that runs this process; None of the case's own."""
    settled: Settled | None = None
    """What of it the codec need not write anew."""
    _trunk: CaseTask | None = None
    _trunk_is_old = False
    _order: tuple[tuple[int, ...], list[Task]] | None = None
    """The ready tasks that were looked up last, by their ids."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.joining: dict[int, CaseTask] = {}
        """The WAITING tasks that go on when others have come; an event's wait ends when it is delivered."""
        super().__init__(*given, **named)

    def begin(self) -> None:
        """Make the first tasks, as the library does with its own kind of them."""
        self.task_tree = CaseTask(self, self.spec.start, state=TaskState.FUTURE)
        lay_out(self.task_tree)
        self.task_tree._ready()

    def keep_at_hand(self, task: CaseTask) -> None:
        """Told of a task that is READY or WAITING, or was until now."""
        state, ready = task._state, self.top_workflow.ready[task.task_spec.manual]
        if state == TaskState.READY:
            ready[task.id] = task
        else:
            ready.pop(task.id, None)
        if state == TaskState.WAITING and not isinstance(task.task_spec, CatchingEvent):
            self.joining[task.id] = task
        elif self.joining:
            self.joining.pop(task.id, None)

    def _task_removed_notify(self, task: CaseTask) -> None:
        self.top_workflow.ready[task.task_spec.manual].pop(task.id, None)
        self.joining.pop(task.id, None)
        if task._above is not None:
            self.changes(task._above)

    def changes(self, task: CaseTask) -> None:
        """Told of a finished task whose state or children are others now."""
        if self.settled is not None and task.row < self.settled.number:
            self.settled = None

    def top_of(self, wanted: int) -> CaseTask:
        """Where a walk for tasks in one of the `wanted` states begins."""
        if wanted & TaskState.FINISHED_MASK:
            return self.task_tree
        if self._trunk_is_old:
            self._find_trunk()
        return self.task_tree if self._trunk is None else self._trunk

    def let_trunk_grow(self) -> None:
        """When it is asked for again, the trunk may have become longer."""
        self._trunk_is_old = True

    def _find_trunk(self) -> None:
        """Find the lowest task that all that can still go on lies below: what is finished stays finished.

        So the rounds that a case has behind it are not walked through at every step.
        """
        self._trunk_is_old = False
        going = [task for task in self.tasks.values() if task._state < TaskState.COMPLETED]
        if not going:
            return
        path = [going[0]]
        while path[-1] is not self._trunk and path[-1].parent is not None:
            path.append(path[-1].parent)
        place = {task.id: number for number, task in enumerate(path)}
        for task in going[1:]:
            climbed = []
            at: Any = task
            while at.id not in place:
                climbed.append(at.id)
                at = at.parent
            place.update(dict.fromkeys(climbed, place[at.id]))
        self._trunk = path[max(place[task.id] for task in going)]

    def every_task(self) -> Iterator[Task]:
        """The tasks of this process alone, in the order of the tree."""
        return walk(self.task_tree, TaskState.ANY_MASK, {})

    def ready_tasks(self, *, manual: bool) -> list[Task]:
        """What is READY in this process and those within it, in the order of the tree: what waits for a
        person (`manual`), or what goes on by itself.
        """
        ready = self.top_workflow.ready[manual]
        if not ready:
            return []
        found: list[Task] = list(ready.values())
        if self.owner is not None:
            found = [task for task in found if task.workflow.is_within(self)]
        return found if len(found) < 2 else self._in_order(found)

    def _in_order(self, found: list[Task]) -> list[Task]:
        """The ready tasks `found` as the tree has them: the places of the same ones stay what they are."""
        ids = tuple([task.id for task in found])
        if self._order is None or self._order[0] != ids:
            self._order = ids, sorted(found, key=_lineage)
        return self._order[1][:]

    def is_within(self, other: Tree) -> bool:
        """Whether it is the other process, or that runs it, directly or by way of others."""
        at: Tree = self
        while at is not other and at.owner is not None:
            at = at.owner.workflow
        return at is other

    def get_tasks_iterator(self, first_task: Task | None = None, **filters: Any) -> Iterator[Task]:
        """Every task that fits, at any depth."""
        if filters.keys() == {"state"}:
            first = first_task or self.top_of(filters["state"])
            return walk(first, filters["state"], self.top_workflow.subprocesses)
        if filters.keys() == {"spec_name"}:
            every = walk(first_task or self.task_tree, TaskState.ANY_MASK, self.top_workflow.subprocesses)
            return (task for task in every if task.task_spec.name == filters["spec_name"])
        found: Iterator[Task] = BpmnTaskIterator(
            first_task or self.task_tree, max_depth=sys.maxsize, **filters
        )
        return found

    def update_waiting_tasks(self) -> None:
        """Let each join of this process that waits look again whether it may go on."""
        if not self.joining:
            return
        if len(self.joining) == 1:
            for task in list(self.joining.values()):
                task.task_spec._update(task)
            return
        for task in walk(self.top_of(TaskState.WAITING), TaskState.WAITING, {}):
            if task.id in self.joining:
                task.task_spec._update(task)
