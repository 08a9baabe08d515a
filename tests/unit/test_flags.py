"""``xsd:boolean`` has four writings, and blanks around them mean nothing: every reader takes them alike."""

from __future__ import annotations

import pytest

from engine.flow.check import check
from engine.flow.diagram.xml import in_utf8
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from tests.support.small import END, FORMS, NOW, START, Host, boundary, flow, open_names, process, task
from tests.support.small import timer as timer_of

TRUE, FALSE = ("true", "1", " true ", "\n1\t"), ("false", "0", " false", " 0 ")
WRITTEN = [*((text, True) for text in TRUE), *((text, False) for text in FALSE)]
BOTH = pytest.mark.parametrize(("text", "value"), WRITTEN)


def limited(cancel: str) -> str:
    return process(
        START,
        task("a"),
        boundary("limit", "a", "P5D", cancel),
        task("late"),
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "a"),
        flow("a", "e"),
        flow("limit", "late"),
        flow("late", "e2"),
    )


def deployed(body: str) -> Definition:
    definition, findings = check(body.encode(), FORMS)
    assert definition is not None, findings
    return definition


def begun(body: str, **variables: object) -> Instance:
    instance = Instance(deployed(body), Host())
    instance.start(variables, NOW)
    return instance


@pytest.mark.duty("C5", "R15")
@BOTH
def test_an_event_beside_a_step_interrupts_or_not(text: str, value: bool) -> None:
    instance = begun(limited(text))
    assert instance.definition.elements["limit"].cancel_activity is value
    assert [one.limit for one in instance.timers()] == [not value]
    instance.pass_time(instance.timers()[0].due_at)
    assert open_names(instance) == (["late"] if value else ["a", "late"])


@BOTH
def test_a_cycle_needs_an_event_that_does_not_interrupt(text: str, value: bool) -> None:
    body = (
        limited(text)
        .replace("timeDuration>P5D", "timeCycle>R2/P5D")
        .replace("</bpmn:timeDuration>", "</bpmn:timeCycle>")
    )
    _, findings = check(body.encode(), FORMS)
    assert bool(findings) is value


@BOTH
def test_instances_follow_one_another_or_not(text: str, value: bool) -> None:
    mark = (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{text}">'
        "<bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    body = process(START, task("a", extra=mark), END, flow("s", "a"), flow("a", "e"))
    assert len(begun(body).open_tasks()) == (1 if value else 3)


@BOTH
def test_a_loop_asks_before_or_after(text: str, value: bool) -> None:
    mark = (
        f'<bpmn:standardLoopCharacteristics testBefore="{text}">'
        "<bpmn:loopCondition>wanted</bpmn:loopCondition></bpmn:standardLoopCharacteristics>"
    )
    body = process(
        START, task("a", extra=mark), task("b"), END, flow("s", "a"), flow("a", "b"), flow("b", "e")
    )
    assert open_names(begun(body, wanted=False)) == (["b"] if value else ["a"])


@BOTH
def test_a_process_is_meant_to_run_or_not(text: str, value: bool) -> None:
    body = process(START, task("a"), END, flow("s", "a"), flow("a", "e")).replace(
        'isExecutable="true"', f'isExecutable="{text}"'
    )
    definition, findings = check(body.encode(), FORMS)
    assert (definition is not None) is value
    if value:
        assert open_names(begun(body)) == ["a"]
    else:
        assert any("不可执行" in one.message for one in findings)


@BOTH
def test_a_subprocess_is_for_an_event_or_in_the_flow(text: str, value: bool) -> None:
    inner = f'<bpmn:startEvent id="is"/>{task("a")}<bpmn:endEvent id="ie"/>{flow("is", "a")}{flow("a", "ie")}'
    body = process(
        START,
        f'<bpmn:subProcess id="sub" triggeredByEvent="{text}">{inner}</bpmn:subProcess>',
        END,
        flow("s", "sub"),
        flow("sub", "e"),
    )
    definition, findings = check(body.encode(), FORMS)
    assert (definition is None) is value
    assert any("事件子流程" in one.message for one in findings) is value
    if not value:
        assert open_names(begun(body)) == ["a"]


@BOTH
def test_what_is_not_run_is_refused_however_it_is_written(text: str, value: bool) -> None:
    body = process(
        START,
        task("a").replace("<bpmn:userTask ", f'<bpmn:userTask isForCompensation="{text}" '),
        END,
        flow("s", "a"),
        flow("a", "e"),
    )
    definition, _ = check(body.encode(), FORMS)
    assert (definition is None) is value


@pytest.mark.parametrize("text", ["TRUE", "yes", "", "2", "是"])
@pytest.mark.parametrize("name", ["cancelActivity", "isSequential", "isExecutable"])
def test_anything_else_is_named(text: str, name: str) -> None:
    mark = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="true">'
        "<bpmn:loopCardinality>3</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    body = limited("true").replace("</bpmn:userTask>", f"{mark}</bpmn:userTask>", 1)
    definition, findings = check(body.replace(f'{name}="true"', f'{name}="{text}"').encode(), FORMS)
    assert definition is None
    assert any(
        f"“{name}”写成了“{text}”" in one.message and one.element_id in ("limit", "a", "p") for one in findings
    )


@BOTH
def test_what_is_kept_has_plain_flags_for_the_drawing_page(text: str, value: bool) -> None:
    """To it ``1`` is false: an interrupting event would be saved as one that does not interrupt."""
    body = limited(text).replace("<bpmn:process", "<!-- 说明 --><bpmn:process", 1).encode()
    kept = in_utf8(body).decode()
    assert f'cancelActivity="{str(value).lower()}"' in kept and "<!-- 说明 -->" in kept
    assert (kept.encode() == body) is (text in ("true", "false"))
    assert deployed(kept).elements["limit"].cancel_activity is value


def test_a_timer_elsewhere_is_not_touched() -> None:
    body = process(
        START,
        f'<bpmn:intermediateCatchEvent id="w">{timer_of("w", "P1D")}</bpmn:intermediateCatchEvent>',
        END,
        flow("s", "w"),
        flow("w", "e"),
    )
    assert [one.limit for one in begun(body).timers()] == [False]
