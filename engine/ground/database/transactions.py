"""The write transaction, the same for SQLite and PostgreSQL: whole or not at all, done again if undone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from random import uniform
from threading import BoundedSemaphore
from time import sleep
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import sqlalchemy
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction

from engine.ground.database.connections import A_MOMENT, GATE, WRITING, begin_immediately, is_postgres
from engine.ground.database.prepared import CONNECTION, Prepared, wire_of, write_changes
from engine.ground.database.wire import Wire
from engine.ground.errors import Trouble, Unavailable
from engine.ground.surroundings import trouble_of

_KNOWN = "shouwang_known"
"""In a session's info: what was asked once in the transaction."""
_UNASKED: Any = object()
"""No answer."""
_AFTER = "shouwang_after"
"""In a session's info: what is to be done after the commit."""
_ALONE = "shouwang_alone"
"""In a session's info: whether nobody else writes as long as the write transaction lasts."""
_EVERYBODY = 7_317, 0
"""The lock of PostgreSQL that every write transaction shares, and that one alone holds by itself."""
_WITH_OTHERS = Prepared(select(func.pg_advisory_xact_lock_shared(*_EVERYBODY)))
_BY_ONESELF = Prepared(select(func.pg_advisory_xact_lock(*_EVERYBODY)))
ATTEMPTS = 3
"""How often a step transaction is tried that gave way to another or lost its connection."""
PAUSE = 0.05
"""Seconds, about, before the second attempt; twice as long before the third."""
AT_THE_GATE = 1.0
"""Seconds that a writer waits for one of the places for writers."""
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def write(session: Session, patient: bool = True, *, alone: bool = False) -> Iterator[None]:
    """One write transaction: commits at the end, rolls everything back on any error; joins an outer one.

    What the session had read before is released first, so that the transaction sees the present state. Raises
    Unavailable for whatever the surroundings did to it. Not `patient` is what is written of somebody who has
    waited once for what is held: it waits a moment at most, so that every answer comes within seconds.

    `alone` is what changes rules or places that others' transactions go by: it begins when all others have
    ended, and what begins meanwhile waits for its end. So what everybody relies on stays as it is as long as
    a transaction lasts, on PostgreSQL as with SQLite's one writer.
    """
    if session.info.get(WRITING):
        if alone and not stands_alone(session):
            session.flush()
            _exclude_others(session)
        yield
        return
    with _writing(session):
        _begin_to_write(session, patient)
        if alone:
            _exclude_others(session)
        elif is_postgres(session):
            _WITH_OTHERS.run(session)  # on its way with the first statement
        yield
        _commit(session)
    for _, act in session.info.pop(_AFTER, ()):
        act()


def _begin_to_write(session: Session, patient: bool) -> None:
    """Begin the write transaction, on the connection with which the session has read, where it has.

    A request reads first who asks: to give its connection back and take it again costs 0.1 ms, and on
    PostgreSQL a COMMIT's way there and back.
    """
    connection = session.connection()
    if not _can_turn(session, connection):
        session.commit()
        connection = session.connection()
    if connection.dialect.name == "sqlite":
        begin_immediately(connection, patient)
    elif not patient:
        session.execute(sqlalchemy.text(f"SET LOCAL lock_timeout = {A_MOMENT * 1000:.0f}"))
    if (wire := wire_of(connection)) is not None:
        wire.page_ends()
    forget(session)  # what was asked before is asked anew
    session.info[WRITING] = True
    session.info[CONNECTION] = connection


def _exclude_others(session: Session) -> None:
    """From now on the transaction is alone, and sees what all others have left."""
    if is_postgres(session):
        _BY_ONESELF.run(session)
    session.info[_ALONE] = True
    session.expire_all()
    forget(session)


def stands_alone(session: Session) -> bool:
    """Whether the session's write transaction excludes all others."""
    return bool(session.info.get(_ALONE))


