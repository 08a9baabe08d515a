"""督办 (C6, R15, R19): limits by lamp and place, urging, orders, the ladder, the weekly letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.casework import acts, definitions
from engine.casework.definitions import deployment
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.lamps import days_over
from engine.casework.models import (
    CaseFile,
    Notification,
    NotificationRule,
    Outbox,
    SupervisionOrder,
    Timer,
    Urge,
    WorkItem,
)
from engine.casework.portions.outgoing import sending
from engine.casework.supervision import counting, letters, limits, order_lists, orders, urging
from engine.casework.supervision.limits import LimitFilter
from engine.casework.telling import notification_rules
from engine.casework.telling.notification_rules import NewRule
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.installation import ROOT
from engine.prevention.models import Household
from tests.support import sheets
from tests.support.small import boundary, flow
from tests.support.template import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.support.world import World

ANSWER = {"cause": "农户外出务工，未能当面核实。", "measure": "已电话联系，本周入户。"}


def standing(world: World, case: CaseFile) -> list[Timer]:
    """The limits of the case that count."""
    world.session.commit()
    query = select(Timer).where(Timer.case_id == case.id, limits.STANDING)
    return list(world.session.scalars(query.execution_options(populate_existing=True)))


def bells(world: World, event: str, username: str) -> list[str]:
    """What an official's bell says of an event."""
    world.session.commit()
    page = inbox.bell(world.session, world.official(username))
    return [line.text for line in page.items if line.kind == event]


def board(world: World, username: str = "ducha", **narrowed: str) -> counting.Board:
    """The supervisor's counts now."""
    world.session.commit()
    wanted = LimitFilter(**narrowed)  # type: ignore[arg-type]
    return counting.board(world.session, world.official(username), wanted, world.clock.now())


@pytest.mark.duty("C6", "R15")
def test_a_limit_turns_yellow_then_red_and_counts_until_the_work_under_it_is_over(world: World) -> None:
    case = world.enter()
    assert (board(world).lamps.green, board(world).lamps.red) == (1, 0)
    world.go_to(13)
    assert board(world).lamps.yellow == 1
    world.go_to(17)
    lamps = board(world).lamps
    assert (lamps.red, lamps.yellow, lamps.green) == (1, 0, 0)
    held = limits.listing(world.session, world.official("ducha"), LimitFilter(), world.clock.now()).items[0]
    assert (held.subject, days_over(held.due_at, world.clock.now())) == (case.subject, 2)
    assert [item.element_id for item in held.items] == ["verify"]
    world.finish(case, "verify", "cun")
    world.finish(case, "sign", "cun")
    assert len(standing(world, case)) == 1
    world.finish(case, "submit_batch", "xiang")
    world.finish(case, "run_matching", "xian2")
    world.finish(case, "appraise", "cun")
    world.finish(case, "post_notice", "cun")
    assert board(world).lamps.red == 1, "a case that waits for the end of a notice is late all the same"
    world.go_to(23)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    assert [timer.procedure_key for timer in standing(world, case)] == []
    world.assert_replays(case.id)


@pytest.mark.duty("C6")
def test_counts_by_division_drill_down_to_the_case(small_world: World) -> None:
    world = small_world
    first = world.enter()
    second = world.enter(
        "lin", village_code=OTHER_VILLAGE, head_name="李春生", id_number="419901197003030053"
    )
    world.go_to(20)
    county = board(world)
    assert [(line.key, line.lamps.red) for line in county.places] == [(TOWNSHIP, 2)]
    township = board(world, division=TOWNSHIP)
    assert {line.key: line.lamps.red for line in township.places} == {VILLAGE: 1, OTHER_VILLAGE: 1}
    assert [one.code for one in township.path] == [COUNTY, TOWNSHIP]
    assert sum(line.lamps.red for line in county.limits) == 2 == sum(line.lamps.red for line in county.steps)
    found = limits.listing(
        world.session, world.official("ducha"), LimitFilter(division=VILLAGE), world.clock.now()
    )
    assert [one.case_id for one in found.items] == [first.id] != [second.id]
    step = county.steps[0].key
    by_step = limits.listing(
        world.session, world.official("ducha"), LimitFilter(step=step), world.clock.now()
    )
    assert len(by_step.items) == 2
    with pytest.raises(NotFound):
        board(world, division="410326000000")
    with pytest.raises(NotAllowed):
        board(world, "cun")
    assert board(world, "xiang").lamps.red == 2
    assert board(world, "waixiang").lamps.total == 0


