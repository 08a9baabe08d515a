"""What takes in a filled form: a message, a page beside the steps, a service;
each says which fields it needs. And who consults a decision table beside the steps, with what.

Whoever reads a field without asking whether it is there declares it in its kit, beside the reading; the check
of a diagram (engine/flow/check/receiving.py) then refuses a form that does not have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TEXT = frozenset({"textfield", "textarea"})
DAY = frozenset({"datetime"})
CHOICE = frozenset({"radio", "select"})
ROWS = frozenset({"dynamiclist"})


@dataclass(frozen=True)
class Need:
    """One field: the types of component it may be, whether it must be filled in,
    what a choice may offer at most.
    """

    types: frozenset[str]
    required: bool = True
    among: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    """Of a list of rows: the fields that each row must have filled in."""


@dataclass(frozen=True)
class Receiver:
    """Where a form comes in: a ``message`` by its name, a ``page`` by its property, a ``service`` by its own
    name, the ``start`` of a procedure by its key.

    A service's form is the one that its parameter ``form`` names, else `form`.
    """

    kind: str
    name: str
    fields: Mapping[str, Need]
    form: str = ""
    words: str = ""
    """What process owners call a page's form."""


@dataclass(frozen=True)
class Consulted:
    """A decision table that a page beside the steps consults, by the process's property that names it."""

    name: str
    words: str
    """What process owners call it."""
    given: Mapping[str, frozenset[str]]
    """What it may read: each name with its keys."""
    answers: frozenset[str]
    """The outputs that are read of it."""
