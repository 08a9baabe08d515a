"""An instance is kept for the next step only as what the database has of it, and for one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from engine.casework.step import kept
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground.database import after_commit, write
from tests.support.small import END, FORMS, NOW, START, Host, begin, boundary, flow, process, task, token

LINE = process(
    START,
    task("a"),
    task("b"),
    END,
    boundary("limit", "a", "P5D", "false"),
    '<bpmn:endEvent id="e2"/>',
    flow("s", "a"),
    flow("a", "b"),
    flow("b", "e"),
    flow("limit", "e2"),
)


class Holder:
    """A step that has an instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance: Instance | None = instance

    def let_go(self) -> Instance | None:
        found, self.instance = self.instance, None
        return found


@pytest.fixture
def session() -> Iterator[Session]:
    """A session on an empty database."""
    with Session(create_engine("sqlite://")) as found:
        yield found


def _store(session: Session, holder: Holder) -> bytes:
    assert holder.instance is not None
    state = holder.instance.stored()
    kept.after_commit(session, holder, state)
    return state


def test_what_is_committed_is_kept_for_one(session: Session) -> None:
    holder = Holder(begin(LINE, mark="committed"))
    first = holder.instance
    assert first is not None
    with write(session):
        state = _store(session, holder)
    assert holder.instance is None  # who had it asks for it anew
    with write(session):
        assert kept.take(session, first.definition, state) is first
        assert kept.take(session, first.definition, state) is None


def test_a_step_that_fails_leaves_nothing(session: Session) -> None:
    holder = Holder(begin(LINE, mark="failed"))
    assert holder.instance is not None
    definition, states = holder.instance.definition, list[bytes]()
    with pytest.raises(ZeroDivisionError), write(session):
        states.append(_store(session, holder))
        raise ZeroDivisionError
    with write(session):
        session.execute(text("SELECT 1"))  # the next transaction of the session does not bring it in
    with write(session):
        assert kept.take(session, definition, states[0]) is None
    assert holder.instance is not None


def test_a_step_taken_back_within_a_transaction_leaves_nothing(session: Session) -> None:
    done: list[str] = []
    with write(session):
        after_commit(session, lambda: done.append("before"))
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            with session.begin_nested():
                after_commit(session, lambda: done.append("inner"))
            after_commit(session, lambda: done.append("within"))
            raise ZeroDivisionError
        with session.begin_nested():
            after_commit(session, lambda: done.append("after"))
    assert done == ["before", "after"]


def test_what_has_moved_since_it_was_stored_is_not_kept(session: Session) -> None:
    holder = Holder(begin(LINE, mark="moved"))
    instance = holder.instance
    assert instance is not None
    with write(session):
        state = _store(session, holder)
        instance.complete(token(instance, "a"), {"a": {}}, NOW + timedelta(hours=1))
    with write(session):
        assert kept.take(session, instance.definition, state) is None


def test_another_version_and_a_reader_get_none(session: Session) -> None:
    holder = Holder(begin(LINE, mark="version"))
    instance = holder.instance
    assert instance is not None
    with write(session):
        state = _store(session, holder)
    assert kept.take(session, instance.definition, state) is None  # no write is under way
    with write(session):
        assert kept.take(session, Definition(LINE.encode(), FORMS), state) is None


def test_what_is_kept_shares_nothing_with_who_gave_it() -> None:
    given = {"list": [1], "pair": (1, 2)}
    instance = begin(LINE, given=given)
    state = instance.stored()
    assert instance.comes_to_rest(state)
    given["list"].append(2)  # type: ignore[attr-defined]
    again = Instance.restored(instance.definition, Host(), state)
    assert (
        instance.variables == again.variables == {**again.variables, "given": {"list": [1], "pair": [1, 2]}}
    )
    assert instance.awake(Host()).stored() == state


def test_no_more_are_kept_than_there_is_room_for(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    instances = [begin(LINE, mark=f"room {number}") for number in range(3)]
    with write(session):
        states = [_store(session, Holder(instance)) for instance in instances]
    with write(session):
        found = [
            kept.take(session, one.definition, state) for one, state in zip(instances, states, strict=True)
        ]
    assert found == [None, *instances[1:]]
