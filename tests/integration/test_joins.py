"""Parallel and inclusive joins in loops, as the standard has them: each round waits for its own tokens,
in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from engine.flow.machine.instance import Instance
from tests.support.small import END, NOW, START, again, begin, flow, open_names, process, task, token

NAMES = ("a", "b", "c")


def rounds(gate: str, taken: str = "") -> str:
    """Three branches that meet, then a step that may send the case round again;
    `taken` is each branch's condition.
    """
    default = ' default="f_b"' if taken else ""
    branches = [flow("f", one, taken.format(one) if taken and one != "b" else "") for one in NAMES]
    return process(
        START,
        '<bpmn:exclusiveGateway id="m"/>',
        f'<bpmn:{gate} id="f"{default}/>',
        *[task(one) for one in NAMES],
        f'<bpmn:{gate} id="j"/>',
        task("x"),
        '<bpmn:exclusiveGateway id="w" default="w_m"/>',
        END,
        flow("s", "m"),
        flow("m", "f"),
        *branches,
        *[flow(one, "j") for one in NAMES],
        flow("j", "x"),
        flow("x", "w"),
        flow("w", "e", 'x.x = "over"'),
        flow("w", "m"),
    )


def do(instance: Instance, name: str, value: str = "") -> Instance:
    instance.complete(token(instance, name), {name: {"x": value}}, NOW)
    return again(instance)


def round_of(instance: Instance, order: Sequence[str]) -> Instance:
    """All that are open are done in `order`, and only then the step behind the join opens,
    which sends it round again.
    """
    left = set(order)
    for name in order:
        assert open_names(instance) == sorted(left)
        instance = do(instance, name)
        left.remove(name)
    assert open_names(instance) == ["x"]
    return do(instance, "x", "again")


@pytest.mark.duty("C1")
def test_a_parallel_join_in_a_loop_waits_in_every_round_for_all_in_any_order() -> None:
    instance = begin(rounds("parallelGateway"))
    for order in permutations(NAMES):
        instance = round_of(instance, order)
    for name in NAMES:
        instance = do(instance, name)
    assert do(instance, "x", "over").completed


@pytest.mark.duty("C1")
@pytest.mark.parametrize("chosen", [["a"], ["a", "c"], ["c"], []])
def test_an_inclusive_join_in_a_loop_waits_for_those_that_set_out_and_for_no_other(chosen: list[str]) -> None:
    instance = begin(rounds("inclusiveGateway", 'list contains(people, "{}")'), people=chosen)
    on_the_way = sorted(chosen) or ["b"]
    for order in (on_the_way, on_the_way[::-1], on_the_way):
        instance = round_of(instance, order)
    assert open_names(instance) == on_the_way


def twice(gate: str, first: str = "", second: str = "") -> str:
    """Two flows straight from the split into the join, and one through a step."""
    default = ' default="f_a"' if gate == "inclusiveGateway" else ""
    return process(
        START,
        f'<bpmn:{gate} id="f"{default}/>',
        f'<bpmn:{gate} id="j"/>',
        task("a"),
        task("x"),
        END,
        flow("s", "f"),
        flow("f", "j", first),
        flow("f", "j", second).replace('"f_j"', '"f_j2"'),
        flow("f", "a"),
        flow("a", "j"),
        flow("j", "x"),
        flow("x", "e"),
    )


@pytest.mark.duty("C1", "C5")
def test_a_parallel_join_counts_flows_and_not_where_they_come_from() -> None:
    instance = again(begin(twice("parallelGateway")))
    assert open_names(instance) == ["a"]
    instance = do(instance, "a")
    assert open_names(instance) == ["x"]
    assert do(instance, "x").completed


@pytest.mark.duty("C1", "C5")
@pytest.mark.parametrize("wanted", [(), ("1",), ("2",), ("1", "2")])
def test_an_inclusive_join_takes_all_that_skip_to_it_as_one(wanted: tuple[str, ...]) -> None:
    conditions = [f'list contains(people, "{number}")' for number in "12"]
    instance = again(begin(twice("inclusiveGateway", *conditions), people=list(wanted)))
    if not wanted:
        instance = do(instance, "a")
    assert open_names(instance) == ["x"]
    assert do(instance, "x").completed


@pytest.mark.parametrize("rounds", [("1", "2"), ("2", "1"), ("1", "1"), ("2", "2")])
def test_tokens_of_two_rounds_meet_by_the_flows_that_they_took(rounds: tuple[str, str]) -> None:
    """Two tokens pass one exclusive gateway, each by a flow of its own or both by the same."""
    body = process(
        START,
        '<bpmn:parallelGateway id="f"/>',
        task("a"),
        task("b"),
        '<bpmn:exclusiveGateway id="g" default="g_j2"/>',
        task("c"),
        '<bpmn:inclusiveGateway id="j"/>',
        task("x"),
        END,
        flow("s", "f"),
        flow("f", "a"),
        flow("f", "b"),
        flow("f", "c"),
        flow("a", "g"),
        flow("b", "g"),
        flow("g", "j", 'way = "1"'),
        flow("g", "j").replace('"g_j"', '"g_j2"'),
        flow("c", "j"),
        flow("j", "x"),
        flow("x", "e"),
    ).replace("wanted", "wanted, way")
    instance = begin(body)
    for name, way in zip("ab", rounds, strict=True):
        instance.complete(token(instance, name), {"way": way}, NOW)
        instance = again(instance)
    instance = do(instance, "c")
    assert open_names(instance) == ["x"] * (1 if rounds[0] != rounds[1] else 2)


def test_hundreds_of_rounds_with_a_second_end_reach_the_end() -> None:
    """Trap 10: the library looks up and down its tree to a depth of a thousand only."""
    side = '<bpmn:parallelGateway id="q"/><bpmn:endEvent id="aside"/>'
    body = process(
        START,
        '<bpmn:exclusiveGateway id="m"/>',
        task("x"),
        side,
        '<bpmn:exclusiveGateway id="w" default="w_m"/>',
        END,
        flow("s", "m"),
        flow("m", "x"),
        flow("x", "q"),
        flow("q", "aside"),
        flow("q", "w"),
        flow("w", "e", 'x.x = "over"'),
        flow("w", "m"),
    )
    instance = begin(body)
    for _ in range(300):
        instance.complete(token(instance, "x"), {"x": {"x": "again"}}, NOW)
    instance = again(instance)
    assert not instance.completed
    instance.complete(token(instance, "x"), {"x": {"x": "over"}}, NOW)
    assert instance.completed
