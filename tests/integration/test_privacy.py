"""ID numbers and phones: masked in every answer, in no address, in no log; in full on purpose,
with a line (domain §7.2).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from engine.casework.models import LogEntry, WorkItem
from engine.casework.organisation import privacy
from engine.ground import idnumber
from engine.ground.database import write
from engine.prevention.models import Household, Member
from tests.support import papers
from tests.support.client import Caller, application, signed_in
from tests.support.world import World

NUMBER, WIFE = papers.id_number(papers.HEAD_ID), papers.id_number(papers.WIFE_ID)
PHONE = "13812345678"
SPELLED = (
    NUMBER,
    NUMBER.lower(),
    f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
    NUMBER + "43",
    PHONE,
    "138 1234 5678",
    f"找{NUMBER}",
)
API_READS = (
    "/tasks",
    "/households",
    "/timers",
    "/divisions",
    "/openapi.json",
    "/tasks/{item}",
    "/cases/{case}",
    "/tasks/{item}/return-targets",
)
PAGES = (
    "/todo",
    "/done",
    "/started",
    "/bell",
    "/clues",
    "/households",
    "/register",
    "/measures",
    "/officials",
    "/more",
    "/households/{household}",
    "/households/{household}/archive",
    "/cases/{case}",
    "/cases/{case}/archive",
    "/tasks/{item}",
)


@pytest.fixture
def story(small_world: World) -> Iterator[tuple[World, Flask, dict[str, int]]]:
    """A verified household whose numbers are known; the clue's text has one too."""
    case = small_world.enter(description=f"本人{NUMBER}来电", phone=PHONE)
    small_world.finish(case, "verify", "cun", phone=PHONE, risk_text=f"其妻{WIFE}住院")
    items = small_world.session.scalars(
        select(WorkItem).where(WorkItem.case_id == case.id).order_by(WorkItem.id)
    ).all()
    ids = {"item": items[0].id, "open": items[-1].id, "case": case.id, "household": case.household_id}
    small_world.session.commit()
    yield small_world, application(small_world), ids


@pytest.mark.duty("R38")
def test_no_answer_of_the_api_holds_an_id_number_or_a_phone(
    story: tuple[World, Flask, dict[str, int]],
) -> None:
    world, app, ids = story
    for username in ("cun", "xiang", "xian", "sheng", "ducha"):
        caller = Caller(app, world, username)
        for path in (*API_READS, "/tasks/{open}"):
            told = caller.get(path.format(**ids)).text
            assert NUMBER not in told and WIFE not in told and PHONE not in told, (username, path)
        told = caller.post("/households/search", {"q": NUMBER.lower()})
        assert told.json["total"] == 1 and NUMBER not in told.text
    data = Caller(app, world, "xiang").get(f"/tasks/{ids['item']}").json["data"]
    assert data["members"][0]["id_number"] == idnumber.mask(NUMBER) and data["phone"] == privacy.mask_phone(
        PHONE
    )


@pytest.mark.duty("R38")
def test_the_full_numbers_are_an_act_with_a_line(story: tuple[World, Flask, dict[str, int]]) -> None:
    world, app, ids = story
    caller = Caller(app, world, "xiang")
    told = caller.post(f"/tasks/{ids['item']}/reveal")
    assert told.json["data"]["members"][0]["id_number"] == NUMBER and told.json["data"]["phone"] == PHONE
    line = world.session.scalars(select(LogEntry).where(LogEntry.kind == "reveal")).one()
    assert line.data == {"household": ids["household"], "item": ids["item"]}
    assert Caller(app, world, "waixian").post(f"/tasks/{ids['item']}/reveal").status_code == 404


def test_what_was_read_masked_can_be_sent_back(small_world: World) -> None:
    world = small_world
    case = world.enter(phone=PHONE)
    item = world.open_items(case)["verify"]
    caller = Caller(application(world), world, "cun")
    seen = caller.get(f"/tasks/{item.id}").json["data"]
    rows = [{**papers.member(), "id_number": seen["members"][0]["id_number"]}]
    data = {**papers.verification(world.today, members=rows), "phone": seen["phone"]}
    assert caller.post(f"/tasks/{item.id}/complete", {"data": data}).status_code == 200
    household = world.session.get_one(Household, case.household_id, populate_existing=True)
    assert (household.head_id_number, household.phone, household.members[0].person) == (NUMBER, PHONE, NUMBER)


