"""What of a SpiffWorkflow instance is stored, and how: bytes that hold no part of the specs.

A state is JSON, compressed by zlib where it is long: the case's variables, the held messages and, for each
(sub)workflow, its task tree as rows ``[parent row, spec number, state]`` in parent-first order, with the few
internal facts a waiting task needs. Spec numbers index the sorted names of the process, so a state is read
only with the definition version it was written for; another version is reached by replay. Task ids are not
stored: outside an instance a task is known by its token, a hash of its lineage, which is the same after a
restore, a replay or a move to another version.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.util.task import TaskState

from engine.flow.machine.tree import CaseTask, Settled, Tree
from engine.flow.machine.waits import rearm
from engine.flow.machine.workflow import CaseWorkflow, SubWorkflow
from engine.ground.errors import EngineFault
from engine.ground.tables import to_json

FORMAT = 3
"""Raised whenever the shape below changes.

What cannot be read as it is, is rebuilt from the case's history.
"""
_ONCE = 2
"""The format of the releases whose message events beside a step happened once:
read with those waiting again.
"""

PLAIN = 4096
"""Bytes that are not worth compressing: the row takes a page of SQLite either way, and PostgreSQL compresses
by itself. A step of the identification (2,400 bytes) takes 3 % less.
"""

_KEPT = ("began", "event_fired", "flow", "item", "remaining", "round")


class StateFormatError(EngineFault):
    """The stored bytes are of another format: rebuild the instance from its history."""


def token_of(task: CaseTask) -> str:
    """The task's name outside its instance: 16 hexadecimal digits from
    its lineage and its place among its equals.
    """
    chain = []
    at: CaseTask | None = task
    while at is not None and not at.token:  # a loop of many rounds is deeper than recursion may go
        chain.append(at)
        at = at._above
    for link in reversed(chain):
        link.token = _token(link)
    return task.token


def _token(task: CaseTask) -> str:
    workflow, parent, ordinal = task.workflow, task._above, 0
    if parent is not None:
        above = parent.token
        if len(parent._children) > 1:
            ordinal = _ordinal(task, parent)
    elif workflow.owner is not None:
        above = token_of(workflow.owner) + "/"
    else:
        above = workflow.spec.name
    return blake2b(f"{above}>{task.task_spec.name}#{ordinal}".encode(), digest_size=8).hexdigest()


def _ordinal(task: CaseTask, parent: CaseTask) -> int:
    twins = [child for child in parent.children if child.task_spec is task.task_spec]
    return twins.index(task)


def _dump_tree(workflow: Tree) -> str:
    """The rows of a process as JSON, in the order of the tree.

    What a finished task is, is written once: it does not change, and its instance may be kept for the next
    step; so is all that stands before the first task that is not finished. Of 95 µs a step (all rows as
    lists, then their JSON) that leaves 20.
    """
    tails, tasks, known = _tails(workflow.spec), workflow.tasks, workflow.settled or _at_first(workflow)
    rows, stack, number = [known.rows] if known.rows else [], [*known.left], known.number
    settled: Settled | None = None
    while stack:
        task = stack.pop()
        written = task.written
        if written is None:
            state = task._state
            written = tails[state][task.task_spec.name]
            if task.internal_data:
                written = written[:-1] + _facts(task.internal_data) + "]"
            if state >= TaskState.COMPLETED:
                task.written = written
            elif settled is None:
                settled = Settled(number, ",".join(rows), [*stack, task])
        rows.append(f"[{-1 if task._above is None else task._above.row},{written}")
        task.row = number
        children = task._children
        if len(children) == 1:
            stack.append(tasks[children[0]])
        elif children:
            stack.extend([tasks[child] for child in reversed(children)])
        number += 1
    found = ",".join(rows)
    workflow.settled = settled or Settled(number, found, ())
    return found


def _at_first(workflow: Tree) -> Settled:
    return Settled(0, "", [workflow.task_tree])


def _facts(given: Mapping[str, Any]) -> str:
    """What else of a task is kept, as one more item of its row."""
    facts = {key: given[key] for key in _KEPT if key in given and given[key] not in (None, [])}
    return f",{to_json(facts)}" if facts else ""


@lru_cache(maxsize=256)
def _spec_names(spec: Any) -> tuple[str, ...]:
    """The names of a process's specs in the order that states number them in; a spec never changes."""
    return tuple(sorted(spec.task_specs))


