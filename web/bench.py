"""`shouwang bench`: what the system does in a second,
beside the raw floor of the same database in the same run.

Everything is the real thing: the identification procedure with its real forms, services, decisions and log,
on an empty database that the bench fills itself. Figures of a shared machine wobble; the ratios to the floor
of the same run do not.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, event, func, insert, inspect, select, text
from sqlalchemy.orm import Session, sessionmaker

from engine.casework import acts
from engine.casework.acts import attachments
from engine.casework.desk import views
from engine.casework.identity import passwords
from engine.casework.models import Account, CaseFile, WorkItem
from engine.casework.organisation import accounts
from engine.casework.time import timers
from engine.ground.clock import CHINA, MovableClock, local_date
from engine.ground.database import create_engine, session_factory, write
from engine.ground.errors import Conflict, ShouwangError
from engine.ground.tables import table
from engine.migrations import schema
from engine.prevention import installation
from engine.prevention.demo.answers import ANSWERS, Scene
from engine.prevention.demo.driving import picture
from engine.prevention.demo.people import Family, family
from engine.prevention.identification import clues
from web import bench_replay

VILLAGE, TOWNSHIP, COUNTY = "410325103202", "410325103000", "410325000000"
START = datetime(2022, 5, 5, 9, tzinfo=CHINA)
PASSWORD = "Celiang-2022"
TYPICAL, BUSY = "410325101000", "410325102000"
OFFICIALS = (
    ("village", "village_official", VILLAGE),
    ("township", "township_reviewer", TOWNSHIP),
    ("county", "county_approver", COUNTY),
    ("matching", "county_approver", COUNTY),
    ("typical", "township_reviewer", TYPICAL),
    ("busy", "township_reviewer", BUSY),
)
QUEUES = {"typical": (TYPICAL, 500), "busy": (BUSY, 5000)}
"""How many open items the two officials have whose inbox is measured, however many lie around theirs."""
STEPS = (
    "verify",
    "sign",
    "submit_batch",
    "run_matching",
    "appraise",
    "post_notice",
    "end_notice",
    "review",
    "approve",
    "announce",
    "register",
)
"""The user tasks of the plain way through the identification, in order."""

WAITING = (
    ("review", "乡级审核"),
    ("submit_batch", "统一报送比对"),
    ("announce", "结果公告"),
    ("register", "录入建档"),
)
"""The township's steps among which the inbox's items are spread."""

Say = Callable[[str], None]
Factory = sessionmaker[Session]
Figures = dict[str, Any]


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


class Steady(random.Random):
    """A source of answers that never takes the rare turn: every case goes the plain way."""

    def random(self) -> float:
        """Always the middle."""
        return 0.5


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
        figures["replay"] = bench_replay.measure(sessions)
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


def prepare(url: str) -> Factory:
    """Install the product into the empty database and add an official for each queue of one village."""
    engine = create_engine(url)
    if inspect(engine).get_table_names():
        raise Conflict("测量须用空数据库，请另建一个。")
    schema.upgrade(engine)
    sessions = session_factory(engine)
    with sessions() as session:
        installation.install(session, START)
        password = passwords.hash_password(PASSWORD)
        with write(session):
            for username, role, division in OFFICIALS:
                accounts.grant(
                    session, accounts.create(session, username, username, password, START), role, division
                )
    return sessions


class Driver:
    """Takes cases through the procedure, one step after the other, as its officials would."""

    def __init__(self, sessions: Factory, seed: int) -> None:
        self.sessions, self.random = sessions, Steady(seed)
        self.numbers = random.Random(seed)
        self.clock = MovableClock(at=START)
        with sessions() as session:
            self.people = {a.username: a for a in session.scalars(select(Account)).unique() if a.grants}

    def enter(self, session: Session) -> tuple[int, Family]:
        """A clue about a new household; answers the case."""
        one = family(self.numbers, START.date())
        data = {
            **one.__dict__,
            "village_code": VILLAGE,
            "channel": "cadre_check",
            "discovered_on": START.date().isoformat(),
            "finder": "网格员",
            "description": "支出骤增",
            "head_name": one.head_name,
        }
        entered = clues.enter(session, self.people["village"], data, clock=self.clock, confirmed_new=True)
        assert entered.case is not None
        return entered.case.id, one

    def item(self, session: Session, case_id: int, element_id: str) -> WorkItem:
        """The case's open item; lets the notice run out when the step waits for that."""
        if element_id == "end_notice":
            self.clock.set(START + timedelta(days=6))
            timers.fire_due(self.sessions, self.clock)
        query = select(WorkItem).where(
            WorkItem.case_id == case_id, WorkItem.element_id == element_id, WorkItem.status == "open"
        )
        found = session.scalars(query).one()
        session.commit()
        return found

    def actor(self, item: WorkItem) -> Account:
        """Who does the item; matching and approval are two people's (R12)."""
        return self.people["matching" if item.element_id == "run_matching" else item.queue]

    def answer(self, session: Session, item: WorkItem, one: Family) -> dict[str, Any]:
        """What the official fills in, with its files uploaded."""
        actor = self.actor(item)

        def upload(field: str) -> str:
            stored = attachments.store(
                session, actor, item.id, field, "photo.png", picture(field), self.clock.now()
            )
            return str(stored.id)

        def filled() -> Mapping[str, Any]:
            return views.task_view(session, actor, item.id, self.clock.now()).values

        scene = Scene(self.random, one, local_date(self.clock.now()), upload, filled)
        return ANSWERS[item.form_key](scene)

    def through(
        self, session: Session, complete: Callable[[WorkItem, dict[str, Any]], None], *, before: str = ""
    ) -> int:
        """One case from the clue to the register, or to the step `before`, by `complete`;
        answers the case.
        """
        self.clock.set(START)
        case_id, one = self.enter(session)
        for element_id in STEPS[: STEPS.index(before) if before else None]:
            item = self.item(session, case_id, element_id)
            data = self.answer(session, item, one)
            session.commit()
            complete(item, data)
        return case_id


