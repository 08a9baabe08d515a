"""What the parts of a DMN file require of each other: decisions, business knowledge, input data, services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from engine.flow.decisions.file import Node, all_of, elements, local, variable_of
from engine.flow.feel import FeelSyntaxError

MAX_WAYS = 1_000
"""From one decision to what it requires so many ways are followed at most."""
KNOWLEDGE = ("businessKnowledgeModel", "decisionService")
REQUIRED = ("requiredDecision", "requiredInput", "requiredKnowledge")


class Requirements:
    """The parts of a file by id, and what each requires."""

    def __init__(self, root: Node) -> None:
        for place, node in enumerate(root):
            if isinstance(node.tag, str) and not node.get("id"):
                node.set("id", f"_{place}")  # an id is no must: what has none is told apart by place
        self._nodes = {node.get("id", ""): node for node in elements(root)}
        self._required: dict[tuple[str, str], list[Node]] = {}
        self._ways: dict[str, int] = {}

    def of_kind(self, *kinds: str, name: str | None = None) -> list[Node]:
        """The parts of these kinds in their order, of that name where one is given."""
        found = [node for node in self._nodes.values() if local(node) in kinds]
        return [node for node in found if name is None or node.get("name") == name]

    def one(self, kind: str, name: str) -> Node:
        """The first part of that kind and name. Raises LookupError."""
        found = self.of_kind(kind, name=name)
        if not found:
            raise LookupError(name)
        return found[0]

    def required(self, node: Node, kind: str) -> Sequence[Node]:
        """What a decision, knowledge or a service requires;
        looked up in the file once, asked by every case.
        """
        key = node.get("id", ""), kind
        if key not in self._required:
            references = node.iter(f"{{{etree.QName(node).namespace}}}{kind}")
            self._required[key] = list(self._targets(references))
        return self._required[key]

    def named_by(self, node: Node, kind: str) -> list[Node]:
        """The parts that a service names as its input data, its input or its output decisions."""
        return list(self._targets(all_of(node, kind)))

    def _targets(self, references: Iterable[Node]) -> Iterator[Node]:
        for reference in references:
            target = self._nodes.get(reference.get("href", "").rpartition("#")[2])
            if target is not None:
                yield target

    def with_all(self, node: Node) -> list[Node]:
        """A decision and all decisions and knowledge that it requires, each once."""
        return list(self._gathered(node, {}).values())

    def _gathered(self, node: Node, found: dict[str, Node]) -> dict[str, Node]:
        if node.get("id", "") not in found:
            found[node.get("id", "")] = node
            for kind in ("requiredDecision", "requiredKnowledge"):
                for required in self.required(node, kind):
                    self._gathered(required, found)
        return found

    def names(self, node: Node) -> set[str]:
        """The names by which a decision reads what it requires: other decisions, knowledge, services."""
        decisions = {
            name
            for one in self.required(node, "requiredDecision")
            for name in (one.get("name", ""), variable_of(one))
        }
        return decisions | {one.get("name", "") for one in self.required(node, "requiredKnowledge")}

    def require_bounded(self, node: Node) -> None:
        """Raise FeelSyntaxError for a decision that requires itself, or others in too many ways."""
        self._count_ways(node, ())

    def _count_ways(self, node: Node, above: tuple[str, ...]) -> int:
        """In how many ways one comes from a decision to all that it requires."""
        identifier = node.get("id", "")
        required = [*self.required(node, "requiredDecision"), *self.required(node, "requiredKnowledge")]
        if identifier in above and local(node) == "decision":
            raise FeelSyntaxError(f"决策“{node.get('name') or identifier}”绕一圈又依赖自己。")
        if identifier not in self._ways:
            inner = [one for one in required if one.get("id", "") not in above or local(one) == "decision"]
            self._ways[identifier] = 1 + sum(self._count_ways(one, (*above, identifier)) for one in inner)
        if self._ways[identifier] > MAX_WAYS:
            raise FeelSyntaxError("决策之间的依赖过于复杂。")
        return self._ways[identifier]
