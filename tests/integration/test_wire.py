"""PostgreSQL's own way of prepared statements: kept back, sent together, never said to be done too early."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Integer,
    LargeBinary,
    Select,
    String,
    bindparam,
    cast,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError
from sqlalchemy.orm import Session

from engine.casework.models import Setting
from engine.ground.database import Patience, after_commit, create_engine, whole, write
from engine.ground.database.constants import in_server_words
from engine.ground.database.prepared import Prepared, wire_of
from engine.ground.database.wire import MOST_KEPT
from engine.ground.errors import Trouble, Unavailable
from engine.ground.tables import UtcDateTime, table
from tests.support import databases, trouble

SETTING = table(Setting)
PUT = Prepared(insert(SETTING), ["key", "value"])
CHANGE = Prepared(update(SETTING).where(SETTING.c.key == bindparam("of")).values(value=bindparam("value")))
KEYS = Prepared(select(SETTING.c.key).order_by(SETTING.c.key))
LATE = "ALTER TABLE setting ADD CONSTRAINT late UNIQUE (value) DEFERRABLE INITIALLY DEFERRED"


@pytest.fixture
def url() -> Iterator[str]:
    with databases.empty() as made:
        yield made


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    engine = create_engine(url)
    SETTING.create(engine)
    with Session(engine, expire_on_commit=False) as one:
        yield one
    engine.dispose()


def _stored(url: str) -> list[str]:
    """What everybody else sees."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT key FROM setting ORDER BY key")]


def _put(session: Session, *keys: str) -> None:
    for key in keys:
        PUT.run(session, key=key, value=key)


def test_what_is_written_is_read_and_stays(session: Session, url: str) -> None:
    with write(session):
        _put(session, "a", "b")
        assert KEYS.scalars(session) == ["a", "b"]
        CHANGE.run(session, of="a", value="another")
        assert session.scalar(text("SELECT value FROM setting WHERE key = 'a'")) == '"another"'
        _put(session, "c")
        assert _stored(url) == []
    assert _stored(url) == ["a", "b", "c"]


def test_who_has_read_writes_on_and_sees_what_was_done_meanwhile(session: Session, url: str) -> None:
    assert KEYS.scalars(session) == []
    reading, driver = session.get_transaction(), session.connection().connection.dbapi_connection
    with psycopg.connect(url) as other:
        other.execute("INSERT INTO setting (key, value) VALUES ('a', '1')")
    with write(session):
        assert session.get_transaction() is reading
        assert session.connection().connection.dbapi_connection is driver
        assert KEYS.scalars(session) == ["a"]
        _put(session, "b")
    assert _stored(url) == ["a", "b"]


def test_a_read_that_failed_is_not_written_on(session: Session, url: str) -> None:
    with pytest.raises(DBAPIError):
        session.connection().exec_driver_sql("SELECT 1 / 0")
    with pytest.raises(DBAPIError), write(session):
        pass
    with write(session):
        _put(session, "a")
    assert _stored(url) == ["a"]


def test_many_are_sent_before_the_end(session: Session, url: str) -> None:
    keys = [f"{number:04}" for number in range(2 * MOST_KEPT + 5)]
    with write(session):
        PUT.run_each(session, [{"key": key, "value": "x" * 5000} for key in keys])
    assert _stored(url) == keys


def test_many_rows_by_the_driver_come_after_what_was_kept(session: Session, url: str) -> None:
    def rows(*keys: str) -> list[dict[str, str]]:
        return [{"key": key, "value": key} for key in keys]

    for number in range(3):
        with write(session):
            _put(session, f"{number}-a")
            session.connection().execute(insert(SETTING), rows(f"{number}-b", f"{number}-c"))
            _put(session, f"{number}-d")
        session.execute(text("SELECT 1"))
        session.rollback()  # the driver forgets what is prepared
    with pytest.raises(IntegrityError), write(session):
        _put(session, "3-a")
        session.connection().execute(insert(SETTING), rows("3-b", "3-b"))
    assert _stored(url) == [f"{number}-{name}" for number in range(3) for name in "abcd"]


