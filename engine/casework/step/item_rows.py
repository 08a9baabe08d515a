"""The work items of a case as its instance has them: closed, moved and opened by a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.casework.models import WorkItem
from engine.casework.organisation import access
from engine.casework.step.statements import CANCEL_ITEM, MOVE_ITEM
from engine.casework.step.waiting import item_words
from engine.flow.machine.record import OpenTask
from engine.ground.database.stored import add_each

if TYPE_CHECKING:
    from engine.casework.step.steps import Step


@dataclass(frozen=True)
class Opened:
    """A work item that the step opened."""

    name: str
    queue: str
    division_code: str


def project_items(step: Step, present: Mapping[str, Any], wanted: Mapping[str, OpenTask], note: str) -> None:
    """Let the open items be the tasks that the instance has open; `note` stands on those that are new."""
    for token, row in present.items():
        if token not in wanted:
            CANCEL_ITEM.run(step.connection, item_id=row.id, now=step.now)
            continue
        bounds = {"due_at": wanted[token].due_at, "limits": " ".join(wanted[token].limits)}
        if (row.due_at, row.limits) != (bounds["due_at"], bounds["limits"]):
            MOVE_ITEM.run(step.connection, item_id=row.id, **bounds)
    new = [_new_item(step, task, note) for token, task in wanted.items() if token not in present]
    add_each(step.connection, WorkItem, new)


def _new_item(step: Step, task: OpenTask, note: str) -> dict[str, Any]:
    facts = facts_of(step, task)
    step.opened.append(Opened(facts["name"], facts["queue"], facts["division_code"]))
    return {**facts, "opened_at": step.now, "note": note}


def facts_of(step: Step, task: OpenTask) -> dict[str, Any]:
    """What a work item says of its task."""
    element = step.definition.elements[task.element_id]
    queue = element.queue or "county"
    division = access.ancestor(step.case.village_code, queue)
    name = element.name if task.item is None else f"{element.name}（{item_words(task.item)}）"[:80]
    return {
        "case_id": step.case.id,
        "token": task.token,
        "procedure_key": step.case.procedure_key,
        "element_id": element.id,
        "name": name,
        "subject": step.case.subject,
        "village_code": step.case.village_code,
        "queue": queue,
        "division_code": division,
        "form_key": element.form_key or "",
        "due_at": task.due_at,
        "limits": " ".join(task.limits),
    }
