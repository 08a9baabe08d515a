"""Who has read goes on to write on the same connection, and sees what was committed meanwhile."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from engine.casework.models import Setting
from engine.ground.database import Patience, create_engine, once, session_factory, write
from engine.ground.database.stored import add_each
from engine.ground.errors import Trouble, Unavailable
from engine.ground.tables import table


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'one.sqlite'}", Patience(lock_seconds=0))
    table(Setting).create(made)
    yield made
    made.dispose()


def _keys(session: Session) -> list[str]:
    return list(session.scalars(select(Setting.key).order_by(Setting.key)))


def test_who_has_read_sees_what_was_done_meanwhile(engine: Engine) -> None:
    with session_factory(engine)() as one, session_factory(engine)() as other:
        assert once(one, "keys", lambda: _keys(one)) == []
        reading, driver = one.get_transaction(), one.connection().connection.dbapi_connection
        with write(other):
            other.add(Setting(key="a", value=1))
        assert once(one, "keys", lambda: _keys(one)) == []  # still the state that it began to read
        with write(one):
            assert one.get_transaction() is reading
            assert one.connection().connection.dbapi_connection is driver
            assert once(one, "keys", lambda: _keys(one)) == ["a"]
            one.add(Setting(key="b", value=2))
        assert _keys(other) == ["a", "b"]


def test_who_writes_keeps_others_from_writing(engine: Engine) -> None:
    with session_factory(engine)() as one, session_factory(engine)() as other:
        assert _keys(one) == _keys(other) == []
        with write(one):
            with pytest.raises(Unavailable) as held, write(other):
                pass
            assert held.value.trouble is Trouble.HELD
            one.add(Setting(key="a", value=1))
        assert _keys(other) == ["a"]


def test_what_the_session_held_unwritten_is_written_first(engine: Engine) -> None:
    with session_factory(engine)() as one, session_factory(engine)() as other:
        one.add(Setting(key="a", value=1))
        with pytest.raises(ZeroDivisionError), write(one):
            one.add(Setting(key="b", value=1))
            raise ZeroDivisionError
        assert _keys(other) == ["a"]


def test_who_has_waited_once_waits_a_moment_and_the_next_as_long_as_ever(engine: Engine) -> None:
    with session_factory(engine)() as one, session_factory(engine)() as other:
        driver: Any = one.connection().connection.dbapi_connection
        asked: list[str] = []
        driver.set_trace_callback(asked.append)
        _keys(one)
        with write(one, patient=False):
            one.add(Setting(key="a", value=1))
        assert [word for word in asked if "busy_timeout=" in word or "BEGIN" in word] == [
            "PRAGMA busy_timeout=1000",
            "BEGIN IMMEDIATE",
            "PRAGMA busy_timeout=0",
        ]
        with write(other), pytest.raises(Unavailable) as held, write(one, patient=False):
            pass
        assert held.value.trouble is Trouble.HELD
        assert driver.execute("PRAGMA busy_timeout").fetchone() == (0,)


def test_who_listens_to_a_session_hears_of_each_commit_and_may_add_to_it(engine: Engine) -> None:
    with session_factory(engine)() as one, session_factory(engine)() as other:
        heard: list[str] = []
        event.listen(one, "before_commit", lambda _: heard.append("before"))
        event.listen(one, "after_commit", lambda _: heard.append("after"))
        with write(one):
            add_each(one, Setting, [{"key": "a", "value": 1}])
        with write(one):
            one.add(Setting(key="b", value=1))
        assert heard == ["before", "after"] * 2
        assert not one.in_transaction()
        event.listen(one, "before_commit", lambda _: one.merge(Setting(key="c", value=1)))
        with write(one):
            add_each(one, Setting, [{"key": "d", "value": 1}])
        assert _keys(other) == ["a", "b", "c", "d"]


def test_what_somebody_has_ended_within_is_over_and_what_follows_counts(engine: Engine) -> None:
    with session_factory(engine)() as one, session_factory(engine)() as other:
        with write(one):
            add_each(one, Setting, [{"key": "a", "value": 1}])
            one.rollback()
            add_each(one, Setting, [{"key": "b", "value": 1}])
        with write(one):
            one.begin_nested()
            add_each(one, Setting, [{"key": "c", "value": 1}])
        assert _keys(other) == ["b", "c"]
        assert not one.in_transaction()


def test_a_session_that_forgets_at_a_commit_reads_anew(engine: Engine) -> None:
    with Session(engine) as one, session_factory(engine)() as other:
        kept = Setting(key="a", value=1)
        with write(one):
            one.add(kept)
        with write(other):
            other.get_one(Setting, "a").value = 2
        assert kept.value == 2


SOURCES = sorted((Path(__file__).parents[2] / "engine").rglob("*.py"))


def test_what_may_fail_for_what_is_held_makes_nobody_wait_twice() -> None:
    """What is written though a wait has been in vain, or where it does not matter, waits only a moment."""
    found = [
        (path.name, node.lineno, written)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.With)
        for written in [[ast.unparse(item) for item in node.items]]
        if "suppress(Unavailable)" in written and any(one.startswith("write(") for one in written)
    ]
    assert len(found) >= 2
    assert [one for one in found if not any("patient=False" in item for item in one[2])] == []
