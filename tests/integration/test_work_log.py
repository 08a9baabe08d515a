"""One line for each request, whatever comes of it, and nothing of people in any."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO

import pytest
from flask import Flask, request
from sqlalchemy import insert

from engine.ground.database import write
from engine.prevention.models import Member
from tests.support import papers
from tests.support.client import Caller, application, signed_in
from tests.support.world import World
from web.server import logs
from web.server.database import session

NAME, NUMBER, PHONE, HOME = "欧阳紫霄", papers.id_number("41032419900307123"), "13937912345", "石榴巷九十九号"
WORDS = (NAME, NUMBER, PHONE, HOME)


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the process writes."""
    into, root = StringIO(), logging.getLogger()
    handler = logging.StreamHandler(into)
    handler.setFormatter(logs.Json())
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield into
    root.removeHandler(handler)
    root.setLevel(before)


def _failing(world: World) -> Flask:
    """The application, with pages that fail over what was typed."""
    app = application(world)

    @app.post("/fails/<kind>")
    def fails(kind: str) -> str:
        typed = request.form["typed"]
        if kind == "python":
            return str(int(typed))
        values = {"household_id": 0, "position": 1, "name": NAME, "person": typed, "id_number": typed}
        with write(session()):
            session().execute(insert(Member).values(values))
        return ""

    return app


def _lines(written: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_nothing_of_people_gets_into_any_line(world: World, written: StringIO) -> None:
    case = world.enter("cun", name=NAME, id_number=NUMBER, phone=PHONE)
    app = _failing(world)
    client = signed_in(app, world.official("cun"))
    item = world.open_items(case)["verify"]
    everything = "，".join(WORDS)
    client.get(f"/{everything}")
    client.get(f"/tasks/{everything}", headers={"X-Request-ID": NUMBER, "User-Agent": NUMBER})
    client.post(f"/tasks/{item.id}", data={"members-0-name": everything, "phone": PHONE, "revision": NUMBER})
    client.post("/login", data={"username": everything, "password": everything})
    for word in (NAME, NUMBER):
        client.post("/fails/python", data={"typed": word})
        client.post("/fails/database", data={"typed": word})
    client.get(f"/tasks/{item.id}")
    client.get(f"/households/{case.household_id}")
    text = written.getvalue()
    assert not [word for word in WORDS if word in text]
    assert not [word for word in WORDS if json.dumps(word)[1:-1] in text]
    assert {"/tasks/<int:item_id>", "/fails/<kind>", "-"} <= {line.get("route") for line in _lines(written)}


def test_no_address_of_ours_writes_down_what_was_typed(small_world: World, written: StringIO) -> None:
    """Every page and call, asked with somebody's name, number, phone and home where it takes a text."""
    app = application(small_world)
    official = signed_in(app, small_world.official("xian"))
    caller = Caller(app, small_world, "xian")
    everything = "，".join(WORDS)
    fields = dict.fromkeys(("q", "name", "note", "reason", "text", "id_number", "phone", "page"), everything)
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in ("static", "auth.logout")]
    for rule in rules:
        path = re.sub(r"<([^>]+)>", _filling, rule.rule)
        for method in (rule.methods or set()) & {"GET", "POST"}:
            if path.startswith("/api/"):
                caller.client.open(path, method=method, json=fields, headers=caller.headers)
            elif method == "GET":
                official.get(path, query_string=fields)
            else:
                official.post(path, data=fields)
    lines = _lines(written)
    assert len([line for line in lines if line["text"] == "request"]) > len(rules) / 2
    text = json.dumps(lines, ensure_ascii=False)
    assert not [word for word in WORDS if word in text]


def _filling(part: re.Match[str]) -> str:
    """A number where the address takes one, a word where it takes one of a few, else somebody's name."""
    if part[1].startswith("any("):
        return re.split(r"[,()]", part[1])[1].strip(" '\"")
    return "1" if ":" in part[1] else NAME


def test_a_request_is_one_line_with_what_it_cost(small_world: World, written: StringIO) -> None:
    client = signed_in(application(small_world), small_world.official("cun"))
    answer = client.get("/")
    (line,) = [one for one in _lines(written) if one["text"] == "request"]
    assert line["work"] == answer.headers["X-Request-ID"]
    assert line["role"] == "village_official" and line["status"] == answer.status_code
    assert isinstance(line["statements"], int) and line["statements"] > 0 and "ms" in line


def test_an_error_s_page_shows_the_number_of_its_line(small_world: World, written: StringIO) -> None:
    app = _failing(small_world)
    app.config["SHOUWANG"] = replace(app.config["SHOUWANG"], trusted_proxies=1)
    client = signed_in(app, small_world.official("cun"))
    given = "5f0c7a1e" * 4
    answer = client.post("/fails/python", data={"typed": NAME}, headers={"X-Request-ID": given})
    assert answer.status_code == 500 and "编号 5f0c7a1e" in answer.text
    assert answer.headers["X-Request-ID"] == given
    error, line = _lines(written)
    assert error["work"] == line["work"] == given
    assert line["level"] == "error" and "ValueError" in str(error["error"])


def test_a_caller_without_a_proxy_does_not_choose_its_number(small_world: World) -> None:
    client = application(small_world).test_client()
    given = "5f0c7a1e" * 4
    assert client.get("/login", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given
