"""R39: samples that anybody can draw again, on any database; what was found goes back to the village."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import insert, select

from engine.casework.models import Division, LogEntry
from engine.casework.time import ticker
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.ground.tables import table
from engine.prevention.models import Finding, Household, Sample, SampleHousehold, SampleStratum
from engine.prevention.quality.sampling import drawing, results, samples
from tests.support.client import application, signed_in
from tests.support.template import COUNTY, OTHER_COUNTY
from tests.support.world import World

SEED = "5eed" * 16
HOUSES = 240


def settle(world: World, count: int = HOUSES) -> list[Any]:
    """So many households of two counties, with numbers of their own, of three standings; answers them."""
    places = select(Division.id, Division.code).where(Division.level == "village")
    villages = sorted(
        (row for row in world.session.execute(places) if row.code[:6] in ("410325", "410326")),
        key=lambda row: row.code,
    )[::40]
    rows = [
        {
            "number": f"{villages[i % len(villages)].code}{i:08d}",
            "division_id": villages[i % len(villages)].id,
            "village_code": villages[i % len(villages)].code,
            "head_name": f"户{i}",
            "status": ("ordinary", "monitored", "eliminated")[i % 3],
            "category": "marginal" if i % 3 else "",
            "updated_at": world.clock.now(),
        }
        for i in range(count)
    ]
    with write(world.session):
        world.session.execute(insert(Household), rows)
    return list(world.session.execute(select(table(Household)).order_by(Household.id)))


def seeded(world: World, size: int = 7, strata_by: tuple[str, ...] = ("status",)) -> Sample:
    """A sample of both counties' monitored and eliminated households, its seed a given one."""
    typed = samples.Typed("410300000000", "抽查", strata_by, ("monitored", "eliminated"), size)
    sample = samples.announce(world.session, world.official("shi"), typed, clock=world.clock)
    with write(world.session):
        sample.seed = SEED
    return sample


def drawn(world: World, sample: Sample) -> dict[tuple[str, str], list[str]]:
    """The numbers of the drawn households, in their order, by county and standing."""
    query = (
        select(SampleStratum.county_code, SampleStratum.status, Household.number)
        .join(SampleHousehold.stratum)
        .join(Household, Household.id == SampleHousehold.household_id)
        .where(SampleHousehold.sample_id == sample.id, samples.DRAWN)
        .order_by(SampleHousehold.position)
    )
    found: dict[tuple[str, str], list[str]] = {}
    for county, status, number in world.session.execute(query):
        found.setdefault((county, status), []).append(number)
    return found


def told(households: list[Any], size: int) -> Mapping[tuple[str, str], list[str]]:
    """What anybody draws who has the seed and the register: nothing but SHA-256 and sorting."""
    strata: dict[tuple[str, str], list[str]] = {}
    for one in households:
        if one.status in ("monitored", "eliminated"):
            strata.setdefault((one.village_code[:6] + "000000", one.status), []).append(one.number)
    return {
        key: sorted(numbers, key=lambda one: sha256(f"{SEED} {one}".encode()).hexdigest())[:size]
        for key, numbers in strata.items()
    }


@pytest.mark.duty("R39")
def test_both_databases_draw_what_anybody_can_draw_by_hand(sqlite_url: str, postgres_url: str) -> None:
    found = []
    for url in (sqlite_url, postgres_url):
        world = World(url)
        households = settle(world)
        sample = seeded(world)
        assert drawing.draw(world.session, sample.id, world.clock)
        world.session.expire_all()
        assert drawn(world, sample) == told(households, 7)
        assert {len(one) for one in drawn(world, sample).values()} == {7}
        found.append((drawn(world, sample), sample.frame_size, sample.frame_sha256))
        world.close()
    assert found[0] == found[1]
    assert found[0][1] == HOUSES * 2 // 3


@pytest.mark.duty("R39")
def test_extended_it_keeps_the_first_whatever_became_of_the_register(world: World) -> None:
    households = settle(world)
    sample = seeded(world)
    drawing.draw(world.session, sample.id, world.clock)
    before = drawn(world, sample)
    with write(world.session):  # the frame stays what it was
        world.session.execute(table(Household).update().values(status="ordinary"))
    samples.extend(world.session, world.official("shi"), sample.id, 12, clock=world.clock)
    after = drawn(world, sample)
    assert after == told(households, 12)
    assert {key: numbers[:7] for key, numbers in after.items()} == before
    for wrong in (12, 3, None, sample.reserve + 1):
        with pytest.raises(Invalid):
            samples.extend(world.session, world.official("shi"), sample.id, wrong, clock=world.clock)


