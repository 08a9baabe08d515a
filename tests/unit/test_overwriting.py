"""Two steps that write one variable: the later decision would silently replace the earlier one (R11, R12)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.flow.check import check
from engine.flow.diagram.resources import read_resources
from engine.ground.errors import Finding
from engine.prevention.installation import ROOT

RESOURCES = read_resources(ROOT)
REVIEW = (Path(ROOT) / "bpmn" / "review_and_approval.bpmn").read_text()


def findings(source: str) -> list[Finding]:
    return check(source.encode(), RESOURCES)[1]


def signed(variable: str = "") -> str:
    """The shared decision with a second signature after the township's review."""
    own = f'<spiffworkflow:property name="variable" value="{variable}" />' if variable else ""
    flow = re.search(r'<bpmn:sequenceFlow id="([^"]+)" sourceRef="review" targetRef="([^"]+)"', REVIEW)
    assert flow is not None
    step = (
        '<bpmn:userTask id="sign_too" name="分管领导签字"><bpmn:extensionElements><spiffworkflow:properties>'
        f'<spiffworkflow:property name="formKey" value="township_review" />{own}'
        '<spiffworkflow:property name="queue" value="township" /></spiffworkflow:properties>'
        "</bpmn:extensionElements>"
        f"<bpmn:incoming>{flow[1]}</bpmn:incoming><bpmn:outgoing>flow_sign_too</bpmn:outgoing>"
        "</bpmn:userTask>"
        f'<bpmn:sequenceFlow id="flow_sign_too" sourceRef="sign_too" targetRef="{flow[2]}" />'
    )
    body = REVIEW.replace(flow[0], flow[0].replace(f'targetRef="{flow[2]}"', 'targetRef="sign_too"'))
    return body.replace("<bpmn:sequenceFlow", step + "<bpmn:sequenceFlow", 1)


@pytest.mark.duty("R11", "R12")
def test_a_second_signature_in_the_same_variable_is_named_with_its_cure() -> None:
    found = [
        one for one in findings(signed()) if one.element_id == "sign_too" and "同一个变量" in one.message
    ]
    assert len(found) == 1
    assert "township_review" in found[0].message and "township_review_2" in found[0].message


@pytest.mark.duty("R11", "R12")
def test_a_second_signature_in_a_variable_of_its_own_is_not() -> None:
    assert not [one for one in findings(signed("township_review_2")) if "同一个变量" in one.message]


@pytest.mark.parametrize("key", sorted(path.stem for path in Path(ROOT / "bpmn").glob("*.bpmn")))
def test_rounds_and_additions_of_the_shipped_procedures_are_legitimate(key: str) -> None:
    body = Path(ROOT / "bpmn" / f"{key}.bpmn").read_text()
    assert not [one for one in findings(body) if "同一个变量" in one.message]


def test_two_branches_at_once_do_not_write_one_variable() -> None:
    from tests.support.small import END, START, flow, process, task

    body = process(
        START,
        '<bpmn:parallelGateway id="split"/>',
        task("a", "same"),
        task("b", "same"),
        '<bpmn:parallelGateway id="join"/>',
        '<bpmn:exclusiveGateway id="x" default="x_e2"/>',
        END,
        '<bpmn:endEvent id="e2"/>',
        flow("s", "split"),
        flow("split", "a"),
        flow("split", "b"),
        flow("a", "join"),
        flow("b", "join"),
        flow("join", "x"),
        flow("x", "e", 'same.answer = "yes"'),
        flow("x", "e2"),
    )
    from engine.flow.check.draft import Draft
    from engine.flow.check.overwriting import overwriting
    from engine.flow.diagram.xml import parse_xml

    found = list(overwriting(Draft(parse_xml(body.encode()), RESOURCES)))
    assert len(found) == 1 and "同一个变量“same”" in found[0].message
