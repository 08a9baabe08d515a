"""A department's programme sends rows with a token of its own (R32); the pages around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from engine.casework.models import LogEntry, Notification
from engine.ground.clock import SYSTEM
from engine.ground.database import write
from engine.prevention.identification.departments import tokens
from engine.prevention.models import DepartmentBatch, DepartmentRow, DepartmentToken, RiskClue
from tests.support import departments as d
from tests.support import papers
from tests.support.client import Caller, application, signed_in
from tests.support.template import COUNTY
from tests.support.world import World

NOBODY = papers.id_number("41990119660101001")


@pytest.fixture
def app(small_world: World) -> Iterator[Flask]:
    yield application(small_world)


class Programme:
    """A department's, with its word."""

    def __init__(
        self, world: World, app: Flask, department: str = "medical_insurance", place: str = COUNTY
    ) -> None:
        self.client = app.test_client()
        admin = world.official("xitong")
        self.token, self.word = tokens.issue(
            world.session, admin, place, department, "医保系统", clock=SYSTEM
        )

    def send(self, *rows: Mapping[str, Any], matter: str = "medical_costs") -> TestResponse:
        body = {"matter": matter, "rows": list(rows)}
        headers = {"Authorization": f"Bearer {self.word}"}
        return self.client.post("/api/v1/departments/warnings", json=body, headers=headers)

    def sent(self, *rows: Mapping[str, Any], matter: str = "medical_costs") -> list[dict[str, Any]]:
        answer = self.send(*rows, matter=matter)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.get_json()["rows"]
        return found


def row(number: str, record: str = "", **facts: Any) -> dict[str, Any]:
    return {
        "name": "王建国",
        "id_number": number,
        "period": "2022年4月",
        "amount": 30000,
        "record": record,
        **facts,
    }


@pytest.mark.duty("R06", "R32")
def test_t06_an_alert_by_programme_says_into_which_case_it_went(small_world: World, app: Flask) -> None:
    case = small_world.enter()
    d.bar(small_world)
    programme = Programme(small_world, app)
    (found,) = programme.sent(row(case.household.head_id_number, "A-1", discovered_on="2022-05-03"))
    assert (found["outcome"], found["case_id"], found["text"]) == (
        "joined",
        case.id,
        f"已并入第 {case.id} 号",
    )
    assert (found["place"], found["record"]) == (1, "A-1")


@pytest.mark.duty("R32")
def test_a_call_said_again_is_answered_and_registers_nothing(small_world: World, app: Flask) -> None:
    home = d.family(small_world)
    d.bar(small_world)
    programme, said = Programme(small_world, app), row(d.number_of(small_world, home), "A-1")
    (first,), (again,) = programme.sent(said), programme.sent(said)
    assert (first["outcome"], again["outcome"], again["case_id"]) == ("raised", "same", first["case_id"])
    (corrected,) = programme.sent({**said, "amount": 31000, "period": "2022年5月"})
    assert corrected["outcome"] == "again", "its own number says that it is the same one"
    (other,) = programme.sent({**row(NOBODY, "A-1")})
    assert (other["outcome"], other["text"]) == ("refused", "这个记录编号已用于另一个人")
    small_world.session.commit()
    assert small_world.session.scalar(select(func.count()).select_from(RiskClue)) == 1
    (row_kept,) = d.kept(small_world)
    assert (row_kept.record, row_kept.amount) == ("A-1", 31000)


@pytest.mark.duty("R32")
def test_each_row_has_its_answer_and_a_wrong_one_refuses_itself_alone(small_world: World, app: Flask) -> None:
    home = d.family(small_world)
    d.bar(small_world)
    number = d.number_of(small_world, home)
    found = Programme(small_world, app).sent(
        row("41032519800101123X"),
        row(number, name=""),
        row(number, discovered_on="2023-01-01"),
        row(number, discovered_on="昨天", amount="很多"),
        row(number, name=["王"], note="长" * 301),
        row(number, amount=None),
        row(number),
        row(number),
        row(NOBODY, "B-1", amount="１２，０００元"),
    )
    assert [one["outcome"] for one in found] == ["refused"] * 6 + ["raised", "refused", "unknown"]
    assert [sorted(one["fields"]) for one in found] == [
        ["id_number"],
        ["name"],
        ["discovered_on"],
        ["amount", "discovered_on"],
        ["name", "note"],
        ["amount"],
        [],
        [""],
        [],
    ]
    assert found[5]["text"] == "没有写个人自付金额（元）。" and "第 7 条" in found[7]["text"]
    assert all(number not in str(one) for one in found)


