"""What lines are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

TOKEN_DIGITS = 8
"""Of a token's 16 hexadecimal digits that lines say from version 5 on: who of those that wait at one time."""
CALL_DIGITS = 8
"""Of a call's token of 16 hexadecimal digits: which of the element's calls in one line it is."""


class Answer(NamedTuple):
    """What a service answered to the call of an element."""

    element_id: str
    token: str
    """Of the call; from version 3 on its first `CALL_DIGITS` alone, to tell calls of one element apart,
    from version 5 on only where the line has several of them.
    """
    service: str
    result: Any

    @classmethod
    def of(cls, found: Sequence[Any]) -> Answer:
        """The answer as a line has it, with or without a token."""
        return cls(*found) if len(found) == len(cls._fields) else cls(found[0], "", *found[1:])

    def is_of(self, token: str) -> bool:
        """Whether the call of its element that has `token` was answered so."""
        return bool(self.token) and token.startswith(self.token)


class Decision(NamedTuple):
    """What a decision came to at an element."""

    element_id: str
    decision_id: str
    result: Any


class Opened(NamedTuple):
    """A step that now waits for a person and did not before."""

    element_id: str
    token: str


class Limit(NamedTuple):
    """A limit that now runs, or runs to another day."""

    element_id: str
    due: datetime


class Choice(NamedTuple):
    """What an element's question came to: a gateway's flows, a step's repeats,
    the variables that an element sets.
    """

    kind: str
    """``flows``, ``repeats``, ``sets`` or ``decisions``."""
    element_id: str
    answer: Any


class Anew(NamedTuple):
    """A choice that line `seq` did not make, and which was made when an earlier step was taken back,
    or the case moved.
    """

    seq: int
    choice: Choice


class Counted(NamedTuple):
    """What the calendar answered: the day (ISO 8601) that is `number` working days after `day`."""

    day: str
    number: int
    answer: str


class Told(NamedTuple):
    """What people should know of how it went at an element."""

    element_id: str
    sentence: str
