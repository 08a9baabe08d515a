"""The register put right: two records become one, a wrong clue is cancelled; by two people,
with all that follows.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.casework import audit
from engine.casework.audit import verification
from engine.casework.desk import inbox
from engine.casework.desk.inbox import InboxFilter
from engine.casework.models import CaseFile, LogEntry, Notification, Outbox, Timer, WorkItem
from engine.casework.supervision import order_lists, orders
from engine.casework.supervision.figures import facts, tally
from engine.casework.telling import notification_rules
from engine.casework.telling.notification_rules import NewRule
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.assistance import measures
from engine.prevention.identification import clues
from engine.prevention.models import Correction, Household, Measure, Member, RiskClue
from engine.prevention.records import asking, consequences, deciding, life
from engine.prevention.register.households import finding as households
from tests.support import papers
from tests.support.client import application, signed_in
from tests.support.template import OTHER_VILLAGE
from tests.support.world import World

OTHER = papers.id_number("41990119750308149")


def twice(world: World) -> tuple[CaseFile, CaseFile]:
    """One family, entered on day 0 and, with a wrong number, again on day 3; both are being identified."""
    first = world.enter()
    world.go_to(3)
    return first, world.enter(name="王健国", id_number=OTHER, address="东沟路1号", day=world.day(-2).date())


def ask(world: World, gone: CaseFile, kept: CaseFile, username: str = "xiang") -> Correction:
    kept_number = world.session.get_one(Household, kept.household_id).number
    actor = world.official(username)
    return asking.ask_merge(
        world.session, actor, gone.household_id, kept_number, "同一户，号码录错", clock=world.clock
    )


def decide(
    world: World, row: Correction, username: str = "xian", agrees: bool = True, note: str = ""
) -> Correction:
    world.session.commit()
    return deciding.decide(world.session, world.official(username), row.id, agrees, note, clock=world.clock)


@pytest.mark.duty("R41", "R06")
def test_two_records_become_one_and_nothing_is_lost(world: World) -> None:
    kept, gone = twice(world)
    row = ask(world, gone, kept)
    said = " ".join(consequences.foreseen(world.session, row))
    assert "终止" in said and "1 件待办收回" in said and "1 条还在起作用的线索" in said
    assert any("请核对" in line.text for line in inbox.bell(world.session, world.official("xian")).items)
    decide(world, row)
    household = world.session.get_one(Household, gone.household_id, populate_existing=True)
    assert (household.merged_into_id, household.status) == (kept.household_id, "merged")
    case = world.case(gone.id)
    assert (case.status, case.outcome) == ("cancelled", "并入王建国户") and not world.open_items(case)
    timers = world.session.scalars(select(Timer).where(Timer.case_id == case.id)).all()
    assert not [one for one in timers if one.status == "waiting" or one.standing == "open"]
    moved = world.session.scalars(select(RiskClue).order_by(RiskClue.id)).all()
    assert {clue.case_id for clue in moved} == {kept.id} and {clue.household_id for clue in moved} == {
        kept.household_id
    }
    assert (
        world.case(kept.id).discovery_date == world.day(-2).date()
    )  # the earliest clue rules the limit (R06)
    world.assert_replays(kept.id)
    found = households.search(world.session, world.official("cun"), "王健国").items
    assert not found and world.session.scalars(select(Household)).all().__len__() == 2
    kinds = [
        line.kind for line in world.session.scalars(select(LogEntry).where(LogEntry.stream.like("access%")))
    ]
    assert (
        kinds[-2:] == ["correction_asked", "correction_done"]
        and list(verification.verify(world.session)) == []
    )
    for household_id in (gone.household_id, kept.household_id):
        chapters = life.of_household(world.session, world.official("cun"), household_id, {})
        assert any(one.title == "合并重复登记的农户" and "号码录错" in one.text for one in chapters)


@pytest.mark.duty("R38")
def test_a_second_person_over_both_places_decides(world: World) -> None:
    kept, gone = twice(world)
    row = ask(world, gone, kept, "xian")
    for username in ("xian", "xiang", "cun", "ducha"):
        with pytest.raises(NotAllowed):
            decide(world, row, username)
    with pytest.raises(NotFound):
        decide(world, row, "waixian")
    with pytest.raises(Invalid, match="原因"):
        decide(world, row, "xian2", agrees=False)
    decide(world, row, "xian2", agrees=False, note="是两户")
    assert world.case(gone.id).status == "open"
    with pytest.raises(Conflict, match="已经有人核对"):
        decide(world, row, "shi")
    again = ask(world, gone, kept, "xian")
    with pytest.raises(Conflict, match="同样的更正"):
        ask(world, gone, kept, "xian2")
    decide(world, again, "shi")
    with pytest.raises(NotAllowed):
        asking.ask_merge(
            world.session, world.official("ducha"), kept.household_id, "1", "查重", clock=world.clock
        )


@pytest.mark.duty("R41")
def test_what_a_merge_refuses(world: World) -> None:
    kept, gone = twice(world)
    cun, clock = world.official("cun"), world.clock
    number = world.session.get_one(Household, kept.household_id).number
    far = world.enter(
        "lin",
        village=OTHER_VILLAGE,
        name="远",
        id_number=papers.id_number("41990119600308111"),
        address="9号",
    )
    far_number = far.household.number
    for into, reason in (
        ("没有", "重复"),
        (far_number, "重复"),
        (number, " "),
        (gone.household.number, "重复"),
        ("²", "重复"),
    ):
        with pytest.raises(Invalid):
            asking.ask_merge(world.session, cun, gone.household_id, into, reason, clock=clock)
    household = world.session.get_one(Household, gone.household_id)
    household.status = "monitored"
    world.session.commit()
    with pytest.raises(Invalid, match="反过来"):
        asking.ask_merge(world.session, cun, gone.household_id, number, "重复", clock=clock)


@pytest.mark.duty("R41", "R20")
def test_measures_go_on_at_the_record_that_is_kept_and_people_are_free(world: World) -> None:
    helped = world.assistance()
    world.to_declared(helped)
    number = helped.household.head_id_number
    other = world.approved(name="王健国", id_number=OTHER, address="东沟路1号")
    going = measures.of_household(
        world.session, world.official("cun"), helped.household_id, world.clock.now()
    )
    decide(world, ask(world, helped, other))
    rows = world.session.scalars(select(Measure).execution_options(populate_existing=True)).all()
    assert rows and {one.household_id for one in rows} == {other.household_id} and going
    reminders = world.session.scalars(select(Timer.status).where(Timer.kind == measures.REMINDER)).all()
    assert set(reminders) == {"waiting"}
    own = select(Member).where(Member.household_id == helped.household_id).order_by(Member.position)
    people = world.session.scalars(own).all()
    assert people and {one.person for one in people} == {None} and people[0].id_number == number
    world.enter(name="新户", id_number=number, address="新1号")
    with pytest.raises(Conflict, match="已并入"):
        world.enter(household_id=helped.household_id)


@pytest.mark.duty("R06", "R38")
def test_a_wrong_clue_is_cancelled_and_its_case_ends(world: World) -> None:
    case = world.enter()
    clue = world.session.scalars(select(RiskClue)).one()
    row = asking.ask_cancel(world.session, world.official("cun"), clue.id, "认错了人", clock=world.clock)
    assert any(
        "识别认定" in sentence and "终止" in sentence
        for sentence in consequences.foreseen(world.session, row)
    )
    with pytest.raises(NotAllowed):
        decide(world, row, "cun2")
    decide(world, row, "xiang")
    case = world.case(case.id)
    assert (case.status, case.outcome, case.household.status) == ("cancelled", "线索有误，已撤销", "ordinary")
    assert inbox.todo(world.session, world.official("cun"), InboxFilter(), world.clock.now()).total == 0
    assert world.session.get_one(RiskClue, clue.id, populate_existing=True).cancelled_at is not None
    with pytest.raises(Conflict, match="已经撤销"):
        asking.ask_cancel(world.session, world.official("cun"), clue.id, "认错了人", clock=world.clock)
    assert list(verification.verify(world.session)) == []
    again = world.enter(household_id=case.household_id)
    assert again.id != case.id and again.status == "open"


@pytest.mark.duty("R06")
def test_a_cancelled_clue_no_longer_rules_the_limit(world: World) -> None:
    case = world.enter(day=world.today - timedelta(days=5))
    limit = world.case(case.id).limit_at
    world.enter(household_id=case.household_id)
    first = world.session.scalars(select(RiskClue).order_by(RiskClue.id)).first()
    assert first is not None and limit is not None
    row = asking.ask_cancel(world.session, world.official("cun"), first.id, "日期是别户的", clock=world.clock)
    assert "其余线索" in consequences.foreseen(world.session, row)[-1]
    decide(world, row, "xiang")
    case = world.case(case.id)
    assert (
        case.status == "open"
        and case.discovery_date == world.today
        and case.limit_at == limit + timedelta(days=5)
    )
    world.assert_replays(case.id)


def test_the_pages_of_corrections(small_world: World) -> None:
    world = small_world
    _, gone = twice(world)
    app = application(world)
    asker, second = signed_in(app, world.official("xiang")), signed_in(app, world.official("xian"))
    path = f"/households/{gone.household_id}/corrections"
    refused = asker.post(path, data={"kind": "merge", "into": "12", "reason": "同一户"})
    assert (
        refused.status_code == 422
        and "您负责的范围内没有这户" in refused.text
        and 'value="12"' in refused.text
    )
    asked = asker.post(
        path,
        data={"kind": "merge", "into": papers.id_number(papers.HEAD_ID), "reason": "同一户"},
        follow_redirects=True,
    )
    assert "等待第二人核对" in asked.text and "同意后" in asked.text and 'value="yes"' not in asked.text
    assert "王健国" in second.get("/corrections").text and 'value="yes"' in second.get(path).text
    world.session.commit()
    row = world.session.scalars(select(Correction)).one()
    world.session.commit()
    done = second.post(f"/corrections/{row.id}", data={"agrees": "yes"}, follow_redirects=True)
    assert "已办理" in done.text
    world.session.commit()
    shown = asker.get(f"/households/{gone.household_id}").text
    assert "已并入另一户" in shown and "录入线索" not in shown.partition("<main")[2].partition("</main")[0]
    assert "终止办理：并入王建国户" in asker.get(f"/cases/{gone.id}").text
    assert (
        world.session.scalars(
            select(WorkItem).where(WorkItem.case_id == gone.id, WorkItem.status == "open")
        ).all()
        == []
    )
    assert clues.of_household(world.session, gone.household_id) == []


@pytest.mark.duty("R29", "R13")
def test_a_clue_cancelled_after_the_approval_leaves_the_household_admitted(small_world: World) -> None:
    world = small_world
    case = world.approved()
    clue = world.session.scalars(select(RiskClue)).one()
    row = asking.ask_cancel(world.session, world.official("cun"), clue.id, "是邻居家的", clock=world.clock)
    assert any("结果不变" in said for said in consequences.foreseen(world.session, row))
    decide(world, row, "xiang")
    assert world.session.get_one(RiskClue, clue.id, populate_existing=True).cancelled_at is not None
    assert (world.case(case.id).status, case.household.status) == ("open", "monitored")
    assert set(world.open_items(case)) == {
        "announce"
    }  # the township still announces what the county approved
    world.finish(case, "announce", "xiang")
    world.assert_replays(case.id)


@pytest.mark.duty("R06", "R15")
def test_a_case_that_was_late_by_a_wrong_clue_alone_is_late_no_more(small_world: World) -> None:
    world = small_world
    with write(world.session):
        world.official("cun").email = "cun@example.com"
    by_mail = NewRule("overdue", "holder", "email")
    notification_rules.add(
        world.session, world.official("liucheng"), by_mail, robots=[], now=world.clock.now()
    )
    world.go_to(10)
    case = world.enter()
    world.enter(household_id=case.household_id, day=world.day(-8).date())
    assert world.case(case.id).lamp_floor == "red"
    wrong = world.session.scalars(select(RiskClue).order_by(RiskClue.id.desc())).first()
    assert wrong is not None
    row = asking.ask_cancel(world.session, world.official("cun"), wrong.id, "日期写错了", clock=world.clock)
    decide(world, row, "xiang")
    assert world.case(case.id).lamp_floor == "green"
    assert "explain_delay" not in world.open_items(case)  # nobody explains a delay that never was
    assert figures_of(world, case) == Counter()
    passed = select(Notification.text).where(Notification.text.contains("仍未办结"))
    world.assert_replays(case.id)
    world.go_to(25)
    assert world.session.scalars(passed).all() == []  # nobody is told that it is overdue by no days
    assert "explain_delay" not in world.open_items(case)
    world.go_to(26, 1)  # the day that is true passes as every other does
    assert world.case(case.id).lamp_floor == "red" and "explain_delay" in world.open_items(case)
    assert bells(world, "满15天”已过，最后一天是2022年5月30日") and len(figures_of(world, case)) == 1
    rows = world.session.scalars(select(Timer).where(Timer.case_id == case.id)).all()
    assert len([one for one in rows if one.kind == "limit" and one.standing == "open"]) == 1
    assert len([one for one in rows if one.kind == "repeat" and one.status == "waiting"]) == 1
    told = select(Outbox.id).where(Outbox.case_id == case.id, Outbox.key.contains(":overdue:"))
    assert len(world.session.scalars(told).all()) == 2  # of the wrong day, and of the true one
    world.go_to(29, 2)
    assert bells(world, "超期 4 天，仍未办结")
    world.assert_replays(case.id)


@pytest.mark.duty("R06", "R15")
def test_what_was_written_of_a_delay_that_never_was_is_kept_as_taken_back(small_world: World) -> None:
    world = small_world
    world.go_to(10)
    case = world.enter()
    world.enter(household_id=case.household_id, day=world.day(-8).date())
    world.finish(case, "explain_delay", "xian")
    world.finish(case, "verify", "cun")
    cancel_last(world)
    assert list(world.open_items(case)) == ["sign"]
    text = signed_in(application(world), world.official("xian")).get(f"/cases/{case.id}").text
    assert "期限“满15天”没有过" in text and "不再需要" in text
    world.go_to(26, 1)
    assert sorted(world.open_items(case)) == ["explain_delay", "sign"]
    world.finish(case, "explain_delay", "xian")
    world.assert_replays(case.id)


@pytest.mark.duty("R06", "C6")
def test_nothing_of_a_case_that_a_wrong_clue_opened_waits_for_anybody(small_world: World) -> None:
    world = small_world
    case = world.enter()
    world.go_to(16)
    item = world.open_items(case)["verify"]
    ducha = world.official("ducha")
    order = orders.give(world.session, ducha, item.id, "请说明原因", world.day(18).date(), clock=world.clock)
    cancel_last(world)
    assert not world.open_items(case) and world.case(case.id).status == "cancelled"
    timers = world.session.scalars(select(Timer).where(Timer.case_id == case.id)).all()
    assert not [one for one in timers if one.status == "waiting" or one.standing == "open"]
    world.go_to(20)
    assert order_lists.to_answer(world.session, world.official("cun")) == 0
    assert order_lists.listing(world.session, ducha, "late", today=world.today).total == 0
    client = signed_in(application(world), ducha)
    for page in (f"/supervision/orders/{order.id}", "/supervision/orders"):
        assert "事项已终止，不用答复" in client.get(page).text


def cancel_last(world: World) -> None:
    """The last clue was wrong; a second person agrees."""
    wrong = world.session.scalars(select(RiskClue).order_by(RiskClue.id.desc())).first()
    assert wrong is not None
    decide(
        world,
        asking.ask_cancel(world.session, world.official("cun"), wrong.id, "日期写错了", clock=world.clock),
        "xiang",
    )


def figures_of(world: World, case: CaseFile) -> Counter[facts.Fact]:
    """What the case's history says of limits that passed."""
    entries = audit.history(world.session, world.case(case.id).id)
    said = [facts.Line(one.seq, one.kind, one.at, one.element_id, one.line) for one in entries]
    found = facts.facts_of(said, tally.routes_of(world.session, case.version_id))
    return Counter({fact: count for fact, count in found.items() if fact.measure == facts.PASSED})


def bells(world: World, words: str) -> list[str]:
    return list(world.session.scalars(select(Notification.text).where(Notification.text.contains(words))))


@pytest.mark.duty("R41")
def test_what_was_asked_the_other_way_round_waits_for_nobody(small_world: World) -> None:
    world = small_world
    kept, gone = twice(world)
    row, other = ask(world, gone, kept), ask(world, kept, gone)
    decide(world, row)
    assert world.session.get_one(Correction, other.id, populate_existing=True).status == "refused"
    third = world.enter(name="王健", id_number=papers.id_number("41990119750308161"))
    decide(world, ask(world, kept, third))  # and bars no other correction
