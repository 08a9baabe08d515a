"""Large-scale risk (R30, R32, R33): reported, answered with departments and a plan; clues at once (T26)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from engine.casework import acts
from engine.casework.models import CaseFile, Job, LogEntry, Notification, WorkItem
from engine.casework.organisation import accounts
from engine.casework.portions.jobs import acts as jobs
from engine.casework.portions.jobs import running
from engine.casework.time import ticker
from engine.ground.clock import days_after, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.hazards import choosing, hazards, load, plans, raising, response, working
from engine.prevention.identification import clues
from engine.prevention.models import Hazard, HazardHousehold, Household, RiskClue
from engine.prevention.records import asking, deciding
from tests.support.client import Caller, application, signed_in
from tests.support.hazards import paper, raise_all, report, settle, typed
from tests.support.template import COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

THIRD = "410325102201"
"""A village of the other township."""


def _case(world: World, hazard: Hazard) -> CaseFile:
    found = hazards.case_of(world.session, hazard)
    assert found is not None
    return found


def _finish(world: World, hazard: Hazard, element: str, data: dict[str, Any], username: str = "xian") -> None:
    item = world.open_items(_case(world, hazard))[element]
    acts.complete(world.session, world.official(username), item.id, data, clock=world.clock)


def _now(world: World, hazard: Hazard) -> Hazard:
    world.session.commit()
    return world.session.get_one(Hazard, hazard.id, populate_existing=True)


def _consultation(world: World) -> dict[str, Any]:
    minutes = [
        {"department": "emergency", "person": "张局", "facts": "两个乡镇受灾", "opinion": "转移安置"},
        {"department": "weather", "person": "李工", "facts": "", "opinion": "三日内仍有强降雨"},
    ]
    return {
        "held_on": world.today.isoformat(),
        "place": "县政府",
        "chair": "赵县长",
        "minutes": minutes,
        "conclusion": "启动预案",
    }


def _plan(world: World, days: int = 10) -> dict[str, Any]:
    due = (world.today + timedelta(days=days)).isoformat()
    measure = {"unit": "县水利局", "person": "王工", "phone": "0379-1234567", "due_on": due}
    return {
        "name": "7·21洪涝防返贫预案",
        "made_on": world.today.isoformat(),
        "goal": "不让一户因灾返贫",
        "remind_days": 3,
        "measures": [{"content": "修复饮水管网", **measure}, {"content": "发放临时救助", **measure}],
    }


def _to_follow(world: World, hazard: Hazard, days: int = 10) -> None:
    _finish(world, hazard, "assess", {"outcome": "respond"})
    _finish(world, hazard, "consult", _consultation(world))
    _finish(world, hazard, "make_plan", _plan(world, days))


def _closing(world: World, **changes: Any) -> dict[str, Any]:
    day = world.today.isoformat()
    return {"next": "close", "closed_on": day, "result": "饮水恢复，受灾户全部核实", **changes}


# -- clues at once ---------------------------------------------------------------------------------


@pytest.mark.duty("R33", "R06", "R15")
def test_one_act_raises_a_clue_for_every_household_of_the_area_once(world: World) -> None:
    ids = settle(world, {VILLAGE: 12, OTHER_VILLAGE: 9, THIRD: 5})
    hazard = report(world, [TOWNSHIP])
    assert (hazard.in_area, hazard.people_in_area) == (21, 42)
    act = raise_all(world, hazard)
    assert act.total == 21
    found = list(world.session.scalars(select(RiskClue)))
    assert {clue.household_id for clue in found} == set(ids[:21])
    assert {clue.discovered_on for clue in found} == {world.today}
    cases = world.session.execute(
        select(CaseFile.village_code, CaseFile.discovery_date, func.count())
        .where(CaseFile.procedure_key == clues.PROCEDURE)
        .group_by(CaseFile.village_code, CaseFile.discovery_date)
    ).all()
    assert {(row[0], row[2]) for row in cases} == {(VILLAGE, 12), (OTHER_VILLAGE, 9)}
    due = world.session.scalars(select(CaseFile.limit_at).where(CaseFile.procedure_key == clues.PROCEDURE))
    assert set(due) == {days_after(world.today, 15)}
    items = select(WorkItem.division_code, func.count()).where(WorkItem.element_id == "verify")
    queues = world.session.execute(items.group_by(WorkItem.division_code)).all()
    assert {tuple(row) for row in queues} == {(VILLAGE, 12), (OTHER_VILLAGE, 9)}
    # each desk hears once of all its households, not once of each
    told = Counter(
        (row.queue, row.division_code)
        for row in world.session.scalars(select(Notification).where(Notification.kind == "clue"))
    )
    assert told == {
        ("village", VILLAGE): 1,
        ("village", OTHER_VILLAGE): 1,
        ("township", TOWNSHIP): 1,
        ("county", COUNTY): 1,
    }
    # again: nothing is doubled; as the area grows, only what is new
    with pytest.raises(Conflict, match="每一户都已经录入过"):
        raise_all(world, hazard)
    hazards.add_places(world.session, world.official("xian"), hazard.id, [OTHER_TOWNSHIP], clock=world.clock)
    assert raise_all(world, hazard).total == 5
    assert world.session.scalar(select(func.count()).select_from(RiskClue)) == 26
    assert world.session.scalar(select(func.max(CaseFile.household_id))) == hazard.id  # a kind of its own


@pytest.mark.duty("R33", "R06", "R26")
def test_households_are_placed_as_any_clue_is(small_world: World) -> None:
    world = small_world
    [busy] = [world.enter(day=world.today - timedelta(days=2)).household_id]
    [ordinary, *_] = settle(world, {VILLAGE: 1})
    [monitored] = settle(world, {VILLAGE: 1}, status="monitored")
    [merged] = settle(world, {OTHER_VILLAGE: 1}, status="gone")
    hazard = report(world)
    raise_all(world, hazard)
    found = choosing.raised(world.session, hazard, [busy, ordinary, monitored, merged])
    assert {key: one.status for key, one in found.items()} == {
        busy: "joined",
        ordinary: "opened",
        monitored: "kept",
    }
    assert world.case(found[busy].case_id or 0).discovery_date == world.today - timedelta(
        days=2
    )  # the earliest
    assert found[monitored].case_id is None and found[monitored].clue_id is not None
    # what is told, is told once for the desk: no line of a single household
    lines = world.session.scalars(select(Notification).where(Notification.kind == "clue")).all()
    assert len(lines) == 3 and all(
        "2 户录入线索" in line.text and "1 户已是监测对象" in line.text for line in lines
    )


@pytest.mark.duty("R33")
def test_an_act_that_was_cut_off_is_worked_off_by_its_job(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 25})
    hazard = report(world)
    actor = world.official("xian")
    act = raising.begin(world.session, actor, hazard.id, choosing.Chosen(), typed(world), clock=world.clock)
    assert working.portion(world.session, act, world.clock)
    assert working.counts(world.session, act)["opened"] == working.PORTION
    world.session.commit()
    running.run_all(world.sessions, world.clock)
    counted = working.counts(world.session, act)
    assert (counted["pending"], counted["opened"]) == (0, 25)
    shown = jobs.listed(world.session, actor).items[0]
    assert (shown.title, shown.done, shown.total, shown.state) == ("批量录入线索", 25, 25, "已做完")
    ticker.tick(world.sessions, world.clock)
    told = select(func.count()).select_from(Notification).where(Notification.kind == "clue")
    assert world.session.scalar(told) == 3


@pytest.mark.duty("R33", "C5")
def test_a_broken_case_stops_neither_the_act_nor_its_job(small_world: World) -> None:
    world = small_world
    case = world.enter()
    settle(world, {VILLAGE: 12})
    hazard = report(world)
    with write(world.session):
        world.session.execute(update(CaseFile).where(CaseFile.id == case.id).values(state=b"broken"))
    actor = world.official("xian")
    act = raising.begin(world.session, actor, hazard.id, choosing.Chosen(), typed(world), clock=world.clock)
    world.session.commit()
    running.run_all(world.sessions, world.clock)
    counted = working.counts(world.session, act)
    assert (counted["pending"], counted["opened"], counted["refused"]) == (0, 12, 1)
    [left] = raising.entries(world.session, actor, act, "refused", 1).items
    assert left.household_id == case.household_id and "告诉管理员" in left.text
    raised = select(func.count()).select_from(RiskClue).where(RiskClue.description == act.description)
    assert world.session.scalar(raised) == 12


@pytest.mark.duty("R33")
def test_an_act_is_stopped_and_taken_up_by_another_and_one_of_before_gets_its_job(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 25})
    hazard, actor = report(world), world.official("xian")
    act = raising.begin(world.session, actor, hazard.id, choosing.Chosen(), typed(world), clock=world.clock)
    assert working.portion(world.session, act, world.clock)
    with write(world.session):
        world.session.execute(delete(Job))
    world.session.commit()
    assert [working.look_after(world.sessions, world.clock) for _ in range(2)] == [1, 0]
    world.session.commit()
    jobs.cancel(world.session, actor, jobs.listed(world.session, actor).items[0].id, world.clock)
    counted = working.counts(world.session, act)
    assert (counted["pending"], counted["opened"], counted["refused"]) == (0, 10, 15)
    assert running.run_all(world.sessions, world.clock) == 0
    again = raising.begin(world.session, actor, hazard.id, choosing.Chosen(), typed(world), clock=world.clock)
    running.run_all(world.sessions, world.clock)
    world.session.commit()
    assert working.counts(world.session, again)["opened"] == 15


@pytest.mark.duty("R33")
def test_nothing_is_over_while_clues_are_being_raised_for_it(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 2})
    hazard = report(world)
    actor, no = world.official("xian"), {"outcome": "dismiss", "reason": "没有这回事"}
    act = raising.begin(world.session, actor, hazard.id, choosing.Chosen(), typed(world), clock=world.clock)
    with pytest.raises(Conflict, match="正在批量录入"):
        _finish(world, hazard, "assess", no)
    assert not working.portion(world.session, act, world.clock)
    _finish(world, hazard, "assess", no)
    assert _now(world, hazard).status == "dismissed"


@pytest.mark.duty("R30", "R41")
def test_what_owners_ask_for_besides_and_without_bounds_is_kept(world: World) -> None:
    hazard = report(world, description="水" * 1200, hotline="0379-7654321")
    assert len(_now(world, hazard).description) == 1000
    kept = world.last_submission(_case(world, hazard), "hazard_report")
    assert (len(kept["description"]), kept["hotline"]) == (1200, "0379-7654321")
    _finish(world, hazard, "assess", {"outcome": "respond"})
    world.assert_replays(_case(world, hazard).id)
    page = signed_in(application(world), world.official("xian")).get(f"/cases/{_case(world, hazard).id}")
    assert page.status_code == 200 and "县应急局" in page.text


@pytest.mark.duty("R33")
def test_a_part_of_the_area_is_chosen(small_world: World) -> None:
    world = small_world
    ids = settle(world, {VILLAGE: 6, OTHER_VILLAGE: 6})
    hazard = report(world)
    group = choosing.Chosen([VILLAGE], ["第1组"])
    seen = choosing.preview(world.session, world.official("xian"), hazard, group)
    assert (seen.waiting, seen.present) == (2, 0)
    act = raise_all(world, hazard, chosen=group)
    assert (act.total, act.chosen) == (2, "下徐村，第1组" if "下徐" in act.chosen else act.chosen)
    ticked = choosing.Chosen([OTHER_VILLAGE], (), ids[6:9])
    assert raise_all(world, hazard, chosen=ticked).total == 3
    assert raise_all(world, hazard).total == 7  # the rest
    assert len({row.household_id for row in world.session.scalars(select(HazardHousehold))}) == 12


@pytest.mark.duty("R33")
def test_a_township_raises_clues_in_its_own_villages_only(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 2, THIRD: 2})
    hazard = report(world, [COUNTY])
    assert raise_all(world, hazard, "xiang").total == 2
    with pytest.raises(NotAllowed):
        raise_all(world, hazard, "cun")
    with pytest.raises(NotFound):
        raise_all(world, hazard, "waixian")
    assert raise_all(world, hazard, "waixiang").total == 2


@pytest.mark.duty("R33")
def test_what_is_typed_of_an_act_is_checked(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 1})
    hazard = report(world)
    for changes in (
        {"discovered_on": world.today + timedelta(days=1)},
        {"discovered_on": world.today - timedelta(days=1)},
        {"discovered_on": None},
        {"description": " "},
        {"channel": "nobody"},
        {"risks": []},
    ):
        with pytest.raises(Invalid):
            raising.begin(
                world.session,
                world.official("xian"),
                hazard.id,
                choosing.Chosen(),
                typed(world, **changes),
                clock=world.clock,
            )
    assert world.session.scalar(select(func.count()).select_from(HazardHousehold)) == 0


@pytest.mark.duty("R33", "R18")
def test_the_load_of_each_village_is_shown(small_world: World) -> None:
    world = small_world
    settle(world, {VILLAGE: 5, OTHER_VILLAGE: 3})
    hazard = report(world)
    raise_all(world, hazard)
    first, second = load.of(world.session, world.official("xian"), hazard).items
    assert (first.code, first.open, first.each, list(first.officials)) == (VILLAGE, 5, 3, ["村乙", "村甲"])
    assert (second.code, second.open, second.each) == (OTHER_VILLAGE, 3, 3)
    assert [one.code for one in load.of(world.session, world.official("cun"), hazard).items] == [VILLAGE]
    listed = world.session.scalars(raising.cases_in(hazard.id)).all()
    assert len(listed) == 8


@pytest.mark.duty("R33", "R26", "R41")
def test_a_clue_is_followed_to_the_case_and_the_household_that_have_it_now(small_world: World) -> None:
    """Held by another procedure, then placed as that ended; brought along as its record joined another."""
    world = small_world
    first = world.enter()
    [twin] = settle(world, {VILLAGE: 1})
    [late] = settle(world, {VILLAGE: 1}, status="eliminated")
    hazard = report(world, [TOWNSHIP])
    some = choosing.Chosen(household_ids=[twin, late])
    raise_all(world, hazard, chosen=some)
    number = world.session.get_one(Household, first.household_id).number
    asked = asking.ask_merge(
        world.session, world.official("xiang"), twin, number, "同一户，户主写错", clock=world.clock
    )
    deciding.decide(world.session, world.official("xian"), asked.id, True, "", clock=world.clock)
    world.session.commit()
    assert first.id in world.session.scalars(raising.cases_in(hazard.id)).all()
    rows = raising.households_of(world.session, world.official("xian"), hazard, 1).items
    assert {row.status for row in rows} == {"open"}  # the case that was ended with the record has it no more
    [village] = load.of(world.session, world.official("xian"), hazard).items
    assert village.open == 2
    # the household has its clue of this hazard: none is raised again, and the page says so
    alone = choosing.Chosen(household_ids=[first.household_id])
    seen = choosing.preview(world.session, world.official("xian"), hazard, alone)
    assert (seen.waiting, seen.present) == (0, 1)
    with pytest.raises(Conflict, match="每一户都已经录入过"):
        raise_all(world, hazard, chosen=alone)
    page = signed_in(application(world), world.official("xian")).get(f"/hazards/acts/{rows[0][0].act_id}")
    assert f"/cases/{first.id}" in page.text


# -- reporting -------------------------------------------------------------------------------------


@pytest.mark.duty("R30")
def test_anybody_reports_a_hazard_of_their_own_places(world: World) -> None:
    settle(world, {VILLAGE: 3})
    hazard = report(world, [VILLAGE], "cun", kind="income_drop", sub_kind="")
    assert (hazard.village_code, hazard.in_area) == (COUNTY, 3)
    assert hazard.id > 1_000_000_000
    case = _case(world, hazard)
    assert (case.procedure_key, case.village_code, case.subject) == ("hazard", COUNTY, hazard.name)
    assert set(world.open_items(case)) == {"assess"}
    assert world.open_items(case)["assess"].division_code == COUNTY
    with pytest.raises(Invalid, match="范围"):
        report(world, [OTHER_VILLAGE], "cun")
    # who works in the area, around it or above sees it; nobody else
    for username, count in {
        "cun": 1,
        "xiang": 1,
        "xian": 1,
        "sheng": 1,
        "lin": 0,
        "waixian": 0,
        "liucheng": 0,
    }.items():
        assert len(hazards.listing(world.session, world.official(username)).items) == count, username
    with pytest.raises(NotFound):
        hazards.view(world.session, world.official("lin"), hazard.id)


@pytest.mark.duty("R30")
def test_a_hazard_of_several_counties_is_each_countys_own(small_world: World) -> None:
    world = small_world
    data = paper(world.today)
    found = hazards.report(
        world.session, world.official("shi"), data, [TOWNSHIP, VILLAGE, OTHER_COUNTY], clock=world.clock
    )
    assert [one.village_code for one in found] == [COUNTY, OTHER_COUNTY]
    assert [area.division_code for area in found[0].areas] == [TOWNSHIP]  # the village lies in it
    assert len({_case(world, one).id for one in found}) == 2


@pytest.mark.duty("R30")
def test_what_is_typed_of_a_hazard_is_checked(small_world: World) -> None:
    world = small_world
    tomorrow = (world.today + timedelta(days=1)).isoformat()
    long_ago = (world.today - timedelta(days=400)).isoformat()
    before = (world.today - timedelta(days=1)).isoformat()
    for changes in ({"from_on": tomorrow}, {"from_on": long_ago}, {"until_on": before}):
        with pytest.raises(Invalid):
            report(world, **changes)
    with pytest.raises(Invalid, match="地方"):
        report(world, [])
    with pytest.raises(Invalid):
        report(world, ["410325999999"])
    with pytest.raises(Invalid) as met:
        hazards.meant(world.session, world.official("xian"), "没有的村\n" + VILLAGE)
    assert met.value.fields["places"] == ["波及的地方：“没有的村”不在您负责的范围内。"]
    assert hazards.meant(world.session, world.official("xian"), VILLAGE) == [VILLAGE]


# -- the answer ------------------------------------------------------------------------------------


@pytest.mark.duty("R32", "R33")
def test_a_hazard_is_answered_with_departments_plan_measures_and_closure(world: World) -> None:
    settle(world, {VILLAGE: 2})
    hazard = report(world)
    _to_follow(world, hazard)
    assert _now(world, hazard).status == "under_way"
    [consultation] = response.of_hazard(world.session, hazard.id)
    assert [row["department"] for row in consultation.minutes] == ["emergency", "weather"]
    [plan] = plans.of_hazard(world.session, hazard.id)
    water, relief = plan.measures
    raise_all(world, hazard)
    # not closed while a measure is open without a reason, through any door
    with pytest.raises(Invalid) as met:
        _finish(world, hazard, "follow", _closing(world))
    assert set(met.value.fields) == {"open_reason"}
    progress = {"status": "done", "reported_on": world.today.isoformat(), "note": "通水"}
    plans.report(world.session, world.official("xiang"), water.id, progress, clock=world.clock)
    with pytest.raises(Conflict, match="已完成"):
        plans.report(world.session, world.official("xian"), water.id, progress, clock=world.clock)
    with pytest.raises(NotAllowed):
        plans.report(world.session, world.official("cun"), relief.id, progress, clock=world.clock)
    _finish(world, hazard, "follow", _closing(world, open_reason="转由民政局常年办理"))
    closed = _now(world, hazard)
    assert (closed.status, closed.closed_on, closed.result) == (
        "closed",
        world.today,
        "饮水恢复，受灾户全部核实",
    )
    stopped = plans.view(world.session, world.official("xian"), relief.id)
    assert (stopped.status, stopped.note) == ("stopped", "转由民政局常年办理")
    case = world.case(_case(world, hazard).id)
    assert (case.status, case.outcome) == ("finished", "已销号")
    world.assert_replays(case.id)
    with pytest.raises(Conflict, match="已销号"):
        raise_all(world, hazard)


@pytest.mark.duty("R30", "R33")
def test_what_is_no_large_scale_risk_ends_with_its_reason(small_world: World) -> None:
    world = small_world
    hazard = report(world, [VILLAGE], "cun")
    with pytest.raises(Invalid):
        _finish(world, hazard, "assess", {"outcome": "dismiss"})
    _finish(world, hazard, "assess", {"outcome": "dismiss", "reason": "只有两户进水，按个案办理"})
    assert (_now(world, hazard).status, hazard.result) == ("dismissed", "只有两户进水，按个案办理")
    assert _case(world, hazard).outcome == "不构成规模性风险"


@pytest.mark.duty("R33")
def test_measures_are_reminded_of_and_shown_late(small_world: World) -> None:
    world = small_world
    hazard = report(world)
    _to_follow(world, hazard, days=5)
    told = select(Notification).where(Notification.kind == "reminder").order_by(Notification.id)
    assert world.go_to(1) == 0
    assert world.go_to(2) == 2  # three days ahead
    assert [line.division_code for line in world.session.scalars(told)] == [COUNTY, COUNTY]
    [plan] = plans.of_hazard(world.session, hazard.id)
    done = {"status": "done", "reported_on": world.today.isoformat(), "note": ""}
    plans.report(
        world.session, world.official("xian"), plan.measures[0].id, done | {"note": "好"}, clock=world.clock
    )
    assert world.go_to(6) == 1  # the day after its last, of the one that is not done
    assert "已经超期" in world.session.scalars(told).all()[-1].text
    [_, late] = plans.of_hazard(world.session, hazard.id)[0].measures
    assert plans.is_late(late, local_date(world.clock.now()))
    assert plans.late_counts(world.session, [hazard.id], world.today) == {hazard.id: 1}
    world.assert_replays(_case(world, hazard).id)


@pytest.mark.duty("R33")
def test_a_plan_is_added_to_and_taken_back(small_world: World) -> None:
    world = small_world
    hazard = report(world)
    _to_follow(world, hazard)
    _finish(world, hazard, "follow", {"next": "plan", "why": "又有一个村进水"})
    _finish(world, hazard, "make_plan", _plan(world))
    assert len(plans.of_hazard(world.session, hazard.id)) == 2
    item = world.open_items(_case(world, hazard))["follow"]
    acts.return_to(world.session, world.official("xian"), item.id, None, "措施写错", clock=world.clock)
    assert len(plans.of_hazard(world.session, hazard.id)) == 1
    assert len(plans.unfinished(world.session, hazard.id)) == 2
    _finish(world, hazard, "make_plan", _plan(world))
    _finish(world, hazard, "follow", {"next": "consult", "why": "再研究"})
    _finish(world, hazard, "consult", _consultation(world))
    assert len(response.of_hazard(world.session, hazard.id)) == 2


@pytest.mark.duty("R33")
def test_no_clue_is_raised_twice_however_many_act_at_once(small_world: World) -> None:
    world = small_world
    with write(world.session):
        other = accounts.create(world.session, "xian3", "县丙", "x" * 20, world.clock.now())
        accounts.grant(world.session, other, "county_approver", COUNTY)
    settle(world, {VILLAGE: 15})
    hazard = report(world)
    first = raising.begin(
        world.session, world.official("xian"), hazard.id, choosing.Chosen(), typed(world), clock=world.clock
    )
    with pytest.raises(Conflict):
        raise_all(world, hazard, "xian3")
    with world.sessions() as second:  # two portions meet on the same act
        again = second.get_one(type(first), first.id)
        while working.portion(world.session, first, world.clock) and working.portion(
            second, again, world.clock
        ):
            continue
    assert world.session.scalar(select(func.count()).select_from(RiskClue)) == 15
    assert world.session.scalar(
        select(func.count(Household.id)).where(Household.status == "identifying")
    ) in (0, 15)


# -- programmes ------------------------------------------------------------------------------------


@pytest.mark.duty("R33", "R38")
def test_a_step_about_a_hazard_is_read_and_finished_by_a_programme(small_world: World) -> None:
    world = small_world
    hazard = report(world)
    caller = Caller(application(world), world, "xian")
    _finish(world, hazard, "assess", {"outcome": "respond"})
    item = world.open_items(_case(world, hazard))["consult"]
    told = caller.get(f"/tasks/{item.id}")
    assert told.status_code == 200
    assert (told.json["about"], told.json["household"], told.json["subject"]) == ("hazard", None, hazard.name)
    assert caller.post(f"/tasks/{item.id}/reveal").status_code == 200
    world.session.commit()
    line = world.session.scalars(select(LogEntry).where(LogEntry.kind == "reveal")).one()
    assert line.data == {"case": item.case_id, "item": item.id}  # its number is no household's
    done = caller.post(f"/tasks/{item.id}/complete", {"data": _consultation(world)})
    assert done.status_code == 200, done.text
