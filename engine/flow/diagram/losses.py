"""What a diagram would lose by being saved: what an editor did not understand, and what it never reads.

An editor that knows a prefix but not an element drops the element without a word: whoever saves is told by
name. It does not read comments either: they are put back where they stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import islice

from lxml import etree

from engine.flow.diagram import xml as x

EDITABLE = frozenset(
    {
        f"{{{x.SPIFF}}}{name}"
        for name in (
            "properties",
            "property",
            "serviceTaskOperator",
            "parameters",
            "parameter",
            "calledDecisionId",
            "instructionsForEndUser",
            "preScript",
            "postScript",
        )
    }
)
"""Extension elements that the modeler shows and lets people take away."""
EDITABLE_ATTRIBUTES = frozenset({f"{{{x.CAMUNDA}}}formKey", "messageRef"})
EDITABLE_ROOTS = frozenset({"process", "collaboration", "category", "dataStore", "message"})
"""Children of the root that go with what people delete from the drawing."""
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def lost(before: x.Node, after: x.Node) -> list[str]:
    """Sentences on what elements that are still there have lost, and on what the drawing shows nothing of."""
    kept = {node.get("id"): node for node in after.iter(f"{{{x.BPMN}}}*") if node.get("id")}
    found = [f"{_short(before, name)}" for name in _roots(before) - _roots(after)]
    for node in before.iter(f"{{{x.BPMN}}}*"):
        other = kept.get(node.get("id"))
        if other is None or not node.get("id"):
            continue
        gone = (_extensions(node) - _extensions(other)) + (_attributes(node) - _attributes(other))
        label = node.get("name") or node.get("id")
        found += [f"“{label}”的 {_short(before, name)}" for name in gone]
    return found


def dropped(before: x.Node, opened: x.Node) -> list[str]:
    """Sentences on what an editor dropped as it opened a file, before anybody drew: all that is gone,
    the drawing too.
    """
    kept = {node.get("id") for node in opened.iter("*") if node.get("id")}
    gone = [node for node in before.iter(f"{{{x.BPMN}}}*") if node.get("id") and node.get("id") not in kept]
    outer = [node for node in gone if node.getparent() is None or node.getparent() not in gone]
    found = [
        f"{x.local(node)}“{' '.join((node.get('name') or node.get('id') or '').split())}”" for node in outer
    ]
    return found + list(_pictures(before, opened)) + lost(before, opened)


def _pictures(before: x.Node, opened: x.Node) -> Iterator[str]:
    """Drawings, shapes and lines that are gone, of elements that are still there."""
    kept = {node.get("id") for node in opened.iter(f"{{{x.BPMN}}}*")}
    names = {
        node.get("id"): node.get("name") or node.get("id") or "" for node in before.iter(f"{{{x.BPMN}}}*")
    }
    there = Counter(_drawn(node) for node in _places(opened))
    drawings = len(list(before.iter(f"{{{x.BPMNDI}}}BPMNDiagram"))) - len(
        list(opened.iter(f"{{{x.BPMNDI}}}BPMNDiagram"))
    )
    missing = Counter(_drawn(node) for node in _places(before)) - there
    if drawings > 0:
        yield f"{drawings} 张图（BPMNDiagram），连同其中的图形"
    for kind, element in missing:
        if element in kept or element not in names:
            words = "连线" if kind == "BPMNEdge" else "图形"
            yield f"“{names.get(element, element)}”的{words}"


def _places(root: x.Node) -> Iterator[x.Node]:
    return root.iter(f"{{{x.BPMNDI}}}BPMNShape", f"{{{x.BPMNDI}}}BPMNEdge")


def _drawn(node: x.Node) -> tuple[str, str]:
    return x.local(node), (node.get("bpmnElement") or "").rpartition(":")[2]


def _roots(root: x.Node) -> Counter[str]:
    """What stands beside the processes: data types, errors, interfaces."""
    return Counter(str(node.tag) for node in root if x.is_bpmn(node) and x.local(node) not in EDITABLE_ROOTS)


def _extensions(node: x.Node) -> Counter[str]:
    """The extension elements, and what other tools wrote beside them as the element's own children."""
    holders = x.children(node, "extensionElements")
    inner = [child for holder in holders for child in holder.iterdescendants() if isinstance(child.tag, str)]
    inner += [child for child in node if isinstance(child.tag, str) and _is_foreign(child)]
    return Counter(str(child.tag) for child in inner if child.tag not in EDITABLE)


def _is_foreign(child: x.Node) -> bool:
    return etree.QName(child).namespace not in (x.BPMN, x.BPMNDI)


def _attributes(node: x.Node) -> Counter[str]:
    """The attributes of other tools, and references of the standard,
    which an editor drops when it cannot follow them.
    """
    names = (str(name) for name in node.attrib)
    given = (
        name
        for name in names
        if name.endswith("Ref") or (name.startswith("{") and not name.startswith(f"{{{XSI}}}"))
    )
    return Counter(name for name in given if name not in EDITABLE_ATTRIBUTES)


def _short(root: x.Node, name: str) -> str:
    """The name as the file writes it, with its prefix."""
    qualified = etree.QName(name)
    prefixes = {uri: prefix for prefix, uri in root.nsmap.items() if prefix}
    prefix = prefixes.get(qualified.namespace or "")
    return f"{prefix}:{qualified.localname}" if prefix else qualified.localname


# -- comments --------------------------------------------------------------------------------------


def with_comments(before: bytes, after: bytes) -> bytes:
    """`after` with the comments of `before` at the same elements, as far as these are still there.

    Both are files that `xml.parse_xml` has accepted.
    """
    if b"<!--" not in before and before.count(b"<?") < 2:
        return after
    old, new = _read(before), _read(after)
    kept = {node.get("id"): node for node in new.iter("*") if node.get("id")} | {old.get("id"): new}
    written = {_text(node) for node in _remarks(new)}
    for remark in [node for node in _remarks(old) if _text(node) not in written]:
        copied = deepcopy(remark)
        copied.tail = None
        parent = remark.getparent()
        if parent is None:
            new.addprevious(copied)
            continue
        holder = _same(parent, kept)
        if holder is not None:
            twins = (_same(sibling, kept) for sibling in remark.itersiblings("*"))
            following = next(
                (twin for twin in twins if twin is not None and twin.getparent() is holder), None
            )
            if following is None:
                holder.append(copied)
            else:
                following.addprevious(copied)
    return etree.tostring(new.getroottree(), encoding="UTF-8", xml_declaration=True)


def _same(node: x.Node, kept: Mapping[str | None, x.Node]) -> x.Node | None:
    """The element of the other file that is this one: by its id, else by its place in its parent."""
    parent = node.getparent()
    if node.get("id") or parent is None:
        return kept.get(node.get("id"))
    other = _same(parent, kept)
    place = sum(1 for _ in node.itersiblings(str(node.tag), preceding=True))
    return None if other is None else next(islice(other.iterchildren(str(node.tag)), place, None), None)


def _read(body: bytes) -> x.Node:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)
    return etree.fromstring(body, parser)


def _remarks(root: x.Node) -> Iterator[x.Node]:
    """Comments and processing instructions, those before the root included."""
    yield from reversed(list(root.itersiblings(etree.Comment, etree.PI, preceding=True)))
    yield from root.iter(etree.Comment, etree.PI)


def _text(remark: x.Node) -> str:
    return etree.tostring(remark, encoding="unicode", with_tail=False)
