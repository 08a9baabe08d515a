"""The field: the rooms that register services, receivers, prefills and what else diagrams name.

A registry never imports its members: whoever assembles a process (the server, a command, the tests) imports
this module.
"""

from types import ModuleType

from engine import (
    announcements,
    batches,
    clues,
    elimination,
    households,
    matching,
    measures,
    notices,
    observations,
    officials,
    plans,
    registration,
    rollbacks,
)
from engine.casework.acts import openings
from engine.casework.supervision import orders
from engine.casework.telling import notifications

ROOMS: tuple[ModuleType, ...] = (
    announcements,
    batches,
    clues,
    elimination,
    households,
    matching,
    measures,
    notices,
    notifications,
    observations,
    officials,
    openings,
    orders,
    plans,
    registration,
    rollbacks,
)
