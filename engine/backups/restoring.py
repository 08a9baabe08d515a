"""Restoring a backup into an empty database: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from engine.backups import archive, sources, tables, targets
from engine.backups.archive import Archive, Whole
from engine.backups.keys import BadBackup, Secret
from engine.backups.sealed import Head
from engine.casework.audit import verification
from engine.casework.audit.verification import Break
from engine.casework.supervision.counts import adding
from engine.ground.database import session_factory
from engine.ground.errors import Conflict
from engine.migrations import schema

Say = Callable[[str], None]


@dataclass(frozen=True)
class Restored:
    """What was restored, counted in the database."""

    head: Head
    whole: Whole
    skipped: list[str]
    """Tables of the backup that are not the product's."""
    breaks: list[Break] | None
    """Where the log does not hold; None where the tables are of another release, which cannot look."""


def restore(engine: Engine, path: Path, secret: Secret, say: Say, *, as_it_was: bool = False) -> Restored:
    """Fill the empty database from a backup, bring its tables up to this release, and check it.

    `as_it_was`: leave the tables as they were when the backup was taken, for the release of then. Raises
    Conflict for a database that is not empty, BadBackup for what cannot be read or does not fit.
    """
    with archive.opened(path, secret) as opened:
        if not schema.knows(opened.head.revision):
            raise BadBackup(
                f"这份备份是更新的版本（{opened.head.release}）做的，这一版程序恢复不了：请安装新版程序。"
            )
        with schema.altering(engine) as connection:
            skipped = _fill(connection, opened, say)
    whole = opened.whole
    assert whole is not None
    if not as_it_was and opened.head.revision != schema.head():
        say("升级表结构")
        schema.upgrade(engine)
    _gather_statistics(engine)
    return Restored(opened.head, whole, skipped, _breaks(engine, say))


def _fill(connection: Connection, opened: Archive, say: Say) -> list[str]:
    targets.take_turn(connection)
    _require_empty(connection)
    say("建表")
    schema.make(connection, opened.head.revision)
    shapes = {one.name: one for one in tables.shapes(connection)}
    with targets.resting_keys(connection):
        targets.clear(connection, shapes)
        skipped = _tables(connection, opened, shapes, say)
        assert opened.whole is not None
        targets.number_on(connection, list(shapes.values()), opened.whole.numbers)
        say("建索引，核对行数和期限")
    _check(connection, opened.whole, skipped)
    if opened.head.revision == schema.head():  # else the upgrade does, or another release
        adding.begin(connection)
    return skipped


def _require_empty(connection: Connection) -> None:
    inspector = inspect(connection)
    found = set(inspector.get_table_names()) - {"alembic_version"}
    found |= tables.SCHEMAS_LEFT_OUT.keys() & set(inspector.get_schema_names())
    if found or schema.revision(connection) is not None:
        raise Conflict(
            f"数据库里已经有表（{'、'.join(sorted(found)[:3])}……）：只往空的数据库里恢复，不覆盖。请换一个空的数据库。"
        )


def _tables(connection: Connection, opened: Archive, shapes: dict[str, tables.Shape], say: Say) -> list[str]:
    skipped = []
    for name, columns, rows in opened.tables():
        shape = shapes.get(name)
        if shape is None:
            skipped.append(name)
            for _row in rows:
                pass
            continue
        if set(columns) != set(shape.columns):
            raise BadBackup(f"备份里的表 {name} 与它写明的版本不符，什么也没有恢复。")
        count = targets.fill(connection, shape, columns, rows)
        if count:
            say(f"{name}：{count} 行")
    return skipped


def _check(connection: Connection, whole: Whole, skipped: list[str]) -> None:
    """The rows of every table, and the timers that wait, are as many as the backup says."""
    for name, wanted in whole.rows.items():
        if name not in skipped and sources.count(connection, name) != wanted:
            raise BadBackup(f"表 {name} 恢复后的行数与备份不符，什么也没有恢复。")
    if sources.waiting_timers(connection) != whole.timers:
        raise BadBackup("等待中的期限与备份不符，什么也没有恢复。")


def _gather_statistics(engine: Engine) -> None:
    """PostgreSQL plans by what it knows of the tables, which it would learn only minutes later."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")


def _breaks(engine: Engine, say: Say) -> list[Break] | None:
    with session_factory(engine)() as session:
        if schema.revision(session.connection()) != schema.head():
            return None
        say("核对日志")
        return list(verification.verify(session))
