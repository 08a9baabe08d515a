"""Statements that never change: compiled once for each database, and run on the driver's cursor.

The one room in which SQLAlchemy is gone round, for what a step does every time. Measured with SQLite, CPU
of a statement that finds one row: the driver alone 8 µs, by this room 12, by `Connection.execute` 23, by the
session as an object 100; an object that is changed and flushed 270, the same UPDATE by this room 10.

What objects of the session still hold unwritten is written first where a session is handed in. Whoever
listens to an engine's statements hears of these too, and errors are SQLAlchemy's own.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

from sqlalchemy import Connection, bindparam, event, insert, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.sql.visitors import iterate

from engine.ground.database import touched
from engine.ground.database.constants import in_server_words, written_out
from engine.ground.database.wire import Order, Wire
from engine.ground.tables import Base, table

MOST_KEPT = 1024
"""A statement with a longer list is built each time."""
_WHICH = "of_number"
"""The value that says which row an UPDATE changes: no column is called so."""
Row = Any
"""A named tuple of the columns that the statement names."""
Values = Mapping[str, Any]
Process = Callable[[Any], Any]


@dataclass(frozen=True)
class _Compiled:
    """A statement in the words of one database."""

    sql: str
    wire: bytes
    """The same in PostgreSQL's own words, for who sends it without the driver's cursor."""
    wire_order: tuple[str, ...]
    lists: tuple[tuple[str, int], ...]
    """The names that stand for a list of values (IN), and how many each has room for."""
    constants: dict[str, Any]
    """What the statement brings itself, as the driver takes it."""
    order: tuple[str, ...]
    """The names of the values where they go by place; empty where they go by name."""
    bind: tuple[tuple[str, Process], ...]
    types: tuple[Any, ...]
    row: Callable[[Any], Row]
    decode: list[list[tuple[int, Process]]] = field(default_factory=list)
    """Known once something was found."""

    def values(self, given: Values) -> Any:
        """The values as the driver takes them. Raises KeyError for a missing one."""
        known = {**self.constants, **given}
        for name, room in self.lists:
            values = [*known.pop(name)]
            for place in range(room):  # the last value once more: what is asked is the same
                known[f"{name}_{place + 1}"] = values[min(place, len(values) - 1)]
        for name, process in self.bind:
            known[name] = process(known[name])
        return tuple([known[name] for name in self.order]) if self.order else known

    def decoded(
        self, found: Sequence[Sequence[Any]], said: Callable[[], Sequence[Any]], dialect: Any
    ) -> Sequence[Sequence[Any]]:
        """What the driver found, with each value as its column has it.

        The driver has `said` of which type each column is to it.
        """
        if not found or not (decode := self._decode(said, dialect)):
            return found
        rows = [list(one) for one in found]
        for values in rows:
            for place, process in decode:
                values[place] = process(values[place])
        return rows

    def _decode(self, said: Callable[[], Sequence[Any]], dialect: Any) -> list[tuple[int, Process]]:
        """How values become those of their columns; the driver says what it makes of each by itself."""
        if not self.decode:
            made = [
                one._cached_result_processor(dialect, code)
                for one, code in zip(self.types, said(), strict=True)
            ]
            self.decode.append(
                [(place, process) for place, process in enumerate(made) if process is not None]
            )
        return self.decode[0]


class Prepared:
    """A constant statement; its values are its `bindparam`s, of a bare INSERT the columns in `names`."""

    def __init__(self, statement: SelectBase | UpdateBase, names: Sequence[str] = ()) -> None:
        self._statement, self._names = written_out(statement), list(names) or None
        self._lists: tuple[str, ...] | None = None
        self._touches = touched.of(statement)
        self._compiled: dict[tuple[object, ...], _Compiled] = {}

    def all(self, on: Session | Connection, **values: Any) -> list[Row]:
        """The rows that it finds, or names by RETURNING."""
        connection = _connection(on)
        make = self._for(connection, values).row
        return [make(row) for row in self._run(connection, values)]

    def bare(self, on: Session | Connection, **values: Any) -> Sequence[Sequence[Any]]:
        """The rows without names, of columns that may share one."""
        return self._run(_connection(on), values)

    def first(self, on: Session | Connection, **values: Any) -> Row | None:
        """The first row, or None."""
        connection = _connection(on)
        found = self._run(connection, values)
        return self._for(connection, values).row(found[0]) if found else None

    def scalar(self, on: Session | Connection, **values: Any) -> Any:
        """The first value of the first row, or None."""
        found = self._run(_connection(on), values)
        return found[0][0] if found else None

    def scalars(self, on: Session | Connection, **values: Any) -> list[Any]:
        """The first value of each row."""
        return [row[0] for row in self._run(_connection(on), values)]

    def run(self, on: Session | Connection, **values: Any) -> None:
        """Let it change what it changes, before anything is asked, and before the transaction ends."""
        self._write(_connection(on), values)

    def run_each(self, on: Session | Connection, rows: Sequence[Values]) -> None:
        """Once for each of `rows`."""
        connection = _connection(on)
        if len(rows) == 1:
            self._write(connection, rows[0])
        elif rows:
            self._write_many(connection, rows)

    def _write(self, connection: Connection, given: Values) -> None:
        wire = _wire(connection)
        if wire is None:
            self._run(connection, given)
            return
        wire.later(self._order(connection, wire, given)[1])

    def _write_many(self, connection: Connection, rows: Sequence[Values]) -> None:
        wire, compiled = _wire(connection), self._for(connection, rows[0])
        values = [compiled.values(row) for row in rows]
        if wire is not None:
            _tell(connection, None, compiled.sql, values, many=True)
            for one in values:
                wire.later(_order(connection, wire, compiled, one))
            return
        cursor = connection.connection.cursor()
        try:
            _tell(connection, cursor, compiled.sql, values, many=True)
            cursor.executemany(compiled.sql, values)
        except connection.dialect.loaded_dbapi.Error as error:
            _raise(connection, error, compiled.sql, values, cursor)
        cursor.close()

    def _run(self, connection: Connection, given: Values) -> Sequence[Sequence[Any]]:
        wire = _wire(connection)
        if wire is not None:
            return self._ask(connection, wire, given)
        compiled = self._for(connection, given)
        values, cursor = compiled.values(given), connection.connection.cursor()
        try:
            _tell(connection, cursor, compiled.sql, values, many=False)
            cursor.execute(compiled.sql, values)
            found = cursor.fetchall() if compiled.types else []
            rows = compiled.decoded(found, lambda: [one[1] for one in cursor.description], connection.dialect)
        except connection.dialect.loaded_dbapi.Error as error:
            _raise(connection, error, compiled.sql, values, cursor)
        cursor.close()
        return rows

    def _ask(self, connection: Connection, wire: Wire, given: Values) -> Sequence[Sequence[Any]]:
        compiled, order = self._order(connection, wire, given)
        try:
            result = wire.ask(order)[0]
        except connection.dialect.loaded_dbapi.Error as error:
            order.failed(error)
        return _found(connection, wire, compiled, result)

    def _order(
        self, connection: Connection, wire: Wire, given: Values, heard: Callable[[Any], None] | None = None
    ) -> tuple[_Compiled, Order]:
        """What goes over the wire."""
        compiled = self._for(connection, given)
        values = compiled.values(given)
        _tell(connection, None, compiled.sql, values, many=False)
        return compiled, _order(connection, wire, compiled, values, heard)

    def _for(self, connection: Connection, given: Values) -> _Compiled:
        """The statement in the words of the connection's database, with room for the lists that are given."""
        if self._lists is None:
            self._lists = _lists(self._statement)
        if self._touches in touched.WATCHED:
            touched.touch(connection, self._touches)
        rooms = tuple([_room(len(given[name])) for name in self._lists])
        key = (connection.dialect.name, *rooms)
        found = self._compiled.get(key)
        if found is None:
            found = self._compile(connection.dialect, dict(zip(self._lists, rooms, strict=True)))
            if max(rooms, default=0) <= MOST_KEPT:
                self._compiled[key] = found
        return found

    def _compile(self, dialect: Any, lists: Mapping[str, int]) -> _Compiled:
        made: Any = self._statement.compile(dialect=dialect, column_keys=self._names)
        asked = {name for bind, name in made.bind_names.items() if bind.required}
        examples = {name: [None] * lists[name] if name in lists else None for name in asked}
        state = made.construct_expanded_state(examples)  # with each value of an IN in its place
        asked |= {f"{name}_{place + 1}" for name, room in lists.items() for place in range(room)}
        processors = {**made._bind_processors, **state.processors}
        constants = {
            name: processors[name](value) if name in processors else value
            for name, value in state.parameters.items()
            if name not in asked
        }
        bind = [(name, process) for name, process in processors.items() if name in asked]
        columns = made._result_columns or []
        names = [one.keyname for one in columns]
        words, order = in_server_words(state.statement, constants)
        return _Compiled(
            state.statement,
            words,
            order,
            tuple(lists.items()),
            constants,
            tuple(state.positiontup or ()),
            tuple(bind),
            tuple([one.type for one in columns]),
            _naming(names),
        )


