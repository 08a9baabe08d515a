"""Every FEEL text of a diagram, with the element that it belongs to, and how a timer's text is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from engine.flow.diagram import xml as x
from engine.flow.diagram.element import REPETITIONS, SETTING_KINDS, TIMERS, paper_words, settings_of
from engine.flow.feel import strip_equals

_WEEKS = re.compile(r"P(\d{1,6})W", re.ASCII)
_PART = re.compile(r"PT(\d{1,6}\.\d{1,6})([HM])", re.ASCII)
_SECONDS = {"H": 3600, "M": 60}


def span_feel(text: str) -> str:
    """FEEL for an ISO 8601 duration: FEEL itself has no weeks, and no parts of an hour or minute."""
    weeks, part = _WEEKS.fullmatch(text), _PART.fullmatch(text)
    if weeks is not None:
        return f'duration("P{int(weeks[1]) * 7}D")'
    if part is not None:
        return f'duration("PT{Decimal(part[1]) * _SECONDS[part[2]]:f}S")'
    return f'duration("{text}")'


_SPAN, _CYCLE, _DAY = (re.compile(start, re.ASCII) for start in (r"P\d|PT", r"R\d*/", r"\d{4}-"))
"""How ISO 8601 writes a duration, a cycle and a date."""


@lru_cache(maxsize=1024)
def timer_feel(text: str) -> str:
    """The FEEL text of a timer: plain ISO 8601, as every modeler writes it, becomes a FEEL literal."""
    bare = strip_equals(text).strip().strip('"')
    if _SPAN.match(bare):
        return span_feel(bare)
    if _CYCLE.match(bare):
        return f'"{bare}"'
    if _DAY.match(bare):
        return f'date and time("{bare}")' if "T" in bare else f'date("{bare}")'
    return strip_equals(text)


def expressions(root: x.Node) -> Iterator[tuple[x.Node, str]]:
    """Every FEEL text of a diagram with the flow node or sequence flow it belongs to."""
    yield from _conditions(root)
    yield from _timer_texts(root)
    yield from _parameters(root)
    yield from _set_texts(root)
    for node in x.descendants(root, "userTask"):
        for text in (*paper_words(x.properties(node)).values(), *repetition_texts(node)):
            yield node, text


def _conditions(root: x.Node) -> Iterator[tuple[x.Node, str]]:
    for flow in x.descendants(root, "sequenceFlow"):
        text = x.text_of(flow, "conditionExpression")
        if text:
            yield flow, strip_equals(text)


def _timer_texts(root: x.Node) -> Iterator[tuple[x.Node, str]]:
    for kind in TIMERS:
        for node in x.descendants(root, kind):
            owner = node.getparent().getparent()  # type: ignore[union-attr]
            if (node.text or "").strip():
                yield owner, timer_feel(node.text or "")  # type: ignore[misc]


def _parameters(root: x.Node) -> Iterator[tuple[x.Node, str]]:
    for task in x.descendants(root, "serviceTask"):
        for parameter in task.iter(f"{{{x.SPIFF}}}parameter"):
            yield task, strip_equals(parameter.get("value", ""))


def _set_texts(root: x.Node) -> Iterator[tuple[x.Node, str]]:
    for kind in SETTING_KINDS:
        for node in x.descendants(root, kind):
            for text in settings_of(x.properties(node)).values():
                yield node, text


def repetition_texts(node: x.Node) -> Iterator[str]:
    """A user task's FEEL texts of how often it is done."""
    for kind, names in REPETITIONS.items():
        for mark in x.children(node, kind):
            yield from (strip_equals(text) for text in (x.text_of(mark, name) for name in names) if text)
