"""JSON with the place of every value, so that a fault can name its line and column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.ground.errors import ShouwangError

MOST_DEEP = 20
_BLANKS = " \t\r\n"
Path = tuple[str | int, ...]
_scalar = json.JSONDecoder()


class Misplaced(ShouwangError):
    """The text is no JSON, from character `at` on."""

    code = "json"

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Located:
    """A value, with where each part of it begins in its text."""

    value: Any
    text: str
    places: Mapping[Path, int]

    def line(self, path: Path) -> tuple[int, int]:
        """Line and column (from 1) of a part; of one that is missing, those of what should hold it."""
        while path and path not in self.places:
            path = path[:-1]
        return line_of(self.text, self.places.get(path, 0))


def line_of(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of a character."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def read(text: str) -> Located:
    """The value of a JSON text. Raises Misplaced for what is none, or says a key twice."""
    places: dict[Path, int] = {}
    value, at = _value(text, _blank(text, 0), (), places)
    at = _blank(text, at)
    if at != len(text):
        raise Misplaced("后面多了文字", at)
    return Located(value, text, places)


def _blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _value(text: str, at: int, path: Path, places: dict[Path, int]) -> tuple[Any, int]:
    if len(path) > MOST_DEEP:
        raise Misplaced("层次太深", at)
    places[path] = at
    if text[at : at + 1] == "{":
        return _object(text, at + 1, path, places)
    if text[at : at + 1] == "[":
        return _array(text, at + 1, path, places)
    try:
        return _scalar.raw_decode(text, at)
    except ValueError as error:
        raise Misplaced("这里应当是一个值：文字要加双引号", getattr(error, "pos", at)) from error


def _object(text: str, at: int, path: Path, places: dict[Path, int]) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _blank(text, at)
    while text[at : at + 1] != "}":
        begins = at
        if found:
            at = _blank(text, _past(text, at, ","))
        if text[at : at + 1] != '"':
            raise Misplaced("这里应当是带双引号的名称", at)
        key, after = _value(text, at, (*path, "?"), places)
        after = _blank(text, _past(text, _blank(text, after), ":"))
        if key in found:
            raise Misplaced(f"“{key}”写了两次", begins)
        found[key], at = _value(text, after, (*path, key), places)
        at = _blank(text, at)
    return found, at + 1


def _array(text: str, at: int, path: Path, places: dict[Path, int]) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _blank(text, at)
    while text[at : at + 1] != "]":
        if found:
            at = _blank(text, _past(text, at, ","))
        one, at = _value(text, at, (*path, len(found)), places)
        found.append(one)
        at = _blank(text, at)
    return found, at + 1


def _past(text: str, at: int, mark: str) -> int:
    if text[at : at + 1] != mark:
        raise Misplaced(f"这里应当是“{mark}”", at)
    return at + 1
