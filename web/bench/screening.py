"""A campaign's rows: how many come in a second, whether the inbox slows beside them, how long coverage takes.

The load is that of a province's worst hour, 53 rows a second (domain 4.1), on one county's tables.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, Division
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import passwords
from engine.ground.clock import MovableClock
from engine.ground.database import write
from engine.ground.tables import table
from engine.prevention.campaign import campaigns, coverage
from engine.prevention.models import Campaign, Household, Screening
from engine.prevention.screening import lists, rows
from web.bench.inbox import inbox_page
from web.bench.measure import rate
from web.bench.world import COUNTY, PASSWORD, START, Factory, Figures, prepare

FIRST = 0.05
"""The part of the first portion that opens cases."""
PEAK = 53
"""Rows a second at the peak of nineteen million households in a month (domain 4.1)."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    rows: int = 1_000_000
    portion: int = 200
    flagged: float = 0.002
    """The part that opens a case while filling; a case costs as it always does (`bench`, completions)."""
    open_items: int = 20_000
    repeats: int = 100
    beside: float = 60
    """Seconds at the peak's rate beside the inbox."""


def tiny() -> Sizes:
    """Only whether everything runs."""
    return Sizes(rows=600, open_items=200, repeats=3, beside=2)


def run(url: str | None, sizes: Sizes, say: Callable[[str], None] = lambda text: None) -> Figures:
    """All measurements on the empty database at `url`, or on a fresh SQLite file."""
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        target = url or f"sqlite:///{Path(folder) / 'bench.sqlite'}"
        say("建库")
        sessions = prepare(target)
        clock = MovableClock(at=START + timedelta(days=10))
        with sessions() as session:
            say(f"{sizes.rows} 户")
            ids, campaign = _begin(session, sizes.rows, clock)
        figures: Figures = {"database": target.partition(":")[0], "portion": sizes.portion}
        feed = _Feed(sessions, campaign, ids, clock, FIRST)
        feed.send(sizes.portion)  # the first cases, from which the inbox is filled
        feed.flagged = sizes.flagged
        say("待办，没有填报时")
        quiet = inbox_page(target, sessions, sizes.open_items, sizes.repeats)
        say("逐批填报")
        figures["rows"] = _fill(feed, sizes, say)
        say("待办，一百万行之后" if sizes.rows >= 1_000_000 else "待办，填报之后")
        figures["inbox"] = {
            "quiet": quiet,
            "after": inbox_page(target, sessions, sizes.open_items, sizes.repeats),
            "beside": _beside(target, sessions, feed, sizes),
        }
        figures["beside_rows_per_second"] = feed.rate
        say("进度")
        with sessions() as session:
            figures["coverage"] = _coverage(session, campaign, clock, sizes.repeats)
        return figures


# -- what there is ---------------------------------------------------------------------------------


