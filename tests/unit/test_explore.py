"""The exploration: what the real engine does on a diagram, in every way that a case may take."""

from __future__ import annotations

import random
import re

import pytest

from engine.flow.check import check
from engine.flow.exploration import explore
from engine.flow.exploration.search import MAX_STATES, Explorer
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground.deadline import Deadline
from engine.ground.errors import EngineFault, Finding
from tests.support.diagrams import drawn as blocks
from tests.support.small import (
    END,
    FORMS,
    HEAD,
    NOW,
    START,
    Host,
    boundary,
    flow,
    heard,
    process,
    task,
    timer,
    with_messages,
)

SPLIT, JOIN = (
    '<bpmn:parallelGateway id="split" name="分开"/>',
    '<bpmn:parallelGateway id="join" name="汇合"/>',
)


def fork(identifier: str, default: str) -> str:
    return f'<bpmn:exclusiveGateway id="{identifier}" name="{identifier}" default="{identifier}_{default}"/>'


def findings(body: str) -> list[Finding]:
    return check(body.encode(), FORMS)[1]


def errors(body: str) -> dict[str, str]:
    return {f.element_id: f.message for f in findings(body) if f.severity == "error"}


@pytest.mark.duty("C5")
def test_a_parallel_join_fed_by_an_exclusive_split_starves() -> None:
    body = process(
        START,
        task("x"),
        fork("way", "b"),
        task("a"),
        task("b"),
        JOIN,
        END,
        flow("s", "x"),
        flow("x", "way"),
        flow("way", "a", 'x.x = "1"'),
        flow("way", "b"),
        flow("a", "join"),
        flow("b", "join"),
        flow("join", "e"),
    )
    found = errors(body)
    assert found.keys() == {"join"}
    assert "汇合等不齐：“a”可能不来" in found["join"] or "汇合等不齐：“b”可能不来" in found["join"]


def test_the_same_branches_behind_gateways_that_fit_are_sound() -> None:
    for gate in ("parallelGateway", "inclusiveGateway"):
        default = ' default="split_b"' if gate == "inclusiveGateway" else ""
        condition = 'x.x = "1"' if gate == "inclusiveGateway" else ""
        body = process(
            START,
            task("x"),
            f'<bpmn:{gate} id="split"{default}/>',
            task("a"),
            task("b"),
            f'<bpmn:{gate} id="join"/>',
            END,
            flow("s", "x"),
            flow("x", "split"),
            flow("split", "a", condition),
            flow("split", "b"),
            flow("a", "join"),
            flow("b", "join"),
            flow("join", "e"),
        )
        assert findings(body) == []


def test_a_branch_that_leaves_before_the_join_starves_it() -> None:
    body = process(
        START,
        SPLIT,
        task("a"),
        task("b"),
        fork("way", "join"),
        JOIN,
        END,
        '<bpmn:endEvent id="early"/>',
        flow("s", "split"),
        flow("split", "a"),
        flow("split", "b"),
        flow("a", "way"),
        flow("way", "early", 'a.x = "1"'),
        flow("way", "join"),
        flow("b", "join"),
        flow("join", "e"),
    )
    assert errors(body) == {
        "join": "汇合等不齐：“way”可能不来，先到的就永远停在这里。分开时只走其中几路的，汇合也请用同样的网关。"
    }


def test_a_terminating_end_lets_a_branch_leave() -> None:
    stop = '<bpmn:endEvent id="early"><bpmn:terminateEventDefinition id="t"/></bpmn:endEvent>'
    body = process(
        START,
        SPLIT,
        task("a"),
        task("b"),
        fork("way", "join"),
        JOIN,
        END,
        stop,
        flow("s", "split"),
        flow("split", "a"),
        flow("split", "b"),
        flow("a", "way"),
        flow("way", "early", 'a.x = "1"'),
        flow("way", "join"),
        flow("b", "join"),
        flow("join", "e"),
    )
    assert findings(body) == []


@pytest.mark.duty("C5")
def test_a_parallel_split_that_leads_back_multiplies_its_tokens() -> None:
    body = process(
        START,
        fork("again", "a").replace(' default="again_a"', ""),
        task("a"),
        SPLIT,
        task("b"),
        END,
        flow("s", "again"),
        flow("again", "a"),
        flow("a", "split"),
        flow("split", "again"),
        flow("split", "b"),
        flow("b", "e"),
    )
    found = errors(body)
    assert len(found) == 1 and "无休止地增多" in next(iter(found.values()))


