"""一张表: another office's empty form comes back filled, within reach, masked, with sources and questions."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from engine.casework.models import LogEntry
from engine.casework.portions.imports import acts as imports
from engine.casework.portions.imports import files, sending, working
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs import running
from engine.casework.portions.outgoing import files as outgoing
from engine.ground.database import write
from engine.prevention.models import ForeignForm, Household, Member
from engine.prevention.register import contact
from engine.prevention.register.filled import acts
from tests.support import foreign, goneout, papers, sheets
from tests.support.client import application, signed_in
from tests.support.template import OTHER_VILLAGE, VILLAGE
from tests.support.world import World

NUMBER = papers.id_number(papers.HEAD_ID)


def household(world: World, name: str, village: str = VILLAGE, **facts: Any) -> Household:
    """A monitored household of one person."""
    template = world.session.scalars(select(Household)).first()
    assert template is not None
    division = template.division_id
    found = Household(
        number=f"{village}{name}",
        division_id=division,
        village_code=village,
        head_name=name,
        status="monitored",
        category="marginal",
        updated_at=world.clock.now(),
        **facts,
    )
    found.members = [Member(position=1, name=name, relation="head", sex="male")]
    with write(world.session):
        world.session.add(found)
    return found


def send(client: Any, body: bytes, name: str = "统计表.xlsx") -> TestResponse:
    answer: TestResponse = client.post("/register/forms", data={"file": (io.BytesIO(body), name)})
    return answer


def told(client: Any, world: World, body: bytes) -> str:
    """Send a form and say that what was recognised is right; answers its address."""
    place = send(client, body).headers["Location"]
    world.session.commit()
    form = world.session.scalars(select(ForeignForm).order_by(ForeignForm.id.desc())).first()
    assert form is not None
    said = {f"column_{at}": key for at, key in enumerate(form.columns)}
    assert client.post(f"{place}/columns", data={**said, "per": form.per}).status_code == 303
    return str(place)


@pytest.fixture
def monitored(small_world: World) -> World:
    case = small_world.enter()
    small_world.to_notice(case)
    small_world.go_to(6)
    small_world.finish(case, "end_notice", "cun")
    small_world.finish(case, "review", "xiang")
    small_world.finish(case, "approve", "xian")
    small_world.session.commit()
    return small_world


@pytest.mark.duty("R41")
def test_a_form_comes_back_filled_with_sources_and_questions(monitored: World) -> None:
    client = signed_in(application(monitored), monitored.official("xiang"))
    place = told(client, monitored, foreign.two_storeys())
    body = client.post(f"{place}/filled.xlsx", data={"full": "1", "reason": "报民政局"}).data
    book = foreign.opened(body)
    assert book.sheetnames == ["统计表", "来源", "要问的"]
    row = [cell.value for cell in book["统计表"][5]]
    assert row[0] == 1 and row[2:4] == ["王建国", NUMBER] and row[4] == 2 and row[9] is None
    assert book["统计表"]["A10"].value == "合计"
    assert "收入核实 2022-05" in book["来源"]["G5"].value and book["来源"]["B5"].value == "行政区划"
    asked = [[cell.value for cell in line] for line in book["要问的"]]
    assert asked[0][-1] == "是否易地搬迁" and asked[1][2] == "王建国"
    assert asked[1][-1] is None and asked[1][5] == "—"
    monitored.session.commit()
    line = monitored.session.scalars(select(LogEntry).where(LogEntry.kind == "export")).one()
    assert line.data["reason"] == "报民政局" and line.data["rows"] == 1 and foreign.TITLE in line.data["name"]


@pytest.mark.duty("R38", "R41")
def test_numbers_are_masked_without_a_reason_and_a_tick_without_one_is_refused(monitored: World) -> None:
    client = signed_in(application(monitored), monitored.official("xiang"))
    place = told(client, monitored, foreign.two_storeys())
    sheet = foreign.opened(client.post(f"{place}/filled.xlsx").data)["统计表"]
    assert sheet["D5"].value != NUMBER and "*" in sheet["D5"].value
    refused = client.post(f"{place}/filled.xlsx", data={"full": "1", "reason": " "})
    assert refused.status_code == 422 and "用途" in refused.text


@pytest.mark.duty("R41")
def test_a_form_by_person_has_a_row_for_each(monitored: World) -> None:
    client = signed_in(application(monitored), monitored.official("cun"))
    headings = ["户主姓名", "姓名", "与户主关系", "性别", "年龄", "健康状况", "参保情况"]
    place = told(client, monitored, foreign.plain(headings, title="家庭成员登记表"))
    sheet = foreign.opened(client.post(f"{place}/filled.xlsx").data).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("王建国", "王建国", "户主"),
        ("王建国", "李秀英", "配偶"),
    ]
    assert all(isinstance(row[4], int) for row in rows)


def test_what_was_said_of_the_columns_is_remembered_for_the_office(monitored: World) -> None:
    app = application(monitored)
    client = signed_in(app, monitored.official("xiang"))
    form = foreign.plain(["户主姓名", "家庭住址", "联系人"])
    place = send(client, form).headers["Location"]
    assert "每一列填什么" in client.get(place).text and "对，记住" in client.get(place).text
    said = {"column_0": "head_name", "column_1": "address", "column_2": "official", "per": "household"}
    client.post(f"{place}/columns", data=said)
    colleague = signed_in(app, monitored.official("xiang2"))
    again = colleague.get(send(colleague, form, "又一份.xlsx").headers["Location"]).text
    assert "填好，下载" in again and "对，记住" not in again and "帮扶责任人" in again
    other = signed_in(app, monitored.official("cun"))
    assert "对，记住" in other.get(send(other, form).headers["Location"]).text


@pytest.mark.duty("R41")
def test_only_what_is_in_reach_and_matches_is_filled_in(monitored: World) -> None:
    household(monitored, "远方户", OTHER_VILLAGE)
    app = application(monitored)
    form = foreign.plain(["户主姓名", "村", "监测类别"])

    def names(username: str, **wanted: str) -> list[str]:
        client = signed_in(app, monitored.official(username))
        answer = client.post(f"{told(client, monitored, form)}/filled.xlsx", data=wanted)
        if answer.status_code == 422:
            assert "没有符合条件的农户" in answer.text
            return []
        sheet = foreign.opened(answer.data).active
        return [str(row[0].value) for row in sheet.iter_rows(min_row=2)]

    assert set(names("xiang")) == {"王建国", "远方户"}
    assert names("xiang", division=OTHER_VILLAGE) == ["远方户"]
    assert names("cun") == ["王建国"] and names("cun", division=OTHER_VILLAGE) == []
    assert names("waixian") == [] and names("xiang", status="cleared") == []


def test_a_changed_address_says_since_when_it_is_so(monitored: World) -> None:
    found = monitored.session.scalars(select(Household).where(Household.head_name == "王建国")).one()
    official = monitored.official("cun")
    contact.change(
        monitored.session, official, found.id, {"address": "石岭 9 号"}, True, clock=monitored.clock
    )
    client = signed_in(application(monitored), official)
    book = foreign.opened(
        client.post(f"{told(client, monitored, foreign.plain(['户主姓名', '家庭住址']))}/filled.xlsx").data
    )
    assert book.worksheets[0]["B2"].value == "石岭 9 号"
    assert book["来源"]["B2"].value == f"电话住址更正 {monitored.today:%Y-%m-%d}"


def test_what_is_no_empty_form_is_said_on_the_page_and_nothing_is_kept(monitored: World) -> None:
    client = signed_in(application(monitored), monitored.official("xiang"))
    answer = send(client, foreign.plain(["产品", "数量"]))
    assert answer.status_code == 422 and "没有认出这张表的表头" in answer.text
    assert "请先选择文件" in client.post("/register/forms", data={}).text
    assert monitored.session.scalar(select(func.count()).select_from(ForeignForm)) == 0


def test_columns_are_taken_from_the_list_alone(monitored: World) -> None:
    client = signed_in(application(monitored), monitored.official("xiang"))
    place = send(client, foreign.plain(["户主姓名", "村"])).headers["Location"]
    for said in ({"column_0": "password"}, {"column_0": ""}, {"column_0": "village", "per": "everything"}):
        answer = client.post(f"{place}/columns", data={"per": "household", **said})
        assert answer.status_code == 422, said


def test_only_the_latest_files_are_kept(monitored: World) -> None:
    client = signed_in(application(monitored), monitored.official("xiang"))
    first = told(client, monitored, foreign.plain(["户主姓名", "村"]))
    form = monitored.session.scalars(select(ForeignForm)).one()
    same = {column.name: getattr(form, column.name) for column in ForeignForm.__table__.columns}
    with write(monitored.session):
        monitored.session.add_all(ForeignForm(**{**same, "id": None}) for _ in range(acts.KEPT - 1))
    told(client, monitored, foreign.plain(["户主姓名", "村", "组"]))
    answer = client.post(f"{first}/filled.xlsx")
    assert answer.status_code == 409 and "再上传一次" in answer.text


@pytest.mark.duty("R41")
def test_a_long_form_is_filled_behind_the_request(monitored: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(application(monitored), monitored.official("cun"))
    place = told(client, monitored, foreign.plain(["户主姓名", "家庭住址"]))
    body = client.post(f"{place}/filled.xlsx").data
    monkeypatch.setattr(outgoing, "AT_ONCE", 0)
    answer = client.post(f"{place}/filled.xlsx", data={"full": "1", "reason": "报民政局"})
    assert answer.status_code == 303
    monitored.session.commit()
    job = jobs.latest_of(monitored.session, outgoing.KIND, int(answer.location.rpartition("/")[2]))
    assert job is not None
    running.run(monitored.sessions, monitored.clock, job.id)
    fetched = client.get(f"{answer.location}.xlsx")
    assert sheets.rows(fetched.data) == sheets.rows(body)
    assert "%E5%A1%AB" in fetched.headers["Content-Disposition"]  # （已填）
    monitored.session.commit()
    lines = monitored.session.scalars(select(LogEntry).where(LogEntry.kind.in_(("export", "export_fetched"))))
    assert [line.data["reason"] for line in lines] == ["", "报民政局", "报民政局"]


@pytest.mark.duty("R41")
def test_what_is_not_known_is_asked_once_and_let_in_from_a_file(monitored: World) -> None:
    without = household(monitored, "缺电话户")
    known = household(monitored, "有电话户", phone="13900000001", group_name="一组", address="石岭 1 号")
    official, clock = monitored.official("cun"), monitored.clock
    template = sheets.rows(goneout.template(monitored, official, "contact", VILLAGE))
    assert "缺电话户" in str(template) and "有电话户" not in str(template)
    lines = [
        ["户编号", "联系电话", "住址"],
        [without.number, "139 0000 0002", "石岭 2 号"],
        [known.number, "13900000003", ""],
        ["没有这一户", "13900000004", ""],
        [known.number[:-1] + "无", "五八八", ""],
    ]
    body = foreign.plain(lines[0], *lines[1:])
    found = sending.begin(monitored.session, official, "contact", VILLAGE, body, "补缺.xlsx", clock)
    imports.tell_columns(monitored.session, official, found.id, found.columns, clock)
    while found.status == "checking":
        found = working.go_on(monitored.session, official, found.id, clock)
    assert files.counts(monitored.session, found)["wrong"] == 3
    imports.confirm(monitored.session, official, found.id, clock)
    while found.status == "running":
        found = working.go_on(monitored.session, official, found.id, clock)
    monitored.session.commit()
    assert (without.phone, without.address, known.phone) == ("13900000002", "石岭 2 号", "13900000001")
