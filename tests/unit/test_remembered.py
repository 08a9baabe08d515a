"""A question is asked once in a transaction, until its table is written or a row locked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import bindparam, delete, event, insert, select, text, update
from sqlalchemy.orm import Session

import engine
from engine.casework.models import Account, NumberedPaper, PaperEntry, Setting
from engine.ground.database import create_engine, insert_once, put, save
from engine.ground.database.objects import Objects, keep
from engine.ground.database.prepared import Prepared, change, change_each
from engine.ground.database.remembered import Remembered, RememberedEach
from engine.ground.database.stored import add, add_each, add_later, whole
from engine.ground.tables import Base, table
from tests.support.numbered import paper_row

PAPER, SETTING = table(NumberedPaper), table(Setting)
PLAIN = Prepared(select(PAPER.c.id, PAPER.c.title).order_by(PAPER.c.id))
BY_ID = Objects(select(PAPER).where(PAPER.c.id == bindparam("paper_id")), [NumberedPaper])
ALL = Remembered(PLAIN, NumberedPaper)
EACH = RememberedEach(
    Prepared(select(PAPER.c.id, PAPER.c.title).where(PAPER.c.id.in_(bindparam("keys", expanding=True)))),
    NumberedPaper,
)
LOCKED = Prepared(select(SETTING.c.key).with_for_update())
BARE = re.compile(r"\bconnection(?:\(\))?\.execute\(")
UNSEEN = {
    "casework/supervision/counts/adding.py": "counters, and the changes that they are counted from",
    "casework/supervision/figures/tally.py": "figures, and how far cases are counted in them",
    "casework/telling/ladder.py": "letters that are to go out",
    "prevention/quality/findings.py": "findings",
}
"""Modules that write by the bare connection, which nobody hears of, and what: nothing that is remembered."""


def _one(session: Session) -> NumberedPaper:
    found: NumberedPaper = BY_ID.first(session, paper_id=1)
    return found


def _assigned(session: Session) -> None:
    _one(session).title = "改"


def _two_assigned(session: Session) -> None:
    for paper in session.scalars(select(NumberedPaper)):
        paper.title = "都改"


def _added(session: Session) -> None:
    session.add(NumberedPaper(**paper_row(7)))


def _gone(session: Session) -> None:
    session.delete(_one(session))


WRITES: dict[str, Callable[[Session], object]] = {
    "an object's value": _assigned,
    "two objects' values": _two_assigned,
    "a new object": _added,
    "a deleted object": _gone,
    "saved": lambda session: save(session, _one(session), title="存"),
    "changed": lambda session: change(session, NumberedPaper, 1, title="换"),
    "changed each": lambda session: change_each(
        session, NumberedPaper, {1: {"title": "一"}, 2: {"title": "二"}}
    ),
    "kept": lambda session: keep(session, NumberedPaper(**paper_row(8))),
    "added": lambda session: add(session, NumberedPaper, **paper_row(9)),
    "added later": lambda session: add_later(session, NumberedPaper, **paper_row(9)).scalar,
    "added each": lambda session: add_each(session, NumberedPaper, [paper_row(10), paper_row(11)]),
    "put": lambda session: put(
        session, NumberedPaper, {**whole(NumberedPaper, paper_row(1)), "id": 1, "title": "放"}, ("id",)
    ),
    "inserted once": lambda session: insert_once(session, NumberedPaper, paper_row(12)),
    "an UPDATE": lambda session: session.execute(update(NumberedPaper).values(title="全")),
    "a bare UPDATE": lambda session: session.execute(update(PAPER).values(title="表")),
    "an INSERT": lambda session: session.execute(insert(NumberedPaper), [paper_row(13)]),
    "a DELETE": lambda session: session.execute(delete(NumberedPaper).where(NumberedPaper.id == 2)),
    "a text": lambda session: session.execute(text("UPDATE paper SET title = '文'")),
}


@pytest.fixture(name="session")
def _session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[PAPER, SETTING, table(Account), table(PaperEntry)])
    with Session(engine, expire_on_commit=False) as one:
        add_each(one, NumberedPaper, [paper_row(1), paper_row(2)])
        one.commit()
        yield one
    engine.dispose()


def _asked(session: Session) -> list[str]:
    said: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *told: said.append(told[2]))
    return said


def test_a_question_is_asked_once_for_the_same_values(session: Session) -> None:
    said = _asked(session)
    assert ALL.all(session) == ALL.all(session) == [(1, ""), (2, "")]
    assert ALL.first(session) == (1, "")
    assert EACH.of(session, [2, 1]).keys() == {1, 2}
    assert EACH.of(session, [1, 3]) == {1: (1, "")}
    assert EACH.of(session, [3]) == {}
    assert len([one for one in said if one.startswith("SELECT")]) == 3, said
    ALL.all(session).clear()
    assert len(ALL.all(session)) == 2, "whoever was answered may do with the list what he likes"


@pytest.mark.parametrize("way", WRITES)
def test_whatever_writes_into_the_table_is_seen(session: Session, way: str) -> None:
    before = ALL.all(session), EACH.of(session, [1, 2])
    WRITES[way](session)
    found, each = ALL.all(session), EACH.of(session, [1, 2])
    assert found == PLAIN.all(session) and found != before[0], way
    assert each == {row.id: row for row in found if row.id < 3}, way


def test_another_table_changes_nothing_and_a_lock_everything(session: Session) -> None:
    ALL.all(session)
    said = _asked(session)
    session.add(Setting(key="x", value=1))
    assert len(ALL.all(session)) == 2
    assert not any("FROM paper" in one for one in said)
    LOCKED.all(session)
    ALL.all(session)
    session.scalars(select(Setting).with_for_update()).all()
    ALL.all(session)
    assert sum("FROM paper" in one for one in said) == 2


def test_nothing_is_remembered_beyond_the_transaction(session: Session) -> None:
    ALL.all(session)
    session.commit()
    said = _asked(session)
    ALL.all(session)
    assert any("FROM paper" in one for one in said)


STEPS = some.lists(some.sampled_from(["ask", "write", "within", "undo", "keep"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_what_is_taken_back_is_not_remembered(steps: list[str]) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[PAPER, table(Account), table(PaperEntry)])
    with Session(engine, expire_on_commit=False) as session:
        add_each(session, NumberedPaper, [paper_row(1), paper_row(2)])
        open_ones = []
        for number, step in enumerate(steps):
            if step == "write":
                change(session, NumberedPaper, 1, title=f"第{number}")
            elif step == "within":
                open_ones.append(session.begin_nested())
            elif open_ones and step in ("undo", "keep"):
                inner = open_ones.pop()
                inner.rollback() if step == "undo" else inner.commit()
            assert ALL.all(session) == PLAIN.all(session), steps
    engine.dispose()


def test_what_is_remembered_is_written_by_ways_that_are_heard() -> None:
    """Whoever writes by the bare connection is looked at first: see `UNSEEN`."""
    root = Path(engine.__file__).parent
    apart = ("migrations", "backups", "ground")
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] not in apart and BARE.search(path.read_text("utf-8"))
    }
    assert found == UNSEEN.keys()
