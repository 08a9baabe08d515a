"""Every list, register, board and export at ten thousand open items and at a million.

Both times the county of those who look has the same households, so that a list of the county, a township or a
village that takes longer the second time takes longer because of what lies elsewhere. A province's own boards
have a hundred times as much to add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import Account, CaseFile, Timer, WorkItem
from engine.casework.supervision import limits
from engine.ground.clock import MovableClock
from engine.prevention.models import Household
from web.application import create_app
from web.bench import pages
from web.bench.measure import Figures, Say, Watch, of_backend, repeated, statements
from web.bench.scale.fill import Plan, Size, begin, chosen, homes, retell, told_by
from web.bench.scale.places import Place
from web.bench.scale.stories import Story
from web.bench.world import BUSY, COUNTY, START, TYPICAL, VILLAGE, Driver, Factory

QUEUES = {TYPICAL: 500, BUSY: 5000}
"""How many of the county's households wait for the township, where the measured officials are."""
STORIES = 40
"""Cases of the demo that are told again."""
HEADLINES = ("/todo", "/supervision", "/statistics", "/tasks/", "/cases/")
OWN = 60
"""Households of the measured village: more than a page of its list holds."""
FEW = 5
"""How often the other pages are opened."""
MOST = 4.0
"""Seconds that one page is opened again and again."""
NOTICEABLE = 5.0
"""Milliseconds below which a page's growth says nothing."""
SORTED = (
    "/todo?sort=name",
    "/todo?page=40",
    "/households?q=王",
    "/households?q=王国",
    "/clues?q=王",
    "/supervision?lamp=red",
    "/supervision?sort=name",
    "/supervision?sort=step",
    "/supervision?q=王",
    "/supervision?holder=village&over=7",
    "/supervision/export.xlsx",
    "/statistics?grain=week",
    "/statistics?grain=day",
    "/statistics/statistics.xlsx?grain=month",
    "/statistics/diagram/identification",
)
"""What people ask a list for, besides its first page."""
NOT_LISTS = ("/api/", "/screening/phone", "/health", "/live", "/ready", "/login", "/metrics", "/static")
LARGE = ("/supervision/export.xlsx",)
"""Files whose size is the reach's: asked for by the county alone."""


@dataclass(frozen=True)
class Sizes:
    """The small province and the whole one."""

    small: Size = field(default_factory=lambda: Size(10_000, 2_000, 10_000, STORIES))
    whole: Size = field(default_factory=lambda: Size(stories=STORIES))
    every: bool = True
    """Every page, else only those of `HEADLINES`."""
    repeats: int = 20
    steps: int = 60


def measure(target: str, sessions: Factory, sizes: Sizes, say: Say) -> Figures:
    """Fill the county, open everything; fill the province around it, open everything again."""
    begin(sessions, sizes.whole.stories, START, say)
    pages.watchers(sessions, START)
    found: Figures = {"sizes": []}
    told = told_by(sessions)
    for size, county in ((sizes.small, True), (sizes.whole, False)):
        say(f"填充到 {size.open_items} 件待办")
        filled = retell(sessions, told, _choice(size, sizes, county), START, say)
        found["sizes"].append(_size(target, sessions, sizes, filled, say))
    first, last = (one["pages"] for one in found["sizes"])
    found["growth"] = {
        name: round(last[name]["cpu_ms"] / first[name]["cpu_ms"], 2)
        for name in last
        if name in first and last[name]["cpu_ms"] >= NOTICEABLE
    }
    return found


def _size(target: str, sessions: Factory, sizes: Sizes, filled: Figures, say: Say) -> Figures:
    clock = MovableClock(at=START)
    app = create_app(pages.config_of(target), fixed_clock=clock)
    figures: Figures = {"filled": filled, **_counts(sessions)}
    say("逐页打开")
    figures["pages"] = dict(_pages(app, sessions, sizes))
    say("办结")
    figures["step"] = _steps(sessions, sizes.steps, figures["cases"])
    return figures


def _counts(sessions: Factory) -> Figures:
    with sessions() as session:

        def count(query: Any) -> int:
            return session.scalar(query) or 0

        return {
            "households": count(select(func.count()).select_from(Household)),
            "cases": count(select(func.count()).select_from(CaseFile)),
            "open_items": count(select(func.count()).where(WorkItem.status == "open")),
            "standing": count(select(func.count()).select_from(Timer).where(limits.STANDING)),
        }


# -- who lives where -------------------------------------------------------------------------------


def _choice(size: Size, sizes: Sizes, county: bool) -> Any:
    """What to tell: the county's households, or all the others'."""
    chance = Random(41 if county else 42)

    def choose(told: Sequence[Story], villages: Sequence[Place]) -> Plan:
        here = [place for place in villages if (place.codes[2] == COUNTY) == county]
        if county:
            return _county(told, here, size, chance)
        small, many = sizes.small, size
        rest = Size(
            many.households - small.households,
            many.cases - small.cases,
            many.open_items - small.open_items,
        )
        return chosen(told, rest, homes(here, rest.households, chance), chance)

    return choose


