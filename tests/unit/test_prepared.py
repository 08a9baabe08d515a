"""Prepared statements answer as SQLAlchemy does, with the same values, errors and objects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, event, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.casework.models import Account, NumberedPaper, Setting
from engine.ground.database import create_engine, save
from engine.ground.database.objects import Objects, keep
from engine.ground.database.prepared import Prepared, change, write_changes
from engine.ground.database.stored import add, add_each
from engine.ground.tables import Base, table
from tests.support.numbered import OPENED, paper_row

PAPER = table(NumberedPaper)
BY_ID = Objects(select(PAPER).where(PAPER.c.id == bindparam("paper_id")), [NumberedPaper])


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[PAPER, table(Setting), table(Account)])
    with Session(engine, expire_on_commit=False) as one:
        yield one
    engine.dispose()


def test_a_row_put_is_the_row_that_the_session_would_put(session: Session) -> None:
    number = add(session, NumberedPaper, **paper_row())
    plain = NumberedPaper(**paper_row(2))
    session.add(plain)
    session.flush()
    session.expunge_all()
    mine, other = (session.get_one(NumberedPaper, key) for key in (number, plain.id))
    left_out = {"id", "serial", "number"}
    for column in (one.key for one in PAPER.c if one.key not in left_out):
        assert getattr(mine, column) == getattr(other, column), column


def test_what_is_found_has_the_values_of_its_columns(session: Session) -> None:
    add_each(session, NumberedPaper, [paper_row(1), paper_row(2), paper_row(3)])
    wanted = Prepared(
        select(PAPER.c.serial, PAPER.c.opened_at)
        .where(
            PAPER.c.serial.in_(bindparam("serials", expanding=True)), PAPER.c.kind.in_(("announcement", "x"))
        )
        .order_by(PAPER.c.serial)
        .limit(2)
    )
    assert [row.serial for row in wanted.all(session, serials=[3, 2, 1])] == [1, 2]
    assert [row.serial for row in wanted.all(session, serials=[3])] == [3]
    assert wanted.first(session, serials=[9]) is None
    assert wanted.all(session, serials=[1])[0].opened_at == OPENED


def test_objects_are_those_of_the_session_as_they_are_stored(session: Session) -> None:
    paper = NumberedPaper(**paper_row())
    number = keep(session, paper)
    assert session.get(NumberedPaper, number) is paper and not session.dirty
    change(session, NumberedPaper, number, title="公告")
    assert BY_ID.first(session, paper_id=number) is paper and paper.title == "公告"


def test_what_is_rolled_back_is_as_it_was(session: Session) -> None:
    paper = NumberedPaper(**paper_row())
    number = keep(session, paper)
    session.commit()
    paper.title = "公告"
    write_changes(session)
    undone = NumberedPaper(**paper_row(2))
    lost = keep(session, undone)
    session.rollback()
    assert paper.title == "" and undone not in session
    assert keep(session, NumberedPaper(**paper_row(3))) == lost
    with session.begin_nested() as inner:
        paper.title = "公告"
        write_changes(session)
        inner.rollback()
    assert paper.title == "" and session.get(NumberedPaper, number) is paper


def test_what_is_saved_within_a_transaction_taken_back_is_read_anew(session: Session) -> None:
    paper = NumberedPaper(**paper_row())
    keep(session, paper)
    save(session, paper, title="公告")
    with session.begin_nested() as inner:
        save(session, paper, title="名单", status="closed")
        inner.rollback()
    assert (paper.title, paper.status) == ("公告", "gathering")
    with session.begin_nested():
        save(session, paper, title="名单")
    assert paper.title == "名单"


def test_a_column_may_have_any_name_but_that_of_the_changed_row(session: Session) -> None:
    assert not any("of_number" in one.c for one in Base.metadata.tables.values())
    add(session, NumberedPaper, **paper_row())
    change(session, NumberedPaper, 1, title="公告")
    assert BY_ID.first(session, paper_id=1).title == "公告"


def test_what_an_object_holds_unwritten_is_seen_by_the_next_question(session: Session) -> None:
    paper = NumberedPaper(**paper_row())
    number = keep(session, paper)
    said: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: said.append(given[2]))
    paper.title, paper.status = "公告", "gathering"  # the second is what it was
    title = Prepared(select(PAPER.c.title).where(PAPER.c.id == bindparam("paper_id")))
    assert title.scalar(session, paper_id=number) == "公告"
    assert [one for one in said if one.startswith("UPDATE")] == [
        "UPDATE paper SET title=? WHERE paper.id = ?"
    ]
    said.clear()
    write_changes(session)
    session.flush()
    assert said == []


def test_several_changed_objects_are_written_in_the_sessions_own_order(session: Session) -> None:
    papers = [NumberedPaper(**paper_row(serial)) for serial in (1, 2)]
    for paper in papers:
        keep(session, paper)
    papers[1].title, papers[0].title = "二", "一"
    session.add(Setting(key="x", value="1"))
    write_changes(session)
    titles = Prepared(select(PAPER.c.title).order_by(PAPER.c.id))
    assert titles.scalars(session) == ["一", "二"]
    assert Prepared(select(func.count()).select_from(table(Setting))).scalar(session) == 1


def test_an_error_of_the_driver_is_sqlalchemys_without_the_values(session: Session) -> None:
    number = add(session, NumberedPaper, **paper_row())
    nothing = Prepared(
        update(PAPER)
        .where(PAPER.c.id == bindparam("paper_id"))
        .values(number=bindparam("said", type_=PAPER.c.number.type))
    )
    with pytest.raises(IntegrityError) as told:
        nothing.run(session, paper_id=number, said=None)
    assert "SQL parameters hidden" in str(told.value)


def test_a_missing_value_is_an_error_before_anything_is_asked(session: Session) -> None:
    with pytest.raises(KeyError):
        BY_ID.first(session)


def test_what_a_statement_brings_itself_is_written_out(session: Session) -> None:
    """SQLite plans anew what names a part of an index by a value; quotes and percents stay themselves."""
    heard: list[tuple[str, object]] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *told: heard.append((told[2], told[3])))
    odd = "it's 5% ?"
    add_each(session, NumberedPaper, [{**paper_row(), "matter": odd}, {**paper_row(2), "status": "issued"}])
    asked = select(PAPER.c.serial).where(
        PAPER.c.status == "gathering", PAPER.c.matter == odd, PAPER.c.year.in_((2021, 2022))
    )
    assert Prepared(asked.where(PAPER.c.serial < bindparam("most"))).scalars(session, most=9) == [1]
    sql, values = heard[-1]
    assert "status = 'gathering'" in sql and "IN (2021, 2022)" in sql
    assert values == (9,)
