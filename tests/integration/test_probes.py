"""What load balancers and containers ask: does it live, and is it ready."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import event

from engine.ground import deadline
from engine.migrations import schema
from tests.support.client import application
from tests.support.world import World
from web.application import create_app
from web.server.config import Config
from web.server.database import db


def test_who_asks_whether_it_lives_asks_nothing_of_the_database(small_world: World) -> None:
    app, asked = application(small_world), []  # type: ignore[var-annotated]
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told))
    assert app.test_client().get("/live").json == {"status": "ok"}
    assert asked == []


def test_it_is_ready_on_a_database_of_its_release_that_answers(world: World) -> None:
    client = application(world).test_client()
    assert [client.get(path).status_code for path in ("/ready", "/health", "/live")] == [200, 200, 200]
    assert client.get("/ready").json == {"status": "ok"}


def test_it_is_not_ready_on_tables_of_another_release(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = application(small_world).test_client()
    monkeypatch.setattr(schema, "head", lambda: "9999")
    assert (client.get("/ready").status_code, client.get("/live").status_code) == (503, 200)
    monkeypatch.undo()
    assert client.get("/ready").status_code == 200  # upgraded meanwhile: no need to start it again


def test_it_is_not_ready_once_it_is_to_end_but_lives(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = application(small_world).test_client()
    monkeypatch.setattr(deadline, "_ASKED", threading.Event())
    deadline.ask_to_stop()
    assert client.get("/ready").status_code == client.get("/health").status_code == 503
    assert (client.get("/live").status_code, client.get("/login").status_code) == (200, 200)


def test_it_is_not_ready_while_no_database_answers_but_lives() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    app = create_app(Config.read(environ={}, database_url=nowhere, scheduler=False))
    found = app.test_client().get("/ready")
    assert (found.status_code, found.json) == (503, {"status": "no database"})
    assert app.test_client().get("/live").status_code == 200
