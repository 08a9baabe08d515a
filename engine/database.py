"""Connections and the write transaction, the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Update, bindparam, event, update
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.attributes import set_committed_value

from engine.models import Base, table

_WRITING = "shouwang_writing"


def create_engine(url: str, **options: Any) -> Engine:
    """An engine for a database `url`; SQLite gets WAL, foreign keys and transactions that we begin ourselves."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sqlalchemy.create_engine(url, **options)
    configure(engine)
    return engine


def configure(engine: Engine) -> None:
    """Set up an engine made elsewhere (Flask-SQLAlchemy makes its own)."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    # FULL: a finished step outlives a power cut; NORMAL may lose the last commits of the write-ahead log
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: a reader that turned writer would fail instead of waiting."""
    writing = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def write(session: Session) -> Iterator[None]:
    """One write transaction: commits at the end, rolls everything back on any error; joins an outer one.

    What the session had read before is released first, so that the transaction sees the present state.
    """
    if session.info.get(_WRITING):
        yield
        return
    if session.in_transaction():
        session.commit()
    session.info[_WRITING] = True
    try:
        session.connection(execution_options={_WRITING: True})
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[_WRITING] = False


@contextmanager
def discarding(session: Session) -> Iterator[None]:
    """One write transaction of which nothing stays: rolled back at its end, however it ends.

    Everything inside that opens a write transaction of its own joins it.
    """
    if session.in_transaction():
        session.commit()
    session.info[_WRITING] = True
    try:
        session.connection(execution_options={_WRITING: True})
        yield
    finally:
        session.rollback()
        session.info[_WRITING] = False


def save(connection: Connection, row: Base, **changes: Any) -> None:
    """Write `changes` of the stored `row`, in the database and in the object.

    The same UPDATE as after assignments and a flush, for a tenth of the time; the step transaction saves the case and
    the work item this way.
    """
    connection.execute(_update(type(row)), {"row_id": row.__dict__["id"], **changes})
    set_stored(row, **changes)


def set_stored(row: Base, **values: Any) -> None:
    """Set values of the object that are, or are about to be, stored otherwise than by a flush."""
    for name, value in values.items():
        set_committed_value(row, name, value)


@cache
def _update(model: type[Base]) -> Update:
    return update(table(model)).where(table(model).c.id == bindparam("row_id"))
