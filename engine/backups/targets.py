"""Filling the tables of an empty database, SQLite or PostgreSQL, within one transaction.

The keys between tables rest while rows come in whatever order, and hold again before the transaction ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Boolean, Connection, DateTime

from engine.backups import sources
from engine.backups.keys import BadBackup
from engine.backups.tables import Shape
from engine.ground.tables import microseconds

_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)\Z")
_TURN = 0x5348_4F55
"""PostgreSQL's lock by which two restorations into one database come one after the other."""
_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY oid
"""
_INDICES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid) ORDER BY i.indexrelid
"""


def take_turn(connection: Connection) -> None:
    """Wait for another restoration into the same database. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")


@contextmanager
def resting_keys(connection: Connection) -> Iterator[None]:
    """Without keys between tables and indices; both are there again at the end, or an error is raised.

    SQLite's keys rest by the transaction itself (`engine.migrations.schema.altering`), which looks at them at
    its end.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    keys = connection.exec_driver_sql(_KEYS).all()
    indices = connection.exec_driver_sql(_INDICES).all()
    for table, name, _made in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _made in indices:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _name, made in indices:
        connection.exec_driver_sql(made.replace("%", "%%"))
    for table, name, made in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {made}".replace("%", "%%"))


def clear(connection: Connection, names: Iterable[str]) -> None:
    """Take out what migrations put in: the backup has its own."""
    quote = connection.dialect.identifier_preparer.quote
    for name in names:
        connection.exec_driver_sql(f"DELETE FROM {quote(name)}")


def fill(connection: Connection, shape: Shape, columns: Sequence[str], rows: Iterable[list[Any]]) -> int:
    """Put rows into a table; answers how many. Raises BadBackup for what the table cannot hold."""
    filling = _fill_sqlite if connection.dialect.name == "sqlite" else _fill_postgres
    return filling(connection, shape, columns, rows)


def _fill_sqlite(
    connection: Connection, shape: Shape, columns: Sequence[str], rows: Iterable[list[Any]]
) -> int:
    quote = connection.dialect.identifier_preparer.quote
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {quote(shape.name)} ({', '.join(map(quote, columns))}) VALUES ({places})"
    driver: Any = connection.connection.dbapi_connection
    numbered = [place for place, name in enumerate(columns) if name in shape.numbered]
    count, left = 0, (_numbered(row, numbered) for row in rows)
    while few := list(islice(left, sources.at_once(shape))):
        try:
            driver.executemany(statement, few)
        except driver.IntegrityError as error:
            raise BadBackup(f"表 {shape.name} 有放不进去的行，什么也没有恢复。") from error
        count += len(few)
    return count


def _numbered(row: list[Any], places: Sequence[int]) -> list[Any]:
    """A row of a backup with its instants as SQLite keeps them; what is none stays what it is."""
    for place in places:
        with suppress(ValueError, TypeError):
            row[place] = microseconds(datetime.fromisoformat(row[place]).replace(tzinfo=UTC))
    return row


def _fill_postgres(
    connection: Connection, shape: Shape, columns: Sequence[str], rows: Iterable[list[Any]]
) -> int:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(shape.name), names)
    fitting = {place: one for place, name in enumerate(columns) if (one := _fitting(shape, name))}
    driver: Any = connection.connection.dbapi_connection
    count = 0
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                for place, fit in fitting.items():
                    row[place] = fit(row[place])
                copy.write_row(row)
                count += 1
    except psycopg.DataError as error:
        where = f"，栏 {error.diag.column_name}" if error.diag.column_name else ""
        raise BadBackup(
            f"表 {shape.name}{where} 有 PostgreSQL 存不下的值（第 {count} 行前后），什么也没有恢复。"
            "可以先恢复到 SQLite。"
        ) from error
    except psycopg.IntegrityError as error:
        raise BadBackup(f"表 {shape.name} 有放不进去的行，什么也没有恢复。") from error
    return count


def _fitting(shape: Shape, name: str) -> Callable[[Any], Any] | None:
    """How a value is brought from the written form to the one that PostgreSQL reads; None: as it is."""
    kind = shape.columns[name]
    if isinstance(kind, Boolean):
        return _truth
    return _instant if isinstance(kind, DateTime) else None


def _truth(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _instant(value: Any) -> Any:
    """SQLite keeps instants without an offset: they are UTC."""
    return value + "+00" if isinstance(value, str) and not _OFFSET.search(value[10:]) else value


def number_on(connection: Connection, shapes: Sequence[Shape], numbers: Mapping[str, int]) -> None:
    """Let new rows be numbered after those that there are, and after those that there were."""
    if connection.dialect.name == "sqlite":
        for name, last in numbers.items():
            raised = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?"
            connection.exec_driver_sql(raised, (last, name))
        return
    quote = connection.dialect.identifier_preparer.quote
    for name, sequence in sources.sequences(connection, shapes).items():
        asked = f"SELECT max(id) FROM {quote(name)}"
        last = max(connection.exec_driver_sql(asked).scalar() or 0, numbers.get(name, 0))
        if last:
            connection.exec_driver_sql("SELECT setval(%(s)s, %(n)s)", {"s": sequence, "n": last})