@pytest.mark.duty("C6")
def test_an_urged_item_stands_on_top_and_is_urged_once_a_day(world: World) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    supervisor = world.official("ducha")
    urging.urge(world.session, supervisor, item.id, "请本周内完成。", clock=world.clock)
    with pytest.raises(Conflict, match="今天您已经催办过"):
        urging.urge(world.session, supervisor, item.id, clock=world.clock)
    world.go_to(1)
    urging.urge(world.session, supervisor, item.id, clock=world.clock)
    assert world.open_items(case)["verify"].urged == 2
    assert [one.id for one in inbox.urged(world.session, world.official("cun"))] == [item.id]
    mine = inbox.todo(world.session, world.official("cun"), InboxFilter(urged=True), world.clock.now())
    assert [one.id for one in mine.items] == [item.id]
    assert bells(world, "urged", "cun") == [
        f"{case.subject}户“入户核实”被督甲催办（第 2 次）。",
        f"{case.subject}户“入户核实”被督甲催办（第 1 次）：请本周内完成。",
    ]
    assert urging.by_whom(urging.of_case(world.session, case.id)) == {"督甲": 2}
    with pytest.raises(NotAllowed):
        urging.urge(world.session, world.official("xian"), item.id, clock=world.clock)
    with pytest.raises(NotFound):
        urging.urge(world.session, world.official("waixian"), item.id, clock=world.clock)
    world.finish(case, "verify", "cun")
    with pytest.raises(Conflict, match="已经办结"):
        urging.urge(world.session, supervisor, item.id, clock=world.clock)
    world.assert_replays(case.id)
    assert len(world.session.scalars(select(Urge)).all()) == 2


@pytest.mark.duty("C6")
def test_a_supervisor_reassigns_within_the_division(small_world: World) -> None:
    world = small_world
    item = world.open_items(world.enter())["verify"]
    colleague = world.official("cun2")
    held = acts.reassign(world.session, world.official("ducha"), item.id, colleague.id, clock=world.clock)
    assert held.claimed_by == colleague.id
    with pytest.raises(Invalid):
        acts.reassign(
            world.session, world.official("ducha"), item.id, world.official("lin").id, clock=world.clock
        )


def ordered(world: World, case: CaseFile) -> SupervisionOrder:
    """An order about the case's open item."""
    item = world.open_items(case)["verify"]
    due = world.today + timedelta(days=2)
    return orders.give(
        world.session, world.official("ducha"), item.id, "超期未核实，请说明。", due, clock=world.clock
    )


@pytest.mark.duty("C6", "R15", "R19")
def test_an_order_is_answered_returned_answered_again_and_accepted(world: World) -> None:
    case = world.enter()
    world.go_to(17)
    order = ordered(world, case)
    with pytest.raises(Conflict, match="没办完的督办单"):
        ordered(world, case)
    promise = {**ANSWER, "promised_on": (world.today + timedelta(days=3)).isoformat()}
    with pytest.raises(NotAllowed):
        orders.answer(world.session, world.official("xiang"), order.id, promise, clock=world.clock)
    with pytest.raises(Invalid):
        orders.answer(world.session, world.official("cun"), order.id, {"cause": "忙"}, clock=world.clock)
    early = {**promise, "promised_on": (world.today - timedelta(days=1)).isoformat()}
    with pytest.raises(Invalid):
        orders.answer(world.session, world.official("cun"), order.id, early, clock=world.clock)
    orders.answer(world.session, world.official("cun"), order.id, promise, clock=world.clock)
    with pytest.raises(Invalid, match="原因"):
        orders.judge(world.session, world.official("ducha"), order.id, False, " ", clock=world.clock)
    orders.judge(world.session, world.official("ducha"), order.id, False, "原因不具体。", clock=world.clock)
    orders.answer(world.session, world.official("cun2"), order.id, promise, clock=world.clock)
    orders.judge(world.session, world.official("ducha"), order.id, True, "", clock=world.clock)
    found = order_lists.get(world.session, world.official("cun"), order.id)
    assert [entry.kind for entry in found.entries] == ["answered", "returned", "answered", "accepted"]
    assert (
        bells(world, "ordered", "cun")
        and bells(world, "returned", "cun2")
        and bells(world, "answered", "ducha")
    )
    world.assert_replays(case.id)


