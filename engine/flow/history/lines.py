"""The lines of a case's history: one class for each kind, the only code that knows what a key is called.

A line is written once and never changed, so its shape has a version: `upcast` brings what an earlier release
wrote to the present one when it is read. What is stored, and what the chain hashes, stays as it was written.
"""

from __future__ import annotations

import inspect
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple, Self

from engine.ground.errors import EngineFault

Json = Mapping[str, Any]
_JOINING = re.compile(r"[\s+]")

CALL_DIGITS = 8
"""Of a call's token of 16 hexadecimal digits: whose of the element's calls in one case it is."""

# -- parts of lines --------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What a service answered to the call of an element."""

    element_id: str
    token: str
    """Of the call; from version 3 on its first `CALL_DIGITS` alone, to tell calls of one element apart."""
    service: str
    result: Any

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


def _plain(value: Any) -> Any:
    return value


def _parts(
    read: Callable[[Any], Any] = _plain, write: Callable[[Any], Any] = _plain, *, kept: bool = False
) -> Any:
    """A list of parts, left out when there is none, unless it is always `kept`."""

    def read_all(found: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(map(read, found))

    def write_all(parts: Iterable[Any]) -> list[Any]:
        return list(map(write, parts))

    return field(default=(), metadata={"read": read_all, "write": write_all, "kept": kept})


def _part(kind: type[Any]) -> Any:
    """A list of named parts, each written as a list."""
    return _parts(lambda found: kind(*found), list)


_INSTANT: Mapping[str, Any] = {"read": datetime.fromisoformat, "write": datetime.isoformat}
"""An instant is written as ISO 8601 with its offset."""


def _limits() -> Any:
    """Limits, each as its element and its day."""
    return _parts(
        lambda found: Limit(found[0], datetime.fromisoformat(found[1])),
        lambda one: [one.element_id, one.due.isoformat()],
    )


def _kept(**given: Any) -> Any:
    """What is written even when it is empty, and is empty in lines that do not have it."""
    return field(metadata={"kept": True}, **given)


def _flows() -> Any:
    """Flows by their ids, a blank between one gateway's and the next one's, ``+`` between those of one.

    Version 2 wrote lists, as is still done where an id has such a sign itself.
    """

    def read(found: Any) -> tuple[tuple[str, ...], ...]:
        if isinstance(found, str):
            return tuple(tuple(one.split("+")) for one in found.split(" "))
        return tuple((one,) if isinstance(one, str) else tuple(one) for one in found)

    def write(taken: Sequence[Sequence[str]]) -> Any:
        if all(flows and not _JOINING.search("".join(flows)) for flows in taken):
            return " ".join("+".join(flows) for flows in taken)
        return [flows[0] if len(flows) == 1 else list(flows) for flows in taken]

    return field(default=(), metadata={"read": read, "write": write})


def _files() -> Any:
    """Attachments: the number of each, and the SHA-256 of its content in base64 without its last sign."""
    return _parts(lambda found: (found[0], b64decode(found[1] + "=").hex()), _file_written)


def _file_written(found: Sequence[Any]) -> list[Any]:
    return [found[0], b64encode(bytes.fromhex(found[1])).decode().rstrip("=")]


def _anew() -> Any:
    def read(found: Any) -> Anew:
        return Anew(found[0], Choice(*found[1:]))

    return _parts(read, lambda one: [one.seq, *one.choice])


# -- what all lines do -----------------------------------------------------------------------------


class UnknownLine(EngineFault):
    """A line that a later release has written."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a case's history.

    A field with a default is left out of what is stored when it has that value.
    """

    KIND: ClassVar[str]
    VERSION: ClassVar[int] = 1

    @classmethod
    def upcast(cls, data: Json, version: int) -> Json:
        """What `version` of this kind wrote, as the present version would have."""
        return data

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """The line that `to_json` of this version, or an earlier one, wrote."""
        version = data.get("v", 1)
        if version > cls.VERSION:
            raise UnknownLine(f"办理记录“{cls.KIND}”是更新的版本写下的，请先升级程序。")
        found = cls.upcast(data, version) if version < cls.VERSION else data
        there = [(one, found[one.key]) for one in _shape(cls) if one.key in found]
        return cls(**{one.name: None if value is None else one.read(value) for one, value in there})

    def to_json(self) -> dict[str, Any]:
        """What is stored: the keys in the order in which they have always been."""
        written: dict[str, Any] = {"v": self.VERSION} if self.VERSION > 1 else {}
        for one in _shape(type(self)):
            value = getattr(self, one.name)
            if one.always or (value and value != one.empty):
                written[one.key] = one.write(value)
        return written


class _Member(NamedTuple):
    """A field of a kind of line, and how it is stored."""

    name: str
    key: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    always: bool
    empty: Any


def _member(one: Field[Any]) -> _Member:
    said = one.metadata
    required = one.default is MISSING and one.default_factory is MISSING
    return _Member(
        one.name,
        one.name.rstrip("_"),
        said.get("read", _plain),
        said.get("write", _plain),
        required or bool(said.get("kept")),
        one.default,
    )


_SHAPES: dict[type[Line], list[_Member]] = {}


def _shape(kind: type[Line]) -> list[_Member]:
    """The fields of a kind, its own before those it shares."""
    if kind not in _SHAPES:
        own = inspect.get_annotations(kind)
        _SHAPES[kind] = [_member(one) for one in sorted(fields(kind), key=lambda one: one.name not in own)]
    return _SHAPES[kind]


# -- inputs: what a case is rebuilt from -----------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Input(Line):
    """Something that set the case going, and what came of it.

    From version 2 on it holds all that was decided on the way, so that nothing of the past is computed anew;
    version 3 says the same with fewer bytes. Version 1 holds the decisions of tables alone.
    """

    VERSION = 3
    token: str = ""
    due: datetime | None = field(default=None, metadata=_INSTANT)
    late: bool = False
    """A message whose wait is over: recorded, and that is all."""
    services: Sequence[Answer] = _part(Answer)
    decisions: Sequence[Decision] = _part(Decision)
    flows: Sequence[Sequence[str]] | None = _flows()
    """The flows by which gateways with several went on, in order, each time those of one gateway; None:
    not known.
    """
    repeats: Sequence[tuple[str, Any]] = _parts(tuple, list)
    """For what, or whether, a step was to be done again: element and answer."""
    sets: Sequence[tuple[str, Mapping[str, Any]]] = _parts(tuple, list)
    """The variables that an element set by its own properties, but for those that these give a plain text,
    number or truth value: every reading of the same diagram gives them the same.
    """
    days: Sequence[Counted] = _part(Counted)
    """What the calendar answered and the case had not asked before: it keeps to that (`kept_days`)."""
    ends: Sequence[str] = _parts()
    """End events reached."""
    caught: Sequence[str] = _parts()
    """Tokens that a message reached."""
    told: Sequence[Told] = _part(Told)
    opened: Sequence[Opened] = _part(Opened)
    limits: Sequence[Limit] = _limits()

    @classmethod
    def upcast(cls, data: Json, version: int) -> Json:
        """Version 1 did not say by which flows gateways went on; version 2 wrote hashes in hexadecimal."""
        if version < 2:
            return {**data, "flows": None}
        if "files" not in data:
            return data
        return {**data, "files": [_file_written(one) for one in data["files"]]}

    @property
    def choices(self) -> list[Choice]:
        """All that the line knows to have been decided on the way."""
        return [
            *(Choice("decisions", one.element_id, one.result) for one in self.decisions),
            *(Choice("repeats", *one) for one in self.repeats),
            *(Choice("sets", *one) for one in self.sets),
        ]


@dataclass(frozen=True, kw_only=True)
class Started(Input):
    """The case was opened, with its first variables."""

    KIND = "start"
    variables: Json
    version: int = _kept(default=0)
    """Number of the version in force."""
    from_: int = 0
    """The case whose step opened this one."""


@dataclass(frozen=True, kw_only=True)
class Completed(Input):
    """A person finished a step."""

    KIND = "complete"
    item: int = _kept(default=0)
    submission: int
    name: str = _kept(default="")
    outcome: str = ""
    reason: str = ""
    sha: str = ""
    """Of what was sent (`engine.casework.audit.digest`); empty in lines of version 1."""
    files: Sequence[tuple[int, str]] = _files()
    """The attachments that it names, each with the SHA-256 of its content (hexadecimal digits)."""


@dataclass(frozen=True, kw_only=True)
class Caught(Input):
    """A message came; whether anything caught it, `caught` says."""

    KIND = "message"
    payload: Json
    facts: Json = field(default_factory=dict)
    item: int = 0
    """The step that it finished, if it was the step's own matter that came another way."""
    submission: int = 0
    sha: str = ""
    """Of what was sent, if it came with a form."""
    files: Sequence[tuple[int, str]] = _files()


@dataclass(frozen=True, kw_only=True)
class Fired(Input):
    """A timer fired, which was due at `due`."""

    KIND = "timer"


@dataclass(frozen=True, kw_only=True)
class Moved(Line):
    """The case goes on on another version: how what it had before is called there."""

    KIND = "move"
    elements: Mapping[str, str] = _kept(default_factory=dict)
    """Steps by the name that the new version has for them."""
    passed: Sequence[str] = _parts(kept=True)
    """New steps, waits and services that the case need not make up for."""
    tokens: Mapping[str, str] = _kept(default_factory=dict)
    passes: Sequence[tuple[int, str]] = _parts(tuple, list, kept=True)
    """Before which line the case was taken past which new element."""
    dropped: Mapping[str, str] = _kept(default_factory=dict)
    """Finished steps that the new version does not have, with the variables that they set."""
    version: int = _kept(default=0)
    from_: int = _kept(default=0)
    act: int = _kept(default=0)
    """The owner's act that moved it, among others."""
    corrections: Sequence[str] = _parts()
    """What people must correct on paper."""
    anew: Sequence[Anew] | None = _anew()
    """What was decided on the new version when the case's history was fed to it; None: not known."""
    days: Sequence[Counted] = _part(Counted)
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
    undone: Sequence[int] = _parts(kept=True)
    known: Sequence[int] = _parts()
    """Messages that stay known to the case, without what they had set going."""
    anew: Sequence[Anew] | None = _anew()
    """What was decided without the step for the lines that still count; None: not known."""
    days: Sequence[Counted] = _part(Counted)
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
class Unpassed(Undoing):
    """A limit had passed by a clue that turned out wrong (R06): `token` and `name` are the limit's."""

    KIND = "unpassed"


# -- what is told of a case, and moves nothing -----------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Begun(Line):
    """What began to wait when a step was taken back or the case moved, without an input of its own."""

    KIND = "begun"
    opened: Sequence[Opened] = _part(Opened)
    limits: Sequence[Limit] = _limits()


@dataclass(frozen=True, kw_only=True)
class Warned(Line):
    """A limit is near (R15)."""

    KIND = "warning"
    token: str
    due: datetime = field(metadata=_INSTANT)
    limit: datetime | None = field(default=None, metadata=_INSTANT)
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
class Reminded(Line):
    """A measure was to be done by now."""

    KIND = "reminder"
    name: str
    due: datetime | None = field(default=None, metadata=_INSTANT)


@dataclass(frozen=True, kw_only=True)
class Held(Line):
    """Who has an open step in hand."""

    item: int
    name: str
    to: int | None = _kept(default=None)


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


# -- all kinds -------------------------------------------------------------------------------------

KINDS: Mapping[str, type[Line]] = {
    one.KIND: one
    for one in (
        Started,
        Completed,
        Caught,
        Fired,
        Moved,
        Returned,
        Withdrawn,
        Unpassed,
        Begun,
        Warned,
        Repeated,
        Measured,
        Reminded,
        Claimed,
        Released,
        Reassigned,
        Urged,
        Ordered,
        OrderAnswered,
        OrderReturned,
        OrderAccepted,
        PromisePassed,
        Cancelled,
        HandedOver,
    )
}


def read(kind: str, data: Json) -> Line:
    """The line that is stored as `data`. Raises UnknownLine for what a later release has written."""
    found = KINDS.get(kind)
    if found is None:
        raise UnknownLine(f"办理记录“{kind}”是更新的版本写下的，请先升级程序。")
    return found.from_json(data)


def kept_days(told: Iterable[Line]) -> dict[tuple[date, int], date]:
    """What the calendar answered a case that has these lines, in their order.

    A case keeps to what the calendar once told it: a calendar that is changed later moves none of its limits.
    Only a move to another version asks the calendar of its day again.
    """
    found: dict[tuple[date, int], date] = {}
    for line in told:
        if isinstance(line, Moved):
            found.clear()
        if isinstance(line, Input | Moved | Undoing):
            for one in line.days:
                found[date.fromisoformat(one.day), one.number] = date.fromisoformat(one.answer)
    return found
