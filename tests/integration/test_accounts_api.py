"""Administrators' programmes: the same powers, the same sentences, the same masks as on the pages."""

from __future__ import annotations

from typing import Any

from flask import Flask

from engine.casework import acts
from engine.casework.models import SignInGate
from engine.casework.organisation import access
from engine.casework.organisation.identity import sign_in
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from tests.support.client import Caller, application
from tests.support.template import COUNTY, VILLAGE
from tests.support.world import World

PERSON = {"name": "新甲", "division_code": VILLAGE, "post": "文书", "phone": "138 1234 5678", "email": ""}


def callers(world: World) -> tuple[Flask, Caller, Caller]:
    """The system and the security administrator, each with a token."""
    app = application(world)
    return app, Caller(app, world, "xitong"), Caller(app, world, "anquan")


def answered(response: Any, status: int = 200) -> Any:
    """What a programme was told."""
    assert response.status_code == status, response.text
    return response.get_json()


def test_an_office_is_looked_after_without_a_browser(small_world: World) -> None:
    """Added with a role asked for, granted by the other, changed, disabled with what was in hand."""
    world = small_world
    app, chief, guard = callers(world)
    wanted = {**PERSON, "username": "Xin.Jia", "role": "village_official"}
    added = answered(chief.post("/accounts", wanted), 201)
    identifier, code = added["account"]["id"], added["code"]
    assert len(code) == 11 and added["account"]["requests"][0]["status"] == "waiting"
    due = app.test_client().post("/api/v1/tokens", json={"username": "xin.jia", "password": code})
    assert (due.status_code, due.get_json()["title"]) == (403, "password_due")
    (request,) = answered(guard.get("/role-requests"))["items"]
    decided = answered(guard.post("/role-requests/decide", {"ids": [request["id"]], "granted": True}))
    assert decided == {"done": 1, "refused": []}
    shown = answered(chief.get(f"/accounts/{identifier}"))
    assert shown["roles"][0]["role"] == "village_official" and shown["phone"] == "13812345678"
    assert "phone" not in answered(guard.get(f"/accounts/{identifier}")), "the guard has no use for it"
    changed = chief.post(f"/accounts/{identifier}", {"post": "会计", "revision": shown["revision"]})
    assert (answered(changed)["post"], changed.get_json()["phone"]) == ("会计", "13812345678")
    late = chief.post(f"/accounts/{identifier}", {"post": "主任", "revision": shown["revision"]})
    assert late.status_code == 409 and "职务现在是“会计”" in late.get_json()["detail"]
    held = world.open_items(world.enter())["verify"]
    acts.claim(world.session, world.official("cun"), held.id, clock=world.clock)
    leaver = world.official("cun").id
    assert answered(chief.get(f"/accounts/{leaver}"))["held"][0]["count"] == 1
    gone = answered(chief.post(f"/accounts/{leaver}/disable", {"reason": "调离", "successor": "cun2"}))
    assert (gone["given"], gone["released"], gone["account"]["active"]) == (1, 0, False)
    again = chief.post(f"/accounts/{leaver}/disable", {"reason": "调离"})
    assert again.status_code == 409 and again.content_type == "application/problem+json"
    assert answered(chief.post(f"/accounts/{leaver}/enable"))["active"]
    assert answered(chief.post(f"/accounts/{leaver}/end")) == {"sessions": 0, "tokens": 0}


def test_programmes_are_refused_what_people_are_refused(small_world: World) -> None:
    world = small_world
    _, chief, guard = callers(world)
    on, own = world.official("cun"), world.official("xitong").id
    asked = {"role": "audit_admin", "division_code": COUNTY}
    assert chief.post(f"/accounts/{on.id}/roles", asked).status_code == 409, "三员分立"
    assert chief.post(f"/accounts/{own}/disable", {"reason": "试"}).status_code == 403
    assert chief.post(f"/accounts/{world.official('anquan').id}/reset").status_code == 403
    assert guard.post(f"/accounts/{on.id}/reset").status_code == 403
    assert chief.post(f"/accounts/{on.id}/roles/{on.grants[0].id}/take").status_code == 403
    wrong = chief.post("/accounts", {"username": "李 四", "name": "", "division_code": "1", "phone": "12"})
    assert wrong.status_code == 422
    assert set(wrong.get_json()["fields"]) == {"username", "name", "division_code", "phone"}
    taken = answered(guard.post(f"/accounts/{on.id}/roles/{on.grants[0].id}/take"))
    assert taken["roles"] == []
    last = guard.post(f"/accounts/{own}/roles/{world.official('xitong').grants[0].id}/take")
    assert last.status_code == 409 and "最后一位" in last.get_json()["detail"]


def test_phones_stand_in_no_address_and_in_no_list(small_world: World) -> None:
    world = small_world
    _, chief, _ = callers(world)
    with write(world.session):
        world.official("shi").phone = "13812345678"
    refused = chief.get("/accounts?q=13812345678")
    assert refused.status_code == 422 and "POST" in refused.text
    found = chief.post("/accounts/search", {"q": "138 1234 5678"})
    assert [one["username"] for one in answered(found)["items"]] == ["shi"]
    assert "13812345678" not in found.text
    assert answered(chief.get(f"/accounts?role={access.AUDIT_ADMIN}"))["total"] == 1
    assert chief.get("/accounts?state=odd").status_code == 422


def test_a_programme_unlocks_and_is_told_what_stays_closed(small_world: World) -> None:
    world, now = small_world, SYSTEM.now()
    _, chief, _ = callers(world)
    on, name = world.official("cun"), sign_in._name_key("cun")
    with write(world.session):
        for key, failures in ((f"p:{name}:a:192.0.2.1", 5), ("x:192.0.2.1", sign_in.ADDRESS)):
            whose = on.id if key.startswith("p") else None
            world.session.add(SignInGate(key=key, failures=failures, since=now, account_id=whose))
    assert answered(chief.get(f"/accounts/{on.id}"))["closed_until"]
    assert [one["id"] for one in answered(chief.get("/accounts?state=closed"))["items"]] == [on.id]
    opened = answered(chief.post(f"/accounts/{on.id}/unlock"))
    assert opened["opened"] and [one["address"] for one in opened["addresses"]] == ["192.0.2.1"]
    assert not answered(chief.post(f"/accounts/{on.id}/unlock"))["opened"]
