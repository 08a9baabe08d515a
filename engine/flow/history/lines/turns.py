"""What changes a case's past or its version: moves, returns, withdrawals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.flow.history.lines.parts import Anew, Counted, Limit, Opened
from engine.flow.history.lines.shape import (
    Json,
    Line,
    anew_field,
    kept_field,
    limits_field,
    list_field,
    part_field,
)


@dataclass(frozen=True, kw_only=True)
class Moved(Line):
    """The case goes on on another version: how what it had before is called there."""

    KIND = "move"
    elements: Mapping[str, str] = kept_field(default_factory=dict)
    """Steps by the name that the new version has for them."""
    passed: Sequence[str] = list_field(kept=True)
    """New steps, waits and services that the case need not make up for."""
    tokens: Mapping[str, str] = kept_field(default_factory=dict)
    passes: Sequence[tuple[int, str]] = list_field(tuple, list, kept=True)
    """Before which line the case was taken past which new element."""
    dropped: Mapping[str, str] = kept_field(default_factory=dict)
    """Finished steps that the new version does not have, with the variables that they set."""
    version: int = kept_field(default=0)
    from_: int = kept_field(default=0)
    act: int = kept_field(default=0)
    """The owner's act that moved it, among others."""
    corrections: Sequence[str] = list_field()
    """What people must correct on paper."""
    anew: Sequence[Anew] | None = anew_field()
    """What was decided on the new version when the case's history was fed to it; None: not known."""
    days: Sequence[Counted] = part_field(Counted)
    """What the calendar of the day of the move answered: the case keeps to that from here on."""
    VERSION = 3

    @classmethod
    def upcast(cls, data: Json, version: int) -> Json:
        """Version 1 left it to every later release to decide anew."""
        return {**data, "anew": None} if version < 2 else data


@dataclass(frozen=True, kw_only=True)
class Undoing(Line):
    """A step was taken back, with what came of it: `undone` are the lines that no longer count."""

    item: int
    name: str
    token: str
    to: str = ""
    """The step that the case goes back to."""
    reason: str = ""
    undone: Sequence[int] = list_field(kept=True)
    known: Sequence[int] = list_field()
    """Messages that stay known to the case, without what they had set going."""
    anew: Sequence[Anew] | None = anew_field()
    """What was decided without the step for the lines that still count; None: not known."""
    days: Sequence[Counted] = part_field(Counted)
    """What the calendar answered then, of what the case had not asked before."""
    VERSION = 3

    @classmethod
    def upcast(cls, data: Json, version: int) -> Json:
        """Version 1 also let timers fire without a line, when a history was fed again without a step."""
        return {**data, "anew": None} if version < 2 else data


@dataclass(frozen=True, kw_only=True)
class Returned(Undoing):
    """Somebody later sent the case back."""

    KIND = "return"


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Undoing):
    """Whoever had finished the step took it back."""

    KIND = "withdraw"


@dataclass(frozen=True, kw_only=True)
class Begun(Line):
    """What began to wait when a step was taken back or the case moved, without an input of its own."""

    KIND = "begun"
    opened: Sequence[Opened] = part_field(Opened)
    limits: Sequence[Limit] = limits_field()


@dataclass(frozen=True, kw_only=True)
class Unpassed(Undoing):
    """A limit had passed by a clue that turned out wrong (R06): `token` and `name` are the limit's."""

    KIND = "unpassed"
