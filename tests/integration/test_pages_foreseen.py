"""Pages on PostgreSQL: what the last page like one asked is asked at once, and answered as in its turn."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Integer, bindparam, cast, column, select, table, text
from sqlalchemy.exc import DataError, NotSupportedError

from engine.casework.desk import foreseen
from engine.casework.models import CaseFile, WorkItem
from engine.ground.database import foreseeing, write
from engine.ground.database.foreseeing import foresee_page
from engine.ground.database.prepared import connection_of, wire_of
from engine.ground.database.wire import Wire
from tests.support import many
from tests.support.client import application, signed_in
from tests.support.world import World

_EACH_TIME = re.compile(r'name="csrf_token" value="[^"]*"|value="[0-9a-f]{32}"')


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """SQLite has no way to go."""
    return postgres_url


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many questions went on each way to the server."""
    found: list[int] = []
    exchange = Wire._exchange

    def counted(self: Wire, results: list[Any], *, commit: bool) -> None:
        found.append(len(self._kept))
        exchange(self, results, commit=commit)

    monkeypatch.setattr(Wire, "_exchange", counted)
    return found


def _opened(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return _EACH_TIME.sub("", answer.text)


def _paths(world: World) -> list[str]:
    """Three cases, their households, and all that has ever waited of them: at eight steps."""
    many.to_approval(world, 3)
    cases = world.session.scalars(select(CaseFile).order_by(CaseFile.id)).all()
    items = world.session.scalars(select(WorkItem.id).order_by(WorkItem.id)).all()
    world.session.commit()
    return [
        "/todo",
        *(f"/cases/{case.id}" for case in cases),
        *(f"/households/{case.subject_id}" for case in cases),
        *(f"/tasks/{item}" for item in items),
    ]


def test_a_page_that_was_foreseen_says_what_it_says_otherwise(
    world: World, ways: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = _paths(world)
    client = signed_in(application(world), world.official("xian"))
    with monkeypatch.context() as patch:
        for module in (foreseen, sys.modules["web.pages.register.households"]):
            patch.setattr(module, "foresee_page", lambda *_, **__: None)
        plain, before = {}, {}
        for path in paths:
            ways.clear()
            plain[path], before[path] = _opened(client, path), len(ways)
    monkeypatch.setattr(foreseeing, "_last", {})
    for again in (False, True):
        for path in paths:
            ways.clear()
            assert _opened(client, path) == plain[path], path
            assert not again or len(ways) < before[path], path
    case = next(path for path in paths if path.startswith("/cases/"))
    ways.clear()
    _opened(client, case)
    assert len(ways) <= 12
    assert before[case] >= 20


def test_what_is_read_before_a_change_says_nothing_after_it(world: World) -> None:
    """A page's foresight ends where its transaction turns to writing, and with the transaction."""
    case = many.to_notice(world, 1)[0]
    session = world.session
    session.commit()
    for _ in range(2):
        foresee_page(session, "a page", case=case.id)
        wire = wire_of(connection_of(session))
        assert wire is not None
        foresight = wire.foresight
        assert foresight is not None
        query = select(CaseFile.subject).where(CaseFile.id == case.id)
        before = session.scalar(query)
        with write(session):
            assert wire.foresight is None
            session.execute(text("UPDATE case_file SET subject = subject || '甲'"))
            assert session.scalar(query) == f"{before}甲"
            foresee_page(session, "a page", case=case.id)
            assert wire.foresight is None
    foresee_page(session, "a page", case=case.id)
    assert wire.foresight is not None
    foresee_page(session, "another", case=case.id)
    session.rollback()
    assert wire.foresight is None
    foresee_page(session, "a page", case=case.id)
    session.execute(text("UPDATE case_file SET subject = '乙'"))  # by no act of ours
    assert session.scalar(query) == "乙"
    session.rollback()


def test_a_plan_that_is_kept_is_of_questions_by_keys(world: World) -> None:
    case = many.to_notice(world, 1)[0]
    session = world.session
    session.commit()
    for one in (case.id, case.id + 1):
        session.scalar(select(CaseFile.subject).where(CaseFile.id == one, CaseFile.status == "open"))
        session.scalar(select(CaseFile.subject).where(CaseFile.id <= one, CaseFile.status == "open"))
    kept = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    found = [one for one in kept if one.startswith("SELECT case_file.subject \nFROM")]
    assert len(found) == 1
    assert "case_file.id = $1::INTEGER AND case_file.status = $2::VARCHAR" in found[0]


def _learnt(world: World, case: int, *queries: Any) -> None:
    """The next page of this kind is expected to ask these."""
    foresee_page(world.session, "a page", case=case)
    for query in queries:
        world.session.scalar(query)
    world.session.rollback()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE case_file SET subject = '乙'",
        "update case_file SET subject = '乙'",
        "/* by hand */ UPDATE case_file SET subject = '乙'",
        "UPDATE \"case_file\" SET subject = '乙'",
        "WITH changed AS (UPDATE case_file SET subject = '乙' RETURNING id) SELECT count(*) FROM changed",
    ],
)
def test_what_waits_to_be_asked_is_asked_anew_after_a_change(world: World, change: str) -> None:
    case = many.to_notice(world, 1)[0]
    session, query = world.session, select(CaseFile.subject).where(CaseFile.id == case.id)
    session.commit()
    _learnt(world, case.id, query)
    foresee_page(session, "a page", case=case.id)
    session.execute(text(change))
    assert session.scalar(query) == "乙"
    session.rollback()


