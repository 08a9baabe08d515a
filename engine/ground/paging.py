"""Lists a page at a time, counted no further than people read."""

from __future__ import annotations

from collections.abc import Sequence
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


def page_of(session: Session, base: Select[T], ordered: Select[T], number: int, size: int = PAGE) -> Page[T]:
    """One page of `ordered`, counted over `base` up to the cap."""
    total, number, pages = _numbers(session, base, number, size)
    items = list(session.scalars(ordered.offset((number - 1) * size).limit(size)))
    return Page(items, min(total, COUNT_CAP), number, pages, total > COUNT_CAP)


def page_of_rows(
    session: Session, query: Select[*tuple[Any, ...]], number: int, size: int = PAGE
) -> Page[Any]:
    """As `page_of`, of an ordered query that answers rows of columns."""
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
