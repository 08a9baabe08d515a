"""What would become of a case that is moved: shown before anything is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.casework.models import MigrationEntry
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.flow.replay.relocation import Relocation, Standing


@dataclass(frozen=True)
class Change:
    """A step or time limit of a case, before and after; empty when it is not there."""

    name: str
    before: str
    after: str
    due_before: str
    due_after: str
    at_once: bool
    """Whether it is due the moment the case moves."""


def plan_of(here: Instance, found: Relocation, now: datetime) -> dict[str, Any]:
    old, new = here.definition, found.instance.definition
    timers = {timer.token for timer in found.instance.timers()}
    rows = [_change(old, new, before, after, timers, now) for before, after in found.pairs]
    rows += [_change(old, new, None, after, timers, now) for after in found.new]
    rows += [_change(old, new, before, None, timers, now) for before in found.gone]
    stands = [task.element_id for task in here.open_tasks()] + here.waiting_elements()
    return {
        "stands": [old.elements[name].name for name in stands],
        "rows": [row for row in rows if _differs(row)],
    }


def new_forms(old: Definition, found: Relocation) -> list[str]:
    """The steps at which the case stands whose form is another one on the new version."""
    new, notes = found.instance.definition, []
    for before, after in found.pairs:
        keys = old.elements[before.element_id].form_key, new.elements[after.element_id].form_key
        bodies = old.form_bodies.get(keys[0] or ""), new.form_bodies.get(keys[1] or "")
        if bodies[0] != bodies[1]:
            notes.append(f"“{new.elements[after.element_id].name}”要填的表单有变化")
    return notes


def _differs(row: Mapping[str, Any]) -> bool:
    return bool(row["before"] != row["after"] or row["due_before"] != row["due_after"] or row["at_once"])


def _change(
    old: Definition,
    new: Definition,
    before: Standing | None,
    after: Standing | None,
    timers: set[str],
    now: datetime,
) -> dict[str, Any]:
    def name(definition: Definition, one: Standing | None) -> str:
        return definition.elements[one.element_id].name if one is not None else ""

    def due(one: Standing | None) -> str:
        return one.due_at.isoformat() if one is not None and one.due_at is not None else ""

    at_once = after is not None and after.token in timers and after.due_at is not None and after.due_at <= now
    return {
        "name": name(new, after) or name(old, before),
        "before": name(old, before),
        "after": name(new, after),
        "due_before": due(before),
        "due_after": due(after),
        "at_once": at_once,
    }


def changes(entry: MigrationEntry) -> list[Change]:
    """What the move changes for the case: steps that are called otherwise, times that move, come or go."""
    rows: Any = entry.plan.get("rows", [])
    return [Change(**row) for row in rows]


def notes(entry: MigrationEntry) -> Sequence[str]:
    """What else comes of the move: papers that people must correct, another form."""
    found: Any = entry.plan.get("notes", [])
    return list(found)


def stands(entry: MigrationEntry) -> Sequence[str]:
    """Where the case stands, in words."""
    found: Any = entry.plan.get("stands", [])
    return list(found)
