"""Runs over a place: whole, cut off, twice at once, every week; and who may begin one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from engine.casework.models import Incident, Job
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs import running
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import Finding, Household, QualityPortion, QualityRun
from engine.prevention.quality import findings, parameters, runs
from engine.prevention.quality.rules.parameters import NUMBERS
from tests.support import registers
from tests.support.template import COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, TOWNSHIP, VILLAGE
from tests.support.world import World

PROVINCE = "410000000000"
PLACES = (VILLAGE, "410325102202", "410326101201")


@pytest.fixture
def households(world: World) -> list[Household]:
    """One in each of three townships of two counties, each without a phone and a category."""
    return [
        registers.household(
            world.session, world.clock.now(), "王大山", "monitored", village=village, phone="", category=""
        )
        for village in PLACES
    ]


def tick(world: World) -> int:
    """A round of the ticker and of the jobs; answers how many townships were looked through."""
    looked = select(func.count()).select_from(QualityPortion).where(QualityPortion.status != "waiting")
    before = world.session.scalar(looked) or 0
    runs.look_after(world.sessions, world.clock)
    running.run_all(world.sessions, world.clock)
    world.session.commit()
    world.session.expire_all()
    return (world.session.scalar(looked) or 0) - before


def begun(world: World, who: str = "xian", place: str = COUNTY) -> QualityRun:
    """A run is begun by hand."""
    return runs.begin(world.session, world.official(who), place, world.clock)


def live(world: World, rule: str) -> set[int]:
    """The households in which a rule's finding lives."""
    world.session.rollback()  # what others wrote since is seen by the next reading
    world.session.expire_all()
    query = select(Finding.household_id).where(Finding.rule == rule, Finding.status != "closed")
    return set(world.session.scalars(query))


@pytest.mark.duty("R34", "R35")
def test_a_county_looks_through_its_townships(world: World, households: list[Household]) -> None:
    run = begun(world)
    assert tick(world) == 2
    assert live(world, "category_missing") == {one.id for one in households[:2]}
    (county,) = runs.progress(world.session, world.official("xian"), run)
    assert (county.code, county.townships, county.done, county.failed) == (COUNTY, 2, 2, 0)
    assert county.households == 2 and county.found == county.fresh >= 4
    assert runs.get(world.session, world.official("xian"), run.id).status == "done"


@pytest.mark.duty("R35")
def test_what_was_put_right_is_closed_by_the_next_run(world: World, households: list[Household]) -> None:
    begun(world)
    tick(world)
    with write(world.session):
        world.session.execute(
            update(Household).where(Household.id == households[0].id).values(category="marginal")
        )
    again = begun(world)
    tick(world)
    assert live(world, "category_missing") == {households[1].id}
    (county,) = runs.progress(world.session, world.official("xian"), again)
    assert county.ended == 1 and county.fresh == 0


@pytest.mark.duty("R34")
def test_a_run_that_was_cut_off_goes_on_where_it_was(world: World, households: list[Household]) -> None:
    run = begun(world, "sheng", PROVINCE)
    with world.sessions() as session:
        runs._advance(session, None, run.id, world.clock)  # one township, and then the server stops
    done = select(func.count()).where(QualityPortion.status == "done")
    assert world.session.scalar(done) == 1
    assert tick(world) == 2
    assert live(world, "category_missing") == {one.id for one in households}


