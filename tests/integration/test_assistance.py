"""Assistance through the engine, on both databases: officials, plans, declaration, archive,
measures (R18–R22).
"""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.casework.acts import prefill, return_targets, return_to, withdraw
from engine.casework.models import CaseFile, Notification, Timer
from engine.flow.vocabulary import used
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.assistance import measures, officials, plans
from engine.prevention.models import AssistancePlan, Household, Measure, MeasureProgress, ResponsibleOfficial
from engine.prevention.register.households import reading, registering
from tests.support import papers
from tests.support.world import World


def _bell(world: World, case: CaseFile, kind: str) -> set[str]:
    world.session.commit()
    query = select(Notification.queue).where(Notification.case_id == case.id, Notification.kind == kind)
    return set(world.session.scalars(query))


@pytest.mark.duty("R18", "R19", "R20", "R22", "C1")
def test_an_approved_household_gets_an_official_a_plan_and_declared_measures(world: World) -> None:
    identification = world.approved()
    case = world.assistance_of(identification)
    assert case.origin_id == identification.id
    assert set(world.open_items(case)) == {"name_official"}
    world.finish(case, "name_official", "xiang")
    world.finish(case, "make_plan", "cun")
    world.finish(case, "review_plan", "xiang")
    assert set(world.open_items(case)) == {"declare_measures", "build_archive"}
    world.finish(case, "build_archive", "cun2")
    world.finish(case, "declare_measures", "cun")
    done = world.finish(case, "accept_measures", "xian")
    assert done.finished
    case = world.case(case.id)
    assert (case.status, case.outcome, case.lamp_floor) == ("finished", "计划和申报完成", "green")
    plan = world.session.scalars(select(AssistancePlan)).one()
    assert (plan.status, plan.declaration_number, plan.untreated) == ("accepted", "BF-2022-001", [])
    assert {(m.risk, m.type) for m in plan.measures} == {("illness", "health"), ("general", "employment")}
    assert plan.recorded_by == world.official("cun").id  # R38: who filled it in answers for it
    official = officials.in_office(world.session, case.household_id)
    assert official is not None and official.name == "赵国梁"
    world.assert_replays(case.id)
    world.assert_replays(identification.id)


@pytest.mark.duty("R22")
def test_the_plan_is_prefilled_by_the_four_principles(small_world: World) -> None:
    from engine.casework.desk import views

    world = small_world
    case = world.assistance()
    world.finish(case, "name_official", "xiang")
    item = world.open_items(case)["make_plan"]
    view = views.task_view(world.session, world.official("cun"), item.id, world.clock.now())
    assert [(row["risk"], row["type"]) for row in view.values["measures"]] == [
        ("illness", "health"),
        ("general", "employment"),
    ]
    assert "赵国梁" in view.values["official_text"]


@pytest.mark.duty("R22")
def test_a_recorded_risk_without_a_measure_needs_a_reason(world: World) -> None:
    case = world.assistance()
    world.finish(case, "name_official", "xiang")
    rows = [papers.measure(world.today, "general", "employment")]
    with pytest.raises(Invalid) as refused:
        world.finish(case, "make_plan", "cun", measures=rows)
    assert list(refused.value.fields) == ["untreated_reason"]
    world.finish(case, "make_plan", "cun", measures=rows, untreated_reason="已治愈出院，不再需要")
    world.finish(case, "review_plan", "xiang")
    plan = world.session.scalars(select(AssistancePlan)).one()
    assert (plan.untreated, plan.untreated_reason) == (["illness"], "已治愈出院，不再需要")
    assert plan.findings == ["因病没有安排措施，理由：已治愈出院，不再需要"]
    world.assert_replays(case.id)


