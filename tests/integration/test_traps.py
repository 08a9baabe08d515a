"""The twelve traps of SpiffWorkflow 3.2, one by one, and the library's behaviours that the engine stands on.

A library upgrade that changes one of them shows here first.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import SpiffWorkflow
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.flow.check import check
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground.clock import CHINA
from engine.ground.errors import Conflict, EngineFault
from tests.support.small import (
    END,
    FORMS,
    HEAD,
    NOW,
    START,
    Host,
    begin,
    boundary,
    deploy,
    flow,
    open_names,
    process,
    task,
    timer,
    token,
)

LINE = process(START, task("a"), task("b"), END, flow("s", "a"), flow("a", "b"), flow("b", "e"))
LATE = process(
    START,
    task("a"),
    task("late"),
    END,
    boundary("limit", "a", "P5D"),
    '<bpmn:endEvent id="e2"/>',
    flow("s", "a"),
    flow("a", "e"),
    flow("limit", "late"),
    flow("late", "e2"),
)


def test_version() -> None:
    assert SpiffWorkflow.__name__ == "SpiffWorkflow"
    from importlib.metadata import version

    assert version("SpiffWorkflow").startswith("3.2.")


def test_trap_1_a_stored_state_does_not_depend_on_the_order_of_keys() -> None:
    instance = begin(LINE, facts={"z": 1, "a": {"y": 2, "b": 3}})
    again = Instance.restored(instance.definition, Host(), instance.stored())
    assert list(again.variables["facts"]) == ["z", "a"]
    shuffled = json.loads(json.dumps(again.variables, sort_keys=True))
    assert shuffled == instance.variables  # nothing else of a state is an object with meaningful order
    assert again.canonical() == instance.canonical()


def test_trap_2_only_a_ready_task_can_be_finished() -> None:
    instance = begin(LATE)
    gone = token(instance, "a")
    instance.pass_time(NOW + timedelta(days=6))
    assert open_names(instance) == ["late"]
    for wrong in (gone, "0123456789abcdef"):
        with pytest.raises(Conflict):
            instance.complete(wrong, {}, NOW + timedelta(days=6))
    assert open_names(instance) == ["late"]


def test_trap_2_pin_the_library_itself_checks_nothing() -> None:
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(LINE.encode()))
    workflow = BpmnWorkflow(parser.get_spec("p"))
    workflow.do_engine_steps()
    first = workflow.get_tasks(state=TaskState.READY, manual=True)[0]
    first.run()
    first.run()  # a second time, on a COMPLETED task: no complaint
    assert first.state == TaskState.COMPLETED


def test_trap_3_one_call_runs_what_a_timer_made_ready() -> None:
    body = process(
        START,
        f'<bpmn:intermediateCatchEvent id="w">{timer("w", "P5D")}</bpmn:intermediateCatchEvent>',
        task("a"),
        END,
        flow("s", "w"),
        flow("w", "a"),
        flow("a", "e"),
    )
    instance = begin(body)
    instance.pass_time(NOW + timedelta(days=5))
    assert open_names(instance) == ["a"]


def test_trap_4_a_task_finished_after_its_limit_takes_the_late_branch_first() -> None:
    instance = begin(LATE)
    a = token(instance, "a")
    with pytest.raises(Conflict):
        instance.complete(a, {}, NOW + timedelta(days=5, seconds=1))
    assert open_names(instance) == ["late"]
    marking = begin(LATE.replace('cancelActivity="true"', 'cancelActivity="false"'))
    marking.complete(token(marking, "a"), {}, NOW + timedelta(days=6))
    assert open_names(marking) == ["late"]


def test_trap_5_tasks_inside_a_subprocess_keep_their_own_lane() -> None:
    lanes = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="l1" '
        'name="村级'
        '"><bpmn:flowNodeRef>s</bpmn:flowNodeRef><bpmn:flowNodeRef>sub</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>e</bpmn:flowNodeRef></bpmn:lane><bpmn:lane "
        'id="l2" '
        'name="县级"><bpmn:flowNodeRef>inner</bpmn:flowNodeRef></bpmn:lane>'
        "</bpmn:laneSet>"
    )
    inner = task("inner").replace('<spiffworkflow:property name="queue" value="village"/>', "")
    sub = (
        '<bpmn:subProcess id="sub"><bpmn:startEvent '
        f'id="is"/>{inner}<bpmn:endEvent '
        f'id="ie"/>{flow("is", "inner")}{flow("inner", "ie")}'
        "</bpmn:subProcess>"
    )
    definition = deploy(process(lanes, START, sub, END, flow("s", "sub"), flow("sub", "e")))
    assert definition.elements["inner"].queue == "county"


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "P5D", NOW + timedelta(days=5)),
        ("timeDuration", "PT36H", NOW + timedelta(hours=36)),
        ("timeDate", "2022-06-01T08:00:00+08:00", datetime(2022, 6, 1, 8, tzinfo=CHINA)),
        ("timeDate", "2022-06-01", datetime(2022, 6, 1, tzinfo=CHINA)),
        ("timeDate", "days after(posted_on, 5)", datetime(2022, 5, 17, tzinfo=CHINA)),
    ],
)
def test_trap_6_timers_as_modelers_write_them(kind: str, text: str, due: datetime) -> None:
    body = process(
        START,
        f'<bpmn:intermediateCatchEvent id="w">{timer("w", text, kind)}</bpmn:intermediateCatchEvent>',
        END,
        flow("s", "w"),
        flow("w", "e"),
    )
    assert [one.due_at for one in begin(body, posted_on="2022-05-11").timers()] == [due]


def test_trap_7_the_shared_spec_is_never_changed_by_a_case() -> None:
    definition = deploy(LATE)
    spec, _ = definition.specs
    before = {name: [t.name for t in one.outputs] for name, one in spec.task_specs.items()}
    for days in (1, 6, 9):
        instance = Instance(definition, Host())
        instance.start({}, NOW)
        instance.pass_time(NOW + timedelta(days=days))
    assert {name: [t.name for t in one.outputs] for name, one in spec.task_specs.items()} == before
    body = process(START, '<bpmn:subProcess id="x" triggeredByEvent="true"/>', END, flow("s", "e"))
    assert any("事件子流程" in finding.message for finding in check(body.encode(), FORMS)[1])


def test_trap_8_two_timers_on_one_event_gateway_are_refused() -> None:
    body = process(
        START,
        '<bpmn:eventBasedGateway id="g"/>',
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "g"),
        flow("g", "w"),
        flow("g", "v"),
        f'<bpmn:intermediateCatchEvent id="w">{timer("w", "P5D")}</bpmn:intermediateCatchEvent>',
        f'<bpmn:intermediateCatchEvent id="v">{timer("v", "P10D")}</bpmn:intermediateCatchEvent>',
        flow("w", "e"),
        flow("v", "e2"),
    )
    assert any("最多只能有一个定时事件" in finding.message for finding in check(body.encode(), FORMS)[1])


@pytest.mark.parametrize(
    "element",
    [
        "<bpmn:intermediateThrowEvent "
        'id="x"><bpmn:linkEventDefinition '
        'id="l"/></bpmn:intermediateThrowEvent>',
        "<bpmn:intermediateThrowEvent "
        'id="x"><bpmn:compensateEventDefinition '
        'id="l"/></bpmn:intermediateThrowEvent>',
        "<bpmn:intermediateCatchEvent "
        'id="x"><bpmn:conditionalEventDefinition '
        'id="l"/></bpmn:intermediateCatchEvent>',
    ],
)
def test_trap_9_what_would_be_ignored_in_silence_is_refused(element: str) -> None:
    body = process(START, element, END, flow("s", "x"), flow("x", "e"))
    assert any(finding.element_id == "x" for finding in check(body.encode(), FORMS)[1])


def test_trap_9_a_condition_on_a_flow_out_of_a_task_is_refused() -> None:
    body = process(START, task("a"), END, flow("s", "a"), flow("a", "e", "a.x = 1"))
    assert any("条件会被忽略" in finding.message for finding in check(body.encode(), FORMS)[1])


def test_trap_10_a_case_survives_hundreds_of_rounds_of_a_loop() -> None:
    body = process(
        START,
        task("a"),
        '<bpmn:exclusiveGateway id="g" default="g_a"/>',
        END,
        flow("s", "a"),
        flow("a", "g"),
        flow("g", "a"),
        flow("g", "e", 'a.x = "done"'),
    )
    instance = begin(body)
    for _ in range(260):
        instance.complete(token(instance, "a"), {"a": {"x": "again"}}, NOW)
    instance = Instance.restored(instance.definition, Host(), instance.stored())
    instance.complete(token(instance, "a"), {"a": {"x": "done"}}, NOW)
    assert instance.completed


def test_trap_11_parallel_branches_do_not_overwrite_each_other() -> None:
    body = process(
        START,
        '<bpmn:parallelGateway id="g"/>',
        task("a"),
        task("b"),
        '<bpmn:parallelGateway id="j"/>',
        task("c"),
        END,
        flow("s", "g"),
        flow("g", "a"),
        flow("g", "b"),
        flow("a", "j"),
        flow("b", "j"),
        flow("j", "c"),
        flow("c", "e"),
    )
    instance = begin(body, status="old")
    instance.complete(token(instance, "a"), {"status": "new"}, NOW)
    instance = Instance.restored(instance.definition, Host(), instance.stored())
    instance.complete(token(instance, "b"), {"b": {"x": 1}}, NOW)
    assert open_names(instance) == ["c"] and instance.variables["status"] == "new"


def test_trap_12_no_text_of_a_diagram_reaches_python() -> None:
    gateway = process(
        START,
        '<bpmn:exclusiveGateway id="g" default="g_e"/>',
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "g"),
        flow("g", "e"),
        flow("g", "e2", "().__class__.__mro__[1].__subclasses__()"),
    )
    assert any("写得不对" in finding.message for finding in check(gateway.encode(), FORMS)[1])
    harmless = begin(
        gateway.replace("().__class__.__mro__[1].__subclasses__()", "secret.__class__ != null"), secret="x"
    )
    assert harmless.completed and harmless.records[-1].ends == ["e"]


# -- pins: what the engine stands on ---------------------------------------------------------------


def test_pin_a_dead_end_is_never_silent() -> None:
    body = process(
        START,
        task("a"),
        '<bpmn:exclusiveGateway id="g"/>',
        END,
        flow("s", "a"),
        flow("a", "g"),
        flow("g", "e", "false"),
    )
    refused, findings = check(body.encode(), FORMS)
    assert refused is None and any(finding.element_id == "g" for finding in findings)
    instance = Instance(Definition(body.encode(), FORMS), Host())
    instance.start({}, NOW)
    with pytest.raises((EngineFault, Conflict)):
        instance.complete(token(instance, "a"), {}, NOW)


def test_pin_a_terminating_end_inside_a_called_process_ends_only_that() -> None:
    body = (
        f'{HEAD}<bpmn:process id="p" isExecutable="true">{START}<bpmn:callActivity '
        'id="c" '
        f'calledElement="q"/>{task("after")}{END}'
        f"{flow('s', 'c')}{flow('c', 'after')}{flow('after', 'e')}</bpmn:process>"
        '<bpmn:process id="q" isExecutable="true"><bpmn:startEvent '
        'id="qs"/><bpmn:parallelGateway '
        f'id="g"/>{task("x")}{task("y")}'
        '<bpmn:endEvent id="stop"><bpmn:terminateEventDefinition '
        'id="t"/></bpmn:endEvent><bpmn:endEvent '
        'id="qe"/>'
        f"{flow('qs', 'g')}{flow('g', 'x')}{flow('g', 'y')}{flow('x', 'stop')}{flow('y', 'qe')}"
        "</bpmn:process></bpmn:definitions>"
    )
    instance = begin(body)
    instance.complete(token(instance, "x"), {}, NOW)
    assert open_names(instance) == ["after"]


def test_pin_overdue_timers_fire_in_due_order_up_to_the_horizon() -> None:
    body = process(
        START,
        task("a"),
        END,
        boundary("first", "a", "P2D", "false"),
        boundary("second", "a", "P4D", "false"),
        task("x"),
        task("y"),
        '<bpmn:endEvent id="e1"/>',
        '<bpmn:endEvent id="e2"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("first", "x"),
        flow("x", "e1"),
        flow("second", "y"),
        flow("y", "e2"),
    )
    instance = begin(body)
    late = NOW + timedelta(days=30)
    instance.pass_time(late, NOW + timedelta(days=3))
    assert open_names(instance) == ["a", "x"]
    instance.pass_time(late)
    assert open_names(instance) == ["a", "x", "y"]
    timers = [(record.element_id, record.due_at) for record in instance.records if record.kind == "timer"]
    assert timers == [("first", NOW + timedelta(days=2)), ("second", NOW + timedelta(days=4))]


def test_pin_a_message_reaches_one_waiting_event_and_waits_when_nothing_does() -> None:
    message = '<bpmn:messageEventDefinition id="m{0}" messageRef="msg"/>'
    body = process(
        START,
        task("a"),
        f'<bpmn:intermediateCatchEvent id="w">{message.format(1)}</bpmn:intermediateCatchEvent>',
        task("b"),
        END,
        flow("s", "a"),
        flow("a", "w"),
        flow("w", "b"),
        flow("b", "e"),
    ).replace('<bpmn:process id="p"', '<bpmn:message id="msg" name="news"/><bpmn:process id="p"')
    instance = begin(body)
    assert instance.send("news", {"x": 1}, NOW) is False
    instance = Instance.restored(instance.definition, Host(), instance.stored())
    instance.complete(token(instance, "a"), {}, NOW)
    assert open_names(instance) == ["b"] and instance.variables["news"] == {"x": 1}
