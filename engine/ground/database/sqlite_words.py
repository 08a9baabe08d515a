"""What SQLite has no word for where instants are numbers: comparing them with days, and taking them apart.

A number is less than any text, and a date function takes a number for a Julian day: both would go wrong
without a sound. Every statement passes here, so nobody who writes one need know.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BinaryExpression, ColumnElement, Date, Integer, types
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import CompileError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseList, ExpressionClauseList, Extract
from sqlalchemy.sql.functions import Function, FunctionElement

MIXING = frozenset({"coalesce", "max", "min", "greatest", "least", "nullif"})
"""Functions that choose one of several values: of instants and days SQLite would choose by kind."""


class _Begins(FunctionElement[int]):
    """The instant at which a day begins in UTC, as PostgreSQL reads a day beside an instant."""

    type = Integer()
    inherit_cache = True
    name = "begins"


@compiles(_Begins)
def _begins(element: _Begins, compiler: Any, **kw: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER) * 1000000"


class Words(SQLiteCompiler):
    """SQLite's compiler, for a database whose instants are microseconds since 1970."""

    def visit_binary(self, binary: BinaryExpression[Any], *given: Any, **kw: Any) -> str:
        """A day beside an instant is the instant at which it begins."""
        left, right = binary.left, binary.right
        if _is_instant(left) and _has_day(right):
            binary = binary._clone()
            binary.right = _as_instant(right)
        elif _is_instant(right) and _has_day(left):
            binary = binary._clone()
            binary.left = _as_instant(left)
        return str(super().visit_binary(binary, *given, **kw))  # type: ignore[no-untyped-call]

    def visit_extract(self, extract: Extract, **kw: Any) -> str:
        """Parts of an instant are those of its seconds since 1970."""
        if isinstance(extract.expr.type, types.NullType):
            raise CompileError(f"{extract.field} of what may be an instant: say its type")
        if not _is_instant(extract.expr):
            return str(super().visit_extract(extract, **kw))  # type: ignore[no-untyped-call]
        part = self.extract_map.get(extract.field)
        if part is None:
            raise CompileError(f"{extract.field} is no part of an instant on SQLite")
        return (
            f"CAST(strftime('{part}', {self.process(extract.expr, **kw)} / 1000000, 'unixepoch') AS INTEGER)"
        )

    def visit_function(self, func: Function[Any], *given: Any, **kw: Any) -> str:
        """Of instants and days none can be chosen."""
        chooses: Function[Any] = func
        values = list(chooses.clauses)
        if chooses.name in MIXING and any(map(_is_instant, values)) and any(map(_is_day, values)):
            raise CompileError(f"{chooses.name} of instants and days")
        return str(super().visit_function(func, *given, **kw))


def _is_instant(element: Any) -> bool:
    found = getattr(element, "type", None)
    return isinstance(getattr(found, "impl", found), types.DateTime)


def _is_day(element: Any) -> bool:
    return isinstance(getattr(element, "type", None), Date)


def _has_day(element: Any) -> bool:
    return any(map(_is_day, element.clauses)) if _is_list(element) else _is_day(element)


def _is_list(element: Any) -> bool:
    """The two ends of BETWEEN, or what IN names."""
    return isinstance(element, (ClauseList, ExpressionClauseList))


def _as_instant(element: Any) -> ColumnElement[Any]:
    """A day, or those of a list, as instants."""
    if not _is_list(element):
        return _Begins(element)
    found: ColumnElement[Any] = element._clone()
    found.clauses = type(element.clauses)(  # type: ignore[attr-defined]
        _Begins(one) if _is_day(one) else one for one in element.clauses
    )
    return found