@pytest.mark.duty("R21", "R22")
def test_t24_safety_net_only_passes_only_with_a_reason_that_is_kept(world: World) -> None:
    case = world.assistance()
    world.finish(case, "name_official", "xiang")
    rows = [papers.measure(world.today, "illness", "safety_net")]
    world.finish(case, "make_plan", "cun", measures=rows)
    with pytest.raises(Invalid) as refused:
        world.finish(case, "review_plan", "xiang")
    assert list(refused.value.fields) == ["pass_reason"]
    world.finish(case, "review_plan", "xiang", outcome="revise", reason="增加就业帮扶")
    world.finish(case, "make_plan", "cun", measures=rows)
    world.finish(case, "review_plan", "xiang", pass_reason="两名劳动力都在照料重病人")
    plan = world.session.scalars(select(AssistancePlan)).one()
    assert plan.pass_reason == "两名劳动力都在照料重病人" and "一兜了之" in plan.findings[0]
    check = world.open_by_hand(case.household_id, "existing_check", "cun")
    findings = world.variables(check)["assistance_findings"]
    assert any("一兜了之" in one["finding"] and "照料重病人" in one["finding"] for one in findings)
    world.assert_replays(case.id)


@pytest.mark.duty("R19")
def test_t25_no_plan_by_day_ten(world: World) -> None:
    identification = world.approved()
    case = world.assistance_of(identification)
    start = (world.today - date(2022, 5, 5)).days
    world.go_to(start + 7, 23)
    assert world.case(case.id).lamp_floor == "green" and not _bell(world, case, "warning")
    world.go_to(start + 8, 0)
    assert world.case(case.id).lamp_floor == "yellow" and "township" in _bell(world, case, "warning")
    world.go_to(start + 10, 23)
    assert "explain_delay" not in world.open_items(case)
    world.go_to(start + 11, 0)
    assert set(world.open_items(case)) == {"name_official", "explain_delay"}
    assert _bell(world, case, "overdue") == {"county", "township", "village", "supervisor"}
    found = measures.of_household(
        world.session, world.official("xiang"), case.household_id, world.clock.now()
    )
    assert found.unassisted and world.case(case.id).status == "open"
    world.finish(case, "explain_delay", "xian")
    world.to_declared(case)
    found = measures.of_household(
        world.session, world.official("xiang"), case.household_id, world.clock.now()
    )
    assert not found.unassisted
    case = world.case(case.id)
    assert (case.status, case.lamp_floor) == ("finished", "red")
    world.assert_replays(case.id)


@pytest.mark.duty("R19")
def test_a_township_opens_a_new_plan_whose_ten_days_run_from_then(small_world: World) -> None:
    world = small_world
    first = world.assistance()
    world.to_declared(first)
    household = first.household_id
    world.go_to(40)
    case = world.open_by_hand(household, "assistance", "xiang")
    world.go_to(50, 23)
    assert "explain_delay" not in world.open_items(case)
    world.go_to(51, 0)
    assert "explain_delay" in world.open_items(case)
    with pytest.raises(NotAllowed):
        world.open_by_hand(household, "assistance", "cun")


@pytest.mark.duty("R19", "R26")
def test_no_procedure_opens_twice_for_a_household(small_world: World) -> None:
    """One assistance has one limit of ten days (R19)."""
    world = small_world
    household = world.assistance().household_id
    with pytest.raises(Conflict, match="已有一件“帮扶”正在办理"):
        world.open_by_hand(household, "assistance", "xiang")
    world.open_by_hand(household, "existing_check", "cun")
    with pytest.raises(Conflict, match="已有一件“存量帮扶核查”正在办理"):
        world.open_by_hand(household, "existing_check", "cun")
    limits = select(Timer.element_id).where(Timer.kind == "limit", Timer.status == "waiting")
    assert list(world.session.scalars(limits)) == ["limit_10"]


