"""`shouwang bench`: what the system does in a second,
beside the raw floor of the same database in the same run.

Everything is the real thing: the identification procedure with its real forms, services, decisions and log,
on an empty database that the bench fills itself. Times of a shared machine wobble; the processor's time of
one unit, and its ratio to the floor of the same run, do not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from engine.casework.portions.jobs import carrier
from engine.ground.tables import Base
from web.bench import machine
from web.bench.lists import opened
from web.bench.measure import Figures, Say, Watch
from web.bench.steps import replay
from web.bench.steps.breakdown import breakdown
from web.bench.steps.completions import completions, floor, two_processes
from web.bench.steps.http import over_http
from web.bench.steps.many import bulk, due_at_once
from web.bench.world import STEPS, Factory, prepare


@dataclass(frozen=True)
class Sizes:
    """How much the bench does."""

    cases: int = 60
    profiled: int = 20
    http_cases: int = 30
    bulk_cases: int = 1000
    timers: int = 5000
    floor: int = 2000
    lists: opened.Sizes | None = None


def tiny() -> Sizes:
    """Just enough to see that every measurement runs."""
    return Sizes(cases=1, profiled=1, http_cases=1, bulk_cases=3, timers=3, floor=20)


def full() -> Sizes:
    """A province's sizes: a million open items, 20 000 notices that end at once."""
    return Sizes(timers=20_000, lists=opened.Sizes(every=False))


def run(url: str | None, sizes: Sizes, say: Say = lambda text: None) -> Figures:
    """All measurements on the empty database at `url`, or on a fresh SQLite file.

    Raises Conflict if it is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        target = url or f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        say("建库")
        sessions = prepare(target)
        engine: Engine = sessions.kw["bind"]
        figures = measured(target, sessions, sizes, say)
        if sizes.lists is not None:
            emptied(engine)
            figures["lists"] = opened.measure(target, prepare(target), sizes.lists, say)
        engine.dispose()
        return figures


def measured(
    target: str, sessions: Factory, sizes: Sizes, say: Say = lambda text: None, *, children: bool = True
) -> Figures:
    """All but the lists, on a database with the bench's officials and no cases; without `children`, only what
    this process does itself.
    """
    figures: Figures = {**machine.database_of(sessions.kw["bind"]), "steps_a_case": len(STEPS)}
    alone = Watch()
    say("数据库本身")
    floor(target, sizes.floor // 2, alone)
    say("办结（进程内）")
    figures["completions"] = completions(sessions, sizes.cases)
    say("数据库本身")
    floor(target, sizes.floor // 2, alone)  # a disk that others write to is another one a minute later
    figures["floor"] = {"rows": 3, **alone.figures()}
    say("处理器时间的去向")
    figures["breakdown"] = breakdown(sessions, sizes.profiled)
    say("回放")
    figures["replay"] = replay.measure(sessions)
    if children:
        say("办结（两个进程）")
        figures["two_processes"] = two_processes(target, sizes.cases)
        say("办结（HTTP）")
        figures["http"] = over_http(target, sessions, sizes.http_cases)
    say(f"批量办结 {sizes.bulk_cases} 件")
    figures["bulk"] = bulk(sessions, sizes.bulk_cases)
    say(f"公示同时期满 {sizes.timers} 个")
    figures["timers"] = due_at_once(sessions, sizes.timers)
    least = figures["floor"]
    for one in (figures[name] for name in ("completions", "http") if name in figures):
        one["of_floor"] = round(one["per_second"] / least["per_second"], 3)
        one["cpu_of_floor"] = round(one["cpu_ms"] / least["cpu_ms"], 1)
    return figures


def emptied(engine: Engine) -> None:
    """Let the bench's own tables go: the lists are measured where only what they list is due."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        else:
            connection.execute(text(f"DROP SCHEMA {carrier.SCHEMA} CASCADE"))
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


# -- in words --------------------------------------------------------------------------------------


def report(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures as lines for people."""
    one, http_, both = figures["completions"], figures["http"], figures["two_processes"]
    least = figures["floor"]
    yield (
        f"{figures['database']} {figures['database_version']}，原始事务（3 行）每秒 {least['per_second']} 个，"
        f"每个占处理器 {least['cpu_ms']} 毫秒"
    )
    yield (
        f"办结（进程内）每秒 {one['per_second']} 步，为原始事务的 {one['of_floor']:.1%}；"
        f"每步占处理器 {one['cpu_ms']} 毫秒、{one['statements_a_step']} 条语句"
    )
    yield f"办结（两个进程）每秒 {both['per_second']} 步，为一个进程的 {both['speed_up']} 倍"
    yield f"办结（HTTP）每秒 {http_['per_second']} 步，服务进程每步占处理器 {http_['cpu_ms']} 毫秒"
    yield f"每件办结事项占用 {one['bytes_a_finished_case']} 字节（不含表单和附件）"
    yield replay.words(figures["replay"])
    many, due = figures["bulk"], figures["timers"]
    yield f"批量办结 {many['cases']} 件：{many['seconds']} 秒，合每千件 {many['seconds_per_1000']} 秒"
    yield f"公示同时期满 {due['fired']} 个：{due['seconds']} 秒，合每两万个 {due['seconds_per_20000']} 秒"
    shares = "，".join(f"{name} {share:.0%}" for name, share in figures["breakdown"]["share"].items())
    yield f"一步 {figures['breakdown']['calls_a_step']} 次 Python 调用；处理器时间：{shares}"
    if "lists" in figures:
        yield from opened.report(figures["lists"])
