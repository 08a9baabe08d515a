"""Lists a page at a time, counted no further than people read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

T = TypeVar("T")


PAGE = 20


COUNT_CAP = 1000
"""Counts stop here: «1000+» tells an official as much, and costs the same at any size."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; `total` is capped at COUNT_CAP (`capped`)."""

    items: Sequence[T]
    total: int
    page: int
    pages: int
    capped: bool = False


PORTION = 500
"""Rows that are in memory at a time where a list is read as a whole."""


class Whole(int):
    """A page number that stands for all pages: each time it is asked for, the next portion comes.

    What leaves the system is read by the very function that the list's page reads it with, so that no filter
    and no reach can be another. Which rows there are, and in which order, is asked once.
    """

    def __new__(cls) -> Whole:
        """It counts as the first page."""
        return super().__new__(cls, 1)

    def __init__(self) -> None:
        self._keys: list[Any] | None = None
        self._read = 0

    def rows(self, session: Session, ordered: Select[*tuple[Any, ...]]) -> list[Any]:
        """The next rows of an ordered query."""
        key = _key_of(ordered)
        start, self._read = self._read, self._read + PORTION
        if key is None:  # rows that are sums have no key
            return list(session.execute(ordered.offset(start).limit(PORTION)))
        if self._keys is None:
            bare = ordered.with_only_columns(key, maintain_column_froms=True)
            self._keys = list(session.scalars(bare))
        few = self._keys[start : start + PORTION]
        return list(session.execute(ordered.where(key.in_(few)))) if few else []


def _key_of(query: Select[*tuple[Any, ...]]) -> Any:
    """The key of the rows that a query is about; None for rows that are sums."""
    first = query.column_descriptions[0]
    entity = first.get("entity")
    return None if entity is None or query._group_by_clauses else entity.id


def whole(fetch: Callable[[int], Sequence[T]]) -> Iterator[T]:
    """All rows of a list; `fetch` answers a page of them by its number."""
    number = Whole()
    while found := fetch(number):
        yield from found


def page_of(session: Session, base: Select[T], ordered: Select[T], number: int, size: int = PAGE) -> Page[T]:
    """One page of `ordered`, counted over `base` up to the cap."""
    if isinstance(number, Whole):
        rows = [row[0] for row in number.rows(session, ordered)]
        return Page(rows, len(rows), 1, 1)
    total, number, pages = _numbers(session, base, number, size)
    items = list(session.scalars(ordered.offset((number - 1) * size).limit(size)))
    return Page(items, min(total, COUNT_CAP), number, pages, total > COUNT_CAP)


def page_of_rows(
    session: Session, query: Select[*tuple[Any, ...]], number: int, size: int = PAGE
) -> Page[Any]:
    """As `page_of`, of an ordered query that answers rows of columns."""
    if isinstance(number, Whole):
        rows = number.rows(session, query)
        return Page(rows, len(rows), 1, 1)
    total, number, pages = _numbers(session, query, number, size)
    rows = list(session.execute(query.offset((number - 1) * size).limit(size)))
    return Page(rows, min(total, COUNT_CAP), number, pages, total > COUNT_CAP)


def _numbers(
    session: Session, base: Select[*tuple[Any, ...]], number: int, size: int
) -> tuple[int, int, int]:
    """How many rows up to the cap and one more, which page there is for `number`, and how many pages."""
    few = base.order_by(None).with_only_columns(literal(1), maintain_column_froms=True).limit(COUNT_CAP + 1)
    total = session.scalar(select(func.count()).select_from(few.subquery())) or 0
    pages = max(1, -(-min(total, COUNT_CAP) // size))
    return total, min(max(1, number), pages), pages