@pytest.mark.duty("R19")
def test_refused_measures_go_back_to_the_plan_and_the_archive_waits(world: World) -> None:
    case = world.assistance()
    world.finish(case, "name_official", "xiang")
    world.finish(case, "make_plan", "cun")
    world.finish(case, "review_plan", "xiang")
    world.finish(case, "declare_measures", "cun")
    world.finish(case, "accept_measures", "xian", outcome="refused", reason="岗位已满")
    assert set(world.open_items(case)) == {"make_plan", "build_archive"}
    world.finish(case, "build_archive", "cun")
    first = [
        papers.measure(world.today, "illness", "health"),
        papers.measure(world.today, "general", "industry"),
    ]
    world.finish(case, "make_plan", "cun", measures=first)
    world.finish(case, "review_plan", "xiang")
    world.finish(case, "declare_measures", "cun", declaration_number="BF-2022-002")
    assert world.finish(case, "accept_measures", "xian").finished
    statuses = list(world.session.scalars(select(AssistancePlan.status).order_by(AssistancePlan.id)))
    assert statuses == ["superseded", "accepted"]
    old = world.session.scalars(select(Measure.status).where(Measure.type == "employment")).all()
    assert old == ["stopped"]
    world.assert_replays(case.id)


@pytest.mark.duty("R18")
def test_only_a_public_servant_answers_and_naming_another_ends_the_former(world: World) -> None:
    case = world.assistance()
    for value in (False, "", None):
        with pytest.raises(Invalid) as refused:
            world.finish(case, "name_official", "xiang", public_servant=value)
        assert list(refused.value.fields) == ["public_servant"]
    world.to_declared(case)
    again = world.open_by_hand(case.household_id, "assistance", "xiang")
    world.go_to(world.number + 3)
    world.finish(again, "name_official", "xiang2", name="钱立新", phone="13900000002")
    rows = list(world.session.scalars(select(ResponsibleOfficial).order_by(ResponsibleOfficial.id)))
    assert [(row.name, row.until) for row in rows] == [("赵国梁", world.today), ("钱立新", None)]


@pytest.mark.duty("R18")
def test_two_officials_named_at_the_same_second_leave_one_in_office(world: World) -> None:
    first = world.assistance()
    second = world.open_by_hand(first.household_id, "existing_check", "cun")
    typed = [{"explanation": "正在安排"} for _ in world.variables(second)["assistance_findings"]]
    world.finish(second, "check_measures", "cun", findings=typed, outcome="adjust")
    outcomes: list[object] = []
    gate = threading.Barrier(2)

    def name(case_id: int, step: str, who: str, official: str) -> None:
        own = World(world.url)
        own.clock.set(world.clock.now())
        gate.wait()
        try:
            outcomes.append(own.finish(own.case(case_id), step, who, name=official).finished)
        finally:
            own.close()

    world.session.commit()
    pairs = (
        (first.id, "name_official", "xiang", "甲某"),
        (second.id, "name_missing_official", "xiang2", "乙某"),
    )
    people = [threading.Thread(target=name, args=pair) for pair in pairs]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert outcomes == [False, False]
    world.session.commit()
    query = select(ResponsibleOfficial.name).where(ResponsibleOfficial.until.is_(None))
    assert len(list(world.session.scalars(query))) == 1
    assert len(list(world.session.scalars(select(ResponsibleOfficial.id)))) == 2


@pytest.mark.duty("R18")
def test_a_withdrawn_naming_puts_the_former_official_back_into_office(world: World) -> None:
    case = world.assistance()
    world.to_declared(case)
    again = world.open_by_hand(case.household_id, "assistance", "xiang")
    done = world.finish(again, "name_official", "xiang", name="钱立新")
    withdraw(world.session, world.official("xiang"), done.item_id, clock=world.clock)
    rows = list(world.session.scalars(select(ResponsibleOfficial)))
    assert [(row.name, row.until) for row in rows] == [("赵国梁", None)]
    world.assert_replays(again.id)