@lru_cache(maxsize=256)
def _tails(spec: Any) -> dict[int, dict[str, str]]:
    """What ends the row of a task of which nothing else is kept, by its state and element."""
    names = _spec_names(spec)
    return {
        state: {name: f"{place},{state}]" for place, name in enumerate(names)} for state in TaskState._values
    }


class Kept(NamedTuple):
    """What a case keeps beside its workflow."""

    held: Sequence[Any]
    """The messages that nothing has caught yet."""
    days: Sequence[Sequence[Any]] = ()
    """What the calendar has answered: day, count, answer."""


class Dumped(NamedTuple):
    """A case as it is stored."""

    state: bytes
    data: str
    """The JSON of its variables."""
    held: str
    """The JSON of the messages that it holds."""


def dump(workflow: CaseWorkflow, kept: Kept) -> Dumped:
    """What to store for `workflow` and what the case keeps beside it."""
    processes = [f"[null,0,{int(workflow.completed)},[{_dump_tree(workflow)}]]"]
    places: dict[Tree, int] = {workflow: 0}
    for sub in sorted(workflow.subprocesses.values(), key=lambda one: one.depth):
        above = places[sub.parent_workflow]
        places[sub] = len(processes)
        processes.append(f"[{above},{sub.owner.row},{int(sub.completed)},[{_dump_tree(sub)}]]")
    days = f',"w":{to_json(kept.days)}' if kept.days else ""
    held, data = to_json(kept.held), to_json(workflow.data)
    body = f'{{"v":{FORMAT},"d":{data},"h":{held},"p":[{",".join(processes)}]{days}}}'
    return Dumped(packed(body), data, held)


def packed(body: str) -> bytes:
    """A state's JSON as it is stored."""
    plain = body.encode()
    return plain if len(plain) <= PLAIN else zlib.compress(plain, 1)


def unpacked(state: bytes) -> str:
    """The JSON of a stored state. Raises zlib.error or UnicodeDecodeError if it is none."""
    return (state if state.startswith(b"{") else zlib.decompress(state)).decode()


def _load_tree(workflow: CaseWorkflow | SubWorkflow, rows: list[Any]) -> list[CaseTask]:
    specs = [workflow.spec.task_specs[name] for name in _spec_names(workflow.spec)]
    tasks: list[CaseTask] = []
    for parent, spec, state, *facts in rows:
        task = CaseTask(workflow, specs[spec], tasks[parent] if parent >= 0 else None, state)
        if facts:
            task.internal_data = facts[0]
            task.triggered = (
                "item" in facts[0]
            )  # an instance of a repeated task, which the library did not predict
        tasks.append(task)
    workflow.task_tree = tasks[0]
    return tasks


def _body(state: bytes) -> dict[str, Any]:
    if not state:
        raise StateFormatError("这件事项已经办结，按办理记录重建。")
    body: dict[str, Any] = json.loads(unpacked(state))
    if body["v"] not in (FORMAT, _ONCE):
        raise StateFormatError("这件事项的存档格式较旧，需要按办理记录重建。")
    return body


def variables(state: bytes) -> dict[str, Any]:
    """The case variables of stored bytes, without building the instance: lists read hundreds."""
    found: dict[str, Any] = _body(state)["d"]
    return found


def load(workflow: CaseWorkflow, state: bytes) -> Kept:
    """Fill the empty `workflow` (built with ``deserializing=True``) from stored bytes;
    returns what the case keeps beside it.
    """
    body = _body(state)
    workflow.data = body["d"]
    trees: list[list[CaseTask]] = []
    for above, number, completed, rows in body["p"]:
        if above is None:
            process: CaseWorkflow | SubWorkflow = workflow
        else:
            owner = trees[above][number]
            process = SubWorkflow(workflow.subprocess_specs[owner.task_spec.spec], owner, workflow)
            process.completed_event.connect(owner.task_spec._on_subworkflow_completed, owner)
            workflow.subprocesses[owner.id] = process
        process.completed = bool(completed)
        trees.append(_load_tree(process, rows))
    for tasks in trees:
        for task in tasks:
            if task._state == TaskState.WAITING and isinstance(task.task_spec, CatchingEvent):
                workflow.event_manager.add_task(task)
    if body["v"] == _ONCE:
        for tasks in trees:
            rearm(tasks)
    return Kept(body["h"], body.get("w", ()))
