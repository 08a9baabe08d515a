"""What the exploration remembers of its answers:
conditions on the same variables do not contradict one another.

Two gateways that ask the same go the same way, as long as nothing between them sets the variable. So an
answer about variables that only steps of this process set, or that nobody sets after the start, holds until
such a step is done. Answers on variables that a message, a part or another process may set at any time are
never remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, product
from math import prod
from typing import Any

from engine.flow.feel import Expression, compile_expression, strip_equals
from engine.flow.feel import nodes as n
from engine.flow.machine.definition import Definition
from engine.flow.machine.standing import Spec
from engine.flow.vocabulary import used

Facts = Mapping[str, bool]
"""The remembered answers, by the text of the condition."""

Sample = tuple[str, Any]
_LASTING = frozenset({"userTask", "manualTask", "startEvent", "serviceTask", "businessRuleTask", "endEvent"})
"""The kinds of elements whose variables change as they are done, and not while they run."""
_MOST_CASES = 3_000
"""More combinations of values than this are not gone through: then any answer is held to be possible."""
_OTHER = "\ue000"
"""A text that no condition compares with."""


@dataclass(frozen=True)
class _Condition:
    compiled: Expression
    roots: frozenset[str]
    samples: Mapping[str, frozenset[Sample]] | None
    """Values of each name that stand for all, where the condition only compares names with literals."""


class Memory:
    """What may be remembered while one process is explored."""

    def __init__(self, definition: Definition, spec: Spec, *, alone: bool) -> None:
        """For `spec`; `alone` tells that no second instance of it runs beside the first."""
        owners = _setters(definition)
        own = {str(one.bpmn_id) for one in spec.task_specs.values() if one.bpmn_id}
        loose = _loose(definition) | {
            name
            for name, elements in owners.items()
            if not alone
            or not elements <= own
            or any(not _lasts(definition, element) for element in elements)
        }
        self._sets: dict[str, frozenset[str]] = {}
        for name, elements in owners.items():
            for element in elements & own:
                self._sets[element] = self._sets.get(element, frozenset()) | {name}
        read = {text: _read(text) for one in spec.task_specs.values() for text in _texts(one)}
        read = {text: one for text, one in read.items() if one.roots and not one.roots & loose}
        gates = Counter(
            root
            for one in spec.task_specs.values()
            for root in {root for text in _texts(one) if text in read for root in read[text].roots}
        )
        self._shared = {text: one for text, one in read.items() if any(gates[root] > 1 for root in one.roots)}
        self._spec = spec
        self._ahead: dict[str, frozenset[str]] = {}

    def holds(self, text: str) -> bool:
        """Whether the answer to the condition is remembered."""
        return text in self._shared

    def possible(self, text: str, facts: Facts) -> list[bool]:
        """The answers that do not contradict what is remembered."""
        if text in facts:
            return [facts[text]]
        given = {known: answer for known, answer in facts.items() if self._related(known, text)}
        found = [answer for answer in (False, True) if self._consistent({**given, text: answer})]
        return found or [False, True]

    def without(self, facts: Facts, element_id: str) -> dict[str, bool]:
        """What is still remembered when the element is done."""
        changed = self._sets.get(element_id, frozenset())
        return {text: answer for text, answer in facts.items() if not self._shared[text].roots & changed}

    def touches(self, element_id: str) -> bool:
        """Whether an answer may be another one when the element is done."""
        changed = self._sets.get(element_id, frozenset())
        return any(one.roots & changed for one in self._shared.values())

    def useful(self, facts: Facts, places: Iterable[str]) -> dict[str, bool]:
        """What of it may still be asked for, by tokens that are at the library's `places` of the process."""
        ahead = frozenset[str]().union(*(self._asked_from(place) for place in places))
        return {text: answer for text, answer in facts.items() if self._shared[text].roots & ahead}

    def _asked_from(self, place: str) -> frozenset[str]:
        """The variables that conditions ask for from here on."""
        if place not in self._ahead:
            seen, stack = {place}, [place]
            while stack:
                for output in self._spec.task_specs[stack.pop()].outputs:
                    if output.name not in seen:
                        seen.add(output.name)
                        stack.append(output.name)
            texts = (text for name in seen for text in _texts(self._spec.task_specs[name]))
            roots = (self._shared[text].roots for text in texts if text in self._shared)
            self._ahead[place] = frozenset[str]().union(*roots)
        return self._ahead[place]

    def _related(self, one: str, other: str) -> bool:
        return bool(self._shared[one].roots & self._shared[other].roots)

    def _consistent(self, facts: Facts) -> bool:
        """Whether some values of the variables give all these answers."""
        conditions = [self._shared[text] for text in facts]
        if any(one.samples is None for one in conditions):
            return True
        samples: dict[str, set[Sample]] = {}
        for one in conditions:
            for name, values in (one.samples or {}).items():
                samples.setdefault(name, set()).update(values)
        cases = [_between(values) for values in samples.values()]
        if prod(map(len, cases)) > _MOST_CASES or any(
            name.partition(".")[0] in samples for name in samples if "." in name
        ):
            return True
        answers = list(facts.values())
        for chosen in product(*cases):
            context = _context(dict(zip(samples, (value for _, value in chosen), strict=True)))
            if [one.compiled.evaluate(context) is True for one in conditions] == answers:
                return True
        return False