@pytest.mark.duty("R19")
def test_a_returned_review_takes_the_plan_back_and_the_former_is_in_force_again(world: World) -> None:
    case = world.assistance()
    world.to_declared(case)
    again = world.open_by_hand(case.household_id, "assistance", "xiang")
    world.finish(again, "name_official", "xiang")
    rows = [
        papers.measure(world.today, "illness", "health"),
        papers.measure(world.today, "general", "industry"),
    ]
    world.finish(again, "make_plan", "cun", measures=rows)
    world.finish(again, "review_plan", "xiang")
    in_force = plans.in_force(world.session, case.household_id)
    assert in_force is not None and in_force.case_id == again.id
    item = world.open_items(again)["declare_measures"]
    target = next(
        t
        for t in return_targets(world.session, world.official("cun"), item.id)
        if t.element_id == "make_plan"
    )
    return_to(world.session, world.official("cun"), item.id, target.seq, "措施要改", clock=world.clock)
    world.session.commit()
    in_force = plans.in_force(world.session, case.household_id)
    assert in_force is not None and (in_force.case_id, in_force.status) == (case.id, "accepted")
    assert {m.status for m in in_force.measures} == {"planned"}
    waiting = select(Timer.case_id).where(Timer.kind == "reminder", Timer.status == "waiting")
    assert set(world.session.scalars(waiting)) == {case.id}
    assert set(world.open_items(again)) == {"make_plan"}
    world.assert_replays(again.id)


@pytest.mark.duty("R21")
def test_a_late_measure_is_recalled_once_also_after_its_case_ended(world: World) -> None:
    case = world.assistance()
    last = world.number + 20
    ends = world.day(last).date().isoformat()
    rows = [
        papers.measure(world.today, "illness", "health", ends_on=ends, content="报销医药费"),
        papers.measure(world.today, "general", "employment", ends_on=ends, content="介绍进厂务工"),
    ]
    world.to_declared(case, measures=rows)
    assert world.case(case.id).status == "finished"
    done = world.session.scalars(select(Measure).where(Measure.type == "employment")).one()
    report = papers.paper("measure_progress", world.today, "")
    measures.report(world.session, world.official("cun"), done.id, report, clock=world.clock)
    world.go_to(last, 23)
    assert not _bell(world, case, "reminder")
    world.go_to(last + 1, 0)
    assert _bell(world, case, "reminder") == {"township", "village"}
    texts = world.session.scalars(select(Notification.text).where(Notification.kind == "reminder")).all()
    assert len(texts) == 2 and all("报销医药费" in text for text in texts)
    world.go_to(last + 9)
    assert (
        len(world.session.scalars(select(Notification.id).where(Notification.kind == "reminder")).all()) == 2
    )
    listed = measures.listing(world.session, world.official("xiang"), world.clock.now(), status="late").items
    assert [(m.content, m.household.head_name) for m in listed] == [("报销医药费", "王建国")]
    assert (
        measures.listing(world.session, world.official("waixiang"), world.clock.now(), status="late").total
        == 0
    )
    world.assert_replays(case.id)


@pytest.mark.duty("R21", "R38")
def test_progress_is_reported_by_village_and_township_until_the_measure_is_done(world: World) -> None:
    case = world.assistance()
    world.to_declared(case)
    measure = world.session.scalars(select(Measure).order_by(Measure.id)).first()
    assert measure is not None
    report: dict[str, Any] = papers.paper("measure_progress", world.today, "")

    def tell(username: str, **changes: Any) -> MeasureProgress:
        return measures.report(
            world.session, world.official(username), measure.id, {**report, **changes}, clock=world.clock
        )

    for username, refusal in (
        ("lin", NotFound),
        ("waixian", NotFound),
        ("xian", NotAllowed),
        ("ducha", NotAllowed),
    ):
        with pytest.raises(refusal):
            tell(username)
    with pytest.raises(Invalid) as refused:
        tell("cun", effect="")
    assert list(refused.value.fields) == ["effect"]
    with pytest.raises(Invalid):
        tell("cun", reported_on=(world.today + timedelta(days=1)).isoformat())
    tell("cun", status="under_way", remark="已提交材料")
    tell("xiang", amount=1200)
    world.session.commit()
    measure = world.session.get_one(Measure, measure.id, populate_existing=True)
    assert (measure.status, measure.done_on, [p.status for p in measure.progress]) == (
        "done",
        world.today,
        ["under_way", "done"],
    )
    with pytest.raises(Conflict):
        tell("cun")
    waiting = select(Timer.token).where(Timer.kind == "reminder", Timer.status == "waiting")
    assert f"measure-{measure.id}" not in set(world.session.scalars(waiting))
    world.assert_replays(case.id)


