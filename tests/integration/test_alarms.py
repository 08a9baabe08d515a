"""Q57, T23: what strikes about marks of elimination is listed as a fact; nothing is an aim (R02)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select

from engine.casework.models import Division, Figure, FigureState
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import Alarm, Household, Member, Observation
from engine.prevention.quality import parameters as settings
from engine.prevention.quality.alarms import marks, parameters, weekly
from engine.prevention.quality.alarms.parameters import NUMBERS, PARAMETERS, Parameters
from tests.support.client import application, signed_in
from tests.support.stages import propose
from tests.support.template import COUNTY, TOWNSHIP, VILLAGE
from tests.support.world import World

RULE = Parameters(**{name: one.usual for name, one in PARAMETERS.items()})
WEEK = date(2022, 4, 25)
"""The Monday of the last whole week of day 0."""


def marked(world: World, counts: Mapping[tuple[str, date], int]) -> None:
    """So many marks in villages on days, as the figures have them; the log is counted to the end."""
    with write(world.session):
        rows = [
            {
                "tier": 1,
                "measure": "eliminated",
                "division_code": village,
                "start": day,
                "procedure_key": "risk_elimination",
                "version": 1,
                "element_id": "mark",
                "value": 0,
                "count": count,
            }
            for (village, day), count in counts.items()
        ]
        if rows:
            world.session.execute(insert(Figure), rows)
        world.session.merge(FigureState(id=1, log_id=1, counted_at=world.clock.now()))


def look(world: World) -> list[Alarm]:
    """Every county is looked at; the alarms."""
    world.session.commit()
    while weekly.look(world.sessions, world.clock):
        pass
    world.session.commit()
    return list(world.session.scalars(select(Alarm).order_by(Alarm.id)))


@pytest.mark.duty("R02", "R23")
def test_eighty_marks_in_a_day_are_listed_with_their_figures_and_hinder_nobody(world: World) -> None:
    usual = {(VILLAGE, WEEK - timedelta(days=7 * n)): 2 for n in range(1, 27)}
    marked(world, {**usual, (VILLAGE, WEEK + timedelta(days=2)): 80})
    (alarm,) = look(world)
    assert (alarm.kind, alarm.place_code, alarm.week) == ("concentrated", TOWNSHIP, WEEK)
    assert "标注风险消除 80 户" in alarm.sentence and "平均每周 2 户" in alarm.sentence
    assert "最多的一天是2022年4月27日，80 户" in alarm.sentence
    assert alarm.facts["parameters"]["times"] == RULE.times
    assert look(world) == [alarm]  # nobody looks twice
    world.enter()  # and work goes on as ever


@pytest.mark.duty("R02")
@pytest.mark.parametrize(
    ("this_week", "before", "kinds"),
    [
        ((9,), 0, []),  # few
        ((10,), 0, ["concentrated"]),
        ((12,), 4, []),  # three times the usual is not more than that
        ((13,), 4, ["concentrated"]),
        ((3, 3, 3, 3, 3), 10, ["flat"]),
        ((2, 2, 2, 2, 2), 10, []),
        ((3, 3, 3, 3, 4, 5, 6, 7, 8), 20, []),
    ],
)
def test_a_township_is_compared_with_its_own_past_and_its_villages_with_one_another(
    this_week: tuple[int, ...], before: int, kinds: list[str]
) -> None:
    found: dict[tuple[str, date], int] = {
        (f"41032510320{n}", WEEK + timedelta(days=n % 5)): count for n, count in enumerate(this_week)
    }
    past = {("410325103300", WEEK - timedelta(days=7 * n)): before for n in range(4, 27) if before}
    if before:  # the average of all weeks is the same, the four weeks beside are empty
        past[("410325103300", WEEK - timedelta(days=7 * 26))] = before * 4
    every = {**found, **past}
    seen = [*marks._concentrated(every, WEEK, RULE), *marks._flat(every, WEEK, RULE)]
    assert [kind for kind, _, _ in seen] == kinds


def monitored(world: World, **changes: Any) -> Household:
    """A household monitored for a year whose income has been above the line for ten months."""
    row: dict[str, Any] = {"labours": ("ordinary",), "water_ok": "yes", "seen": 300, "risks": ["illness"]}
    row |= changes
    with write(world.session):
        place = world.session.scalars(select(Division).where(Division.code == VILLAGE)).one()
        count = len(world.session.scalars(select(Household.id)).all())
        household = Household(
            number=f"{VILLAGE}9{count:07d}",
            division_id=place.id,
            village_code=VILLAGE,
            head_name=f"户{count}",
            status=row.get("status", "monitored"),
            monitored_on=world.today - timedelta(days=row.get("since", 365)),
            risks=row["risks"],
            updated_at=world.clock.now(),
        )
        household.members = [
            Member(position=n, name=f"人{n}", facts={"labour": one}) for n, one in enumerate(row["labours"])
        ]
        world.session.add(household)
        world.session.flush()
        for days, income in ((row["seen"], 9000), (20, row.get("income", 9500))):
            world.session.add(
                Observation(
                    household_id=household.id,
                    observed_on=world.today - timedelta(days=days),
                    net_income=Decimal(income * 2),
                    per_capita=Decimal(income),
                    line_amount=6900,
                    assurances={"water_ok": row["water_ok"]},
                    source="verification",
                    recorded_at=world.clock.now(),
                )
            )
    return household


@pytest.mark.duty("R23", "R24")
def test_who_meets_the_conditions_for_months_and_nobody_looked_is_listed_but_never_a_household_without_labour(
    world: World,
) -> None:
    listed = monitored(world)
    monitored(world, labours=("none", "lost"))  # T12
    monitored(world, water_ok="no")
    monitored(world, income=5000)
    monitored(world, seen=200)  # above for half a year, but not for three months more
    monitored(world, since=100)
    monitored(world, status="eliminated")
    propose(world, monitored(world))
    marked(world, {})
    (alarm,) = look(world)
    assert (alarm.kind, alarm.household_id, alarm.place_code) == ("unmarked", listed.id, VILLAGE)
    assert "已满 3 个月" in alarm.sentence and "须入户看" in alarm.sentence
    world.clock.advance(timedelta(days=7))
    marked(world, {})
    assert look(world) == [alarm]  # it is on the list; a week later it does not come again


def test_the_week_is_looked_at_when_its_figures_are_whole(small_world: World) -> None:
    world = small_world
    assert weekly.last_week(date(2022, 5, 1)) == date(2022, 4, 18)  # a Sunday
    assert weekly.last_week(date(2022, 5, 2)) == WEEK
    assert weekly.look(world.sessions, world.clock) == 0  # nothing is counted yet


@pytest.mark.duty("R02", "R38")
def test_supervisors_see_them_and_say_what_it_was_and_the_province_sets_what_strikes(
    small_world: World,
) -> None:
    world = small_world
    marked(world, {(VILLAGE, WEEK): 60})
    (alarm,) = look(world)
    app = application(world)
    watcher = signed_in(app, world.official("ducha"))
    assert (
        "标注风险消除 60 户" in watcher.get("/alarms").text
        and "标注提示 1" in watcher.get("/supervision").text
    )
    assert list(weekly.listing(world.session, world.official("waixian")).items) == []
    for who, error in (("cun", NotFound), ("waixian", NotFound)):
        with pytest.raises(error):
            weekly.note(world.session, world.official(who), alarm.id, "看过", clock=world.clock)
    with pytest.raises(Invalid):
        weekly.note(world.session, world.official("ducha"), alarm.id, " ", clock=world.clock)
    weekly.note(world.session, world.official("ducha"), alarm.id, "集中评议，逐户看过", clock=world.clock)
    with pytest.raises(Conflict):
        weekly.note(world.session, world.official("xian"), alarm.id, "又看", clock=world.clock)
    world.session.commit()
    assert "集中评议，逐户看过" in watcher.get("/alarms").text
    form = {name: str(value) for name, value in vars(RULE).items()} | {"day_marks": "６１"}
    with pytest.raises(NotAllowed):
        settings.set_all(world.session, world.official("xian"), NUMBERS, form, world.clock.now())
    province = signed_in(app, world.official("sheng"))
    answer = province.post("/alarms/parameters", data={**form, "weeks": "三"})
    assert answer.status_code == 422 and "６１" in answer.text
    assert province.post("/alarms/parameters", data=form).status_code == 303
    world.session.commit()
    world.session.expire_all()
    assert parameters.of_place(world.session, COUNTY).day_marks == 61
    assert parameters.of_place(world.session, "420000000000") == RULE
