"""A household's life over several procedures: what one of them changes reaches every other that is open (R25,
R28, R29).

For every pair of an open procedure and a change of the register either the diagram of the open one says what
follows, at whichever step it stands, or the two exclude one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.casework import definitions
from engine.casework.acts import openings, withdraw
from engine.casework.models import (
    CaseFile,
    MonitoringLine,
    Notification,
    Procedure,
    SupervisionOrder,
    Timer,
    WorkItem,
)
from engine.casework.step.steps import Step
from engine.casework.supervision import order_lists, orders
from engine.ground.database import write
from engine.ground.errors import Conflict
from engine.prevention.identification import entering
from engine.prevention.models import Household, Measure, Observation, RiskClue
from engine.prevention.register import naming
from engine.prevention.standing import changes
from tests.support import papers, registers, stages
from tests.support.client import application, signed_in
from tests.support.world import World

CHANGES = {
    "admitted": ({"ordinary", "identifying", "eliminated", "cleared"}, "monitored", "identification"),
    "eliminated": ({"monitored"}, "eliminated", "risk_elimination"),
    "rolled_back": ({"eliminated"}, "monitored", "rollback"),
    "cleared": ({"monitored", "eliminated"}, "cleared", "clearance"),
}
"""Each change of the register: from which statuses, to which, by which procedure."""
ENDS = {
    "admitted": "随纳入结束",
    "eliminated": "随消除结束",
    "rolled_back": "随回退结束",
    "cleared": "随清退结束",
}
ADJUST: dict[str, Any] = {"outcome": "adjust", "findings": [{"explanation": "正在安排"}] * 9}
WAYS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "assistance": [
        ("name_official", "xiang", {}),
        ("make_plan", "cun", {}),
        ("review_plan", "xiang", {}),
        ("declare_measures", "cun", {}),
        ("accept_measures", "xian", {}),
        ("build_archive", "cun", {}),
    ],
    "existing_check": [
        ("check_measures", "cun", ADJUST),
        ("name_missing_official", "xiang", {}),
        ("make_plan", "cun", {}),
        ("review_plan", "xiang", {}),
        ("declare_measures", "cun", {}),
        ("accept_measures", "xian", {}),
    ],
    "look_back": [("revisit", "cun", {})],
}
"""The steps of each procedure that may run beside those of the register, in the order of a case."""
SHORT = [
    ("check_measures", "cun", {"findings": [{"explanation": "正常"}] * 9}),
    ("confirm_check", "xiang", {}),
]


def _possible(world: World, key: str, change: str) -> set[str]:
    """The statuses in which a household may have the procedure open as it undergoes the change."""
    procedure = world.session.get_one(Procedure, key)
    by = world.session.get_one(Procedure, CHANGES[change][2])
    if key == by.key or (procedure.exclusive and procedure.exclusive == by.exclusive):
        return set()
    start = definitions.load(world.session, procedure.current_version_id or 0).start
    wanted = set(openings.opens_for(start))
    if wanted & (set(naming.TYPE_NAMES) - set(naming.STATUS_NAMES)):
        return CHANGES[change][0]  # a type is kept whatever the status
    return wanted & CHANGES[change][0]


@pytest.mark.duty("C1", "R25", "R28", "R29")
def test_every_procedure_draws_what_every_change_of_the_register_means_for_it(small_world: World) -> None:
    world = small_world
    drawn = {}
    keys = world.session.scalars(
        select(Procedure.key).where(Procedure.part.is_(False)).order_by(Procedure.key)
    ).all()
    for key in keys:
        definition = definitions.load(world.session, definitions.current(world.session, key).id)
        possible = {change for change in CHANGES if _possible(world, key, change)}
        known = {change for change, message in changes.MESSAGES.items() if message in definition.messages}
        assert known == possible, key
        drawn[key] = possible
    assert drawn["assistance"] == {"eliminated", "cleared"} and set(drawn["existing_check"]) == set(CHANGES)
    assert drawn["look_back"] == {"admitted", "rolled_back", "cleared"} and drawn["rollback"] == set()


def _pairs() -> Iterator[Any]:
    ways = [*WAYS.items(), ("existing_check", SHORT)]
    for key, way in ways:
        for stop in range(len(way) if way is not SHORT else 2):
            for change in CHANGES:
                yield pytest.param(key, way[:stop], way[stop][0], change, id=f"{key}-{way[stop][0]}-{change}")


def _change(world: World, household: Household, change: str, besides: CaseFile) -> dict[str, Any]:
    """The register changes as by a step of `besides`."""
    status = CHANGES[change][1]
    with write(world.session):
        step = Step.on(world.session, besides.id, world.official("xian"), world.clock.now())
        call = step.call("", "")
        found = changes.require(call)
        return changes.change(call, found, change, world.today.isoformat(), status=status)


@pytest.mark.duty("C1", "R25", "R28", "R29")
@pytest.mark.parametrize(("key", "way", "step", "change"), list(_pairs()))
def test_a_change_of_the_register_reaches_a_case_at_whichever_step_it_stands(
    small_world: World, key: str, way: list[tuple[str, str, dict[str, Any]]], step: str, change: str
) -> None:
    world = small_world
    statuses = _possible(world, key, change)
    if not statuses:
        assert key in ("assistance", "look_back"), "excluded by whom the procedure opens for"
        return
    before = sorted(statuses & {"eliminated", "monitored"} or statuses)[0]
    household = registers.household(
        world.session, world.clock.now(), "赵富贵", before, household_type="lifted_with_policy"
    )
    other = registers.household(world.session, world.clock.now(), "钱有余", "monitored")
    raw = papers.paper("clearance_proposal", world.today, "")
    changing = openings.open_by_hand(
        world.session, world.official("xian"), other.id, "clearance", raw, clock=world.clock
    )
    with write(world.session):  # the case that changes the register is of the same household
        world.session.get_one(CaseFile, changing.id).household_id = household.id
    case = world.open_by_hand(household.id, key, "xiang" if key == "assistance" else "cun")
    for element_id, who, data in way:
        if element_id in world.open_items(case):
            world.finish(case, element_id, who, **data)
    assert step in world.open_items(case)
    found = _change(world, household, change, changing)
    assert found["told"] == [case.id]
    ended = world.case(case.id)
    assert (ended.status, ended.outcome, world.open_items(case)) == ("finished", ENDS[change], {})
    left = select(Timer).where(Timer.case_id == case.id, Timer.status == "waiting", Timer.kind != "reminder")
    assert list(world.session.scalars(left)) == []
    bell = select(Notification.text).where(Notification.case_id == case.id)
    assert any(ENDS[change] in text for text in world.session.scalars(bell))
    world.assert_replays(case.id)


# -- orders, promises, lists -----------------------------------------------------------------------

ANSWER = {"cause": "人手不足", "measure": "增派人手"}
ORDERS = ("open", "answered", "returned", "accepted")
"""How far an order has come when its case ends under it."""


def _order(world: World, item: WorkItem, status: str) -> SupervisionOrder:
    supervisor, due = world.official("ducha"), world.today + timedelta(days=3)
    order = orders.give(world.session, supervisor, item.id, "请说明", due, clock=world.clock)
    if status != "open":
        who = world.official({"village": "cun", "township": "xiang", "county": "xian"}[item.queue])
        promise = {**ANSWER, "promised_on": due.isoformat()}
        orders.answer(world.session, who, order.id, promise, clock=world.clock)
    if status in ("returned", "accepted"):
        verdict = status == "accepted"
        orders.judge(world.session, supervisor, order.id, verdict, "不充分", clock=world.clock)
    return order


@pytest.mark.duty("C1", "C6", "R25", "R28", "R29")
@pytest.mark.parametrize("status", ORDERS)
@pytest.mark.parametrize(
    ("key", "change"),
    [("assistance", "eliminated"), ("existing_check", "cleared"), ("look_back", "admitted")],
)
def test_what_another_procedure_ends_reaches_orders_and_promises_at_once(
    small_world: World, key: str, change: str, status: str
) -> None:
    world = small_world
    before = sorted(_possible(world, key, change) & {"eliminated", "monitored"})[0]
    now = world.clock.now()
    household = registers.household(world.session, now, "赵富贵", before, household_type="lifted_with_policy")
    other = registers.household(world.session, now, "钱有余", "monitored")
    raw = papers.paper("clearance_proposal", world.today, "")
    changing = openings.open_by_hand(
        world.session, world.official("xian"), other.id, "clearance", raw, clock=world.clock
    )
    with write(world.session):
        world.session.get_one(CaseFile, changing.id).household_id = household.id
    case = world.open_by_hand(household.id, key, "xiang" if key == "assistance" else "cun")
    (item,) = world.open_items(case).values()
    order = _order(world, item, status)
    world.go_to(0, 15)
    _change(world, household, change, changing)
    assert world.case(case.id).status == "finished"
    found = order_lists.get(world.session, world.official("ducha"), order.id)
    assert not found.step_open and found.status == status
    waiting = select(Timer.kind).where(Timer.case_id == case.id, Timer.status == "waiting")
    assert list(world.session.scalars(waiting)) == []
    told = select(Notification.queue).where(Notification.text.contains("这一步不再办理"))
    heard = set(world.session.scalars(told))
    assert heard == ({item.queue, "supervisor"} if status != "accepted" else set())
    world.go_to(10)  # the promised day has gone by
    assert world.session.scalars(select(Notification.id).where(Notification.kind == "promise")).all() == []
    owed = status in ("open", "returned")
    found = order_lists.get(world.session, world.official("ducha"), order.id)
    assert order_lists.late(found, world.today) is owed and found.promise_passed is False
    page = signed_in(application(world), world.official("ducha"))
    assert page.get(f"/supervision/orders/{order.id}").status_code == 200
    world.assert_replays(case.id)


@pytest.mark.duty("R25", "R19")
def test_an_assistance_that_was_never_arranged_ends_with_the_mark_overdue_or_not(world: World) -> None:
    household = stages.admitted(world)
    assistance = world.session.scalars(select(CaseFile).where(CaseFile.procedure_key == "assistance")).one()
    world.go_to(40)
    assert set(world.open_items(assistance)) == {"name_official", "explain_delay"}
    case = stages.propose(world, household)
    stages.to_decision(world, case, risk_checks=stages.NATURAL)
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", manner="natural")
    stages.conclude(world, case)
    assert stages.household_of(world, case).status == "eliminated"
    ended = world.case(assistance.id)
    assert (ended.status, ended.outcome, world.open_items(assistance)) == ("finished", "随消除结束", {})
    standing_still = select(Timer.standing).where(Timer.case_id == assistance.id, Timer.kind == "limit")
    assert set(world.session.scalars(standing_still)) == {"over"}
    world.assert_replays(assistance.id)
    world.assert_replays(case.id)


@pytest.mark.duty("R29", "R21")
def test_after_a_clearance_no_measure_is_recalled_and_taken_back_it_is_again(world: World) -> None:
    from tests.integration.test_clearance import answer, to_consent, to_hearing

    first = world.assistance()
    last = world.number + 60
    ends = world.day(last).date().isoformat()
    world.to_declared(first, measures=[papers.measure(world.today, "illness", "health", ends_on=ends)])
    raw = papers.paper("clearance_proposal", world.today, "")
    identification = world.session.get_one(CaseFile, first.origin_id)
    for element_id in ("announce", "register"):
        world.finish(identification, element_id, "xiang")
    case = openings.open_by_hand(
        world.session, world.official("xian"), first.household_id, "clearance", raw, clock=world.clock
    )
    to_hearing(world, case)
    answer(world, case)
    to_consent(world, case)
    world.finish(case, "register_consent", "sheng")
    done = world.finish(case, "execute_in_system", "sheng")
    waiting = select(Timer.token).where(Timer.kind == "reminder", Timer.status == "waiting")
    assert list(world.session.scalars(waiting)) == []
    withdraw(world.session, world.official("sheng"), done.item_id, clock=world.clock)
    measure = world.session.scalars(select(Measure)).one()
    assert list(world.session.scalars(waiting)) == [f"measure-{measure.id}"]
    world.finish(case, "execute_in_system", "sheng")
    world.go_to(last + 5)
    assert world.session.scalar(select(Notification.id).where(Notification.kind == "reminder")) is None
    world.assert_replays(case.id)


@pytest.mark.duty("R26")
def test_a_change_that_ended_another_case_is_not_taken_back(small_world: World) -> None:
    world = small_world
    household = stages.eliminated(world)
    world.go_to(80)
    look_back = world.open_by_hand(household.id, "look_back", "cun")
    anew = world.enter(household_id=household.id)
    for element_id in (
        "verify",
        "sign",
        "appraise",
        "post_notice",
    ):
        world.finish(anew, element_id, "cun")
    world.finish(anew, "confirm_reuse", "xiang")  # the matching result on file is used again
    world.go_to(86)
    world.finish(anew, "end_notice", "cun")
    world.finish(anew, "review", "xiang")
    done = world.finish(anew, "approve", "xian")
    assert world.case(look_back.id).outcome == "随纳入结束"
    with pytest.raises(Conflict, match="其他事项已经随之结束"):
        withdraw(world.session, world.official("xian"), done.item_id, clock=world.clock)


@pytest.mark.duty("R29", "R12")
def test_a_household_admitted_again_carries_no_old_clearance(small_world: World) -> None:
    world = small_world
    household = registers.household(
        world.session, world.clock.now(), "赵富贵", "cleared", cleared_on=date(2022, 1, 20)
    )
    case = world.enter(household_id=household.id)
    world.to_notice(case)
    world.go_to(world.number + 6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    done = world.finish(case, "approve", "xian")
    found = stages.household_of(world, case)
    assert (found.status, found.cleared_on, found.monitored_on) == ("monitored", None, world.today)
    withdraw(world.session, world.official("xian"), done.item_id, clock=world.clock)
    found = stages.household_of(world, case)
    assert (found.status, found.cleared_on) == ("cleared", date(2022, 1, 20))


# -- clues that come while another procedure of the register is open -------------------------------


def _clue(world: World, household: Household, text: str = "火灾，房屋烧毁") -> RiskClue:
    data = papers.clue(world.today, description=text)
    found = entering.enter(
        world.session, world.official("cun"), data, clock=world.clock, household_id=household.id
    )
    assert found.clue is not None
    return found.clue


def _again(world: World, clue: RiskClue) -> RiskClue:
    world.session.commit()
    return world.session.get_one(RiskClue, clue.id, populate_existing=True)


def _identifications(world: World, household: Household) -> list[CaseFile]:
    world.session.commit()
    query = select(CaseFile).where(
        CaseFile.household_id == household.id, CaseFile.procedure_key == "identification"
    )
    return list(world.session.scalars(query.order_by(CaseFile.id)))


def _opened(world: World, household: Household, key: str) -> CaseFile:
    form, who = {"rollback": ("rollback_proposal", "cun"), "clearance": ("clearance_proposal", "xian")}[key]
    raw = papers.paper(form, world.today, "")
    return openings.open_by_hand(
        world.session, world.official(who), household.id, key, raw, clock=world.clock
    )


KEPT = [("check_rollback", "cun", {"opinion": "stable"})]
NOT_AGREED = [
    ("check_rollback", "cun", {}),
    ("appraise_rollback", "cun", {"result": "not_agreed", "reason": "已稳定"}),
]
DROPPED = [
    ("check_clearance", "cun", {}),
    ("verify_clearance", "xiang", {}),
    ("hear_household", "xiang", {}),
    ("decide_clearance", "xian2", {"outcome": "drop", "reason": "仍有困难"}),
]


def _held() -> Iterator[Any]:
    for key, way, status in (
        ("rollback", KEPT, "eliminated"),
        ("rollback", NOT_AGREED, "eliminated"),
        ("clearance", DROPPED, "eliminated"),
        ("clearance", DROPPED, "monitored"),
    ):
        for stop in range(len(way)):
            yield pytest.param(key, way, stop, status, id=f"{key}-{status}-{way[stop][0]}-{len(way)}")


@pytest.mark.duty("R26", "R06", "R15")
@pytest.mark.parametrize(("key", "way", "stop", "status"), list(_held()))
def test_a_clue_is_never_closed_under_another_procedure(
    small_world: World, key: str, way: list[tuple[str, str, dict[str, Any]]], stop: int, status: str
) -> None:
    world = small_world
    household = registers.household(world.session, world.clock.now(), "赵富贵", status)
    case = _opened(world, household, key)
    clue = None
    for number, (element_id, who, data) in enumerate(way):
        if number == stop:
            clue = _clue(world, household)
            found = clue.discovered_on
        if element_id not in world.open_items(case):
            world.go_to(world.number + 6)  # the household's days to answer
        world.finish(case, element_id, who, **data)
    assert clue is not None
    ended = world.case(case.id)
    assert ended.status == "finished" and not _again(world, clue).held
    if status == "monitored":
        assert _identifications(world, household) == []
        told = select(Notification.text).where(
            Notification.queue == "township", Notification.case_id.is_(None)
        )
        assert any("监测对象出现新线索（火灾，房屋烧毁）" in text for text in world.session.scalars(told))
    else:
        (anew,) = _identifications(world, household)
        assert (anew.discovery_date, anew.origin_id, _again(world, clue).case_id) == (found, case.id, anew.id)
        assert anew.limit_at is not None
        world.assert_replays(anew.id)
    world.assert_replays(case.id)


@pytest.mark.duty("R26")
def test_several_held_clues_open_one_identification_by_the_earliest(small_world: World) -> None:
    world = small_world
    household = registers.household(world.session, world.clock.now(), "赵富贵", "eliminated")
    case = _opened(world, household, "rollback")
    first = _clue(world, household)
    world.go_to(3)
    second = _clue(world, household, "又查出重病")
    world.finish(case, "check_rollback", "cun", opinion="stable")
    (anew,) = _identifications(world, household)
    assert anew.discovery_date == first.discovered_on
    assert {_again(world, one).case_id for one in (first, second)} == {anew.id}


@pytest.mark.duty("R26", "R25")
@pytest.mark.parametrize("after_the_decision", [False, True])
def test_an_elimination_answers_the_clues_of_before_its_check_alone(
    world: World, after_the_decision: bool
) -> None:
    household = stages.admitted(world)
    world.go_to(40)
    case = stages.propose(world, household)
    clue = None if after_the_decision else _clue(world, household)
    stages.to_decision(world, case, risk_checks=stages.NATURAL)
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian", manner="natural")
    clue = clue or _clue(world, household)
    stages.conclude(world, case)
    assert stages.household_of(world, case).status == "eliminated"
    first, *anew = _identifications(world, household)
    assert first.status == "finished" and [one.origin_id for one in anew] == [case.id] * after_the_decision
    assert _again(world, clue).case_id == (anew[0].id if after_the_decision else case.id)
    world.assert_replays(case.id)


@pytest.mark.duty("R06")
def test_an_identification_takes_clues_until_the_county_has_decided(small_world: World) -> None:
    world = small_world
    case = world.enter()
    household = stages.household_of(world, case)
    joined = _clue(world, household)
    assert (joined.case_id, joined.held) == (case.id, False)
    world.to_notice(case)
    world.go_to(6)
    for element_id, who in (("end_notice", "cun"), ("review", "xiang"), ("approve", "xian")):
        world.finish(case, element_id, who)
    late = _clue(world, household)
    assert late.held and world.case(case.id).discovery_date == joined.discovered_on
    world.finish(case, "announce", "xiang")
    world.finish(case, "register", "xiang")
    assert not _again(world, late).held
    told = select(Notification.text).where(Notification.queue == "township", Notification.case_id.is_(None))
    assert any("监测对象出现新线索" in text for text in world.session.scalars(told))
    world.assert_replays(case.id)


@pytest.mark.duty("R26", "R29")
def test_a_household_that_is_cleared_is_identified_by_the_clue_that_came_meanwhile(world: World) -> None:
    from tests.integration.test_clearance import answer, to_consent, to_hearing

    household = registers.household(world.session, world.clock.now(), "赵富贵", "monitored")
    case = _opened(world, household, "clearance")
    to_hearing(world, case)
    clue = _clue(world, household)
    answer(world, case)
    to_consent(world, case)
    for element_id in ("register_consent", "execute_in_system"):
        world.finish(case, element_id, "sheng")
    world.finish(case, "tell_cleared", "xiang")
    (anew,) = _identifications(world, household)
    assert _again(world, clue).case_id == anew.id and anew.origin_id == case.id


# -- the line of the day that decides --------------------------------------------------------------


def _line(world: World, year: int, amount: int) -> None:
    with write(world.session):
        world.session.add(
            MonitoringLine(
                province_code="410000000000",
                year=year,
                amount=amount,
                effective_from=date(year, 1, 1),
                basis="测试",
            )
        )


@pytest.mark.duty("R01", "R16", "R17")
@pytest.mark.parametrize("verified_after", [True, False])
def test_the_advice_is_by_the_line_of_the_day_of_the_village_s_review(
    small_world: World, verified_after: bool
) -> None:
    world = small_world
    _line(world, 2023, 8000)
    new_year = (date(2023, 1, 1) - world.today).days
    world.go_to(new_year - 1)
    case = world.enter()
    if verified_after:
        world.go_to(new_year + 2)
    income = {
        "wage": 15000,
        "business": 0,
        "business_cost": 0,
    }  # 7,500 yuan a head: above the old line, below the new
    world.finish(case, "verify", "cun", **income)
    seen = world.session.scalars(select(Observation).where(Observation.case_id == case.id)).one()
    variables = world.variables(case)
    assert 6900 < seen.per_capita < 8000
    assert variables["monitoring_line"]["amount"] == seen.line_amount == (8000 if verified_after else 6900)
    assert variables["category"]["advice"] == ("admit" if verified_after else variables["category"]["advice"])
    before = variables["category"]
    world.go_to(new_year + 3)
    world.finish(case, "sign", "cun")
    world.finish(case, "appraise", "cun")
    variables = world.variables(case)
    line = variables["monitoring_line"]
    assert (line["year"], line["amount"], line["on"]) == (2023, 8000, world.today.isoformat())
    assert variables["category"]["category"] in ("unstable", "marginal")
    assert (variables["category"] == before) is verified_after
    world.assert_replays(case.id)


# -- what people see -------------------------------------------------------------------------------


@pytest.mark.duty("R26", "R41")
def test_the_pages_of_every_case_and_of_the_household_say_where_a_held_clue_is(small_world: World) -> None:
    world = small_world
    household = registers.household(world.session, world.clock.now(), "赵富贵", "eliminated")
    case = _opened(world, household, "rollback")
    page = signed_in(application(world), world.official("cun"))
    form = {
        "discovered_on": world.today.isoformat(),
        "channel": "cadre_check",
        "description": "火灾，房屋烧毁",
    }
    sent = page.post(
        "/clues", data={**form, "finder": "村甲", "household": str(household.id)}, follow_redirects=True
    )
    assert (
        "线索已并入这户正在办理的“回退”" in sent.text
        and "本件办结时" in sent.text
        and "火灾，房屋烧毁" in sent.text
    )
    assert "留存，待正在办理的事项办结" in page.get("/clues").text
    world.finish(case, "check_rollback", "cun", opinion="stable")
    (anew,) = _identifications(world, household)
    for address in (f"/cases/{case.id}", f"/cases/{anew.id}", f"/households/{household.id}", "/clues"):
        shown = page.get(address)
        assert shown.status_code == 200 and "火灾，房屋烧毁" in shown.text
    assert "本件办结时" not in page.get(f"/cases/{case.id}").text
