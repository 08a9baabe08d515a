"""Checks of timers: the text comes to an instant, and no other limit always comes first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from engine.flow.check.draft import Draft, found
from engine.flow.check.names import Variable, Variables, known_variables
from engine.flow.diagram import xml as x
from engine.flow.diagram.cycles import MAX_ROUNDS, parse_cycle
from engine.flow.diagram.element import TIMERS
from engine.flow.diagram.texts import timer_feel
from engine.flow.feel import FeelLimitError, FeelSyntaxError, compile_expression
from engine.flow.feel.reading import certain_names
from engine.flow.forms import schema as s
from engine.flow.machine.script import due_time
from engine.flow.vocabulary import used
from engine.ground.clock import CHINA
from engine.ground.errors import Finding

_MIXED = re.compile(r"P(?=.*\d[YM].*\d[DTWHS])[\dYMDTWHS.]+", re.ASCII)
_BEGAN = datetime(2022, 5, 5, 9, tzinfo=CHINA)
_DAY = "2022-05-05"
_SAMPLES: Mapping[str, Any] = {
    "number": 1,
    "checkbox": True,
    "textfield": "文字",
    "textarea": "文字",
    "dynamiclist": [],
}


def timers(draft: Draft) -> Iterator[Finding]:
    """Timer texts that have no value, are of the other kind, or wait in vain behind a shorter limit."""
    known = known_variables(draft)
    spans: dict[str, tuple[x.Node, timedelta]] = {}
    for kind in TIMERS:
        for text in x.descendants(draft.root, kind):
            definition = text.getparent()
            owner = definition.getparent() if definition is not None else None
            if owner is None or not (text.text or "").strip():
                continue
            yield from _timer(known, draft.about, owner, kind, (text.text or "").strip())
            span = _constant(text.text or "")
            if span is not None and x.local(owner) == "boundaryEvent":
                spans[owner.get("id", "")] = owner, span
    yield from _overtaken(draft, spans)


def _timer(known: Variables, about: str, owner: x.Node, kind: str, text: str) -> Iterator[Finding]:
    feel = timer_feel(text)
    try:
        tree = compile_expression(feel).tree
    except FeelSyntaxError:
        return  # the check of the writing says so
    literal = feel.partition("(")[0] if feel != text else ""
    if kind == "timeDate" and literal == "duration":
        yield found(
            owner,
            f"“{text}”是时长，却写在到期日期（timeDate）里，请改写在时长（timeDuration）里。",
            "warning",
        )
    elif kind == "timeDuration" and literal.startswith("date"):
        yield found(
            owner,
            f"“{text}”是日期，却写在时长（timeDuration）里，请改写在到期日期（timeDate）里。",
            "warning",
        )
    sample = _sample(known, certain_names(tree), about)
    if sample is None:
        return

    def value_of(inner: str) -> Any:
        return compile_expression(inner).evaluate(sample, workdays=_workdays)

    if kind == "timeCycle":
        yield from _cycle(owner, text, value_of)
        return
    due = _due(text, sample)
    if due is None and _MIXED.fullmatch(text):
        yield found(
            owner, f"“{text[:60]}”把年月和天时分写在一起，算不出到期时间：请只写年月或只写天时分，如 P45D。"
        )
    elif due is None:
        yield found(
            owner,
            f"“{text[:60]}”算不出到期时间：结果须是日期、时刻或时长，如 P5D、days after(notice.posted_on, 5)。",
        )
    elif kind == "timeDuration" and literal == "duration" and due <= _BEGAN:
        yield found(owner, f"“{text}”不是向后的时长，一走到这里就会到期。", "warning")


def _cycle(owner: x.Node, text: str, value_of: Callable[[str], Any]) -> Iterator[Finding]:
    """A cycle comes to rounds that have a date; one that names no number of them ends somewhere."""
    try:
        cycle = parse_cycle(value_of(timer_feel(text)), value_of)
        last = cycle and cycle.due(cycle.rounds, _BEGAN)
    except (FeelLimitError, OverflowError, ValueError):
        cycle = last = None
    if cycle is None or last is None:
        yield found(owner, f"“{text[:60]}”算不出周期：请写次数和间隔，如 R3/P7D（每 7 天一次，共 3 次）。")
    elif cycle.rounds == MAX_ROUNDS:
        yield found(owner, f"“{text[:60]}”没有写次数，或次数太多：到第 {MAX_ROUNDS} 次为止。", "warning")


def _due(text: str, sample: Mapping[str, Any]) -> datetime | None:
    try:
        return due_time(
            text, _BEGAN, lambda inner: compile_expression(inner).evaluate(sample, workdays=_workdays)
        )
    except FeelLimitError:
        return None


def _workdays(day: date, count: int) -> date:
    return day + timedelta(days=count)


def _sample(known: Variables, names: frozenset[str], about: str) -> dict[str, Any] | None:
    """A likely value for each of `names`; None when one of them can be anything."""
    given = used().speaking_of(about).days(_DAY)
    found: dict[str, Any] = {}
    for name in names:
        root, *path = name.split(".")
        one = known.get(root)
        if root in given:
            found[root] = given[root]
        elif one is None or len(path) != 1 or (value := _value(one, path[0])) is None:
            return None
        else:
            found.setdefault(root, {})[path[0]] = value
    return found


def _value(one: Variable, key: str) -> Any:
    component = one.keys.get(key)
    if component is None or one.open:
        return None
    kind = component.get("type")
    if kind == "datetime":
        return _DAY if component.get("subtype", "date") == "date" else None
    if kind in ("radio", "select"):
        return next(iter(s.options(component)), None)
    return _SAMPLES.get(str(kind))


def _constant(text: str) -> timedelta | None:
    """The duration that the text is, when it is a plain one of days and time."""
    try:
        expression = compile_expression(timer_feel(text))
        value = None if expression.names() else expression.evaluate({})
    except (FeelSyntaxError, FeelLimitError):
        return None
    return value if isinstance(value, timedelta) else None


def _overtaken(draft: Draft, spans: Mapping[str, tuple[x.Node, timedelta]]) -> Iterator[Finding]:
    """A limit beside a step that a shorter, interrupting limit
    beside the same step always takes away first.
    """
    for identifier, (node, span) in spans.items():
        for other, (cutting, shorter) in spans.items():
            same = node.get("attachedToRef") == cutting.get("attachedToRef") and other != identifier
            if same and x.flag(cutting, "cancelActivity", default=True) and shorter < span:
                name = cutting.get("name") or other
                yield found(node, f"永远等不到：更短的时限“{name}”先到，已经中断了这一步。")
                break
