"""The procedure's handbook: what the diagram says, step by step, for people to read and print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.flow.diagram import xml as x
from engine.flow.diagram.element import Element
from engine.flow.diagram.kinds import KINDS
from engine.flow.machine.definition import Definition
from engine.owners.words.wording import Grid, Wording

TOLD = frozenset(KINDS) - {"exclusiveGateway", "parallelGateway", "inclusiveGateway"}
"""Gateways are told as the ways out of the step before them."""


@dataclass(frozen=True)
class Way:
    """A way on: when, and where to."""

    when: str
    to: str


@dataclass(frozen=True)
class Chapter:
    """One element of the diagram."""

    element: Element
    kind: str
    queue: str
    drawing: str
    documentation: str
    fields: Sequence[tuple[str, str]]
    limits: Sequence[str]
    """Times: its own wait, and the limits on it with their warnings."""
    rules: Sequence[tuple[str, str]]
    """What else the diagram asks of it, name and value."""
    ways: Sequence[Way]
    grid: Grid | None
    service: str
    """Name of the service it calls, or ''."""


def chapters(definition: Definition) -> list[Chapter]:
    """The elements in the order in which they are told, each with all that belongs to it."""
    book = _Book(definition)
    return [
        book.chapter(element)
        for element in definition.in_flow_order
        if element.kind in TOLD and not element.attached_to
    ]


class _Book:
    def __init__(self, definition: Definition) -> None:
        self.definition, self.words = definition, Wording(definition)
        self.flows: dict[str, list[x.Node]] = {}
        self.services: dict[str, str] = {}
        self.defaults: set[str] = set()
        for body in definition.diagrams().values():
            root = x.parse_xml(body)
            for flow in x.descendants(root, "sequenceFlow"):
                self.flows.setdefault(flow.get("sourceRef", ""), []).append(flow)
            for node in root.iter(f"{{{x.BPMN}}}*"):
                self.defaults |= {node.get("default", "")} if node.get("default") else set()
            for task in x.descendants(root, "serviceTask"):
                for operator in task.iter(f"{{{x.SPIFF}}}serviceTaskOperator"):
                    self.services[task.get("id", "")] = operator.get("id", "")
        self.attached: dict[str, list[Element]] = {}
        for element in definition.elements.values():
            if element.attached_to:
                self.attached.setdefault(element.attached_to, []).append(element)

    def chapter(self, element: Element) -> Chapter:
        known = element.form_key in self.definition.form_bodies
        decision = self._decision(element)
        return Chapter(
            element=element,
            kind=KINDS[element.kind],
            queue=self.words.queue(element) if "Task" in element.kind else "",
            drawing=self.definition.drawing_of(element.process_id),
            documentation=element.documentation,
            fields=self.words.fields(str(element.form_key)) if known else [],
            limits=list(self._limits(element)),
            rules=list(self._rules(element)),
            ways=list(self._ways(element.id, "")),
            grid=decision,
            service=self.services.get(element.id, ""),
        )

    def _decision(self, element: Element) -> Grid | None:
        if element.kind != "businessRuleTask":
            return None
        key = next((k for k in self.definition.decisions if k == self.decision_keys.get(element.id)), None)
        return self.words.grid(self.definition.decisions[key]) if key else None

    @property
    def decision_keys(self) -> Mapping[str, str]:
        """The decision that each business rule task names."""
        return {
            task.get("id", ""): x.extension_text(task, "calledDecisionId")
            for body in self.definition.diagrams().values()
            for task in x.descendants(x.parse_xml(body), "businessRuleTask")
        }

    def _limits(self, element: Element) -> Iterator[str]:
        if element.timer:
            yield f"等到：{self.words.timer(element.timer)}"
        if element.message and element.kind == "startEvent":
            yield f"收到“{element.name}”时开始"
        elif element.message:
            yield f"等到收到“{element.name}”"
        for event in self.attached.get(element.id, []):
            what = "中断这一步，改办" if event.cancel_activity else "照常办理，另外办"
            then = "、".join(way.to for way in self._ways(event.id, ""))
            when = self.words.timer(event.timer) if event.timer else f"收到“{event.name}”"
            early = f"，提前 {event.warn_days} 天预警" if event.warn_days else ""
            yield f"“{event.name}”（{when}{early}）：{what}“{then}”"

    def _rules(self, element: Element) -> Iterator[tuple[str, str]]:
        for name, value in element.properties.items():
            if name not in ("formKey", "variable", "queue", "warnDays"):
                yield self.words.property(name), self.words.value(name, value)

    def _ways(self, source: str, when: str, depth: int = 0) -> Iterator[Way]:
        """Where it goes on from `source`: through gateways to the next step,
        with the conditions on the way.
        """
        for flow in self.flows.get(source, []):
            text = x.text_of(flow, "conditionExpression")
            said = (
                self.words.condition(text) if text else "其他情况" if flow.get("id") in self.defaults else ""
            )
            whole = "，".join(part for part in (when, said) if part)
            target = flow.get("targetRef", "")
            element = self.definition.elements.get(target)
            if element is not None and element.kind not in TOLD and depth < 8:
                yield from self._ways(target, whole, depth + 1)
            elif element is not None:
                yield Way(whole, self.words.title(target))
