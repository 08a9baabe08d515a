"""Lists as Excel files: every list goes out by `written`, as it is filtered, streamed, and logged (R41).

A list is read by the very function that its page reads it with (`paging.whole`). The kits bring what a list
has for columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
WIDTH = 16
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

    def filename(self, asked: Asked) -> str:
        """What the file is called, e.g. 线索20220511.xlsx."""
        words = self.title if self.filed_as is None else self.filed_as(asked)
        return f"{words}{local_date(asked.now):%Y%m%d}.xlsx"


def listed(name: str) -> Outgoing:
    """The list of a name. Raises NotFound."""
    found = kit.used().outgoing.get(name)
    if found is None:
        raise NotFound("没有这张名单。")
    return found


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
    with Workbook() as book:
        for count in filling(book, one, asked):
            if count > most:
                raise TooLong("行数太多。")
        body = book.bytes()
    with write(asked.session):
        record(asked, one, count)
    return body, one.filename(asked)


class TooLong(Invalid):
    """A list is longer than somebody waits for."""

    code = "too_long"


def record(asked: Asked, one: Outgoing, rows: int) -> None:
    """The line in the log (R41). Inside `write` only."""
    narrowed = {key: value for key, value in asked.given.items() if value}
    details = {"name": one.title, "rows": rows, "reason": asked.reason, "filter": narrowed}
    audit.record(asked.session, "access", asked.actor.id, "export", details, asked.now)


def filling(book: Workbook, one: Outgoing, asked: Asked) -> Iterator[int]:
    """Write a list into a book; answers after each row how many there are. Raises Invalid beyond `MOST`."""
    sheet = book.sheet(one.sheet or one.title, kit.headings(one.columns), WIDTH)
    others = {name: book.sheet(name, kit.headings(columns), WIDTH) for name, columns in one.beside.items()}
    count = 0
    for row in one.rows(asked):
        if isinstance(row, Beside):
            others[row.sheet].write(row.cells)
            continue
        count += 1
        if count > MOST:
            raise Invalid(f"超过 {MOST:,} 行：请加条件，或按县、乡镇分别导出。")
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
