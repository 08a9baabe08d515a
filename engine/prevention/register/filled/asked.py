"""A row of an office's form: whom it is about, and how much of them may be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.prevention.register.filled.records import Record

Words = Mapping[str, Mapping[str, str]]
"""The words of coded values by field key, as the forms in force have them."""
HOUSEHOLD, PERSON = "household", "person"


@dataclass(frozen=True)
class Asked:
    """A row of a form: whom it is about, and how much may be said."""

    record: Record
    member: Any
    """The person; of a row about a household its head, None where none is known."""
    number: int
    """Of the row, from 1."""
    words: Words
    full: bool
    """Whether ID numbers and phones may stand whole (domain §7.2)."""
    today: date


Source = Callable[[Asked], str]
