"""What casework itself brings, whatever the field: to open another case, to tell people, to answer orders."""

from engine.casework.acts import openings
from engine.casework.desk import timeline
from engine.casework.kit import Kit
from engine.casework.organisation import bodies
from engine.casework.portions import bulk, moving, recounting
from engine.casework.portions.imports import books
from engine.casework.portions.imports import working as imports
from engine.casework.portions.outgoing import files, limits, lists, log, roster
from engine.casework.supervision import letters, orders, reassigning, urging
from engine.casework.telling import notifications
from engine.casework.time import timers

PLACE = Kit(registered={"place": ("contact",)}, prefills={"place": bodies.facts})
KIT = (
    PLACE
    | openings.KIT
    | notifications.KIT
    | orders.KIT
    | letters.KIT
    | urging.KIT
    | reassigning.KIT
    | timeline.KIT
    | timers.KIT
    | recounting.KIT
    | lists.KIT
    | files.KIT
    | limits.KIT
    | log.KIT
    | bulk.KIT
    | moving.KIT
    | imports.KIT
    | books.KIT
    | roster.KIT
)