def _lists(statement: Any) -> tuple[str, ...]:
    """The names of its values that are lists."""
    found = [one for one in iterate(statement) if isinstance(one, BindParameter)]
    return tuple(sorted({str(one.key) for one in found if one.expanding and one.required}))


def _room(count: int) -> int:
    """Room for a list is a power of two: so few statements serve lists of any length."""
    return 1 << max(count - 1, 0).bit_length() if count <= MOST_KEPT else count


def _naming(names: Sequence[str]) -> Callable[[Any], Row]:
    """What makes a row of its values; columns that share a name have none."""
    if not names or len(set(names)) < len(names):
        return tuple
    kind: Any = namedtuple("Row", names)  # type: ignore[misc]  # the names are the statement's
    make: Callable[[Any], Row] = kind._make
    return make


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
    full = whole(model, row)
    found: int = _inserting(model, tuple(full), True).scalar(on, **full)
    return found


def add_later(on: Session | Connection, model: type[Base], **row: Any) -> Number:
    """As `add`, for who needs the number only after other questions."""
    connection, full = _connection(on), whole(model, row)
    statement, wire = _inserting(model, tuple(full), True), _wire(connection)
    number = Number(wire.send if wire is not None else None)
    if wire is None:
        number.is_now(statement.scalar(connection, **full))
    else:
        _, order = statement._order(
            connection, wire, full, lambda found: number.is_now(int(found.get_value(0, 0)))
        )
        wire.later(order)
    return number


