"""The exploration: what the real engine does on a diagram, in every way that a case may take."""

from __future__ import annotations

import time

import pytest

from engine.deadline import Deadline
from engine.definitions import Definition, check
from engine.errors import Finding
from engine.exploration import explore
from tests.support.small import END, FORMS, HEAD, START, boundary, flow, process, task, timer

SPLIT, JOIN = '<bpmn:parallelGateway id="split" name="分开"/>', '<bpmn:parallelGateway id="join" name="汇合"/>'


def fork(identifier: str, default: str) -> str:
    return f'<bpmn:exclusiveGateway id="{identifier}" name="{identifier}" default="{identifier}_{default}"/>'


def findings(body: str) -> list[Finding]:
    return check(body.encode(), FORMS)[1]


def errors(body: str) -> dict[str, str]:
    return {f.element_id: f.message for f in findings(body) if f.severity == "error"}


@pytest.mark.duty("C5")
def test_a_parallel_join_fed_by_an_exclusive_split_starves() -> None:
    body = process(
        START, task("x"), fork("way", "b"), task("a"), task("b"), JOIN, END,
        flow("s", "x"), flow("x", "way"), flow("way", "a", 'x.x = "1"'), flow("way", "b"), flow("a", "join"),
        flow("b", "join"), flow("join", "e"),
    )  # fmt: skip
    found = errors(body)
    assert found.keys() == {"join"}
    assert "汇合等不齐：“a”可能不来" in found["join"] or "汇合等不齐：“b”可能不来" in found["join"]


def test_the_same_branches_behind_gateways_that_fit_are_sound() -> None:
    for gate in ("parallelGateway", "inclusiveGateway"):
        default = ' default="split_b"' if gate == "inclusiveGateway" else ""
        condition = 'x.x = "1"' if gate == "inclusiveGateway" else ""
        body = process(
            START, task("x"), f'<bpmn:{gate} id="split"{default}/>', task("a"), task("b"), f'<bpmn:{gate} id="join"/>', END,
            flow("s", "x"), flow("x", "split"), flow("split", "a", condition), flow("split", "b"),
            flow("a", "join"), flow("b", "join"), flow("join", "e"),
        )  # fmt: skip
        assert findings(body) == []


def test_a_branch_that_leaves_before_the_join_starves_it() -> None:
    body = process(
        START, SPLIT, task("a"), task("b"), fork("way", "join"), JOIN, END, '<bpmn:endEvent id="early"/>',
        flow("s", "split"), flow("split", "a"), flow("split", "b"), flow("a", "way"), flow("way", "early", 'a.x = "1"'),
        flow("way", "join"), flow("b", "join"), flow("join", "e"),
    )  # fmt: skip
    assert errors(body) == {
        "join": "汇合等不齐：“way”可能不来，先到的就永远停在这里。分开时只走其中几路的，汇合也请用同样的网关。"
    }


def test_a_terminating_end_lets_a_branch_leave() -> None:
    stop = '<bpmn:endEvent id="early"><bpmn:terminateEventDefinition id="t"/></bpmn:endEvent>'
    body = process(
        START, SPLIT, task("a"), task("b"), fork("way", "join"), JOIN, END, stop,
        flow("s", "split"), flow("split", "a"), flow("split", "b"), flow("a", "way"), flow("way", "early", 'a.x = "1"'),
        flow("way", "join"), flow("b", "join"), flow("join", "e"),
    )  # fmt: skip
    assert findings(body) == []


@pytest.mark.duty("C5")
def test_a_parallel_split_that_leads_back_multiplies_its_tokens() -> None:
    body = process(
        START, fork("again", "a").replace(' default="again_a"', ""), task("a"), SPLIT, task("b"), END,
        flow("s", "again"), flow("again", "a"), flow("a", "split"), flow("split", "again"), flow("split", "b"), flow("b", "e"),
    )  # fmt: skip
    found = errors(body)
    assert len(found) == 1 and "无休止地增多" in next(iter(found.values()))


def test_a_condition_that_never_holds_leaves_elements_unreached() -> None:
    body = process(
        START, task("x"), fork("way", "e"), task("a"), task("after"), '<bpmn:endEvent id="other"/>', END,
        flow("s", "x"), flow("x", "way"), flow("way", "a", "1 > 2"), flow("way", "e"), flow("a", "after"), flow("after", "other"),
    )  # fmt: skip
    found = errors(body)
    assert "永远走不到这里" in found["a"] and "这个结束永远走不到" in found["other"] and "after" not in found