@pytest.mark.duty("C6")
def test_a_promise_that_passes_turns_the_order_red_once(world: World) -> None:
    case = world.enter()
    world.go_to(17)
    order = ordered(world, case)
    promise = {**ANSWER, "promised_on": world.today.isoformat()}
    orders.answer(world.session, world.official("cun"), order.id, promise, clock=world.clock)
    world.go_to(18)
    found = order_lists.get(world.session, world.official("ducha"), order.id)
    assert found.promise_passed and order_lists.late(found, world.today)
    assert len(bells(world, "promise", "cun")) == len(bells(world, "promise", "ducha")) == 1
    world.finish(case, "verify", "cun")
    assert not order_lists.late(
        order_lists.get(world.session, world.official("ducha"), order.id), world.today
    )
    world.assert_replays(case.id)


@pytest.mark.duty("R15", "R19")
def test_the_ladder_warns_then_marks_then_repeats_until_the_work_is_done(world: World) -> None:
    case = world.enter()
    world.go_to(13)
    assert len(bells(world, "warning", "cun")) == 1 and not bells(world, "overdue", "xian")
    world.go_to(16)
    assert [len(bells(world, "overdue", who)) for who in ("cun", "xian", "ducha")] == [1, 1, 1]
    assert not bells(world, "repeated", "cun")
    world.go_to(19)
    assert [len(bells(world, "repeated", who)) for who in ("cun", "xiang", "ducha")] == [1, 1, 1]
    world.go_to(30)  # the server was down meanwhile: once, not for every third day that went by
    assert len(bells(world, "repeated", "cun")) == 2
    world.to_notice(case)
    world.go_to(40)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    world.finish(case, "approve", "xian")
    query = select(Timer).where(Timer.case_id == case.id, Timer.kind == "repeat", Timer.status == "waiting")
    assert world.session.scalars(query).all() == []
    world.assert_replays(case.id)


@pytest.mark.duty("R15")
def test_the_table_says_who_is_told_and_what_leaves_is_masked_and_written_once(world: World) -> None:
    owner, now = world.official("liucheng"), world.clock.now()
    with write(world.session):
        world.official("cun").email = "cun@example.com"
    for audience, channel, target in (("holder", "email", ""), ("county", "webhook", "县局")):
        rule = NewRule("overdue", audience, channel, target=target)
        notification_rules.add(world.session, owner, rule, robots=["县局"], now=now)
    with pytest.raises(Invalid) as caught:
        wrong = NewRule("overdue", "everybody", "webhook", target="http://169.254.0.1/", repeat_days=3)
        notification_rules.add(world.session, owner, wrong, robots=["县局"], now=now)
    assert set(caught.value.fields) == {"audience", "target", "repeat_days"}
    with pytest.raises(NotAllowed):
        notification_rules.add(world.session, world.official("ducha"), rule, robots=["县局"], now=now)
    bell = select(NotificationRule).where(
        NotificationRule.event == "overdue", NotificationRule.audience == "county"
    )
    county_bell = world.session.scalars(bell.where(NotificationRule.channel == "bell")).one()
    notification_rules.switch(world.session, owner, county_bell.id, now)
    case = world.enter()
    world.go_to(16)
    assert not bells(world, "overdue", "xian") and bells(world, "overdue", "cun")
    rows = world.session.scalars(select(Outbox).order_by(Outbox.channel)).all()
    assert [(row.channel, row.target) for row in rows] == [("email", "cun@example.com"), ("webhook", "县局")]
    for row in rows:
        text = str(row.payload["text"])
        assert case.subject not in text and case.subject[0] + "*" in text and "超期" in text
    world.session.commit()
    household = world.session.get_one(Household, case.household_id)
    assert all(household.head_id_number not in str(row.payload) for row in rows)


