"""The drawing page offers what the check lets pass, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

from engine.flow.diagram.element import FLOW_NODES

OFFERED = Path(__file__).parents[2] / "web" / "assets" / "modeler" / "drawing" / "offered.js"
KINDS = {
    "none-start": "startEvent",
    "message-start": "startEvent",
    "none-end": "endEvent",
    "terminate-end": "endEvent",
    "message-intermediate-catch": "intermediateCatchEvent",
    "timer-intermediate-catch": "intermediateCatchEvent",
    "message-boundary": "boundaryEvent",
    "timer-boundary": "boundaryEvent",
    "user-task": "userTask",
    "non-interrupting-message-boundary": "boundaryEvent",
    "non-interrupting-timer-boundary": "boundaryEvent",
    "manual-task": "manualTask",
    "service-task": "serviceTask",
    "rule-task": "businessRuleTask",
    "call-activity": "callActivity",
    "collapsed-subprocess": "subProcess",
    "expanded-subprocess": "subProcess",
    "subprocess": "subProcess",
    "exclusive-gateway": "exclusiveGateway",
    "parallel-gateway": "parallelGateway",
    "inclusive-gateway": "inclusiveGateway",
    "event-based-gateway": "eventBasedGateway",
    "sequence-flow": "",
    "default-flow": "",
}
"""What the entries of the menu draw, by the tool's names for them."""


def test_the_menu_draws_every_element_that_runs_and_no_other() -> None:
    text = OFFERED.read_text()
    offered = re.search(r"RUNS = \[(.*?)\]", text, re.DOTALL)
    assert offered is not None
    assert set(re.findall(r'"([\w-]+)"', offered[1])) == set(KINDS)
    assert set(filter(None, KINDS.values())) == FLOW_NODES
    shapes = {name[0].lower() + name[1:] for name in re.findall(r'"bpmn:(\w+)"', text)}
    assert {"userTask", "subProcess", "intermediateCatchEvent"} <= shapes <= FLOW_NODES
