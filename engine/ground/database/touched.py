"""Into which tables a connection has written last, of those that somebody watches: `remembered` does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.sql.dml import UpdateBase

A_LOCK = ""
"""What stands for a table where a row was locked: whoever waited for it finds another world."""
WATCHED = {A_LOCK}
"""The names of the tables; they are added as modules are imported."""
_NUMBERS = count(1)
_KEPT = "shouwang_touched"


def of(statement: Any) -> str | None:
    """What a statement touches: the table that it writes into, `A_LOCK`, or nothing."""
    if isinstance(statement, UpdateBase):
        into: Any = statement.table
        return str(into.name)
    return A_LOCK if getattr(statement, "_for_update_arg", None) is not None else None


def every_of(statement: Any) -> tuple[str, ...]:
    """All that it touches: an INSERT … ON CONFLICT waits for who holds the row, as for a lock."""
    touched = of(statement)
    waits = getattr(statement, "_post_values_clause", None) is not None
    return tuple([name for name in (touched, A_LOCK if waits else None) if name is not None])


def touch(connection: Connection, name: str) -> None:
    """The connection has written into the table, or is about to before anything else is asked."""
    connection.info.setdefault(_KEPT, {})[name] = next(_NUMBERS)


def last(connection: Connection, names: Iterable[str]) -> tuple[int, ...]:
    """A number for each table that is another one after each time that it was touched."""
    kept = connection.info.get(_KEPT, {})
    return tuple([kept.get(name, 0) for name in names])


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, flushed: UOWTransaction) -> None:
    for mapper in flushed.mappers:
        if (name := str(getattr(mapper.local_table, "name", ""))) in WATCHED:
            touch(session.connection(), name)


@event.listens_for(Session, "do_orm_execute")
def _executed(asked: ORMExecuteState) -> None:
    """What the session is given to execute; a text may do anything."""
    if asked.is_select:
        touched = [] if of(asked.statement) is None else [A_LOCK]
    elif isinstance(asked.statement, UpdateBase):
        touched = [name for name in [of(asked.statement)] if name in WATCHED]
    else:
        touched = [*WATCHED]
    for name in touched:
        touch(asked.session.connection(), str(name))
