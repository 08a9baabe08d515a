"""What happens by itself as time passes: timers fire, recurring procedures open, rooms of the field have
their rounds, the figures take in what was done, the counters what is open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.organisation.identity import sign_in
from engine.casework.portions.imports import files as imports
from engine.casework.portions.outgoing import files as outgoing
from engine.casework.supervision.counts import adding
from engine.casework.supervision.figures import tally
from engine.casework.time import schedules, timers
from engine.ground.clock import Clock
from engine.ground.deadline import stopping
from engine.ground.surroundings import driver_said, trouble_of

_LOG = logging.getLogger("shouwang")
Sessions = Callable[[], Session]


def tick(sessions: Sessions, clock: Clock) -> int:
    """Do what is due now; returns how many timers fired and cases opened.

    What the surroundings stop is left to the next round: nothing is lost by it. Whatever stops one act, the
    others have their turn; the first fault of ours is raised when all have had it.
    """
    faults: list[Exception] = []
    moved = sum(_turn(act, sessions, clock, faults) for act in (timers.fire_due, schedules.open_due))
    sweeps = (tally.catch_up, adding.add_up, _forget_attempts, imports.sweep, outgoing.sweep)
    for look_after in (*kit.used().rounds, *sweeps):
        _turn(look_after, sessions, clock, faults)
    for further in faults[1:]:
        _LOG.error("another act of this round failed", exc_info=further)
    if faults:
        raise faults[0]
    return moved


def _forget_attempts(sessions: Sessions, clock: Clock) -> int:
    return sign_in.sweep(sessions)


def _turn(
    act: Callable[[Sessions, Clock], int], sessions: Sessions, clock: Clock, faults: list[Exception]
) -> int:
    if stopping():
        return 0
    try:
        return act(sessions, clock)
    except Exception as error:
        if trouble_of(error) is None:
            faults.append(error)
        else:
            _LOG.warning("%s waits for its next round on: %s", act.__module__, driver_said(error))
        return 0