@pytest.mark.duty("R18")
def test_the_load_of_every_official_is_visible(world: World) -> None:
    first = world.assistance()
    world.finish(first, "name_official", "xiang")
    second = world.assistance(name="李四", id_number="", address="西沟2号")
    assert officials.without(world.session, world.official("xiang")).total == 1
    named = world.session.scalars(select(ResponsibleOfficial)).one()
    named.name = "赵 国 梁"  # as it was typed before names had one form
    world.session.commit()
    world.finish(second, "name_official", "xiang", name="赵国　梁")
    assert world.last_submission(second, "responsible_official")["name"] == "赵国梁"
    found = officials.loads(world.session, world.official("xiang"))
    assert [(load.name, load.households, load.in_reach) for load in found.items] == [("赵国梁", 2, 2)]
    assert found.total == 1
    assert officials.loads(world.session, world.official("waixiang")).items == []
    assert officials.loads(world.session, world.official("sheng")).items[0].households == 2
    assert reading.facts(world.session, first.household_id).keys() == used().prefilled["household"]

    def known(*names: str) -> dict[str, Any]:
        read = prefill.context(world.session, first, {}, {"officials", *names}, world.clock.now())
        found: dict[str, Any] = read["officials"]
        return found

    assert known("officials.*").keys() == used().prefilled["officials"]
    assert known("officials.load")["load"] == "赵国梁（县农业农村局）2 户"
    assert known("officials.present").keys() == {"present"}  # the load is not counted for nobody


@pytest.mark.duty("R21")
def test_a_check_that_finds_nothing_to_change_is_confirmed_by_the_township(world: World) -> None:
    case = world.assistance()
    world.to_declared(case)
    check = world.open_by_hand(case.household_id, "existing_check", "cun")
    world.finish(check, "check_measures", "cun", findings=[])
    with pytest.raises(Invalid):
        world.finish(check, "confirm_check", "xiang", outcome="disagree")
    world.finish(check, "confirm_check", "xiang", outcome="disagree", reason="没有看到记录")
    world.finish(check, "check_measures", "cun", findings=[])
    world.finish(check, "confirm_check", "xiang")
    check = world.case(check.id)
    assert (check.status, check.outcome) == ("finished", "落实到位")
    household = world.session.get_one(Household, case.household_id, populate_existing=True)
    assert household.risks == ["illness"] and household.years[-1].per_capita == 6000
    world.assert_replays(check.id)


@pytest.mark.duty("R21", "R18", "R22")
def test_every_finding_is_explained_and_a_changed_plan_goes_the_whole_way(world: World) -> None:
    household = world.case(world.approved().id).household_id
    check = world.open_by_hand(household, "existing_check", "cun")
    codes = [one["code"] for one in world.variables(check)["assistance_findings"]]
    assert codes == ["no_official", "no_measures"]
    typed = [
        {"explanation": "正在安排"},
        {"finding": "改写的问题", "explanation": ""},
        {"finding": "多的一行"},
    ]
    with pytest.raises(Invalid) as refused:
        world.finish(check, "check_measures", "cun", findings=typed, outcome="adjust")
    assert list(refused.value.fields) == ["findings.1.explanation"]
    typed[1]["explanation"] = "刚刚纳入"
    world.finish(check, "check_measures", "cun", findings=typed, outcome="adjust")
    rows = world.last_submission(check, "existing_check")["findings"]
    assert [row["finding"] for row in rows] == ["没有帮扶责任人", "没有登记任何帮扶措施"]
    world.finish(check, "name_missing_official", "xiang")
    world.finish(check, "make_plan", "cun")
    world.finish(check, "review_plan", "xiang")
    world.finish(check, "declare_measures", "cun")
    assert world.finish(check, "accept_measures", "xian").finished
    assert world.case(check.id).outcome == "已调整"
    world.assert_replays(check.id)