def test_a_page_goes_on_where_what_was_foreseen_for_it_is_refused(world: World) -> None:
    """It is not to fail of a question that it never asks; nor is the next one like it."""
    case, other = (one.id for one in many.to_notice(world, 2))
    session = world.session
    session.commit()
    subject = select(CaseFile.subject).where(CaseFile.id == bindparam("id"))
    dear = select(cast(1, Integer) / (CaseFile.id - other)).where(CaseFile.id == bindparam("id"))
    for first in (subject, select(WorkItem.id).where(WorkItem.case_id == bindparam("id")).limit(1)):
        foresee_page(session, "a page", case=case)
        for query in (subject, dear):
            session.scalar(query, {"id": case})
        session.rollback()
        foresee_page(session, "a page", case=other)
        wire = wire_of(connection_of(session))
        assert wire is not None
        assert session.scalar(first, {"id": other}) is not None
        assert wire.foresight is None
        assert "a page" not in foreseeing._last
        with pytest.raises(DataError):  # whoever asks it himself hears of it
            session.scalar(dear, {"id": other})
        session.rollback()


def test_a_backend_that_is_ended_during_a_page_is_told_in_a_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = many.to_notice(world, 1)[0].id
    world.session.commit()
    client = signed_in(application(world), world.official("xian"))
    for path in (f"/cases/{case}", f"/api/v1/cases/{case}"):
        client.get(path)
    exchange = Wire._exchange
    calls = {"left": 0}

    def ended(self: Wire, results: list[Any], *, commit: bool) -> None:
        calls["left"] -= 1
        if calls["left"] == 0:
            with world.sessions() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": self.info.backend_pid})
        exchange(self, results, commit=commit)

    monkeypatch.setattr(Wire, "_exchange", ended)
    for place in range(1, 9):
        calls["left"] = place
        answer = client.get(f"/cases/{case}")
        assert answer.status_code in (200, 503), place
        assert answer.status_code == 200 or "请" in answer.text
        calls["left"] = 0
        assert client.get(f"/cases/{case}").status_code == 200, place


def test_a_plan_that_a_change_of_the_table_has_outdated_is_made_anew(world: World) -> None:
    session = world.session
    session.execute(text("CREATE TABLE few (id INTEGER, word VARCHAR(5))"))
    session.execute(text("INSERT INTO few VALUES (1, '5')"))
    session.commit()
    few = table("few", column("id", Integer), column("word"))
    query = select(few.c.word).where(few.c.id == 1)
    assert session.scalar(query) == "5"
    session.execute(text("ALTER TABLE few ALTER COLUMN word TYPE INTEGER USING word::integer"))
    session.commit()
    with pytest.raises(NotSupportedError):
        session.scalar(query)
    session.rollback()
    assert session.scalar(query) == 5  # once, and not for as long as the connection lives
    session.rollback()