def _rate(seconds: list[float]) -> Figures:
    ordered = sorted(seconds)
    return {
        "per_second": round(len(seconds) / sum(seconds), 1),
        "median_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 2),
        "count": len(seconds),
    }


# -- the floor -------------------------------------------------------------------------------------


def floor(url: str, count: int) -> Figures:
    """The database alone: durable transactions of one update and two inserts, as small as a step can be."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bench_case (id INTEGER PRIMARY KEY, state TEXT)"))
        connection.execute(text("CREATE TABLE bench_item (case_id INTEGER, name TEXT)"))
        connection.execute(text("CREATE TABLE bench_log (case_id INTEGER, line TEXT)"))
        connection.execute(text("INSERT INTO bench_case VALUES (1, '')"))
    payload = "x" * 800
    raw = engine.raw_connection()
    cursor = raw.cursor()
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    begun = time.perf_counter()
    for number in range(count):
        if engine.dialect.name == "sqlite":
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(f"UPDATE bench_case SET state = {mark} WHERE id = 1", (payload + str(number),))
        cursor.execute(f"INSERT INTO bench_item VALUES (1, {mark})", ("入户核实",))
        cursor.execute(f"INSERT INTO bench_log VALUES (1, {mark})", (payload,))
        raw.commit()
    seconds = time.perf_counter() - begun
    raw.close()
    with engine.begin() as connection:
        for table in ("bench_case", "bench_item", "bench_log"):
            connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()
    return {"transactions_per_second": round(count / seconds, 1), "rows": 3}


# -- completions -----------------------------------------------------------------------------------


def completions(url: str, sessions: Factory, cases: int) -> Figures:
    """User tasks finished in process, each with validation, submission, state, items, timers,
    log and commit.
    """
    driver = Driver(sessions, 1)
    seconds: list[float] = []
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            begun = time.perf_counter()
            acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)
            seconds.append(time.perf_counter() - begun)

        driver.through(session, complete)  # the first fills the caches
        seconds.clear()
        with _counting(sessions) as statements:
            finished = [driver.through(session, complete) for _ in range(cases)]
        figures = _rate(seconds)
        figures["bytes_per_finished_case"] = _bytes(session, finished)
        figures["statements_per_case"] = round(statements[0] / cases)
    return figures


@contextmanager
def _counting(sessions: Factory) -> Iterator[list[int]]:
    engine = sessions.kw["bind"]
    seen = [0]

    def count(*_: object) -> None:
        seen[0] += 1

    event.listen(engine, "before_cursor_execute", count)
    yield seen
    event.remove(engine, "before_cursor_execute", count)


def _bytes(session: Session, cases: list[int]) -> int:
    """Stored bytes of a finished case: its row, state, items, timers and log; forms and files excluded."""
    total = 0
    wanted = {"case_file": "id", "work_item": "case_id", "timer": "case_id", "log_entry": "stream"}
    for name, key in wanted.items():
        owners = [f"case:{case}" for case in cases] if key == "stream" else cases
        query = text(f"SELECT * FROM {name} WHERE {key} IN :owners").bindparams(
            bindparam("owners", owners, expanding=True)
        )
        total += sum(_size(value) for row in session.execute(query) for value in row)
    session.commit()
    return round(total / len(cases))


def _size(value: object) -> int:
    if value is None:
        return 0
    if isinstance(value, bytes):
        return len(value)
    return (
        len(value.encode())
        if isinstance(value, str)
        else 8
        if isinstance(value, int | float | datetime)
        else len(str(value))
    )


def _drive(url: str, seed: int, cases: int, ready: Any, go: Any, answer: Any) -> None:
    """A worker process: takes cases through, everything included."""
    engine = create_engine(url)
    driver = Driver(session_factory(engine), seed)
    with driver.sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)

        driver.through(session, complete)
        ready.release()
        go.wait()
        begun = time.perf_counter()
        for _ in range(cases):
            driver.through(session, complete)
        answer.put(cases * len(STEPS) / (time.perf_counter() - begun))
    engine.dispose()


def _together(url: str, processes: int, cases: int, seed: int) -> float:
    context = multiprocessing.get_context("spawn")
    ready, go, answer = context.Semaphore(0), context.Event(), context.Queue()
    workers = [
        context.Process(target=_drive, args=(url, seed + number, cases, ready, go, answer))
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    go.set()
    total = sum(answer.get(timeout=600) for _ in workers)
    for worker in workers:
        worker.join()
    return float(total)


def two_processes(url: str, cases: int) -> Figures:
    """Whole cases (clue, uploads and timers included) by one process,
    then by two at once on the same database.
    """
    alone = _together(url, 1, cases, 100)
    both = _together(url, 2, cases, 200)
    return {"per_second": round(both, 1), "one_process_per_second": round(alone, 1)}


# -- over HTTP -------------------------------------------------------------------------------------


def _serve(url: str, port: int, at: datetime, later: Any) -> None:
    """A server process; `later` tells it to move its clock past the notice."""
    import threading

    from waitress.server import create_server

    from web.application import create_app
    from web.config import Config

    clock = MovableClock(at=at)
    config = Config.read(
        environ={}, database_url=url, secret_key="bench", demo=False, scheduler=False, secure_cookies=False
    )
    server = create_server(create_app(config, fixed_clock=clock), host="127.0.0.1", port=port, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    while (moment := later.get()) is not None:
        clock.set(moment)


def over_http(url: str, sessions: Factory, cases: int) -> Figures:
    """The same completions through the REST API of one server process, one request after the other."""
    context = multiprocessing.get_context("spawn")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    later = context.Queue()
    server = context.Process(target=_serve, args=(url, port, START, later))
    server.start()
    try:
        connection = _connect(port)
        tokens = {name: _token(connection, name) for name, _, _ in OFFICIALS}
        driver = Driver(sessions, 2)
        seconds: list[float] = []
        with sessions() as session:

            def complete(item: WorkItem, data: dict[str, Any]) -> None:
                if item.element_id in ("verify", "end_notice"):
                    later.put(driver.clock.now())
                    time.sleep(0.02)
                body = json.dumps({"data": data}).encode()
                headers = {
                    "Authorization": f"Bearer {tokens[driver.actor(item).username]}",
                    "Content-Type": "application/json",
                }
                begun = time.perf_counter()
                connection.request("POST", f"/api/v1/tasks/{item.id}/complete", body, headers)
                answer = connection.getresponse()
                said = answer.read()
                seconds.append(time.perf_counter() - begun)
                if answer.status != 200:
                    raise RuntimeError(said.decode())
                session.expire_all()  # the server has moved the case

            driver.through(session, complete)
            seconds.clear()
            for _ in range(cases):
                driver.through(session, complete)
        return _rate(seconds)
    finally:
        later.put(None)
        server.join(timeout=10)
        if server.is_alive():
            server.terminate()


def _connect(port: int) -> http.client.HTTPConnection:
    for _ in range(200):
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.connect()
            return connection
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _token(connection: http.client.HTTPConnection, username: str) -> str:
    body = json.dumps({"username": username, "password": PASSWORD})
    connection.request("POST", "/api/v1/tokens", body, {"Content-Type": "application/json"})
    return str(json.loads(connection.getresponse().read())["token"])


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


def inbox_page(url: str, sessions: Factory, count: int, repeats: int) -> Figures:
    """The inbox page, rendered, of a typical and of a busy official (`QUEUES`) among `count` open items."""
    from web.application import create_app
    from web.config import Config

    _fill(sessions, count)
    config = Config.read(
        environ={}, database_url=url, secret_key="bench", demo=False, scheduler=False, secure_cookies=False
    )
    app = create_app(config, fixed_clock=MovableClock(at=START + timedelta(days=30)))
    found: Figures = {"open_items": count}
    for username in QUEUES:
        client = app.test_client()
        page = client.get("/login").text
        csrf = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        client.post("/login", data={"username": username, "password": PASSWORD, "csrf_token": csrf})
        found[username] = _timed(repeats, lambda client=client: _open(client))  # type: ignore[misc]
    return found


def _open(client: Any) -> None:
    if client.get("/todo").status_code != 200:
        raise RuntimeError("the inbox did not open")


def _timed(repeats: int, act: Callable[[], None]) -> Figures:
    act()
    seconds = []
    for _ in range(repeats):
        begun = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begun)
    found = _rate(seconds)
    return {"median_ms": found["median_ms"], "p95_ms": found["p95_ms"]}


def _fill(sessions: Factory, wanted: int) -> None:
    """Open items in a thousand townships until there are `wanted`,
    the measured officials' queues among them.
    """
    with sessions() as session:
        present = (
            session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.status == "open")) or 0
        )
        case = session.scalars(select(CaseFile).limit(1)).one()
        chance = random.Random(present)
        queues = [] if present >= _theirs() else [code for code, size in QUEUES.values() for _ in range(size)]
        for start in range(present, wanted, 5000):
            numbers = range(start, min(start + 5000, wanted))
            rows = [
                _open_item(case, number, queues.pop() if queues else _elsewhere(chance), chance)
                for number in numbers
            ]
            with write(session):
                session.execute(insert(table(WorkItem)), rows)
    _tidy(sessions)


def _theirs() -> int:
    return sum(size for _, size in QUEUES.values())


def _elsewhere(chance: random.Random) -> str:
    return f"41{chance.randrange(4, 18):02d}{chance.randrange(1, 30):02d}{chance.randrange(100, 120)}000"


def _open_item(case: CaseFile, number: int, division: str, chance: random.Random) -> dict[str, Any]:
    element_id, name = chance.choice(WAITING)
    due = START + timedelta(days=chance.randrange(20, 60), minutes=chance.randrange(1440))
    return {
        "case_id": case.id,
        "token": f"t{number}",
        "procedure_key": "identification",
        "element_id": element_id,
        "name": name,
        "subject": f"{case.subject}{number}",
        "village_code": division[:9] + "201",
        "queue": "township",
        "division_code": division,
        "form_key": "township_review",
        "due_at": due,
        "opened_at": START,
    }


def _tidy(sessions: Factory) -> None:
    """What PostgreSQL's autovacuum does by itself in the minute after so many new rows;
    SQLite needs nothing.
    """
    engine = sessions.kw["bind"]
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE work_item"))


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
    yield bench_replay.words(figures["replay"])
    bulk_ = figures["bulk"]
    yield f"批量办结 {bulk_['cases']} 件：{bulk_['seconds']} 秒，合每千件 {bulk_['seconds_per_1000']} 秒"
    for page in figures["inbox"]:
        for who, (_, size) in QUEUES.items():
            one = page[who]
            yield (
                f"待办页，全库 {page['open_items']} 件、本人 {size} 件："
                f"中位 {one['median_ms']} 毫秒，95% 在 {one['p95_ms']} 毫秒内"
            )