@pytest.mark.duty("R15")
def test_a_line_of_the_table_names_a_limit_or_step_that_the_diagram_in_force_has(small_world: World) -> None:
    world, owner, now = small_world, small_world.official("liucheng"), small_world.clock.now()

    def refused(rule: NewRule) -> str:
        with pytest.raises(Invalid) as caught:
            notification_rules.add(world.session, owner, rule, robots=[], now=now)
        return "".join(caught.value.fields.get("element_id", caught.value.fields.get("procedure_key", [])))

    assert "没有这一步" in refused(NewRule("overdue", "county", "bell", "identification", "dream"))
    assert "没有这一步" in refused(NewRule("overdue", "county", "bell", "", "limit_15"))
    assert "没有这个流程" in refused(NewRule("overdue", "county", "bell", "dreams"))
    assert "请选择一个时限" in refused(NewRule("overdue", "county", "bell", "identification", "verify"))
    assert "请选择一个步骤" in refused(NewRule("urged", "county", "bell", "identification", "limit_15"))
    assert "整个流程" in refused(NewRule("approved", "submitter", "bell", "identification", "verify"))
    wanted = NewRule("overdue", "township", "bell", "identification", "limit_15")
    with pytest.raises(Invalid):
        notification_rules.add(world.session, owner, wanted, robots=[], now=now)  # no such audience
    wanted = replace(wanted, audience="supervisor_county", channel="webhook", target="县局")
    notification_rules.add(world.session, owner, wanted, robots=["县局"], now=now)

    def named() -> tuple[str, str, bool]:
        rules = notification_rules.rules(world.session, owner)
        return next((one.procedure, one.element, one.gone) for one in rules if one.line.element_id)

    assert named() == ("识别认定", "满15天", False)
    running = world.enter()
    # a version without it comes into force: the line stays, says so, and still serves the cases on the
    # version before
    body = definitions.current(world.session, "identification").xml.replace(b"limit_15", b"limit_fifteen")
    resources = definitions.resources_in_force(world.session, None)
    deployment.deploy(world.session, owner, body, resources, "时限改名", now)
    assert named() == ("识别认定", "limit_15", True)
    world.go_to(16)
    assert [(row.case_id, row.target) for row in world.session.scalars(select(Outbox))] == [
        (running.id, "县局")
    ]


@pytest.mark.duty("C6", "R15")
def test_the_weekly_letter_lists_what_is_late_and_never_changes_once_issued(world: World) -> None:
    case = world.enter()
    world.go_to(17)
    supervisor = world.official("ducha")
    draft = letters.this_week(world.session, supervisor, TOWNSHIP, world.clock.now())
    assert draft.record is None and [row[2] for row in draft.paper.rows] == [case.subject]
    record = letters.issue(world.session, supervisor, TOWNSHIP, world.clock.now())
    again = letters.issue(world.session, supervisor, TOWNSHIP, world.clock.now())
    assert again.id == record.id and "督办〔2022〕1号" in record.number
    world.to_notice(case)
    kept = letters.this_week(world.session, supervisor, TOWNSHIP, world.clock.now())
    assert kept.record is not None and [row[2] for row in kept.paper.rows] == [case.subject]
    with pytest.raises(NotAllowed):
        letters.issue(world.session, world.official("xian"), TOWNSHIP, world.clock.now())
    with pytest.raises(Conflict, match="不用发函"):
        letters.issue(world.session, supervisor, OTHER_TOWNSHIP, world.clock.now())
    with pytest.raises(Conflict, match="先选到乡镇"):
        letters.this_week(world.session, supervisor, COUNTY, world.clock.now())


