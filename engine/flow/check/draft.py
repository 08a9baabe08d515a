"""A diagram under check: the look-ups that all checkers share, and what a checker answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.flow.diagram import properties as p
from engine.flow.diagram import xml as x
from engine.flow.diagram.element import FLOW_NODES
from engine.flow.diagram.resources import Resources, main_process, parts_of, run_processes
from engine.flow.forms.reading import read_schema
from engine.flow.forms.schema import Component
from engine.flow.vocabulary import used
from engine.ground.errors import Finding

DESCRIBING = frozenset(
    """
    sequenceFlow laneSet lane flowNodeRef textAnnotation association documentation
    extensionElements incoming outgoing group text dataObject dataObjectReference
    dataStoreReference ioSpecification property auditing monitoring resourceRole performer
    humanPerformer potentialOwner supportedInterfaceRef correlationSubscription supports
    multiInstanceLoopCharacteristics standardLoopCharacteristics dataInputAssociation
    dataOutputAssociation
    """.split()
)
"""What only pictures or describes; the marks of repetition are checked by their own rules."""
_CLOSED = ("adHocSubProcess", "transaction")


class Draft:
    """A diagram being checked, with the look-ups that the checkers share."""

    def __init__(self, root: x.Node, resources: Resources) -> None:
        self.root = root
        self.forms, self.decisions = resources.form, resources.decision
        self.law = [limit.bounded(resources.bounds.get(limit.clause)) for limit in used().law]
        """The limits of the law as they hold in the province."""
        main = main_process(root)
        self.about = p.ABOUT.text(x.properties(main)) if main is not None else ""
        """The kind of subject that it is about."""
        kind = used().subject_kinds.get(self.about)
        self.subject = kind.words if kind is not None else "对象"
        """What people call one."""
        self.parts = parts_of(root, resources.part)
        self.part_roots = {key: x.parse_xml(body) for key, body in self.parts.items()}
        self.processes = run_processes(root)
        inside = [node for process in self.processes for node in _inside(process)]
        self.nodes = {node.get("id", ""): node for node in inside if x.local(node) in FLOW_NODES}
        self.flows = [node for node in inside if x.local(node) == "sequenceFlow"]
        self.refused = {node.get("id", ""): node for node in inside if _is_refused(node)}
        """The elements that the engine does not run: neither they nor what they hold are judged further."""
        self._schemas: dict[str, tuple[dict[str, Any] | None, list[Finding]]] = {}
        self.leaving: dict[str, list[x.Node]] = {}
        self.entering: dict[str, list[x.Node]] = {}
        for flow in self.flows:
            self.leaving.setdefault(flow.get("sourceRef", ""), []).append(flow)
            self.entering.setdefault(flow.get("targetRef", ""), []).append(flow)
        self.next: dict[str, list[str]] = {identifier: [] for identifier in self.nodes}
        for flow in self.flows:
            self.next.setdefault(flow.get("sourceRef", ""), []).append(flow.get("targetRef", ""))
        for identifier, node in self.nodes.items():
            if x.local(node) == "boundaryEvent":
                self.next.setdefault(node.get("attachedToRef", ""), []).append(identifier)

    def of_kind(self, *kinds: str) -> Iterator[x.Node]:
        return (node for node in self.nodes.values() if x.local(node) in kinds)

    def outgoing(self, node: x.Node) -> list[x.Node]:
        return self.leaving.get(node.get("id", ""), [])

    def incoming(self, node: x.Node) -> list[x.Node]:
        return self.entering.get(node.get("id", ""), [])

    def schema(self, key: str) -> tuple[dict[str, Any] | None, list[Finding]]:
        """The schema of a form, read once, and what is wrong with it; None for what is no form."""
        if key not in self._schemas:
            self._schemas[key] = read_schema(self.forms[key]) if key in self.forms else (None, [])
        return self._schemas[key]

    def components(self, key: str) -> list[Component]:
        """The components of a form; none of what is no form."""
        schema, _ = self.schema(key)
        return list(schema["components"]) if schema else []


def _inside(process: x.Node) -> Iterator[x.Node]:
    """The BPMN elements of a process in their order,
    without those inside an element that the engine does not run.
    """
    stack = [process]
    while stack:
        node = stack.pop()
        if node is not process:
            yield node
        if x.local(node) not in _CLOSED and not apart(node):
            stack.extend(child for child in reversed(node) if x.is_bpmn(child))


def _is_refused(node: x.Node) -> bool:
    holder = node.getparent()
    inside = holder is not None and x.local(holder) in ("process", "subProcess")
    return inside and x.local(node) not in DESCRIBING | FLOW_NODES


def apart(node: x.Node) -> bool:
    """Whether the element stands beside the flow, by the standard: for an event or for compensation."""
    if x.flag(node, "triggeredByEvent") or x.flag(node, "isForCompensation"):
        return True
    return x.local(node) == "boundaryEvent" and bool(x.children(node, "compensateEventDefinition"))


def name_of(node: x.Node) -> str:
    """What a sentence calls the element: its name in one line, else its id."""
    return " ".join((node.get("name") or "").split()) or node.get("id") or ""


def found(node: x.Node, sentence: str, severity: str = "error") -> Finding:
    return Finding(node.get("id") or "", " ".join((node.get("name") or "").split()), sentence, severity)


Checker = Callable[[Draft], Iterator[Finding]]
"""One theme of the check: the findings of a diagram."""


def reaches(edges: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    stack = list(edges.get(start, ()))
    while stack:
        at = stack.pop()
        if at == goal:
            return True
        if at not in seen:
            seen.add(at)
            stack.extend(edges.get(at, ()))
    return False


def closure(edges: Mapping[str, list[str]], starts: list[str]) -> set[str]:
    seen, stack = set(starts), list(starts)
    while stack:
        for target in edges.get(stack.pop(), ()):
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return seen