@pytest.mark.duty("R38")
def test_no_page_that_only_shows_holds_an_id_number(story: tuple[World, Flask, dict[str, int]]) -> None:
    world, app, ids = story
    for username in ("cun", "xiang", "xian", "sheng", "ducha"):
        client = signed_in(app, world.official(username))
        for path in PAGES:
            answer = client.get(path.format(**ids))
            assert answer.status_code == 200, (username, path)
            assert NUMBER not in answer.text and WIFE not in answer.text, (username, path)


@pytest.mark.parametrize("typed", SPELLED)
def test_a_number_in_an_address_is_left_at_once_and_found_by_the_search(
    story: tuple[World, Flask, dict[str, int]], typed: str
) -> None:
    world, app, _ = story
    client = signed_in(app, world.official("cun"))
    for path in ("/households", "/clues", "/register", "/todo", "/done", "/measures", "/officials", "/login"):
        answer = client.get(path, query_string={"q": typed, "status": ""})
        assert answer.status_code == 303 and answer.location in (f"{path}?status=", f"{path}?status"), path
    nobody = app.test_client().get("/households", query_string={"q": typed})
    assert nobody.location == "/households"
    refused = Caller(app, world, "cun").client.get("/api/v1/households", query_string={"q": typed})
    assert refused.status_code == 422 and "POST" in refused.json["detail"]
    if typed in SPELLED[:6]:
        for path in ("/households/search", "/clues/search"):
            shown = client.post(path, data={"q": typed})
            assert shown.status_code == 200 and "王建国" in shown.text, path
            addresses = [
                part.partition('"')[0]
                for part in shown.text.split('href="')[1:] + shown.text.split('action="')[1:]
            ]
            assert not [one for one in addresses if privacy.names_person(one)], path


def test_a_name_stays_an_address(story: tuple[World, Flask, dict[str, int]]) -> None:
    world, app, _ = story
    client = signed_in(app, world.official("cun"))
    for path in ("/households", "/clues", "/register"):
        answer = client.post(f"{path}/search", data={"q": "王建国", "csrf_token": "x", "status": ""})
        assert (
            answer.status_code == 303
            and answer.location.startswith(f"{path}?q=")
            and "csrf" not in answer.location
        )
        assert "王建国" in client.get(f"{path}?q=王建国&status=").text
    for harmless in (
        "41032510320200000001",
        "410325103202",
        "2022-05-06",
        "4100000001",
        "identification:review",
    ):
        assert not privacy.names_person(harmless)


def test_no_log_holds_an_id_number(world: World, caplog: pytest.LogCaptureFixture) -> None:
    case = world.enter()
    application(world)
    log = logging.getLogger("shouwang")
    values = {
        "household_id": case.household_id,
        "position": 9,
        "name": "某",
        "person": NUMBER,
        "id_number": NUMBER,
    }
    with pytest.raises(IntegrityError) as refused, write(world.session):
        world.session.execute(insert(Member).values(values))
    with caplog.at_level(logging.INFO):
        log.info("look for %s", NUMBER)
        log.warning("database: %s", refused.value)
        try:
            raise refused.value
        except IntegrityError:
            log.exception("unexpected")
    assert "IntegrityError" in caplog.text and "member" in caplog.text and NUMBER not in caplog.text
    assert NUMBER not in json.dumps(
        [record.__dict__ for record in caplog.records if not record.exc_info], default=str
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_text_keeps_all_but_the_number(before: str, after: str) -> None:
    if (before[-1:].isalnum() and before[-1:].isascii()) or (after[:1].isalnum() and after[:1].isascii()):
        before, after = before + "，", "，" + after
    assert privacy.masked_text(before + NUMBER + after) == before + idnumber.mask(NUMBER) + after
    assert privacy.masked_text(before + after) == before + after
