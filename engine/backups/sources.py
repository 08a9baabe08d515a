"""Reading a database as it is at one instant, whoever writes meanwhile.

Values are read as the driver gives them and written in one form: instants and days as text in UTC, numbers
with decimals as text. SQLite's own go through as they are stored, but for instants that are numbers, so that
not even an odd one stops a backup.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from json import JSONEncoder
from typing import Any

from sqlalchemy import Connection, Engine, LargeBinary

from engine.backups.tables import Shape
from engine.ground.tables import instant

ROWS, ROWS_WITH_FILES = 1000, 8
"""So many rows are held in memory; fewer of a table with files, of which one may have ten megabytes."""


def _plain(value: Any) -> Any:
    """A value that JSON has no form for."""
    if isinstance(value, bytes):
        return {"b": b64encode(value).decode()}
    if isinstance(value, datetime):
        return _in_words(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def _in_words(at: datetime) -> str:
    utc = at.astimezone(UTC) if at.tzinfo else at
    return utc.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


written = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode
"""A row, or what is said of rows, as a line of a backup."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database, and can change nothing where the database offers it.

    SQLite: a read transaction on the write-ahead log. PostgreSQL: one that is repeatable and read-only.
    """
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            connection = connection.execution_options(**options)
        with connection.begin() as transaction:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
            yield connection
            transaction.rollback()


def at_once(shape: Shape) -> int:
    """How many rows of a table are held in memory."""
    files = any(isinstance(kind, LargeBinary) for kind in shape.columns.values())
    return ROWS_WITH_FILES if files else ROWS


def rows(connection: Connection, shape: Shape) -> Iterator[Sequence[Any]]:
    """The rows of a table, by its columns in their order, a few at a time."""
    quote = connection.dialect.identifier_preparer.quote
    asked = f"SELECT {', '.join(map(quote, shape.columns))} FROM {quote(shape.name)}"
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor(name="backup") if connection.dialect.name == "postgresql" else driver.cursor()
    try:
        cursor.execute(asked)
        numbered = [place for place, name in enumerate(shape.columns) if name in shape.numbered]
        while few := cursor.fetchmany(at_once(shape)):
            yield from (_with_words(row, numbered) for row in few) if numbered else few
    finally:
        cursor.close()


def _with_words(row: Sequence[Any], numbered: Sequence[int]) -> list[Any]:
    """A row of SQLite's with its instants in words."""
    found = list(row)
    for place in numbered:
        if isinstance(found[place], int):
            found[place] = _in_words(instant(found[place]))
    return found


def numbers(connection: Connection, shape: Sequence[Shape]) -> dict[str, int]:
    """The last number given to a row of each table that numbers its rows and remembers where it was."""
    if connection.dialect.name == "sqlite":
        return _sqlite_numbers(connection)
    asked = "SELECT last_value FROM pg_sequences WHERE format('%%I.%%I', schemaname, sequencename) = %(name)s"
    found = {}
    for name, sequence in sequences(connection, shape).items():
        last = connection.exec_driver_sql(asked, {"name": sequence}).scalar()
        if last is not None:
            found[name] = int(last)
    return found


def _sqlite_numbers(connection: Connection) -> dict[str, int]:
    asked = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if not connection.exec_driver_sql(asked).scalar():
        return {}
    rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    return {str(row.name): int(row.seq) for row in rows}


def sequences(connection: Connection, shape: Sequence[Shape]) -> dict[str, str]:
    """PostgreSQL's sequence behind the numbers of each table that has one."""
    quote = connection.dialect.identifier_preparer.quote
    asked = "SELECT pg_get_serial_sequence(%(table)s, 'id')"
    found = {}
    for one in shape:
        if "id" in one.columns:
            name = connection.exec_driver_sql(asked, {"table": quote(one.name)}).scalar()
            if name is not None:
                found[one.name] = str(name)
    return found


def waiting_timers(connection: Connection) -> int:
    """How many timers wait: what a restored database must wait for as well."""
    asked = "SELECT count(*) FROM timer WHERE status = 'waiting'"
    return int(connection.exec_driver_sql(asked).scalar_one())


def count(connection: Connection, name: str) -> int:
    """How many rows a table has."""
    quoted = connection.dialect.identifier_preparer.quote(name)
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {quoted}").scalar_one())
