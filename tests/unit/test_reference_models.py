"""The traits of the BPMN reference models and of their many exports: judged once, at the element itself,
in plain words.

Each diagram is small and our own; what it has in common with a real file is said in its test.
"""

from __future__ import annotations

import pytest

from engine.flow.check import check
from engine.ground.errors import Finding
from tests.support.small import END, FORMS, START, asked, boundary, flow, process, task, timer
from tests.unit.test_foreign_files import MODEL, STEP, begun, camunda7, messages, zeebe


def findings(body: str) -> list[tuple[str, str]]:
    """Element and sentence."""
    return [(one.element_id, one.message) for one in check(body.encode(), FORMS)[1]]


def inner(*parts: str, attributes: str = "", kind: str = "subProcess") -> str:
    return f'<bpmn:{kind} id="sub" name="子流程" {attributes}>{"".join(parts)}</bpmn:{kind}>'


INNER_START, INNER_END = '<bpmn:startEvent id="ss"/>', '<bpmn:endEvent id="se"/>'


@pytest.mark.duty("C5")
@pytest.mark.parametrize(
    "kind", ["task", "sendTask", "receiveTask", "scriptTask", "intermediateThrowEvent", "complexGateway"]
)
def test_a_step_that_cannot_run_is_named_once_and_its_neighbours_are_not_blamed(kind: str) -> None:
    """A.1: a row of steps of no type."""
    body = process(
        START,
        f'<bpmn:{kind} id="x" name="Task&#10;1"/>',
        task("a"),
        END,
        flow("s", "x"),
        flow("x", "a"),
        flow("a", "e"),
    )
    found = check(body.encode(), FORMS)[1]
    assert [(one.element_id, one.element_name) for one in found] == [("x", "Task 1")], found


def test_an_event_beside_a_step_that_cannot_run_is_judged_with_the_step() -> None:
    """C.9.1: a limit beside a receive task."""
    body = process(
        START,
        '<bpmn:receiveTask id="x"/>',
        boundary("late", "x", "P1D"),
        '<bpmn:endEvent id="e2"/>',
        END,
        flow("s", "x"),
        flow("x", "e"),
        flow("late", "e2"),
    )
    assert [element for element, _ in findings(body)] == ["x"]


@pytest.mark.parametrize(
    ("attributes", "kind", "sentence"),
    [
        ('triggeredByEvent="true"', "subProcess", "事件子流程"),
        ("", "adHocSubProcess", "临时子流程"),
        ("", "transaction", "事务子流程"),
    ],
)
def test_a_subprocess_that_cannot_run_is_named_and_not_what_it_holds(
    attributes: str, kind: str, sentence: str
) -> None:
    """C.6, C.9: steps without flows, typed starts and throwing ends inside."""
    held = inner(
        f'<bpmn:startEvent id="ss">{timer("ss", "P1D")}</bpmn:startEvent>',
        '<bpmn:sendTask id="y"/>',
        '<bpmn:endEvent id="se"><bpmn:errorEventDefinition id="x1"/></bpmn:endEvent>',
        flow("ss", "y"),
        attributes=attributes,
        kind=kind,
    )
    body = process(START, task("a"), held, END, flow("s", "a"), flow("a", "e"))
    found = [
        (element, text) for element, text in findings(body) if "没有" not in text and "走不到" not in text
    ]
    assert [element for element, _ in found] == ["sub"] and sentence in found[0][1]
    if attributes:
        assert len(findings(body)) == 1, "an event subprocess has no flows by the standard"


def test_compensation_is_named_without_asking_for_flows() -> None:
    """C.6: a handler that no flow leads to, and the event that points at it."""
    body = process(
        START,
        task("a"),
        END,
        '<bpmn:manualTask id="undo" isForCompensation="true"/>',
        '<bpmn:boundaryEvent id="b" attachedToRef="a"><bpmn:compensateEventDefinition id="c"/>'
        "</bpmn:boundaryEvent>",
        flow("s", "a"),
        flow("a", "e"),
    )
    sentences = [text for element, text in findings(body) if element in ("undo", "b")]
    assert any("isForCompensation" in text for text in sentences) and any(
        "补偿" in text for text in sentences
    )
    assert not any("出口" in text or "入口" in text or "走不到" in text for text in sentences)


