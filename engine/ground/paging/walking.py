"""A long list of a wide reach, read in its own order until the page is full.

SQLite takes the index of the reach wherever there is one: the newest twenty of a province were found by
reading all rows of the province and sorting them. PostgreSQL knows how many there are, and chooses by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BinaryExpression, BooleanClauseList, Column, ColumnElement, Select, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.functions import FunctionElement

from engine.ground.paging.keyset import meeting

_WIDE = "shouwang_wide"
_Rows = Select[*tuple[Any, ...]]


def wide(between: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: a range that holds so much of a table that its index is no way to the rows of a page."""
    return between._annotate({_WIDE: True})


class aside(FunctionElement[Any]):
    """A column whose index is not where a statement begins: another's finds the rows, or keeps their order.

    PostgreSQL knows how many there are, and chooses by itself.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any] | InstrumentedAttribute[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(aside, "sqlite")
def _aside_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    return f"+{compiler.process(element.clauses, **words)}"


@compiles(aside)
def _aside(element: Any, compiler: Any, **words: Any) -> str:
    return str(compiler.process(element.clauses, **words))


def walked(query: _Rows, first: ColumnElement[Any]) -> _Rows:
    """The query with the conditions on its table as those on rows that are met in the order of `first`.

    As it is, where that is not the order in which the table lies, or where the reach is not wide.
    """
    column = _column(first)
    conditions = [one for condition in query._where_criteria for one in _parts(condition)]
    wide_ones = [one for one in conditions if one._annotations.get(_WIDE) and not _is_of(one, column)]
    if column is None or not wide_ones or not column.primary_key:
        return query
    return meeting(query, [_met(one, column) for one in conditions])


def _column(value: Any) -> Column[Any] | None:
    of = getattr(value, "table", None)
    inner = getattr(of, "element", of)
    return inner.c.get(getattr(value, "name", "")) if isinstance(inner, Table) else None


def _is_of(condition: ColumnElement[bool], column: Column[Any] | None) -> bool:
    return _column(getattr(condition, "left", None)) is column


def _parts(condition: ColumnElement[bool]) -> Iterator[ColumnElement[bool]]:
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for one in condition.clauses:
            yield from _parts(one)
    else:
        yield condition


def _met(condition: ColumnElement[bool], first: Column[Any]) -> ColumnElement[bool]:
    if not isinstance(condition, BinaryExpression):
        return condition
    column = _column(condition.left)
    if column is None or column is first or column.table is not first.table:
        return condition
    bare = condition._clone()
    bare.left = UnaryExpression(condition.left, operator=operators.custom_op("+"))  # SQLite: no index
    return bare
