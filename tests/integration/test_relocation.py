"""Where a case stands on another version: the changes that the known engines get wrong, one by one,
in memory.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from engine.flow.history import lines
from engine.flow.replay import Replay
from engine.flow.replay.relocation import CannotMove
from tests.support.histories import Case, workdays
from tests.support.small import END, NOW, START, boundary, flow, process, task, timer

DAY = timedelta(days=1)


def notice(duration: str, *after: str, sub: str = "", on_sub: str = "") -> str:
    """A posted notice that waits inside a subprocess, then what comes `after` it."""
    wait = f'<bpmn:intermediateCatchEvent id="over">{timer("over", duration)}</bpmn:intermediateCatchEvent>'
    inner = (
        f'<bpmn:startEvent id="is"/>{task("post")}{wait}{sub}<bpmn:endEvent id="ie"/>'
        + flow("is", "post")
        + flow("post", "over")
        + flow("over", "ie")
    )
    chain = ["sub", *after, "e"]
    tasks = [task(name) for name in after]
    flows = [flow(a, b) for a, b in pairwise(chain)]
    return process(
        START,
        f'<bpmn:subProcess id="sub">{inner}</bpmn:subProcess>',
        *tasks,
        END,
        on_sub,
        flow("s", "sub"),
        *flows,
    )


OTHER_END = '<bpmn:endEvent id="e2"/>'


def limit(
    host: str, text: str, name: str = "limit", cancel: str = "false", kind: str = "timeDuration"
) -> str:
    return (
        boundary(name, host, text, cancel, kind)
        + task(f"{name}_told")
        + f'<bpmn:endEvent id="{name}_e"/>'
        + flow(name, f"{name}_told")
        + flow(f"{name}_told", f"{name}_e")
    )


@pytest.mark.duty("C5")
def test_a_changed_wait_counts_from_when_it_began_not_from_the_move() -> None:
    case = Case(notice("P5D", "approve"))
    case.do("post", NOW + DAY)
    found = case.move(notice("P7D", "approve"), NOW + 4 * DAY)
    assert case.dues() == {"over": NOW + 8 * DAY}
    assert [(a.due_at, b.due_at) for a, b in found.pairs] == [(NOW + 6 * DAY, NOW + 8 * DAY)]
    case.wait(NOW + 7 * DAY)
    assert case.open() == []
    case.wait(NOW + 8 * DAY)
    assert case.open() == ["approve"]


def test_a_wait_that_is_shorter_now_and_already_over_ends_with_the_move_once() -> None:
    case = Case(notice("P7D", "approve"))
    case.do("post", NOW)
    case.move(notice("P5D", "approve"), NOW + 6 * DAY)
    assert case.open() == ["approve"]
    assert [(i.kind, getattr(i.line, "due", None)) for i in case.inputs[-2:]] == [
        ("move", None),
        ("timer", NOW + 5 * DAY),
    ]


def test_what_has_fired_is_never_fired_again() -> None:
    case = Case(notice("P5D", "approve", on_sub=limit("sub", "P3D")))
    case.do("post", NOW)
    case.wait(NOW + 5 * DAY)
    assert case.open() == ["approve", "limit_told"]
    case.move(notice("P9D", "approve", on_sub=limit("sub", "P20D")), NOW + 6 * DAY)
    assert case.open() == ["approve", "limit_told"] and case.dues() == {}
    case.wait(NOW + 40 * DAY)
    assert case.open() == ["approve", "limit_told"]


def test_a_limit_added_to_a_task_in_progress_counts_from_when_the_task_opened() -> None:
    plain = process(START, task("a"), task("b"), END, flow("s", "a"), flow("a", "b"), flow("b", "e"))
    limited = process(
        START, task("a"), task("b"), END, limit("b", "P5D"), flow("s", "a"), flow("a", "b"), flow("b", "e")
    )
    case = Case(plain)
    case.do("a", NOW + 2 * DAY)
    found = case.move(limited, NOW + 4 * DAY)
    assert case.open() == ["b"] and case.dues() == {"limit": NOW + 7 * DAY}
    assert [one.element_id for one in found.new] == ["limit"]
    case.wait(NOW + 7 * DAY)
    assert case.open() == ["b", "limit_told"]
    case.do("b", NOW + 8 * DAY)
    case.do("limit_told", NOW + 8 * DAY)
    assert case.instance.completed


def test_a_limit_added_to_a_subprocess_in_progress_and_already_past_is_reached_with_the_move() -> None:
    case = Case(notice("P30D", "approve"))
    case.do("post", NOW + DAY)
    case.move(notice("P30D", "approve", on_sub=limit("sub", "P5D")), NOW + 9 * DAY)
    assert case.open() == ["limit_told"] and case.inputs[-1].said.due == NOW + 5 * DAY


def test_a_limit_taken_away_from_a_task_in_progress_is_gone() -> None:
    case = Case(process(START, task("a"), END, limit("a", "P5D"), flow("s", "a"), flow("a", "e")))
    found = case.move(process(START, task("a"), END, flow("s", "a"), flow("a", "e")), NOW + DAY)
    assert case.open() == ["a"] and case.dues() == {} and [one.element_id for one in found.gone] == ["limit"]


def test_a_task_added_after_a_subprocess_in_progress_is_done() -> None:
    case = Case(notice("P5D"))
    case.do("post", NOW)
    case.move(notice("P5D", "archive"), NOW + DAY)
    case.wait(NOW + 5 * DAY)
    assert case.open() == ["archive"] and not case.instance.completed


CALLED = (
    '<bpmn:process id="q" isExecutable="true"><bpmn:startEvent id="qs"/>'
    + task("inner")
    + '<bpmn:endEvent id="qe"/>'
    + flow("qs", "inner")
    + flow("inner", "qe")
    + "</bpmn:process>"
)


def calling(*after: str, more: str = "") -> str:
    chain = ["call", *after, "e"]
    flows = [flow(a, b) for a, b in pairwise(chain)]
    body = process(
        START,
        '<bpmn:callActivity id="call" calledElement="q"/>',
        *map(task, after),
        END,
        more,
        flow("s", "call"),
        *flows,
    )
    return body.replace("</bpmn:definitions>", CALLED + "</bpmn:definitions>")


def test_a_call_activity_in_progress_takes_what_comes_after_it_and_a_limit_on_it() -> None:
    case = Case(calling())
    case.move(calling("sign", more=limit("call", "P5D")), NOW + DAY)
    assert case.open() == ["inner"] and case.dues() == {"limit": NOW + 5 * DAY}
    case.do("inner", NOW + 2 * DAY)
    assert case.open() == ["sign"]


PEOPLE = ["甲", "乙", "丙"]


def votes(sequential: str, *after: str, more: str = "") -> str:
    mark = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{sequential}">'
        "<bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>"
        '<bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef><bpmn:outputDataItem id="o" name="vote"/>'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    chain = ["vote", *after, "e"]
    flows = [flow(a, b) for a, b in pairwise(chain)]
    return process(START, task("vote", extra=mark), *map(task, after), END, more, flow("s", "vote"), *flows)


def test_instances_in_progress_keep_who_has_answered_under_a_limit_that_is_new() -> None:
    case = Case(votes("false"), people=PEOPLE)
    case.do("vote", NOW + DAY, item="乙", x="yes")
    case.move(votes("false", "count", more=limit("vote", "P5D")), NOW + 2 * DAY)
    assert [one.item for one in case.instance.open_tasks()] == ["甲", "丙"]
    assert case.dues() == {"limit": NOW + 5 * DAY} and len(case.instance.variables["answers"]) == 1
    case.do("vote", NOW + 3 * DAY, item="丙", x="no")
    case.do("vote", NOW + 3 * DAY, item="甲", x="no")
    assert case.open() == ["count"] and len(case.instance.variables["answers"]) == 3


def test_instances_one_after_another_go_on_where_they_were() -> None:
    case = Case(votes("true"), people=PEOPLE)
    case.do("vote", NOW, item="甲", x="1")
    case.move(votes("true", "count"), NOW + DAY)
    for person in ("乙", "丙"):
        assert [one.item for one in case.instance.open_tasks()] == [person]
        case.do("vote", NOW + DAY, item=person, x="2")
    assert case.open() == ["count"]


def rounds(*after: str, more: str = "") -> str:
    chain = ["g", *after, "e"]
    flows = [flow(a, b) for a, b in pairwise(chain)]
    gate = '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g_' + chain[1] + '"/>'
    return process(
        START,
        task("check"),
        gate,
        *map(task, after),
        END,
        more,
        flow("s", "m"),
        flow("m", "check"),
        flow("check", "g"),
        flow("g", "m", 'check.x = "again"'),
        *flows,
    )


def test_a_drawn_loop_in_its_third_round_stays_there() -> None:
    case = Case(rounds())
    for day in range(2):
        case.do("check", NOW + day * DAY, x="again")
    case.move(rounds("sign", more=limit("check", "P5D")), NOW + 4 * DAY)
    assert case.open() == ["check"] and case.dues() == {"limit": NOW + 6 * DAY}
    case.do("check", NOW + 5 * DAY, x="ok")
    assert case.open() == ["sign"]


def test_a_marked_loop_in_progress_stays_there() -> None:
    mark = '<bpmn:standardLoopCharacteristics loopMaximum="3"/>'
    case = Case(process(START, task("a", extra=mark), END, flow("s", "a"), flow("a", "e")))
    case.do("a", NOW)
    case.move(
        process(
            START,
            task("a", extra=mark),
            task("b"),
            END,
            limit("a", "P9D"),
            flow("s", "a"),
            flow("a", "b"),
            flow("b", "e"),
        ),
        NOW + DAY,
    )
    for _ in range(2):
        assert case.open() == ["a"]
        case.do("a", NOW + DAY)
    assert case.open() == ["b"]


def line(*names: str, more: str = "") -> str:
    chain = ["s", *names, "e"]
    return process(START, *map(task, names), END, more, *(flow(a, b) for a, b in pairwise(chain)))


@pytest.mark.duty("C5")
def test_a_step_added_before_where_the_case_stands_is_named_or_passed_by_on_purpose() -> None:
    case = Case(line("apply", "approve"))
    case.do("apply", NOW)
    with pytest.raises(CannotMove, match=r"现停在“approve”.*会停在“sign”"):
        case.plan(line("apply", "sign", "approve"), NOW + DAY)
    case.move(line("apply", "sign", "approve"), NOW + DAY, passed=frozenset({"sign"}))
    assert case.open() == ["approve"]


def test_a_step_added_before_a_finished_one_names_what_was_done_instead() -> None:
    case = Case(line("apply", "approve", "archive"))
    case.do("apply", NOW)
    case.do("approve", NOW)
    with pytest.raises(CannotMove, match="已办过“approve”，按新版那时应先办“sign”"):
        case.plan(line("apply", "sign", "approve", "archive"), NOW + DAY)
    case.move(line("apply", "sign", "approve", "archive"), NOW + DAY, passed=frozenset({"sign"}))
    case.do("archive", NOW + 2 * DAY)
    assert case.instance.completed


def test_a_removed_task_that_holds_the_token_is_mapped_to_another() -> None:
    case = Case(line("apply", "village_sign", "approve"))
    case.do("apply", NOW)
    with pytest.raises(CannotMove, match=r"新版没有这一步；.*会停在“approve”"):
        case.plan(line("apply", "approve"), NOW + DAY)
    found = case.move(line("apply", "approve"), NOW + DAY, elements={"village_sign": "approve"})
    assert case.open() == ["approve"]
    assert [(a.element_id, b.element_id) for a, b in found.pairs] == [("village_sign", "approve")]
    with pytest.raises(CannotMove, match="不是“archive”"):
        Case(line("apply", "village_sign", "archive")).plan(
            line("apply", "archive"), NOW, elements={"apply": "archive"}
        )


def test_a_removed_task_that_was_done_leaves_what_it_decided() -> None:
    asked = process(
        START,
        task("ask"),
        task("g1"),
        '<bpmn:exclusiveGateway id="g" default="g_e"/>',
        task("extra"),
        END,
        flow("s", "ask"),
        flow("ask", "g1"),
        flow("g1", "g"),
        flow("g", "e"),
        flow("g", "extra", 'ask.x = "yes"'),
        flow("extra", "e"),
    )
    case = Case(asked)
    case.do("ask", NOW, x="yes")
    case.move(
        asked.replace(task("ask"), "")
        .replace(flow("s", "ask"), "")
        .replace(flow("ask", "g1"), flow("s", "g1")),
        NOW,
    )
    case.do("g1", NOW)
    assert case.open() == ["extra"]


@pytest.mark.duty("C5")
def test_there_and_back_again() -> None:
    one, two = notice("P5D", "approve"), notice("P7D", "sign", "approve", on_sub=limit("sub", "P20D"))
    case = Case(one)
    case.do("post", NOW + DAY)
    case.move(two, NOW + 2 * DAY)
    assert case.dues() == {"over": NOW + 8 * DAY, "limit": NOW + 20 * DAY}
    case.move(one, NOW + 3 * DAY)
    assert case.dues() == {"over": NOW + 6 * DAY}
    case.wait(NOW + 6 * DAY)
    case.move(two, NOW + 6 * DAY, passed=frozenset({"sign"}))
    assert case.open() == ["approve"]
    case.move(one, NOW + 7 * DAY)
    case.do("approve", NOW + 8 * DAY)
    assert case.instance.completed


def test_a_parallel_branch_added_before_a_join_that_the_case_waits_at() -> None:
    def split(*branches: str) -> str:
        gates = '<bpmn:parallelGateway id="f"/><bpmn:parallelGateway id="j"/>'
        flows = [flow("f", name) + flow(name, "j") for name in branches]
        return process(START, gates, *map(task, branches), END, flow("s", "f"), *flows, flow("j", "e"))

    case = Case(split("a", "b"))
    case.do("a", NOW)
    found = case.move(split("a", "b", "c"), NOW + DAY)
    assert case.open() == ["b", "c"] and [one.element_id for one in found.new] == ["c"]
    case.do("b", NOW + DAY)
    case.do("c", NOW + DAY)
    assert case.instance.completed


def watching(every: str, *after: str, more: str = "") -> str:
    """A wait that comes round and round until the check after it says that it is over."""
    wait = f'<bpmn:intermediateCatchEvent id="tick">{timer("tick", every)}</bpmn:intermediateCatchEvent>'
    gate = '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="g_m"/>'
    chain = ["look", *after, "e"]
    flows = [flow("g", chain[1], 'look.x = "over"'), *(flow(a, b) for a, b in pairwise(chain[1:]))]
    return process(
        START,
        gate,
        wait,
        task("look"),
        *map(task, after),
        END,
        more,
        flow("s", "m"),
        flow("m", "tick"),
        flow("tick", "look"),
        flow("look", "g"),
        flow("g", "m"),
        *flows,
    )


def test_a_cycle_of_waits_that_has_fired_twice_goes_on_with_the_new_rhythm_from_when_this_round_began() -> (
    None
):
    case = Case(watching("P10D"))
    for day in (10, 20):
        case.wait(NOW + day * DAY)
        case.do("look", NOW + day * DAY, x="not yet")
    case.move(watching("P7D", "sign", more=limit("look", "P3D")), NOW + 22 * DAY)
    assert case.open() == [] and case.dues() == {"tick": NOW + 27 * DAY}
    assert [i.kind for i in case.inputs].count("timer") == 2  # neither fired again nor made up for
    case.wait(NOW + 27 * DAY)
    assert case.open() == ["look"] and case.dues() == {"limit": NOW + 30 * DAY}
    case.do("look", NOW + 28 * DAY, x="over")
    assert case.open() == ["sign"]


def reminded(text: str, kind: str = "timeCycle") -> str:
    """One step, beside which a timer fires again and again."""
    return process(
        START, task("a"), END, limit("a", text, "remind", kind=kind), flow("s", "a"), flow("a", "e")
    )


@pytest.mark.duty("C5")
def test_a_cycle_timer_that_has_fired_twice_goes_on_with_the_rounds_to_come_and_fires_none_again() -> None:
    case = Case(reminded("R5/P10D"))
    for day in (10, 20):
        case.wait(NOW + day * DAY)
        case.do("remind_told", NOW + day * DAY)
    found = case.move(reminded("R5/P8D"), NOW + 21 * DAY)
    assert case.open() == ["a"] and case.dues() == {"remind": NOW + 24 * DAY}
    assert [(a.due_at, b.due_at) for a, b in found.pairs if a.due_at] == [(NOW + 30 * DAY, NOW + 24 * DAY)]
    case.wait(NOW + 24 * DAY)
    assert case.open() == ["a", "remind_told"] and case.dues() == {"remind": NOW + 32 * DAY}
    case.move(reminded("R5/P10D"), NOW + 25 * DAY)  # and back
    assert case.open() == ["a", "remind_told"] and case.dues() == {"remind": NOW + 40 * DAY}
    case.wait(NOW + 90 * DAY)
    assert [i.kind for i in case.inputs].count("timer") == 5 and case.dues() == {}


def test_rounds_that_the_new_version_does_not_have_stay_history() -> None:
    case = Case(reminded("R5/P10D"))
    for day in (10, 20):
        case.wait(NOW + day * DAY)
        case.do("remind_told", NOW + day * DAY)
    with pytest.raises(
        CannotMove
    ):  # what the second round set off has been done, and has no place with one round
        case.move(reminded("P10D", "timeDuration"), NOW + 21 * DAY)
    bare = process(
        START,
        task("a"),
        END,
        boundary("remind", "a", "R5/P10D", "false", "timeCycle"),
        flow("s", "a"),
        OTHER_END,
        flow("remind", "e2"),
        flow("a", "e"),
    )
    case = Case(bare)
    case.wait(NOW + 25 * DAY)
    case.move(bare.replace("R5", "R1"), NOW + 26 * DAY)
    assert case.open() == ["a"] and case.dues() == {}


def test_a_limit_that_becomes_a_cycle_has_had_its_first_round() -> None:
    case = Case(reminded("P10D", "timeDuration"))
    case.wait(NOW + 10 * DAY)
    case.move(reminded("R3/P10D"), NOW + 11 * DAY)
    assert case.open() == ["a", "remind_told"] and case.dues() == {"remind": NOW + 20 * DAY}


def test_a_step_passed_by_once_is_passed_by_again_on_the_next_version() -> None:
    case = Case(line("apply", "approve", "archive"))
    case.do("apply", NOW)
    case.do("approve", NOW)
    case.move(line("apply", "sign", "approve", "archive"), NOW + DAY, passed=frozenset({"sign"}))
    case.move(line("apply", "sign", "approve", "archive", "tell"), NOW + 2 * DAY)
    assert case.open() == ["archive"]


def test_a_step_dropped_or_renamed_once_stays_so_on_the_next_version_and_comes_back() -> None:
    case = Case(line("apply", "ask", "approve"))
    case.do("apply", NOW, x="1")
    case.do("ask", NOW, x="2")
    case.move(line("apply", "approve"), NOW + DAY)
    case.move(line("apply", "approve", "archive"), NOW + 2 * DAY)
    assert case.open() == ["approve"]
    case.move(line("apply", "ask", "approve"), NOW + 3 * DAY)
    assert case.open() == ["approve"]
    case.move(line("petition", "ask", "approve"), NOW + 4 * DAY, elements={"apply": "petition"})
    case.move(line("ask", "approve"), NOW + 5 * DAY)
    case.move(line("petition", "ask", "approve"), NOW + 6 * DAY)
    assert case.open() == ["approve"]
    case.do("approve", NOW + 7 * DAY)
    assert case.instance.completed


def test_a_message_that_was_caught_is_known_again_where_a_limit_was_added() -> None:
    def waiting(more: str = "") -> str:
        event = '<bpmn:messageEventDefinition id="m" messageRef="msg"/>'
        catch = (
            '<bpmn:boundaryEvent id="news" attachedToRef="a" '
            f'cancelActivity="true">{event}</bpmn:boundaryEvent>'
        )
        body = process(
            START,
            task("a"),
            catch,
            task("b"),
            END,
            OTHER_END,
            more,
            flow("s", "a"),
            flow("a", "e"),
            flow("news", "b"),
            flow("b", "e2"),
        )
        return body.replace(
            '<bpmn:process id="p"', '<bpmn:message id="msg" name="news"/><bpmn:process id="p"'
        )

    case = Case(waiting())
    case.instance.send("news", {"x": 1}, NOW + DAY)
    case.keep(lines.Caught(payload={"x": 1}))
    case.move(waiting(limit("a", "P9D")), NOW + 2 * DAY)
    assert case.open() == ["b"]
    instance, left_out = Replay(case.definition, case.inputs, case.submissions, workdays).run_without(99)
    assert left_out == [] and [one.element_id for one in instance.open_tasks()] == ["b"]
