"""Rollback and clearance on both databases: the way to the national consent, batches, refusals,
returns (R27–R29).
"""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from engine.casework import acts, definitions
from engine.casework.acts import openings
from engine.casework.definitions import deployment
from engine.casework.models import (
    Account,
    CaseFile,
    Division,
    Notification,
    Procedure,
    ProcedureVersion,
    WorkItem,
)
from engine.casework.organisation import accounts, divisions
from engine.ground.clock import days_after
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.identification.notices import objections
from engine.prevention.installation import ROOT
from engine.prevention.models import ApplicationBatch, BatchEntry, Household, Telling
from engine.prevention.records import life
from engine.prevention.rollback import applications, lists, rollbacks
from tests.support import papers, registers
from tests.support.world import World


def propose(world: World, name: str = "王建国") -> CaseFile:
    """A village proposes the rollback of an eliminated household."""
    household = registers.household(world.session, world.clock.now(), name, "eliminated")
    data = papers.paper("rollback_proposal", world.today, "")
    return openings.open_by_hand(
        world.session, world.official("cun"), household.id, "rollback", data, clock=world.clock
    )


def to_review(world: World, case: CaseFile) -> None:
    """Check, appraisal and posted notice, all today."""
    world.finish(case, "check_rollback", "cun")
    world.finish(case, "appraise_rollback", "cun")
    world.finish(case, "post_notice", "cun")


def to_application(world: World, *cases: CaseFile) -> None:
    """Everything up to the county's desk: the notice hangs its full days."""
    for case in cases:
        to_review(world, case)
    start = (world.today - world.day(0).date()).days
    world.go_to(start + 6)
    for case in cases:
        world.finish(case, "end_notice", "cun")
        world.finish(case, "review", "xiang")
        world.finish(case, "approve", "xian")


def household_of(world: World, case: CaseFile) -> Household:
    """The household as it is now."""
    world.session.commit()
    return world.session.get_one(Household, case.household_id, populate_existing=True)


def entries_of(world: World, case: CaseFile) -> list[tuple[str, str]]:
    """Number and result of every batch the case is in."""
    world.session.commit()
    query = (
        select(ApplicationBatch.number, BatchEntry.result)
        .join(BatchEntry.batch)
        .where(BatchEntry.case_id == case.id)
    )
    return [tuple(row) for row in world.session.execute(query.order_by(BatchEntry.id))]


def heard(world: World, case: CaseFile, queue: str, text: str) -> bool:
    """Whether a line with `text` is in the bell of a queue."""
    world.session.commit()
    query = select(Notification.text).where(Notification.case_id == case.id, Notification.queue == queue)
    return any(text in line for line in world.session.scalars(query))


@pytest.mark.duty("R26", "R27", "R28", "R19", "C2")
def test_a_rollback_through_all_five_levels(world: World) -> None:
    case = propose(world)
    assert rollbacks.pending(world.session, case.household_id) == "回退办理中"
    to_application(world, case)
    assert household_of(world, case).status == "eliminated"
    world.finish(case, "county_applies", "xian2")
    assert entries_of(world, case) == [("嵩县回退申请〔2022〕1号", "waiting")]
    assert rollbacks.pending(world.session, case.household_id) == "回退审批中"
    world.finish(case, "city_reviews", "shi")
    world.finish(case, "province_reviews", "sheng")
    assert entries_of(world, case)[1] == ("河南省回退汇总〔2022〕1号", "waiting")
    with pytest.raises(Invalid) as refused:
        world.finish(case, "register_consent", "sheng", number="")
    assert "number" in refused.value.fields
    world.finish(case, "register_consent", "sheng")
    assert {result for _, result in entries_of(world, case)} == {"agreed"}
    with pytest.raises(Invalid, match="不能早于国家局同意的日期"):
        world.finish(case, "execute_in_system", "sheng", executed_on="2022-05-01")
    assert household_of(world, case).status == "eliminated"
    world.finish(case, "execute_in_system", "sheng")
    household = household_of(world, case)
    assert (household.status, household.eliminated_on) == ("monitored", None)
    assert household.monitored_on is not None
    world.finish(case, "tell_rolled_back", "xiang")
    assert world.case(case.id).outcome == "已回退"
    assistance = world.session.scalars(select(CaseFile).where(CaseFile.origin_id == case.id)).one()
    assert assistance.procedure_key == "assistance" and assistance.household_id == case.household_id
    assert assistance.limit_at == days_after(
        world.today, 10
    )  # R19: from the execution, the day itself not counted
    told = world.session.scalars(select(Telling).where(Telling.case_id == case.id)).one()
    assert "取消风险消除标注" in told.text and "入户当面告知" in told.text
    assert heard(world, case, "village", "恢复为监测对象")
    world.assert_replays(case.id)
    story = life.of_household(world.session, world.official("xiang"), case.household_id, {})
    assert any(chapter.case and chapter.case.id == case.id for chapter in story)


