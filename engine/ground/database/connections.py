"""Connections to SQLite and PostgreSQL: where they lead, how long they wait, how they are set up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from typing import Any

import sqlalchemy
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, Date, DateTime, Engine, event, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker

from engine.ground.database.prepared import by_driver
from engine.ground.database.sqlite_words import Words
from engine.ground.database.wire import Wire
from engine.ground.surroundings import READ_ONLY
from engine.ground.tables import Days, Microseconds

WRITING = "shouwang_writing"
"""In a session's info: whether a write transaction is under way."""
A_MOMENT = 1.0
"""Seconds, where somebody has waited once already."""
GATE = "shouwang_gate"
"""In an engine's options: the places for writers, if they are counted."""


@dataclass(frozen=True)
class Patience:
    """How long a connection waits before it answers that it cannot; 0: as long as it takes."""

    lock_seconds: float = 15
    """For what another transaction holds: a row, or SQLite's one lock for writers."""
    statement_seconds: float = 0
    """For one statement. PostgreSQL only: SQLite's readers and its
    one writer are bounded by the work itself.
    """
    idle_seconds: float = 0
    """For the next statement of a transaction that was begun. PostgreSQL only."""


SOON = "2"
"""Seconds, for each host, in which another connection takes the place of one that has just ended: somebody
waits for the answer.
"""
STATEMENTS = 1000
"""Statements that a connection to SQLite keeps read; the driver's own 128 are fewer than the pages have, and
who goes round them all finds none again. A page costs 8 % less; a step that finds none would cost 18 % more.
"""
HIDING: dict[str, Any] = {"hide_parameters": True}
"""Errors of the database are written to logs: without the values, which are people's."""


_SEVERAL = re.compile(r"(?P<begin>[^/]+://(?:[^/?]*@)?)(?P<hosts>[^@/?]*,[^@/?]*)(?P<rest>.*)")
"""A URL with several hosts, as libpq writes it: ``postgresql://user@one:5432,two:5432/name``."""
_NETWORK = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""How soon a PostgreSQL server that has vanished without a word is given up, where the URL does not say it:
seconds, but for the last, which is in milliseconds. The system alone would wait for a quarter of an hour.
"""


def address(url: str) -> URL:
    """The database's URL for the driver that we ship.

    Of several hosts with commas between, each connection takes the first that takes writes: when the leader
    changes, the new one is found without another word.
    """
    if not url.startswith("postgresql"):
        return make_url(url)
    several = _SEVERAL.fullmatch(url)
    query: dict[str, str | Sequence[str]] = dict(_NETWORK)
    if several:
        url = several["begin"] + several["rest"]
        query |= {"host": several["hosts"].split(","), "target_session_attrs": "read-write"}
    found = make_url(url).set(drivername="postgresql+psycopg")
    return found.update_query_dict(query | dict(found.query))


def for_driver(url: str, **more: str) -> str:
    """The same PostgreSQL database for who uses the driver itself, with `more` settings of the driver."""
    wanted = address(url)
    _, options = wanted.get_dialect()().create_connect_args(wanted)
    return make_conninfo(**{**options, **more})


def create_engine(url: str, patience: Patience = Patience(), **options: Any) -> Engine:
    """An engine for a database `url`; SQLite gets WAL,
    foreign keys and transactions that we begin ourselves.
    """
    engine = sqlalchemy.create_engine(address(url), **HIDING, **options)
    configure(engine, patience)
    return engine


def configure(engine: Engine, patience: Patience = Patience(), writers: int = 0) -> None:
    """Set up an engine made elsewhere (Flask-SQLAlchemy makes its own).

    At most `writers` transactions write at a time (0: any number), so that writers who wait for one another
    leave threads to those who only read; one more waits a moment and is then told to ask again.
    """
    if writers:
        engine.update_execution_options(**{GATE: BoundedSemaphore(writers)})
    dialect: Any = engine.dialect
    if dialect.name == "sqlite":
        _let_instants_be_numbers(dialect)
        event.listen(engine, "do_connect", _keep_statements)
        event.listen(engine, "connect", partial(_prepare_sqlite, patience))
        dialect.do_begin = _begin_sqlite  # no event: for one alone, each connection joins its engine's
    else:
        event.listen(engine, "do_connect", partial(_connect_postgres, patience))
        event.listen(engine, "checkout", _replace_a_dead_one)
        event.listen(engine, "handle_error", _leave_a_standby)


def _let_instants_be_numbers(dialect: Any) -> None:
    """Also of columns that are reflected, and of values whose column SQLAlchemy does not know: a text would
    be later than any number. Days beside them, and parts of them, are `Words`.
    """
    dialect.ischema_names = {**dialect.ischema_names, "DATETIME": Microseconds}
    dialect.colspecs = {**dialect.colspecs, DateTime: Microseconds, Date: Days}
    dialect.statement_compiler = Words


def _keep_statements(_dialect: Any, _record: Any, _given: Any, named: Any) -> None:
    named["cached_statements"] = STATEMENTS


def _prepare_sqlite(patience: Patience, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    _waits(connection, patience.lock_seconds)
    # FULL: a finished step outlives a power cut; NORMAL may lose the last commits of the write-ahead log
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _waits(connection: Any, seconds: float) -> None:
    """How long a connection to SQLite waits for the one lock."""
    connection.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")


def _connect_postgres(patience: Patience, _dialect: Any, _record: Any, given: Any, named: Any) -> Wire:
    def connected(**more: Any) -> Wire:
        wire = Wire.connect(*given, **{**named, **more})
        _prepare_postgres(patience, wire)
        return wire

    found = connected()
    found.anew = partial(connected, connect_timeout=SOON)
    return found


def _replace_a_dead_one(connection: Any, _record: Any, _proxy: Any) -> None:
    """A connection that broke while nobody used it (a restart of the database) is replaced before its use."""
    if not connection.lives():
        raise DisconnectionError


def _prepare_postgres(patience: Patience, connection: Wire) -> None:
    limits = {
        "lock_timeout": patience.lock_seconds,
        "statement_timeout": patience.statement_seconds,
        "idle_in_transaction_session_timeout": patience.idle_seconds,
    }
    with connection.cursor() as cursor:
        for name, seconds in limits.items():
            cursor.execute(f"SET {name} = {seconds * 1000:.0f}")
        # who waited for a lock, or turns from reading to writing, sees what was done meanwhile
        cursor.execute("SET default_transaction_isolation = 'read committed'")
    connection.commit()


def _leave_a_standby(context: ExceptionContext) -> None:
    """A connection to a server which takes no writes (any more) is of no use, nor are its likes."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _begin_sqlite(connection: Any) -> None:
    """Begin as a reader does, who waits for nobody: a writer's way is `write`."""
    connection.dbapi_connection.execute("BEGIN")


def begin_immediately(connection: Connection, patient: bool) -> None:
    """Begin anew as SQLite's one writer, which takes the lock at once: a reader that turned writer would fail
    instead of waiting. Not `patient` waits a moment at most.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.commit()
    if patient:
        by_driver(connection, "BEGIN IMMEDIATE")
        return
    usual = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    _waits(driver, A_MOMENT)
    try:
        by_driver(connection, "BEGIN IMMEDIATE")
    finally:
        _waits(driver, usual / 1000)


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


def is_postgres(session: Session) -> bool:
    """Whether the session's database is PostgreSQL (or one of its relatives)."""
    return session.get_bind().dialect.name == "postgresql"
