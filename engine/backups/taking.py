"""Taking a backup: every row of every table, as it is at one instant, while people work."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection, Engine

from engine.backups import archive, sources, tables
from engine.backups.archive import Whole
from engine.backups.keys import BadBackup, Secret
from engine.backups.sealed import Head, Sealer
from engine.ground.errors import Conflict
from engine.migrations import schema

LEVEL = 3
"""Of compression: levels above it take twice the time for a tenth less."""
SAY_EACH = 100_000
"""Rows after which it is said how far it has come."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Taken:
    """A backup that was written and read back."""

    head: Head
    whole: Whole
    size: int
    """Bytes of the file."""


def take(engine: Engine, path: Path, secret: Secret, now: datetime, say: Say) -> Taken:
    """Write a backup to a new file and read it back; the file has its name only when all of that is done.

    Raises Conflict for a file that is there already and a database without tables, BadBackup when what was
    read back is not what was written, OSError when the disk does not take it.
    """
    if path.exists():
        raise Conflict(f"{path} 已经在了，不覆盖：请换一个文件名。")
    with _unfinished(path) as draft:
        with sources.snapshot(engine) as connection:
            head = _head(connection, now)
            whole = _write(connection, draft, secret, head, say)
        say("读回核对")
        if archive.verify(draft, secret) != (head, whole):
            raise BadBackup("读回的与写下的不同：磁盘可能有故障，备份没有留下。")
        size = draft.stat().st_size
        draft.rename(path)
        _keep(path.parent)
    return Taken(head, whole, size)


def _head(connection: Connection, now: datetime) -> Head:
    revision = schema.revision(connection)
    if not revision:
        raise Conflict("数据库里没有守望的表，没有可以备份的。")
    return Head(version("shouwang"), revision, connection.dialect.name, now.astimezone(UTC).isoformat())


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A file beside, which only its owner reads, and which goes when it is not finished."""
    draft = path.with_name(f"{path.name}.part")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise Conflict(
            f"{draft} 已经在了：另一个备份正在写，或者上次没有写完。确认没有备份在运行，删去它再来。"
        ) from error
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _write(connection: Connection, draft: Path, secret: Secret, head: Head, say: Say) -> Whole:
    with draft.open("wb") as file:
        sealer = Sealer(file, secret, head)
        with gzip.GzipFile("", "wb", LEVEL, sealer, mtime=0) as plain:
            whole = _rows(connection, plain, say)
        sealer.finish()
        file.flush()
        os.fsync(file.fileno())
    return whole


def _rows(connection: Connection, plain: gzip.GzipFile, say: Say) -> Whole:
    shapes = tables.shapes(connection)
    counts: dict[str, int] = {}
    for place, shape in enumerate(shapes, 1):
        _line(plain, {"table": shape.name, "columns": list(shape.columns)})
        count = 0
        for row in sources.rows(connection, shape):
            _line(plain, row)
            count += 1
            if count % SAY_EACH == 0:
                say(f"第 {place} 张表，共 {len(shapes)} 张：{shape.name} {count} 行")
        _line(plain, {"end": shape.name, "rows": count})
        counts[shape.name] = count
    whole = Whole(counts, sources.numbers(connection, shapes), sources.waiting_timers(connection))
    _line(plain, {"whole": asdict(whole)})
    return whole


def _line(plain: gzip.GzipFile, said: object) -> None:
    plain.write(sources.written(said).encode() + b"\n")


def _keep(folder: Path) -> None:
    """The new name outlives a power cut as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
