"""What happens by itself as time passes: timers fire, recurring procedures open."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from engine import schedules, timers
from engine.clock import Clock


def tick(sessions: Callable[[], Session], clock: Clock) -> int:
    """Do what is due now; returns how many timers fired and cases opened."""
    return timers.fire_due(sessions, clock) + schedules.open_due(sessions, clock)
