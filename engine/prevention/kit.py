"""The field: the rooms that register services, receivers, prefills and what else diagrams name.

A registry never imports its members: whoever assembles a process (the server, a command, the tests) imports
this module.
"""

from types import ModuleType

from engine.casework.acts import openings
from engine.casework.supervision import orders
from engine.casework.telling import notifications
from engine.prevention import elimination
from engine.prevention.assistance import measures, officials, plans
from engine.prevention.identification import announcements, clues, matching, notices, registration
from engine.prevention.register import households, observations
from engine.prevention.rollback import batches, rollbacks

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
