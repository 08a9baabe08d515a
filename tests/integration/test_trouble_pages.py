"""What people and programmes are told while the database does not serve; and that readers go on meanwhile."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from waitress.server import create_server

from engine.casework.models import Incident, Submission
from engine.ground.database import Patience
from tests.support import papers, trouble
from tests.support.client import Caller, application, signed_in
from tests.support.world import World
from web.application import create_app
from web.server import serving
from web.server.config import Capacity, Config
from web.server.database import db

IDLE = 200


def hurried(world: World, lock_seconds: float = 0.2) -> Flask:
    """The application as `application` makes it,
    that waits no longer than `lock_seconds` for what others hold.
    """
    capacity = Capacity(patience=Patience(lock_seconds=lock_seconds))
    config = Config.read(
        environ={},
        database_url=world.url,
        secret_key="test",
        scheduler=False,
        secure_cookies=False,
        capacity=capacity,
    )
    app = create_app(config, fixed_clock=world.clock)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


def verification_form(world: World, client: FlaskClient, item_id: int) -> dict[str, Any]:
    """The fields of the task page with a full verification in them, as a browser sends them."""
    page = client.get(f"/tasks/{item_id}").text
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key is not None
    return {"key": key[1], "risk_text": "灶房漏雨\n老人独居", "household_type": "general"}


def sent_again(page: str) -> dict[str, str]:
    """The fields that the page would send when pressed again."""
    fields = re.findall(r'<textarea hidden name="([^"]+)">\n(.*?)</textarea>', page, re.DOTALL)
    return {name: unescape(text) for name, text in fields}


@pytest.mark.duty("C3")
def test_the_page_holds_what_was_typed_and_sends_it_again(world: World) -> None:
    case = world.enter()
    item_id = world.open_items(case)["verify"].id
    app = hurried(world)
    client = signed_in(app, world.official("cun"))
    typed = verification_form(world, client, item_id)
    world.session.commit()
    with trouble.locked(world.url):
        told = client.post(f"/tasks/{item_id}", data=typed)
    assert told.status_code == 503 and told.headers["Retry-After"]
    assert "什么也没有改变" in told.text and "故障" not in told.text
    again = sent_again(told.text)
    assert again == {**typed, "risk_text": "灶房漏雨\n老人独居"}
    assert f'action="/tasks/{item_id}"' in told.text
    answered = client.post(f"/tasks/{item_id}", data=again)
    assert answered.status_code == 422 and "灶房漏雨" in answered.text  # judged now: the rest was left blank
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Incident)) == 0


@pytest.mark.duty("C3")
def test_a_programme_is_told_when_to_come_again_and_gets_the_first_answer(world: World) -> None:
    case = world.enter()
    item_id = world.open_items(case)["verify"].id
    caller = Caller(hurried(world), world, "cun")
    body = {"data": papers.verification(world.today), "idempotency_key": "k1"}
    world.session.commit()
    with trouble.locked(world.url):
        told = caller.post(f"/tasks/{item_id}/complete", body)
    assert (told.status_code, told.mimetype) == (503, "application/problem+json")
    assert told.json["code" if "code" in told.json else "title"] == "busy" and told.headers["Retry-After"]
    first, second = (caller.post(f"/tasks/{item_id}/complete", body) for _ in range(2))
    assert first.status_code == second.status_code == 200 and first.json == second.json
    world.session.commit()
    assert world.session.scalar(select(func.count()).select_from(Submission)) == 1


def test_a_refusal_stays_one_though_the_log_cannot_take_it(world: World) -> None:
    case = world.enter()
    app = hurried(world)
    client = signed_in(app, world.official("lin"))
    world.session.commit()
    with trouble.locked(world.url):
        assert client.get(f"/cases/{case.id}").status_code == 404


def test_after_a_restart_of_the_database_the_next_page_is_there(postgres_url: str) -> None:
    world = World(postgres_url)
    app = application(world)
    client = signed_in(app, world.official("cun"))
    world.session.close()
    assert client.get("/todo").status_code == 200
    world.engine.dispose()
    assert trouble.cut_off(postgres_url) >= 1
    assert client.get("/todo").status_code == 200
    world.close()


def test_a_page_or_step_asked_for_just_as_the_database_ends_its_connections_is_answered(
    postgres_url: str,
) -> None:
    world = World(postgres_url)
    case = world.enter()
    app = application(world)
    client = signed_in(app, world.official("cun"))
    caller, item_id = Caller(app, world, "cun"), world.open_items(case)["verify"].id
    world.session.close()
    assert caller.post(f"/tasks/{item_id}/claim", {}).status_code == 200  # its line of the log holds bytes
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "checkout")
    def end(connection: Any, *_: Any) -> None:
        """After it was looked at, and before anything is asked."""
        trouble.end(postgres_url, connection.info.backend_pid)
        ended.append(connection)

    for ask, status in (
        (lambda: client.get("/todo"), 200),
        (lambda: client.get(f"/cases/{case.id}"), 200),
        (lambda: caller.post(f"/tasks/{item_id}/complete", {"data": papers.verification(world.today)}), 200),
    ):
        ended: list[Any] = []
        assert ask().status_code == status
        assert ended
    event.remove(engine, "checkout", end)
    assert world.session.scalar(select(func.count()).select_from(Submission)) == 1
    world.close()


# -- many at once ----------------------------------------------------------------------------------


class Site:
    """The application behind the very server that people use."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._server = create_server(
            app, host="127.0.0.1", port=0, **serving.options(app.config["SHOUWANG"].capacity)
        )
        self.port: int = self._server.effective_port
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()

    def ask(self, method: str, path: str, cookie: str = "") -> int:
        """The status of one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, headers={"Cookie": cookie} if cookie else {})
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self) -> None:
        """Close it."""
        self._server.close()
        self._thread.join(timeout=10)


def cookie_of(client: FlaskClient) -> str:
    """The session as a browser sends it."""
    found = client.get_cookie("shouwang")
    assert found is not None
    return f"shouwang={found.value}"


@pytest.fixture
def site(small_world: World) -> Iterator[tuple[World, Site, str]]:
    """A served system where writers wait long, and a village official's cookie."""
    app = hurried(small_world, lock_seconds=20)
    cookie = cookie_of(signed_in(app, small_world.official("cun")))
    found = Site(app)
    yield small_world, found, cookie
    found.stop()


