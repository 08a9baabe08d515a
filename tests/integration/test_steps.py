"""The step transaction: once or not at all, nothing typed is lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import event, func, select

from engine.casework import acts
from engine.casework.desk import inbox, views
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import Draft, Incident, LogEntry, Submission, Timer, WorkItem
from engine.casework.time import incidents, timers
from engine.flow.services import Service
from engine.ground.clock import MovableClock
from engine.ground.errors import Conflict, EngineFault, Invalid, NotAllowed, NotFound
from engine.prevention.kit import KIT
from engine.prevention.models import Household
from tests.support import papers
from tests.support.field import answering
from tests.support.world import World


def test_a_repeated_request_gets_the_first_answer(world: World) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    first = acts.complete(
        world.session,
        world.official("cun"),
        item.id,
        papers.verification(world.today),
        idempotency_key="k",
        clock=world.clock,
    )
    again = acts.complete(
        world.session, world.official("cun"), item.id, {}, idempotency_key="k", clock=world.clock
    )
    assert first == again
    assert world.session.scalar(select(func.count()).select_from(Submission)) == 1
    for_another = world.open_items(case)["sign"]
    with pytest.raises(Conflict, match="另一件"):
        acts.complete(
            world.session, world.official("cun"), for_another.id, {}, idempotency_key="k", clock=world.clock
        )
    with pytest.raises(Conflict, match="办结"):  # a colleague's key is another one, be it the same text
        acts.complete(
            world.session, world.official("cun2"), item.id, {}, idempotency_key="k", clock=world.clock
        )


def test_a_finished_task_is_refused_with_who_and_when_and_leaves_no_draft_that_nobody_can_open(
    world: World,
) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    world.finish(case, "verify", "cun")
    typed = papers.verification(world.today, wage=777)
    with pytest.raises(Conflict, match="村甲于2022年5月5日 09:00办结"):
        acts.complete(world.session, world.official("cun2"), item.id, typed, clock=world.clock)
    assert world.session.scalars(select(Draft.data)).all() == []


def test_two_officials_at_the_same_second(world: World) -> None:
    case = world.enter()
    item_id = world.open_items(case)["verify"].id
    world.session.commit()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def act(username: str) -> None:
        with world.sessions() as session:
            actor = world_account(session, username)
            session.commit()
            start.wait()
            try:
                acts.complete(session, actor, item_id, papers.verification(world.today), clock=world.clock)
                outcomes.append("won")
            except Conflict as error:
                outcomes.append(error.message)

    threads = [threading.Thread(target=act, args=(name,)) for name in ("cun", "cun2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome == "won" for outcome in outcomes) == [False, True]
    assert any("办结，不能再次办理" in outcome for outcome in outcomes)
    assert world.session.scalar(select(func.count()).select_from(Submission)) == 1
    world.assert_replays(case.id)


def world_account(session: Any, username: str) -> Any:
    from engine.casework.models import Account

    return session.scalars(select(Account).where(Account.username == username)).one()


def test_wrong_data_changes_nothing_and_stays_as_a_draft(world: World) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    bad = papers.verification(world.today, members=[papers.member(id_number="419901197503081230")])
    with pytest.raises(Invalid) as refused:
        acts.complete(world.session, world.official("cun"), item.id, bad, clock=world.clock)
    assert refused.value.fields == {
        "members.0.id_number": ["证件号码：身份证号码的校验位不对，请核对是否输错。"]
    }
    assert set(world.open_items(case)) == {"verify"}
    assert world.session.scalars(select(Draft.data)).one()["members"][0]["id_number"] == "419901197503081230"


def test_a_failing_service_rolls_everything_back_and_becomes_an_incident(world: World) -> None:
    case = world.enter()
    lines = world.session.scalar(select(func.count()).select_from(LogEntry))

    def fail(call: object) -> None:
        raise RuntimeError("disk full")

    with answering(Service("household.record", "", "", fail)), pytest.raises(EngineFault, match="故障"):
        world.finish(case, "verify", "cun")
    assert set(world.open_items(case)) == {"verify"}
    assert world.session.scalar(select(func.count()).select_from(LogEntry)) == lines
    assert world.session.scalar(select(func.count()).select_from(Submission)) == 0
    incident = world.session.scalars(select(Incident)).one()
    assert "RuntimeError" in incident.error and "in fail" in incident.trace  # what it cites may be of people
    world.finish(case, "verify", "cun")  # the official's next try


def test_a_failing_timer_is_set_aside_and_can_be_retried(world: World) -> None:
    case, other = (
        world.enter(),
        world.enter(name="李四", id_number=papers.id_number("41990119800101345"), address="西坡9号"),
    )
    world.to_notice(case)
    world.to_notice(other)
    original = KIT.service["notice.close"]

    def fail_once(call: Any) -> Any:
        if call.case.id == case.id:
            raise RuntimeError("printer on fire")
        return original.function(call)

    with answering(Service("notice.close", "", "", fail_once)):
        assert world.go_to(6, 0) == 1
        assert set(world.open_items(other)) == {"end_notice"}
        assert world.open_items(case) == {}
        assert world.go_to(6, 1) == 0  # set aside: not tried over and over
    incident = world.session.scalars(select(Incident)).one()
    with pytest.raises(NotAllowed):
        incidents.retry(world.session, world.official("xian"), incident.id, world.clock)
    assert incidents.retry(world.session, world.official("xitong"), incident.id, world.clock)
    assert set(world.open_items(case)) == {"end_notice"}
    world.assert_replays(case.id)


@pytest.mark.duty("C3")
def test_timers_fire_once_in_due_order_after_downtime(world: World) -> None:
    cases = []
    for number in range(4):
        changes = {
            "name": f"户{number}",
            "id_number": papers.id_number(f"419901198001{number + 10}345"),
            "address": f"北寨{number}号",
        }
        world.clock.set(world.day(number))
        case = world.enter(**changes)
        world.to_notice(case)
        cases.append(case)
    world.session.commit()
    world.clock.set(world.day(30))
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(timers.fire_due(world.sessions, world.clock)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timers.fire_due(world.sessions, world.clock)
    query = select(LogEntry.data, LogEntry.at).where(LogEntry.kind == "timer").order_by(LogEntry.id)
    fired = world.session.execute(query).all()
    notices = [data["due"] for data, _ in fired if data["due"] < "2022-05-15"]
    assert len(notices) == 4
    assert {at for _, at in fired} == {
        world.clock.now()
    }  # the log keeps both: the true due time and when it was done
    for case in cases:
        dues = [entry.data["due"] for entry in _timer_lines(world, case.id)]
        assert dues == sorted(dues) and len(dues) == 2
        world.assert_replays(case.id)
    assert timers.fire_due(world.sessions, world.clock) == 0


def _timer_lines(world: World, case_id: int) -> list[LogEntry]:
    query = select(LogEntry).where(LogEntry.stream == f"case:{case_id}", LogEntry.kind == "timer")
    return list(world.session.scalars(query.order_by(LogEntry.seq)))


@pytest.mark.duty("R11", "R12", "R15")
def test_returns_keep_data_and_the_clock(world: World) -> None:
    case = world.enter()
    world.to_notice(case)
    world.go_to(6)
    world.finish(case, "end_notice", "cun")
    world.finish(case, "review", "xiang")
    limit = world.case(case.id).limit_at
    approve = world.open_items(case)["approve"]
    with pytest.raises(Invalid, match="原因"):
        acts.return_to(world.session, world.official("xian"), approve.id, None, " ", clock=world.clock)
    acts.return_to(world.session, world.official("xian"), approve.id, None, "缺评议照片", clock=world.clock)
    review = world.open_items(case)["review"]
    assert "缺评议照片" in review.note
    targets = acts.return_targets(world.session, world.official("xiang"), review.id)
    to_verify = next(target for target in targets if target.element_id == "verify")
    acts.return_to(
        world.session, world.official("xiang"), review.id, to_verify.seq, "补一名成员", clock=world.clock
    )
    item = world.open_items(case)["verify"]
    view = views.task_view(world.session, world.official("cun"), item.id, world.clock.now())
    assert view.values["wage"] == 10000 and len(view.values["members"]) == 2
    assert world.case(case.id).limit_at == limit
    reasons = [event.reason for event in view.case_view.timeline if event.kind == "return"]
    assert reasons == ["缺评议照片", "补一名成员"]
    world.assert_replays(case.id)


def test_withdraw_only_while_nobody_has_worked_on_the_next(world: World) -> None:
    case = world.enter()
    verify = world.open_items(case)["verify"]
    world.finish(case, "verify", "cun")
    with pytest.raises(Conflict, match="自己"):
        acts.withdraw(world.session, world.official("cun2"), verify.id, clock=world.clock)
    acts.withdraw(world.session, world.official("cun"), verify.id, clock=world.clock)
    assert set(world.open_items(case)) == {"verify"}
    world.finish(case, "verify", "cun")
    again = world.session.scalars(
        select(WorkItem).where(WorkItem.element_id == "verify", WorkItem.status == "done")
    ).one()
    sign = world.open_items(case)["sign"]
    acts.claim(world.session, world.official("cun2"), sign.id, clock=world.clock)
    with pytest.raises(Conflict, match="已经有人开始办理"):
        acts.withdraw(world.session, world.official("cun"), again.id, clock=world.clock)
    world.assert_replays(case.id)


def test_claim_release_and_reassign(world: World) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    acts.claim(world.session, world.official("cun"), item.id, clock=world.clock)
    with pytest.raises(Conflict, match="村甲"):
        world.finish(case, "verify", "cun2")
    with pytest.raises(Invalid, match="同一待办"):
        acts.reassign(
            world.session, world.official("cun"), item.id, world.official("lin").id, clock=world.clock
        )
    acts.reassign(
        world.session, world.official("cun2"), item.id, world.official("cun2").id, clock=world.clock
    )
    world.finish(case, "verify", "cun2")


def test_bulk_decides_each_alone(world: World) -> None:
    ids, cases = [], []
    for number in range(3):
        case = world.enter(
            name=f"户{number}",
            id_number=papers.id_number(f"419901198001{number + 10}345"),
            address=f"北寨{number}号",
        )
        world.finish(case, "verify", "cun")
        world.finish(case, "sign", "cun")
        ids.append(world.open_items(case)["submit_batch"].id)
        cases.append(case)
    world.finish(cases[1], "submit_batch", "xiang2")
    data = papers.paper("matching_batch", world.today, "0")
    results = acts.complete_many(world.session, world.official("xiang"), ids, data, clock=world.clock)
    assert [type(result).__name__ for _, result in results] == ["StepResult", "Conflict", "StepResult"]


def test_a_completion_costs_a_fixed_small_number_of_statements(world: World) -> None:
    def statements(case_number: int) -> int:
        case = world.enter(
            name=f"户{case_number}",
            id_number=papers.id_number(f"41990119800101{case_number:03d}"),
            address=f"南岭{case_number}号",
        )
        world.finish(case, "verify", "cun")
        world.finish(case, "sign", "cun")
        item = world.open_items(case)["submit_batch"]
        data, actor = papers.paper("matching_batch", world.today, "0"), world.official("xiang")
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        event.listen(world.engine, "before_cursor_execute", count)
        acts.complete(world.session, actor, item.id, data, clock=world.clock)
        event.remove(world.engine, "before_cursor_execute", count)
        return counted

    first = statements(1)
    for number in range(2, 8):
        last = statements(number)
    assert last <= first <= 16


WAY = {
    "verify": ("cun", 26),
    "sign": ("cun", 12),
    "submit_batch": ("xiang", 14),
    "run_matching": ("xian2", 13),
    "appraise": ("cun", 18),
    "post_notice": ("cun", 17),
    "end_notice": ("cun", 12),
    "review": ("xiang", 14),
    "approve": ("xian", 35),
    "announce": ("xiang", 23),
    "register": ("xiang", 12),
}
"""Who does each step of an identification, and how often it may ask the database: services make the
difference.
"""


def test_each_step_asks_a_small_constant_number_of_statements(small_world: World) -> None:
    world, asked = small_world, [0]

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement == "BEGIN IMMEDIATE":  # the step's own, whatever was read before on the same connection
            asked.append(0)
        else:
            asked[-1] += 1

    event.listen(world.engine, "before_cursor_execute", count)
    case, counted = world.enter(), dict[str, int]()
    for element_id, (username, _) in WAY.items():
        if element_id == "end_notice":
            world.go_to(world.number + 6)
        world.finish(case, element_id, username)
        counted[element_id] = asked[-1]
    assert {key: number for key, number in counted.items() if number > WAY[key][1]} == {}, counted


@pytest.mark.duty("C4")
def test_the_inbox_filters_sorts_and_pages(world: World) -> None:
    for number in range(23):
        world.clock.set(world.day(0, 9 + number // 3))
        world.enter(
            name=f"户{number:02d}",
            id_number=papers.id_number(f"41990119800101{number:03d}"),
            address=f"河湾{number}号",
        )
    actor, now = world.official("cun"), world.clock.now()
    page = inbox.todo(world.session, actor, InboxFilter(), now)
    assert (page.total, page.pages, len(page.items)) == (23, 2, 20)
    assert [
        item.subject for item in inbox.todo(world.session, actor, InboxFilter(text="户07"), now).items
    ] == ["户07"]
    assert len(inbox.todo(world.session, actor, InboxFilter(page=2, sort="name"), now).items) == 3
    assert inbox.todo(world.session, actor, InboxFilter(lamp="red"), now).total == 0
    world.go_to(14)
    assert inbox.todo(world.session, actor, InboxFilter(lamp="yellow"), world.clock.now()).total == 23
    groups = inbox.todo_groups(world.session, actor, world.clock.now())
    assert [(group.name, group.count, group.yellow) for group in groups] == [("入户核实", 23, 23)]
    assert inbox.todo(world.session, world.official("lin"), InboxFilter(), now).total == 0
    assert inbox.todo(world.session, world.official("xiang"), InboxFilter(), now).total == 0


def test_a_moved_clock_does_not_fire_early(small_world: World) -> None:
    case = small_world.enter()
    small_world.to_notice(case)
    early = MovableClock(at=small_world.day(5, 23))
    assert timers.fire_due(small_world.sessions, early) == 0
    waiting = small_world.session.scalars(select(Timer).where(Timer.element_id == "notice_over")).one()
    assert waiting.due_at == small_world.day(6, 0)


def test_a_case_of_another_place_does_not_exist(world: World) -> None:
    case = world.enter()
    item = world.open_items(case)["verify"]
    for stranger in ("lin", "waixiang", "waixian", "liucheng", "xitong"):
        with pytest.raises(NotFound):
            views.case_view(world.session, world.official(stranger), case.id)
        with pytest.raises(NotFound):
            acts.complete(world.session, world.official(stranger), item.id, {}, clock=world.clock)
    with pytest.raises(NotAllowed):
        acts.complete(world.session, world.official("xiang"), item.id, {}, clock=world.clock)
    with pytest.raises(NotFound):
        world.enter("lin", household_id=world.session.scalars(select(Household.id)).one())
