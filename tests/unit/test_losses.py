"""What saving from an editor would lose is told by name; comments, which no editor reads,
stay where they were.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from engine.flow.diagram import xml as x
from engine.flow.diagram.losses import lost, with_comments
from tests.support.drawings import differences, said

PICTURES = (Path(__file__).parents[1] / "data" / "pictures.bpmn").read_bytes()


def told(after: bytes, before: bytes = PICTURES) -> list[str]:
    return lost(x.parse_xml(before), x.parse_xml(after))


def bare(body: bytes) -> bytes:
    """As an editor writes it: without comments and processing instructions."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, strip_cdata=False)
    return etree.tostring(etree.fromstring(body, parser), encoding="UTF-8", xml_declaration=True)


@pytest.mark.parametrize(
    ("piece", "without", "sentence"),
    [
        (' itemSubjectRef="of_another_tool"', "", "“io_out”的 itemSubjectRef"),
        (' categoryValueRef="stage_first"', "", "“frame”的 categoryValueRef"),
        (' targetRef="wait" />\n    <bpmn:group', "/>\n    <bpmn:group", "“答复”的 targetRef"),
        ('<bpmn:error id="wrong" name="不符" errorCode="E1" />', "", "bpmn:error"),
        (
            '<signavio:signavioMetaData metaKey="risk" metaValue="高" />',
            "",
            "“走访”的 signavio:signavioMetaData",
        ),
        (' color:note="x"', "", "“走访”的 color:note"),
    ],
)
@pytest.mark.duty("C1")
def test_what_an_editor_drops_of_what_is_still_there_is_named(
    piece: str, without: str, sentence: str
) -> None:
    assert told(PICTURES) == []
    assert told(PICTURES.decode().replace(piece, without, 1).encode()) == [sentence]


def test_places_that_another_tool_writes_beside_the_elements_are_named() -> None:
    """As MID Innovator writes: the drawing as children of no namespace."""
    before = PICTURES.replace(
        b'name="\xe5\xbc\x80\xe5\xa7\x8b">', b'name="\xe5\xbc\x80\xe5\xa7\x8b"><geometry xmlns="" x="1"/>'
    )
    assert told(PICTURES, before) == ["“开始”的 geometry"]


def test_what_people_delete_or_change_is_no_loss() -> None:
    after = PICTURES.replace(b' messageRef="answer"', b"").replace(
        b'targetRef="wait" /', b'targetRef="end" /'
    )
    root = etree.fromstring(after)
    for node in [*root.iter("{*}textAnnotation"), *root.iter("{*}userTask"), *root.iter("{*}category")]:
        node.getparent().remove(node)
    assert told(etree.tostring(root)) == []


@pytest.mark.duty("C1")
def test_comments_stay_where_they_were() -> None:
    edited = bare(PICTURES)
    assert b"<!--" not in edited and b"<?keep" not in edited
    kept = with_comments(PICTURES, edited)
    assert differences(said(PICTURES), said(kept)) == []
    lines = [line.strip() for line in kept.decode().splitlines()]
    for remark in ("由别的工具画成，仅供试验", "泳道在前", "入户的一步", "表单", "画在最后"):
        assert sum(f"<!-- {remark} -->" in line for line in lines) == 1, remark
    assert '<?keep this="too"?>' in kept.decode().partition("<bpmn:definitions")[0]
    assert "<!-- 入户的一步 --><bpmn:userTask" in kept.decode().replace("\n    ", "")
    assert with_comments(kept, bare(kept)) == kept, "saved again, still once"


def test_a_comment_goes_with_the_element_that_held_it() -> None:
    edited = etree.fromstring(bare(PICTURES))
    for node in list(edited.iter("{*}userTask")):
        node.getparent().remove(node)
    kept = with_comments(PICTURES, etree.tostring(edited)).decode()
    assert "表单 -->" not in kept and "泳道在前" in kept and "入户的一步" in kept


def test_a_file_without_comments_is_left_as_it_was_written() -> None:
    body = bare(PICTURES)
    assert with_comments(body, body) is body
