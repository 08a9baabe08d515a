"""The counters of what is open say what is open, at every instant: added up or not, whoever changed what.

Every test that has a `world` compares them at its end (`World.counted`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from engine.casework import acts
from engine.casework.models import LEVELS, CaseFile, Division, OpenChange, StepCount, Timer, WorkItem
from engine.casework.organisation import divisions
from engine.casework.supervision import counting, limits
from engine.casework.supervision.counts import adding, triggers
from engine.casework.supervision.figures import reading as figures
from engine.casework.supervision.limits import LimitFilter
from engine.casework.time import ticker
from engine.ground.database import write
from engine.migrations import schema
from tests.support.template import COUNTY
from tests.support.world import World
from web.cli import main

CITY, PROVINCE = COUNTY[:4] + "0" * 8, COUNTY[:2] + "0" * 10
STEPS = ("verify:village", "sign:village", "appraise:township", "approve:county", "look:city")
FILTERS = (
    LimitFilter(),
    LimitFilter(limit="identification:"),
    LimitFilter(limit="identification:limit_15"),
    LimitFilter(step="identification:sign"),
    *(LimitFilter(over=days) for days in (1, *limits.OVER)),
    *(LimitFilter(holder=holder) for holder in (*LEVELS, limits.NOBODY, limits.UNCLAIMED)),
    LimitFilter(over=3, holder="village", step="identification:verify"),
    LimitFilter(text="王"),
)


@pytest.mark.duty("C6", "R15")
def test_a_province_counts_what_its_counties_count_at_any_instant_of_a_day(world: World) -> None:
    chance, case = random.Random(19), world.enter()
    day = world.day(6, 0)
    with world.sessions() as session:  # never committed: these limits are nobody's
        for portion in range(3):
            _some_limits(session, world.case(case.id), chance, day)
            if portion == 1:
                assert adding.take(session)
        session.execute(update(Timer).where(Timer.id % 7 == 3).values(standing="over"))
        session.execute(delete(Timer).where(Timer.id % 11 == 4))
        for hour in (0, 9, 12, 12.5, 18, 23.9):
            now = day + timedelta(hours=hour)
            county, city, province = (divisions.get(session, code) for code in (COUNTY, CITY, PROVINCE))
            for wanted in FILTERS:
                told = [_told(session, world, place, wanted, now) for place in (county, city, province)]
                assert told[0] == told[1] == told[2], (hour, wanted)
        assert list(adding.differences(session)) == []
        session.rollback()


def _some_limits(session: Session, case: CaseFile, chance: random.Random, day: datetime) -> None:
    """Limits around a day: at its midnights, at its noon, at odd instants, with any steps under them."""
    instants = [timedelta(), timedelta(hours=12), timedelta(hours=10, minutes=30), timedelta(hours=23)]
    rows = []
    for number in range(60):
        held = sorted(chance.sample(STEPS, chance.choice((0, 1, 1, 2))))
        rows.append(
            {
                "case_id": case.id,
                "token": f"{chance.random()}",
                "procedure_key": "identification",
                "element_id": chance.choice(("limit_15", "limit_other")),
                "name": "时限",
                "kind": "limit",
                "standing": "open",
                "village_code": case.village_code,
                "due_at": day
                + timedelta(days=chance.randint(-9, 6)) * (number % 3)
                + chance.choice(instants),
                "held": "".join(f" {step}" for step in held) + " " if held else "",
            }
        )
    session.execute(insert(Timer), rows)


def _told(session: Session, world: World, place: Division, wanted: LimitFilter, now: datetime) -> object:
    """All that the board says of a place but where its limits are, to the day."""
    actor = world.official("sheng") if place.level != "county" else world.official("ducha")
    lamps = [counting.of_place(session, place, wanted, now)]
    lamps += counting.by_step(session, place, wanted, now).values()
    board = counting.board(session, actor, replace(wanted, division=place.code), now)
    lines = [(line.key, line.name, line.note, line.lamps) for line in (*board.limits, *board.steps)]
    lamps += [board.lamps, *(one[3] for one in lines)]
    days = [one.oldest and one.oldest.astimezone().date() for one in lamps]
    return [replace(one, oldest=None) for one in lamps], days, [line[:3] for line in lines]


@pytest.mark.duty("C6")
def test_the_ticker_adds_up_what_was_noted_and_whoever_moves_a_case_notes_it(world: World) -> None:
    case = world.enter()
    world.finish(case, "verify", "cun")
    acts.claim(world.session, world.official("cun"), _open(world), clock=world.clock)
    assert world.session.scalar(select(func.sum(OpenChange.many))) == 2, "a limit and a task"
    province = divisions.get(world.session, PROVINCE)
    before = figures.units(world.session, province, world.clock.now()).items
    people = figures.people(world.session, province, world.clock.now())
    assert [(desk.waiting.count, desk.held) for desk in before] == [(1, 1)] and len(people) == 1
    world.session.commit()
    ticker.tick(world.sessions, world.clock)
    world.session.expire_all()
    assert world.session.scalar(select(func.count()).select_from(OpenChange)) == 0
    assert figures.units(world.session, province, world.clock.now()).items == before
    assert figures.people(world.session, province, world.clock.now()) == people
    world.finish(case, "sign", "cun")
    assert not any(desk.held for desk in figures.units(world.session, province, world.clock.now()).items)


def _open(world: World) -> int:
    return world.session.scalars(select(WorkItem.id).where(WorkItem.status == "open")).one()


def test_a_counter_that_is_wrong_is_told_and_counted_anew(world: World) -> None:
    world.enter()
    world.session.commit()
    assert adding.add_up(world.sessions, world.clock) > 0
    with write(world.session):
        world.session.execute(update(StepCount).values(many=3))
    refused, told = _run(world, "audit", "verify")
    assert (
        refused == 1 and "identification，verify）：记的 3，实际 1" in told and "shouwang db recount" in told
    )
    assert _run(world, "db", "recount")[0] == 0
    assert _run(world, "audit", "verify")[0] == 0


def _run(world: World, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, words, env={"SHOUWANG_DATABASE_URL": world.url})
    return found.exit_code, found.output


def test_a_database_that_notes_nothing_is_counted_anew_by_its_upgrade(world: World) -> None:
    case = world.enter()
    world.session.commit()
    with world.engine.begin() as connection:
        for name in ("count_task_changed", "count_limit_changed"):
            on = "" if connection.dialect.name == "sqlite" else f" ON {_table(name)}"
            connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    world.finish(case, "verify", "cun")
    world.session.commit()
    assert world.counted()
    schema.upgrade(world.engine)
    assert world.counted() == []
    world.finish(case, "sign", "cun")


def _table(trigger: str) -> str:
    return next(kind.table for kind in triggers.KINDS if kind.name in trigger)
