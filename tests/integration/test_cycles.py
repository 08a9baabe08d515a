"""Timers that fire again and again beside a step that goes on: every round once, at its own time;
in memory and stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from engine.casework import definitions
from engine.casework.definitions import deployment
from engine.casework.models import LogEntry, Timer
from engine.flow.check import check
from engine.flow.machine.instance import Instance
from engine.prevention.installation import ROOT
from tests.support.small import (
    END,
    FORMS,
    NOW,
    START,
    again,
    begin,
    boundary,
    flow,
    open_names,
    process,
    task,
    token,
)
from tests.support.world import World

DAY = timedelta(days=1)
OTHER_END = '<bpmn:endEvent id="e2"/>'


def nagging(text: str = "R3/P2D", cancel: str = "false", host: str = "") -> str:
    """A step beside which a reminder is opened again and again."""
    return process(
        START,
        host or task("a"),
        END,
        boundary("nag", "a", text, cancel, "timeCycle"),
        task("remind"),
        OTHER_END,
        flow("s", "a"),
        flow("a", "e"),
        flow("nag", "remind"),
        flow("remind", "e2"),
    )


def dues(instance: Instance) -> list[datetime]:
    return [one.due_at for one in instance.timers()]


@pytest.mark.duty("C1")
def test_every_round_fires_once_at_its_time_until_there_are_no_more() -> None:
    instance = begin(nagging())
    for number in (1, 2, 3):
        assert dues(instance) == [NOW + 2 * number * DAY]
        instance.pass_time(NOW + (2 * number + 1) * DAY)
        instance = again(instance)
        assert open_names(instance) == ["a"] + ["remind"] * number
    assert dues(instance) == []
    for name in ("a", "remind", "remind", "remind"):
        assert not instance.completed
        instance.complete(token(instance, name), {}, NOW + 9 * DAY)
    assert instance.completed


def test_rounds_missed_while_nothing_ran_fire_in_order_each_with_its_own_due_time() -> None:
    instance = begin(nagging())
    instance.records.clear()
    instance.pass_time(NOW + 30 * DAY)
    assert [one.due_at for one in instance.records] == [NOW + 2 * DAY, NOW + 4 * DAY, NOW + 6 * DAY]
    assert len({one.token for one in instance.records}) == 3


def test_the_rounds_end_with_the_step() -> None:
    instance = begin(nagging("R/P2D"))
    instance.pass_time(NOW + 2 * DAY)
    instance.complete(token(instance, "remind"), {}, NOW + 2 * DAY)
    instance.complete(token(instance, "a"), {}, NOW + 3 * DAY)
    assert instance.completed and dues(instance) == []


def test_a_cycle_beside_a_subprocess_goes_on_while_its_steps_are_done() -> None:
    inner = '<bpmn:startEvent id="is"/>' + task("one") + task("two") + '<bpmn:endEvent id="ie"/>'
    inner += flow("is", "one") + flow("one", "two") + flow("two", "ie")
    instance = begin(nagging(host=f'<bpmn:subProcess id="a">{inner}</bpmn:subProcess>'))
    instance.pass_time(NOW + 2 * DAY)
    instance.complete(token(instance, "one"), {}, NOW + 3 * DAY)
    instance.pass_time(NOW + 4 * DAY)
    assert open_names(again(instance)) == ["remind", "remind", "two"]


def test_a_cycle_never_makes_a_limit_of_its_step() -> None:
    """R15: the lamp follows the law's limits, not reminders."""
    instance = begin(nagging())
    assert [one.limit for one in instance.timers()] == [False] and instance.open_tasks()[0].due_at is None
    instance.pass_time(NOW + 3 * DAY)
    assert instance.passed() == []


@pytest.mark.parametrize(
    ("text", "first", "last", "rounds"),
    [
        (
            "R2/2022-06-01T08:00:00+08:00/P1M",
            datetime.fromisoformat("2022-06-01T08:00:00+08:00"),
            datetime.fromisoformat("2022-07-01T08:00:00+08:00"),
            2,
        ),
        ('"R" + string(wanted) + "/PT12H"', NOW + timedelta(hours=12), NOW + timedelta(hours=24), 2),
        ("R/P30D", NOW + 30 * DAY, NOW + 3000 * DAY, 100),
    ],
)
def test_starts_months_expressions_and_no_end(
    text: str, first: datetime, last: datetime, rounds: int
) -> None:
    instance = begin(nagging(text), wanted=2)
    assert dues(instance) == [first]
    instance.records.clear()
    instance.pass_time(NOW + 20_000 * DAY)
    assert len(instance.records) == rounds and instance.records[-1].due_at == last


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (nagging(cancel="true"), "只能用在不中断这一步的、步骤上的事件"),
        (nagging("R3/P0D"), "算不出周期"),
        (nagging("every day"), "表达式“every day”"),
        (nagging("0 0 9 * * ?"), "表达式“0 0 9"),
        (nagging("R3/P7D/2022-05-05T09:00:00Z"), "算不出周期"),
        (nagging("R3/P9999999999D"), "算不出周期"),
        (nagging("R9999999/P7D"), "到第 100 次为止"),
        (nagging("P7D"), "算不出周期"),
    ],
)
def test_what_is_no_cycle_is_refused_by_name(body: str, sentence: str) -> None:
    _, findings = check(body.encode(), FORMS)
    assert any(sentence in one.message for one in findings), [one.message for one in findings]


def test_a_cycle_elsewhere_is_refused(  # an interrupting or plain wait fires once
) -> None:
    wait = (
        '<bpmn:intermediateCatchEvent id="w"><bpmn:timerEventDefinition>'
        "<bpmn:timeCycle>R3/P1D</bpmn:timeCycle></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    )
    definition, findings = check(process(START, wait, END, flow("s", "w"), flow("w", "e")).encode(), FORMS)
    assert definition is None and "别处的定时只会到期一次" in findings[0].message


def test_a_case_that_is_reminded_can_be_explored_to_its_end() -> None:
    definition, findings = check(nagging("R/P1D").encode(), FORMS)
    assert definition is not None and [one.severity for one in findings] == ["warning"]


@pytest.mark.duty("C5", "R15")
def test_rounds_fire_exactly_once_through_the_step_transaction_also_after_days_of_standstill(
    world: World,
) -> None:
    drawn = (ROOT / "bpmn" / "identification.bpmn").read_text("utf-8")
    nag = (
        boundary("nag", "verify", "R3/P1D", "false", "timeCycle")
        + '<bpmn:endEvent id="nagged"/>'
        + flow("nag", "nagged")
    )
    inside = drawn.index('id="verify"')
    end = drawn.index("</bpmn:process>", inside)
    body = drawn[:end] + nag + drawn[end:]
    resources = definitions.resources_in_force(world.session, None)
    deployment.deploy(world.session, None, body.encode(), resources, "核实一天一催", world.clock.now())
    case = world.enter()
    world.go_to(2)
    world.go_to(9)  # three days without the clock, then long after the last round
    query = select(LogEntry).where(LogEntry.stream == f"case:{case.id}", LogEntry.element_id == "nag")
    fired = world.session.scalars(query.order_by(LogEntry.id)).all()
    opened = world.case(case.id).started_at
    assert [e.data["due"] for e in fired] == [(opened + n * DAY).isoformat() for n in (1, 2, 3)]
    left = select(Timer.id).where(
        Timer.case_id == case.id, Timer.element_id == "nag", Timer.status == "waiting"
    )
    assert world.session.scalars(left).all() == [] and world.case(case.id).lamp_floor != "red"
    world.assert_replays(case.id)
