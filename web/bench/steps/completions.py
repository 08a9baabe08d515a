"""Completions in process, by two processes, and the database alone."""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from engine.casework import acts, kit
from engine.casework.models import WorkItem
from engine.ground.database import create_engine, session_factory
from engine.owners.kit import KIT
from web.bench.measure import Figures, Watch, end, statements
from web.bench.world import STEPS, Driver, Factory

MOST = 60.0
"""Seconds after which a measurement ends with what it has."""


def floor(url: str, count: int, watch: Watch) -> None:
    """The database alone: durable transactions of one update and two inserts, as small as a step can be.

    They are added to `watch`.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bench_case (id INTEGER PRIMARY KEY, state TEXT)"))
        connection.execute(text("CREATE TABLE bench_item (case_id INTEGER, name TEXT)"))
        connection.execute(text("CREATE TABLE bench_log (case_id INTEGER, line TEXT)"))
        connection.execute(text("INSERT INTO bench_case VALUES (1, '')"))
    payload = "x" * 800
    raw = engine.raw_connection()
    cursor = raw.cursor()
    sqlite = engine.dialect.name == "sqlite"
    mark = "?" if sqlite else "%s"
    until = time.monotonic() + MOST
    for number in range(count):
        with watch.one():
            if sqlite:
                cursor.execute("BEGIN IMMEDIATE")
            cursor.execute(f"UPDATE bench_case SET state = {mark} WHERE id = 1", (payload + str(number),))
            cursor.execute(f"INSERT INTO bench_item VALUES (1, {mark})", ("入户核实",))
            cursor.execute(f"INSERT INTO bench_log VALUES (1, {mark})", (payload,))
            raw.commit()
        if time.monotonic() > until:
            break
    raw.close()
    with engine.begin() as connection:
        for table in ("bench_case", "bench_item", "bench_log"):
            connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()


def completions(sessions: Factory, cases: int) -> Figures:
    """User tasks finished in process, each with validation, submission, state, items, timers,
    log and commit.
    """
    driver = Driver(sessions, 1)
    watch = Watch()
    with sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            with watch.one():
                acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)

        driver.through(session, complete)  # the first fills the caches
        watch.clear()
        finished = _within(MOST, cases, lambda: driver.through(session, complete))
        figures = watch.figures()
        with statements(sessions.kw["bind"]) as every:
            figures["statements_by_step"] = _by_step(driver, session, every)
        per_step = figures["statements_by_step"].values()
        figures["statements_a_step"] = round(sum(per_step) / len(per_step), 1)
        figures["bytes_a_finished_case"] = _bytes(session, finished)
    return figures


def _by_step(driver: Driver, session: Session, every: list[str]) -> dict[str, int]:
    """How many statements each step sends."""
    sent: dict[str, int] = {}

    def complete(item: WorkItem, data: dict[str, Any]) -> None:
        step = item.element_id
        before = len(every)
        acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)
        sent[step] = len(every) - before

    driver.through(session, complete)
    return sent


def _within(seconds: float, count: int, act: Callable[[], int]) -> list[int]:
    """What the act answers `count` times, or until the time is over."""
    until = time.monotonic() + seconds
    found = [act()]
    while len(found) < count and time.monotonic() < until:
        found.append(act())
    return found


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
    if isinstance(value, str):
        return len(value.encode())
    return 8 if isinstance(value, int | float | datetime) else len(str(value))


# -- two processes ---------------------------------------------------------------------------------


def _drive(url: str, seed: int, cases: int, ready: Any, go: Any, answer: Any) -> None:
    """A worker process: takes cases through, everything included; answers cases, seconds, CPU seconds."""
    kit.use(KIT)  # a process that is begun anew knows nothing of who began it
    engine = create_engine(url)
    driver = Driver(session_factory(engine), seed)
    with driver.sessions() as session:

        def complete(item: WorkItem, data: dict[str, Any]) -> None:
            acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)

        driver.through(session, complete)
        ready.release()
        go.wait(MOST)
        begun, worked = time.perf_counter(), time.process_time()
        done = len(_within(MOST, cases, lambda: driver.through(session, complete)))
        answer.put((done, time.perf_counter() - begun, time.process_time() - worked))
    engine.dispose()


def together(url: str, processes: int, cases: int, seed: int) -> Figures:
    """Steps a second of all processes.

    A process that dies, or that has not answered in twice the time that it has, is an error; those that are
    left are ended by their numbers.
    """
    context = multiprocessing.get_context("spawn")
    ready, go, answer = context.Semaphore(0), context.Event(), context.Queue()
    workers = [
        context.Process(target=_drive, args=(url, seed + number, cases, ready, go, answer), daemon=True)
        for number in range(processes)
    ]
    until = time.monotonic() + 2 * MOST
    try:
        for worker in workers:
            worker.start()
        for _ in workers:
            _awaited(workers, until, lambda: ready.acquire(timeout=1) or None)
        go.set()
        answers = [_awaited(workers, until, lambda: _answered(answer)) for _ in workers]
    finally:
        for worker in workers:
            end(worker)
    steps = sum(done for done, _, _ in answers) * len(STEPS)
    return {
        "per_second": round(sum(done * len(STEPS) / seconds for done, seconds, _ in answers), 1),
        "cpu_ms": round(1000 * sum(cpu for _, _, cpu in answers) / steps, 2),
    }


def _answered(answer: Any) -> Any:
    try:
        return answer.get(timeout=1)
    except queue.Empty:
        return None


def _awaited(workers: list[Any], until: float, ask: Callable[[], Any]) -> Any:
    """What `ask` answers, asked again while all processes live and there is time."""
    while (found := ask()) is None:
        if any(worker.exitcode not in (None, 0) for worker in workers):
            raise RuntimeError("测量的一个进程出错退出。")
        if time.monotonic() > until:
            raise TimeoutError("测量的进程没有按时答复。")
    return found


def two_processes(url: str, cases: int) -> Figures:
    """Whole cases (clue, uploads and timers included) by one process,
    then by two at once on the same database.
    """
    alone = together(url, 1, cases, 100)
    both = together(url, 2, cases, 200)
    return {
        **both,
        "one_process_per_second": alone["per_second"],
        "speed_up": round(both["per_second"] / alone["per_second"], 2),
    }