def test_a_call_that_holds_no_rows_or_too_many_is_refused_whole(small_world: World, app: Flask) -> None:
    programme = Programme(small_world, app)
    answers = {
        "none": programme.send(matter="uninsured"),
        "many": programme.send(*[row(NOBODY)] * 501, matter="uninsured"),
        "another's matter": programme.send(row(NOBODY), matter="disaster"),
        "no threshold": programme.send(row(NOBODY)),
        "no list": programme.client.post(
            "/api/v1/departments/warnings",
            json={"matter": "uninsured", "rows": "x"},
            headers={"Authorization": f"Bearer {programme.word}"},
        ),
    }
    assert {name: one.status_code for name, one in answers.items()} == {
        "none": 422,
        "many": 422,
        "another's matter": 404,
        "no threshold": 409,
        "no list": 422,
    }
    assert all(one.get_json()["detail"] for one in answers.values())
    assert small_world.session.scalar(select(func.count()).select_from(DepartmentRow)) == 0


@pytest.mark.duty("R32", "R38")
def test_a_departments_token_opens_nothing_else_and_ends(small_world: World, app: Flask) -> None:
    programme = Programme(small_world, app, "emergency")
    headers = {"Authorization": f"Bearer {programme.word}"}
    for path in ("/households", "/tasks", "/campaigns", "/transfers", "/accounts"):
        assert programme.client.get(f"/api/v1{path}", headers=headers).status_code == 401, path
    assert programme.client.get("/households", headers=headers).status_code == 302, "no page"
    matters = programme.client.get("/api/v1/departments/matters", headers=headers).get_json()
    assert [one["code"] for one in matters] == ["disaster", "other"]
    assert Caller(app, small_world, "xian").post("/departments/warnings").status_code == 403
    tokens.end(small_world.session, small_world.official("xitong"), programme.token.id, clock=SYSTEM)
    assert programme.send(row(NOBODY), matter="disaster").status_code == 401
    late = Programme(small_world, app, "emergency")
    with write(small_world.session):
        ends = update(DepartmentToken).where(DepartmentToken.id == late.token.id)
        small_world.session.execute(ends.values(expires_at=SYSTEM.now() - timedelta(minutes=1)))
    assert late.send(row(NOBODY), matter="disaster").status_code == 401


def test_a_token_has_a_rate_of_its_own(small_world: World, app: Flask) -> None:
    busy, other = Programme(small_world, app, "emergency"), Programme(small_world, app, "emergency")
    mine = update(DepartmentToken).where(DepartmentToken.id == busy.token.id)
    with write(small_world.session):
        values = {"minute_at": SYSTEM.now(), "calls": tokens.MOST_CALLS - 1}
        small_world.session.execute(mine.values(**values))
    statuses = [busy.send(row(NOBODY, f"A-{n}"), matter="disaster").status_code for n in range(2)]
    assert statuses == [200, 429] and other.send(row(NOBODY), matter="disaster").status_code == 200
    with write(small_world.session):
        small_world.session.execute(
            update(DepartmentToken).values(minute_at=SYSTEM.now() - timedelta(minutes=2))
        )
    assert busy.send(row(NOBODY, "A-9"), matter="disaster").status_code == 200


@pytest.mark.duty("R32")
def test_desks_are_told_once_when_a_programme_has_been_quiet(small_world: World, app: Flask) -> None:
    d.family(small_world)
    programme = Programme(small_world, app, "emergency")
    for count in range(3):
        home = d.family(small_world, f"户主{count}")
        programme.sent(row(d.number_of(small_world, home), f"A-{count}"), matter="disaster")
    assert d.told(small_world) == 0, "more may come"
    small_world.clock.advance(timedelta(minutes=11))
    assert d.told(small_world) == 1
    lines = select(Notification.text).where(Notification.kind == "department", Notification.queue == "county")
    assert "3 条新线索" in small_world.session.scalars(lines).one()
    programme.sent(row(NOBODY, "B"), matter="disaster")
    small_world.session.commit()
    counts = small_world.session.scalars(select(DepartmentBatch.raised).order_by(DepartmentBatch.id)).all()
    assert list(counts) == [3, 0], "what comes after is told of by itself"


