"""Days off: counted by calendar months where months are said,
and missed before a year begins without them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from engine.casework.kit.services import ServiceCall
from engine.casework.models import CalendarDay, CalendarYear
from engine.casework.organisation import access, accounts, calendar
from engine.casework.organisation.calendar import days_off
from engine.ground.clock import SYSTEM, months_later
from engine.ground.database import write
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.identification.matching import results as matching
from engine.prevention.models import MatchingResult
from tests.support.client import application, signed_in
from tests.support.template import COUNTY
from tests.support.world import World
from web import cli


@pytest.mark.duty("R09")
@pytest.mark.parametrize(("matched_on", "reusable"), [(date(2021, 5, 5), True), (date(2021, 5, 4), False)])
def test_a_result_is_reused_for_twelve_calendar_months(
    small_world: World, matched_on: date, reusable: bool
) -> None:
    world = small_world
    case = world.enter()
    with write(world.session):
        row = MatchingResult(
            household_id=case.household_id,
            matched_on=matched_on,
            effect="none",
            recorded_at=world.clock.now(),
        )
        world.session.add(row)
    call = ServiceCall(world.session, world.case(case.id), None, world.clock.now(), "", "", lambda _: None)
    assert matching.find_reusable(call)["reusable"] is reusable


def test_months_are_calendar_months() -> None:
    assert months_later(date(2022, 8, 31), 6) == date(2023, 2, 28)
    assert months_later(date(2024, 2, 29), -12) == date(2023, 2, 28)
    assert months_later(date(2023, 2, 28), 6, 31) == date(2023, 8, 31)
    assert months_later(date(2022, 1, 15), -1) == date(2021, 12, 15)


def test_a_year_without_days_off_is_missed_by_who_looks_after_them(small_world: World) -> None:
    world = small_world
    assert (
        calendar.lacking(world.session, date(2025, 6, 1))
        == calendar.lacking(world.session, date(2025, 12, 1))
        == []
    )
    assert calendar.lacking(world.session, date(2027, 11, 1))[-1].startswith("还没有 2028 年的节假日")
    assert "2027 年的调休上班日还没有录入" in calendar.lacking(world.session, date(2027, 1, 1))[0]
    app = application(world)
    world.session.commit()
    with write(world.session):
        world.session.execute(delete(CalendarDay).where(CalendarDay.day >= date(2022, 1, 1)))
        world.session.execute(delete(CalendarYear))
    pages = {
        name: signed_in(app, world.official(name)).get("/more").text for name in ("xitong", "liucheng", "cun")
    }
    assert [("还没有 2022 年的节假日" in pages[name]) for name in ("xitong", "liucheng", "cun")] == [
        True,
        True,
        False,
    ]


def test_a_year_is_imported(small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = small_world
    monkeypatch.setenv("SHOUWANG_DATABASE_URL", world.url)
    file = tmp_path / "2028.csv"
    file.write_text("day,kind,name\n2028年1月1日,休,元旦\n２０２８/1/2,班,调休\n", "utf-8-sig")
    found = CliRunner().invoke(cli.main, ["import", "calendar", str(file)])
    assert found.output.strip() == "已导入 2 天。", found.output
    assert calendar.lacking(world.session, date(2028, 2, 1)) == []
    with pytest.raises(Invalid, match="第 3 行"):
        calendar.load(world.session, [{"day": "2028-05-01", "kind": "休"}, {"day": "五一", "kind": "休"}])
    after = calendar.workdays_after(world.session)
    assert after(date(2027, 12, 31), 1) == date(2028, 1, 2)


NOTICE = "元旦：1月1日至3日放假，1月4日上班。\n春节：2月15日至23日放假，2月14日、2月28日上班。\n国庆节：10月1日至7日放假。"


def test_a_year_is_looked_at_and_then_replaced_as_a_whole(small_world: World) -> None:
    """A day that was only computed, and that the notice does not give, goes."""
    world = small_world
    app = application(world)
    sent = {"year": "2022", "days": NOTICE, "document": "国办发明电〔2021〕11号", "act": "preview"}
    for username, status in (("cun", 403), ("xian", 403), ("anquan", 403), ("liucheng", 403)):
        assert (
            signed_in(app, world.official(username)).post("/parameters/calendar", data=sent).status_code
            == status
        )
    client = signed_in(app, world.official("xitong"))
    before = days_off.of_year(world.session, 2022)
    page = client.post("/parameters/calendar", data=sent).text
    assert "读到 22 天" in page and "删去" in page
    world.session.commit()
    assert days_off.of_year(world.session, 2022) == before, "a preview stores nothing"
    stored = client.post("/parameters/calendar", data={**sent, "act": "store", "seen": "", "aware": "yes"})
    assert stored.status_code == 303
    world.session.commit()
    world.session.expire_all()
    after = {row.day: row.working for row in days_off.of_year(world.session, 2022)}
    assert len(after) == 22 and after[date(2022, 1, 4)] is True and date(2022, 5, 1) not in after
    again = client.post("/parameters/calendar", data={**sent, "act": "store", "seen": "", "aware": "yes"})
    assert again.status_code == 409 and "刚才有人改过" in again.text
    assert "<textarea" in again.text and NOTICE.strip()[:20] in again.text, "what was typed stays"
    row = world.session.get_one(CalendarYear, 2022, populate_existing=True)
    assert row.document == "国办发明电〔2021〕11号"
    assert calendar.workdays_after(world.session)(date(2022, 1, 3), 1) == date(2022, 1, 4)


def test_what_is_no_year_is_refused_and_what_is_odd_is_asked(small_world: World) -> None:
    world = small_world
    client = signed_in(application(world), world.official("sheng"))

    def send(days: str, **more: str) -> tuple[int, str]:
        sent = {"year": "2022", "days": days, "document": "国办发明电〔2021〕11号", "act": "store", **more}
        answer = client.post("/parameters/calendar", data=sent)
        return answer.status_code, answer.text

    for days, sentence in (
        ("", "没有读到一天"),
        ("2024-01-01 休", "2024年1月1日不是 2022 年的日子"),
        ("1月1日至3日放假，1月3日上班", "又放假又上班"),
        ("\n".join(f"{month}月1日至10日放假" for month in range(1, 8)), "放假 70 天"),
        ("2月30日放假", "看不出哪几天放假"),
    ):
        status, page = send(days)
        assert (status, sentence in page) == (422, True), sentence
    status, page = send("1月1日至3日放假\n1月5日上班")
    assert status == 422 and "全年只放假 3 天" in page and "2022年1月5日本来就是工作日" in page
    assert send("1月1日至3日放假\n1月5日上班", aware="yes")[0] == 303
    assert send(NOTICE, document="")[0] in (409, 422)


def test_what_people_entered_is_not_filled_up_again(small_world: World) -> None:
    """A second installation brings no day back that the notice of the year does not give."""
    session = small_world.session
    with write(session, alone=True):
        days = [days_off.Day(date(2022, 1, 1), False, "元旦")]
        days_off.replace(session, 2022, days, "国办发明电〔2021〕11号", None, small_world.clock.now())
        calendar.seed(session, small_world.today)
    assert [row.day for row in days_off.of_year(session, 2022)] == [date(2022, 1, 1)]
    assert days_off.of_year(session, 2023)


def test_a_county_does_not_set_the_days_off_of_the_province(small_world: World) -> None:
    world = small_world
    with write(world.session):
        county = accounts.create(world.session, "xianxitong", "县系统", "x", SYSTEM.now())
        accounts.grant(world.session, county, access.ACCOUNT_ADMIN, COUNTY)
    assert not days_off.may_keep(county) and days_off.may_keep(world.official("xitong"))
    with pytest.raises(NotAllowed, match="全省一样，由省级的系统管理员"):
        days_off.store(
            world.session, county, 2022, [], "国办发明电〔2021〕11号", seen="", aware=True, clock=world.clock
        )