@pytest.mark.duty("R21")
def test_a_changed_plan_keeps_what_goes_on_and_ends_the_rest(world: World) -> None:
    case = world.assistance()
    world.to_declared(case)
    health = world.session.scalars(select(Measure).where(Measure.type == "health")).one()
    report = papers.paper("measure_progress", world.today, "", status="under_way")
    measures.report(world.session, world.official("cun"), health.id, report, clock=world.clock)
    check = world.open_by_hand(case.household_id, "existing_check", "cun")
    world.finish(check, "check_measures", "cun", findings=[], outcome="adjust")
    rows = [
        papers.measure(world.today, "illness", "health"),
        papers.measure(world.today, "general", "industry"),
    ]
    world.finish(check, "make_plan", "cun", measures=rows)
    world.finish(check, "review_plan", "xiang")
    plan = plans.in_force(world.session, case.household_id)
    assert plan is not None
    assert [(m.type, m.status) for m in plan.measures] == [("health", "under_way"), ("industry", "planned")]
    assert plan.measures[0].id == health.id and len(plan.measures[0].progress) == 1
    dropped = world.session.scalars(select(Measure).where(Measure.status == "stopped")).one()
    with pytest.raises(Conflict, match="新计划"):
        measures.report(world.session, world.official("cun"), dropped.id, report, clock=world.clock)
    world.assert_replays(check.id)


@pytest.mark.duty("R21", "R19")
def test_a_measure_named_again_keeps_its_row_its_payments_and_its_one_reminder(world: World) -> None:
    case = world.assistance()
    last = world.number + 20
    ends = world.day(last).date().isoformat()
    rows = [
        papers.measure(world.today, "illness", "health", ends_on=ends),
        papers.measure(world.today, "general", "industry"),
    ]
    world.to_declared(case, measures=[*rows, rows[0]])  # two of one kind are two measures
    before = world.session.scalars(select(Measure).order_by(Measure.id)).all()
    paid = papers.paper("measure_progress", world.today, "", status="under_way", amount=800)
    measures.report(world.session, world.official("cun"), before[0].id, paid, clock=world.clock)
    again = world.open_by_hand(case.household_id, "assistance", "xiang")
    world.finish(again, "name_official", "xiang")
    moved = {**rows[1], "amount": 5000, "ends_on": world.day(last + 5).date().isoformat()}
    world.finish(
        again,
        "make_plan",
        "cun",
        measures=[rows[0], moved, papers.measure(world.today, "general", "finance")],
    )
    done = world.finish(again, "review_plan", "xiang")
    plan = plans.in_force(world.session, case.household_id)
    assert plan is not None
    assert [(m.id, m.status) for m in plan.measures[:2]] == [
        (before[0].id, "under_way"),
        (before[1].id, "planned"),
    ]
    assert [row.amount for row in plan.measures[0].progress] == [800] and plan.measures[1].amount == 5000
    assert world.session.get_one(Measure, before[2].id, populate_existing=True).status == "stopped"
    withdraw(world.session, world.official("xiang"), done.item_id, clock=world.clock)
    former = plans.in_force(world.session, case.household_id)
    assert former is not None and former.case_id == case.id
    assert [(m.id, m.status, m.amount) for m in former.measures] == [
        (before[0].id, "under_way", 3000),
        (before[1].id, "planned", 3000),
        (before[2].id, "planned", 3000),
    ]
    world.finish(again, "review_plan", "xiang")
    world.go_to(last + 6)
    late = world.session.scalars(select(Timer).where(Timer.kind == "reminder", Timer.status == "fired")).all()
    assert [row.token for row in late] == [f"measure-{before[0].id}", f"measure-{before[1].id}"]
    listed = measures.of_household(world.session, world.official("cun"), case.household_id, world.clock.now())
    assert listed.passed_on(listed.earlier[0]) == ["health的具体安排", "industry的具体安排"]
    for one in (case, again):
        world.assert_replays(one.id)


