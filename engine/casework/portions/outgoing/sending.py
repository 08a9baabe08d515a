"""What leaves the system as Excel files: as it is filtered, streamed, within bounds, and logged (R41).

A list is read by the very function that its page reads it with (`paging.whole`). The kits bring what a list
has for columns, and whatever is no list and may be long all the same: a form filled, a file given back.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Protocol

from sqlalchemy.orm import Session

from engine.casework import audit, kit
from engine.casework.models import Account
from engine.casework.portions.outgoing.streamed import Workbook
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound
from engine.ground.sheets import Cell

MOST = 200_000
"""Rows of one file."""
_TOO_MANY = "超过 {:,} 行：请加条件、缩短日期，或者按县、乡镇分别导出。"
WIDTH = 16
BREATH = 0.5
"""Seconds between two signs of life of what takes long and is done in one piece."""
Given = Mapping[str, str]
"""What the page was narrowed to, as its address has it."""


@dataclass(frozen=True)
class Asked:
    """Who asks for a list, and narrowed to what."""

    session: Session
    actor: Account
    given: Given
    now: datetime
    reason: str = ""
    """Why full numbers are wanted; '' masks them. Few lists have any."""


@dataclass(frozen=True)
class Beside:
    """A row of another sheet of the same file."""

    sheet: str
    cells: Sequence[Cell]


Row = Sequence[Cell] | Beside


@dataclass(frozen=True)
class Outgoing:
    """A list that goes out."""

    title: str
    """What the file and its sheet are called."""
    columns: Sequence[str]
    rows: Callable[[Asked], Iterator[Row]]
    """The rows in the actor's reach that match, in the order of the page; raises as the page does."""
    sheet: str = ""
    """What its sheet is called where that is not the title."""
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Further sheets with their headings; their rows are not counted."""
    filed_as: Callable[[Asked], str] | None = None
    """What the file is called, without day and ending, where that is not the title."""
    headed: Callable[[Asked], Sequence[str]] | None = None
    """The headings where they depend on what is asked for: as many as there are columns."""
    widths: Sequence[int] = ()
    """How wide the columns are, in characters, where not all are of one width."""
    notes: Callable[[Asked, int], None] | None = None
    """Leaves the line in the log, of so many rows, where it is not the usual one; inside `write`."""

    def filename(self, asked: Asked) -> str:
        """What the file is called, e.g. 线索20220511.xlsx."""
        words = self.title if self.filed_as is None else self.filed_as(asked)
        return f"{words}{local_date(asked.now):%Y%m%d}.xlsx"

    def written(self, asked: Asked, out: IO[bytes]) -> Iterator[int]:
        """Write it as a workbook; answers how many rows there are, after each, and while they are packed."""
        count = 0
        with Workbook() as book:
            for count in filling(book, self, asked):
                yield count
            for _ in book.packed_into(out):
                yield count


@dataclass(frozen=True)
class OtherFile:
    """A file that is no plain list and as long as one: a form filled, a table given back."""

    title: str
    """What it is called in the log and where it is waited for."""
    writing: Callable[[Asked, IO[bytes]], Iterator[int]]
    """Writes it; answers after each row how many there are. Raises as its page does."""
    filed_as: Callable[[Asked], str]
    """What the file is called, whole."""
    notes: Callable[[Asked, int], None]
    """Leaves the line in the log, of so many rows; inside `write`."""

    def filename(self, asked: Asked) -> str:
        """What the file is called."""
        return self.filed_as(asked)

    def written(self, asked: Asked, out: IO[bytes]) -> Iterator[int]:
        """Write it; answers after each row how many there are. Raises Invalid beyond `MOST`."""
        for count in self.writing(asked, out):
            if count > MOST:
                raise Invalid(_TOO_MANY.format(MOST))
            yield count


def listed(name: str) -> Outgoing | OtherFile:
    """What goes out under a name. Raises NotFound."""
    used = kit.used()
    found = used.outgoing.get(name) or used.other_files.get(name)
    if found is None:
        raise NotFound("没有这张名单。")
    return found


class _Whole(Protocol):
    def bytes(self) -> bytes:
        """The finished file."""


def finished(out: IO[bytes], book: _Whole, count: int) -> Iterator[int]:
    """Write a book that is finished in one piece, which may take long: a sign of life now and then."""
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(book.bytes)
        while wait([doing], BREATH).not_done:
            yield count
        out.write(doing.result())
    yield count


def written(
    session: Session, actor: Account, name: str, given: Given, clock: Clock, *, reason: str = ""
) -> tuple[bytes, str]:
    """A list as an Excel file, and what the file is called. Raises Invalid for more than `MOST` rows.

    ID numbers and phones leave in full only where a `reason` is given, and in few lists (domain §7.2).
    """
    return at_once(Asked(session, actor, given, clock.now(), reason), name, MOST)


def at_once(asked: Asked, name: str, most: int) -> tuple[bytes, str]:
    """The same while somebody waits. Raises TooLong where it has more than `most` rows."""
    one, count = listed(name), 0
    with io.BytesIO() as out:
        for count in one.written(asked, out):
            if count > most:
                raise TooLong("行数太多。")
        body = out.getvalue()
    with write(asked.session):
        record(asked, one, count)
    return body, one.filename(asked)


class TooLong(Invalid):
    """A list is longer than somebody waits for."""

    code = "too_long"


def record(asked: Asked, one: Outgoing | OtherFile, rows: int) -> None:
    """The line in the log (R41). Inside `write` only."""
    if one.notes is not None:
        one.notes(asked, rows)
        return
    narrowed = {key: value for key, value in asked.given.items() if value}
    details = {"name": one.title, "rows": rows, "reason": asked.reason, "filter": narrowed}
    audit.record(asked.session, "access", asked.actor.id, "export", details, asked.now)


def filling(book: Workbook, one: Outgoing, asked: Asked) -> Iterator[int]:
    """Write a list into a book; answers after each row how many there are. Raises Invalid beyond `MOST`."""
    columns = one.columns if one.headed is None else one.headed(asked)
    sheet = book.sheet(one.sheet or one.title, kit.headings(columns), one.widths or WIDTH)
    others = {name: book.sheet(name, kit.headings(columns), WIDTH) for name, columns in one.beside.items()}
    count = 0
    for row in one.rows(asked):
        if isinstance(row, Beside):
            others[row.sheet].write(row.cells)
            continue
        count += 1
        if count > MOST:
            raise Invalid(_TOO_MANY.format(MOST))
        sheet.write(row)
        yield count


def portions(rows: Iterator[Any], size: int = 500) -> Iterator[list[Any]]:
    """Rows a few hundred at a time: what belongs to them is asked for once each time."""
    few: list[Any] = []
    for row in rows:
        few.append(row)
        if len(few) == size:
            yield few
            few = []
    if few:
        yield few
