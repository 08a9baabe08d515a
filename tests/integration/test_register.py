"""台账: the register as a list and in Excel, masked, within one's reach, logged."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.models import LogEntry
from engine.ground.database import write
from tests.support import papers, registers, sheets
from tests.support.client import application, signed_in
from tests.support.template import OTHER_VILLAGE
from tests.support.world import World

NUMBER = papers.id_number(papers.HEAD_ID)


def _admitted(world: World) -> None:
    """A household of village 甲 that is monitored."""
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    world.session.commit()


def _texts(body: bytes) -> str:
    return str([sheets.rows(body, number) for number in (1, 2)])


@pytest.mark.duty("R14", "R41")
def test_the_register_in_the_columns_of_the_national_system(small_world: World) -> None:
    _admitted(small_world)
    client = signed_in(application(small_world), small_world.official("xiang"))
    page = client.get("/register").text
    assert "王建国" in page and "边缘易致贫户" in page and NUMBER not in page
    masked = _texts(client.post("/register/export", data={"status": "monitored"}).data)
    for wanted in ("国家系统户编号", "识别监测时间", "202205", "因病", "李秀英", "配偶", "车村镇"):
        assert wanted in masked, wanted
    assert NUMBER not in masked
    full = client.post(
        "/register/export", data={"status": "monitored", "full": "1", "reason": "录入全国系统"}
    )
    assert NUMBER in _texts(full.data)
    small_world.session.commit()
    lines = list(
        small_world.session.scalars(select(LogEntry).where(LogEntry.kind == "export").order_by(LogEntry.id))
    )
    assert [line.data["reason"] for line in lines] == ["", "录入全国系统"]


@pytest.mark.duty("R14", "R32")
def test_t29_a_number_in_two_records_leaves_from_neither(small_world: World) -> None:
    world = small_world
    now = world.clock.now()
    homes = [registers.household(world.session, now, f"户主{place}", "monitored") for place in range(3)]
    with write(world.session):
        homes[1].head_id_number = homes[0].head_id_number
        away = registers.household(world.session, now, "迁走户", "gone")
        away.head_id_number = homes[2].head_id_number
    client = signed_in(application(world), world.official("xiang"))
    asked = {"status": "monitored", "full": "1", "reason": "录入全国系统"}
    households, people = (sheets.rows(client.post("/register/export", data=asked).data, n) for n in (1, 2))
    number = households[0].index("户主证件号码")
    heads = {str(row[8]): str(row[number]) for row in households[1:]}
    assert heads == {"户主0": "待核实", "户主1": "待核实", "户主2": homes[2].head_id_number}
    assert homes[0].head_id_number not in str(people) and homes[2].head_id_number in str(people)


@pytest.mark.duty("R38")
def test_full_numbers_need_a_reason(small_world: World) -> None:
    _admitted(small_world)
    client = signed_in(application(small_world), small_world.official("xiang"))
    answer = client.post("/register/export", data={"status": "monitored", "full": "1", "reason": " "})
    assert answer.status_code == 422 and "用途" in answer.text


def test_an_export_holds_only_what_the_official_reaches(small_world: World) -> None:
    _admitted(small_world)
    app = application(small_world)
    for username in ("lin", "waixian", "xitong"):
        client = signed_in(app, small_world.official(username))
        body = client.post("/register/export", data={"status": "", "division": OTHER_VILLAGE}).data
        assert "王建国" not in _texts(body)
        assert "王建国" not in _texts(client.post("/register/export", data={"status": ""}).data)
