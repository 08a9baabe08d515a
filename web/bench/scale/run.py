"""`shouwang bench --scale`: fill a province; then how long each list takes in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from web.bench.scale.fill import Size, fill
from web.bench.world import prepare

Figures = dict[str, Any]


def run(url: str | None, size: Size, now: datetime, say: Callable[[str], None]) -> Figures:
    """Fill the empty database at `url`, or a SQLite file that is thrown away.

    Raises Conflict if the database is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        target = url or f"sqlite:///{Path(folder) / 'province.sqlite'}"
        say("建库")
        sessions = prepare(target)
        figures: Figures = {"database": target.partition(":")[0], "now": now.isoformat()}
        figures["filled"] = fill(sessions, size, now, say)
        return figures


def tiny() -> Size:
    """A few hundred households: whether everything runs."""
    return Size(households=400, cases=100, open_items=300, stories=12)


def sized(households: int | None) -> Size:
    """The province, or so much of it as `households` are."""
    whole = Size()
    if households is None:
        return whole
    part = households / whole.households
    return Size(households, round(whole.cases * part), round(whole.open_items * part))


def report(figures: Figures) -> Iterator[str]:
    """The figures as lines for people."""
    filled = figures["filled"]
    seconds = (filled[f"{part}_seconds"] for part in ("demo", "rows", "index"))
    yield "填充：演示县 {} 秒、写入 {} 秒、索引 {} 秒".format(*seconds)
    for name, count in filled["rows"].items():
        yield f"  {name}：{count} 行"
