"""Rows by the million, as fast as SQLite and PostgreSQL take them: without indices, which come at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Table

from engine.ground.tables import Base

TABLES = Base.metadata.sorted_tables
"""Those that are pointed at come first."""
Rows = dict[str, list[Any]]


class Writer:
    """One connection that takes rows of whole tables; columns in the table's order."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.connection = engine.raw_connection()
        self.sqlite = engine.dialect.name == "sqlite"
        self.cursor = self.connection.cursor()
        self.written: dict[str, int] = {}

    def write(self, rows: Rows) -> None:
        """Write and commit; the lists are emptied."""
        self._begin()
        for one in TABLES:
            found = rows.get(one.name)
            if found:
                self._table(one, found)
                self.written[one.name] = self.written.get(one.name, 0) + len(found)
                found.clear()
        self.connection.commit()

    def _begin(self) -> None:
        if self.sqlite:
            self.cursor.execute("BEGIN IMMEDIATE")

    def _table(self, one: Table, rows: Sequence[Sequence[Any]]) -> None:
        names = ", ".join(f'"{column.name}"' for column in one.c)
        if self.sqlite:
            marks = ", ".join("?" * len(one.c))
            self.cursor.executemany(f'INSERT INTO "{one.name}" ({names}) VALUES ({marks})', rows)
            return
        with self.cursor.copy(f'COPY "{one.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)

    def run(self, statement: str) -> list[Any]:
        """One statement outside a transaction of rows; what it answers."""
        self.cursor.execute(statement)
        return list(self.cursor.fetchall()) if self.cursor.description else []


@contextmanager
def filling(engine: Engine, *, many: bool) -> Iterator[Writer]:
    """A writer while the database is filled: nothing is flushed, checked or, if `many`, indexed."""
    writer = Writer(engine)
    indices = _indices(writer) if many else []
    for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        if writer.sqlite:
            writer.run(f"PRAGMA {pragma}")
    if not writer.sqlite:
        writer.run("SET synchronous_commit = off")
    for name, _ in indices:
        writer.run(f'DROP INDEX "{name}"')
    writer.connection.commit()
    yield writer
    if not writer.sqlite:
        writer.run("SET maintenance_work_mem = '512MB'")
        _number_on(writer)
    for _, statement in indices:
        writer.run(statement)
    writer.connection.commit()
    _tidy(writer)
    writer.connection.close()


def _indices(writer: Writer) -> list[tuple[str, str]]:
    """Name and statement of every index that is not a constraint's own."""
    if writer.sqlite:
        found = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        found = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname"
            " NOT IN (SELECT conname FROM pg_constraint)"
        )
    large = {one.name for one in TABLES} - {"alembic_version", "division"}
    return [(name, sql) for name, sql in writer.run(found) if any(f" ON {t} " in _plain(sql) for t in large)]


def _plain(sql: str) -> str:
    return sql.replace('"', "").replace(" public.", " ").replace("(", " (")


def _number_on(writer: Writer) -> None:
    """PostgreSQL's numbers go on behind the rows; SQLite looks at the rows by itself."""
    for one in TABLES:
        if "id" in one.c and one.name in writer.written:
            writer.run(
                f"SELECT setval(pg_get_serial_sequence('\"{one.name}\"', 'id'), max(id)) FROM \"{one.name}\""
                f" WHERE pg_get_serial_sequence('\"{one.name}\"', 'id') IS NOT NULL"
            )


def _tidy(writer: Writer) -> None:
    """What PostgreSQL's autovacuum does in the minutes after; SQLite is put back as the product has it."""
    if writer.sqlite:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-2000", "wal_checkpoint(TRUNCATE)"):
            writer.run(f"PRAGMA {pragma}")
        return
    with writer.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
