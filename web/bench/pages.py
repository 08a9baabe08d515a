"""The pages of supervisors on a province's data: how long each takes,
and that none of them reads all of the log.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session, sessionmaker

from engine.casework.models import Account, CaseFile, LogEntry, RoleGrant, Timer
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import passwords, sessions
from engine.casework.supervision import limits
from engine.casework.supervision.figures import tally, walls
from engine.casework.telling import notification_rules
from engine.casework.telling.notification_rules import NewRule
from engine.ground.clock import SYSTEM, MovableClock
from engine.ground.database import write
from engine.prevention.demo.populate import TOWNSHIP, populate
from web.application import create_app
from web.bench import province
from web.bench.measure import most
from web.bench.world import prepare
from web.server import database
from web.server.config import Config

PASSWORD = "Celiang-2022"
COUNTY, CITY, PROVINCE = "410325000000", "410300000000", "410000000000"
WATCHERS = {"省": PROVINCE, "市": CITY, "县": COUNTY}
"""A supervisor of each level, by what their level is called."""
PAGES = (
    ("督办", "/supervision"),
    ("督办 超期", "/supervision?lamp=red"),
    ("督办 按姓名排序", "/supervision?sort=name"),
    ("督办 查姓名", "/supervision?q=王"),
    ("督办 一个步骤", "/supervision?step=identification:verify"),
    ("督办 按步骤排序", "/supervision?sort=step"),
    ("督办 按办理单位排序", "/supervision?sort=holder"),
    ("督办 村级在办超期满7天", "/supervision?holder=village&over=7"),
    ("督办 等待期满", "/supervision?holder=nobody"),
    ("督办 刷新计数", "/supervision/counts.json"),
    ("督办单", "/supervision/orders"),
    ("统计 按周", "/statistics?grain=week"),
    ("统计 按日", "/statistics?grain=day"),
    ("统计 按月", "/statistics?grain=month"),
    ("图上 全部版本", "/statistics/diagram/identification"),
    ("图上 第1版", "/statistics/diagram/identification?version=1"),
    ("刷新计数", "/statistics/counts.json"),
    ("Excel", "/statistics/statistics.xlsx?grain=month"),
)
BELOW = (
    ("督办 一个乡", f"/supervision?division={TOWNSHIP}"),
    ("督办函", f"/supervision/letter?division={TOWNSHIP}"),
    ("督办 Excel", "/supervision/export.xlsx"),
)
"""Opened by the county's supervisor alone: its townships, and what it takes away as a file."""
ADMINISTRATION = (("外发消息", "/administration/outbox"), ("通知规则", "/administration/notifications"))
LINES_A_CASE = 15
"""Of a province's year: three million lines of 200 000 cases."""
ROBOT = "县局"

Say = Callable[[str], None]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much data, small first; how often each page is opened; how many of the demo's cases are told again,
    and how many of the late items the supervisor urges and gives an order about.
    """

    provinces: Sequence[province.Size]
    repeats: int = 20
    stories: int = 150
    orders: int = 2000


def run(url: str | None, sizes: Sizes, now: datetime, say: Say) -> Figures:
    """Every page at each size, on the empty database at `url` or on a fresh SQLite file;
    what filling and counting took.

    Raises Conflict if the database is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as folder:
        target = url or f"sqlite:///{Path(folder) / 'pages.sqlite'}"
        say("建库")
        sessions = prepare(target)
        populate(sessions, now, cases=sizes.stories)
        watchers(sessions, now)
        found: Figures = {"database": target.partition(":")[0], "sizes": []}
        for size in sizes.provinces:
            say(f"填充到 {size.cases} 件、{size.lines} 条记录")
            found["sizes"].append(_size(sessions, target, size, MovableClock(at=now), sizes))
        first, last = found["sizes"][0]["pages"], found["sizes"][-1]["pages"]
        found["growth"] = {name: round(last[name]["p95_ms"] / first[name]["p95_ms"], 2) for name in last}
        found["worst_p95_ms"] = max(page["p95_ms"] for page in last.values())
        return found


def tiny() -> Sizes:
    """A township's years: enough to see that every page opens and that none of them reads the whole log."""
    of = province.Size
    return Sizes((of(200, 3000), of(500, 7500)), repeats=1, stories=12, orders=20)