@pytest.mark.duty("R27")
def test_stable_households_keep_their_mark(world: World) -> None:
    case = propose(world)
    world.finish(case, "check_rollback", "cun", opinion="stable", facts="收入稳定，房屋已修缮")
    assert world.case(case.id).outcome == "维持已消除"
    assert household_of(world, case).status == "eliminated"
    assert heard(world, case, "village", "收入稳定，房屋已修缮")
    second = openings.open_by_hand(
        world.session,
        world.official("cun"),
        case.household_id,
        "rollback",
        papers.paper("rollback_proposal", world.today, ""),
        clock=world.clock,
    )
    to_review(world, second)
    world.go_to(6)
    world.finish(second, "end_notice", "cun")
    world.finish(second, "review", "xiang")
    world.finish(second, "approve", "xian", outcome="reject", reason="收入只是暂时下降")
    assert world.case(second.id).outcome == "维持已消除"
    assert heard(world, second, "village", "县级不同意，收入只是暂时下降")
    world.assert_replays(second.id)


@pytest.mark.duty("R10", "R27")
def test_a_changed_list_goes_back_to_the_check_and_a_new_notice(world: World) -> None:
    case = propose(world)
    to_review(world, case)
    world.go_to(2)
    data = {"matter": "这户收入没有下降", "raised_on": world.today.isoformat()}
    objections.raise_objection(world.session, world.official("xiang"), case.id, data, clock=world.clock)
    world.finish(case, "examine_objection", "xiang", outcome="upheld_changed", finding="漏算了一项收入")
    assert set(world.open_items(case)) == {"check_rollback"}
    to_review(world, case)
    world.go_to(7, 23)
    assert "end_notice" not in world.open_items(case)
    world.go_to(8, 0)
    assert "end_notice" in world.open_items(case)
    world.assert_replays(case.id)


@pytest.mark.duty("R28")
def test_above_the_county_a_case_goes_back_to_the_county_and_not_past_it(small_world: World) -> None:
    world = small_world
    case = propose(world, "户甲")
    to_application(world, case)

    def targets(element_id: str, who: str) -> list[str]:
        item = world.open_items(case)[element_id]
        found = acts.return_targets(world.session, world.official(who), item.id)
        return [target.element_id for target in found]

    assert "check_rollback" in targets("county_applies", "xian2")
    world.finish(case, "county_applies", "xian2")
    county = targets("city_reviews", "shi")
    assert county[0] == "county_applies"
    world.finish(case, "city_reviews", "shi", outcome="agree")
    assert targets("province_reviews", "sheng") == county  # not the city either
    item = world.open_items(case)["province_reviews"]
    acts.return_to(world.session, world.official("sheng"), item.id, None, "缺附件", clock=world.clock)
    assert set(world.open_items(case)) == {"county_applies"}
    queues = {
        one.queue
        for one in world.session.scalars(
            select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.element_id.in_(county))
        )
    }
    assert queues == {"county"}
    for version in world.session.scalars(select(ProcedureVersion)):
        definition = definitions.load(world.session, version.id)
        ours = definition.about == ""  # a report goes back to the city that wrote it
        for element in definition.elements.values() if ours else ():
            if element.kind == "userTask" and element.queue in ("city", "province"):
                assert element.returns_to == "county", f"{element.id} can be sent past the county"
    world.assert_replays(case.id)


