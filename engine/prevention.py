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
    notifications,
    observations,
    officials,
    openings,
    plans,
    registration,
    rollbacks,
)
from engine.supervision import orders

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