def test_a_step_whose_last_statement_fails_is_not_done(session: Session, url: str) -> None:
    done: list[str] = []
    with pytest.raises(IntegrityError) as told, write(session):
        after_commit(session, lambda: done.append("step"))
        _put(session, "a", "b")
        CHANGE.run(session, of="a", value="another")
        _put(session, "a")
    assert "INSERT INTO setting" in str(told.value.statement)
    assert (done, _stored(url)) == ([], [])
    with write(session):  # the connection serves the next one
        after_commit(session, lambda: done.append("step"))
        _put(session, "a")
    assert (done, _stored(url)) == (["step"], ["a"])


def test_the_error_is_said_of_the_statement_that_has_it(session: Session, url: str) -> None:
    with pytest.raises(IntegrityError) as told, write(session):
        _put(session, "a", "a")
        CHANGE.run(session, of="a", value="another")
        KEYS.scalars(session)
    assert "INSERT INTO setting" in str(told.value.statement)
    assert _stored(url) == []


def test_an_error_on_its_way_is_that_of_its_statement(session: Session, url: str) -> None:
    """The server works on it while we go on; it comes to nothing all the same, and no COMMIT counts."""
    done: list[str] = []
    for read in (True, False):
        with pytest.raises(IntegrityError) as told, write(session):
            after_commit(session, lambda: done.append("step"))
            KEYS.scalars(session)
            _put(session, "a", "a")
            CHANGE.run_each(session, [{"of": "a", "value": str(number)} for number in range(3 * MOST_KEPT)])
            if read:
                KEYS.scalars(session)
        assert "INSERT INTO setting" in str(told.value.statement)
    assert (done, _stored(url)) == ([], [])
    with write(session):
        _put(session, "a")
    assert _stored(url) == ["a"]


def test_what_is_on_its_way_is_taken_back_with_its_savepoint(session: Session, url: str) -> None:
    with write(session):
        _put(session, "before")
        for wrong in ("within", "before"):
            with pytest.raises(KeyError), session.begin_nested():
                _put(session, *(f"{wrong}{number}" for number in range(2 * MOST_KEPT)), wrong, wrong)
                raise KeyError
        _put(session, "after")
    assert _stored(url) == ["after", "before"]


def test_a_connection_that_did_other_things_takes_orders_again(session: Session, url: str) -> None:
    """SQLAlchemy leaves the usual level behind by its name when another one was asked for once."""
    engine = session.get_bind()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as one:
        one.execute(text("SELECT 1"))
    with write(session):
        assert wire_of(session.connection()) is not None
        _put(session, "a")
        assert _stored(url) == []
    assert _stored(url) == ["a"]


def test_a_commit_that_is_refused_is_no_commit(session: Session, url: str) -> None:
    """What the database looks at only when the transaction ends."""
    done: list[str] = []
    with write(session):
        session.execute(text(LATE))
    with pytest.raises(IntegrityError), write(session):
        after_commit(session, lambda: done.append("step"))
        _put(session, "a", "b")
        CHANGE.run(session, of="b", value="a")
    assert (done, _stored(url)) == ([], [])


def test_a_transaction_that_has_failed_can_not_be_committed(session: Session, url: str) -> None:
    """PostgreSQL answers such a COMMIT with ROLLBACK, and with no error."""
    with pytest.raises(InternalError), write(session):
        driver = session.connection().connection.dbapi_connection
        _put(session, "a")
        with pytest.raises(psycopg.Error):
            driver.execute("SELECT 1/0")  # type: ignore[union-attr]
    assert _stored(url) == []


def test_what_a_savepoint_takes_back_was_never_said(session: Session, url: str) -> None:
    with write(session):
        _put(session, "before")
        with pytest.raises(KeyError), session.begin_nested():
            _put(session, "within", "within")  # would fail
            raise KeyError
        with pytest.raises(IntegrityError), session.begin_nested():
            _put(session, "before")
        with session.begin_nested():
            _put(session, "kept")
        _put(session, "after")
    assert _stored(url) == ["after", "before", "kept"]


