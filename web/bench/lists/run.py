"""`shouwang bench --scale`: fill a province, and open every list in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from web.bench.lists import opened
from web.bench.lists.opened import Sizes
from web.bench.machine import database_of
from web.bench.scale.fill import Size, fill
from web.bench.world import prepare

Figures = dict[str, Any]
Say = Callable[[str], None]


def run(url: str | None, size: Size, _now: datetime, say: Say) -> Figures:
    """Every list at a hundredth of the size and at the size, in the empty database at `url`.

    Raises Conflict if the database is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        target = url or f"sqlite:///{Path(folder) / 'province.sqlite'}"
        say("建库")
        sessions = prepare(target)
        small = part(size, 0.01)
        lists = opened.measure(target, sessions, Sizes(small, size), say)
        return {**database_of(sessions.kw["bind"]), "lists": lists}


def fill_only(url: str | None, size: Size, now: datetime, say: Say) -> Figures:
    """Fill the empty database at `url`, or a SQLite file that is thrown away, as it would stand at `now`.

    Raises Conflict if the database is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        say("建库")
        sessions = prepare(url or f"sqlite:///{Path(folder) / 'province.sqlite'}")
        figures = {**database_of(sessions.kw["bind"]), "now": now.isoformat()}
        return {**figures, "filled": fill(sessions, size, now, say)}


def tiny() -> Size:
    """A few hundred households: whether everything runs."""
    return Size(households=2000, cases=200, open_items=2000, stories=12)


def sized(households: int | None) -> Size:
    """The province, or so much of it as `households` are."""
    whole = Size()
    return whole if households is None else part(whole, households / whole.households)


def part(whole: Size, share: float) -> Size:
    """A share of everything, told by the same stories."""
    households, cases, items = (
        round(share * many) for many in (whole.households, whole.cases, whole.open_items)
    )
    return Size(households, cases, items, whole.stories)


def report(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures as lines for people."""
    if "lists" in figures:
        yield from opened.report(figures["lists"])
        return
    filled = figures["filled"]
    seconds = (filled[f"{part}_seconds"] for part in ("demo", "rows", "index"))
    yield "填充：演示县 {} 秒、写入 {} 秒、索引 {} 秒".format(*seconds)
    yield f"数据如 {figures['now']} 时"
    for name, count in filled["rows"].items():
        yield f"  {name}：{count} 行"