@pytest.mark.duty("R34")
def test_a_rule_that_fails_stops_one_township_and_is_told(
    world: World, households: list[Household], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = runs.look

    def broken(session: Session, run: QualityRun, place_code: str) -> object:
        if place_code == OTHER_TOWNSHIP:
            raise ZeroDivisionError
        return look(session, run, place_code)

    monkeypatch.setattr(runs, "look", broken)
    run = begun(world)
    assert tick(world) == 2
    assert live(world, "category_missing") == {households[0].id}
    (portion,) = runs.failed(world.session, world.official("xian"), run)
    assert (portion.place_code, portion.trouble) == (OTHER_TOWNSHIP, "ZeroDivisionError")
    assert "数据核查没能完成" in world.session.scalars(select(Incident.error)).one()


@pytest.mark.duty("R34")
def test_what_cannot_be_kept_stops_one_township_and_is_told(
    world: World, households: list[Household], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the round would come back to that township for ever, and no run would get past it."""
    no_longer = findings.no_longer

    def broken(*args: Any, place: str, **more: Any) -> int:
        if place == OTHER_TOWNSHIP:
            raise ZeroDivisionError
        return no_longer(*args, place=place, **more)

    monkeypatch.setattr(findings, "no_longer", broken)
    run = begun(world)
    assert tick(world) == 2
    assert live(world, "category_missing") == {households[0].id}
    world.session.refresh(run)
    assert run.status == "done"


@pytest.mark.duty("R34")
def test_two_runs_at_once_find_everything_once(world: World, households: list[Household]) -> None:
    county, province = begun(world), begun(world, "waixian", OTHER_COUNTY)
    with pytest.raises(Conflict, match="还没有完成"):
        begun(world, "sheng", PROVINCE)
    with pytest.raises(Conflict):
        begun(world, "xian2")
    assert tick(world) == 3
    world.session.expire_all()
    assert {county.status, province.status} == {"done"}
    assert begun(world, "sheng", PROVINCE).status == "planned"
    tick(world)
    total = select(func.count(), func.count(Finding.id.distinct())).where(Finding.status != "closed")
    doubles = select(Finding.household_id).group_by(Finding.household_id, Finding.rule, Finding.member_key)
    assert not world.session.scalars(doubles.having(func.count() > 1)).all()
    assert world.session.execute(total).one()[0] > 0


@pytest.mark.duty("R34")
def test_who_begins_and_who_sees(small_world: World) -> None:
    world = small_world
    for who, place in (
        ("xiang", TOWNSHIP),
        ("cun", VILLAGE),
        ("ducha", COUNTY),
        ("waixian", COUNTY),
        ("xian", PROVINCE),
    ):
        with pytest.raises(NotAllowed):
            begun(world, who, place)
    with pytest.raises(Invalid):
        begun(world, "xian", TOWNSHIP)
    run = begun(world)
    for who in ("xiang", "xian2", "ducha", "shi", "sheng"):
        assert runs.get(world.session, world.official(who), run.id).id == run.id
    for who in ("cun", "waixian", "liucheng", "xitong"):
        with pytest.raises(NotFound):
            runs.get(world.session, world.official(who), run.id)
        assert not runs.listing(world.session, world.official(who), 1).items
    with pytest.raises(NotAllowed):
        runs.stop(world.session, world.official("xiang"), run.id, world.clock.now())
    runs.stop(world.session, world.official("shi"), run.id, world.clock.now())
    assert tick(world) == 0


@pytest.mark.duty("R34", "R35")
def test_every_week_by_itself(small_world: World) -> None:
    world = small_world
    official = world.official("xian")
    assert tick(world) == 0 and not runs.listing(world.session, official, 1).items
    runs.set_rhythm(world.session, official, COUNTY, world.today + timedelta(days=2), world.clock)
    tick(world)
    assert not runs.listing(world.session, official, 1).items
    for day, count in ((2, 1), (3, 1), (9, 2), (40, 3)):
        world.go_to(day)
        tick(world)
        assert len(runs.listing(world.session, official, 1).items) == count, day
    (rhythm,) = runs.rhythms(world.session, official).values()
    assert rhythm is not None and rhythm.next_on > world.today
    runs.set_rhythm(world.session, official, COUNTY, None, world.clock)
    assert runs.rhythms(world.session, official) == {COUNTY: None}
    with pytest.raises(Invalid):
        runs.set_rhythm(world.session, official, COUNTY, world.today - timedelta(days=1), world.clock)


@pytest.mark.duty("R35")
def test_the_province_sets_the_numbers(small_world: World) -> None:
    world = small_world
    now = world.clock.now()
    usual = {name: str(value) for name, value in parameters.of_place(world.session, NUMBERS, COUNTY).items()}
    with pytest.raises(NotAllowed):
        parameters.set_all(world.session, world.official("xian"), NUMBERS, usual, now)
    with pytest.raises(Invalid) as refused:
        typed = {**usual, "equal_years": "１", "fall_percent": "很多"}
        parameters.set_all(world.session, world.official("sheng"), NUMBERS, typed, now)
    assert set(refused.value.fields) == {"equal_years", "fall_percent"}
    typed = {**usual, "update_months": " １８ "}
    assert parameters.set_all(world.session, world.official("sheng"), NUMBERS, typed, now) == [
        "update_months"
    ]
    assert parameters.of_place(world.session, NUMBERS, COUNTY)["update_months"] == 18
    assert parameters.set_all(world.session, world.official("sheng"), NUMBERS, typed, now) == []
    assert begun(world).parameters["update_months"] == 18


def test_a_run_is_a_job_of_who_began_it_and_ends_with_it(world: World, households: list[Household]) -> None:
    run = begun(world)
    xian = world.official("xian")
    job = jobs.listed(world.session, xian).items[0]
    assert (job.title, job.state) == ("数据核查", "等待")
    jobs.cancel(world.session, xian, job.id, world.clock)
    assert tick(world) == 0 and runs.get(world.session, xian, run.id).status == "stopped"
    run = begun(world)
    runs.stop(world.session, xian, run.id, world.clock.now())
    assert jobs.listed(world.session, xian).items[0].state == "已停下"
    run = begun(world)
    with write(world.session):  # as an older release left it, and as a backup brings it
        world.session.execute(delete(Job))
    assert tick(world) == 2 and runs.get(world.session, xian, run.id).status == "done"
    begun(world)
    with write(world.session):
        world.session.execute(update(Job).values(status="failed"))
    tick(world)
    begun(world)  # one whose job failed holds up no other
    assert tick(world) == 2


def test_what_stops_a_run_is_said_with_its_job(small_world: World) -> None:
    begun(small_world)
    with write(small_world.session):
        small_world.official("xian").active = False
    tick(small_world)
    job = jobs.listed(small_world.session).items[0]
    assert (job.state, job.error) == ("没有做成", "开始的人的账号已经停用。")
