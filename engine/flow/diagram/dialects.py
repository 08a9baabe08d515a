"""What other modelers write, read as our own: Camunda 7 and 8, Flowable, Activiti,
and references with a prefix.

The file itself stays as it is; only the tree in memory gets our extension elements beside theirs, so that the
check, the definition and SpiffWorkflow's parser ask in one place only. What has no counterpart here is named
by the check (engine/flow/check/foreign.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lxml import etree

from engine.flow.diagram.properties import is_ours

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
CAMUNDA_LIKE = (CAMUNDA, "http://flowable.org/bpmn", "http://activiti.org/bpmn")
"""Camunda 7 and its kin, which share their attributes."""

_OTHERS = (*CAMUNDA_LIKE, ZEEBE)
_FOREIGN_ATTRIBUTES = etree.XPath("|".join(f"//@*[namespace-uri()='{namespace}']" for namespace in _OTHERS))

Node = etree._Element
_REFERENCES = ("messageRef", "attachedToRef", "calledElement", "processRef")
"""Attributes that are qualified names by the standard: some modelers write a prefix,
as in ``tns:approval``.
"""


def adopt(root: Node) -> None:
    """Put our own extension elements beside what other modelers wrote of the same meaning."""
    nodes = list(root.iter(f"{{{BPMN}}}*"))
    for node in nodes:
        _bare_references(node)
    if not _has_foreign(root):  # most files are our own
        return
    for node in nodes:
        for name, value in _given(node):
            _set(node, name, value)
        kind = etree.QName(node).localname
        if kind == "businessRuleTask":
            _adopt_decision(node)
        elif kind == "callActivity":
            called = _child(node, "calledElement")
            if called is not None and not node.get("calledElement"):
                node.set("calledElement", called.get("processId", ""))
        elif kind == "serviceTask":
            _adopt_service(node)


def _has_foreign(root: Node) -> bool:
    """Whether an element or an attribute of another modeler stands anywhere in the file."""
    elements = root.iter(*(f"{{{namespace}}}*" for namespace in _OTHERS))
    return next(elements, None) is not None or bool(_FOREIGN_ATTRIBUTES(root))


def _bare_references(node: Node) -> None:
    for name in _REFERENCES:
        prefix, colon, rest = node.get(name, "").partition(":")
        if colon and prefix in node.nsmap:
            node.set(name, rest)


def _given(node: Node) -> Iterator[tuple[str, str]]:
    """The properties that the element has in other dialects, by our names."""
    for namespace in _OTHERS:
        path = f"{{{BPMN}}}extensionElements/{{{namespace}}}properties/{{{namespace}}}property"
        given = ((one.get("name", ""), one.get("value", "")) for one in node.findall(path))
        yield from ((name, value) for name, value in given if is_ours(name))
    for namespace in CAMUNDA_LIKE:
        for name in ("formKey", "formRef"):
            if node.get(f"{{{namespace}}}{name}"):
                yield "formKey", _form(node.get(f"{{{namespace}}}{name}", ""))
    form = _child(node, "formDefinition")
    if form is not None:
        yield (
            "formKey",
            _form(form.get("formId") or form.get("formKey") or form.get("externalReference") or ""),
        )


def _form(text: str) -> str:
    """The form's key: other tools write where it lies, as in ``camunda-forms:deployment:clue.form``."""
    return re.sub(r"\.(json|form|jsf|html)$", "", re.split("[/:]", text)[-1])


def _child(node: Node, name: str) -> Node | None:
    return node.find(f"{{{BPMN}}}extensionElements/{{{ZEEBE}}}{name}")


def _extensions(node: Node) -> Node:
    found = node.find(f"{{{BPMN}}}extensionElements")
    if found is None:
        found = node.makeelement(f"{{{BPMN}}}extensionElements")
        node.insert(1 if len(node) and node[0].tag == f"{{{BPMN}}}documentation" else 0, found)
    return found


def _ours(holder: Node, tag: str, text: str | None = None, /, **attributes: str) -> Node:
    found = etree.SubElement(holder, f"{{{SPIFF}}}{tag}", attributes)
    found.text = text
    return found


def _set(node: Node, name: str, value: str) -> None:
    """Give the element our property `name`, unless it has it."""
    holder = _extensions(node)
    properties = holder.find(f"{{{SPIFF}}}properties")
    if properties is None:
        properties = _ours(holder, "properties")
    if value and all(one.get("name") != name for one in properties):
        _ours(properties, "property", name=name, value=value)


def _adopt_decision(node: Node) -> None:
    if node.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}calledDecisionId") is not None:
        return
    called = _child(node, "calledDecision")
    found = (
        (called.get("decisionId", ""), called.get("resultVariable", "")) if called is not None else ("", "")
    )
    for namespace in CAMUNDA_LIKE:
        if node.get(f"{{{namespace}}}decisionRef"):
            found = (
                node.get(f"{{{namespace}}}decisionRef", ""),
                node.get(f"{{{namespace}}}resultVariable", ""),
            )
    if found[0]:
        _ours(_extensions(node), "calledDecisionId", found[0])
        _set(node, "resultVariable", found[1])


def _zeebe_value(text: str) -> str:
    """Camunda 8 writes FEEL behind an equals sign; anything else is a text as it stands."""
    return text if text.startswith("=") else json.dumps(text, ensure_ascii=False)


def _adopt_service(node: Node) -> None:
    """A job type or topic is the name of our service, its inputs are the parameters."""
    if next(node.iter(f"{{{SPIFF}}}serviceTaskOperator"), None) is not None:
        return
    job, mapping = _child(node, "taskDefinition"), _child(node, "ioMapping")
    name = job.get("type", "") if job is not None else ""
    inputs = (
        {
            one.get("target", ""): _zeebe_value(one.get("source", ""))
            for one in mapping
            if isinstance(one.tag, str) and etree.QName(one).localname == "input"
        }
        if mapping is not None
        else {}
    )
    for namespace in CAMUNDA_LIKE:
        name = name or node.get(f"{{{namespace}}}topic", "")
        path = f"{{{BPMN}}}extensionElements/{{{namespace}}}inputOutput/{{{namespace}}}inputParameter"
        inputs |= {one.get("name", ""): one.text or "" for one in node.findall(path)}
    if not name:
        return
    operator = _ours(_extensions(node), "serviceTaskOperator", id=name)
    result = next((value for key, value in _given(node) if key == "resultVariable"), "")
    if result:
        operator.set("resultVariable", result)
    parameters = _ours(operator, "parameters")
    for key, text in inputs.items():
        _ours(parameters, "parameter", id=key, type="string", value=text)
