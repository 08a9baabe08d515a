"""What a diagram would lose by being saved: the writing of other tools that an editor did not understand.

An editor that knows a prefix but not an element drops the element without a word. Whoever saves is told by name.
"""

from __future__ import annotations

from collections import Counter

from lxml import etree

from engine.definitions import xml as x

EDITABLE = frozenset(
    {f"{{{x.SPIFF}}}{name}" for name in (
        "properties", "property", "serviceTaskOperator", "parameters", "parameter", "calledDecisionId",
        "instructionsForEndUser", "preScript", "postScript",
    )}
)  # fmt: skip
"""Extension elements that the modeler shows and lets people take away."""
EDITABLE_ATTRIBUTES = frozenset({f"{{{x.CAMUNDA}}}formKey"})
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def lost(before: x.Node, after: x.Node) -> list[str]:
    """Sentences on what elements that are still there have lost: extension elements and attributes of other tools."""
    kept = {node.get("id"): node for node in after.iter(f"{{{x.BPMN}}}*") if node.get("id")}
    found: list[str] = []
    for node in before.iter(f"{{{x.BPMN}}}*"):
        other = kept.get(node.get("id"))
        if other is None or not node.get("id"):
            continue
        gone = (_extensions(node) - _extensions(other)) + (_attributes(node) - _attributes(other))
        label = node.get("name") or node.get("id")
        found += [f"“{label}”的 {_short(before, name)}" for name in gone]
    return found


def _extensions(node: x.Node) -> Counter[str]:
    holders = x.children(node, "extensionElements")
    inner = (child for holder in holders for child in holder.iterdescendants() if isinstance(child.tag, str))
    return Counter(str(child.tag) for child in inner if child.tag not in EDITABLE)


def _attributes(node: x.Node) -> Counter[str]:
    foreign = (
        str(name) for name in node.attrib if str(name).startswith("{") and not str(name).startswith(f"{{{XSI}}}")
    )
    return Counter(name for name in foreign if name not in EDITABLE_ATTRIBUTES)


def _short(root: x.Node, name: str) -> str:
    """The name as the file writes it, with its prefix."""
    qualified = etree.QName(name)
    prefixes = {uri: prefix for prefix, uri in root.nsmap.items() if prefix}
    prefix = prefixes.get(qualified.namespace or "")
    return f"{prefix}:{qualified.localname}" if prefix else qualified.localname