def _county(told: Sequence[Story], villages: Sequence[Place], size: Size, chance: Random) -> Plan:
    """The measured officials' queues first; the rest as everywhere."""
    waiting = [story for story in told if "township" in story.queues]
    part = size.households / 10_000
    tellings: list[tuple[Story, int] | None] = []
    there: list[Place] = []
    for code, many in QUEUES.items():
        below = [place for place in villages if place.codes[1] == code]
        for _ in range(max(1, round(many * part))):
            there.append(chance.choice(below))
            tellings.append((chance.choice(waiting), 0))
    village = next(place for place in villages if place.codes[0] == VILLAGE)
    there += [village] * OWN
    left = max(0, size.households - len(there))
    there += homes(villages, left, chance)
    rest = Size(left + OWN, round(size.cases / 2), round(size.open_items / 2))
    more = chosen(told, rest, there[-rest.households :], chance)
    return Plan(there, [*tellings, *more.tellings], more.ordinary)


# -- pages -----------------------------------------------------------------------------------------


def _pages(app: Flask, sessions: Factory, sizes: Sizes) -> Iterator[tuple[str, Figures]]:
    with app.app_context():
        from web.server.database import db

        engine = db.engine
    beside = of_backend(engine)
    for who, account, paths in _visits(app, sessions):
        client = pages.signed_in(app, account)
        for path in paths:
            headline = path.startswith(HEADLINES)
            if not headline and not sizes.every:
                continue
            repeats = sizes.repeats if headline else FEW
            with statements(engine) as seen:
                status = client.get(path).status_code
            if status == 200:
                figures = repeated(lambda: client.get(path), repeats, MOST, beside)  # noqa: B023
                yield f"{who} {path}", {**_short(figures), "statements": len(seen)}


def _short(figures: Figures) -> Figures:
    """What is kept of a page; its processor time is the median, for few openings say little of a mean."""
    few = {name: figures[name] for name in ("median_ms", "p95_ms", "cpu_p95_ms")}
    return {**few, "cpu_ms": figures["cpu_median_ms"]}


def _visits(app: Flask, sessions: Factory) -> Iterator[tuple[str, Account, Sequence[str]]]:
    """Who opens what: every page without an argument, and what people ask lists for."""
    lists = sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if not rule.arguments and "GET" in (rule.methods or ()) and not rule.rule.startswith(NOT_LISTS)
    )
    everything = [*lists, *SORTED]
    with sessions() as session:
        for name in ("village", "typical", "busy", "county"):
            account = _named(session, name)
            one = list(_of(session, account)) if name == "village" else []
            yield name, account, [*everything, *one]
        for level, code in pages.WATCHERS.items():
            wide = level in ("省", "市")
            yield level, pages.watcher(session, code), [p for p in everything if not (wide and p in LARGE)]
        for name in ("xitong", "shenji"):
            yield name, _named(session, name), lists


def _of(session: Session, account: Account) -> Iterator[str]:
    """The pages of one step of the village: of an item, its case, its household."""
    query = select(WorkItem).where(
        WorkItem.queue == "village", WorkItem.division_code == VILLAGE, WorkItem.status == "open"
    )
    item = session.scalars(query.order_by(WorkItem.id).limit(1)).first()
    if item is not None:
        case = session.get_one(CaseFile, item.case_id)
        yield from (f"/tasks/{item.id}", f"/cases/{case.id}", f"/households/{case.subject_id}")


def _named(session: Session, username: str) -> Account:
    return session.scalars(select(Account).where(Account.username == username)).unique().one()


# -- a step among so many --------------------------------------------------------------------------


def _steps(sessions: Factory, count: int, seed: int) -> Figures:
    """Steps up to the posted notice, in process: those before any timer has to come due.

    Each size has people of its own: nobody is registered twice.
    """
    driver, watch = Driver(sessions, seed), Watch()
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            with watch.one():
                acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)

        driver.through(session, complete, before="end_notice")
        watch.clear()
        while len(watch.seconds) < count:
            driver.through(session, complete, before="end_notice")
    return watch.figures()


# -- in words --------------------------------------------------------------------------------------


def report(figures: Figures) -> Iterator[str]:
    """The figures as lines for people."""
    small, large = figures["sizes"]
    for size in (small, large):
        counts = [size[name] for name in ("households", "cases", "open_items", "standing")]
        yield "{} 户、{} 件事项、{} 件待办、{} 条正在计时的时限：".format(*counts)
        step = size["step"]
        yield f"  办结每步占处理器 {step['cpu_ms']} 毫秒，中位 {step['median_ms']} 毫秒"
    slowest = sorted(large["pages"].items(), key=lambda page: -page[1]["p95_ms"])
    for name, page in slowest[:SLOWEST]:
        yield f"  {name}：95% 在 {page['p95_ms']} 毫秒内，{page['statements']} 条语句"
    grown = {name: times for name, times in figures["growth"].items() if times > FLAT}
    for name, times in sorted(grown.items(), key=lambda one: -one[1]):
        yield f"  {name}：处理器时间是小库的 {times} 倍"


FLAT = 1.5
"""What grows no more than so many times does not grow with the province."""
SLOWEST = 12
