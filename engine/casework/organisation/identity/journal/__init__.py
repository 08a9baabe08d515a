"""The log as an audit administrator reads it: by days, kind, person, object and address; exported; verified.

The history of a case is read by its number. No household is named, numbers are masked; reading, exporting and
verifying are on the log themselves.
"""

from engine.casework.organisation.identity.journal.searching import (
    MOST_DAYS,
    PAGE,
    Found,
    Wanted,
    check,
    days_back,
    find,
    lines,
    read,
    read_object,
    said,
)
from engine.casework.organisation.identity.journal.telling import Told, told
from engine.casework.organisation.identity.journal.verifying import (
    begin_check,
    check_of,
    go_on,
    latest_check,
    under_way,
)
from engine.casework.organisation.identity.journal.words import groups, kinds, objects

__all__ = [
    "MOST_DAYS",
    "PAGE",
    "Found",
    "Told",
    "Wanted",
    "begin_check",
    "check",
    "check_of",
    "days_back",
    "find",
    "go_on",
    "groups",
    "kinds",
    "latest_check",
    "lines",
    "objects",
    "read",
    "read_object",
    "said",
    "told",
    "under_way",
]
