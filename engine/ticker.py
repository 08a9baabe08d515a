"""What happens by itself as time passes: timers fire, recurring procedures open, the figures take in what was done."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from engine import schedules, timers
from engine.clock import Clock
from engine.figures import tally


def tick(sessions: Callable[[], Session], clock: Clock) -> int:
    """Do what is due now; returns how many timers fired and cases opened."""
    moved = timers.fire_due(sessions, clock) + schedules.open_due(sessions, clock)
    tally.catch_up(sessions, clock)
    return moved
