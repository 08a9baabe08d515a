"""Lists a page at a time, counted no further than people read, and reached as far as they go.

A page is named by its number and, as one leafs, by the row behind which it begins: rows that come and go
meanwhile put no row on two pages and none on neither, and a page far behind costs what the first one does.
Only the row's key stands in the address; where it is in the list, the database is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, case, func, literal, select
from sqlalchemy.orm import Session

from engine.ground.paging import keyset, merged, walking
from engine.ground.text import whole as whole_number

T = TypeVar("T")
R = TypeVar("R")


PAGE = 20


COUNT_CAP = 1000
"""Counts stop here: «1000+» tells an official as much, and costs the same at any size."""
LOOKED_THROUGH = 1000
"""So many rows of a list are looked through to count what is everywhere in it (`sought`)."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; `total` and `pages` are capped at COUNT_CAP, or at what was counted of a list that
    is looked through (`capped`): the list goes on behind.
    """

    items: Sequence[T]
    total: int
    page: int
    pages: int
    capped: bool = False
    earlier: str | None = None
    """How an address names the page before, '' where there is none; None where pages have numbers alone."""
    later: str | None = None

    @property
    def previous(self) -> str:
        """How an address names the page before; '' on the first."""
        numbered = str(self.page - 1) if self.page > 1 else ""
        return numbered if self.earlier is None else self.earlier

    @property
    def following(self) -> str:
        """How an address names the next page; '' on the last."""
        numbered = str(self.page + 1) if self.page < self.pages else ""
        return numbered if self.later is None else self.later

    def showing(self, items: Sequence[R]) -> Page[R]:
        """The same page with what is shown of its rows."""
        return Page(items, self.total, self.page, self.pages, self.capped, self.earlier, self.later)


AFTER, BEFORE = ".", "~"


class Place(int):
    """A page number with the key of the row behind which the page begins, or before which it ends."""

    key: int
    back: bool

    def __new__(cls, number: int, key: int, *, back: bool = False) -> Place:
        """`number` is what people are told."""
        place = super().__new__(cls, number)
        place.key, place.back = key, back
        return place

    @property
    def written(self) -> str:
        """As it stands in an address: 3.17, the third page, behind row 17; 2~38, the second, before 38."""
        return f"{int(self)}{BEFORE if self.back else AFTER}{self.key}"


def place_of(text: str, most: int) -> int | None:
    """The page that an address names, with or without a row; None for what is none."""
    for sign in (AFTER, BEFORE):
        number, found, key = text.partition(sign)
        if found:
            page, row = whole_number(number, most), whole_number(key)
            return Place(page, row, back=sign == BEFORE) if page is not None and row is not None else None
    return whole_number(text, most)


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


def page_of(
    session: Session,
    base: Select[T],
    ordered: Select[T],
    number: int,
    size: int = PAGE,
    *,
    total: int | None = None,
    sought: ColumnElement[bool] | None = None,
) -> Page[T]:
    """One page of `ordered`, counted over `base` up to the cap, where the `total` is not known.

    `sought` is a condition more, that so many rows meet that the list is read in its own order until the page
    is full; they are counted among the list's first LOOKED_THROUGH rows.
    """
    meant = ordered if sought is None else ordered.where(sought)
    if isinstance(number, Whole):
        rows = [row[0] for row in number.rows(session, meant)]
        return Page(rows, len(rows), 1, 1)
    if sought is not None:
        counted = _among_the_first(session, base.order_by(*ordered._order_by_clauses), sought)
    else:
        counted = _Counted.up_to(COUNT_CAP, _count(session, base) if total is None else total)
    page = _page(session, counted, meant, number, size)
    return page.showing([row[0] for row in page.items])


def page_of_rows(
    session: Session, query: Select[*tuple[Any, ...]], number: int, size: int = PAGE
) -> Page[Any]:
    """As `page_of`, of an ordered query that answers rows of columns."""
    if isinstance(number, Whole):
        rows = number.rows(session, query)
        return Page(rows, len(rows), 1, 1)
    return _page(session, _Counted.up_to(COUNT_CAP, _count(session, query)), query, number, size)


@dataclass(frozen=True)
class _Counted:
    """How many rows were counted, and whether there may be more."""

    many: int
    capped: bool

    @classmethod
    def up_to(cls, cap: int, many: int) -> _Counted:
        """So many up to the cap."""
        return cls(min(many, cap), many > cap)


def _page(
    session: Session,
    total: _Counted,
    ordered: Select[*tuple[Any, ...]],
    number: int,
    size: int,
) -> Page[Any]:
    pages, capped = max(1, -(-total.many // size)), total.capped
    order = keyset.order_of(ordered)
    if order is not None:
        ordered = order.ordered(ordered)
        if capped and session.get_bind().dialect.name == "sqlite":
            ordered = walking.walked(ordered, order.terms[0].value)
    found = _at_place(session, ordered, order, number, size)
    if found is None:
        asked = max(1, number) if capped else min(max(1, number), pages)
        key = order.row_key if order is not None else None
        rows = list(session.execute(merged.first(ordered, size + 1, key, behind=(asked - 1) * size)))
        found = asked, rows[:size], asked > 1, len(rows) > size
    page, rows, before, behind = found
    few = page if capped else min(page, pages)
    if order is None or not rows:  # rows that are sums are numbered alone
        names = str(few - 1) if before else "", str(few + 1) if behind else ""
    else:
        names = (
            Place(max(1, few - 1), order.key(rows[0]), back=True).written if before else "",
            Place(few + 1, order.key(rows[-1])).written if behind else "",
        )
    return Page(rows, total.many, few, pages, capped, *names)


_Found = tuple[int, list[Any], bool, bool]
"""A page's number, its rows, and whether there are others before and behind."""


def _at_place(
    session: Session,
    ordered: Select[*tuple[Any, ...]],
    order: keyset.Order | None,
    number: int,
    size: int,
) -> _Found | None:
    """The page at the row that the address names; None where it names none, or the list has changed so that
    nothing is there.
    """
    if order is None or not isinstance(number, Place):
        return None
    beside = order.beside(session, ordered, number.key, back=number.back)
    if beside is None:
        return None
    rows = list(session.execute(merged.first(beside, size + 1, order.row_key)))
    more, rows = len(rows) > size, rows[:size]
    if number.back:  # the first page is whole, however many came in before it
        return (int(number), rows[::-1], True, True) if more else None
    return (int(number), rows, True, more) if rows else None


def _count(session: Session, base: Select[*tuple[Any, ...]]) -> int:
    """How many rows up to the cap and one more."""
    few = base.order_by(None).with_only_columns(literal(1), maintain_column_froms=True).limit(COUNT_CAP + 1)
    return session.scalar(select(func.count()).select_from(few.subquery())) or 0


def _among_the_first(
    session: Session, ordered: Select[*tuple[Any, ...]], sought: ColumnElement[bool]
) -> _Counted:
    """How many of an ordered list's first rows are meant: all that are, where the list has no more rows."""
    order = keyset.order_of(ordered)
    if order is not None and session.get_bind().dialect.name == "sqlite":
        ordered = walking.walked(ordered, order.terms[0].value)
    meant = case((sought, 1), else_=0).label("meant")
    first = ordered.with_only_columns(meant, maintain_column_froms=True).limit(LOOKED_THROUGH).subquery()
    looked, many = session.execute(select(func.count(), func.coalesce(func.sum(first.c.meant), 0))).one()
    return _Counted(many, looked >= LOOKED_THROUGH)
