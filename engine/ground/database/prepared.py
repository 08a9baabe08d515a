"""Statements that never change: compiled once for each database, and run on the driver's cursor.

The one room in which SQLAlchemy is gone round, for what a step does every time. Measured with SQLite, CPU
of a statement that finds one row: the driver alone 8 µs, by this room 12, by `Connection.execute` 23, by the
session as an object 100; an object that is changed and flushed 270, the same UPDATE by this room 10.

What objects of the session still hold unwritten is written first where a session is handed in. Whoever
listens to an engine's statements hears of these too, and errors are SQLAlchemy's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NoReturn

from sqlalchemy import Connection, Table, bindparam, event, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from engine.ground.database import touched
from engine.ground.database.compiled import (
    MOST_KEPT,
    Compiled,
    Row,
    Rows,
    Values,
    compile_for,
    lists_of,
    room_for,
)
from engine.ground.database.constants import written_out
from engine.ground.database.wire import Wire
from engine.ground.database.wire.orders import Order
from engine.ground.tables import Base, table

CONNECTION = "shouwang_connection"
"""In a session's info: the connection of the write transaction that is under way. The session says it too, in
a dozen calls; a step asks 13 times.
"""
_WHICH = "of_number"
"""The value that says which row an UPDATE changes: no column is called so."""


class Prepared:
    """A constant statement; its values are its `bindparam`s, of a bare INSERT the columns in `names`.

    With `own` it asks by the number of a case or subject for what is changed in steps of that one alone: so
    it may be asked before other cases' steps of the same transaction (`foresight`). With `steady` it asks for
    what no step changes, and may be asked as early as the step begins.
    """

    def __init__(
        self,
        statement: SelectBase | UpdateBase,
        names: Sequence[str] = (),
        *,
        own: bool = False,
        steady: bool = False,
    ) -> None:
        self._statement, self._names = written_out(statement), list(names) or None
        self.own, self.steady, self.aside = own, steady, frozenset[str]()
        self.tables = frozenset(one.name for one in iterate(statement) if isinstance(one, Table))
        self._writes, self._touches = isinstance(statement, UpdateBase), touched.every_of(statement)
        self._lists = lists_of(self._statement)
        self._compiled: dict[tuple[object, ...], Compiled] = {}
        self._last: Compiled | None = None
        """Without lists: what the database that asked last takes."""

    def all(self, on: Session | Connection, **values: Any) -> list[Row]:
        """The rows that it finds, or names by RETURNING."""
        compiled, rows = self._run(connection_of(on), values)
        return [compiled.row(row) for row in rows]

    def bare(self, on: Session | Connection, **values: Any) -> Rows:
        """The rows without names, of columns that may share one."""
        return self._run(connection_of(on), values)[1]

    def first(self, on: Session | Connection, **values: Any) -> Row | None:
        """The first row, or None."""
        compiled, rows = self._run(connection_of(on), values)
        return compiled.row(rows[0]) if rows else None

    def scalar(self, on: Session | Connection, **values: Any) -> Any:
        """The first value of the first row, or None."""
        rows = self._run(connection_of(on), values)[1]
        return rows[0][0] if rows else None

    def scalars(self, on: Session | Connection, **values: Any) -> list[Any]:
        """The first value of each row."""
        return [row[0] for row in self._run(connection_of(on), values)[1]]

    def later(self, on: Session | Connection, **values: Any) -> Later:
        """What it finds, asked together with whatever is asked next: for who needs it only then."""
        connection = connection_of(on)
        compiled = self._for(connection, values)
        if not compiled.wire or (wire := wire_of(connection)) is None:
            return Later(_by_cursor(connection, compiled, compiled.values(values)))
        if wire.foresight is not None and (known := self._known(wire, values)) is not None:
            return Later(known)
        answer = Later(None, partial(send, connection, wire))
        wire.later(_order(connection, wire, compiled, values, answer.is_now))
        self._waited(wire)
        return answer

    def ahead(
        self,
        connection: Connection,
        wire: Wire,
        values: Values,
        heard: Callable[[Rows], None],
        *,
        spare: bool,
    ) -> None:
        """Ask this with whatever is asked next, and let somebody hear the rows."""
        wire.later(_order(connection, wire, self._for(connection, values), values, heard, spare=spare))

    def run(self, on: Session | Connection, **values: Any) -> None:
        """Let it change what it changes, before anything is asked, and before the transaction ends."""
        connection = connection_of(on)
        compiled = self._for(connection, values)
        if not compiled.wire or (wire := wire_of(connection)) is None:
            _by_cursor(connection, compiled, compiled.values(values))
            return
        self._write(connection, wire, compiled, values)

    def run_each(self, on: Session | Connection, rows: Sequence[Values]) -> None:
        """Once for each of `rows`."""
        if not rows:
            return
        connection = connection_of(on)
        compiled = self._for(connection, rows[0])
        if not compiled.wire or (wire := wire_of(connection)) is None:
            _by_cursor(connection, compiled, [compiled.values(row) for row in rows], many=True)
            return
        self._write(connection, wire, compiled, *rows)

    def _write(self, connection: Connection, wire: Wire, compiled: Compiled, *rows: Values) -> None:
        if wire.foresight is not None:
            wire.wrote(self.tables)
        for row in rows:
            wire.later(_order(connection, wire, compiled, row))
        self._waited(wire)

    def _run(self, connection: Connection, given: Values) -> tuple[Compiled, Rows]:
        compiled = self._for(connection, given)
        if not compiled.wire or (wire := wire_of(connection)) is None:
            return compiled, _by_cursor(connection, compiled, compiled.values(given))
        if wire.foresight is not None and (known := self._known(wire, given)) is not None:
            return compiled, known
        order = _order(connection, wire, compiled, given)
        try:
            found = wire.ask(order)[0]
        except connection.dialect.loaded_dbapi.Error as error:
            order.failed(error)
        self._waited(wire)
        return compiled, _found(wire, compiled, found)

    def _waited(self, wire: Wire) -> None:
        if touched.A_LOCK in self._touches and wire.foresight is not None:
            wire.foresight.waited()

    def _known(self, wire: Wire, given: Values) -> Rows | None:
        if self._writes:
            wire.wrote(self.tables)
        return wire.foresight.known(self, given) if wire.foresight is not None else None

    def _for(self, connection: Connection, given: Values) -> Compiled:
        """The statement in the words of the connection's database, with room for the lists that are given."""
        for name in self._touches:
            if name in touched.WATCHED:
                touched.touch(connection, name)
        dialect, last = connection.dialect, self._last
        if last is not None and last.dialect is dialect:
            return last
        rooms = tuple([room_for(len(given[name])) for name in self._lists]) if self._lists else ()
        found = self._compiled.get((dialect.name, *rooms))
        if found is None:
            room = dict(zip(self._lists, rooms, strict=True))
            found = compile_for(self._statement, self._names, dialect, room)
            if max(rooms, default=0) <= MOST_KEPT:
                self._compiled[(dialect.name, *rooms)] = found
        self._last = found if not self._lists else None
        return found