def test_a_condition_that_never_holds_leaves_elements_unreached() -> None:
    body = process(
        START,
        task("x"),
        fork("way", "e"),
        task("a"),
        task("after"),
        '<bpmn:endEvent id="other"/>',
        END,
        flow("s", "x"),
        flow("x", "way"),
        flow("way", "a", "1 > 2"),
        flow("way", "e"),
        flow("a", "after"),
        flow("after", "other"),
    )
    found = errors(body)
    assert "永远走不到这里" in found["a"] and "这个结束永远走不到" in found["other"] and "after" not in found


def test_a_loop_that_nothing_leaves_never_ends() -> None:
    body = process(
        START,
        task("a"),
        fork("way", "a"),
        END,
        flow("s", "a"),
        flow("a", "way"),
        flow("way", "e", "false"),
        flow("way", "a"),
    )
    found = errors(body)
    assert "再也走不到结束" in found["a"] and "永远走不到" in found["e"]


def test_a_limit_beside_what_never_waits_can_never_fire() -> None:
    inner = (
        '<bpmn:subProcess id="sub" name="核对"><bpmn:startEvent id="is"/><bpmn:endEvent id="ie"/>'
        + flow("is", "ie")
        + "</bpmn:subProcess>"
    )
    body = process(
        START,
        inner,
        boundary("limit", "sub", "P5D"),
        task("late"),
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "sub"),
        flow("sub", "e"),
        flow("limit", "late"),
        flow("late", "e2"),
    )
    assert "永远等不到：它附着的“核对”不会停下来等待" in errors(body)["limit"]


def test_a_loop_through_a_called_process_that_may_not_wait_is_found() -> None:
    called = (
        '<bpmn:process id="q" '
        'isExecutable="true"><bpmn:startEvent '
        f'id="qs"/>{fork("qw", "qe")}{task("qt")}<bpmn:endEvent id="qe"/>'
        f"{flow('qs', 'qw')}{flow('qw', 'qt', 'wanted = 1')}{flow('qw', 'qe')}{flow('qt', 'qe')}"
        "</bpmn:process>"
    )
    body = (
        f'{HEAD}<bpmn:process id="p" isExecutable="true">{START}<bpmn:callActivity '
        'id="c" '
        f'calledElement="q"/>{fork("way", "e")}{END}'
        f"{flow('s', 'c')}{flow('c', 'way')}{flow('way', 'c', 'wanted = 2')}{flow('way', 'e')}"
        f"</bpmn:process>{called}</bpmn:definitions>"
    )
    assert any("环路" in message for message in errors(body).values())


def test_a_loop_over_a_list_that_may_be_empty_is_found() -> None:
    mark = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>x.x</bpmn:loopDataInputRef>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    body = process(
        START,
        task("x"),
        task("each", extra=mark),
        fork("way", "e"),
        END,
        flow("s", "x"),
        flow("x", "each"),
        flow("each", "way"),
        flow("way", "each", 'x.x = "1"'),
        flow("way", "e"),
    )
    assert any("环路" in message for message in errors(body).values())


def test_limits_beside_a_step_in_a_loop_are_no_growth() -> None:
    body = process(
        START,
        task("a"),
        boundary("limit", "a", "P5D", "false"),
        task("late"),
        fork("way", "e"),
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "a"),
        flow("a", "way"),
        flow("way", "a", 'a.x = "again"'),
        flow("way", "e"),
        flow("limit", "late"),
        flow("late", "e2"),
    )
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
    assert findings(wide(8, 6)) == []
    definition = Definition(wide(8, 6).encode(), FORMS)
    explored = Explorer(definition, definition.specs[0], {}, Deadline(60), every_order=False).run()
    assert explored.states < 100


def test_what_cannot_be_tried_in_time_is_said() -> None:
    definition = Definition(wide(3, 3).encode(), FORMS)
    found = explore(definition, Deadline(0))
    assert found and all(f.severity == "warning" and "没有全部试完" in f.message for f in found)
    assert "没有试到的有“s”、“分开”" in found[0].message and "（13 处）" in found[0].message
    assert "“分开”有 3 条出口" in found[0].message


