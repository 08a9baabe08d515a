"""Where a row stands in an ordered list, and the rows behind and before it, as SQL.

The order is read off the query itself, so that a list that is ordered otherwise one day is paged so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, true
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

_Rows = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Term:
    """What a list is ordered by: an expression, which way, and where what has none of it stands."""

    value: ColumnElement[Any]
    descending: bool
    nulls_last: bool | None
    """None: as the database has it."""

    def straight(self) -> ColumnElement[Any]:
        """As the list is ordered."""
        found = self.value.desc() if self.descending else self.value
        if self.nulls_last is None:
            return found
        return found.nulls_last() if self.nulls_last else found.nulls_first()

    def turned(self) -> ColumnElement[Any]:
        """The same the other way round."""
        found = self.value.asc() if self.descending else self.value.desc()
        if self.nulls_last is None:
            return found
        return found.nulls_first() if self.nulls_last else found.nulls_last()

    def behind(self, at: Any, *, back: bool, postgres: bool) -> ColumnElement[bool]:
        """SQL: the value stands strictly behind `at`, or (`back`) before it."""
        last = self.nulls_last
        if last is None:
            last = self.descending is not postgres  # nothing is largest in PostgreSQL, smallest in SQLite
        ends_with_none = last is not back
        if at is None:
            return false() if ends_with_none else self.value.is_not(None)
        ends = literal(at, self.value.type)
        beyond = self.value < ends if self.descending is not back else self.value > ends
        return or_(beyond, self.value.is_(None)) if ends_with_none and self._may_lack else beyond

    def bound(self, at: Any, *, back: bool) -> ColumnElement[bool]:
        """SQL: the value stands not on the other side of `at`: where an index begins to be read."""
        if at is None or self._may_lack:
            return true()
        ends = literal(at, self.value.type)
        return self.value <= ends if self.descending is not back else self.value >= ends

    @property
    def _may_lack(self) -> bool:
        return bool(getattr(self.value, "nullable", True))

    def same(self, at: Any) -> ColumnElement[bool]:
        """SQL: the value is `at`."""
        return self.value.is_(None) if at is None else self.value == literal(at, self.value.type)


@dataclass(frozen=True)
class Order:
    """The order of a list of rows that have a key."""

    terms: Sequence[Term]
    row_key: Any
    whole_row: bool
    """Whether the list's first column is the row itself, not its key."""

    def key(self, row: Any) -> int:
        """The key of one of the list's rows."""
        found: int = row[0].id if self.whole_row else row[0]
        return found

    def ordered(self, query: _Rows) -> _Rows:
        """The query with its key as the last of what it is ordered by: no two rows stand at one place."""
        return query.order_by(None).order_by(*(term.straight() for term in self.terms))

    def beside(self, session: Session, query: _Rows, key: int, *, back: bool) -> _Rows | None:
        """The rows behind the row of `key`, or (`back`) those before it, from there on.

        Wherever the row is now, in the list or no longer. None where there is no such row.
        """
        columns = [term.value.label(f"place_{number}") for number, term in enumerate(self.terms)]
        place = query.order_by(None).with_only_columns(*columns, maintain_column_froms=True)
        at = session.execute(meeting(place, [self.row_key == key]).limit(1)).one_or_none()
        if at is None:
            return None
        postgres = session.get_bind().dialect.name == "postgresql"
        beyond: list[ColumnElement[bool]] = []
        for number, (term, value) in enumerate(zip(self.terms, at, strict=True)):
            same = [one.same(before) for one, before in zip(self.terms[:number], at, strict=False)]
            beyond.append(and_(*same, term.behind(value, back=back, postgres=postgres)))
        found = query.where(self.terms[0].bound(at[0], back=back), or_(*beyond))
        return found.order_by(None).order_by(*(term.turned() for term in self.terms)) if back else found


def meeting(query: _Rows, conditions: Sequence[ColumnElement[bool]]) -> _Rows:
    """The query with these conditions instead of its own."""
    found = query._generate()
    found._where_criteria = tuple(conditions)
    return found


def order_of(query: _Rows) -> Order | None:
    """How a query orders rows that have a key; None for rows that are sums, or of several tables."""
    first = query.column_descriptions[0] if query.column_descriptions else {}
    entity = first.get("entity")
    whole_row = entity is not None and first.get("expr") is entity
    if entity is None or not hasattr(entity, "id") or not (whole_row or first.get("name") == "id"):
        return None
    if query._group_by_clauses or query._distinct:
        return None
    terms = [_term(clause) for clause in query._order_by_clauses]
    if not any(_is_key(term.value, entity) for term in terms):
        terms.append(Term(entity.id, False, None))
    return Order(terms, entity.id, whole_row)


def _is_key(value: ColumnElement[Any], entity: Any) -> bool:
    return value is entity.id or entity.id.shares_lineage(value)


_WAYS = {
    operators.desc_op: {"descending": True},
    operators.asc_op: {"descending": False},
    operators.nulls_last_op: {"nulls_last": True},
    operators.nulls_first_op: {"nulls_last": False},
}


def _term(clause: ColumnElement[Any]) -> Term:
    ways: dict[str, bool] = {}
    while isinstance(clause, UnaryExpression) and clause.modifier in _WAYS:
        ways |= _WAYS[clause.modifier]
        clause = clause.element
    return Term(clause, ways.get("descending", False), ways.get("nulls_last"))
