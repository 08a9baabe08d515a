"""Real trouble with a database: its lock held by another program, connections cut off,
a disk that is full.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event


@contextmanager
def sqlite_locked(url: str) -> Iterator[None]:
    """Meanwhile another program writes to the SQLite file."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def postgres_holds(url: str, statement: str) -> Iterator[None]:
    """Meanwhile another connection's transaction holds what `statement` locks."""
    with psycopg.connect(url) as other:
        other.execute(statement)  # type: ignore[arg-type]
        yield
        other.rollback()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Meanwhile nobody else can write any case or clue: SQLite's lock, or PostgreSQL's on the tables."""
    if url.startswith("sqlite"):
        with sqlite_locked(url):
            yield
    else:
        with postgres_holds(url, "LOCK TABLE household, case_file, work_item, log_entry IN EXCLUSIVE MODE"):
            yield


@contextmanager
def sqlite_full(engine: Engine) -> Iterator[None]:
    """Meanwhile the SQLite file may not grow by a page, as on a full disk."""

    def fill(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    yield from _connecting(engine, fill)


@contextmanager
def sqlite_read_only(engine: Engine) -> Iterator[None]:
    """Meanwhile the SQLite file takes no writes."""

    def forbid(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    yield from _connecting(engine, forbid)


def _connecting(engine: Engine, prepare: Any) -> Iterator[None]:
    engine.dispose()
    event.listen(engine, "connect", prepare)
    try:
        yield
    finally:
        event.remove(engine, "connect", prepare)
        engine.dispose()


def end(url: str, process: int) -> None:
    """End one connection to the PostgreSQL database: it is gone when this is through."""
    with psycopg.connect(url, autocommit=True) as administrator:
        administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [process])


def cut_off(url: str) -> int:
    """End every other connection to the PostgreSQL database, as a restart does: they are gone when this
    answers how many there were.
    """
    with psycopg.connect(url, autocommit=True) as administrator:
        query = (
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        row = administrator.execute(query).fetchone()
        return int(row[0]) if row else 0
