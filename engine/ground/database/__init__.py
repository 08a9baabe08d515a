"""Connections and the write transaction, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial, wraps
from random import uniform
from threading import BoundedSemaphore
from time import sleep
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import sqlalchemy
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, ColumnElement, Connection, DateTime, Engine, Insert, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction, object_session, sessionmaker
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from engine.ground.database.prepared import Prepared, change, write_changes
from engine.ground.database.sqlite_words import Words
from engine.ground.database.wire import Wire
from engine.ground.errors import Trouble, Unavailable
from engine.ground.surroundings import READ_ONLY, trouble_of
from engine.ground.tables import Base, Microseconds, table

WRITING = "shouwang_writing"
_KNOWN = "shouwang_known"
"""In a session's info: whether a write transaction is under way."""
_GATE = "shouwang_gate"
_AFTER = "shouwang_after"
ATTEMPTS = 3
"""How often a step transaction is tried that gave way to another or lost its connection."""
PAUSE = 0.05
"""Seconds, about, before the second attempt; twice as long before the third."""
AT_THE_GATE = 1.0
"""Seconds that a writer waits for one of the places for writers."""
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Patience:
    """How long a connection waits before it answers that it cannot; 0: as long as it takes."""

    lock_seconds: float = 15
    """For what another transaction holds: a row, or SQLite's one lock for writers."""
    statement_seconds: float = 0
    """For one statement. PostgreSQL only: SQLite's readers and its
    one writer are bounded by the work itself.
    """
    idle_seconds: float = 0
    """For the next statement of a transaction that was begun. PostgreSQL only."""


SOON = "2"
"""Seconds, for each host, in which another connection takes the place of one that has just ended: somebody
waits for the answer."""
HIDING: dict[str, Any] = {"hide_parameters": True}
"""Errors of the database are written to logs: without the values, which are people's."""


_SEVERAL = re.compile(r"(?P<begin>[^/]+://(?:[^/?]*@)?)(?P<hosts>[^@/?]*,[^@/?]*)(?P<rest>.*)")
"""A URL with several hosts, as libpq writes it: ``postgresql://user@one:5432,two:5432/name``."""
_NETWORK = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
}
"""How soon a PostgreSQL server that has vanished without a word is given up, where the URL does not say it:
seconds, but for the last, which is in milliseconds. The system alone would wait for a quarter of an hour.
"""


def address(url: str) -> URL:
    """The database's URL for the driver that we ship.

    Of several hosts with commas between, each connection takes the first that takes writes: when the leader
    changes, the new one is found without another word.
    """
    if not url.startswith("postgresql"):
        return make_url(url)
    several = _SEVERAL.fullmatch(url)
    query: dict[str, str | Sequence[str]] = dict(_NETWORK)
    if several:
        url = several["begin"] + several["rest"]
        query |= {"host": several["hosts"].split(","), "target_session_attrs": "read-write"}
    found = make_url(url).set(drivername="postgresql+psycopg")
    return found.update_query_dict(query | dict(found.query))


def for_driver(url: str, **more: str) -> str:
    """The same PostgreSQL database for who uses the driver itself, with `more` settings of the driver."""
    wanted = address(url)
    _, options = wanted.get_dialect()().create_connect_args(wanted)
    return make_conninfo(**{**options, **more})


def create_engine(url: str, patience: Patience = Patience(), **options: Any) -> Engine:
    """An engine for a database `url`; SQLite gets WAL,
    foreign keys and transactions that we begin ourselves.
    """
    engine = sqlalchemy.create_engine(address(url), **HIDING, **options)
    configure(engine, patience)
    return engine


def configure(engine: Engine, patience: Patience = Patience(), writers: int = 0) -> None:
    """Set up an engine made elsewhere (Flask-SQLAlchemy makes its own).

    At most `writers` transactions write at a time (0: any number), so that writers who wait for one another
    leave threads to those who only read; one more waits a moment and is then told to ask again.
    """
    if writers:
        engine.update_execution_options(**{_GATE: BoundedSemaphore(writers)})
    if engine.dialect.name == "sqlite":
        _let_instants_be_numbers(engine.dialect)
        event.listen(engine, "connect", partial(_prepare_sqlite, patience))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "do_connect", partial(_connect_postgres, patience))
        event.listen(engine, "checkout", _replace_a_dead_one)
        event.listen(engine, "handle_error", _leave_a_standby)


