"""What a form may compare its fields with, besides each other: one small vocabulary for bounds,
rules and conditions.

``today`` is the day of filling in; ``step.opened_on`` the day on which the step was first opened; ``case.…``
a variable of the case under the name that the diagram gives it (``case.appraisal.held_on``); ``planned.…``
the measure whose progress is reported, as its plan has it; ``campaign.…`` the concentrated check. All dates
are ISO texts, so that they compare with
the fields' own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from engine.flow.feel import strip_equals
from engine.flow.feel.values import CONTEXTS
from engine.flow.forms import schema as s
from engine.flow.vocabulary import used

ROOTS = frozenset({"case", "step", "planned", "campaign", "today"})
"""The first names of facts; no field may be called so."""
STEP = frozenset({"opened_on"})
PLANNED = frozenset({"known_on", "starts_on", "ends_on"})
CAMPAIGN = frozenset({"starts_on", "ends_on"})
DATES: Mapping[str, frozenset[str]] = {"step": STEP, "planned": PLANNED, "campaign": CAMPAIGN}
"""Facts that are dates, by their first name."""
WORDS: Mapping[str, str] = {
    "today": "今天",
    "step.opened_on": "这一步开始的日期",
    "case.opened_on": "本事项启动的日期",
    "planned.starts_on": "措施开始日期",
    "planned.known_on": "措施列入计划的日期",
    "campaign.starts_on": "排查开始的日期",
    "campaign.ends_on": "排查结束的日期",
}
"""What the facts of every house are called."""


def words(name: str) -> str:
    """What a sentence calls a fact, be it the house's own; '' for one that is told by its date alone."""
    root, _, key = name.partition(".")
    given = (one.words for one in used().given if root == "case" and one.name == key)
    return WORDS.get(name) or next(given, "")


def known(context: Mapping[str, Any], today: date) -> dict[str, Any]:
    """The facts among what a form is filled from."""
    found = {name: dict(context.get(name) or {}) for name in ("case", *DATES)}
    return {**found, "today": today.isoformat()}


def at(facts: Mapping[str, Any], path: str) -> Any:
    """The value of a dotted name, or None."""
    value: Any = facts
    for name in path.split("."):
        value = value.get(name) if isinstance(value, CONTEXTS) else None
    return value


def settled(tree: Any, facts: Mapping[str, Any]) -> Any:
    """A browser's expression with its facts put in as values: the page need not be told the case.

    Raises ValueError for a fact that is no plain value: such an expression is left to the server.
    """
    if not isinstance(tree, list):
        return tree
    path = _path(tree)
    if path is not None and path.partition(".")[0] in ROOTS:
        return _literal(at(facts, path))
    return [settled(part, facts) for part in tree]


def _path(tree: list[Any]) -> str | None:
    """The dotted name that a node of the browser's tree is."""
    if tree[:1] == ["name"]:
        return str(tree[1])
    if tree[:1] == ["path"] and isinstance(tree[1], list):
        outer = _path(tree[1])
        return None if outer is None else f"{outer}.{tree[2]}"
    return None


def _literal(value: Any) -> list[Any]:
    if isinstance(value, list):
        return ["list", [_literal(item) for item in value]]
    if isinstance(value, Mapping):
        raise ValueError("no plain value")
    return ["lit", value]


def texts(component: s.Component) -> Iterator[str]:
    """The FEEL texts of a field that may read facts: when it is hidden, what it computes, its rules."""
    written = s.given(component, "rules")
    rows = written if isinstance(written, list) else []
    found = [s.hide_text(component), component.get("expression")]
    found += [row.get("test") for row in rows if isinstance(row, Mapping)]
    return (strip_equals(str(text)) for text in found if text)
