"""A legal period is never over before it begins, whatever date is typed (R10, R29)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.casework.acts import openings, return_targets, return_to
from engine.casework.models import CaseFile, LogEntry, Notification, Timer
from engine.flow.machine.script import not_before
from engine.ground.clock import start_of_day
from engine.ground.errors import Invalid
from engine.prevention.models import Notice
from tests.support import papers, stages
from tests.support.small import END, NOW, START, begin, boundary, flow, open_names, process, task
from tests.support.world import World


def _before_posting(world: World) -> CaseFile:
    case = world.enter()
    for element_id, who in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
    ):
        world.finish(case, element_id, who)
    world.go_to(3)
    world.finish(case, "appraise", "cun", held_on=world.day(2).date().isoformat())
    return case


def _end(world: World, case: CaseFile, element_id: str) -> Any:
    query = select(Timer.due_at).where(
        Timer.case_id == case.id, Timer.element_id == element_id, Timer.status == "waiting"
    )
    return world.session.scalars(query).one()


@pytest.mark.duty("R10")
@pytest.mark.parametrize("typed", ["2022-05-01", "0022-05-08", "2022-05-07"])
def test_a_posting_day_before_the_step_was_opened_is_refused_without_a_reason(
    world: World, typed: str
) -> None:
    case = _before_posting(world)
    with pytest.raises(Invalid) as refused:
        world.finish(case, "post_notice", "cun", posted_on=typed)
    assert refused.value.fields.keys() & {"posted_on", "early_reason"}
    assert set(world.open_items(case)) == {"post_notice"}
    assert world.session.scalars(select(Notice.id)).all() == []


@pytest.mark.duty("R10")
def test_a_day_before_with_its_reason_counts_from_the_step_and_supervisors_hear(world: World) -> None:
    case = _before_posting(world)
    opened = world.today
    typed = (opened - timedelta(days=1)).isoformat()
    world.finish(case, "post_notice", "cun", posted_on=typed, early_reason="先张贴，当天停电未能登记")
    world.session.commit()
    notice = world.session.scalars(select(Notice)).one()
    assert notice.posted_on.isoformat() == typed  # as it was typed
    assert notice.closes_at == _end(world, case, "notice_over") == start_of_day(opened + timedelta(days=6))
    query = select(Notification.text).where(
        Notification.kind == "backdated", Notification.queue == "supervisor"
    )
    assert "停电" in world.session.scalars(query).one()
    reasons = [line.data.get("reason", "") for line in world.session.scalars(select(LogEntry))]
    assert any("停电" in str(reason) for reason in reasons)
    world.go_to(8, 23)
    assert "end_notice" not in world.open_items(case)
    world.go_to(9, 0)
    assert "end_notice" in world.open_items(case)
    world.assert_replays(case.id)


@pytest.mark.duty("R10", "R11")
def test_a_posting_sent_back_for_correction_keeps_its_own_first_day(world: World) -> None:
    case = _before_posting(world)
    posted = world.today
    world.finish(case, "post_notice", "cun")
    world.go_to(9)
    item = world.open_items(case)["end_notice"]
    seq = next(
        target.seq
        for target in return_targets(world.session, world.official("cun"), item.id)
        if target.element_id == "post_notice"
    )
    return_to(world.session, world.official("cun"), item.id, seq, "照片不清", clock=world.clock)
    world.finish(case, "post_notice", "cun", posted_on=posted.isoformat())
    world.go_to(9, 12)
    assert set(world.open_items(case)) == {"end_notice"}  # it hung its days already
    world.assert_replays(case.id)


@pytest.mark.duty("R29")
@pytest.mark.parametrize("back", [1, 30, 700000])
def test_a_household_has_its_five_days_whatever_day_of_telling_is_typed(world: World, back: int) -> None:
    household = stages.admitted(world)
    raw = papers.paper("clearance_proposal", world.today, "")
    who = world.official("xian")
    case = openings.open_by_hand(world.session, who, household.id, "clearance", raw, clock=world.clock)
    world.finish(case, "check_clearance", "cun")
    world.finish(case, "verify_clearance", "xiang")
    opened = world.today
    typed = (opened - timedelta(days=back)).isoformat()
    try:
        world.finish(case, "hear_household", "xiang", told_on=typed, early_reason="电话告知在先")
    except Invalid:  # so far back the form refuses it
        return
    assert world.open_items(case) == {}
    assert _end(world, case, "no_answer") == start_of_day(opened + timedelta(days=6))


@given(day=st.dates().map(str), floor=st.dates().map(str))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_dates_of_a_step_count_as_its_own_day_at_the_least(day: str, floor: str) -> None:
    counted = not_before(
        {"posted_on": day, "place": "公开栏", "rows": 3, "inner": {"at": f"{day}T10:00"}}, floor
    )
    assert counted["posted_on"] == max(day, floor)
    assert counted["inner"]["at"][:10] == max(day, floor)
    assert (counted["place"], counted["rows"]) == ("公开栏", 3)


@pytest.mark.duty("R15")
@pytest.mark.parametrize("limit_first", [True, False])
def test_a_limit_is_marked_before_another_timer_of_the_same_instant_ends_the_step(limit_first: bool) -> None:
    events = [boundary("limit", "a", "P5D", "false"), boundary("cut", "a", "P5D")]
    body = process(
        START,
        task("a"),
        END,
        *(events if limit_first else events[::-1]),
        task("explain"),
        '<bpmn:endEvent id="e2"/>',
        '<bpmn:endEvent id="e3"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("limit", "explain"),
        flow("explain", "e2"),
        flow("cut", "e3"),
    )
    instance = begin(body)
    instance.records.clear()
    instance.pass_time(NOW + timedelta(days=6))
    fired = [record.element_id for record in instance.records if record.kind == "timer"]
    assert fired == ["limit", "cut"]
    assert open_names(instance) == ["explain"]
