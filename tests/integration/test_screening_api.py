"""The calls that a telephone makes: the village along, an entry at a time, its papers after it (R03, C9)."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.casework.models import LogEntry
from engine.prevention.models import Household, Screening, ScreeningPaper
from tests.support import papers
from tests.support import screening as s
from tests.support.client import Caller, application, signed_in
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.support.world import World
from tests.unit.test_rescue import sealed
from web.server import rescue


def _send(
    caller: Caller,
    campaign: int,
    data: dict[str, Any],
    uuid: str,
    household: Household | None,
    **more: Any,
) -> TestResponse:
    body = {"household_id": household.id if household else None, "data": data, **more}
    return caller.once(f"/campaigns/{campaign}/screenings", body, uuid)


@pytest.mark.duty("R03", "R41")
def test_a_village_goes_along_and_entries_come_back_each_once(small_world: World) -> None:
    campaign = s.opened(small_world)
    number = papers.id_number("41990119620308211")
    first, second = s.settled(small_world, 1, id_number=number) + s.settled(
        small_world, 1, head_name="卫青山"
    )
    app = application(small_world)
    client = Caller(app, small_world, "cun")
    (mine,) = client.get("/campaigns").json or []
    assert VILLAGE in [one["code"] for one in mine["villages"]]
    listed = client.get(f"/campaigns/{campaign.id}/villages/{VILLAGE}/list")
    assert number not in listed.text and number[-4:] in listed.text  # of ID numbers the last four only
    assert listed.json is not None
    by_id = {one["id"]: one for one in listed.json["households"]}
    assert by_id[first.id]["first"]["household_size"] == 2 and by_id[first.id]["row"] is None
    assert any("是否超过6900元" in str(one.get("label")) for one in listed.json["form"]["components"])  # R01
    uuid = str(uuid4())
    sent = _send(
        client, campaign.id, s.unchanged(small_world), uuid, first, signatures={"sign_declines": s.SIGNED}
    )
    assert (sent.status_code, sent.json and sent.json["kind"]) == (201, "recorded")
    again = _send(client, campaign.id, s.unchanged(small_world), uuid, first)
    assert again.status_code == 200
    wrong = _send(client, campaign.id, s.unchanged(small_world, declares=None), str(uuid4()), second)
    assert wrong.status_code == 422 and wrong.json and list(wrong.json["fields"]) == ["declares"]
    other = Caller(app, small_world, "cun2")
    differs = _send(other, campaign.id, s.unchanged(small_world, above_line="no"), str(uuid4()), first)
    assert differs.status_code == 409 and "由乡镇决定" in differs.text  # T27
    looker = Caller(app, small_world, "shi")
    assert looker.get(f"/campaigns/{campaign.id}/villages/{VILLAGE}/list").status_code == 403
    neighbour = Caller(app, small_world, "lin")
    assert neighbour.get(f"/campaigns/{campaign.id}/villages/{VILLAGE}/list").status_code == 404
    assert neighbour.get(f"/campaigns/{campaign.id}/villages/{OTHER_VILLAGE}/list").status_code == 200
    assert Caller(app, small_world, "xian").get("/campaigns").status_code == 200


@pytest.mark.duty("R03")
def test_papers_come_after_their_entry_and_are_kept_once(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    app = application(small_world)
    client = Caller(app, small_world, "cun")
    uuid, paper, drawn = (str(uuid4()) for _ in range(3))
    path = f"/screenings/{uuid}/papers/{paper}?kind=photo"
    assert client.put(path, papers.PNG, "image/png").status_code == 404  # entries first
    assert _send(client, campaign.id, s.unchanged(small_world), uuid, household).status_code == 201
    assert client.put(path, papers.PNG, "image/png").status_code == 201
    assert client.put(path, papers.PNG, "image/png").status_code == 200
    signed = f"/screenings/{uuid}/papers/{drawn}?kind=sign_investigator"
    assert client.put(signed, s.SIGNED, "application/json").status_code == 201
    for kind, body, media in (
        ("photo", b"no picture", "image/png"),
        ("photo", b"", "image/png"),
        ("photo", bytes(600_000), "image/png"),
        ("passport", papers.PNG, "image/png"),
        ("sign_declares", b"[[[0,0],[1]]]", "application/json"),
        ("sign_declares", b"[]", "application/json"),
    ):
        refused = client.put(
            f"/screenings/{uuid}/papers/{uuid4()}?kind={kind}", data=body, content_type=media
        )
        assert refused.status_code == 422, (kind, refused.text)
    for username, status in (("cun2", 200), ("lin", 404), ("shi", 403)):  # a colleague may have it as well
        other = Caller(app, small_world, username)
        assert other.put(path, papers.PNG, "image/png").status_code == status
    small_world.session.commit()
    kinds = small_world.session.scalars(select(ScreeningPaper.kind).order_by(ScreeningPaper.id)).all()
    assert list(kinds) == ["photo", "sign_investigator"]


@pytest.mark.duty("R38")
def test_a_cookie_opens_nothing_here(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    client = signed_in(application(small_world), small_world.official("cun"))
    body = {"household_id": household.id, "data": s.unchanged(small_world)}
    path, key = f"/api/v1/campaigns/{campaign.id}", {"Idempotency-Key": str(uuid4())}
    assert client.get(f"{path}/villages/{VILLAGE}/list").status_code == 401
    assert client.post(f"{path}/screenings", json=body, headers=key).status_code == 401
    small_world.session.commit()
    assert small_world.session.scalars(select(Screening)).all() == []


def _pairs(data: dict[str, Any]) -> list[list[str]]:
    return [[name, "true" if value is True else str(value)] for name, value in data.items()]


def _rescue(client: FlaskClient, **content: Any) -> TestResponse:
    file = json.dumps(sealed(rescue.public("test"), content)).encode()
    return client.post("/screening/rescue", data={"file": (BytesIO(file), "a.shouwang")})


@pytest.mark.duty("R03", "R38")
def test_a_rescue_file_is_on_record_and_the_telephone_that_works_again_goes_on(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    app = application(small_world)
    mine, colleague = (signed_in(app, small_world.official(name)) for name in ("cun", "cun2"))
    uuid, author = str(uuid4()), small_world.official("cun").id
    content = {"pairs": _pairs(s.unchanged(small_world)), "head": "赵大甲"}
    place = {"campaign": campaign.id, "village": VILLAGE, "household": str(household.id), "uuid": uuid}
    good = {**place, "at": 0, "content": content}
    unstorable = {**good, "uuid": str(uuid4()), "content": {**content, "pairs": [["remark", "a\0"]]}}
    answer = _rescue(colleague, account=author, entries=[good, unstorable, None, 7])
    assert "文件里有 2 户，已收下 1 户" in answer.text and "不能保存的字符" in answer.text
    small_world.session.commit()
    (told,) = small_world.session.scalars(select(LogEntry).where(LogEntry.kind == "rescue_taken"))
    assert told.actor_id == small_world.official("cun2").id
    assert told.data == {"account": author, "households": 2, "kept": 1}
    sent = mine.post("/screening/phone/entries", json={**place, **content})
    assert sent.status_code == 200  # what the colleague brought is what it sends now


@pytest.mark.parametrize("entries", [None, 7, {"a": 1}, "x", [7, None]])
def test_a_strangers_rescue_file_is_bounded(small_world: World, entries: Any) -> None:
    client = signed_in(application(small_world), small_world.official("cun"))
    assert "文件里有 0 户" in _rescue(client, entries=entries).text
    assert "一次最多 2000 户" in _rescue(client, entries=[{}] * 100_000).text


@pytest.mark.duty("R38")
def test_a_telephones_work_is_taken_under_no_other_name(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    client = signed_in(application(small_world), small_world.official("cun2"))
    place = {"campaign": campaign.id, "household": str(household.id), "uuid": str(uuid4())}
    sent = {**place, "pairs": _pairs(s.unchanged(small_world))}
    whose = {"X-Doorstep-Account": str(small_world.official("cun").id), "X-Requested-With": "fetch"}
    assert client.post("/screening/phone/entries", json=sent, headers=whose).status_code == 401
    listed = f"/screening/phone/list?campaign={campaign.id}&village={VILLAGE}"
    assert client.get(listed, headers=whose).status_code == 401
    assert small_world.session.scalars(select(Screening)).all() == []
    own = {**whose, "X-Doorstep-Account": str(small_world.official("cun2").id)}
    assert client.post("/screening/phone/entries", json=sent, headers=own).status_code == 201


@pytest.mark.duty("R03")
def test_who_signs_anew_what_is_unchanged_has_signed(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    first, second = (
        s.entry(household, s.unchanged(small_world), signatures=signatures)
        for signatures in ({}, {"sign_declines": s.SIGNED})
    )
    kinds = [s.recorded(small_world, campaign, one)[0].kind for one in (first, second, second)]
    assert kinds == ["recorded", "recorded", "same"]
    assert small_world.session.scalars(select(ScreeningPaper.kind)).all() == ["sign_declines"]


@pytest.mark.duty("R03", "R41")
def test_what_a_second_telephone_kept_takes_no_newer_ones_place(small_world: World) -> None:
    campaign = s.opened(small_world)
    (household,) = s.settled(small_world, 1)
    now = small_world.clock.now()

    def sent(size: int, hours: int, **more: Any) -> tuple[str, str]:
        data = s.unchanged(small_world, household_size=size)
        made = s.entry(household, data, source="phone", device_at=now - timedelta(hours=hours), **more)
        return made.uuid, s.recorded(small_world, campaign, made)[0].kind

    newer, kind = sent(3, 1)
    assert kind == "recorded"
    assert sent(2, 3)[1] == "conflict"  # entered before, sent after
    assert sent(4, 3, replaces=newer)[1] == "recorded"  # a correction, by a clock that was put back
    assert sent(5, -72)[1] == "recorded"  # by a clock that is three days fast
    assert sent(6, 0)[1] == "recorded"