class Later:
    """What a statement finds: on PostgreSQL it is known when something else has been asked."""

    def __init__(self, rows: Rows | None, send: Callable[[], None] | None = None) -> None:
        self._rows, self._send = rows, send

    def is_now(self, rows: Rows) -> None:
        """The database has said it."""
        self._rows = rows

    @property
    def rows(self) -> Rows:
        """What was found; asks for it when it has not come along with another answer."""
        if self._rows is None and self._send is not None:
            self._send()
        return self._rows or ()

    @property
    def scalar(self) -> Any:
        """The first value of the first row, or None."""
        return self.rows[0][0] if self.rows else None


@cache
def _updating(model: type[Base], names: tuple[str, ...]) -> Prepared:
    column = table(model).c.id
    changed: dict[Any, Any] = {name: bindparam(name) for name in names}
    return Prepared(update(table(model)).where(column == bindparam(_WHICH)).values(changed))


def change(on: Session | Connection, model: type[Base], row_id: int, **changes: Any) -> None:
    """Change the row of `model` with a number."""
    _updating(model, tuple(changes)).run(on, **{_WHICH: row_id}, **changes)


def change_each(on: Session | Connection, model: type[Base], changes: Mapping[int, Values]) -> None:
    """Change rows of `model` by their numbers; those of which the same columns change, together."""
    alike: dict[tuple[str, ...], list[Values]] = {}
    for number, values in changes.items():
        alike.setdefault(tuple(sorted(values)), []).append({_WHICH: number, **values})
    for names, rows in alike.items():
        _updating(model, names).run_each(on, rows)


def wire_of(connection: Connection) -> Wire | None:
    """PostgreSQL's own way, where the connection goes by it."""
    driver = connection.connection.dbapi_connection
    return driver if isinstance(driver, Wire) and driver.takes_orders else None


def send(connection: Connection, wire: Wire) -> None:
    """Let all that was kept be answered; an error that is nobody's becomes SQLAlchemy's too."""
    try:
        wire.send()
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, error, "", ())


