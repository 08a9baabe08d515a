"""What a cell says as a text, and what is to be said of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from engine.ground.unpacking.limits import EXACT, MOST_CELL, Line

_ROUNDED = re.compile(r"[-+]?\d(?:\.\d+)?[Ee]\+(?:1[5-9]|[2-9]\d)\Z")


def line_of(number: int, values: Iterable[Any], flags: dict[str, str]) -> Line:
    """The texts of a row, and what is to be said of single cells."""
    cells = []
    for place, value in enumerate(values):
        words, flag = _text(value)
        if flag:
            flags = {**flags, str(place): flag}
        cells.append(words)
    while cells and not cells[-1]:
        cells.pop()
    return number, cells, flags


def _text(value: Any) -> tuple[str, str]:
    """What a cell says, and its flag: a number that Excel has rounded, or a text that is too long."""
    if isinstance(value, str):
        if len(value) > MOST_CELL:
            return value[:MOST_CELL], "long"
        return value, "digits" if _ROUNDED.match(value.strip()) else ""
    if isinstance(value, bool):
        return ("是" if value else "否"), ""
    if isinstance(value, int | float):
        if abs(value) >= EXACT:
            return f"{value:.5E}", "digits"
        return f"{value:.12g}" if value != int(value) else str(int(value)), ""
    return _moment(value), ""


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, time | timedelta) else ""
