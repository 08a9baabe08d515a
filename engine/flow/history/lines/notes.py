"""What is told of a case, and moves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.flow.history.lines.parts import Counted
from engine.flow.history.lines.shape import INSTANT, Line, kept_field, part_field


@dataclass(frozen=True, kw_only=True)
class Warned(Line):
    """A limit is near (R15)."""

    KIND = "warning"
    token: str
    due: datetime = field(metadata=INSTANT)
    limit: datetime | None = field(default=None, metadata=INSTANT)
    """When the limit passes."""


@dataclass(frozen=True, kw_only=True)
class Repeated(Line):
    """A limit is still passed (R15, R19)."""

    KIND = "repeat"
    token: str
    days: int


@dataclass(frozen=True, kw_only=True)
class Measured(Line):
    """How a measure of assistance goes on."""

    KIND = "measure"
    measure: int
    name: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Recounted(Line):
    """The days off of a year were published, of which the calendar had answered by weekends alone."""

    KIND = "recount"
    year: int
    days: Sequence[Counted] = part_field(Counted)
    """What the calendar answers now: the case keeps to that from here on."""


@dataclass(frozen=True, kw_only=True)
class Reminded(Line):
    """A measure was to be done by now."""

    KIND = "reminder"
    name: str
    due: datetime | None = field(default=None, metadata=INSTANT)


@dataclass(frozen=True, kw_only=True)
class Held(Line):
    """Who has an open step in hand."""

    item: int
    name: str
    to: int | None = kept_field(default=None)


class Claimed(Held):
    """领办."""

    KIND = "claim"


class Released(Held):
    """放回."""

    KIND = "release"


class Reassigned(Held):
    """转办."""

    KIND = "reassign"


@dataclass(frozen=True, kw_only=True)
class Urged(Line):
    """催办, the n-th time."""

    KIND = "urge"
    item: int
    name: str
    reason: str
    times: int


@dataclass(frozen=True, kw_only=True)
class Ordered(Line):
    """下达督办单."""

    KIND = "order"
    order: int
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderAnswered(Line):
    """答复督办单, with the day by which the step is to be done."""

    KIND = "order_answered"
    order: int
    promised_on: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Judged(Line):
    """What the supervisor said of an answer."""

    order: int
    reason: str


class OrderReturned(Judged):
    """退回督办单答复."""

    KIND = "order_returned"


class OrderAccepted(Judged):
    """认可督办单答复."""

    KIND = "order_accepted"


@dataclass(frozen=True, kw_only=True)
class PromisePassed(Line):
    """The promised day is over, and the step is not done."""

    KIND = "promise"
    order: int
    name: str
    promised_on: str


@dataclass(frozen=True, kw_only=True)
class Cancelled(Line):
    """The case was ended before its diagram does: with the case that had opened it, or by a correction."""

    KIND = "cancel"
    by: int = 0
    correction: int = 0
    reason: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class HandedOver(Line):
    """The household moved to another division, its cases with it."""

    KIND = "hand_over"
    from_: str
    to: str
    reason: str
    name: str
