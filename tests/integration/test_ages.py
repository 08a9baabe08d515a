"""Nothing that a step asks grows with what lies behind: not with the cases that its officials have finished,
nor with those of its village.

What SQLite does for each statement is counted in instructions of its machine: the same on every computer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.acts import separation
from engine.casework.desk import inbox, views
from engine.casework.models import WorkItem
from engine.ground.database import create_engine, session_factory
from engine.ground.paging import PAGE
from web.bench.world import Driver, add_officials

GRAIN = 10
"""Instructions between two counts."""
BEHIND = 40
"""Cases that the same officials take through the same village's procedure before it is counted again."""
WAVERS = 100
"""Instructions by which two cases differ: one more member, another page of an index."""

_CAPPED = re.compile(r"SELECT count\(\*\).*\bLIMIT \?", re.DOTALL)
"""A list is counted up to a number (`engine.ground.paging.COUNT_CAP`)."""

Weights = dict[str, int]


def test_no_statement_of_a_step_grows_with_the_cases_behind_it(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    sessions = session_factory(engine)
    add_officials(sessions)
    with sessions() as session, _weighed(engine) as weights:
        _go_through(Driver(sessions, 1), session, PAGE)
        few = _steps(Driver(sessions, 2), session, weights)
        _go_through(Driver(sessions, 3), session, BEHIND)
        many = _steps(Driver(sessions, 4), session, weights)
    assert len(few) > 60  # each kind of step was weighed
    both = {sql for sql in few.keys() & many.keys() if not _CAPPED.match(sql)}
    grown = {sql: (few[sql], many[sql]) for sql in both if many[sql] > 1.3 * few[sql] + WAVERS}
    assert grown == {}


def _go_through(driver: Driver, session: Session, cases: int) -> None:
    for _ in range(cases):
        driver.through(session, lambda item, data: _complete(driver, session, item, data))


def _steps(driver: Driver, session: Session, weights: Weights) -> Weights:
    """The most that each statement of a few cases' steps, and of the pages before each, takes."""
    found: Weights = {}

    def complete(item: WorkItem, data: dict[str, Any]) -> None:
        weights.clear()
        separation.obstacles(session, driver.actor(item), [item])
        views.task_view(session, driver.actor(item), item.id, driver.clock.now())
        views.case_view(session, driver.actor(item), item.case_id)
        for own in (inbox.bell, inbox.done, inbox.started):
            own(session, driver.actor(item))
        session.commit()
        _complete(driver, session, item, data)
        for sql, weight in weights.items():
            found[sql] = max(weight, found.get(sql, 0))

    for _ in range(3):
        driver.through(session, complete)
    return found


def _complete(driver: Driver, session: Session, item: WorkItem, data: dict[str, Any]) -> None:
    acts.complete(session, driver.actor(item), item.id, data, clock=driver.clock)


@contextmanager
def _weighed(engine: Engine) -> Iterator[Weights]:
    """The instructions that each statement has taken, however often it was asked, by its words."""
    weights: Weights = {}
    now = [""]
    watched: set[Any] = set()

    def count() -> int:
        weights[now[0]] = weights.get(now[0], 0) + GRAIN
        return 0

    def begun(connection: Any, _cursor: Any, sql: str, _values: Any, _context: Any, _many: bool) -> None:
        driver = connection.connection.dbapi_connection
        if driver not in watched:
            watched.add(driver)
            driver.set_progress_handler(count, GRAIN)
        now[0] = sql
        weights.setdefault(sql, 0)

    event.listen(engine, "before_cursor_execute", begun)
    yield weights