def _can_turn(session: Session, connection: Connection) -> bool:
    """Whether a transaction has only read, and can write from now on and see what is committed by now."""
    if session.identity_map._modified or session._new or session._deleted:
        return False
    driver: Any = connection.connection.dbapi_connection
    return not isinstance(driver, Wire) or driver.sees_anew


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
def _writing(session: Session) -> Iterator[None]:
    """In one of the places for writers, where they are counted. Rolls back on any error; one of the
    surroundings becomes Unavailable.
    """
    gate: BoundedSemaphore | None = session.get_bind().get_execution_options().get(GATE)
    if gate is not None and not gate.acquire(timeout=AT_THE_GATE):
        raise Unavailable(Trouble.HELD)
    try:
        yield
    except BaseException as error:
        _roll_back(session)
        trouble = trouble_of(error)
        if trouble is None or isinstance(error, Unavailable):
            raise
        raise Unavailable(trouble) from error
    finally:
        session.info[WRITING] = session.info[_ALONE] = False
        session.info.pop(CONNECTION, None)
        if gate is not None:
            gate.release()


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
        if not _committed_plainly(session):
            session.commit()
    except SQLAlchemyError as error:
        if trouble_of(error) is Trouble.LOST and getattr(error, "statement", None) is None:
            raise Unavailable(Trouble.UNSURE) from error
        raise


def _committed_plainly(session: Session) -> bool:
    """Do what `Session.commit` does, in half the time, where nothing is left to write, expire or release."""
    connection: Connection | None = session.info.get(CONNECTION)
    if connection is None or session.expire_on_commit or session.in_nested_transaction():
        return False
    transaction: Any = session.get_transaction()
    session.dispatch.before_commit(session)
    if transaction._deleted or not session._is_clean():
        return False  # there are deleted objects to release, or who was told has added some
    connection.commit()
    session.dispatch.after_commit(session)
    transaction.close()
    return True


_GONE = (Trouble.CROSSED, Trouble.LOST, Trouble.MOVED)
"""After these nothing of the transaction is left: it may be done again."""
_THERE_ALREADY = "23505"
"""What PostgreSQL says when somebody else has just put down a row of that key."""


def whole(act: Callable[Concatenate[Session, P], R]) -> Callable[Concatenate[Session, P], R]:
    """An act that is one write transaction, whole or not at all:
    done again when it was undone through no fault of its.

    Two that were in each other's way (deadlock, serialization, both the first to put down a row), or a
    connection that broke before the commit: the transaction is gone, so doing it again cannot do it twice.
    Inside an outer transaction only that one is done again.
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
            except IntegrityError as error:
                if getattr(error.orig, "sqlstate", "") != _THERE_ALREADY:
                    raise
            sleep(uniform(0.5, 1.5) * PAUSE * attempt)
        return act(session, *args, **kwargs)

    return cast("Callable[Concatenate[Session, P], R]", done)


def ping(session: Session) -> None:
    """Ask the database for nothing; raises what the driver raises when it does not answer."""
    session.execute(sqlalchemy.text("SELECT 1"))


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
    transaction = session._transaction
    if transaction is None:
        return ask()
    asked, answers = session.info.get(_KNOWN, (None, {}))
    if asked is not transaction:
        answers = {}
        session.info[_KNOWN] = (transaction, answers)
    found: R = answers.get(key, _UNASKED)
    if found is _UNASKED:
        answers[key] = found = ask()
    return found


def forget(session: Session) -> None:
    """What was asked `once` has changed, or may have."""
    session.info.pop(_KNOWN, None)


@event.listens_for(Session, "after_transaction_end")
def _forget_with(session: Session, ended: SessionTransaction) -> None:
    """A transaction is over, and with it what was asked in it, and its connection, whoever has ended it.

    A flush has a transaction of its own, at whose end nothing is over.
    """
    if session.info.get(_KNOWN, (None,))[0] is ended:
        forget(session)
    if ended.parent is None:
        session.info.pop(CONNECTION, None)


@contextmanager
def discarding(session: Session) -> Iterator[None]:
    """One write transaction of which nothing stays: rolled back at its end, however it ends. So nobody who is
    to be alone waits for it.

    Everything inside that opens a write transaction of its own joins it.
    """
    with _writing(session):
        _begin_to_write(session, patient=True)
        try:
            yield
        finally:
            session.info.pop(_AFTER, None)
            session.rollback()
