"""Pages on PostgreSQL: what the last page like one asked is asked at once, and answered as in its turn."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

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
def world(postgres_url: str) -> Iterator[World]:
    made = World(postgres_url)
    yield made
    made.close()


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
    assert "another" not in foreseeing._last
    foresee_page(session, "a page", case=case.id)
    foresight = wire.foresight
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