@pytest.mark.duty("R28")
def test_a_batch_with_a_return_and_refusals_by_city_and_national_bureau(world: World) -> None:
    """T16, in small: five go up, the city returns one and refuses one, the national bureau refuses one."""
    cases = [propose(world, f"户{letter}") for letter in "甲乙丙丁戊"]
    to_application(world, *cases)
    for case in cases:
        world.finish(case, "county_applies", "xian2")
    _, lines = lists.search(world.session, world.official("shi"))
    assert [(line.batch.number, line.total) for line in lines] == [("嵩县回退申请〔2022〕1号", 5)]
    returned, refused, *rest = cases
    item = world.open_items(returned)["city_reviews"]
    acts.return_to(world.session, world.official("shi"), item.id, None, "缺评议照片", clock=world.clock)
    assert entries_of(world, returned) == [("嵩县回退申请〔2022〕1号", "returned")]
    assert "缺评议照片" in world.open_items(returned)["county_applies"].note
    world.finish(refused, "city_reviews", "shi", outcome="refuse", reason="收入核算有误")
    assert heard(world, refused, "county", "市级不同意：收入核算有误")
    world.finish(returned, "county_applies", "xian2")
    assert entries_of(world, returned) == [
        ("嵩县回退申请〔2022〕1号", "returned"),
        ("嵩县回退申请〔2022〕2号", "waiting"),
    ]
    for case in (returned, *rest):
        world.finish(case, "city_reviews", "shi")
    agreed = [returned, *rest]
    for case in agreed:
        world.finish(case, "province_reviews", "sheng")
    last = agreed.pop()
    world.finish(last, "register_consent", "sheng", outcome="refused", reason="佐证不足")
    for case in agreed:
        world.finish(case, "register_consent", "sheng")
        world.finish(case, "execute_in_system", "sheng")
    for case in (refused, last):
        world.finish(case, "handle_refusal", "xian")
        assert world.case(case.id).outcome == "未同意回退"
        assert household_of(world, case).status == "eliminated"
        assert heard(world, case, "village", "未获同意")
    for case in agreed:
        assert household_of(world, case).status == "monitored"
    page, lines = lists.search(world.session, world.official("sheng"))
    found = [(line.batch.level, line.batch.serial, dict(line.counts)) for line in lines]
    assert page.total == 3 and sorted(found, key=lambda one: one[:2]) == [
        ("county", 1, {"agreed": 2, "refused": 2, "returned": 1}),
        ("county", 2, {"agreed": 1}),
        ("province", 1, {"agreed": 3, "refused": 1}),
    ]
    _, rows = applications.rows(world.session, world.official("shi"), lines[-1].batch.id)
    assert [row.entry.answer for row in rows if row.entry.result == "refused"] == [
        "市级不同意：收入核算有误",
        "国家局不同意：佐证不足",
    ]
    assert sum(1 for row in rows if row.entry.executed_on) == 2
    for case in cases:
        world.assert_replays(case.id)


@pytest.mark.duty("R28")
def test_applying_again_needs_new_evidence_and_enters_the_batch_of_its_day(world: World) -> None:
    case = propose(world)
    to_application(world, case)
    world.finish(case, "county_applies", "xian2")
    world.finish(case, "city_reviews", "shi")
    world.finish(case, "province_reviews", "sheng", outcome="refuse", reason="事实不清")
    with pytest.raises(Invalid) as missing:
        world.finish(case, "handle_refusal", "xian", outcome="again", reason=None)
    assert {"new_evidence", "evidence"} <= set(missing.value.fields)
    item = world.open_items(case)["handle_refusal"]
    file = world.upload("xian", item)
    world.go_to(8)
    world.finish(
        case, "handle_refusal", "xian", outcome="again", reason=None, new_evidence="银行流水", evidence=[file]
    )
    world.finish(case, "county_applies", "xian2")
    assert entries_of(world, case) == [
        ("嵩县回退申请〔2022〕1号", "refused"),
        ("嵩县回退申请〔2022〕2号", "waiting"),
    ]
    world.finish(case, "city_reviews", "shi")  # the city may review again what it reviewed before
    assert set(world.open_items(case)) == {"province_reviews"}
    world.finish(case, "province_reviews", "sheng", outcome="refuse", reason="仍不清")
    world.finish(case, "handle_refusal", "xian")
    assert world.case(case.id).outcome == "未同意回退"
    world.assert_replays(case.id)