def test_those_who_read_do_not_wait_for_those_who_write(site: tuple[World, Site, str]) -> None:
    world, served, cookie = site
    case = world.enter()
    item_id = world.open_items(case)["verify"].id
    world.session.commit()
    answered: list[int] = []
    writers = [
        threading.Thread(
            target=lambda: answered.append(served.ask("POST", f"/tasks/{item_id}/claim", cookie))
        )
        for _ in range(12)
    ]
    with trouble.sqlite_locked(world.url):
        for writer in writers:
            writer.start()
        assert served.ask("GET", "/todo", cookie) == 200
        assert len(answered) < len(writers)  # they still wait for the lock
    for writer in writers:
        writer.join()
    assert set(answered) <= {303, 503} and 303 in answered


def test_two_hundred_idle_browsers_do_not_stop_the_site(site: tuple[World, Site, str]) -> None:
    _, served, cookie = site
    idle = [socket.create_connection(("127.0.0.1", served.port), timeout=60) for _ in range(IDLE)]
    assert served.ask("GET", "/todo", cookie) == 200
    for one in idle:
        one.close()


def test_idle_connections_are_closed_after_a_while_and_limits_can_be_set() -> None:
    capacity = Config.read(
        environ={"SHOUWANG_THREADS": "4", "SHOUWANG_IDLE_CONNECTION_SECONDS": "7"}
    ).capacity
    options = serving.options(capacity)
    assert (options["threads"], options["channel_timeout"], capacity.writers) == (4, 7, 2)
    assert serving.options(replace(capacity, connections=400))["connection_limit"] == 400
    with pytest.raises(ValueError, match="SHOUWANG_THREADS"):
        Config.read(environ={"SHOUWANG_THREADS": "²"})