def test_a_start_that_waits_is_refused_once() -> None:
    """B.1: a timer start with an empty date, a message end without its message."""
    timed = (
        '<bpmn:startEvent id="t"><bpmn:timerEventDefinition><bpmn:timeDate/>'
        "</bpmn:timerEventDefinition></bpmn:startEvent>"
    )
    ending = '<bpmn:endEvent id="m"><bpmn:messageEventDefinition/></bpmn:endEvent>'
    found = findings(process(timed, task("a"), ending, flow("t", "a"), flow("a", "m")))
    assert [element for element, _ in found] == ["t", "m"], found


@pytest.mark.parametrize(
    ("parts", "element", "sentence"),
    [
        ((), "sub", "恰好画一个开始事件，这里有 0 个"),  # B.1: collapsed, nothing drawn inside
        (
            (
                INNER_START,
                '<bpmn:startEvent id="s2"/>',
                task("a"),
                INNER_END,
                flow("ss", "a"),
                flow("s2", "a"),
                flow("a", "se"),
            ),
            "sub",
            "有 2 个",
        ),
    ],
)
def test_a_subprocess_begins_in_one_way(parts: tuple[str, ...], element: str, sentence: str) -> None:
    body = process(START, inner(*parts), END, flow("s", "sub"), flow("sub", "e"))
    found = findings(body)
    assert [one for one, _ in found] == [element] and sentence in found[0][1], found


def test_a_flow_does_not_cross_the_edge_of_a_subprocess() -> None:
    body = process(
        START,
        inner(INNER_START, task("a"), INNER_END, flow("ss", "a"), flow("a", "se")),
        task("b"),
        END,
        flow("s", "sub"),
        flow("sub", "e"),
        flow("a", "b"),
        flow("b", "e"),
    )
    assert ("a_b", "连线穿过了子流程的边框：子流程里外要分开连，进出都连在子流程上。") in findings(body)


def test_flows_kept_in_the_wrong_place_are_understood_or_named() -> None:
    """As ADONIS writes: the flows of one pool in the process of another; some keep inner flows outside."""
    body = process(
        START,
        inner(INNER_START, task("a"), INNER_END),
        flow("ss", "a"),
        flow("a", "se"),
        END,
        flow("s", "sub"),
        flow("sub", "e"),
    )
    assert findings(body) == []
    other = (
        '<bpmn:process id="q" isExecutable="false"><bpmn:startEvent id="q1"/><bpmn:endEvent id="q2"/>'
        "</bpmn:process>"
    )
    body = process(START, task("a"), END, flow("s", "a"), flow("a", "e"), flow("q1", "q2")).replace(
        "</bpmn:process>", "</bpmn:process>" + other
    )
    sentences = [text for element, text in findings(body) if element == "q1_q2"]
    assert sentences == [
        f"连线的{end}不在这个流程里，连线不能通到别的流程。" for end in ("起点“q1”", "终点“q2”")
    ]


@pytest.mark.parametrize(("attribute", "end"), [("sourceRef", "起点"), ("targetRef", "终点")])
def test_a_flow_without_an_end_says_which(attribute: str, end: str) -> None:
    loose = (
        flow("a", "e")
        .replace("a_e", "loose")
        .replace(f' {attribute}="{"a" if attribute == "sourceRef" else "e"}"', "")
    )
    assert ("loose", f"连线没有写明{end}。") in findings(
        process(START, task("a"), END, flow("s", "a"), flow("a", "e"), loose)
    )


def test_a_lane_that_is_nobodys_is_named_once_and_not_its_tasks() -> None:
    """C.4: lanes called by departments."""
    lanes = (
        '<bpmn:laneSet><bpmn:lane id="hr" name="人事"><bpmn:flowNodeRef>a</bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>b</bpmn:flowNodeRef>"
        "</bpmn:lane></bpmn:laneSet>"
    )
    steps = (task("a") + task("b")).replace('<spiffworkflow:property name="queue" value="village"/>', "")
    body = process(lanes, START, steps, END, flow("s", "a"), flow("a", "b"), flow("b", "e"))
    assert [element for element, _ in findings(body)] == ["hr"]


