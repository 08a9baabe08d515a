"""The inbox page among many open items."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, text

from engine.casework.models import CaseFile, WorkItem
from engine.ground.clock import MovableClock
from engine.ground.database import write
from engine.ground.tables import table
from web.bench.measure import rate
from web.bench.world import PASSWORD, QUEUES, START, Factory, Figures

WAITING = (
    ("review", "乡级审核"),
    ("submit_batch", "统一报送比对"),
    ("announce", "结果公告"),
    ("register", "录入建档"),
)
"""The township's steps among which the inbox's items are spread."""


def inbox_page(url: str, sessions: Factory, count: int, repeats: int) -> Figures:
    """The inbox page, rendered, of a typical and of a busy official (`QUEUES`) among `count` open items."""
    from web.application import create_app
    from web.server.config import Config

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
    found = rate(seconds)
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