def test_a_loop_that_nothing_leaves_never_ends() -> None:
    body = process(
        START, task("a"), fork("way", "a"), END,
        flow("s", "a"), flow("a", "way"), flow("way", "e", "false"), flow("way", "a"),
    )  # fmt: skip
    found = errors(body)
    assert "再也走不到结束" in found["a"] and "永远走不到" in found["e"]


def test_a_limit_beside_what_never_waits_can_never_fire() -> None:
    inner = (
        '<bpmn:subProcess id="sub" name="核对"><bpmn:startEvent id="is"/><bpmn:endEvent id="ie"/>'
        + flow("is", "ie")
        + "</bpmn:subProcess>"
    )
    body = process(
        START, inner, boundary("limit", "sub", "P5D"), task("late"), END, '<bpmn:endEvent id="e2"/>',
        flow("s", "sub"), flow("sub", "e"), flow("limit", "late"), flow("late", "e2"),
    )  # fmt: skip
    assert "永远等不到：它附着的“核对”不会停下来等待" in errors(body)["limit"]


def test_a_loop_through_a_called_process_that_may_not_wait_is_found() -> None:
    called = (
        f'<bpmn:process id="q" isExecutable="true"><bpmn:startEvent id="qs"/>{fork("qw", "qe")}{task("qt")}<bpmn:endEvent id="qe"/>'
        f"{flow('qs', 'qw')}{flow('qw', 'qt', 'wanted = 1')}{flow('qw', 'qe')}{flow('qt', 'qe')}</bpmn:process>"
    )
    body = (
        f'{HEAD}<bpmn:process id="p" isExecutable="true">{START}<bpmn:callActivity id="c" calledElement="q"/>{fork("way", "e")}{END}'
        f"{flow('s', 'c')}{flow('c', 'way')}{flow('way', 'c', 'wanted = 2')}{flow('way', 'e')}</bpmn:process>{called}</bpmn:definitions>"
    )
    assert any("环路" in message for message in errors(body).values())


def test_a_loop_over_a_list_that_may_be_empty_is_found() -> None:
    mark = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>x.x</bpmn:loopDataInputRef>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    body = process(
        START, task("x"), task("each", extra=mark), fork("way", "e"), END,
        flow("s", "x"), flow("x", "each"), flow("each", "way"), flow("way", "each", 'x.x = "1"'), flow("way", "e"),
    )  # fmt: skip
    assert any("环路" in message for message in errors(body).values())


def test_limits_beside_a_step_in_a_loop_are_no_growth() -> None:
    body = process(
        START, task("a"), boundary("limit", "a", "P5D", "false"), task("late"), fork("way", "e"), END, '<bpmn:endEvent id="e2"/>',
        flow("s", "a"), flow("a", "way"), flow("way", "a", 'a.x = "again"'), flow("way", "e"), flow("limit", "late"), flow("late", "e2"),
    )  # fmt: skip
    assert findings(body) == []


def wide(branches: int, length: int) -> str:
    parts = [START, SPLIT, JOIN, END, flow("s", "split"), flow("join", "e")]
    for branch in range(branches):
        names = [f"t{branch}_{step}" for step in range(length)]
        parts += [task(name) for name in names]
        parts += [flow(a, b) for a, b in zip(["split", *names], [*names, "join"], strict=True)]
    return process(*parts)


def test_parallel_branches_are_not_tried_in_every_order() -> None:
    """Eight branches of six steps have 7^8 situations; that their steps commute leaves some dozens."""
    began = time.perf_counter()
    assert findings(wide(8, 6)) == []
    assert time.perf_counter() - began < 5


def test_what_cannot_be_tried_in_time_is_said() -> None:
    definition = Definition(wide(3, 3).encode(), FORMS)
    found = explore(definition, Deadline(0))
    assert found and all(f.severity == "warning" and "没有全部试完" in f.message for f in found)


def test_an_event_gateway_goes_every_way() -> None:
    body = (
        process(
            START, '<bpmn:eventBasedGateway id="g"/>',
            f'<bpmn:intermediateCatchEvent id="late">{timer("late", "P5D")}</bpmn:intermediateCatchEvent>',
            '<bpmn:intermediateCatchEvent id="told"><bpmn:messageEventDefinition id="td" messageRef="m"/></bpmn:intermediateCatchEvent>',
            END, '<bpmn:endEvent id="e2"/>', flow("s", "g"), flow("g", "late"), flow("g", "told"), flow("late", "e"), flow("told", "e2"),
        ).replace('targetNamespace="t">', 'targetNamespace="t"><bpmn:message id="m" name="answer"/>')
    )  # fmt: skip
    assert findings(body) == []