def add_each(on: Session | Connection, model: type[Base], rows: Sequence[Values]) -> None:
    """Put rows into the table of `model`; they all name the same columns."""
    full = [whole(model, row) for row in rows]
    if full:
        _inserting(model, tuple(full[0]), False).run_each(on, full)


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


def _wire(connection: Connection) -> Wire | None:
    """PostgreSQL's own way, where the connection goes by it."""
    driver = connection.connection.dbapi_connection
    return driver if isinstance(driver, Wire) and driver.takes_orders else None


@event.listens_for(Session, "before_commit")
def _send_before_release(session: Session) -> None:
    """What was written within a savepoint fails before that is released: then it can be taken back."""
    if session.in_nested_transaction() and (wire := _wire(session.connection())) is not None:
        wire.send()


def _order(
    connection: Connection,
    wire: Wire,
    compiled: _Compiled,
    values: Values,
    heard: Callable[[Any], None] | None = None,
) -> Order:
    def failed(error: Exception) -> NoReturn:
        _raise(connection, error, compiled.sql, values)

    try:
        return wire.order(compiled.wire, [values[name] for name in compiled.wire_order], failed, heard)
    except connection.dialect.loaded_dbapi.Error as error:
        failed(error)


def _found(connection: Connection, wire: Wire, compiled: _Compiled, result: Any) -> Sequence[Sequence[Any]]:
    """The rows of the driver's result, with each value as its column has it."""
    types = range(result.nfields)
    return compiled.decoded(
        wire.rows(result), lambda: [result.ftype(one) for one in types], connection.dialect
    )


class Number:
    """The number that a new row is given: on PostgreSQL it is known when something else has been asked."""

    def __init__(self, send: Callable[[], None] | None) -> None:
        self._send, self._value = send, 0

    def is_now(self, value: int) -> None:
        """The database has given it."""
        self._value = value

    @property
    def value(self) -> int:
        """The number; asks for it when it has not come along with another answer."""
        if not self._value and self._send is not None:
            self._send()
        return self._value


def _raise(connection: Connection, error: Any, sql: str, values: Any, cursor: Any = None) -> NoReturn:
    """The driver's error becomes SQLAlchemy's."""
    connection._handle_dbapi_exception(error, sql, values, cursor, None)


def _connection(on: Session | Connection) -> Connection:
    if isinstance(on, Connection):
        return on
    write_changes(on)
    return on.connection()


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
    return tuple(sorted(name for name, value in before.items() if state.dict[name] != value))


@cache
def _columns(model: type[Base]) -> frozenset[str]:
    """The attributes that are columns of a table with numbered rows; none of another."""
    names = {column.key for column in table(model).c}
    return frozenset(names - {"id"}) if "id" in names else frozenset()


def _tell(connection: Connection, cursor: Any, sql: str, values: Any, *, many: bool) -> None:
    """Whoever counts, explains or times an engine's statements hears of this one."""
    if connection._has_events or connection.engine._has_events:
        for hear in connection.dispatch.before_cursor_execute:
            hear(connection, cursor, sql, values, None, many)