@pytest.mark.duty("R28")
def test_a_refusal_is_not_overwritten_by_applying_again_on_the_same_day(world: World) -> None:
    case = propose(world)
    to_application(world, case)
    world.finish(case, "county_applies", "xian2")
    world.finish(case, "city_reviews", "shi", outcome="refuse", reason="事实不清")
    file = world.upload("xian", world.open_items(case)["handle_refusal"])
    world.finish(
        case, "handle_refusal", "xian", outcome="again", reason=None, new_evidence="流水", evidence=[file]
    )
    world.finish(case, "county_applies", "xian2")
    assert entries_of(world, case) == [
        ("嵩县回退申请〔2022〕1号", "refused"),
        ("嵩县回退申请〔2022〕2号", "waiting"),
    ]


@pytest.mark.duty("R28")
def test_a_numbered_list_stays_as_it_went_up(world: World) -> None:
    cases = [propose(world, f"户{letter}") for letter in "甲乙丙"]
    to_application(world, *cases)
    for case in cases:
        world.finish(case, "county_applies", "xian2")
    county = world.official("xian")
    (line,) = lists.search(world.session, county)[1]
    first, papers_of = line.batch.id, {}
    assert lists.view(world.session, county, first, world.today).gathering

    def seen(what: str) -> None:
        world.session.commit()
        papers_of[what] = applications.paper(world.session, county, first)
        page, rows = applications.rows(world.session, county, first)
        assert page.total == len(rows) == len(papers_of[what].rows) == 3
        assert lists.view(world.session, county, first).total == 3

    seen("as it went up")
    returned, moved, changed = cases
    item = world.open_items(returned)["city_reviews"]
    acts.return_to(world.session, world.official("shi"), item.id, None, "缺评议照片", clock=world.clock)
    seen("after a return")
    assert not lists.view(world.session, county, first, world.today).gathering
    world.finish(returned, "county_applies", "xian2")
    seen("after it was applied for again")
    second = lists.search(world.session, county)[1][0].batch
    assert (
        second.serial,
        [row.listed.head for row in applications.rows(world.session, county, second.id)[1]],
    ) == (
        2,
        ["户甲"],
    )
    assert "代替原列 嵩县回退申请〔2022〕1号" in applications.paper(world.session, county, second.id).text
    item = world.open_items(moved)["city_reviews"]
    acts.return_to(world.session, world.official("shi"), item.id, None, "缺评议照片", clock=world.clock)
    elsewhere = select(Division.code).where(Division.level == "village", Division.code.startswith("410326"))
    village = world.session.scalars(elsewhere.order_by(Division.code).limit(1)).one()
    world.hand_over(moved.household_id, village, "婚迁")
    seen("after a transfer")
    with write(world.session):
        household = world.session.get_one(Household, changed.household_id)
        household.head_name, household.category = "改名", "unstable"
    seen("after a change of the register")
    rows = applications.rows(world.session, county, first)[1]
    assert [row.case is None for row in rows] == [False, True, False]
    assert len({paper.text for paper in papers_of.values()}) == 1
    for case in cases:
        world.assert_replays(case.id)


