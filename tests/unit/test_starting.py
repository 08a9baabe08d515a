"""Who starts a procedure: one that nobody can start is named before it is put into force."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.flow.check import check
from engine.flow.diagram.blank import blank_diagram, blank_form
from engine.flow.diagram.resources import Resources, is_part, read_resources
from engine.flow.diagram.xml import parse_xml
from engine.ground.errors import Finding
from engine.prevention.register.naming import STATUS_NAMES, TYPE_NAMES
from tests.support.small import UNSTARTED

ROOT = Path(__file__).parents[2]
PLACE = '<bpmn:startEvent id="aid_begin" name="开始">'


def found(properties: str = "", *, lane: bool = True) -> list[Finding]:
    """What the check says of an empty draft whose start event has these properties."""
    body = blank_diagram("aid", "临时救助").decode()
    if not lane:
        body = body.replace("<bpmn:flowNodeRef>aid_begin</bpmn:flowNodeRef>", "")
    inner = f"<spiffworkflow:properties>{properties}</spiffworkflow:properties>"
    body = body.replace(PLACE, f"{PLACE}<bpmn:extensionElements>{inner}</bpmn:extensionElements>")
    return check(body.encode(), Resources({"aid_form": blank_form("aid_form")}))[1]


def given(**values: str) -> str:
    return "".join(
        f'<spiffworkflow:property name="{name}" value="{value}"/>' for name, value in values.items()
    )


@pytest.mark.duty("C1")
def test_a_procedure_that_nobody_can_start_is_named_at_its_start() -> None:
    (only,) = found()
    assert (only.element_id, only.severity) == ("aid_begin", "warning") and only.message.startswith(UNSTARTED)


@pytest.mark.parametrize("code", [*sorted(STATUS_NAMES.keys() - {"merged", "gone"}), *TYPE_NAMES])
def test_whom_it_opens_for_is_enough(code: str) -> None:
    assert found(given(opensFor=code)) == []


def test_so_is_what_another_procedure_gives_it() -> None:
    assert found(given(receives="reason")) == []


@pytest.mark.parametrize(
    ("properties", "lane", "sentence"),
    [
        (given(opensFor="monitord"), True, "没有这样的农户"),
        (given(opensFor="merged"), True, "没有这样的农户"),
        (given(opensFor="monitored"), False, "不在任何一级的泳道里"),
        (given(recurs="true", receives="x"), True, "对哪些农户开展"),
        (given(recurs="yes", opensFor="monitored"), True, "只能写 true 或 false"),
        (given(recurs="true", everyMonths="0", opensFor="monitored"), True, "1 到 36 个月"),
        (given(recurs="true", everyMonths="半年", opensFor="monitored"), True, "1 到 36 个月"),
    ],
)
def test_what_would_start_nothing_is_named(properties: str, lane: bool, sentence: str) -> None:
    (only,) = found(properties, lane=lane)
    assert only.element_id == "aid_begin" and sentence in only.message


def test_every_shipped_procedure_has_somebody_who_starts_it() -> None:
    resources = read_resources(ROOT)
    for path in sorted((ROOT / "bpmn").glob("*.bpmn")):
        body = path.read_bytes()
        assert is_part(parse_xml(body)) or not [
            one for one in check(body, resources)[1] if UNSTARTED in one.message
        ]
