"""Waits that tie, come late, come again and again: the same answer live, restored and replayed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from engine.casework import acts, audit
from engine.casework.desk import views
from engine.flow.machine.instance import Instance
from engine.flow.replay import Replay
from engine.ground.clock import CHINA
from engine.ground.errors import EngineFault
from tests.support.histories import Case, workdays
from tests.support.small import (
    END,
    NOW,
    START,
    Host,
    again,
    begin,
    boundary,
    catch,
    deploy,
    flow,
    heard,
    open_names,
    process,
    task,
    timer,
    token,
    with_messages,
)
from tests.support.world import World

DAY = timedelta(days=1)
FORK, JOIN = '<bpmn:parallelGateway id="f"/>', '<bpmn:parallelGateway id="j"/>'
OTHER_END = '<bpmn:endEvent id="e2"/>'


def replayed(case: Case) -> Instance:
    return Replay(case.definition, case.inputs, case.submissions, workdays).run()


def tied() -> str:
    """Two that wait for one message; which of them begins to wait first is for the officials to say."""
    body = process(
        START,
        FORK,
        task("x"),
        task("y"),
        catch("cx", "m"),
        catch("cy", "m"),
        task("a"),
        task("b"),
        JOIN,
        END,
        flow("s", "f"),
        flow("f", "x"),
        flow("f", "y"),
        flow("x", "cx"),
        flow("y", "cy"),
        flow("cx", "a"),
        flow("cy", "b"),
        flow("a", "j"),
        flow("b", "j"),
        flow("j", "e"),
    )
    return with_messages(body, "m")


@pytest.mark.duty("C1", "C5")
@pytest.mark.parametrize("order", ["xy", "yx"])
@pytest.mark.parametrize("stored", [False, True])
def test_of_two_that_wait_for_a_message_the_same_one_gets_it_however_the_case_was_come_by(
    order: str, stored: bool
) -> None:
    case = Case(tied())
    for name in order:
        case.do(name, NOW)
    if stored:
        case.instance = again(case.instance)
    case.send("m", NOW)
    assert replayed(case).canonical() == case.instance.canonical()
    (first,) = case.open()
    case.do(first, NOW + DAY, x="1")
    rebuilt, left_out = Replay(case.definition, case.inputs, case.submissions, workdays).run_without(
        len(case.inputs)
    )
    assert open_names(rebuilt) == [first] and left_out == [len(case.inputs)]
    turned = Case(tied())
    for name in reversed(order):
        turned.do(name, NOW)
    turned.send("m", NOW)
    assert turned.open() == [first]


@pytest.mark.duty("C1", "C5")
def test_timers_due_at_one_instant_fire_in_one_order_also_without_an_unrelated_step() -> None:
    """All dates are due at 00:00, so ties are the rule."""

    def wait(name: str, by: str) -> str:
        text = timer(name, "2022-05-10", "timeDate")
        end = f'<bpmn:endEvent id="{name}_e">{by}</bpmn:endEvent>'
        return (
            "<bpmn:intermediateCatchEvent "
            f'id="{name}">{text}</bpmn:intermediateCatchEvent>{end}{flow(name, f"{name}_e")}'
        )

    def sets(number: int) -> str:
        return (
            "<bpmn:extensionElements><spiffworkflow:properties>"
            f'<spiffworkflow:property name="set:way" value="{number}"/>'
            "</spiffworkflow:properties></bpmn:extensionElements>"
        )

    names = ["w", "v", "u"]
    body = process(
        START,
        FORK,
        *(task(f"t{name}") for name in names),
        *(wait(name, sets(place)) for place, name in enumerate(names)),
        task("aside"),
        END,
        flow("s", "f"),
        flow("f", "aside"),
        flow("aside", "e"),
        *(flow("f", f"t{name}") + flow(f"t{name}", name) for name in names),
    )
    found = set()
    for order in (names, names[::-1], ["v", "u", "w"]):
        case = Case(body)
        for name in order:
            case.do(f"t{name}", NOW)
        case.do("aside", NOW + DAY, x="1")
        seq = len(case.inputs)
        case.wait(NOW + 9 * DAY)
        rebuilt, left_out = Replay(case.definition, case.inputs, case.submissions, workdays).run_without(seq)
        assert left_out == [seq] and rebuilt.variables["way"] == case.instance.variables["way"]
        found.add(case.instance.variables["way"])
    assert len(found) == 1


# -- messages beside a step ------------------------------------------------------------------------


def beside(cancel: str = "false") -> str:
    """A step in a loop, beside which a message may come, and a step between the rounds."""
    body = process(
        START,
        '<bpmn:exclusiveGateway id="g"/>',
        task("a"),
        heard("news", "a", "m", cancel),
        task("read"),
        OTHER_END,
        task("b"),
        '<bpmn:exclusiveGateway id="w" default="w_g"/>',
        END,
        flow("s", "g"),
        flow("g", "a"),
        flow("a", "b"),
        flow("b", "w"),
        flow("w", "e", 'b.x = "over"'),
        flow("w", "g"),
        flow("news", "read"),
        flow("read", "e2"),
    )
    return with_messages(body, "m")


@pytest.mark.duty("C1")
def test_a_message_beside_a_step_is_caught_as_often_as_it_comes() -> None:
    case = Case(beside())
    for number in (1, 2, 3):
        assert case.send("m", NOW, {"number": number})
        case.instance = again(case.instance)
        assert case.open() == ["a"] + ["read"] * number
    assert len({one.token for one in case.instance.open_tasks()}) == 4
    assert replayed(case).canonical() == case.instance.canonical()
    case.do("a", NOW)
    assert case.instance.waits_for() == frozenset() and case.open() == ["b", "read", "read", "read"]


@pytest.mark.duty("C1")
@pytest.mark.parametrize("cancel", ["false", "true"])
def test_a_message_that_comes_after_its_step_is_no_news_in_the_next_round(cancel: str) -> None:
    case = Case(beside(cancel))
    case.do("a", NOW)
    assert not case.send("m", NOW + DAY) and case.instance.held == []
    assert case.inputs[-1].said.late
    case.do("b", NOW + 2 * DAY)
    assert case.open() == ["a"] and replayed(case).canonical() == case.instance.canonical()
    assert case.send("m", NOW + 3 * DAY) and "read" in case.open()


@pytest.mark.duty("C1")
def test_a_message_that_comes_before_its_step_waits_for_it() -> None:
    body = process(
        START,
        task("first"),
        task("a"),
        heard("news", "a", "m"),
        task("read"),
        OTHER_END,
        END,
        flow("s", "first"),
        flow("first", "a"),
        flow("a", "e"),
        flow("news", "read"),
        flow("read", "e2"),
    )
    case = Case(with_messages(body, "m"))
    assert not case.send("m", NOW) and not case.send("m", NOW)
    case.instance = again(case.instance)
    case.do("first", NOW + DAY)
    assert case.open() == ["a", "read", "read"] and case.instance.held == []


def either() -> str:
    """A loop that waits for an answer or for five days, twice in each round."""

    def gate(number: int, then: str) -> str:
        late = (
            "<bpmn:intermediateCatchEvent "
            f'id="late{number}">{timer(f"late{number}", "P5D")}</bpmn:intermediateCatchEvent>'
        )
        return (
            "<bpmn:eventBasedGateway "
            f'id="g{number}"/>{late}{catch(f"told{number}", "m")}{flow(f"g{number}", f"late{number}")}'
            f"{flow(f'g{number}', f'told{number}')}{flow(f'late{number}', then)}{flow(f'told{number}', then)}"
        )

    body = process(
        START,
        '<bpmn:exclusiveGateway id="r"/><bpmn:exclusiveGateway id="x"/><bpmn:exclusiveGateway id="y"/>',
        task("a"),
        gate(1, "x"),
        task("b"),
        gate(2, "y"),
        task("c"),
        '<bpmn:exclusiveGateway id="w" default="w_r"/>',
        END,
        flow("s", "r"),
        flow("r", "a"),
        flow("a", "g1"),
        flow("x", "b"),
        flow("b", "g2"),
        flow("y", "c"),
        flow("c", "w"),
        flow("w", "e", 'c.x = "over"'),
        flow("w", "r"),
    )
    return with_messages(body, "m")


@pytest.mark.duty("C1")
def test_a_message_after_its_time_counts_for_a_wait_ahead_and_for_none_behind() -> None:
    case = Case(either())
    case.do("a", NOW)
    case.wait(NOW + 5 * DAY)
    assert not case.send("m", NOW + 5 * DAY)  # the first wait is over, the second lies ahead
    case.do("b", NOW + 5 * DAY)
    assert case.open() == ["c"]
    case.do("c", NOW + 5 * DAY)
    case.do("a", NOW + 5 * DAY)
    case.wait(NOW + 10 * DAY)
    case.do("b", NOW + 10 * DAY)
    case.wait(NOW + 15 * DAY)
    assert not case.send("m", NOW + 15 * DAY)  # both are over: the next round is another one
    case.do("c", NOW + 15 * DAY)
    case.do("a", NOW + 15 * DAY)
    assert case.open() == [] and case.instance.waits_for() == {"m"}
    assert replayed(case).canonical() == case.instance.canonical()


@pytest.mark.duty("C1")
def test_of_several_that_come_at_once_each_has_its_own_round() -> None:
    """As with objections: the next one comes while the one before is being examined, and waits its turn."""
    body = process(
        START,
        '<bpmn:exclusiveGateway id="r"/>',
        catch("c", "m"),
        task("a"),
        '<bpmn:exclusiveGateway id="w" default="w_r"/>',
        END,
        flow("s", "r"),
        flow("r", "c"),
        flow("c", "a"),
        flow("a", "w"),
        flow("w", "e", 'a.x = "over"'),
        flow("w", "r"),
    )
    case = Case(with_messages(body, "m"))
    assert [case.send("m", NOW, {"number": n}) for n in (1, 2, 3)] == [True, False, False]
    for number in (1, 2, 3):
        assert case.open() == ["a"] and case.instance.variables["m"] == {"number": number}
        case.instance = again(case.instance)
        case.do("a", NOW)
    assert case.open() == [] and case.instance.waits_for() == {"m"}


HEARD_ONCE = (
    "eAFtTtEKwyAQ+5d7zqCnrnb+isgYzLJBV0bX9qX03xsne5sKCReT3CarBAO5S9jkJWFchmGHPCTEBHkTYhmh4Y3xpFC0LiE2UEOG"
    "TfKax/naP6fMjHla8k5Z0dV/Bq4SCwNtKTlYlASH8xdbaB14egyFjpaCHpSIyi4+MovLn87+NnxqKRu4YClhpK9m9zNzX4su8ewH"
    "zUJBOQ=="
)
"""What release 0.1.0 stored of `beside` after one message: it listened to no other while the step went on."""


def test_a_state_of_older_releases_waits_again_where_a_message_had_come_once() -> None:
    instance = begin(beside())
    instance.send("m", None, NOW)
    restored = Instance.restored(instance.definition, Host(), base64.b64decode(HEARD_ONCE))
    assert restored.canonical() == instance.canonical()
    assert restored.send("m", None, NOW) and open_names(restored) == ["a", "read", "read"]


@pytest.mark.duty("C5")
def test_what_came_too_late_is_in_the_history_and_said_there(small_world: World) -> None:
    world = small_world
    case = world.enter()
    for element_id, who in (
        ("verify", "cun"),
        ("sign", "cun"),
        ("submit_batch", "xiang"),
        ("run_matching", "xian2"),
    ):
        world.finish(case, element_id, who)
    before = set(world.open_items(case))
    assert not acts.send_message(world.session, None, case.id, "matching_result", {"x": 1}, clock=world.clock)
    line = audit.history(world.session, case.id)[-1]
    assert (line.kind, line.data["late"], line.data["payload"]) == ("message", True, {"x": 1})
    view = views.case_view(world.session, world.official("cun"), case.id)
    assert any("来晚了" in words for event in view.timeline for words in event.details)
    assert set(world.open_items(case)) == before
    world.assert_replays(case.id)


# -- many rounds -----------------------------------------------------------------------------------


def limited(cancel: str = "false") -> str:
    """A step with a time limit and a message beside it, in a loop."""
    body = process(
        START,
        '<bpmn:exclusiveGateway id="g"/>',
        task("a"),
        boundary("limit", "a", "P5D", cancel),
        task("late"),
        OTHER_END,
        heard("news", "a", "m"),
        '<bpmn:endEvent id="e3"/>',
        '<bpmn:exclusiveGateway id="w" default="w_g"/>',
        END,
        flow("s", "g"),
        flow("g", "a"),
        flow("a", "w"),
        flow("w", "e", 'a.x = "over"'),
        flow("w", "g"),
        flow("limit", "late"),
        flow("late", "e2"),
        flow("news", "e3"),
    )
    return with_messages(body, "m")


@pytest.mark.duty("C1", "R15")
def test_a_step_with_a_limit_in_a_loop_goes_two_thousand_rounds() -> None:
    instance = begin(limited())
    for number in range(2_000):
        instance.complete(token(instance, "a"), {"a": {"x": "again"}}, NOW)
        if number % 500 == 499:
            instance = again(instance)
            assert [one.element_id for one in instance.timers()] == ["limit"]
    instance.pass_time(NOW + 5 * DAY)
    instance.complete(token(instance, "a"), {"a": {"x": "over"}}, NOW + 5 * DAY)
    assert open_names(instance) == ["late"]
    instance.complete(token(instance, "late"), {}, NOW + 6 * DAY)
    assert instance.completed


@pytest.mark.duty("C1")
def test_a_part_that_has_gone_round_for_long_is_cut_off_whole() -> None:
    inner = (
        (
            f'<bpmn:startEvent id="is"/><bpmn:exclusiveGateway id="g"/>{task("a")}<bpmn:exclusiveGateway '
            'id="w" default="w_g"/>'
            '<bpmn:endEvent id="ie"/>'
        )
        + flow("is", "g")
        + flow("g", "a")
        + flow("a", "w")
        + flow("w", "ie", 'a.x = "over"')
        + flow("w", "g")
    )
    body = process(
        START,
        f'<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>',
        boundary("limit", "sub", "P5D"),
        task("late"),
        END,
        OTHER_END,
        flow("s", "sub"),
        flow("sub", "e"),
        flow("limit", "late"),
        flow("late", "e2"),
    )
    instance = begin(body)
    for _ in range(500):
        instance.complete(token(instance, "a"), {"a": {"x": "again"}}, NOW)
    instance.pass_time(NOW + 5 * DAY)
    assert open_names(again(instance)) == ["late"]


@pytest.mark.duty("R15")
@pytest.mark.parametrize("stored", [False, True])
def test_hundreds_of_overdue_rounds_do_not_keep_anybody_from_submitting(stored: bool) -> None:
    marks = [boundary(f"n{n}", "a", f"R100/PT{n}H", "false", "timeCycle") for n in (1, 2, 3)]
    ends = [f'<bpmn:endEvent id="n{n}_e"/>{flow(f"n{n}", f"n{n}_e")}' for n in (1, 2, 3)]
    instance = begin(process(START, task("a"), *marks, *ends, END, flow("s", "a"), flow("a", "e")))
    if stored:
        instance = again(instance)
    instance.records.clear()
    instance.complete(token(instance, "a"), {}, NOW + 400 * DAY)
    assert instance.completed and sum(one.kind == "timer" for one in instance.records) == 300


def test_a_loop_of_timers_that_are_always_past_is_still_named() -> None:
    past = (
        "<bpmn:intermediateCatchEvent "
        f'id="w">{timer("w", "2020-01-01", "timeDate")}</bpmn:intermediateCatchEvent>'
    )
    body = process(
        START,
        '<bpmn:exclusiveGateway id="g"/>',
        past,
        '<bpmn:exclusiveGateway id="x" default="x_g"/>',
        END,
        flow("s", "g"),
        flow("g", "w"),
        flow("w", "x"),
        flow("x", "e", "wanted"),
        flow("x", "g"),
    )
    instance = Instance(deploy(body), Host())
    with pytest.raises(EngineFault, match="没有等待的环路"):
        instance.start({}, NOW)


# -- months ----------------------------------------------------------------------------------------


@pytest.mark.duty("R15")
@pytest.mark.parametrize("hour", [0, 7, 8, 23])
@pytest.mark.parametrize(("text", "kind"), [("P1M", "timeDuration"), ("R6/P1M", "timeCycle")])
def test_months_are_those_of_the_calendar_in_china(hour: int, text: str, kind: str) -> None:
    """Until 08:00 the day in UTC is still the day before: a month from 28 February would end on 28 March."""
    began = datetime(2023, 3, 1, hour, tzinfo=CHINA).astimezone(UTC)
    body = process(
        START,
        task("a"),
        END,
        boundary("limit", "a", text, "false", kind),
        OTHER_END,
        flow("s", "a"),
        flow("a", "e"),
        flow("limit", "e2"),
    )
    instance = Instance(deploy(body), Host())
    instance.start({}, began)
    assert [one.due_at for one in again(instance).timers()] == [datetime(2023, 4, 1, hour, tzinfo=CHINA)]
    if kind == "timeCycle":
        instance.pass_time(datetime(2023, 5, 2, tzinfo=CHINA).astimezone(UTC))
        assert [one.due_at for one in instance.timers()] == [datetime(2023, 6, 1, hour, tzinfo=CHINA)]