@pytest.mark.duty("C6")
def test_the_list_goes_to_excel(small_world: World) -> None:
    world = small_world
    world.enter()
    world.go_to(17)
    body, name = sending.written(world.session, world.official("ducha"), "limits", {}, world.clock)
    assert name.startswith("督办2022") and sheets.rows(body, 2)[0] == ["项目", "内容"]


@pytest.mark.duty("R15")
def test_urging_many_says_what_became_of_each(small_world: World) -> None:
    world = small_world
    first = world.open_items(world.enter())["verify"]
    second = world.open_items(
        world.enter("lin", village_code=OTHER_VILLAGE, head_name="李春生", id_number="419901197003030053")
    )["verify"]
    supervisor = world.official("ducha")
    urging.urge(world.session, supervisor, first.id, clock=world.clock)
    found = urging.urge_many(world.session, supervisor, [first.id, second.id, 10**6], clock=world.clock)
    assert (found.done, found.already, found.refused) == (1, 1, 1)
    lines = world.session.scalars(select(Notification).where(Notification.kind == "urged")).all()
    assert len(lines) == 2
    assert world.session.scalars(
        select(WorkItem.urged).where(WorkItem.id.in_([first.id, second.id]))
    ).all() == [1, 1]


@pytest.mark.duty("C6", "R12", "R15")
def test_a_promise_is_kept_with_its_step_and_not_ended_by_sending_the_case_back(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(17)
    world.finish(case, "end_notice", "cun")
    item = world.open_items(case)["review"]
    due = world.today + timedelta(days=2)
    order = orders.give(world.session, world.official("ducha"), item.id, "请说明", due, clock=world.clock)
    promise = {**ANSWER, "promised_on": (world.today + timedelta(days=1)).isoformat()}
    orders.answer(world.session, world.official("xiang"), order.id, promise, clock=world.clock)
    acts.return_to(world.session, world.official("xiang"), item.id, None, "请补正", clock=world.clock)
    with pytest.raises(Conflict):
        world.finish(case, "end_notice", "cun")
        again = world.open_items(case)["review"]
        orders.give(world.session, world.official("ducha"), again.id, "再问", due, clock=world.clock)
    world.go_to(20)  # the promised day has gone by while the village had it
    found = order_lists.get(world.session, world.official("ducha"), order.id)
    assert found.promise_passed and order_lists.late(found, world.today)
    assert bells(world, "promise", "xiang") and bells(world, "promise", "ducha")
    late = order_lists.listing(world.session, world.official("ducha"), "late", today=world.today)
    assert [one.id for one in late.items] == [order.id]
    world.finish(case, "review", "xiang")
    assert not order_lists.late(
        order_lists.get(world.session, world.official("ducha"), order.id), world.today
    )


@pytest.mark.duty("C6")
def test_the_list_of_late_orders_holds_those_that_their_own_pages_call_late(small_world: World) -> None:
    world = small_world
    supervisor, due = world.official("ducha"), world.today + timedelta(days=4)
    cases = [world.enter(name=name) for name in ("王建国", "李秀英", "张有田")]
    given = [
        orders.give(
            world.session, supervisor, world.open_items(case)["verify"].id, "请说明", due, clock=world.clock
        )
        for case in cases
    ]
    promise = {**ANSWER, "promised_on": (world.today + timedelta(days=1)).isoformat()}
    for order in given[1:]:
        orders.answer(world.session, world.official("cun"), order.id, promise, clock=world.clock)
    seen = set()
    for days, fired in ((1, True), (2, False), (2, True), (4, True), (5, True)):
        world.session.commit()
        world.clock.set(world.day(days))
        if fired:
            world.go_to(days)
        if (days, fired) == (4, True):  # its promise has passed: sent back, it owes an answer until its day
            orders.judge(world.session, supervisor, given[2].id, False, "理由不充分", clock=world.clock)
        listed = order_lists.listing(world.session, supervisor, "late", today=world.today).items
        each = [order_lists.get(world.session, supervisor, order.id) for order in given]
        assert {one.id for one in listed} == {one.id for one in each if order_lists.late(one, world.today)}
        seen.add(len(listed))
    assert seen == {0, 1, 2, 3}


@pytest.mark.duty("C6")
def test_an_order_is_owed_an_answer_when_its_step_is_done_and_may_say_when_it_was(world: World) -> None:
    case = world.enter()
    world.go_to(17)
    order = ordered(world, case)
    world.go_to(18)
    world.finish(case, "verify", "cun")
    assert not order_lists.late(
        order_lists.get(world.session, world.official("ducha"), order.id), world.today
    )
    world.go_to(22)
    found = order_lists.get(world.session, world.official("ducha"), order.id)
    assert order_lists.late(found, world.today)
    late = order_lists.listing(world.session, world.official("ducha"), "late", today=world.today)
    assert [one.id for one in late.items] == [order.id]
    wrong = {**ANSWER, "promised_on": (world.today + timedelta(days=1)).isoformat()}
    with pytest.raises(Invalid, match="有误"):
        orders.answer(world.session, world.official("cun"), order.id, wrong, clock=world.clock)
    done = {**ANSWER, "promised_on": world.day(18).date().isoformat()}
    orders.answer(world.session, world.official("cun"), order.id, done, clock=world.clock)
    found = order_lists.get(world.session, world.official("ducha"), order.id)
    assert not order_lists.late(found, world.today)
    world.go_to(30)
    assert not order_lists.get(world.session, world.official("ducha"), order.id).promise_passed


@pytest.mark.duty("C6", "R15")
def test_a_step_under_two_limits_holds_both_on_every_page_and_in_every_filter(world: World) -> None:
    drawn = (ROOT / "bpmn" / "identification.bpmn").read_text("utf-8")
    own = boundary("three_days", "verify", "P3D", "false").replace("id=", 'name="核实满3天" id=', 1)
    end = drawn.index("</bpmn:process>", drawn.index('id="verify"'))
    drawn = drawn[:end] + own + '<bpmn:endEvent id="told"/>' + flow("three_days", "told") + drawn[end:]
    resources = definitions.resources_in_force(world.session, None)
    deployment.deploy(world.session, None, drawn.encode(), resources, "核实三天", world.clock.now())
    case = world.enter()
    world.go_to(13)
    actor, now = world.official("ducha"), world.clock.now()

    def listed(**narrowed: str) -> list[tuple[str, list[str]]]:
        page = limits.listing(world.session, actor, LimitFilter(**narrowed), now)  # type: ignore[arg-type]
        return [(one.name, [item.element_id for item in one.items]) for one in page.items]

    both = [("核实满3天", ["verify"]), ("满15天", ["verify"])]
    assert listed() == both == listed(holder="village") == listed(holder=limits.UNCLAIMED)
    assert listed(step="identification:verify") == both == listed(sort="holder")
    assert listed(holder=limits.NOBODY) == []
    assert [(line.lamps.red, line.lamps.yellow) for line in board(world).steps] == [(1, 1)]
    letter = letters.this_week(world.session, actor, TOWNSHIP, now).paper
    assert [(row[3], row[4]) for row in letter.rows] == [(name, "入户核实") for name, _ in both]
    head, *rows = sheets.rows(sending.written(world.session, actor, "limits", {}, world.clock)[0])
    assert {row[head.index("正在办理")] for row in rows} == {"入户核实"} and len(rows) == 2
    items = limits.item_ids(world.session, actor, LimitFilter(limit="identification:"), now, 9)
    assert items == [world.open_items(case)["verify"].id]
    world.finish(case, "verify", "cun")
    assert listed() == [("满15天", ["sign"])]
