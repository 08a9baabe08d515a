"""Many at once: a decision about a thousand cases, twenty thousand notices that end at the same instant.

One case goes through the product up to where it waits, and is told again (`web.bench.scale`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import func, select

from engine.casework import acts
from engine.casework.models import Incident, WorkItem
from engine.casework.time import timers
from engine.ground.errors import ShouwangError
from engine.prevention.demo.answers.forms import ANSWERS
from engine.prevention.demo.answers.scene import Scene
from engine.prevention.demo.people import family
from web.bench.measure import Figures, Watch
from web.bench.scale.fill import Plan, homes, retell, told_by
from web.bench.scale.places import Place
from web.bench.scale.stories import Story
from web.bench.world import START, VILLAGE, Driver, Factory

ENDED = START + timedelta(days=6)
"""The notices were posted at `START` for five full days (R10)."""


def bulk(sessions: Factory, cases: int) -> Figures:
    """The township's decision on `cases` cases at once: one form, each case its own durable step."""
    driver, case_id = _case(sessions, 4, "review")
    _again(sessions, case_id, cases - 1, everywhere=False)
    with sessions() as session:
        waiting = select(WorkItem.id).where(WorkItem.element_id == "review", WorkItem.status == "open")
        items = list(session.scalars(waiting.where(WorkItem.village_code == VILLAGE).limit(cases)))
        decision = ANSWERS["township_review"](
            Scene(driver.random, family(driver.numbers, START.date()), START.date(), str)
        )
        watch = Watch()
        driver.clock.set(ENDED)
        with watch.one():
            results = acts.complete_many(
                session, driver.people["township"], items, decision, clock=driver.clock
            )
    refused = [result for _, result in results if isinstance(result, ShouwangError)]
    if refused:
        raise refused[0]
    return _each("cases", len(items), watch, 1000)


def due_at_once(sessions: Factory, count: int) -> Figures:
    """The notices of `count` cases end: events, each of which moves its case on to the next step."""
    driver, case_id = _case(sessions, 3, "end_notice")
    _again(sessions, case_id, count - 1, everywhere=True)
    driver.clock.set(ENDED)
    watch = Watch()
    with watch.one():
        fired = timers.fire_due(sessions, driver.clock)
    with sessions() as session:
        if session.scalar(select(func.count()).select_from(Incident)):
            raise RuntimeError("有定时没有触发成功。")
    return _each("fired", fired, watch, 20_000)


def _each(name: str, count: int, watch: Watch, many: int) -> Figures:
    seconds, cpu = watch.seconds[0], watch.cpu[0]
    return {
        name: count,
        "seconds": round(seconds, 2),
        "per_second": round(count / seconds, 1),
        f"seconds_per_{many}": round(many * seconds / count, 1),
        "cpu_ms": round(1000 * cpu / count, 2),
    }


def _case(sessions: Factory, seed: int, before: str) -> tuple[Driver, int]:
    """A case that waits for the step, or for the end of its notice."""
    driver = Driver(sessions, seed)
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)

        return driver, driver.through(session, complete, before=before)


def _again(sessions: Factory, case_id: int, times: int, *, everywhere: bool) -> None:
    told = next(story for story in told_by(sessions, shared=True) if ("case_file", case_id) in story.keys)

    def choose(_: Sequence[Story], villages: Sequence[Place]) -> Plan:
        here = [place for place in villages if everywhere or place.codes[0] == VILLAGE]
        return Plan(homes(here, times, Random(times)), [(told, 0)] * times)

    retell(sessions, [told], choose, START)
