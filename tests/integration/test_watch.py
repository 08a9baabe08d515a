"""Areas to watch (R31): computed every week from the register, labelled by hand where it cannot tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.casework.time import ticker
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.hazards.watch import labels, lists, weekly
from engine.prevention.models import WatchArea, WatchFigure, WatchWeek
from tests.support.hazards import settle
from tests.support.template import COUNTY, OTHER_COUNTY, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

ABROAD = "410326101200"
"""A village of the other county."""


def _run(world: World) -> None:
    while weekly.go_on(world.session, world.clock.now()):
        continue


def _found(world: World) -> dict[tuple[str, str], WatchArea]:
    week = weekly.monday(world.today)
    rows = world.session.scalars(select(WatchArea).where(WatchArea.week == week))
    return {(row.kind, row.division_code): row for row in rows}


def _label(world: World, username: str, place: str, kind: str, reason: str = "县委组织部认定") -> None:
    labels.put(world.session, world.official(username), place, kind, reason, world.today, clock=world.clock)


@pytest.mark.duty("R31")
def test_each_kind_of_area_is_found_by_its_figures(world: World) -> None:
    # the other county monitors a tenth of its people, ours one in a hundred
    settle(world, {ABROAD: 82})
    settle(world, {ABROAD: 9}, status="monitored")
    settle(world, {VILLAGE: 100, OTHER_VILLAGE: 88})
    settle(world, {OTHER_VILLAGE: 12}, status="monitored")
    settle(world, {OTHER_VILLAGE: 6}, status="eliminated")
    _label(world, "xian", VILLAGE, "weak_organisation")
    _label(world, "sheng", OTHER_COUNTY, "key_county", "豫乡振〔2022〕1号")
    _run(world)
    found = _found(world)
    assert set(found) == {
        ("weak_village", VILLAGE),
        ("high_open_share", TOWNSHIP),
        ("key_county", OTHER_COUNTY),
    }
    weak = found["weak_village", VILLAGE]
    assert weak.figures["area"]["monitored"] == 0 and weak.parameter == "标注软弱涣散，且低于全县平均的 50%"
    township = found["high_open_share", TOWNSHIP]
    assert township.reason.startswith("监测对象 18 户，未消除 12 户，占 66.67%")
    assert (township.figures["area"]["households"], township.figures["area"]["people"]) == (206, 412)
    assert found["key_county", OTHER_COUNTY].by_hand


@pytest.mark.duty("R31")
def test_a_county_that_monitors_far_fewer_than_the_province_is_on_the_list(small_world: World) -> None:
    world = small_world
    settle(world, {ABROAD: 80})
    settle(world, {ABROAD: 20}, status="monitored")
    settle(world, {VILLAGE: 98})
    settle(world, {VILLAGE: 2}, status="monitored")
    _run(world)
    row = _found(world)["low_share", COUNTY]
    assert row.reason == "监测人口占登记人口 2%，全省平均 11%"
    assert row.parameter == "低于全省平均的 50%"
    assert ("low_share", OTHER_COUNTY) not in _found(world)


@pytest.mark.duty("R31")
def test_the_list_is_made_once_a_week_and_kept(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 4})
    _label(world, "xian", VILLAGE, "other", "水库移民村")
    ticker.tick(world.sessions, world.clock)
    first = weekly.monday(world.today)
    assert lists.weeks(world.session) == [first] and set(_found(world)) == {("other", VILLAGE)}
    [label] = labels.listing(world.session, world.official("xian")).items
    labels.end(world.session, world.official("xian"), label.id, "已脱离", clock=world.clock)
    ticker.tick(world.sessions, world.clock)
    assert set(_found(world)) == {("other", VILLAGE)}  # a list once made stays
    world.go_to(7)
    ticker.tick(world.sessions, world.clock)
    assert lists.weeks(world.session) == [first + timedelta(days=7), first]
    assert _found(world) == {}
    assert {row.week for row in world.session.scalars(select(WatchFigure))} == {first + timedelta(days=7)}


@pytest.mark.duty("R31")
def test_a_week_that_was_cut_off_is_gone_on_with(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 3, ABROAD: 3})
    seen = []
    for _ in range(20):
        with world.sessions() as session:  # each as another process would
            weekly.go_on(session, world.clock.now())
        world.session.expire_all()
        week = world.session.get_one(WatchWeek, weekly.monday(world.today))
        seen.append((week.status, week.at_county))
        world.session.commit()
    assert list(dict.fromkeys(seen)) == [
        ("counting", ""),
        ("counting", COUNTY),
        ("counting", OTHER_COUNTY),
        ("judging", ""),
        ("judging", COUNTY),
        ("judging", OTHER_COUNTY),
        ("done", OTHER_COUNTY),
    ]


@pytest.mark.duty("R31")
def test_places_are_labelled_from_above_with_a_reason(small_world: World) -> None:
    world = small_world
    _label(world, "xian", VILLAGE, "weak_organisation")
    with pytest.raises(Conflict):
        _label(world, "xian", VILLAGE, "weak_organisation")
    with pytest.raises(Invalid, match="理由"):
        _label(world, "xian", OTHER_VILLAGE, "weak_organisation", " ")
    with pytest.raises(Invalid, match="地方"):
        _label(world, "xian", TOWNSHIP, "weak_organisation")  # of a village alone
    with pytest.raises(Invalid, match="地方"):
        _label(world, "waixian", VILLAGE, "weak_organisation")
    with pytest.raises(NotAllowed):
        _label(world, "xian", COUNTY, "other")  # nobody labels their own county
    with pytest.raises(NotAllowed):
        _label(world, "xiang", VILLAGE, "other")
    _label(world, "shi", COUNTY, "heavy_task")
    assert len(labels.listing(world.session, world.official("sheng")).items) == 2
    assert len(labels.listing(world.session, world.official("cun")).items) == 0


@pytest.mark.duty("R31")
def test_the_list_is_seen_in_ones_reach(small_world: World) -> None:
    world = small_world
    _label(world, "xian", VILLAGE, "other")
    _label(world, "shi", OTHER_COUNTY, "other")
    _run(world)
    week = weekly.monday(world.today)
    for username, count in {"xiang": 1, "xian": 1, "ducha": 1, "waixian": 1, "sheng": 2, "cun": 0}.items():
        official = world.official(username)
        assert len(lists.listing(world.session, official, week).items) == count, username
        assert lists.counts(world.session, official, week)["other"] == count
    with pytest.raises(NotAllowed):
        lists.require(world.official("cun"))