def test_a_wide_inclusive_gateway_is_tried_as_far_as_it_goes_and_the_rest_is_said() -> None:
    branches = [f"t{number}" for number in range(12)]
    body = process(
        START,
        *map(task, branches),
        '<bpmn:inclusiveGateway id="wide" name="可多选" default="wide_t0"/>',
        '<bpmn:inclusiveGateway id="join"/>',
        END,
        flow("s", "wide"),
        flow("wide", "t0"),
        *(flow("wide", name, f'ask = "{name}"') for name in branches[1:]),
        *(flow(name, "join") for name in branches),
        flow("join", "e"),
    )
    body = body.replace('ask = "', 'contains(ask, "').replace('"</bpmn:cond', '")</bpmn:cond')
    found = explore(Definition(body.encode(), FORMS), Deadline(60))
    tried = re.search(r"只试了 (\d+) 种情形", found[0].message)
    assert tried and int(tried[1]) < 2**11 + 2 * MAX_STATES, (
        "2^11 ways out of the gateway; then the count is the bound"
    )
    assert [f.severity for f in found] == ["warning"]
    assert "每一处都试到过" in found[0].message and "“可多选”有 12 条出口" in found[0].message, found


def test_an_event_gateway_goes_every_way() -> None:
    body = process(
        START,
        '<bpmn:eventBasedGateway id="g"/>',
        f'<bpmn:intermediateCatchEvent id="late">{timer("late", "P5D")}</bpmn:intermediateCatchEvent>',
        '<bpmn:intermediateCatchEvent id="told"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="formKey" value="f"/></spiffworkflow:properties>'
        '</bpmn:extensionElements><bpmn:messageEventDefinition id="td" messageRef="m"/>'
        "</bpmn:intermediateCatchEvent>",
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "g"),
        flow("g", "late"),
        flow("g", "told"),
        flow("late", "e"),
        flow("told", "e2"),
    ).replace('targetNamespace="t">', 'targetNamespace="t"><bpmn:message id="m" name="answer"/>')
    assert findings(body) == []


def drawn(chance: random.Random, size: int) -> str:
    """A random diagram of user tasks and gateways, well connected, sound or not."""
    kinds = [
        chance.choice(["task", "task", "parallelGateway", "exclusiveGateway", "inclusiveGateway"])
        for _ in range(size)
    ]
    names = [f"n{number}" for number in range(size)]
    parts, flows = [START, END], {("s", "n0")}
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        targets = [*names[number + 1 :], "e"]
        for target in chance.sample(
            targets, min(len(targets), 1 if kind == "task" else chance.randint(1, 3))
        ):
            flows.add((name, target))
    for number, name in enumerate(names[1:], 1):
        if all(target != name for _, target in flows):
            gates = [n for n, k in zip(names[:number], kinds, strict=False) if k != "task"]
            flows.add((chance.choice(gates) if gates else "s", name))
    for name, kind in zip(names, kinds, strict=True):
        out = sorted(target for source, target in flows if source == name)
        default = (
            f' default="{name}_{out[0]}"'
            if kind in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1
            else ""
        )
        parts.append(task(name) if kind == "task" else f'<bpmn:{kind} id="{name}"{default}/>')
        decides = bool(default)
        parts += [
            flow(name, target, f'ask = "{target}"' if decides and target != out[0] else "") for target in out
        ]
    return process(*parts, flow("s", "n0"))


@pytest.mark.duty("C5")
def test_the_reduction_finds_what_every_order_finds() -> None:
    """Random diagrams, explored with parallel tokens in one order and in every order:
    the same joins starve.
    """
    compared = starving = 0
    for seed in range(120):
        body = drawn(random.Random(seed), 9)
        if any(f.severity == "error" and "汇合" not in f.message for f in findings(body)):
            continue  # refused for another reason
        definition = Definition(body.encode(), FORMS)
        reduced = {f.element_id for f in explore(definition, Deadline(20))}
        full = {f.element_id for f in explore(definition, Deadline(20), every_order=True)}
        assert reduced == full, seed
        compared += 1
        starving += bool(full)
    assert compared >= 30 and starving >= 5, (compared, starving)


@pytest.mark.duty("C5")
def test_the_reduction_finds_what_every_order_finds_in_diagrams_of_all_kinds(
    pytestconfig: pytest.Config,
) -> None:
    """Events beside steps that wait for the same message, event gateways, repeated steps, loops, calls."""
    compared = unsound = 0
    for seed in range(400 if pytestconfig.getoption("--whole") else 40):
        definition = Definition(blocks(seed, size=1).encode(), FORMS)
        reduced, full = (explore(definition, Deadline(20), every_order=every) for every in (False, True))
        if any(one.severity == "warning" for one in [*reduced, *full]):
            continue
        assert {one.element_id for one in reduced} == {one.element_id for one in full}, seed
        compared += 1
        unsound += bool(full)
    assert compared >= 30 and unsound, (compared, unsound)


