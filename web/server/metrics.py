"""The figures of all processes and of the database, as Prometheus reads them: numbers and names of the
program, nothing of people.

https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from engine.backups import noted
from engine.casework.step.meter import LIMITS
from engine.casework.time import condition, processes
from engine.casework.time.condition import Condition
from engine.ground.clock import SYSTEM
from engine.ground.surroundings import trouble_of
from engine.migrations import schema
from web.server import VERSION, heartbeat
from web.server.database import sessions

TYPE = "text/plain; version=0.0.4; charset=utf-8"
HELP = {
    "build_info": "Version of the program, of the schema and of Python.",
    "database_up": "1 when the database answered.",
    "step_seconds": "Steps of cases that were committed, by the kind of line they wrote; without the commit.",
    "request_seconds": "Requests answered, by kind.",
    "requests_total": "Requests answered, by the address's pattern, method and status.",
    "statements_total": "Statements asked of the database, by kind of request.",
    "round_seconds": "Rounds of the scheduler and jobs, by what they do.",
    "done_total": "What rounds and jobs have done: timers fired, messages handed over, rows.",
    "failed_total": "Rounds and jobs that ended with an error.",
    "heartbeat_seconds": "A small write transaction of each process: how long the database takes for one.",
    "pool_used": "Connections to the database in use.",
    "pool_size": "Connections to the database that the process may use.",
    "threads": "Requests that the process answers at once.",
    "requests_waiting": "Requests that wait for a thread of the process.",
    "process_seen_seconds": "Since when nothing was heard of a process.",
    "process_began_seconds": "When the process began, in Unix time.",
    "timers_due": "Timers that are due and have not fired (at most 10 000 are counted).",
    "timers_overdue": "Timers that have been due for two minutes and more (at most 10 000).",
    "timers_late_seconds": "For how long the first of them has been due.",
    "outbox_waiting": "Messages that wait to leave the system (at most 10 000).",
    "outbox_failed": "Messages given up (at most 10 000).",
    "outbox_late_seconds": "For how long the first message has been due that was not sent.",
    "incidents_open": "Steps that the system could not take (at most 10 000).",
    "jobs": "Jobs by status: waiting, running; failed among the last 1 000.",
    "work_items_open": "Open work items by queue (at most 100 000 each).",
    "backup_age_seconds": "Since when the last backup was taken; absent where none was.",
    "database_bytes": "Size of the database.",
}
Line = tuple[str, Mapping[str, str], float]


@dataclass
class Kept:
    """What the database told, not asked again before its time is over."""

    seconds: int
    until: float = 0.0
    lines: Sequence[Line] = ()
    lock: Lock = field(default_factory=Lock)


def text(app: Flask, now: datetime) -> str:
    """All figures. `now` is the application's time; machines are measured by their own."""
    kept: Kept = app.extensions.setdefault("shouwang.metrics", Kept(app.config["SHOUWANG"].metrics.seconds))
    with kept.lock:
        if monotonic() >= kept.until:
            kept.lines = _asked(app, now)
            kept.until = monotonic() + kept.seconds
    heart = heartbeat.of(app)
    own = _of_process(heart.process.name, heartbeat.figures(app)) if heart else ()
    return written([*kept.lines, *own])


def _asked(app: Flask, now: datetime) -> list[Line]:
    try:
        with sessions(app)() as session:
            return [("database_up", {}, 1), *_of_all(app, session, now)]
    except Exception as error:
        if trouble_of(error) is None:
            raise
        return [("database_up", {}, 0)]


def _of_all(app: Flask, session: Session, now: datetime) -> Iterator[Line]:
    connection = session.connection()
    versions = {
        "version": VERSION,
        "schema": schema.revision(connection) or "",
        "python": platform.python_version(),
    }
    yield "build_info", versions, 1
    yield from _of_condition(condition.of(session, now), now)
    heart, seen = heartbeat.of(app), SYSTEM.now()
    if (last := noted.last(session)) is not None:
        yield "backup_age_seconds", {}, (seen - last.at).total_seconds()
    for row in processes.running(session):
        name = f"{row.host}/{row.pid}"
        labels = {"process": name, "version": row.version, "does": row.does}
        yield "process_seen_seconds", labels, (seen - row.seen_at).total_seconds()
        yield "process_began_seconds", labels, row.began_at.timestamp()
        if not processes.is_silent(row, seen) and (heart is None or heart.process.key != row.key):
            yield from _of_process(name, row.figures)


def _of_condition(found: Condition, now: datetime) -> Iterator[Line]:
    yield "timers_due", {}, found.timers_due
    yield "timers_overdue", {}, found.timers_overdue
    yield "timers_late_seconds", {}, _since(found.oldest_due, now)
    yield "outbox_waiting", {}, found.outbox_waiting
    yield "outbox_failed", {}, found.outbox_failed
    yield "outbox_late_seconds", {}, _since(found.oldest_message, now)
    yield "incidents_open", {}, found.incidents
    yield "database_bytes", {}, found.database_bytes
    for status, many in found.jobs.items():
        yield "jobs", {"status": status}, many
    for queue, many in found.items.items():
        yield "work_items_open", {"queue": queue}, many


def _since(then: datetime | None, now: datetime) -> float:
    return max(0.0, (now - then).total_seconds()) if then else 0.0


def _of_process(name: str, figures: Iterable[Any]) -> Iterator[Line]:
    """What a process counted, each line with its name."""
    for what, labels, value in figures:
        mine = {"process": name, **labels}
        if not isinstance(value, list):
            yield (what if what in HELP else f"{what}_total"), mine, value
            continue
        seconds, counts = value
        reached = 0
        for limit, many in zip((*map(str, LIMITS), "+Inf"), counts, strict=True):
            reached += many
            yield f"{what}_seconds_bucket", {**mine, "le": limit}, reached
        yield f"{what}_seconds_sum", mine, seconds
        yield f"{what}_seconds_count", mine, reached


def written(lines: Iterable[Line]) -> str:
    """The text, each family together under its help and type."""
    families: dict[str, list[str]] = {}
    for name, labels, value in lines:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        line = f"shouwang_{name}{{{shown}}} {value!r}" if shown else f"shouwang_{name} {value!r}"
        families.setdefault(_family(name), []).append(line)
    return "".join(_headed(name, rows) for name, rows in families.items())


def _family(name: str) -> str:
    return name if name in HELP else name.rpartition("_")[0]


def _headed(family: str, rows: Sequence[str]) -> str:
    kind = "counter" if family.endswith("_total") else "gauge"
    if rows[0].startswith(f"shouwang_{family}_bucket"):
        kind = "histogram"
    head = f"# HELP shouwang_{family} {HELP[family]}\n# TYPE shouwang_{family} {kind}\n"
    return head + "\n".join(rows) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
