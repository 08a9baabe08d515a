"""One table of extension properties: what is not in it, stands in a wrong place or is unreadable is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tests.support.field  # noqa: F401  diagrams call its services
from engine.flow.check import check
from engine.flow.diagram import properties as p
from engine.flow.diagram import xml as x
from engine.flow.diagram.resources import read_resources
from engine.flow.vocabulary import used
from engine.prevention.installation import ROOT

RESOURCES = read_resources(ROOT)
DIAGRAM = (ROOT / "bpmn" / "identification.bpmn").read_text()
SHIPPED = sorted((ROOT / "bpmn").glob("*.bpmn"))
_TEXTS = tuple(one.name for one in p.PAPER_TEXTS.values())  # the panel goes through them
WRONG = {
    p.Kind.FLAG: "yes",
    p.Kind.NUMBER: "3天",
    p.Kind.STEPS: "nowhere",
    p.Kind.CHOICE: "sometimes",
    p.Kind.QUEUE: "hamlet",
}


def with_property(kind: str, name: str, value: str) -> tuple[str, bytes]:
    """The identification's first element of a kind with one more property, first of all, and its id."""
    root = x.parse_xml(DIAGRAM.encode())
    node = next(one for one in root.iter(f"{{{x.BPMN}}}{kind}") if one.get("id"))
    given = {**x.properties(node), name: value}
    written = "".join(f'<spiffworkflow:property name="{n}" value="{v}" />' for n, v in given.items())
    held = f"<bpmn:extensionElements><spiffworkflow:properties>{written}</spiffworkflow:properties>"
    pattern = re.compile(
        rf'(<bpmn:{kind} id="{node.get("id")}"[^>]*?)(/>|>(\s*<bpmn:documentation>.*?</bpmn:documentation>)?'
        r"(\s*<bpmn:extensionElements>\s*<spiffworkflow:properties>.*?</spiffworkflow:properties>)?)",
        re.S,
    )

    def put(found: re.Match[str]) -> str:
        open_, end, documentation, extended = found[1], found[2], found[3] or "", found[4]
        if end == "/>":
            return f"{open_}>{held}</bpmn:extensionElements></bpmn:{kind}>"
        return f"{open_}>{documentation}{held}" + ("" if extended else "</bpmn:extensionElements>")

    return str(node.get("id")), pattern.sub(put, DIAGRAM, count=1).encode()


def said(kind: str, name: str, value: str) -> list[tuple[str, str]]:
    """Severity and sentence of what the check says of the property at its element."""
    element, body = with_property(kind, name, value)
    found = check(body, RESOURCES)[1]
    return [(one.severity, one.message) for one in found if one.element_id == element and name in one.message]


@pytest.mark.duty("C5")
def test_a_property_that_nobody_knows_is_named() -> None:
    ((severity, sentence),) = said("userTask", "bulks", "true")
    assert severity == "warning" and "不认识属性“bulks”" in sentence


def test_a_property_in_a_place_where_it_means_nothing_is_named() -> None:
    ((severity, sentence),) = said("endEvent", "bulk", "true")
    assert severity == "warning" and "只能写在“人工任务、线下任务”上" in sentence


@pytest.mark.parametrize("name", [one.name for one in p.TABLE.values() if one.kind in WRONG])
@pytest.mark.duty("C5")
def test_a_property_that_cannot_be_read_is_refused(name: str) -> None:
    known = p.TABLE[name]
    kind = next(one for one in known.on if f"<bpmn:{one} " in DIAGRAM)
    assert any(
        severity == "error" and f"“{name}”（{known.words}）" in sentence
        for severity, sentence in said(kind, name, WRONG[known.kind])
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_property_of_the_shipped_procedures_is_in_the_table(path: Path) -> None:
    for node in x.parse_xml(path.read_bytes()).iter(f"{{{x.BPMN}}}*"):
        for name in x.properties(node):
            if not name.startswith(p.SETS) and name not in used().page_words:
                assert x.local(node) in p.TABLE[name].on, (node.get("id"), name)


GUIDE = (ROOT / "docs" / "guide-process-owner.md").read_text()
PANEL = "".join(
    path.read_text() for path in sorted((ROOT / "web" / "assets" / "modeler" / "panel").glob("*.js"))
)


@pytest.mark.parametrize("name", [*p.TABLE, *used().page_words])
def test_every_property_is_explained_to_process_owners(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("name", [name for name in p.TABLE if name not in _TEXTS])
def test_every_property_has_a_control_in_the_panel(name: str) -> None:
    assert f'"{name}"' in PANEL
