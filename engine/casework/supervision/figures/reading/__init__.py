"""Answers from the roll-ups: what a page of the statistics shows.

Each question is one statement on few rows.
"""

from engine.casework.supervision.figures.reading.counts import (
    Spread,
    Totals,
    by_child,
    headlines,
    spreads,
    total_of,
)
from engine.casework.supervision.figures.reading.desks import HOLDERS, Desk, InHand, people, staff, units
from engine.casework.supervision.figures.reading.legal_limits import Limit, limits, procedures, version_of
from engine.casework.supervision.figures.reading.places import ROLES, above, place, within
from engine.casework.supervision.figures.reading.step_figures import (
    StepFigures,
    Waiting,
    by_level,
    hours_words,
    steps,
    together,
    waiting,
)

__all__ = [
    "HOLDERS",
    "ROLES",
    "Desk",
    "InHand",
    "Limit",
    "Spread",
    "StepFigures",
    "Totals",
    "Waiting",
    "above",
    "by_child",
    "by_level",
    "headlines",
    "hours_words",
    "limits",
    "people",
    "place",
    "procedures",
    "spreads",
    "staff",
    "steps",
    "together",
    "total_of",
    "units",
    "version_of",
    "waiting",
    "within",
]
