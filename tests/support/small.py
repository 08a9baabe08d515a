"""Small diagrams written in the test that needs them, and instances on them in memory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from engine.flow.check import check
from engine.flow.diagram.resources import Resources
from engine.flow.machine.definition import Definition
from engine.flow.machine.instance import Instance
from engine.ground.clock import CHINA

NOW = datetime(2022, 5, 5, 9, tzinfo=CHINA).astimezone(UTC)
"""Nine in the morning in China, as the clock of a running system tells it."""
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="t">'
)
FORMS = Resources({"f": b'{"components": [{"type": "textfield", "key": "x", "label": "x"}]}'})


UNSTARTED = "没有人能启动"
"""How the reminder begins that every file drawn elsewhere gets: no other tool can say who starts it."""


class Host:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def call_service(self, element_id: str, token: str, name: str, parameters: dict[str, Any]) -> Any:
        self.calls.append(element_id)
        return parameters

    def decided(self, element_id: str, decision_id: str, result: Any) -> None:
        pass

    def workdays(self, day: date, count: int) -> date:
        return day + timedelta(days=count)


def task(identifier: str, variable: str = "", extra: str = "") -> str:
    name = f'<spiffworkflow:property name="variable" value="{variable or identifier}"/>'
    return (
        f'<bpmn:userTask id="{identifier}" name="{identifier}"><bpmn:extensionElements>'
        "<spiffworkflow:properties>"
        '<spiffworkflow:property name="formKey" value="f"/><spiffworkflow:property name="queue" '
        f'value="village"/>{name}'
        f"</spiffworkflow:properties></bpmn:extensionElements>{extra}</bpmn:userTask>"
    )


def flow(source: str, target: str, condition: str = "") -> str:
    inner = (
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
        if condition
        else ""
    )
    return (
        f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" '
        f'targetRef="{target}">{inner}</bpmn:sequenceFlow>'
    )


def timer(identifier: str, text: str, kind: str = "timeDuration") -> str:
    return (
        f'<bpmn:timerEventDefinition id="{identifier}_t"><bpmn:{kind}>{text}</bpmn:{kind}>'
        "</bpmn:timerEventDefinition>"
    )


def boundary(identifier: str, host: str, text: str, cancel: str = "true", kind: str = "timeDuration") -> str:
    waits = timer(identifier, text, kind)
    return (
        f'<bpmn:boundaryEvent id="{identifier}" attachedToRef="{host}" '
        f'cancelActivity="{cancel}">{waits}</bpmn:boundaryEvent>'
    )


def catch(identifier: str, message: str) -> str:
    """An event in the flow that waits for a message."""
    waits = f'<bpmn:messageEventDefinition id="{identifier}_m" messageRef="{message}_message"/>'
    return f'<bpmn:intermediateCatchEvent id="{identifier}">{waits}</bpmn:intermediateCatchEvent>'


def heard(identifier: str, host: str, message: str, cancel: str = "false") -> str:
    """An event beside a step that waits for a message."""
    waits = f'<bpmn:messageEventDefinition id="{identifier}_m" messageRef="{message}_message"/>'
    return (
        f'<bpmn:boundaryEvent id="{identifier}" attachedToRef="{host}" '
        f'cancelActivity="{cancel}">{waits}</bpmn:boundaryEvent>'
    )


def with_messages(body: str, *names: str) -> str:
    """The diagram with the messages of these names."""
    messages = "".join(f'<bpmn:message id="{name}_message" name="{name}"/>' for name in names)
    return body.replace("<bpmn:process ", f"{messages}<bpmn:process ", 1)


def process(*parts: str, name: str = "p") -> str:
    return (
        f'{HEAD}<bpmn:process id="{name}" isExecutable="true">{"".join(parts)}</bpmn:process>'
        "</bpmn:definitions>"
    )


def deploy(body: str) -> Definition:
    definition, findings = check(body.encode(), FORMS)
    assert definition is not None, findings
    return definition


def begin(body: str, **variables: Any) -> Instance:
    instance = Instance(deploy(body), Host())
    instance.start(variables, NOW)
    return instance


def again(instance: Instance) -> Instance:
    """The instance stored and restored."""
    restored = Instance.restored(instance.definition, Host(), instance.stored())
    assert restored.canonical() == instance.canonical()
    return restored


def open_names(instance: Instance) -> list[str]:
    return sorted(one.element_id for one in instance.open_tasks())


def token(instance: Instance, name: str) -> str:
    return next(one.token for one in instance.open_tasks() if one.element_id == name)


START = (  # with the names that tests start their cases with
    '<bpmn:startEvent id="s"><bpmn:extensionElements><spiffworkflow:properties>'
    '<spiffworkflow:property name="receives" value="ask, people, posted_on, secret, wanted"/>'
    "</spiffworkflow:properties></bpmn:extensionElements></bpmn:startEvent>"
)
END = '<bpmn:endEvent id="e"/>'


def asked(condition: str) -> str:
    """A step, and a gateway behind it that goes one way where `condition` holds, else to the end."""
    return process(
        START,
        task("a"),
        '<bpmn:exclusiveGateway id="g" default="g_e"/>',
        task("b"),
        END,
        flow("s", "a"),
        flow("a", "g"),
        flow("g", "b", escape(condition, {'"': "&quot;"})),
        flow("g", "e"),
        flow("b", "e"),
    )