def beside_one_message(cancel: str) -> str:
    """Two steps at once, each with an event beside it that waits for the same message."""
    join = "parallelGateway" if cancel == "false" else "exclusiveGateway"
    body = process(
        START,
        SPLIT,
        task("a"),
        task("b"),
        heard("at_a", "a", "m", cancel),
        heard("at_b", "b", "m", cancel),
        f'<bpmn:{join} id="join"/>',
        END,
        flow("s", "split"),
        flow("split", "a"),
        flow("split", "b"),
        flow("a", "join"),
        flow("b", "join"),
        flow("join", "e"),
        '<bpmn:endEvent id="ea"/><bpmn:endEvent id="eb"/>',
        flow("at_a", "ea"),
        flow("at_b", "eb"),
    )
    return with_messages(body, "m")


@pytest.mark.parametrize("cancel", ["true", "false"])
def test_two_steps_at_once_may_wait_for_one_message(cancel: str) -> None:
    assert findings(beside_one_message(cancel)) == []


def side_loop(end: str) -> str:
    """The work, and beside it somebody who is reminded every seven days."""
    wait = f'<bpmn:intermediateCatchEvent id="week">{timer("week", "P7D")}</bpmn:intermediateCatchEvent>'
    return process(
        START,
        SPLIT,
        task("work"),
        f'<bpmn:endEvent id="e">{end}</bpmn:endEvent>',
        '<bpmn:exclusiveGateway id="round"/>',
        wait,
        task("remind"),
        flow("s", "split"),
        flow("split", "work"),
        flow("work", "e"),
        flow("split", "round"),
        flow("round", "week"),
        flow("week", "remind"),
        flow("remind", "round"),
    )


def test_a_terminating_end_stops_a_loop_beside_the_work() -> None:
    assert findings(side_loop('<bpmn:terminateEventDefinition id="t"/>')) == []


def test_a_loop_beside_the_work_that_nothing_stops_is_refused() -> None:
    assert {"round", "week", "remind"} <= errors(side_loop("")).keys()


def test_a_terminating_end_that_the_case_may_miss_stops_no_loop() -> None:
    body = side_loop('<bpmn:terminateEventDefinition id="t"/>').replace(flow("work", "e"), "")
    body = body.replace(
        "</bpmn:process>",
        "".join(
            (
                fork("way", "other"),
                '<bpmn:endEvent id="other"/>',
                flow("work", "way"),
                flow("way", "e", 'work.x = "1"'),
                flow("way", "other"),
                "</bpmn:process>",
            )
        ),
    )
    assert any("再也走不到结束" in message for message in errors(body).values())


def test_instances_of_a_step_in_a_loop_are_no_growth() -> None:
    """Half of one round, then the whole of the next: there are never more than two."""
    each = (
        "<bpmn:multiInstanceLoopCharacteristics "
        'isSequential="false"><bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>'
        "<bpmn:completionCondition>each.x = "
        '"3"</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics>'
    )
    body = process(
        START,
        '<bpmn:exclusiveGateway id="m"/>',
        task("each", extra=each),
        fork("way", "e"),
        END,
        task("a"),
        SPLIT,
        task("b"),
        JOIN,
        flow("s", "m"),
        flow("m", "a"),
        flow("a", "split"),
        flow("split", "each"),
        flow("split", "b"),
        flow("each", "join"),
        flow("b", "join"),
        flow("join", "way"),
        flow("way", "m", 'a.x = "1"'),
        flow("way", "e"),
    )
    assert findings(body) == []