def sized(cases: int) -> Sizes:
    """A tenth of `cases`, then `cases`, with as many lines of the log for each as a province's year has."""
    of = province.Size
    return Sizes(tuple(of(many, many * LINES_A_CASE) for many in (max(cases // 10, 100), cases)))


def _size(
    sessions: sessionmaker[Session], url: str, size: province.Size, clock: MovableClock, how: Sizes
) -> Figures:
    """Fill up to `size`, let the product fire what is due and the supervisor act, count,
    and open the pages.
    """
    begun = time.perf_counter()
    with sessions() as session:
        cases, lines = _present(session)
        left = province.Size(max(0, size.cases - cases), max(0, size.lines - lines))
        province.fill(session, left, clock.now())
    filled = time.perf_counter()
    fired = province.pass_time(sessions, clock.now())
    passed = time.perf_counter()
    with sessions() as session:
        province.supervise(session, watcher(session, PROVINCE), how.orders, clock.now())
    acted = time.perf_counter()
    tally.rebuild(sessions, clock)
    counted = time.perf_counter()
    pages, scans = open_pages(create_app(config_of(url), fixed_clock=clock), sessions, clock, how.repeats)
    with sessions() as session:
        cases, lines = _present(session)
        standing = session.scalar(select(func.count()).select_from(Timer).where(limits.STANDING)) or 0
    return {
        "cases": cases,
        "lines": lines,
        "fill_s": round(filled - begun, 1),
        "fired": fired,
        "fire_s": round(passed - filled, 1),
        "act_s": round(acted - passed, 1),
        "count_s": round(counted - acted, 1),
        "standing": standing,
        "pages": pages,
        "full_scans_of_the_log": len(scans),
    }


def _present(session: Session) -> tuple[int, int]:
    """How many cases and lines there are."""
    counts = [session.scalar(select(func.count()).select_from(model)) or 0 for model in (CaseFile, LogEntry)]
    return counts[0], counts[1]


def config_of(url: str) -> Config:
    """A server of the bench on the database at `url`."""
    return Config.read(
        environ={}, database_url=url, secret_key="bench", demo=False, scheduler=False, secure_cookies=False
    )


def watchers(sessions: sessionmaker[Session], now: datetime) -> None:
    """A supervisor of each level, and a rule that tells the outside of what is late."""
    password = passwords.hash_password(PASSWORD)
    with sessions() as session, write(session):
        for number, code in enumerate(WATCHERS.values()):
            account = accounts.create(session, f"ducha{number}", "督查", password, now)
            accounts.grant(session, account, access.SUPERVISOR, code)
    with sessions() as session:
        rule = NewRule(
            "overdue", "county", "webhook", target=ROBOT
        )  # so that something waits to leave the system
        notification_rules.add(session, _named(session, "liucheng"), rule, robots=[ROBOT], now=now)


def open_pages(
    app: Flask, sessions: sessionmaker[Session], clock: MovableClock, repeats: int
) -> tuple[dict[str, Figures], list[str]]:
    """Median and p95 of every page for every watcher, and the statements that would read all of the log."""
    pages: dict[str, Figures] = {}
    scans: list[str] = []
    with app.app_context():
        from web.server.database import db

        database = db.engine
    for name, account, path in _visits(sessions, clock.now()):
        client = signed_in(app, account)
        with _statements(database) as seen:
            _open(client, path)
        scans += [statement for statement in _scanning(database, seen) if statement not in scans]
        pages[name] = _timed(client, path, repeats)
    return pages, scans


def _visits(sessions: sessionmaker[Session], now: datetime) -> Iterator[tuple[str, Account, str]]:
    """What is opened, by whom: its name, the account, the address."""
    with sessions() as session:
        for level, code in WATCHERS.items():
            account = watcher(session, code)
            token = walls.create(session, account, "", "大厅", now)
            for name, path in (*PAGES, ("大屏", f"/wall/{token}"), *(BELOW if code == COUNTY else ())):
                yield f"{level} {name}", account, path
        administrator = _named(session, "xitong")
        for name, path in ADMINISTRATION:
            yield name, administrator, path


def _named(session: Session, username: str) -> Account:
    return session.scalars(select(Account).where(Account.username == username)).one()


def watcher(session: Session, code: str) -> Account:
    """The supervisor of a division."""
    query = (
        select(Account)
        .join(RoleGrant)
        .where(RoleGrant.division_code == code, RoleGrant.role == access.SUPERVISOR)
    )
    return session.scalars(query.order_by(Account.id).limit(1)).one()


def signed_in(app: Flask, account: Account) -> FlaskClient:
    """A client with the account's session."""
    client = app.test_client()
    now = SYSTEM.now()
    with database.sessions(app)() as session:
        key = sessions.begin(session, account, "127.0.0.1", "电脑", now)
    with client.session_transaction() as cookie:
        cookie["account"], cookie["key"] = account.id, key
    return client


def _open(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")


def _timed(client: FlaskClient, path: str, repeats: int) -> Figures:
    seconds, busy = [], []
    for _ in range(repeats):
        begun, worked = time.perf_counter(), time.process_time()
        _open(client, path)
        seconds.append(time.perf_counter() - begun)
        busy.append(time.process_time() - worked)
    found = {
        "median_ms": statistics.median(seconds),
        "p95_ms": most(seconds),
        "cpu_ms": statistics.median(busy),
    }
    return {name: round(value * 1000, 1) for name, value in found.items()}


@contextmanager
def _statements(database: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are run meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if not many and statement.lstrip().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(database, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database, "before_cursor_execute", note)


def _scanning(database: Engine, seen: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """Those of `seen` whose plan reads the log from end to end."""
    sqlite = database.dialect.name == "sqlite"
    with database.connect() as connection:
        for statement, parameters in seen:
            if "log_entry" in statement:
                explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
                plan = [str(row) for row in connection.exec_driver_sql(explain + statement, parameters)]
                limited = "LIMIT" in statement  # the newest lines, from the end of the key
                if (
                    any("SCAN log_entry" in row or "Seq Scan on log_entry" in row for row in plan)
                    and not limited
                ):
                    yield statement


def report(found: Mapping[str, Any]) -> Iterator[str]:
    """The figures as lines for people."""
    for size in found["sizes"]:
        yield (
            f"督查页面，全库 {size['cases']} 件、{size['lines']} 条办理记录、{size['standing']} 条正在计时的时限"
            f"（填充 {size['fill_s']} 秒，触发到期的 {size['fired']} 个定时 {size['fire_s']} 秒，催办和督办单 {size['act_s']} "
            f"秒，汇总 {size['count_s']} 秒），"
            f"通读日志的查询 {size['full_scans_of_the_log']} 条："
        )
        for name, page in size["pages"].items():
            yield f"  {name}：中位 {page['median_ms']} 毫秒，95% 在 {page['p95_ms']} 毫秒内，本进程用 {page['cpu_ms']} 毫秒"
    yield f"最慢的一页 95% 在 {found['worst_p95_ms']} 毫秒内"
