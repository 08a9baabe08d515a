"""Inputs: what set a case going, and what it is rebuilt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.flow.history.lines.parts import Answer, Choice, Counted, Decision, Limit, Opened, Told
from engine.flow.history.lines.shape import (
    INSTANT,
    Json,
    Line,
    answers_field,
    file_written,
    files_field,
    flows_field,
    kept_field,
    limits_field,
    list_field,
    part_field,
    renamed,
)

_KEYS_OF_3 = {"flows": "via", "submission": "sent"}
KEYS = {
    "item": "i",
    "sent": "f",
    "outcome": "r",
    "sha": "h",
    "token": "t",
    "services": "s",
    "decisions": "d",
    "opened": "o",
    "via": "w",
    "ends": "e",
    "files": "a",
}
"""What version 4 called what every line has, and what it is called from version 5 on."""


@dataclass(frozen=True, kw_only=True)
class Input(Line):
    """Something that set the case going, and what came of it.

    From version 2 on it holds all that was decided on the way, so that nothing of the past is computed anew;
    versions 3 to 5 say the same with fewer bytes. Version 1 holds the decisions of tables alone.
    """

    VERSION = 5
    token: str = field(default="", metadata={"key": "t"})
    """Of what it acted on; from version 5 on its first `TOKEN_DIGITS`."""
    due: datetime | None = field(default=None, metadata=INSTANT)
    late: bool = False
    """A message whose wait is over: recorded, and that is all."""
    services: Sequence[Answer] = answers_field("s")
    decisions: Sequence[Decision] = part_field(Decision, "d")
    flows: Sequence[Sequence[str]] | None = flows_field("w")
    """The flows by which gateways with several went on, in order, each time those of one gateway; None:
    not known.
    """
    repeats: Sequence[tuple[str, Any]] = list_field(tuple, list)
    """For what, or whether, a step was to be done again: element and answer."""
    sets: Sequence[tuple[str, Mapping[str, Any]]] = list_field(tuple, list)
    """The variables that an element set by its own properties, but for those that these give a plain text,
    number or truth value: every reading of the same diagram gives them the same.
    """
    days: Sequence[Counted] = part_field(Counted)
    """What the calendar answered and the case had not asked before: it keeps to that (`kept_days`)."""
    ends: Sequence[str] = list_field(key="e")
    """End events reached."""
    caught: Sequence[str] = list_field()
    """Tokens that a message reached."""
    told: Sequence[Told] = part_field(Told)
    opened: Sequence[Opened] = part_field(Opened, "o")
    limits: Sequence[Limit] = limits_field()

    @classmethod
    def upcast(cls, data: Json, version: int) -> Json:
        """Version 1 did not say by which flows gateways went on; version 2 wrote hashes in hexadecimal;
        versions 3 and 4 had longer keys.
        """
        found = renamed(renamed(data, _KEYS_OF_3), KEYS)
        if version < 2:
            return {**found, "w": None}
        if version == 2 and "a" in found:
            found["a"] = [file_written(one) for one in found["a"]]
        return found

    @property
    def choices(self) -> list[Choice]:
        """All that the line knows to have been decided on the way."""
        return [
            *(Choice("decisions", one.element_id, one.result) for one in self.decisions),
            *(Choice("repeats", *one) for one in self.repeats),
            *(Choice("sets", *one) for one in self.sets),
        ]


Saying = Callable[..., Input]
"""What makes an input's line of all that is left to be said of it: what came of it."""


@dataclass(frozen=True, kw_only=True)
class Started(Input):
    """The case was opened, with its first variables."""

    KIND = "start"
    variables: Json
    version: int = kept_field(default=0)
    """Number of the version in force."""
    from_: int = 0
    """The case whose step opened this one."""


@dataclass(frozen=True, kw_only=True)
class Completed(Input):
    """A person finished a step."""

    KIND = "complete"
    item: int = field(default=0, metadata={"key": "i", "kept": True})
    submission: int = field(metadata={"key": "f"})
    name: str = ""
    """What the step was called, where its version's diagram does not say it: done for one of several; always
    in lines before version 5.
    """
    outcome: str = field(default="", metadata={"key": "r"})
    reason: str = ""
    sha: str = field(default="", metadata={"key": "h"})
    """Of what was sent (`engine.casework.audit.digest`); empty in lines of version 1."""
    files: Sequence[tuple[int, str]] = files_field("a")
    """The attachments that it names, each with the SHA-256 of its content (hexadecimal digits, read
    again its first `FINGERPRINT_BYTES` bytes).
    """


@dataclass(frozen=True, kw_only=True)
class Caught(Input):
    """A message came; whether anything caught it, `caught` says."""

    KIND = "message"
    payload: Json
    facts: Json = field(default_factory=dict)
    item: int = field(default=0, metadata={"key": "i"})
    """The step that it finished, if it was the step's own matter that came another way."""
    submission: int = field(default=0, metadata={"key": "f"})
    sha: str = field(default="", metadata={"key": "h"})
    """Of what was sent, if it came with a form."""
    files: Sequence[tuple[int, str]] = files_field("a")


@dataclass(frozen=True, kw_only=True)
class Fired(Input):
    """A timer fired, which was due at `due`."""

    KIND = "timer"