def _setters(definition: Definition) -> dict[str, set[str]]:
    """The elements that set each case variable, in the procedure and in its parts."""
    main, inner = definition.specs
    found: dict[str, set[str]] = {}
    for spec in (main, *inner.values()):
        for one in spec.task_specs.values():
            element = definition.elements.get(str(one.bpmn_id))
            names = {str(getattr(one, "result_variable", None) or "")}
            if element is not None:
                names |= {element.variable or "", *element.settings}
                names |= {"outcome"} if element.outcome is not None else set()
            for name in names - {""}:
                found.setdefault(name, set()).add(str(one.bpmn_id))
    return found


def _lasts(definition: Definition, element_id: str) -> bool:
    element = definition.elements.get(element_id)
    return (
        element is not None and element.kind in _LASTING and not element.repeats and element.message is None
    )


def _loose(definition: Definition) -> set[str]:
    """What may change at any time: what messages bring, what a clue changes, the item of a repeated step."""
    found = set(definition.messages) | used().speaking_of(definition.about).changing
    for spec in (definition.specs[0], *definition.specs[1].values()):
        for one in spec.task_specs.values():
            found |= {str(getattr(one, name, None) or "") for name in ("item_variable", "output_variable")}
    return found


def _texts(spec: Any) -> Iterator[str]:
    """The conditions on the flows out of an element."""
    for condition, _ in getattr(spec, "cond_task_specs", None) or ():
        if condition is not None:
            yield str(condition.args[0])


def _read(text: str) -> _Condition:
    compiled = compile_expression(strip_equals(text))
    names = compiled.names()
    samples = _samples(compiled.tree)
    whole = samples is not None and set(samples) == set(names)
    return _Condition(
        compiled, frozenset(name.partition(".")[0] for name in names), samples if whole else None
    )


def _samples(tree: n.Node) -> dict[str, frozenset[Sample]] | None:
    """The literals that each name is compared with; None for an expression that does anything else."""
    found: dict[str, set[Sample]] = {}
    return {name: frozenset(values) for name, values in found.items()} if _gather(tree, found) else None


def _gather(node: n.Node, found: dict[str, set[Sample]]) -> bool:
    node = n.bare(node)
    if isinstance(node, n.And | n.Or):
        return _gather(node.left, found) and _gather(node.right, found)
    if isinstance(node, n.Call) and node.called == "not" and len(node.arguments) == 1:
        return _gather(node.given[0], found)
    if isinstance(node, n.Comparison):
        return _compares(node.left, node.right, found) or _compares(node.right, node.left, found)
    if isinstance(node, n.In):
        return all(_compares(node.value, test.value, found) for test in node.tests)
    return isinstance(node, n.Literal) or _compares(node, n.Literal(True), found)


def _compares(name: n.Node, value: n.Node, found: dict[str, set[Sample]]) -> bool:
    dotted = n.dotted(name)
    literal = _literal(value)
    if dotted is None or literal is None:
        return False
    found.setdefault(dotted, set()).update(literal)
    return True


def _literal(node: n.Node) -> set[Sample] | None:
    if isinstance(node, n.Negative):
        inner = _literal(node.of)
        return {_typed(-one) for _, one in inner if isinstance(one, Decimal)} or None if inner else None
    return {_typed(node.value)} if isinstance(node, n.Literal) else None


def _typed(value: Any) -> Sample:
    """A value with its type: for Python 1 and true are the same."""
    return type(value).__name__, value


def _between(values: Iterable[Sample]) -> set[Sample]:
    """Values that stand for all: those compared with, numbers beside and between them, another text,
    none at all.
    """
    numbers = sorted(value for _, value in values if isinstance(value, Decimal))
    middles = [(low + high) / 2 for low, high in pairwise(numbers)]
    edges = [numbers[0] - 1, numbers[-1] + 1] if numbers else []
    return {*values, *map(_typed, (*middles, *edges, True, False, None, _OTHER))}


def _context(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        at = found
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return found
