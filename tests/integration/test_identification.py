"""The official identification through the engine, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from engine.casework.models import NumberedPaper, Timer
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.identification import announcements
from engine.prevention.identification.notices import objections
from engine.prevention.models import Household, Notice, Telling
from tests.support.world import World


@pytest.mark.duty("R07", "R09", "R10", "R11", "R12", "R13", "R14", "R17", "C1", "C2", "C3")
def test_a_household_goes_from_the_clue_to_the_register(world: World) -> None:
    case = world.enter()
    world.go_to(1)
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    world.go_to(2)
    world.finish(case, "submit_batch", "xiang")
    world.go_to(4)
    world.finish(case, "run_matching", "xian2")
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    assert world.open_items(case) == {}
    assert world.go_to(9, 23) == 0  # five full days have not passed
    assert world.go_to(10, 0) == 1
    world.go_to(10)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.go_to(11)
    world.finish(case, "approve", "xian")
    world.finish(case, "announce", "xiang")
    done = world.finish(case, "register", "xiang")
    assert done.finished
    case = world.case(case.id)
    assert (case.status, case.outcome, case.lamp_floor) == ("finished", "已纳入", "green")
    household = world.session.get_one(Household, case.household_id)
    assert (household.status, household.category, household.national_number) == (
        "monitored",
        "marginal",
        "4100000001",
    )
    announcement = world.session.scalars(select(NumberedPaper)).one()
    assert announcement.number == "车村镇防返贫公告〔2022〕1号"
    text = announcements.papers(world.session, announcement.entries[0].case_id)[0].text
    assert "王建国" in text and "4199" not in text
    world.assert_replays(case.id)


@pytest.mark.duty("R10")
def test_an_upheld_objection_leads_to_a_new_full_notice(world: World) -> None:

    case = world.enter()
    world.go_to(4)
    world.to_notice(case)
    world.go_to(8)
    data = {"matter": "家有汽车", "raised_on": world.today.isoformat()}
    objections.raise_objection(world.session, world.official("xiang"), case.id, data, clock=world.clock)
    world.go_to(9)
    world.go_to(10, 12)
    assert world.session.scalars(select(Notice.status)).all() == ["open"]  # not closed while it is examined
    world.finish(case, "examine_objection", "xiang", outcome="upheld_changed")
    world.finish(case, "reverify", "cun")
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.session.commit()
    assert world.session.scalars(select(Notice.status).order_by(Notice.id)).all() == ["superseded", "open"]
    world.go_to(15, 23)
    assert "end_notice" not in world.open_items(case)
    world.go_to(16, 0)
    assert "end_notice" in world.open_items(case)
    world.assert_replays(case.id)


@pytest.mark.duty("R10")
def test_an_objection_after_the_notice_is_refused_and_a_withdrawal_tells_the_household(world: World) -> None:

    case = world.enter()
    world.to_notice(case)
    data = {"matter": "长期在外", "raised_on": world.today.isoformat(), "raised_by": "邻居"}
    objections.raise_objection(world.session, world.official("cun"), case.id, data, clock=world.clock)
    world.finish(case, "examine_objection", "xiang", outcome="upheld_withdrawn", finding="全家已迁出")
    case = world.case(case.id)
    assert (case.status, case.outcome) == ("finished", "异议成立")
    assert "全家已迁出" in world.session.scalars(select(Telling.text)).one()
    with pytest.raises(Conflict):
        objections.raise_objection(world.session, world.official("cun"), case.id, data, clock=world.clock)
    world.assert_replays(case.id)


@pytest.mark.duty("R08")
def test_without_a_signed_letter_nothing_is_matched(world: World) -> None:
    case = world.enter(channel="self_declaration")
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun", signed="no", refusal_reason="担心影响子女", scan=[])
    assert set(world.open_items(case)) == {"unauthorised"}
    world.finish(case, "unauthorised", "xiang", outcome="again")
    world.finish(case, "sign", "cun", signed="no", refusal_reason="仍不愿", scan=[])
    world.finish(case, "unauthorised", "xiang")
    assert world.case(case.id).outcome == "未授权"
    world.assert_replays(case.id)


@pytest.mark.duty("R12", "R38")
def test_who_prepared_a_case_does_not_approve_it(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    with pytest.raises(NotAllowed, match="组织信息比对"):
        world.finish(case, "approve", "xian2")
    world.finish(case, "approve", "xian")


@pytest.mark.duty("R12")
def test_approval_against_a_finding_needs_an_explanation(world: World) -> None:
    case = world.enter()
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    world.finish(case, "submit_batch", "xiang")
    finding = [{"source": "公安", "finding": "小型汽车", "amount": 150000}]
    world.finish(case, "run_matching", "xian2", effect="to_verify", findings=finding)
    told = {"member": "全户", "finding": "公安，小型汽车，150000 元"}
    told |= {"belongs": "yes", "explanation": "已报废"}
    world.finish(case, "check_findings", "cun", rows=[told])
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    with pytest.raises(Invalid) as refused:
        world.finish(case, "approve", "xian")
    assert list(refused.value.fields) == ["explanation"]
    world.finish(case, "approve", "xian", explanation="车辆已报废，待注销")
    assert world.case(case.id).outcome_code == "approved"


@pytest.mark.duty("R11", "R12")
def test_rejections_end_the_case_with_their_reason(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang", outcome="reject", reason="家中有稳定收入")
    case = world.case(case.id)
    assert (case.status, case.outcome) == ("finished", "乡级不同意")
    assert "家中有稳定收入" in world.session.scalars(select(Telling.text)).one()
    assert world.session.get_one(Household, case.household_id).status == "ordinary"


@pytest.mark.duty("R09")
def test_a_result_on_file_is_used_again(world: World) -> None:
    first = world.enter()
    world.to_notice(first)
    world.go_to(6)
    world.finish(first, "end_notice", "cun")
    world.finish(first, "review", "xiang", outcome="reject", reason="暂不纳入")
    world.go_to(20)
    second = world.enter(household_id=first.household_id)
    assert second.id != first.id
    world.finish(second, "verify", "cun")
    world.finish(second, "sign", "cun")
    assert set(world.open_items(second)) == {"appraise", "confirm_reuse"}  # no batch, no matching
    world.finish(second, "confirm_reuse", "xiang")
    assert set(world.open_items(second)) == {"appraise"}
    world.assert_replays(second.id)


@pytest.mark.duty("R06", "R15")
def test_three_clues_make_one_case_that_counts_from_the_earliest(world: World) -> None:
    world.go_to(3)
    case = world.enter(channel="self_declaration")
    assert world.case(case.id).limit_at == world.day(19, 0)
    world.go_to(5)
    same = world.enter(channel="department_warning", household_id=case.household_id, day=world.day(1).date())
    again = world.enter(household_id=case.household_id, day=world.day(5).date())
    assert same.id == again.id == case.id
    assert world.case(case.id).limit_at == world.day(17, 0)  # from day 1: passes at 00:00 of day 1 + 15 + 1
    assert world.open_items(case)["verify"].due_at == world.day(17, 0)
    world.assert_replays(case.id)


@pytest.mark.duty("R15")
def test_the_limit_warns_marks_and_asks_but_never_stops(world: World) -> None:
    case = world.enter()
    assert world.go_to(12, 23) == 0
    assert world.go_to(13, 0) == 1
    assert world.case(case.id).lamp_floor == "yellow"
    assert world.go_to(16, 0) == 1
    assert world.case(case.id).lamp_floor == "red"
    assert set(world.open_items(case)) == {"verify", "explain_delay"}
    world.finish(case, "explain_delay", "xian2")
    world.to_notice(case)
    world.go_to(22)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    assert world.case(case.id).outcome_code == "approved"
    world.assert_replays(case.id)


@pytest.mark.duty("R16", "R17")
@pytest.mark.parametrize(
    ("kind", "wage", "medical", "category"),
    [
        ("lifted_with_policy", 10000, 0, "unstable"),
        ("ordinary", 10000, 0, "marginal"),
        ("ordinary", 18400, 86000, "sudden_hardship"),
        ("lifted_without_policy", 18400, 20000, "sudden_hardship"),
    ],
)
def test_the_table_recommends_a_category(
    small_world: World, kind: str, wage: int, medical: int, category: str
) -> None:
    from engine.casework.step.reading import instance_of

    case = small_world.enter()
    small_world.finish(case, "verify", "cun", household_type=kind, wage=wage, business=0, medical=medical)
    assert (
        instance_of(small_world.session, small_world.case(case.id)).variables["category"]["category"]
        == category
    )


@pytest.mark.duty("R16")
def test_an_exclusion_needs_the_township(world: World) -> None:
    case = world.enter()
    world.finish(case, "verify", "cun", opinion="not_suggest", opinion_reason="收入稳定")
    world.finish(case, "exclusion_review", "xiang", outcome="disagree", reason="妻子重病，应再核实")
    assert set(world.open_items(case)) == {"verify"}
    world.finish(case, "verify", "cun", opinion="not_suggest", opinion_reason="已有保险赔付")
    world.finish(case, "exclusion_review", "xiang")
    assert world.case(case.id).outcome == "不符合条件"


@pytest.mark.duty("R06", "R15")
def test_a_clue_that_makes_the_case_late_at_once_moves_every_end_of_the_limit(world: World) -> None:
    world.go_to(20)
    case = world.enter(day=world.day(19).date())
    world.go_to(22)
    world.enter(household_id=case.household_id, day=world.day(1).date())
    passed = world.day(17, 0)  # day 1 and 15 full days: it has passed five days ago
    found = world.case(case.id)
    assert (found.limit_at, found.lamp_floor) == (passed, "red")
    assert world.open_items(case)["verify"].due_at == passed
    query = select(Timer).where(Timer.case_id == case.id, Timer.kind == "limit")
    limit = world.session.scalars(query).one()
    assert (limit.due_at, limit.status, limit.standing) == (passed, "fired", "open")
    world.go_to(23)
    world.enter(household_id=case.household_id, day=world.day(0).date())  # earlier still, after it has passed
    world.session.commit()
    earlier = world.day(16, 0)
    assert world.session.get_one(Timer, limit.id, populate_existing=True).due_at == earlier
    assert world.case(case.id).limit_at == earlier
    assert world.open_items(case)["verify"].due_at == earlier
    world.assert_replays(case.id)