def _begin(session: Session, count: int, clock: MovableClock) -> tuple[list[int], int]:
    """The households of a county's villages, and its campaign; an official who enters for all villages."""
    villages = session.execute(
        select(Division.id, Division.code).where(
            Division.level == "village", Division.code.startswith(COUNTY[:6])
        )
    ).all()
    now = clock.now()
    with write(session):
        password = passwords.hash_password(PASSWORD)
        for name, role in (("enters", "village_official"), ("opens", "county_approver")):
            accounts.grant(session, accounts.create(session, name, name, password, now), role, COUNTY)
    each = -(-count // len(villages))
    for first in range(0, count, 5000):
        numbers = range(first, min(first + 5000, count))
        with write(session):
            made = [_household(number, villages[number // each], now) for number in numbers]
            session.execute(insert(table(Household)), made)
    opens = session.scalars(select(Account).where(Account.username == "opens")).unique().one()
    dates = date(2022, 5, 1), date(2022, 5, 31)
    campaign = campaigns.begin(session, opens, COUNTY, "集中排查", *dates, clock=clock)
    ids = list(session.scalars(select(Household.id).order_by(Household.id).limit(count)))
    return ids, campaign.id


def _household(number: int, place: Any, now: Any) -> dict[str, Any]:
    return {
        "number": f"B{number:09d}",
        "division_id": place.id,
        "village_code": place.code,
        "head_name": f"户主{number}",
        "group_name": f"{number % 9 + 1}组",
        "address": f"{number}号",
        "updated_at": now,
        "key_groups": [],
        "risks": [],
    }


# -- rows ------------------------------------------------------------------------------------------


class _Feed:
    """Rows of households that nobody has entered yet, one after another."""

    def __init__(
        self, sessions: Factory, campaign: int, ids: Sequence[int], clock: MovableClock, flagged: float
    ) -> None:
        self.sessions, self.campaign, self.clock = sessions, campaign, clock
        self.ids, self.next, self.chance, self.flagged = ids, 0, random.Random(7), flagged
        self.rate = 0.0
        with sessions() as session:
            self.actor = session.scalars(select(Account).where(Account.username == "enters")).unique().one()

    def send(self, count: int) -> int:
        """One portion; how many rows came in."""
        ids = self.ids[self.next : self.next + count]
        self.next += len(ids)
        entries = [self._entry(one) for one in ids]
        with self.sessions() as session:
            found = rows.record(session, self.actor, self.campaign, entries, clock=self.clock)
        return sum(one.kind == rows.RECORDED for one in found)

    def _entry(self, household_id: int) -> rows.Entry:
        below = self.chance.random() < self.flagged
        data = {
            "result": "done",
            "manner": "home",
            "visited_on": "2022-05-14",
            "household_size": 3,
            "assured": "yes",
            "above_line": "no" if below else "yes",
            "in_group": "no",
            "declares": "no",
            "policy_explained": True,
            "collected_by": "调查员甲",
            "partner": "调查员乙",
        }
        uuid = str(UUID(int=self.chance.getrandbits(128), version=4))
        return rows.Entry(uuid=uuid, household_id=household_id, data=data, source=rows.WORKBOOK)

    def at_peak(self, seconds: float) -> None:
        """The worst hour's rate for a while: portions of ten, as telephones and workbooks send."""
        begun, sent = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            sent += self.send(10)
            left = sent / PEAK - (time.perf_counter() - begun)
            time.sleep(max(0.0, left))
        self.rate = round(sent / (time.perf_counter() - begun), 1)


def _fill(feed: _Feed, sizes: Sizes, say: Callable[[str], None]) -> Figures:
    """All but what is kept for the peak beside the inbox."""
    kept = int(sizes.beside * PEAK * 2)
    wanted = max(sizes.portion * 2, sizes.rows - kept)
    begun, seconds, done = time.perf_counter(), [], 0
    while feed.next < wanted:
        at = time.perf_counter()
        done += feed.send(sizes.portion)
        seconds.append(time.perf_counter() - at)
        if len(seconds) % 500 == 0:
            say(f"{feed.next} 行，{feed.next / (time.perf_counter() - begun):.0f} 行/秒")
    elapsed = time.perf_counter() - begun
    first, last = seconds[: len(seconds) // 10 or 1], seconds[-(len(seconds) // 10 or 1) :]
    return {
        "rows": done,
        "seconds": round(elapsed, 1),
        "rows_per_second": round(done / elapsed, 1),
        "first_tenth": round(sizes.portion * len(first) / sum(first), 1),
        "last_tenth": round(sizes.portion * len(last) / sum(last), 1),
        "portion": rate(seconds),
    }


def _beside(target: str, sessions: Factory, feed: _Feed, sizes: Sizes) -> Figures:
    """The inbox while rows come in at the peak's rate, in the same process."""
    writer = threading.Thread(target=feed.at_peak, args=(sizes.beside,))
    writer.start()
    found: Figures = {}
    while writer.is_alive():
        found = inbox_page(target, sessions, sizes.open_items, sizes.repeats)
    writer.join()
    return found


# -- coverage --------------------------------------------------------------------------------------


def _coverage(session: Session, campaign_id: int, clock: MovableClock, repeats: int) -> Figures:
    """The county, a township and a village's list, as the engine answers them."""
    official = session.scalars(select(Account).where(Account.username == "opens")).unique().one()
    campaign = session.get_one(Campaign, campaign_id)
    village = session.scalars(select(Screening.village_code).limit(1)).one()
    township = access.ancestor(village, "township")
    now = clock.now()
    acts: dict[str, Callable[[], object]] = {
        "county": lambda: coverage.of(session, official, campaign, "", now),
        "township": lambda: coverage.of(session, official, campaign, township, now),
        "list": lambda: lists.listing(session, official, campaign_id, village, "done"),
        "telephone": lambda: lists.village_list(session, official, campaign_id, village, now),
    }
    rows_there = session.scalar(select(func.count()).select_from(Screening))
    return {"rows": rows_there, **{name: _timed(act, repeats) for name, act in acts.items()}}


def _timed(act: Callable[[], object], repeats: int) -> Figures:
    act()
    seconds = []
    for _ in range(max(3, repeats // 10)):
        begun = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begun)
    found = rate(seconds)
    return {"median_ms": found["median_ms"], "p95_ms": found["p95_ms"]}


def report(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures in sentences."""
    told, inbox, seen = figures["rows"], figures["inbox"], figures["coverage"]
    yield f"{told['rows']} 行，{told['seconds']} 秒，每秒 {told['rows_per_second']} 行"
    yield f"最初十分之一每秒 {told['first_tenth']} 行，最后十分之一 {told['last_tenth']} 行"
    for name, words in (("quiet", "填报之前"), ("after", "填报之后"), ("beside", "同时填报")):
        times = inbox[name]
        yield f"待办 {words}：一般 {times['typical']['p95_ms']} 毫秒，繁忙 {times['busy']['p95_ms']} 毫秒（95%）"
    yield f"同时填报每秒 {figures['beside_rows_per_second']} 行"
    for name, words in (
        ("county", "县"),
        ("township", "乡镇"),
        ("list", "村名单"),
        ("telephone", "带到手机"),
    ):
        yield f"{words}：{seen[name]['median_ms']} 毫秒，95% {seen[name]['p95_ms']} 毫秒"
