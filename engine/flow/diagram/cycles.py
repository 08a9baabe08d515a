"""Repeating intervals: what a ``timeCycle`` means, and when each of its rounds is due."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.flow.diagram.texts import span_feel
from engine.flow.feel.temporal import YearsMonths
from engine.ground.clock import CHINA

MAX_ROUNDS = 100
"""A cycle that names no number of rounds, or a larger one, ends here: a case may stay open for years."""

_TEXT = re.compile(r"R(?P<rounds>\d{0,9})/(?:(?P<start>\d{4}-[^/]+)/)?(?P<step>P[^/]+)")


@dataclass(frozen=True)
class Cycle:
    """An ISO 8601 repeating interval: an instant and every `step` after it, `rounds` times in all."""

    rounds: int
    start: datetime | None
    """The first instant; None: one step after the wait began."""
    step: timedelta | YearsMonths

    def due(self, number: int, began: datetime) -> datetime:
        """When round `number` (from 1) of a wait that began at `began` is due.

        Raises OverflowError past year 9999.
        """
        first, steps = (began, number) if self.start is None else (self.start, number - 1)
        if isinstance(self.step, timedelta):
            return later(first, self.step * steps)
        return later(first, YearsMonths(self.step.months * steps))


def later(instant: datetime, step: timedelta | YearsMonths) -> datetime:
    """The aware `instant` moved by `step`; months are those of China's calendar,
    where a day begins at 16:00 UTC.

    A day of the month that the month arrived at does not have becomes its last day.
    """
    if isinstance(step, timedelta):
        return instant + step
    moved: datetime = step.add_to(instant.astimezone(CHINA))
    return moved


def parse_cycle(text: Any, value_of: Callable[[str], Any]) -> Cycle | None:
    """The cycle of ``R3/PT1H``, ``R/P1D`` or ``R5/2022-05-05T09:00:00+08:00/P7D``; None for anything else.

    `value_of` reads a FEEL literal. A step that does not lead forward is no cycle.
    """
    found = _TEXT.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    step = value_of(span_feel(found["step"]))
    start = value_of(f'date and time("{found["start"]}")') if found["start"] else None
    forward = (
        step > timedelta()
        if isinstance(step, timedelta)
        else isinstance(step, YearsMonths) and step.months > 0
    )
    if not forward or bool(found["start"]) != isinstance(start, datetime):
        return None
    if start is not None and start.tzinfo is None:
        start = start.replace(tzinfo=CHINA)
    return Cycle(min(int(found["rounds"] or MAX_ROUNDS), MAX_ROUNDS), start, step)
