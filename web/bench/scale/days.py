"""Days in texts and columns, moved."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

_A_DAY = 24 * 60 * 60 * 1_000_000
"""In microseconds, as SQLite keeps instants."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WRITTEN = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")


def shifted(words: str, days: int) -> str:
    """Every day in the text moved."""
    moved = _DAY.sub(lambda found: _iso(found.group(), days), words)
    return _WRITTEN.sub(lambda found: _chinese(found.group(), days), moved)


def later(value: Any, days: int) -> Any:
    """A day or an instant as the driver has it: on SQLite a text or a number."""
    if isinstance(value, int):
        return value + days * _A_DAY
    return shifted(value, days) if isinstance(value, str) else value + timedelta(days=days)


@lru_cache(maxsize=100_000)
def _iso(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


@lru_cache(maxsize=100_000)
def _chinese(day: str, days: int) -> str:
    found = _WRITTEN.fullmatch(day)
    assert found is not None
    moved = date(int(found[1]), int(found[2]), int(found[3])) + timedelta(days=days)
    return f"{moved.year}年{moved.month}月{moved.day}日"
