"""A diagram that ships with the product, brought to a province's own legal limits before it goes into force.

Where a province's document gives 20 days instead of 15, the timer counts 20, its properties name the bound
and the document, and every name and explanation that said 15 says 20. What already has other days than the
nation's limit stays: its author wanted them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from engine.flow.diagram import xml as x
from engine.flow.diagram.element import TIMERS
from engine.flow.diagram.properties import ALLOWED_BY, AT_LEAST, AT_MOST, CLAUSE
from engine.flow.diagram.texts import timer_feel
from engine.flow.feel import FeelSyntaxError, compile_expression
from engine.flow.feel import nodes as n
from engine.flow.vocabulary import Bound, LegalLimit
from engine.ground.days import put_all_right

_COUNTED = ("days after", "workdays after")
_PAPER = "paper:"


@dataclass(frozen=True)
class _Change:
    """A limit as the nation has it and as the province has it."""

    limit: LegalLimit
    here: LegalLimit

    @property
    def clause(self) -> str:
        return self.limit.clause


def localised(body: bytes, law: Sequence[LegalLimit], bounds: Mapping[str, Bound]) -> bytes:
    """The diagram with the province's limits; the very bytes where it changes none of them."""
    changes = [
        _Change(limit, limit.bounded(bounds[limit.clause]))
        for limit in law
        if limit.clause in bounds and bounds[limit.clause].days != limit.days
    ]
    if not changes:
        return body
    root = x.parse_xml(body)
    before = etree.tostring(root)
    for change in changes:
        for node, text in _timers(root, change.limit):
            text.text = _counted(text.text or "", change)
            _declare(node, change)
    _say(root, law, {change.clause: change for change in changes})
    if etree.tostring(root) == before:
        return body
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


# -- the timers ------------------------------------------------------------------------------------


def _timers(root: x.Node, limit: LegalLimit) -> Iterator[tuple[x.Node, x.Node]]:
    """The timer events that are the limit, each with the element of its text."""
    for kind in TIMERS:
        for text in x.descendants(root, kind):
            definition = text.getparent()
            node = definition.getparent() if definition is not None else None
            if node is not None and CLAUSE.text(x.properties(node)) == limit.clause:
                yield node, text


def _counted(text: str, change: _Change) -> str:
    """The timer's text with the province's number wherever it counts the nation's."""
    feel = timer_feel(text.strip())
    begins = text.find(feel)
    try:
        tree = compile_expression(feel).tree
    except FeelSyntaxError:
        return text
    if begins < 0:  # plain ISO 8601
        return re.sub(rf"P{change.limit.days}D\b", f"P{change.here.days}D", text)
    places = [node.span for node in _numbers(tree, change.limit.days)]
    for start, end in sorted(places, reverse=True):
        text = text[: begins + start] + str(change.here.days) + text[begins + end :]
    return text


def _numbers(tree: n.Node, days: int) -> Iterator[n.Literal]:
    """Where an expression counts so many days."""
    if isinstance(tree, n.Call) and tree.called in _COUNTED and len(tree.arguments) == 2:
        yield from (one for one in _literals(tree.given[1]) if one.value == days)
        return
    for part in tree.parts():
        yield from _numbers(part, days)


def _literals(node: n.Node) -> Iterator[n.Literal]:
    if isinstance(node, n.Literal) and not isinstance(node.value, bool | str):
        yield node
    for part in node.parts():
        yield from _literals(part)


def _declare(node: x.Node, change: _Change) -> None:
    """The drawing says which bound holds here, and by which document."""
    holder = node.find(f"{{{x.BPMN}}}extensionElements/{{{x.SPIFF}}}properties")
    if holder is None:
        return
    side = AT_LEAST if change.limit.at_least is not None else AT_MOST
    given = {side.name: str(change.here.days)}
    if change.limit.looser(change.here.days):
        given[ALLOWED_BY.name] = change.here.document
    present = {one.get("name"): one for one in holder.findall(f"{{{x.SPIFF}}}property")}
    for name, value in given.items():
        one = present.get(name)
        if one is None:
            one = etree.SubElement(holder, f"{{{x.SPIFF}}}property", name=name)
        one.set("value", value)


# -- what is said ----------------------------------------------------------------------------------


def _say(root: x.Node, law: Sequence[LegalLimit], changes: Mapping[str, _Change]) -> None:
    """Every name, explanation, note and told text with the province's numbers."""
    here = {process.get("id", "") for process in x.descendants(root, "process")}
    own = [limit for limit in law if limit.procedure in here or limit.callers & here]
    for node in root.iter(f"{{{x.BPMN}}}*"):
        if node.get("name"):
            node.set("name", _said(node.get("name", ""), law, own, changes))
        for value in _valued(node):
            value.set("value", _said(value.get("value", ""), law, own, changes))
    for written in _written(root):
        written.text = _said(written.text or "", law, own, changes)


def _valued(node: x.Node) -> Iterator[x.Node]:
    """The parameters of services and the words of papers, which lie in attributes."""
    extensions = node.find(f"{{{x.BPMN}}}extensionElements")
    if extensions is not None:
        yield from extensions.iter(f"{{{x.SPIFF}}}parameter")
        for one in extensions.iter(f"{{{x.SPIFF}}}property"):
            if one.get("name", "").startswith(_PAPER):
                yield one


def _written(root: x.Node) -> Iterator[x.Node]:
    yield from x.descendants(root, "documentation")
    yield from x.descendants(root, "text")
    yield from root.iter(f"{{{x.SPIFF}}}instructionsForEndUser")


def _said(
    text: str, law: Sequence[LegalLimit], own: Sequence[LegalLimit], changes: Mapping[str, _Change]
) -> str:
    """The text with each number of days that means a changed limit put right."""
    right = {}
    for days in {change.limit.days for change in changes.values()}:
        change = changes.get(_meant(text, days, law, own))
        if change is not None:
            right[days] = change.here.days
    return put_all_right(text, right) if right else text


def _meant(text: str, days: int, law: Sequence[LegalLimit], own: Sequence[LegalLimit]) -> str:
    """The clause of the limit that a number of days in a text means; '' where that is not clear.

    What the text cites goes before what the diagram has, and that before all others.
    """
    cited = [limit for limit in law if re.search(rf"\b{limit.clause}\b", text, re.ASCII)]
    for limits in (cited, own, law):
        found = {limit.clause for limit in limits if limit.days == days}
        if found:
            return found.pop() if len(found) == 1 else ""
    return ""
