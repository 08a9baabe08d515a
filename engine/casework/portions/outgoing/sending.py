"""Lists as Excel files: every list goes out by `written`, as it is filtered, streamed, and logged (R41).

A list is read by the very function that its page reads it with (`paging.whole`). The kits bring what a list
has for columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Outgoing:
    """A list that goes out."""

    title: str
    """What the file and its sheet are called."""
    columns: Sequence[str]
    rows: Callable[[Asked], Iterator[Sequence[Cell]]]
    """The rows in the actor's reach that match, in the order of the page; raises as the page does."""


def listed(name: str) -> Outgoing:
    """The list of a name. Raises NotFound."""
    found = kit.used().outgoing.get(name)
    if found is None:
        raise NotFound("没有这张名单。")
    return found


def written(session: Session, actor: Account, name: str, given: Given, clock: Clock) -> tuple[bytes, str]:
    """A list as an Excel file, and what the file is called. Raises Invalid for more than `MOST` rows.

    ID numbers and phones do not leave in such lists: they have exports of their own, with a reason (domain
    §7.2).
    """
    one, now = listed(name), clock.now()
    with Workbook() as book:
        count = fill(book, one, Asked(session, actor, given, now))
        body = book.bytes()
    with write(session):
        narrowed = {key: value for key, value in given.items() if value}
        details = {"name": one.title, "rows": count, "reason": "", "filter": narrowed}
        audit.record(session, "access", actor.id, "export", details, now)
    return body, f"{one.title}{local_date(now):%Y%m%d}.xlsx"


def fill(book: Workbook, one: Outgoing, asked: Asked) -> int:
    """Write a list into a sheet of a book; answers how many rows it has."""
    sheet = book.sheet(one.title, kit.headings(one.columns), WIDTH)
    count = 0
    for count, cells in enumerate(one.rows(asked), 1):
        if count > MOST:
            raise Invalid(f"超过 {MOST:,} 行：请加条件，或按县、乡镇分别导出。")
        sheet.write(cells)
    return count


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
