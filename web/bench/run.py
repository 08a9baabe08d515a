"""`shouwang bench`: what the system does in a second,
beside the raw floor of the same database in the same run.

Everything is the real thing: the identification procedure with its real forms, services, decisions and log,
on an empty database that the bench fills itself. Figures of a shared machine wobble; the ratios to the floor
of the same run do not.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.casework import acts
from engine.casework.models import WorkItem
from engine.casework.time import timers
from engine.ground.errors import ShouwangError
from engine.prevention.demo.answers import ANSWERS, Scene
from engine.prevention.demo.people import family
from web.bench import replay
from web.bench.completions import completions, floor, two_processes
from web.bench.http import over_http
from web.bench.inbox import inbox_page
from web.bench.world import QUEUES, START, STEPS, Driver, Factory, Figures, prepare

Say = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much the bench does."""

    cases: int = 60
    http_cases: int = 30
    bulk_cases: int = 200
    timer_cases: int = 1000
    open_items: tuple[int, ...] = (10_000, 100_000)
    floor: int = 2000
    repeats: int = 60


def run(url: str | None, sizes: Sizes, say: Say = lambda text: None) -> Figures:
    """All measurements on the empty database at `url`, or on a fresh SQLite file.

    Raises Conflict if it is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        target = url or f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        say("建库")
        sessions = prepare(target)
        figures: Figures = {"database": target.partition(":")[0], "steps_per_case": len(STEPS)}
        say("数据库本身")
        figures["floor"] = floor(target, sizes.floor)
        say("办结（进程内）")
        figures["completions"] = completions(target, sessions, sizes.cases)
        say("回放")
        figures["replay"] = replay.measure(sessions)
        say("办结（两个进程）")
        figures["two_processes"] = two_processes(target, sizes.cases)
        say("办结（HTTP）")
        figures["http"] = over_http(target, sessions, sizes.http_cases)
        say(f"批量办结 {sizes.bulk_cases} 件")
        figures["bulk"] = bulk(sessions, sizes.bulk_cases)
        say(f"时限到期 {sizes.timer_cases * 2} 个")
        figures["timers"] = due_at_once(sessions, sizes.timer_cases)
        figures["inbox"] = []
        for count in sizes.open_items:
            say(f"待办 {count} 件")
            figures["inbox"].append(inbox_page(target, sessions, count, sizes.repeats))
        return _with_ratios(figures)


def _with_ratios(figures: Figures) -> Figures:
    per_second = figures["floor"]["transactions_per_second"]
    for name in ("completions", "http"):
        figures[name]["of_floor"] = round(figures[name]["per_second"] / per_second, 3)
    figures["two_processes"]["speed_up"] = round(
        figures["two_processes"]["per_second"] / figures["two_processes"]["one_process_per_second"], 2
    )
    first, last = figures["inbox"][0], figures["inbox"][-1]
    figures["inbox_growth"] = {who: round(last[who]["p95_ms"] / first[who]["p95_ms"], 2) for who in QUEUES}
    return figures


# -- a system to measure ---------------------------------------------------------------------------


# -- the floor -------------------------------------------------------------------------------------


# -- completions -----------------------------------------------------------------------------------


# -- over HTTP -------------------------------------------------------------------------------------


# -- many at once ----------------------------------------------------------------------------------


def bulk(sessions: Factory, cases: int) -> Figures:
    """The township's decision on `cases` cases at once: one form, each case its own durable step."""
    driver = Driver(sessions, 4)
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)

        found = [driver.through(session, complete, before="review") for _ in range(cases)]
        items = [driver.item(session, case_id, "review").id for case_id in found]
        decision = ANSWERS["township_review"](
            Scene(driver.random, family(driver.numbers, START.date()), START.date(), str)
        )
        begun = time.perf_counter()
        results = acts.complete_many(session, driver.people["township"], items, decision, clock=driver.clock)
        seconds = time.perf_counter() - begun
    refused = [result for _, result in results if isinstance(result, ShouwangError)]
    if refused:
        raise refused[0]
    return {
        "cases": cases,
        "seconds": round(seconds, 3),
        "seconds_per_1000": round(seconds / cases * 1000, 2),
    }


# -- timers ----------------------------------------------------------------------------------------


def due_at_once(sessions: Factory, cases: int) -> Figures:
    """The warning and the 15-day limit of each of `cases` new cases, all due when the ticker wakes."""
    driver = Driver(sessions, 3)
    with sessions() as session:
        for _ in range(cases):
            driver.enter(session)
    driver.clock.set(START + timedelta(days=30))
    begun = time.perf_counter()
    fired = timers.fire_due(sessions, driver.clock)
    seconds = time.perf_counter() - begun
    return {"fired": fired, "seconds": round(seconds, 3), "per_second": round(fired / seconds, 1)}


# -- the inbox -------------------------------------------------------------------------------------


# -- in words --------------------------------------------------------------------------------------


def tiny() -> Sizes:
    """Just enough to see that every measurement runs."""
    return Sizes(
        cases=1, http_cases=1, bulk_cases=2, timer_cases=2, open_items=(60, 120), floor=20, repeats=3
    )


def full() -> Sizes:
    """A province's sizes: a million open items, 20 000 timers due at once; takes some ten minutes."""
    return Sizes(bulk_cases=1000, timer_cases=10_000, open_items=(10_000, 100_000, 1_000_000))


def report(figures: Figures) -> Iterator[str]:
    """The figures as lines for people."""
    one, http_, both = figures["completions"], figures["http"], figures["two_processes"]
    yield f"数据库 {figures['database']}，原始事务（3 行）{figures['floor']['transactions_per_second']} 个/秒"
    yield f"办结（进程内）{one['per_second']} 件/秒，中位 {one['median_ms']} 毫秒，为原始事务的 {one['of_floor']:.0%}"
    yield f"办结（两个进程）{both['per_second']} 件/秒，一个进程 {both['one_process_per_second']} 件/秒，{both['speed_up']} 倍"
    yield f"办结（HTTP）{http_['per_second']} 件/秒，中位 {http_['median_ms']} 毫秒，为原始事务的 {http_['of_floor']:.0%}"
    yield f"每件办结事项占用 {one['bytes_per_finished_case']} 字节（不含表单和附件）"
    yield f"{figures['timers']['fired']} 个时限同时到期：{figures['timers']['seconds']} 秒触发完"
    yield replay.words(figures["replay"])
    bulk_ = figures["bulk"]
    yield f"批量办结 {bulk_['cases']} 件：{bulk_['seconds']} 秒，合每千件 {bulk_['seconds_per_1000']} 秒"
    for page in figures["inbox"]:
        for who, (_, size) in QUEUES.items():
            one = page[who]
            yield (
                f"待办页，全库 {page['open_items']} 件、本人 {size} 件："
                f"中位 {one['median_ms']} 毫秒，95% 在 {one['p95_ms']} 毫秒内"
            )
