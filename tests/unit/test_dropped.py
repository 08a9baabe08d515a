"""What an editor drops as it opens a file is named, the drawing too; what it only writes otherwise is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from engine.flow.diagram import xml as x
from engine.flow.diagram.losses import dropped

DATA = Path(__file__).parents[1] / "data"
FILES = sorted(DATA.glob("foreign*.bpmn"))
FOREIGN = (DATA / "foreign_two_pictures.bpmn").read_bytes()


def told(opened: bytes, before: bytes = FOREIGN) -> list[str]:
    return dropped(x.parse_xml(before), x.parse_xml(opened))


def without(path: str, body: bytes = FOREIGN) -> bytes:
    """`body` without what `path` finds."""
    root = etree.fromstring(body)
    nodes = root.xpath(path, namespaces={"b": x.BPMN, "d": x.BPMNDI})
    assert nodes
    for node in nodes:
        node.getparent().remove(node)
    return etree.tostring(root)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_that_is_only_written_anew_loses_nothing(path: Path) -> None:
    body = path.read_bytes()
    assert told(etree.tostring(etree.fromstring(body), encoding="UTF-8", pretty_print=True), body) == []


@pytest.mark.parametrize(
    ("path", "sentences"),
    [
        ("//b:boundaryEvent", ["boundaryEvent“走访超期”"]),
        ("//d:BPMNDiagram[2]", ["1 张图（BPMNDiagram），连同其中的图形", "“核查”的图形"]),
        ("//b:process[2]", ["process“不在泳池里的流程”"]),
        ("//d:BPMNShape[@bpmnElement='alone_step']", ["“单独的一步”的图形"]),
        ("//d:BPMNEdge[@bpmnElement='visit_done']", ["“visit_done”的连线"]),
        ("//b:textAnnotation", ["textAnnotation“remark”"]),
    ],
)
@pytest.mark.duty("C1")
def test_what_an_editor_drops_is_named(path: str, sentences: list[str]) -> None:
    said = told(without(path))
    for sentence in sentences:
        assert sentence in said, said