def _let_instants_be_numbers(dialect: Any) -> None:
    """Also of columns that are reflected, and of values whose column SQLAlchemy does not know: a text would
    be later than any number. Days beside them, and parts of them, are `Words`.
    """
    dialect.ischema_names = {**dialect.ischema_names, "DATETIME": Microseconds}
    dialect.colspecs = {**dialect.colspecs, DateTime: Microseconds}
    dialect.statement_compiler = Words


def _prepare_sqlite(patience: Patience, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    # FULL: a finished step outlives a power cut; NORMAL may lose the last commits of the write-ahead log
    cursor = connection.cursor()
    wait = f"busy_timeout={patience.lock_seconds * 1000:.0f}"
    for pragma in (wait, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _connect_postgres(patience: Patience, _dialect: Any, _record: Any, given: Any, named: Any) -> Wire:
    def connected(**more: Any) -> Wire:
        wire = Wire.connect(*given, **{**named, **more})
        _prepare_postgres(patience, wire)
        return wire

    found = connected()
    found.anew = partial(connected, connect_timeout=SOON)
    return found


def _replace_a_dead_one(connection: Any, _record: Any, _proxy: Any) -> None:
    """A connection that broke while nobody used it (a restart of the database) is replaced before its use."""
    if not connection.lives():
        raise DisconnectionError


def _prepare_postgres(patience: Patience, connection: Wire) -> None:
    limits = {
        "lock_timeout": patience.lock_seconds,
        "statement_timeout": patience.statement_seconds,
        "idle_in_transaction_session_timeout": patience.idle_seconds,
    }
    with connection.cursor() as cursor:
        for name, seconds in limits.items():
            cursor.execute(f"SET {name} = {seconds * 1000:.0f}")
    connection.commit()


def _leave_a_standby(context: ExceptionContext) -> None:
    """A connection to a server which takes no writes (any more) is of no use, nor are its likes."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: a reader that turned writer would fail instead of waiting."""
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def write(session: Session) -> Iterator[None]:
    """One write transaction: commits at the end, rolls everything back on any error; joins an outer one.

    What the session had read before is released first, so that the transaction sees the present state. Raises
    Unavailable for whatever the surroundings did to it.
    """
    if session.info.get(WRITING):
        yield
        return
    with _place_for_writer(session), _told_of_trouble(session):
        if session.in_transaction():
            session.commit()
        session.info[WRITING] = True
        session.connection(execution_options={WRITING: True})
        yield
        _commit(session)
    for _, act in session.info.pop(_AFTER, ()):
        act()


def after_commit(session: Session, act: Callable[[], None]) -> None:
    """Do this once the present write transaction counts; not at all where it is rolled back,
    or a transaction within it in which this was asked.
    """
    session.info.setdefault(_AFTER, []).append((session.get_nested_transaction(), act))


@event.listens_for(Session, "after_soft_rollback")
def _drop_undone(session: Session, undone: SessionTransaction) -> None:
    """What was to be done after something that a transaction within another took back."""
    acts = session.info.get(_AFTER)
    if acts:
        session.info[_AFTER] = [one for one in acts if not _is_within(one[0], undone)]


def _is_within(inner: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while inner is not None and inner is not outer:
        inner = inner.parent
    return inner is outer


@contextmanager
def _told_of_trouble(session: Session) -> Iterator[None]:
    """Rolls back on any error; one of the surroundings becomes Unavailable."""
    try:
        yield
    except BaseException as error:
        _roll_back(session)
        trouble = trouble_of(error)
        if trouble is None or isinstance(error, Unavailable):
            raise
        raise Unavailable(trouble) from error
    finally:
        session.info[WRITING] = False


def _roll_back(session: Session) -> None:
    """Roll back also where the connection has gone, and with it the transaction."""
    session.info.pop(_AFTER, None)
    try:
        session.rollback()
    except SQLAlchemyError:
        with suppress(SQLAlchemyError):
            session.invalidate()


def _commit(session: Session) -> None:
    """A connection that breaks in here leaves it open whether the transaction counts: but for one
    that was said to end at a statement, before the COMMIT.
    """
    write_changes(session)
    try:
        session.commit()
    except SQLAlchemyError as error:
        if trouble_of(error) is Trouble.LOST and getattr(error, "statement", None) is None:
            raise Unavailable(Trouble.UNSURE) from error
        raise


@contextmanager
def _place_for_writer(session: Session) -> Iterator[None]:
    gate: BoundedSemaphore | None = session.get_bind().get_execution_options().get(_GATE)
    if gate is None:
        yield
        return
    if not gate.acquire(timeout=AT_THE_GATE):
        raise Unavailable(Trouble.HELD)
    try:
        yield
    finally:
        gate.release()


_GONE = (Trouble.CROSSED, Trouble.LOST, Trouble.MOVED)
"""After these nothing of the transaction is left: it may be done again."""


def whole(act: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """An act that is one write transaction, whole or not at all:
    done again when it was undone through no fault of its.

    Two that were in each other's way (deadlock, serialization), or a connection that broke before the commit:
    the transaction is gone, so doing it again cannot do it twice. Inside an outer transaction only that one
    is done again.
    """

    @wraps(act)
    def done(session: Session, *args: P.args, **kwargs: P.kwargs) -> R:
        attempts = 1 if session.info.get(WRITING) else ATTEMPTS
        for attempt in range(1, attempts):
            try:
                return act(session, *args, **kwargs)
            except Unavailable as error:
                if error.trouble not in _GONE:
                    raise
                sleep(uniform(0.5, 1.5) * PAUSE * attempt)
        return act(session, *args, **kwargs)

    return cast("Callable[Concatenate[Session, P], R]", done)


def ping(session: Session) -> None:
    """Ask the database for nothing; raises what the driver raises when it does not answer."""
    session.execute(sqlalchemy.text("SELECT 1"))


def hurry(session: Session) -> None:
    """Let the present transaction wait for a lock no longer than a second. PostgreSQL only."""
    if is_postgres(session):
        session.execute(sqlalchemy.text("SET LOCAL lock_timeout = '1s'"))


def is_postgres(session: Session) -> bool:
    """Whether the session's database is PostgreSQL (or one of its relatives)."""
    return session.get_bind().dialect.name == "postgresql"


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


def insert_once(session: Session, model: type[Base], row: Mapping[str, Any]) -> bool:
    """Insert `row`; False when one with the same key is present,
    also when another process has just put it there.
    """
    insert: Any = postgresql.insert if is_postgres(session) else sqlite.insert
    done: Any = session.execute(insert(model).values(row).on_conflict_do_nothing())
    return bool(done.rowcount)


def reaches_writer(session: Session) -> bool:
    """Whether a write transaction can be begun and ended now:
    tells trouble with one row from trouble with all.
    """
    try:
        with write(session):
            session.connection().exec_driver_sql("SELECT 1")
    except Unavailable:
        return False
    return True


def once(session: Session, key: Hashable, ask: Callable[[], R]) -> R:
    """What `ask` answers, asked once in a transaction, for what nothing in it changes (`forget`).

    What was asked in a transaction within another is asked anew outside it: it may have been taken back.
    """
    transaction = session.get_nested_transaction() or session.get_transaction()
    if transaction is None:
        return ask()
    asked, answers = session.info.get(_KNOWN, (None, {}))
    if asked is not transaction:
        answers = {}
        session.info[_KNOWN] = (transaction, answers)
    if key not in answers:
        answers[key] = ask()
    found: R = answers[key]
    return found


def forget(session: Session, _transaction: Any = None) -> None:
    """What was asked `once` has changed, or may have: the transaction is over."""
    session.info.pop(_KNOWN, None)


event.listen(Session, "after_transaction_end", forget)


@contextmanager
def discarding(session: Session) -> Iterator[None]:
    """One write transaction of which nothing stays: rolled back at its end, however it ends.

    Everything inside that opens a write transaction of its own joins it.
    """
    with _place_for_writer(session), _told_of_trouble(session):
        if session.in_transaction():
            session.commit()
        session.info[WRITING] = True
        session.connection(execution_options={WRITING: True})
        try:
            yield
        finally:
            session.info.pop(_AFTER, None)
            session.rollback()


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
    for name, value in values.items():
        set_committed_value(row, name, value)
    session = object_session(row)
    inner: Any = None if session is None else session.get_nested_transaction()
    if inner is not None:
        inner._dirty[instance_state(row)] = True
