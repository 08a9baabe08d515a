"""Completions in process, by two processes, and the database alone."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, event, text
from sqlalchemy.orm import Session

from engine.casework import acts, kit
from engine.casework.models import WorkItem
from engine.ground.database import create_engine, session_factory
from engine.owners.kit import KIT
from web.bench.world import STEPS, Driver, Factory, Figures, rate


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
        figures = rate(seconds)
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
    kit.use(KIT)  # a process that is begun anew knows nothing of who began it
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
        while not ready.acquire(timeout=5):
            if not all(worker.is_alive() for worker in workers):
                raise RuntimeError("a process of the bench has died")
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
