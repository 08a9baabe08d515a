"""Recurring procedures: a county sets the rhythm, every household concerned gets one case a round (R21,
R26).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.casework.models import Account, CaseFile
from engine.casework.time import schedules, ticker
from engine.ground.errors import Invalid, NotAllowed
from tests.support import registers
from tests.support.client import application, signed_in
from tests.support.world import World

OTHER_COUNTY_VILLAGE = "410326101200"


def _count(world: World, key: str) -> int:
    world.session.commit()
    query = select(func.count(CaseFile.id)).where(CaseFile.procedure_key == key)
    return world.session.scalar(query) or 0


def _eliminated(world: World, name: str, village: str = "410325103202") -> None:
    registers.household(world.session, world.clock.now(), name, "eliminated", village=village)


@pytest.mark.duty("R26")
def test_a_county_opens_the_look_back_for_its_marked_households_once_a_round(world: World) -> None:
    for name in ("王一", "王二", "王三"):
        _eliminated(world, name)
    _eliminated(world, "外县户", OTHER_COUNTY_VILLAGE)
    registers.household(world.session, world.clock.now(), "赵四", "monitored")
    county, first = world.official("xian"), world.today + timedelta(days=3)
    schedules.set_rhythm(world.session, county, "look_back", 12, first, world.clock.now())
    world.session.commit()
    assert ticker.tick(world.sessions, world.clock) == 0
    world.clock.advance(timedelta(days=3))
    assert ticker.tick(world.sessions, world.clock) == 3
    assert ticker.tick(world.sessions, world.clock) == 0
    assert _count(world, "look_back") == 3
    offer = next(one for one in schedules.offers(world.session, county) if one.key == "look_back")
    assert offer.schedule is not None and offer.schedule.next_on == date(2023, 5, 8)
    world.session.commit()
    world.clock.advance(timedelta(days=370))
    assert (
        ticker.tick(world.sessions, world.clock) == 0
    )  # each still has the last round's open: no household gets two
    assert _count(world, "look_back") == 3


@pytest.mark.duty("R26")
def test_a_round_that_was_cut_off_goes_on_where_it_stopped(small_world: World) -> None:
    for number in range(5):
        _eliminated(small_world, f"王{number}")
    county = small_world.official("xian")
    schedules.set_rhythm(
        small_world.session, county, "look_back", 6, small_world.today, small_world.clock.now()
    )
    small_world.session.commit()
    done = 0

    class Stop(BaseException):
        """The power goes."""

    original = schedules._open

    def two_only(*given: object) -> bool:
        nonlocal done
        if done == 2:
            raise Stop
        done += 1
        return original(*given)  # type: ignore[arg-type]

    schedules._open = two_only  # type: ignore[assignment]
    try:
        with pytest.raises(Stop):
            ticker.tick(small_world.sessions, small_world.clock)
    finally:
        schedules._open = original
    assert _count(small_world, "look_back") == 2
    assert ticker.tick(small_world.sessions, small_world.clock) == 3
    assert _count(small_world, "look_back") == 5


@pytest.mark.duty("R21", "R26")
def test_the_county_sets_it_on_the_page_and_nobody_else(small_world: World) -> None:
    app = application(small_world)
    client = signed_in(app, small_world.official("xian"))
    page = client.get("/schedules").text
    assert "回头看" in page and "尚未设定" in page
    day = (small_world.today + timedelta(days=1)).isoformat()
    answer = client.post("/schedules/look_back", data={"months": "6", "next_on": day}, follow_redirects=True)
    assert "R26" not in page  # clause numbers are for process owners
    assert "2022年5月6日开展，以后每 6 个月一次" in answer.text
    assert client.post("/schedules/look_back", data={"months": "99", "next_on": day}).status_code == 422
    assert client.post("/schedules/look_back", data={"months": "6", "next_on": "昨天"}).status_code == 422
    assert client.post("/schedules/identification", data={"months": "6", "next_on": day}).status_code == 422
    assert "已停止" in client.post("/schedules/look_back", data={"stop": "1"}, follow_redirects=True).text
    with pytest.raises(NotAllowed):
        schedules.offers(small_world.session, small_world.official("xiang"))
    with pytest.raises(Invalid, match="早于今天"):
        schedules.set_rhythm(
            small_world.session,
            small_world.official("xian"),
            "look_back",
            6,
            date(2022, 1, 1),
            small_world.clock.now(),
        )


@pytest.mark.duty("R21")
@pytest.mark.parametrize(
    ("day", "months", "days"),
    [
        (date(2022, 8, 31), 6, ["2023-02-28", "2023-08-31", "2024-02-29", "2024-08-31"]),
        (date(2022, 5, 31), 1, ["2022-06-30", "2022-07-31", "2022-08-31", "2022-09-30"]),
        (date(2024, 2, 29), 12, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
    ],
)
def test_a_rhythm_keeps_its_day_of_the_month(
    small_world: World, day: date, months: int, days: list[str]
) -> None:
    county = small_world.official("xian")
    schedules.set_rhythm(small_world.session, county, "look_back", months, day, small_world.clock.now())
    small_world.session.commit()
    seen, next_on = [], day
    for _ in days:
        small_world.clock.advance(timedelta(days=(next_on - small_world.today).days))
        ticker.tick(small_world.sessions, small_world.clock)
        small_world.session.expire_all()
        offer = next(one for one in schedules.offers(small_world.session, county) if one.key == "look_back")
        assert offer.schedule is not None
        next_on = offer.schedule.next_on
        seen.append(next_on.isoformat())
        small_world.session.commit()
    assert seen == days


@pytest.mark.duty("R26")
def test_a_schedule_that_is_stopped_in_the_middle_of_its_round_stops_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _eliminated(world, "王一")
    county, now = world.official("xian"), world.clock.now()
    schedules.set_rhythm(world.session, county, "look_back", 6, world.today, now)
    world.session.commit()
    real = schedules._open_round

    def stopped(*given: Any) -> int:
        opened = real(*given)
        with world.sessions() as session:
            schedules.stop(session, session.get_one(Account, county.id), "look_back", now)
        return opened

    monkeypatch.setattr(schedules, "_open_round", stopped)
    assert ticker.tick(world.sessions, world.clock) == 1
    assert _count(world, "look_back") == 1


def test_a_fault_in_one_act_of_a_round_leaves_the_others_their_turn(
    small_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    had: list[str] = []

    def has(what: str) -> Callable[..., int]:
        def act(*_: object) -> int:
            had.append(what)
            return 0

        return act

    def fails(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(schedules, "open_due", fails)
    monkeypatch.setattr(ticker.adding, "add_up", has("counters"))
    monkeypatch.setattr(ticker.outgoing, "sweep", has("files"))
    with pytest.raises(ZeroDivisionError):
        ticker.tick(small_world.sessions, small_world.clock)
    assert had == ["counters", "files"]
