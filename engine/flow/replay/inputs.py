"""The inputs of a case's history: what counts, and what later returns say of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from engine.flow.history import lines

FACT = "fact"


class Entry(Protocol):
    """A line of a case's history with its place in it, wherever it is stored."""

    @property
    def seq(self) -> int:
        """Its number in the history."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def element_id(self) -> str:
        """The element that it acted on, a message's name, or ''."""

    @property
    def line(self) -> lines.Line:
        """What happened."""


@dataclass(frozen=True)
class Input:
    """One input of a case's history, ready to be fed again.

    Of kind ``fact`` is a message that a return left known to the case, without what it had set going.
    """

    seq: int
    at: datetime
    element_id: str
    line: lines.Input | lines.Moved
    known: bool = False
    anew: Sequence[lines.Choice] = ()
    """What was decided for it without a step that was taken back later."""
    strict: bool = True
    """Whether all before it still counts, so that it must come to what it came to then."""
    unfrozen: bool = False
    """Whether a return of an earlier release let timers fire before it that no line tells of."""

    @property
    def kind(self) -> str:
        """The line's kind, or ``fact``."""
        return FACT if self.known else self.line.KIND

    @property
    def said(self) -> lines.Input:
        """The line of an input that is no move."""
        assert isinstance(self.line, lines.Input)
        return self.line


def undone(entries: Iterable[Entry]) -> frozenset[int]:
    """Sequence numbers of the inputs that returns and withdrawals took back."""
    return frozenset(seq for line in _undoing(entries) for seq in line.undone)


def _undoing(entries: Iterable[Entry]) -> list[lines.Undoing]:
    return [line for entry in entries if isinstance(line := entry.line, lines.Undoing)]


def services_of(line: lines.Line) -> Sequence[lines.Answer]:
    """What services answered to a line's input."""
    return line.services if isinstance(line, lines.Input) else ()


def inputs_of(entries: Sequence[Entry]) -> list[Input]:
    """The inputs that count, in order."""
    gone, known = undone(entries), _known(entries)
    return [
        _input(entry, line, entries, entry.seq in known)
        for entry in entries
        if entry.seq not in gone and isinstance(line := entry.line, lines.Input | lines.Moved)
    ]


def _input(entry: Entry, line: lines.Input | lines.Moved, entries: Sequence[Entry], known: bool) -> Input:
    """The input of a line, with what later returns, of steps before it, have to say of it."""
    later = [
        undoing
        for one in entries
        if one.seq > entry.seq
        and isinstance(undoing := one.line, lines.Undoing)
        and min(undoing.undone, default=0) < entry.seq
    ]
    anew = [choice for undoing in later for seq, choice in undoing.anew or () if seq == entry.seq]
    unfrozen = any(undoing.anew is None for undoing in later)
    return Input(entry.seq, entry.at, entry.element_id, line, known, anew, not later, unfrozen)


def _known(entries: Iterable[Entry]) -> frozenset[int]:
    """Sequence numbers of the messages that a return left known, without what they had set going."""
    return frozenset(seq for line in _undoing(entries) for seq in line.known)
