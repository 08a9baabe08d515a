"""What all lines do: how a field is stored, and how an old line is read."""

from __future__ import annotations

import inspect
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Self

from engine.flow.history.lines.parts import Anew, Answer, Choice, Limit
from engine.ground.errors import EngineFault

Json = Mapping[str, Any]
_JOINING = re.compile(r"[\s+~^]")


def _plain(value: Any) -> Any:
    return value


def list_field(
    read: Callable[[Any], Any] = _plain,
    write: Callable[[Any], Any] = _plain,
    *,
    kept: bool = False,
    key: str | None = None,
) -> Any:
    """A list of parts, left out when there is none, unless it is always `kept`; `key`: as it is stored."""

    def read_all(found: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(map(read, found))

    def write_all(parts: Iterable[Any]) -> list[Any]:
        return list(map(write, parts))

    called = {"key": key} if key else {}
    return field(default=(), metadata={"read": read_all, "write": write_all, "kept": kept, **called})


def part_field(kind: type[Any], key: str | None = None) -> Any:
    """A list of named parts, each written as a list."""
    return list_field(lambda found: kind(*found), list, key=key)


INSTANT: Mapping[str, Any] = {"read": datetime.fromisoformat, "write": datetime.isoformat}
"""An instant is written as ISO 8601 with its offset."""


def answers_field(key: str) -> Any:
    """What services answered, without the call's token where there is none."""
    return list_field(Answer.of, lambda one: list(one) if one.token else [one[0], *one[2:]], key=key)


def limits_field() -> Any:
    """Limits, each as its element and its day."""
    return list_field(
        lambda found: Limit(found[0], datetime.fromisoformat(found[1])),
        lambda one: [one.element_id, one.due.isoformat()],
    )


def kept_field(**given: Any) -> Any:
    """What is written even when it is empty, and is empty in lines that do not have it."""
    return field(metadata={"kept": True}, **given)


def renamed(data: Json, names: Mapping[str, str]) -> dict[str, Any]:
    """The data with keys as a later version calls them."""
    return {names.get(key, key): value for key, value in data.items()}


_BEGINNINGS = {"~": "flow_", "^": "Flow_"}
"""Signs that no id has, for how the ids of most flows begin: of ours, and of those that a modeler made."""


def flows_field(key: str) -> Any:
    """Flows by their ids, a blank between one gateway's and the next one's, ``+`` between those of one.

    Version 2 wrote lists, as is still done where an id has such a sign itself.
    """

    def read(found: Any) -> tuple[tuple[str, ...], ...]:
        if isinstance(found, str):
            return tuple(tuple(map(_whole, one.split("+"))) for one in found.split(" "))
        return tuple((one,) if isinstance(one, str) else tuple(one) for one in found)

    def write(taken: Sequence[Sequence[str]]) -> Any:
        if all(flows and not _JOINING.search("".join(flows)) for flows in taken):
            return " ".join("+".join(map(_short, flows)) for flows in taken)
        return [flows[0] if len(flows) == 1 else list(flows) for flows in taken]

    return field(default=(), metadata={"read": read, "write": write, "key": key})


def _short(flow: str) -> str:
    for sign, start in _BEGINNINGS.items():
        if flow.startswith(start):
            return sign + flow.removeprefix(start)
    return flow


def _whole(written: str) -> str:
    return _BEGINNINGS.get(written[:1], written[:1]) + written[1:]


FINGERPRINT_BYTES = 24
"""Of a SHA-256's 32, that a line keeps: nobody finds two contents that agree in 192 bits."""


def files_field(key: str) -> Any:
    """Attachments: the number of each, and the beginning of the SHA-256 of its content in base64."""
    return list_field(
        lambda found: (found[0], b64decode(found[1] + "=" * (-len(found[1]) % 4)).hex()),
        lambda one: file_written((one[0], one[1][: 2 * FINGERPRINT_BYTES])),
        key=key,
    )


def file_written(found: Sequence[Any]) -> list[Any]:
    """Number and hash in hexadecimal, the hash in base64 without signs that fill it up."""
    return [found[0], b64encode(bytes.fromhex(found[1])).decode().rstrip("=")]


def anew_field() -> Any:
    def read(found: Any) -> Anew:
        return Anew(found[0], Choice(*found[1:]))

    return list_field(read, lambda one: [one.seq, *one.choice])


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
        said = vars(self)
        for one in _shape(type(self)):
            value = said[one.name]
            if one.always or (value and value != one.empty):
                written[one.key] = one.write(value)
        return written


@dataclass(frozen=True, slots=True)
class _Member:
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
        said.get("key", one.name.rstrip("_")),
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