# -- pages -----------------------------------------------------------------------------------------


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.text


@pytest.mark.duty("R32")
def test_a_word_is_shown_once_and_only_its_hash_is_kept(small_world: World, app: Flask) -> None:
    client = signed_in(app, small_world.official("xitong"))
    wrong = client.post("/departments/tokens", data={"department": "x", "place": "下庙乡", "name": ""})
    assert wrong.status_code == 422 and wrong.text.count('class="wrong"') == 3
    shown = client.post(
        "/departments/tokens", data={"department": "health", "place": COUNTY, "name": "卫健平台 李工"}
    ).text
    (word,) = re.findall(r'value="(bumen-[^"]+)"', shown)
    assert word not in page(client, "/departments/tokens") and "卫健平台 李工" in page(
        client, "/departments/tokens"
    )
    small_world.session.commit()
    kept = small_world.session.scalars(select(DepartmentToken)).one()
    assert word not in str({one.name: getattr(kept, one.name) for one in DepartmentToken.__table__.columns})
    assert client.post(f"/departments/tokens/{kept.id}/end").status_code == 303
    kinds = select(LogEntry.kind).where(LogEntry.kind.startswith("department_token"))
    small_world.session.commit()
    assert set(small_world.session.scalars(kinds)) == {"department_token", "department_token_end"}


@pytest.mark.duty("R32")
def test_pages_show_who_waits_and_take_an_answer(small_world: World, app: Flask) -> None:
    home = d.family(small_world)
    d.sent(small_world, ("赵六", NOBODY, "", "", "房屋倒塌"), key=d.DISASTER)
    client = signed_in(app, small_world.official("xian"))
    assert "待核对 1" in page(client, "/departments") and "登记簿里没有" in page(client, "/departments")
    shown = page(client, "/departments/rows")
    assert "房屋倒塌" in shown and NOBODY not in shown and "419***********" in shown
    (kept,) = d.kept(small_world)
    wrong = client.post(f"/departments/rows/{kept.id}", data={"act": "clue", "number": "X", "note": "是小名"})
    assert wrong.status_code == 422 and "是小名" in wrong.text and "没有这个户编号" in wrong.text
    done = client.post(
        f"/departments/rows/{kept.id}?outcome=waiting", data={"act": "clue", "number": home.number}
    )
    assert done.headers["Location"] == "/departments/rows?outcome=waiting"
    assert "没有要核对的" in page(client, "/departments/rows")
    assert "已找到户" in page(client, "/departments/rows?outcome=raised")
    assert "部门信息（1）" in page(client, f"/households/{home.id}")
    village = signed_in(app, small_world.official("lin"))
    assert "没有这样的" in page(village, "/departments/rows?outcome=")
    batch = small_world.session.scalars(select(DepartmentBatch.id)).one()
    assert village.get(f"/departments/rows?batch={batch}").status_code == 404


@pytest.mark.duty("R32")
def test_a_threshold_is_typed_on_its_page(small_world: World, app: Flask) -> None:
    client = signed_in(app, small_world.official("xian"))
    typed = {
        "division": COUNTY,
        "list": "medical_insurance-medical_costs",
        "basis": "amount",
        "for_key": "１０，０００",
        "for_others": "两万六",
        "effective_from": "2022-01-01",
    }
    wrong = client.post("/departments/thresholds", data=typed)
    assert wrong.status_code == 422 and "１０，０００" in wrong.text
    assert client.post("/departments/thresholds", data={**typed, "for_others": "26000"}).status_code == 303
    assert "10,000 元（低收入人口）、26,000 元（其他农户）" in page(client, "/departments/thresholds")
    refused = signed_in(app, small_world.official("waixian")).post("/departments/thresholds", data=typed)
    assert refused.status_code == 403