@pytest.mark.duty("R28")
def test_two_first_applications_of_a_day_at_the_same_moment_share_one_batch(world: World) -> None:
    cases = [propose(world, name) for name in ("户甲", "户乙")]
    to_application(world, *cases)
    items = [world.open_items(case)["county_applies"].id for case in cases]
    world.session.commit()
    gate = threading.Barrier(2)

    def apply(item: int, username: str) -> None:
        with world.sessions() as session:
            account = session.scalars(select(Account).where(Account.username == username)).unique().one()
            session.commit()
            gate.wait()
            acts.complete(
                session, account, item, papers.paper("county_application", world.today, ""), clock=world.clock
            )

    people = [
        threading.Thread(target=apply, args=pair) for pair in zip(items, ("xian", "xian2"), strict=True)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    for case in cases:
        assert entries_of(world, case) == [("嵩县回退申请〔2022〕1号", "waiting")]


@pytest.mark.duty("R28", "R38")
def test_nobody_skips_a_level_or_decides_what_they_prepared(world: World) -> None:
    case = propose(world)
    to_application(world, case)
    world.finish(case, "county_applies", "xian2")
    item = world.open_items(case)["city_reviews"]
    for username in ("cun", "xiang", "xian", "xian2", "sheng"):
        with pytest.raises(NotAllowed):
            data = {"outcome": "agree"}
            acts.complete(world.session, world.official(username), item.id, data, clock=world.clock)
    with pytest.raises(NotFound):
        acts.complete(
            world.session, world.official("waixian"), item.id, {"outcome": "agree"}, clock=world.clock
        )
    both = world.official("xian2")
    with write(world.session):
        accounts.grant(world.session, both, "city_reviewer", "410300000000")
    world.session.refresh(both)
    with pytest.raises(NotAllowed, match="须由他人办理"):
        world.finish(case, "city_reviews", "xian2")


@pytest.mark.duty("R28")
def test_an_execution_taken_back_leaves_the_household_as_it_was(world: World) -> None:
    case = propose(world)
    to_application(world, case)
    world.finish(case, "county_applies", "xian2")
    world.finish(case, "city_reviews", "shi")
    world.finish(case, "province_reviews", "sheng")
    world.finish(case, "register_consent", "sheng")
    done = world.finish(case, "execute_in_system", "sheng")
    assert household_of(world, case).status == "monitored"
    acts.withdraw(world.session, world.official("sheng"), done.item_id, clock=world.clock)
    household = household_of(world, case)
    assert (household.status, household.eliminated_on) == ("eliminated", registers.ELIMINATED_ON)
    assert set(world.open_items(case)) == {"execute_in_system"}
    world.assert_replays(case.id)


@pytest.mark.duty("R28")
def test_a_diagram_without_the_consent_cannot_execute(world: World) -> None:
    """A process owner draws the national consent away: the services still refuse."""
    body = (ROOT / "bpmn" / "national_consent.bpmn").read_bytes()
    shortcut = body.replace(b'value="national_consent.number"', b'value="null"')
    resources = definitions.resources_in_force(world.session, None)
    deployment.deploy(world.session, None, shortcut, resources, "", world.clock.now())
    case = propose(world)
    to_application(world, case)
    world.finish(case, "county_applies", "xian2")
    world.finish(case, "city_reviews", "shi")
    world.finish(case, "province_reviews", "sheng")
    with pytest.raises(Invalid, match="文号和日期"):
        world.finish(case, "register_consent", "sheng")
    assert household_of(world, case).status == "eliminated"
    assert set(world.open_items(case)) == {"register_consent"}


@pytest.mark.duty("R28")
def test_a_county_of_the_province_itself_has_no_city(world: World) -> None:
    village = next(v for v in divisions.search(world.session, "419001", size=200) if v.level == "village")
    with write(world.session):
        for username, role, code in (
            ("jycun", "village_official", village.code),
            ("jyxiang", "township_reviewer", village.code[:9] + "000"),
            ("jyxian", "county_approver", "419001000000"),
            ("jyxian2", "county_approver", "419001000000"),
        ):
            account = accounts.create(world.session, username, username, "x", world.clock.now())
            accounts.grant(world.session, account, role, code)
    household = registers.household(
        world.session, world.clock.now(), "济甲", "eliminated", village=village.code
    )
    case = openings.open_by_hand(
        world.session,
        world.official("jycun"),
        household.id,
        "rollback",
        papers.paper("rollback_proposal", world.today, ""),
        clock=world.clock,
    )
    for step in ("check_rollback", "appraise_rollback", "post_notice"):
        world.finish(case, step, "jycun")
    world.go_to(6)
    world.finish(case, "end_notice", "jycun")
    world.finish(case, "review", "jyxiang")
    world.finish(case, "approve", "jyxian")
    world.finish(case, "county_applies", "jyxian2")
    assert set(world.open_items(case)) == {"province_reviews"}
    assert entries_of(world, case) == [("济源市回退申请〔2022〕1号", "waiting")]


@pytest.mark.duty("R27", "R28")
def test_one_case_of_the_register_at_a_time_and_only_for_its_status(world: World) -> None:
    case = propose(world)
    with pytest.raises(Conflict, match="正在办理"):
        openings.open_by_hand(
            world.session,
            world.official("xian"),
            case.household_id,
            "clearance",
            papers.paper("clearance_proposal", world.today, ""),
            clock=world.clock,
        )
    ordinary = registers.household(world.session, world.clock.now(), "普通户", "ordinary")
    offered = [one.key for one in openings.startable(world.session, world.official("cun"), ordinary)]
    assert "rollback" not in offered and "clearance" not in offered
    assert world.session.get_one(Procedure, "national_consent").part
