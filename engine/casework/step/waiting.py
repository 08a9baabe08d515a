"""What of a case's waits is new, for its history and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.flow.history import lines
from engine.flow.machine.definition import Definition
from engine.flow.machine.record import OpenTask, WaitingTimer

LONGEST = 600
"""Characters that a limit keeps of the steps at work under it: some twenty steps side by side."""


def item_words(item: Any) -> str:
    """What tells one instance of a repeated step from the others: its item, or the name in it."""
    if isinstance(item, dict):
        item = next((item[key] for key in ("name", "label", "id") if item.get(key)), "")
    return str(item)


def begun(
    wanted: Mapping[str, OpenTask],
    items: Mapping[str, Any],
    timers: Sequence[WaitingTimer],
    rows: Sequence[Any],
) -> lines.Begun | None:
    """For the history: the tasks that now wait for a person and did not before,
    and the limits that now run or moved.
    """
    opened = [
        lines.Opened(task.element_id, token[: lines.TOKEN_DIGITS])
        for token, task in wanted.items()
        if token not in items
    ]
    known = {row.token: row.due_at for row in rows if row.kind == "limit"}
    limits = [
        lines.Limit(timer.element_id, timer.due_at)
        for timer in timers
        if timer.limit and known.get(timer.token) != timer.due_at
    ]
    return lines.Begun(opened=opened, limits=limits) if opened or limits else None


def wanted_timers(
    timers: Sequence[WaitingTimer], warned: Mapping[str, datetime]
) -> dict[tuple[str, str], tuple[WaitingTimer, datetime]]:
    """Due times by token and kind; a warning already given for the same limit is not given again."""
    wanted: dict[tuple[str, str], tuple[WaitingTimer, datetime]] = {}
    for timer in timers:
        wanted[timer.token, "limit" if timer.limit else "event"] = (timer, timer.due_at)
        if timer.warn_days is not None:
            due = timer.due_at - timedelta(days=timer.warn_days)
            if warned.get(timer.token) != due:
                wanted[timer.token, "warning"] = (timer, due)
    return wanted


def holders(tasks: Iterable[OpenTask], definition: Definition) -> dict[str, str]:
    """By the token of a limit: the steps at which tasks are open under it, as its row and the counters keep
    them. A step is there once, however many tasks it has.
    """
    found: dict[str, set[str]] = {}
    for task in tasks:
        if task.limits:
            at = f"{task.element_id}:{definition.elements[task.element_id].queue or 'county'} "
            for token in task.limits:
                found.setdefault(token, set()).add(at)
    return {token: " " + _few(sorted(steps)) for token, steps in found.items()}


def _few(steps: list[str]) -> str:
    while sum(map(len, steps)) >= LONGEST:
        steps.pop()
    return "".join(steps)