def _broken(session: Session, url: str) -> None:
    """The server ends the session's connection."""
    process = session.connection().connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    trouble.end(url, process)


@pytest.mark.parametrize(("read_first", "many"), [(True, 1), (False, 1), (True, 2 * MOST_KEPT)])
def test_a_connection_that_ends_before_the_commit_is_done_again(
    session: Session, url: str, read_first: bool, many: int
) -> None:
    """The server's last word was of a statement before the COMMIT: nothing has happened, which is certain.
    What nobody was answered anything of the connection says again by itself.
    """
    tries: list[int] = []

    @whole
    def act(session: Session) -> None:
        with write(session):
            if read_first:
                KEYS.scalars(session)
            _put(session, *(f"{number:04}" for number in range(many)))
            tries.append(1)
            if len(tries) == 1:
                _broken(session, url)

    act(session)
    assert len(tries) == (2 if read_first else 1)
    assert len(_stored(url)) == many


def test_to_take_back_what_went_with_its_connection_is_no_error(session: Session, url: str) -> None:
    """A page that has read all it shows is whole, though the server ends the connection just then."""
    KEYS.scalars(session)
    _broken(session, url)
    session.rollback()
    with write(session):
        _put(session, "a")
    assert _stored(url) == ["a"]


def test_a_connection_that_is_cut_off_leaves_it_open(session: Session, url: str) -> None:
    """Nobody said anything: whether the transaction counts is to be looked at."""
    with pytest.raises(Unavailable) as told, write(session):
        KEYS.scalars(session)
        _put(session, "a")
        driver = session.connection().connection.dbapi_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as network:  # type: ignore[union-attr]
            network.shutdown(socket.SHUT_RDWR)
    assert told.value.trouble is Trouble.UNSURE


