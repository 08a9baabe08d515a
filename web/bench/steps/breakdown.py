"""Where a step's processor time goes, by library."""

from __future__ import annotations

import cProfile
import pstats
from typing import Any

from engine.casework import acts
from engine.casework.models import WorkItem
from web.bench.measure import Figures
from web.bench.world import STEPS, Driver, Factory

PARTS = (
    ("sqlalchemy", ("/sqlalchemy/",)),
    ("spiffworkflow", ("/SpiffWorkflow/",)),
    ("codec", ("/engine/flow/machine/codec",)),
    ("feel", ("/engine/flow/feel/",)),
    ("forms", ("/engine/flow/forms/",)),
    ("flow", ("/engine/flow/",)),
    ("casework", ("/engine/casework/",)),
    ("services", ("/engine/prevention/",)),
    ("ground", ("/engine/ground/", "/engine/")),
    ("driver", ("/psycopg/", "/psycopg_pool/", "/sqlite3/")),
)
"""What a file belongs to, by a part of its path, the narrowest first; all else is Python's library."""
NATIVE = ("sqlite3.", "psycopg_binary")
"""Built-in functions of the databases' drivers: the database itself, where it is SQLite."""
Function = tuple[str, int, str]


def breakdown(sessions: Factory, cases: int) -> Figures:
    """Milliseconds of a step in each part under the profiler, and their shares.

    The profiler costs time itself, more for many small calls: shares count, not milliseconds.
    """
    driver = Driver(sessions, 6)
    profile = cProfile.Profile()
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            actor = driver.actor(item)
            profile.enable()
            acts.complete(session, actor, item.id, data, clock=driver.clock)
            profile.disable()

        for _ in range(cases):
            driver.through(session, complete)
    stats: Any = pstats.Stats(profile)
    seconds = _by_part(stats.stats)
    total, steps = sum(seconds.values()), cases * len(STEPS)
    ordered = sorted(seconds.items(), key=lambda part: -part[1])
    return {
        "calls_a_step": round(stats.total_calls / steps),
        "share": {name: round(spent / total, 3) for name, spent in ordered},
    }


def _by_part(stats: dict[Function, tuple[int, int, float, float, dict[Function, Any]]]) -> dict[str, float]:
    """Own seconds of all functions by part; a built-in function's count to who called it."""
    found: dict[str, float] = {}
    for function, (_, _, own, _, callers) in stats.items():
        name = part_of(function)
        if name is not None or not callers:
            found[name or "python"] = found.get(name or "python", 0.0) + own
            continue
        for caller, (_, _, theirs, _) in callers.items():
            name = part_of(caller) or "python"
            found[name] = found.get(name, 0.0) + theirs
    return found


def part_of(function: Function) -> str | None:
    """The part a function belongs to; None for a built-in one that belongs to no library."""
    path, _, name = function
    if path == "~":
        return "driver" if any(one in name for one in NATIVE) else None
    return next((part for part, marks in PARTS if any(mark in path for mark in marks)), "python")
