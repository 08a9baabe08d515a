"""Days off: counted by calendar months where months are said,
and missed before a year begins without them.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from engine.casework.models import CalendarDay, CalendarYear
from engine.casework.organisation import calendar
from engine.casework.services import ServiceCall
from engine.ground.clock import months_later
from engine.ground.database import write
from engine.ground.errors import Invalid
from engine.prevention.identification import matching
from engine.prevention.models import MatchingResult
from tests.support.client import application, signed_in
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