def _by_the_driver(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT key FROM setting ORDER BY key")))


@pytest.mark.parametrize("ask", [KEYS.scalars, _by_the_driver])
def test_what_begins_a_transaction_is_asked_again_where_the_connection_has_just_ended(
    session: Session, url: str, ask: Callable[[Session], list[str]]
) -> None:
    """It was looked at and lived, then the server ended it: nobody had been answered anything yet."""
    with write(session):
        _put(session, "a")
    for _ in range(2):
        _broken(session, url)
        assert ask(session) == ["a"]
        session.commit()
    with write(session):
        _put(session, "b")
        assert ask(session) == ["a", "b"]
    assert _stored(url) == ["a", "b"]


KINDS: dict[str, tuple[Any, Any]] = {
    "raw": (b"\x00\xff'\\\\", LargeBinary()),
    "at": (datetime(2022, 5, 5, 9, tzinfo=UTC), UtcDateTime()),
    "day": (date(2022, 5, 5), Date()),
    "word": ("县'乙\\\\", String()),
    "number": (7, Integer()),
    "true": (True, Boolean()),
    "nothing": (None, String()),
    "json": ({"a": [1, "二"]}, JSON()),
}
"""A value of each kind that a column has."""
SAID = {name: value for name, (value, _) in KINDS.items()}


def _echo(*names: str) -> Select[Any]:
    return select(
        *(cast(bindparam(name, type_=KINDS[name][1]), KINDS[name][1]).label(name) for name in names)
    )


EVERY, PLAIN = Prepared(_echo(*KINDS)), ("at", "day", "word", "number", "nothing")
WAYS: dict[str, Callable[[Session], Any]] = {
    "prepared": lambda session: EVERY.first(session, **SAID),
    "question": lambda session: session.execute(_echo(*PLAIN), {name: SAID[name] for name in PLAIN}).one(),
    "driver": lambda session: session.execute(_echo(*KINDS), SAID).one(),
}
"""Bytes and what else SQLAlchemy asks with go by the driver."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("renew", WAYS)
def test_a_renewed_connection_takes_every_kind_of_value(
    session: Session, url: str, way: str, renew: str
) -> None:
    """What writes bytes down is bound to the connection that it was made for."""

    def is_heard(ask: Callable[[Session], Any]) -> bool:
        return SAID | ask(session)._asdict() == SAID

    assert all(map(is_heard, WAYS.values()))
    session.commit()
    for ask in (WAYS[renew], WAYS[way]):
        wire = session.connection().connection.dbapi_connection
        _broken(session, url)
        assert is_heard(ask) and all(map(is_heard, WAYS.values()))
        assert session.connection().connection.dbapi_connection is wire  # it was renewed, not replaced
        session.commit()


@pytest.mark.parametrize("ask", [KEYS.scalars, _by_the_driver])
def test_a_transaction_whose_first_words_are_lost_goes_on_from_there(
    session: Session, url: str, ask: Callable[[Session], list[str]]
) -> None:
    """Also what it wrote with them: they are said once more, and count once."""
    tries: list[int] = []

    @whole
    def act(session: Session) -> None:
        tries.append(1)
        with write(session):
            _put(session, "a")
            _broken(session, url)
            ask(session)
            _put(session, "b")

    act(session)
    assert tries == [1]
    assert _stored(url) == ["a", "b"]


def test_what_went_before_the_last_words_is_not_lost_with_the_connection(session: Session, url: str) -> None:
    """What was kept has been said when the driver's own statement ends the connection: nothing of it may
    be left out, so the whole transaction is done again.
    """
    tries: list[int] = []
    first = session.connection().connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
    session.rollback()

    @whole
    def act(session: Session) -> None:
        tries.append(1)
        with write(session):
            _put(session, "a")
            session.execute(text("SELECT pg_terminate_backend(:first)"), {"first": first})
            _put(session, "b")

    act(session)
    assert len(tries) == 2
    assert _stored(url) == ["a", "b"]


def test_a_transaction_sees_what_was_done_meanwhile_whatever_the_database_is_set_to(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as administrator:
        name = administrator.info.dbname
        administrator.execute(
            f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'".encode()
        )
    engine = create_engine(url)
    with Session(engine) as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
    engine.dispose()


def test_who_has_waited_once_waits_a_moment_and_the_next_as_long_as_ever(url: str) -> None:
    engine = create_engine(url, Patience(lock_seconds=7))
    with Session(engine) as session:
        session.scalar(text("SELECT 1"))
        with write(session, patient=False):
            assert session.scalar(text("SHOW lock_timeout")) == "1s"
        with write(session):
            assert session.scalar(text("SHOW lock_timeout")) == "7s"
    engine.dispose()


def test_a_renewed_connection_is_as_patient_as_the_first(url: str) -> None:
    engine = create_engine(url, Patience(lock_seconds=7))
    with Session(engine) as session:
        _broken(session, url)
        assert session.scalar(text("SHOW lock_timeout")) == "7s"
    engine.dispose()


@pytest.mark.parametrize("ask", [KEYS.scalars, _by_the_driver])
def test_what_was_answered_is_not_asked_again_on_another_connection(
    session: Session, url: str, ask: Callable[[Session], list[str]]
) -> None:
    """What a transaction has read holds only in it."""
    ask(session)
    _broken(session, url)
    with pytest.raises(DBAPIError):
        ask(session)


def test_a_connection_that_broke_while_nobody_used_it_is_replaced(session: Session, url: str) -> None:
    with write(session):
        _put(session, "a")
    with psycopg.connect(url) as one:
        one.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    assert KEYS.scalars(session) == ["a"]


def test_a_statement_in_the_servers_own_words() -> None:
    said, order = in_server_words(
        "UPDATE t SET a=%(a)s::VARCHAR WHERE b = %(b)s AND c = %(a)s AND d %% 2 = 1"
    )
    assert said == b"UPDATE t SET a=$1::VARCHAR WHERE b = $2 AND c = $1 AND d % 2 = 1"
    assert order == ("a", "b")


def test_a_closed_connection_serves_nothing(session: Session) -> None:
    with pytest.raises(DBAPIError):
        KEYS.scalars(session)
        session.connection().connection.dbapi_connection.close()  # type: ignore[union-attr]
        KEYS.scalars(session)