@pytest.mark.duty("R39")
def test_the_seed_is_fixed_before_the_frame_and_follows_from_the_log(small_world: World) -> None:
    world = small_world
    settle(world, 30)
    typed = samples.Typed(COUNTY, " 抽查 ", [], ["ordinary"], 3)
    sample = samples.announce(world.session, world.official("xian"), typed, clock=world.clock)
    assert (sample.status, sample.frame_size, sample.name) == ("seeded", None, "抽查")
    assert drawing.seed_holds(world.session, sample)
    again = samples.announce(world.session, world.official("xian"), typed, clock=world.clock)
    assert again.seed != sample.seed  # the second attempt stands in the log as well
    ticker.tick(world.sessions, world.clock)  # what nobody waits for, the ticker draws
    world.session.expire_all()
    assert sample.status == "drawn" and not drawing.draw(world.session, sample.id, world.clock)
    lines = world.session.scalars(select(LogEntry.kind).order_by(LogEntry.id)).all()
    assert lines.index("sample_announced") < lines.index("sample_drawn")
    assert drawing.seed_holds(world.session, sample)
    with write(world.session):
        sample.seed_of = [[name, seq, "00"] for name, seq, _ in sample.seed_of]
        sample.seed = drawing.seed_of(sample.seed_of)
    assert not drawing.seed_holds(world.session, sample)


@pytest.mark.duty("R39")
def test_who_draws_where(small_world: World) -> None:
    world = small_world

    def announce(who: str, code: str, **changes: Any) -> Sample:
        given = {"name": "抽查", "strata_by": [], "statuses": ["monitored"], "size": 1, **changes}
        typed = samples.Typed(code, **given)
        return samples.announce(world.session, world.official(who), typed, clock=world.clock)

    for who, code in (("cun", COUNTY), ("xiang", COUNTY), ("waixian", COUNTY), ("xian", OTHER_COUNTY)):
        with pytest.raises(NotAllowed):
            announce(who, code)
    with pytest.raises(NotAllowed):
        announce("shi", "410000000000")
    sample = announce("sheng", "410000000000")
    with pytest.raises(NotFound):  # who is to be checked does not see whom the province has drawn
        samples.get(world.session, world.official("xian"), sample.id)
    assert list(samples.listing(world.session, world.official("shi")).items) == []
    wrong: list[dict[str, Any]] = [
        {"name": " "},
        {"statuses": ["quota"]},
        {"size": 0},
        {"size": None},
        {"size": 10_001},
    ]
    for changes in wrong:
        with pytest.raises(Invalid) as refused:
            announce("xian", COUNTY, **changes)
        assert set(refused.value.fields) == set(changes)


@pytest.mark.duty("R39")
def test_what_was_found_is_entered_once_and_counted(small_world: World) -> None:
    world = small_world
    settle(world, 60)
    sample = seeded(world, 2)
    drawing.draw(world.session, sample.id, world.clock)
    city = world.official("shi")
    first, second, third = samples.drawn(world.session, sample).items[:3]

    def enter(row: SampleHousehold, result: str, *problems: tuple[str, str], note: str = "") -> None:
        typed = results.Typed(result, world.today, "张三、李四", problems, note)
        results.enter(world.session, city, sample.id, row.id, typed, clock=world.clock)

    for args in (("",), ("differs",), ("differs", ("income", " ")), ("differs", ("x", "y")), ("unreached",)):
        with pytest.raises(Invalid):
            enter(first, *args)  # type: ignore[arg-type]
    enter(first, "differs", ("income", "登记 9000 元，实际 5000 元"))
    enter(second, "unreached", note="外出务工")
    enter(second, "agrees")  # met later
    enter(third, "agrees")
    with pytest.raises(Conflict):
        enter(first, "agrees")
    world.session.expire_all()
    found = world.session.scalars(select(Finding)).one()
    assert (found.household_id, found.source, found.status) == (first.household_id, "sample", "waiting")
    assert "收入支出不实：登记 9000 元，实际 5000 元" in found.sentence
    counted = samples.counts(world.session, sample, {"status": {}})
    assert sum(one.of("agrees") for one in counted) == 2 and sum(one.of("differs") for one in counted) == 1
    assert sum(one.of("") for one in counted) == sum(one.stratum.size for one in counted) - 3
    reserve = world.session.scalars(select(SampleHousehold).where(SampleHousehold.position > 2)).first()
    assert reserve is not None
    with pytest.raises(NotFound):
        enter(reserve, "agrees")


@pytest.mark.duty("R39")
def test_the_pages_keep_what_was_typed_and_the_sheet_tells_how_to_draw_it_again(small_world: World) -> None:
    world = small_world
    settle(world, 30)
    client = signed_in(application(world), world.official("xian"))
    form = {"division": COUNTY, "name": "县级抽查", "size": "两户", "statuses": "monitored"}
    answer = client.post("/samples", data=form)
    assert answer.status_code == 422 and "县级抽查" in answer.text and "两户" in answer.text
    shown = client.post("/samples", data={**form, "size": "２"}, follow_redirects=True)
    world.session.commit()
    sample = world.session.scalars(select(Sample)).one()
    assert sample.seed in shown.text and "与日志一致" in shown.text
    row = samples.drawn(world.session, sample).items[0]
    there = f"/samples/{sample.id}/households/{row.id}"
    answer = client.post(
        there, data={"result": "differs", "problem_text": ["只写了情况"], "checked_by": "甲"}
    )
    assert answer.status_code == 422 and "只写了情况" in answer.text
    assert "核查情况" in client.get(f"/samples/{sample.id}/print?county={COUNTY}").text
    assert client.get(f"/samples/{sample.id}/list.xlsx").data.startswith(b"PK")
