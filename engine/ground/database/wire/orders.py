"""What goes over the wire to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

MOST_PREPARED = 1000
"""Statements that stay prepared on a connection; others are sent whole each time."""


@dataclass(frozen=True, slots=True)
class Order:
    """A statement to be sent."""

    sql: bytes
    """In the server's own words: $1, $2."""
    values: Sequence[Any]
    """As they go over the network."""
    formats: Sequence[Any] | None
    failed: Callable[[Exception], NoReturn]
    """Raises what is raised for an error of this statement."""
    heard: Callable[[Any], None] | None = None
    """Told of the driver's result, where somebody waits for it."""
    room: int = MOST_PREPARED
    """It stays prepared if fewer than these are."""
    spare: bool = False
    """Whether nobody needs it: if the server refuses it, all else is asked again without it."""


class Sent(NamedTuple):
    """A message that went to the server: for which statement (none: COMMIT), and what it does for it."""

    order: Order | None
    prepares: bytes | None = None
    answers: bool = False
