"""Rows put and changed, with the defaults of their columns: as the session would, by prepared statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state

from engine.ground.database.compiled import Process, Values
from engine.ground.database.connections import is_postgres
from engine.ground.database.foreseeing import drawn
from engine.ground.database.prepared import Later, Prepared, change, connection_of
from engine.ground.tables import Base, table


class _Given:
    """What a column's default may ask of the new row."""

    def __init__(self, row: Values) -> None:
        self._row = row

    def get_current_parameters(self) -> Values:
        return self._row


@cache
def _defaults(model: type[Base]) -> tuple[dict[str, Any], dict[str, Process]]:
    """What the columns of a table are where a row does not say it: constants, and what is made of the row."""
    fixed: dict[str, Any] = {}
    made: dict[str, Process] = {}
    for column in table(model).c:
        default: Any = column.default
        if default is not None and default.is_callable:
            made[column.key] = default.arg
        elif not column.primary_key or default is not None:
            fixed[column.key] = default.arg if default is not None else None
    return fixed, made


@cache
def _inserting(model: type[Base], names: tuple[str, ...], numbered: bool) -> Prepared:
    statement = insert(table(model))
    wanted = statement.returning(table(model).c.id) if numbered else statement.inline()
    return Prepared(wanted, names)


def whole(model: type[Base], row: Values) -> dict[str, Any]:
    """The row with what its columns are where it does not say it."""
    fixed, made = _defaults(model)
    full = {**fixed, **row}
    for name, make in made.items():
        if name not in row:
            full[name] = make(_Given(full))
    return full


def add(on: Session | Connection, model: type[Base], **row: Any) -> int:
    """Put a row into the table of `model`, as an object would be put; answers its number."""
    connection, full = connection_of(on), whole(model, row)
    if (number := drawn(connection, model)) is not None:
        _inserting(model, ("id", *full), False).run(connection, id=number, **full)
        return number
    found: int = _inserting(model, tuple(full), True).scalar(connection, **full)
    return found


def add_later(on: Session | Connection, model: type[Base], **row: Any) -> Later:
    """As `add`, for who needs the number, which is the answer's scalar, only after other questions."""
    connection, full = connection_of(on), whole(model, row)
    if (number := drawn(connection, model)) is not None:
        _inserting(model, ("id", *full), False).run(connection, id=number, **full)
        return Later([[number]])
    return _inserting(model, tuple(full), True).later(connection, **full)


def add_each(on: Session | Connection, model: type[Base], rows: Sequence[Values]) -> None:
    """Put rows into the table of `model`; they all name the same columns."""
    full = [whole(model, row) for row in rows]
    if full:
        _inserting(model, tuple(full[0]), False).run_each(on, full)


def upsert(
    session: Session,
    model: type[Base],
    row: Mapping[str, Any],
    keys: Sequence[str],
    *,
    also: Mapping[str, ColumnElement[Any]] | None = None,
    where: ColumnElement[bool] | None = None,
) -> Insert:
    """An INSERT of `row` that, where one with the same `keys` is present, changes that one instead.

    `also` are changes of a present row alone; a present row for which `where` does not hold stays as it is.
    """
    insert: Any = postgresql.insert if is_postgres(session) else sqlite.insert
    statement = insert(model).values(row)
    changed = {name: statement.excluded[name] for name in row if name not in keys} | dict(also or {})
    found: Insert = statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where)
    return found


@cache
def _putting(postgres: bool, model: type[Base], names: tuple[str, ...], keys: tuple[str, ...]) -> Prepared:
    statement: Any = (postgresql.insert if postgres else sqlite.insert)(table(model))
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=changed), names)


def put(session: Session, model: type[Base], row: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    """Insert `row`, or change the one with the same `keys` to it: an `upsert` that is prepared."""
    _putting(is_postgres(session), model, tuple(row), keys).run(session, **row)


@cache
def _inserting_once(postgres: bool, model: type[Base], names: tuple[str, ...]) -> Prepared:
    statement: Any = (postgresql.insert if postgres else sqlite.insert)(table(model))
    key = next(iter(table(model).primary_key))
    return Prepared(statement.on_conflict_do_nothing().returning(key), names)


def insert_once(session: Session, model: type[Base], row: Mapping[str, Any]) -> bool:
    """Insert `row`; False when one with the same key is present,
    also when another process has just put it there.
    """
    full = whole(model, row)
    return bool(_inserting_once(is_postgres(session), model, tuple(full)).bare(session, **full))


def save(connection: Session | Connection, row: Base, **changes: Any) -> None:
    """Write `changes` of the stored `row`, in the database and in the object.

    The same UPDATE as after assignments and a flush, for a tenth of the time; a step saves the case, the work
    item and the subject this way.
    """
    change(connection, type(row), row.__dict__["id"], **changes)
    set_stored(row, **changes)


def set_stored(row: Base, **values: Any) -> None:
    """Set values of the object that are, or are about to be, stored otherwise than by a flush.

    A transaction within another hears of it: when that one is taken back, the object is read anew.
    """
    state: Any = instance_state(row)
    fields = row.__dict__
    fields.update(values)
    if state.committed_state or state.expired_attributes or state.callables:
        state._commit(fields, values)  # what SQLAlchemy's `set_committed_value` does, all values at once
    session = state.session
    inner: Any = None if session is None else session.get_nested_transaction()
    if inner is not None:
        inner._dirty[state] = True
