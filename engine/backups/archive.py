"""The inside of a backup file: rows as lines of JSON, compressed.

An object tells which table begins, with its columns; arrays are its rows; an object ends it with their
number. The last object says what the whole has. Bytes stand in an array as ``{"b": …}``, base64.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.backups.keys import BadBackup, Secret
from engine.backups.sealed import Head, Opener

_UNREADABLE = "备份里的内容读不懂，可能是别的程序写的。请用另一份备份。"


@dataclass(frozen=True)
class Whole:
    """What the end of a backup says of all of it."""

    rows: dict[str, int]
    """By table."""
    numbers: dict[str, int] = field(default_factory=dict)
    """The last number given in a table, where the database remembers it apart from the rows."""
    timers: int = 0
    """How many were waiting."""

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


class Archive:
    """A backup that is being read from its beginning to its end, once."""

    def __init__(self, opener: Opener) -> None:
        self.head: Head = opener.head
        self.whole: Whole | None = None
        """What its end says; None until that has been read."""
        self._lines = _lines(opener)

    def tables(self) -> Iterator[tuple[str, list[str], Iterator[list[Any]]]]:
        """Each table's name, its columns and its rows; the rows must be read before the next table."""
        counted: dict[str, int] = {}
        for line in self._lines:
            name, columns, whole = _said(line)
            if whole is not None:
                self.whole = whole
            else:
                yield name, columns, self._rows(name, counted)
        if self.whole is None or self.whole.rows != counted:
            raise BadBackup(_UNREADABLE)

    def _rows(self, name: str, counted: dict[str, int]) -> Iterator[list[Any]]:
        for count, line in enumerate(self._lines):
            if isinstance(line, dict):
                if line != {"end": name, "rows": count}:
                    raise BadBackup(_UNREADABLE)
                counted[name] = count
                return
            yield [_bytes(value) if type(value) is dict else value for value in line]


def _said(line: Any) -> tuple[str, list[str], Whole | None]:
    """What an object says that stands between tables: the next one's name and columns, or the whole."""
    try:
        if "whole" in line:
            return "", [], Whole(**line["whole"])
        return line["table"], line["columns"], None
    except (KeyError, TypeError) as error:
        raise BadBackup(_UNREADABLE) from error


def _bytes(value: dict[str, str]) -> bytes:
    try:
        return b64decode(value["b"], validate=True)
    except (KeyError, TypeError, ValueError) as error:
        raise BadBackup(_UNREADABLE) from error


def _lines(opener: Opener) -> Iterator[Any]:
    try:
        with gzip.GzipFile(fileobj=io.BufferedReader(opener, 1 << 20)) as plain:
            yield from map(json.loads, plain)
    except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadBackup(_UNREADABLE) from error


@contextmanager
def opened(path: Path, secret: Secret) -> Iterator[Archive]:
    """The backup at `path`. Raises BadBackup for whatever is no whole, unchanged backup of that key."""
    with path.open("rb") as file:
        yield Archive(Opener(file, secret))


def verify(path: Path, secret: Secret, say: Callable[[str], None] = lambda text: None) -> tuple[Head, Whole]:
    """Read a backup to its end without a database: what its head and its end say. Raises BadBackup."""
    with opened(path, secret) as archive:
        for name, _columns, rows in archive.tables():
            count = sum(1 for _row in rows)
            say(f"{name}：{count} 行")
        assert archive.whole is not None
        return archive.head, archive.whole
