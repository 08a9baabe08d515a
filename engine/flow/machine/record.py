"""What an instance did, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from engine.flow.history import lines


@dataclass
class Record:
    """What one input, or one timer, did."""

    kind: str  # start, complete, message, timer
    at: datetime
    element_id: str = ""
    token: str = ""
    due_at: datetime | None = None
    services: list[tuple[str, str, str, Any]] = field(default_factory=list)  # element, token, name, result
    decisions: list[tuple[str, str, Any]] = field(default_factory=list)  # element, decision, result
    flows: list[Sequence[str]] = field(default_factory=list)  # by which a gateway went on, each time
    repeats: list[tuple[str, Any]] = field(
        default_factory=list
    )  # element, for what or whether it is done again
    sets: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)  # element, variables
    days: list[lines.Counted] = field(default_factory=list)  # what the calendar answered for the first time
    ends: list[str] = field(default_factory=list)
    caught: list[str] = field(default_factory=list)  # tokens that a message reached
    late: bool = False  # a message whose wait is over: recorded, and that is all
    told: list[tuple[str, str]] = field(
        default_factory=list
    )  # element, what people should know of how it went

    def noted(self, said: lines.Saying, **more: Any) -> lines.Input:
        """The line of the history, as it is `said`, with what came of the input, and what `more` its owner
        knows.
        """
        return said(
            **more,
            token=self.token[: lines.TOKEN_DIGITS],
            due=self.due_at,
            late=self.late,
            services=self._answers(),
            decisions=[lines.Decision(*one) for one in self.decisions],
            flows=self.flows,
            repeats=self.repeats,
            sets=self.sets,
            days=self.days,
            ends=self.ends,
            caught=self.caught,
            told=[lines.Told(*one) for one in self.told],
        )

    def _answers(self) -> list[lines.Answer]:
        """What services answered: calls of one element have tokens, so that they are told apart."""
        called = [element_id for element_id, *_ in self.services]
        return [
            lines.Answer(
                element_id, token[: lines.CALL_DIGITS] if called.count(element_id) > 1 else "", name, result
            )
            for element_id, token, name, result in self.services
        ]


class OpenTask(NamedTuple):
    """A user task that waits for a person."""

    token: str
    element_id: str
    due_at: datetime | None
    item: Any = None
    """What this instance of a repeated task is done for."""
    limits: tuple[str, ...] = ()
    """Tokens of all the limits that it is under (`Element.is_limit`), the passed ones too, the nearest first.
    """


class WaitingTimer(NamedTuple):
    """A timer event that waits; `limit` when it only marks that a
    time limit has passed (`Element.is_limit`).
    """

    token: str
    element_id: str
    due_at: datetime
    limit: bool
    warn_days: int | None
