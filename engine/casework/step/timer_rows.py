"""The timers of a case as its instance has them: ended, moved and begun by a step; the limits that stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TYPE_CHECKING, Any

from engine.casework.models import Timer
from engine.casework.step.statements import DROP_TIMER, NO_REPEAT
from engine.casework.step.waiting import wanted_timers
from engine.flow.machine.record import WaitingTimer
from engine.ground.database.prepared import change_each
from engine.ground.database.stored import add_each

if TYPE_CHECKING:
    from engine.casework.step.steps import Step

Changes = dict[int, dict[str, Any]]
"""What becomes of a row by its number."""


def project_timers(
    step: Step,
    rows: Sequence[Any],
    timers: Sequence[WaitingTimer],
    passed: Mapping[str, datetime],
    held: Mapping[str, str],
) -> None:
    """Let the rows of the case's timers be what its instance waits for; each is written once.

    `passed` are the limits that stand passed; `held` says of each limit at which steps its work is.
    """
    open_rows = {(row.token, row.kind): row for row in rows if row.status != "fired"}
    warned = {row.token: row.due_at for row in rows if row.kind == "warning" and row.status == "fired"}
    fired = {record.token for record in step.instance.records if record.kind == "timer"}
    wanted = wanted_timers(timers, warned)
    latest = _limits(rows)
    changes: Changes = defaultdict(dict)
    _settle_fired(step, rows, latest, passed, changes)
    for key, row in open_rows.items():
        if key not in wanted:
            end = "fired" if row.token in fired else "cancelled"
            _end_timer(step, row, end, passed, changes)
        elif row.due_at != wanted[key][1] or row.status == "failed":
            changes[row.id].update(status="waiting", due_at=wanted[key][1])
    standing = {token for token, kind in wanted if kind == "limit"} | passed.keys()
    _say_who_holds(latest.values(), standing, held, changes)
    change_each(step.connection, Timer, changes)
    new = [
        _new_timer(step, timer, kind, due, held.get(token, ""))
        for (token, kind), (timer, due) in wanted.items()
        if (token, kind) not in open_rows
    ]
    add_each(step.connection, Timer, new)


def _say_who_holds(
    limits: Iterable[Any], standing: AbstractSet[str], held: Mapping[str, str], changes: Changes
) -> None:
    """Each limit that counts says at which steps its work is, any other that nobody is at work under it;
    of several rows, the latest can count: `limits` are those.
    """
    for row in limits:
        by = held.get(row.token, "") if row.token in standing else ""
        if row.held != by:
            changes[row.id]["held"] = by


def _limits(rows: Sequence[Any]) -> dict[str, Any]:
    """The latest row of each limit by its token."""
    limits = sorted((row for row in rows if row.kind == "limit"), key=lambda row: row.id)
    return {row.token: row for row in limits}


def _settle_fired(
    step: Step,
    rows: Sequence[Any],
    latest: Mapping[str, Any],
    passed: Mapping[str, datetime],
    changes: Changes,
) -> None:
    """Of a limit that passed, was taken back and passed again, only the latest can stand (R06)."""
    for row in rows:
        if row.kind == "limit" and row.status == "fired":
            due = passed.get(row.token) if latest[row.token] is row else None
            _settle_passed(step, row, due, changes)


def _settle_passed(step: Step, row: Any, due: datetime | None, changes: Changes) -> None:
    """A passed limit is over once the work under it is; it stands again when that work is taken back.

    As long as it stands it says when it passed (`due`), as the clues now have it (R06).
    """
    standing = "over" if due is None else "open"
    if due is not None and due != row.due_at:
        changes[row.id]["due_at"] = due
    if row.standing == standing:
        return
    changes[row.id]["standing"] = standing
    if standing == "over":
        NO_REPEAT.run(step.connection, of_case=step.case.id, of_token=row.token)
    else:
        step.standing_again.append(row.token)


def _end_timer(step: Step, row: Any, end: str, passed: Mapping[str, datetime], changes: Changes) -> None:
    """A timer waits no more; a limit that has passed stands as long as the work under it goes on.

    Of a warning that was not given nothing is left: nobody has heard of it.
    """
    if row.kind == "warning":
        DROP_TIMER.run(step.connection, timer_id=row.id)
        return
    ended: dict[str, Any] = {"status": end}
    if row.kind == "limit":
        ended["standing"] = "open" if end == "fired" and row.token in passed else "over"
    if end == "fired":
        ended |= {"fired_at": step.now, "due_at": _fired_due(step, row)}
    changes[row.id].update(ended)


def _fired_due(step: Step, row: Any) -> datetime:
    """When the timer that has just fired was due: an earlier clue may have moved it in this very step."""
    fired = (
        r.due_at for r in step.instance.records if r.kind == "timer" and r.token == row.token and r.due_at
    )
    return next(fired, row.due_at)


def _new_timer(step: Step, timer: WaitingTimer, kind: str, due: datetime, held: str) -> dict[str, Any]:
    element = step.definition.elements[timer.element_id]
    return {
        "case_id": step.case.id,
        "token": timer.token,
        "element_id": element.id,
        "name": element.name,
        "kind": kind,
        "village_code": step.case.village_code,
        "due_at": due,
        "procedure_key": step.case.procedure_key,
        "standing": "open" if kind == "limit" else "",
        "held": held if kind == "limit" else "",
    }