def twice(first: str, second: str, *, setter: str = "a") -> str:
    """Two branches that each ask before they join; `setter` is the step that sets ``a``."""
    steps = "".join(task(name, "a" if name == setter else "") for name in ("a0", "b1", "b2"))
    return process(
        START,
        steps,
        SPLIT,
        fork("g1", "e1"),
        fork("g2", "e2"),
        JOIN,
        END,
        '<bpmn:endEvent id="e1"/><bpmn:endEvent id="e2"/>',
        flow("s", "a0"),
        flow("a0", "split"),
        flow("split", "b1"),
        flow("split", "b2"),
        flow("b1", "g1"),
        flow("b2", "g2"),
        flow("g1", "join", first),
        flow("g1", "e1"),
        flow("g2", "join", second),
        flow("g2", "e2"),
        flow("join", "e"),
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('a.x = "1"', 'a.x = "1"'),
        ('a.x = "1"', '= a.x="1"'),
        ('a.x = "1"', 'not(a.x != "1")'),
        ('a.x in ("1", "2")', 'a.x = "1" or a.x = "2"'),
        ("wanted", "wanted = true"),
        ("wanted &lt; 3 or wanted &gt;= 3", "wanted &gt; 2 or wanted &lt;= 2"),
        ('household.type = "ordinary"', '"ordinary" = household.type'),
    ],
)
@pytest.mark.duty("C5")
def test_branches_that_ask_the_same_come_together_or_not_at_all(first: str, second: str) -> None:
    assert findings(twice(first, second, setter="a0")) == []


@pytest.mark.parametrize(
    ("first", "second", "setter"),
    [
        ('a.x = "1"', 'a.x = "2"', "a0"),
        ('a.x = "1"', 'a.x != "1"', "a0"),
        ("wanted &gt; 3", "wanted &gt;= 4", "a0"),
        ("wanted", "posted_on", "a0"),
        ('a.x = "1"', 'a.x = "1"', "b2"),  # set again between the two
        ('clue.channel = "x"', 'clue.channel = "x"', "a0"),  # a later clue may change it
    ],
)
@pytest.mark.duty("C5")
def test_branches_that_may_ask_differently_starve_the_join(first: str, second: str, setter: str) -> None:
    assert errors(twice(first, second, setter=setter)).keys() == {"join"}


def test_a_variable_that_a_part_sets_beside_is_not_counted_on() -> None:
    """Two instances of the called process run at once: what one was told may be changed by the other."""
    inner = (
        twice('a.x = "1"', 'a.x = "1"', setter="a0").partition(">" + START)[2].partition("</bpmn:process>")[0]
    )
    called = f'<bpmn:process id="q" isExecutable="true"><bpmn:startEvent id="s"/>{inner}</bpmn:process>'
    outer = (
        '<bpmn:process id="p" isExecutable="true">'
        + START.replace('"s"', '"ps"')
        + '<bpmn:parallelGateway id="two"/><bpmn:callActivity id="c1" calledElement="q"/>'
        '<bpmn:callActivity id="c2" calledElement="q"/><bpmn:parallelGateway '
        'id="one"/><bpmn:endEvent '
        'id="pe"/>'
        + "".join(
            flow(a, b)
            for a, b in [
                ("ps", "two"),
                ("two", "c1"),
                ("two", "c2"),
                ("c1", "one"),
                ("c2", "one"),
                ("one", "pe"),
            ]
        )
        + "</bpmn:process>"
    )
    assert errors(f"{HEAD}{outer}{called}</bpmn:definitions>").keys() == {"join"}
    once = outer.replace('<bpmn:callActivity id="c2" calledElement="q"/>', task("c2"))
    assert errors(f"{HEAD}{once}{called}</bpmn:definitions>") == {}


def runs_dry(body: str, values: list[str], chance: random.Random) -> bool:
    """Whether some case with one of these values, its steps done in some order, stops before its end."""
    definition = Definition(body.encode(), FORMS)
    for value in values:
        for _ in range(12):
            instance = Instance(definition, Host())
            try:
                instance.start({"ask": value}, NOW)
                while not instance.completed:
                    instance.complete(chance.choice(instance.open_tasks()).token, {}, NOW)
            except EngineFault:
                return True
    return False


@pytest.mark.duty("C5")
def test_cases_run_dry_where_the_exploration_says_so_and_nowhere_else() -> None:
    """Random diagrams whose gateways all ask for one variable: run with every value,
    their steps in random orders.
    """
    compared = dry = 0
    for seed in range(200, 250):
        chance = random.Random(seed)
        body = drawn(chance, 8)
        if any(f.severity == "error" and "汇合" not in f.message for f in findings(body)):
            continue
        told = bool(explore(Definition(body.encode(), FORMS), Deadline(20)))
        assert told == runs_dry(body, [*(f"n{number}" for number in range(8)), "e", "none"], chance), seed
        compared += 1
        dry += told
    assert compared >= 12 and dry >= 2, (compared, dry)