def test_what_is_not_chosen_yet_is_said_plainly() -> None:
    """C.7, B.1: a rule task without its table, a call without its process."""
    body = process(
        START,
        '<bpmn:businessRuleTask id="r"/>',
        '<bpmn:callActivity id="c"/>',
        END,
        flow("s", "r"),
        flow("r", "c"),
        flow("c", "e"),
    )
    assert {("r", "没有指定决策表。"), ("c", "没有指定要调用哪个公用环节。")} == set(findings(body))


def test_a_global_task_is_refused_and_not_said_to_be_missing() -> None:
    """B.2: a call activity that calls a global task."""
    body = process(
        START, '<bpmn:callActivity id="c" calledElement="g"/>', END, flow("s", "c"), flow("c", "e")
    )
    body = body.replace("</bpmn:definitions>", '<bpmn:globalUserTask id="g" name="全局"/></bpmn:definitions>')
    found = findings(body)
    assert [element for element, _ in found] == ["g"] and "全局任务" in found[0][1]


@pytest.mark.parametrize(
    ("text", "language"),
    [("${clarified == 'yes'}", "JUEL"), ("#{approved}", "JUEL"), ("bpmn:getDataObject('approved')", "XPath")],
)
def test_a_condition_in_another_language_says_which(text: str, language: str) -> None:
    """C.1, as Camunda 7 and as the standard's default language write it."""
    body = asked(text)
    found = findings(body)
    assert [element for element, _ in found] == ["g_b"] and language in found[0][1], found


def test_a_text_given_to_a_job_is_a_text() -> None:
    """C.9: Camunda 8 writes an expression behind an equals sign, anything else is a text as it stands."""
    job = (
        '<zeebe:taskDefinition type="case.notify"/><zeebe:ioMapping><zeebe:input source="办结，请知悉" '
        'target="text"/></zeebe:ioMapping>'
    )
    assert "写得不对" not in messages(zeebe(job, "serviceTask"), "second")


def test_the_same_finding_is_told_once() -> None:
    """C.1.1: five injected fields at one service task."""
    fields = "".join(f'<camunda:field name="f{number}"/>' for number in range(5))
    step = STEP.replace(" />", f"><bpmn:extensionElements>{fields}</bpmn:extensionElements></bpmn:userTask>")
    found = [one for one in check(camunda7(step).encode(), FORMS)[1] if "field" in one.message]
    assert len(found) == 1 and isinstance(found[0], Finding)


@pytest.mark.parametrize("encoding", ["MacRoman", "ISO-8859-1", "windows-1252"])
def test_files_without_ids_where_none_is_needed_run(encoding: str) -> None:
    """As Yaoqiang and MID write: lane sets, planes and definitions without ids,
    places as children of no namespace.
    """
    key = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:formKey="clue"'
    body = f"""<?xml version="1.0" encoding="{encoding}" standalone="yes"?>
<definitions xmlns="{MODEL}" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    exporter="Yaoqiang BPMN Editor" name="">
<collaboration id="C" isClosed="false"><participant id="_2" name="A" processRef="P">
<participantMultiplicity maximum="1" minimum="0"/></participant></collaboration>
<process id="P" isClosed="false" isExecutable="true" processType="None"><laneSet><lane id="_4" name="county">
<flowNodeRef>_7</flowNodeRef></lane></laneSet>
<startEvent id="_1"/><userTask id="_7" name="Prüfung" {key}><geometry xmlns="" x="1" y="2"/></userTask>
<endEvent id="_9"/>
<sequenceFlow id="_10" sourceRef="_1" targetRef="_7" isImmediate="true"><waypoint xmlns="" x="1" y="2"/>
</sequenceFlow><sequenceFlow id="_11" sourceRef="_7" targetRef="_9"/>
</process><bpmndi:BPMNDiagram documentation="background=#FFFFFF" id="D"><bpmndi:BPMNPlane bpmnElement="C"/>
</bpmndi:BPMNDiagram></definitions>"""
    instance = begun(body.encode({"MacRoman": "mac_roman"}.get(encoding, encoding)))
    assert (
        instance.definition.elements["_7"].name == "Prüfung"
        and instance.definition.elements["_7"].queue == "county"
    )
