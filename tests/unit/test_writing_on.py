"""Who has read goes on to write on the same connection, and sees what was committed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.casework.models import Setting
from engine.ground.database import Patience, create_engine, once, session_factory, write
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