@event.listens_for(Session, "before_commit")
def _send_before_release(session: Session) -> None:
    """What was written within a savepoint fails before that is released: then it can be taken back."""
    if session.in_nested_transaction() and (wire := wire_of(session.connection())) is not None:
        wire.send()


def _order(
    connection: Connection,
    wire: Wire,
    compiled: Compiled,
    given: Values,
    heard: Callable[[Rows], None] | None = None,
    *,
    spare: bool = False,
) -> Order:
    """What goes over the wire, and who hears the rows."""
    values = compiled.values(given)
    _tell(connection, compiled.sql, values, many=False)

    def failed(error: Exception) -> NoReturn:
        _raise(connection, error, compiled.sql, values)

    def found(result: Any) -> None:
        if heard is not None:
            heard(_found(wire, compiled, result))

    sent = [values[name] for name in compiled.wire_order]
    try:
        return wire.order(compiled.wire, sent, failed, found if heard is not None else None, spare=spare)
    except connection.dialect.loaded_dbapi.Error as error:
        failed(error)


def _found(wire: Wire, compiled: Compiled, result: Any) -> Rows:
    """The rows of the driver's result, with each value as its column has it."""
    types = range(result.nfields)
    return compiled.decoded(wire.rows(result), lambda: [result.ftype(one) for one in types])


def _by_cursor(connection: Connection, compiled: Compiled, values: Any, *, many: bool = False) -> Rows:
    """By the driver's own cursor."""
    driver: Any = connection.connection.dbapi_connection
    try:
        if connection.engine._has_events:
            _tell(connection, compiled.sql, values, many=many)
        if many:
            driver.cursor().executemany(compiled.sql, values)
            return ()
        cursor = driver.execute(compiled.sql, values)
        if not compiled.types:
            return ()
        return compiled.decoded(cursor.fetchall(), lambda: [one[1] for one in cursor.description])
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, error, compiled.sql, values)


def by_driver(connection: Connection, sql: str) -> None:
    """Let the driver do what takes no values and answers nothing, as BEGIN: a tenth of SQLAlchemy's way."""
    driver: Any = connection.connection.dbapi_connection
    try:
        _tell(connection, sql, (), many=False)
        driver.execute(sql)
    except connection.dialect.loaded_dbapi.Error as error:
        _raise(connection, error, sql, ())


def _raise(connection: Connection, error: Any, sql: str, values: Any) -> NoReturn:
    """The driver's error becomes SQLAlchemy's."""
    connection._handle_dbapi_exception(error, sql, values, None, None)


def connection_of(on: Session | Connection) -> Connection:
    if isinstance(on, Connection):
        return on
    if on.identity_map._modified or on._new or on._deleted:  # seldom: a step asks 22 times
        write_changes(on)
    found: Connection | None = on.info.get(CONNECTION)
    if found is None or on._nested_transaction is not None:
        return on.connection()  # which begins a savepoint that has not begun yet
    return found


def write_changes(session: Session) -> None:
    """Write what the session's objects hold unwritten.

    Where one stored object has other values than before, as is usual in a step, by a prepared UPDATE.
    """
    changed = session.identity_map._modified
    if len(changed) == 1 and not session.new and not session.deleted:
        state: Any = next(iter(changed))
        names = _changed(state)
        if names is not None:
            model = state.class_
            if names:
                values = {name: state.dict[name] for name in names}
                _updating(model, names).run(session.connection(), **{_WHICH: state.key[1][0]}, **values)
            state._commit_all(state.dict, session.identity_map)
            noted(session)._dirty[state] = True
            return
    session.flush()


def noted(session: Session) -> Any:
    """The transaction, which keeps what a rollback has to undo in the session's objects."""
    return session.get_nested_transaction() or session.get_transaction()


def _changed(state: Any) -> tuple[str, ...] | None:
    """The columns whose values are others than are stored; None where more has changed than values."""
    model, before = state.class_, state.committed_state
    columns = _columns(model)
    if not before.keys() <= columns or state.deleted or state.key is None:
        return None
    now = state.dict
    return tuple(sorted([name for name, value in before.items() if now[name] != value]))


@cache
def _columns(model: type[Base]) -> frozenset[str]:
    """The attributes that are columns of a table with numbered rows; none of another."""
    names = {column.key for column in table(model).c}
    return frozenset(names - {"id"}) if "id" in names else frozenset()


def _tell(connection: Connection, sql: str, values: Any, *, many: bool) -> None:
    """Whoever counts, explains or times an engine's statements hears of this one."""
    for hear in connection.engine.dispatch.before_cursor_execute:
        hear(connection, None, sql, values, None, many)
