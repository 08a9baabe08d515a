"""Texts, and how other values are written as such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from functools import partial
from typing import Any

from engine.flow.feel import temporal as t
from engine.flow.feel import values as v
from engine.flow.feel.builtins import patterns
from engine.flow.feel.builtins.arguments import builtin, listed, text, whole
from engine.flow.feel.operators import MAX_TEXT
from engine.flow.feel.temporal import FeelError
from engine.flow.feel.values import OPEN, Range

_REPLACED = re.compile(r"[\\$](.?)", re.DOTALL)


def to_text(value: Any) -> Any:
    """`string(value)`."""
    value = v.from_plain(value)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, list):
        return "[" + ", ".join(_quoted(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_quoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, date | time):
        return t.written(value)
    return _of_range(value) if isinstance(value, Range) else str(v.to_plain(value))


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "null" if value is None else str(to_text(value))


def _of_range(value: Range) -> str:
    if value.operator:
        return (
            f"{value.operator} "
            f"{_quoted(value.low if value.high is OPEN or value.low is not OPEN else value.high)}"
        )
    low, high = "[" if value.low_closed else "(", "]" if value.high_closed else ")"
    return f"{low}{_quoted(value.low)}..{_quoted(value.high)}{high}"


def _substring(string: Any, start: Any, length: Any = None) -> str:
    found, first = text(string), whole(start)
    count = None if length is None else whole(length)
    if first == 0 or (count is not None and count < 0):
        raise FeelError
    begin = first - 1 if first > 0 else max(0, len(found) + first)
    return found[begin:] if count is None else found[begin : begin + count]


def _before(string: Any, match: Any) -> str:
    found, part = text(string), text(match)
    return found[: found.index(part)] if part in found else ""


def _after(string: Any, match: Any) -> str:
    found, part = text(string), text(match)
    return found[found.index(part) + len(part) :] if part in found else ""


def _matches(string: Any, pattern: Any, flags: Any = "") -> bool:
    found = text(string)
    return patterns.compiled(text(pattern), flags, len(found)).search(found) is not None


def _replace(string: Any, pattern: Any, by: Any, flags: Any = "") -> str:
    found, new = text(string), text(by)
    if len(found) * (len(new) + 1) > MAX_TEXT * 10:
        raise FeelError
    search = patterns.compiled(text(pattern), flags, len(found))
    return search.sub(lambda match: _REPLACED.sub(partial(_piece, match), new), found)


def _piece(match: re.Match[str], sign: re.Match[str]) -> str:
    """What ``$1`` or an escaped sign of a replacement stands for:
    a group that the pattern has not is empty.
    """
    mark, what = sign.group()[0], sign.group(1)
    if what and what in "0123456789":
        number = int(what)
        return (match.group(number) or "") if number <= (match.re.groups or 0) else ""
    if mark == "\\" and what not in ("\\", "$"):
        raise FeelError  # as the standard has it: nothing else is escaped
    return what if mark == "\\" else sign.group()


def _split(string: Any, delimiter: Any) -> list[str]:
    found = text(string)
    return patterns.compiled(text(delimiter), "", len(found)).split(found)


def _join(items: Any, delimiter: Any = "") -> str:
    return (delimiter or "").join(text(item) for item in listed(items) if item is not None)


FUNCTIONS = {
    "string": builtin(to_text, "from"),
    "string length": builtin(lambda string: Decimal(len(text(string))), "string"),
    "substring": builtin(_substring, "string", "start position", "length"),
    "upper case": builtin(lambda string: text(string).upper(), "string"),
    "lower case": builtin(lambda string: text(string).lower(), "string"),
    "substring before": builtin(_before, "string", "match"),
    "substring after": builtin(_after, "string", "match"),
    "contains": builtin(lambda string, match: text(match) in text(string), "string", "match"),
    "starts with": builtin(lambda string, match: text(string).startswith(text(match)), "string", "match"),
    "ends with": builtin(lambda string, match: text(string).endswith(text(match)), "string", "match"),
    "matches": builtin(_matches, "input", "pattern", "flags"),
    "replace": builtin(_replace, "input", "pattern", "replacement", "flags"),
    "split": builtin(_split, "string", "delimiter"),
    "string join": builtin(_join, "list", "delimiter"),
}