def _crossing(world: World) -> tuple[CaseFile, CaseFile]:
    """An assistance and a check of the same household that both come to the declaration of their own plan."""
    first = world.assistance()
    world.finish(first, "name_official", "xiang")
    check = world.open_by_hand(first.household_id, "existing_check", "cun")
    typed = [{"explanation": "正在安排"} for _ in world.variables(check)["assistance_findings"]]
    world.finish(check, "check_measures", "cun", findings=typed, outcome="adjust")
    assert {"make_plan"} == set(world.open_items(first)) == set(world.open_items(check))
    return first, check


@pytest.mark.duty("R19")
@pytest.mark.parametrize("check_first", [True, False])
def test_each_case_declares_its_own_plan_and_what_its_makers_did_not_see_goes_on(
    world: World, check_first: bool
) -> None:
    cases = dict(zip(("assistance", "existing_check"), _crossing(world), strict=True))
    order = list(cases.values())[::-1] if check_first else list(cases.values())
    kinds = {order[0].id: "industry", order[1].id: "finance"}
    for case in order:
        rows = [
            papers.measure(world.today, "illness", "health"),
            papers.measure(world.today, "general", kinds[case.id]),
        ]
        world.finish(case, "make_plan", "cun", measures=rows)
        world.finish(case, "review_plan", "xiang")
    plan = plans.in_force(world.session, order[0].household_id)
    assert plan is not None and plan.case_id == order[1].id
    assert [m.type for m in plan.measures] == ["health", "industry", "finance"], (
        "nobody had decided to end any"
    )
    for number, case in enumerate(order):
        world.finish(case, "declare_measures", "cun", declaration_number=f"申报{number}号")
        world.finish(case, "accept_measures", "xian")
    world.session.commit()
    found = world.session.scalars(select(AssistancePlan).order_by(AssistancePlan.id)).all()
    assert [(p.case_id, p.declaration_number, p.status) for p in found] == [
        (order[0].id, "申报0号", "superseded"),
        (order[1].id, "申报1号", "accepted"),
    ]
    for case in order:
        world.assert_replays(case.id)


@pytest.mark.duty("R21")
def test_the_check_recurs_for_monitored_households_and_those_lifted_with_policy(small_world: World) -> None:
    from engine.casework.time import schedules
    from engine.ground.database import write

    world = small_world
    monitored = world.approved().household_id
    with write(world.session):
        lifted, ordinary = (
            registering.register(
                world.session,
                {"village_code": "410325103202", "head_name": name, "household_type": kind},
                world.clock.now(),
            )
            for name, kind in (("张脱贫", "lifted_with_policy"), ("孙一般", "ordinary"))
        )
    county = world.official("xian")
    offer = next(one for one in schedules.offers(world.session, county) if one.key == "existing_check")
    assert offer.months == 6
    schedules.set_rhythm(world.session, county, "existing_check", 6, world.today, world.clock.now())
    assert schedules.open_due(world.sessions, world.clock) == 2
    world.session.commit()
    query = select(CaseFile.household_id).where(CaseFile.procedure_key == "existing_check")
    assert set(world.session.scalars(query)) == {monitored, lifted.id}
    assert ordinary.id not in {monitored, lifted.id}
    check = next(case for case in world.session.scalars(select(CaseFile)) if case.household_id == lifted.id)
    codes = [one["code"] for one in world.variables(check)["assistance_findings"]]
    findings = [{"explanation": "脱贫户，没有登记帮扶"} for _ in codes]
    world.finish(check, "check_measures", "cun", findings=findings)
    world.finish(check, "confirm_check", "xiang")
    household = world.session.get_one(Household, lifted.id, populate_existing=True)
    assert household.status == "ordinary" and household.years[-1].per_capita == 12000
    world.open_by_hand(lifted.id, "existing_check", "cun")
