"""The earliest and the latest day of a date field: ``notBefore`` and ``notAfter`` (R10, R36).

Each is a list of terms, all of which hold: ``case.appraisal.held_on, step.opened_on - 2天``. A term is a field
of the form, ``today`` or another fact (engine/flow/forms/facts.py), moved by days (天), months (月) or years
(年). A fact that is missing does not open the field: the day on which the step was opened stands in its place,
else today. Only a term that ends in ``?`` may be missing, because not every procedure that uses the form has
it; not all of them may.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from engine.flow.forms import facts as known
from engine.flow.forms import schema as s
from engine.ground.clock import written

Look = Callable[[str], Any]
"""What another field of the form now says."""
ENDS = ("notBefore", "notAfter")
FLOOR = date(1900, 1, 1)
"""No date on any form is earlier: nobody concerned was born then, and a year of two digits is a slip."""
AHEAD = 50
"""No date is more than so many years ahead."""
_TERM = re.compile(r"([A-Za-z_][\w.]*)\s*(?:([+-])\s*(\d{1,4})\s*(天|月|年))?\s*(\?)?", re.ASCII)


@dataclass(frozen=True)
class Term:
    """One thing that an end of a date field is compared with."""

    name: str
    shift: int = 0
    unit: str = "天"
    optional: bool = False

    @cached_property
    def is_fact(self) -> bool:
        """Whether it names no field of the form."""
        return self.name.partition(".")[0] in known.ROOTS


class End(NamedTuple):
    """A day that a field must not pass, and whose day it is."""

    day: date
    name: str
    """Of the fact or field; '' of one that was moved."""
    is_field: bool = False
    """Whether a field of the same form sets it: that stands before one's eyes."""


def terms(component: s.Component, end: str) -> Sequence[Term]:
    """The terms of one end of a field. Raises ValueError with a sentence for what cannot be read."""
    return _terms(str(s.given(component, end) or "").strip())


def readable(component: s.Component) -> Iterator[Term]:
    """The terms of both ends, leaving out what cannot be read: the check says so at the field."""
    for end in ENDS:
        try:
            yield from terms(component, end)
        except ValueError:
            continue


@lru_cache(maxsize=1024)
def _terms(text: str) -> tuple[Term, ...]:
    return tuple(_term(part.strip()) for part in re.split("[,，]", text)) if text else ()


def _term(text: str) -> Term:
    read = _TERM.fullmatch(text)
    if read is None:
        raise ValueError(f"看不懂“{text[:40]}”，应写成一个日期的名称，可加减天数，如 step.opened_on - 2天。")
    name, sign, amount, unit, optional = read.groups()
    return Term(name, int(f"{sign}{amount}") if amount else 0, unit or "天", bool(optional))


def moved(day: date, shift: int, unit: str) -> date:
    """`day` and so many days, months or years; the last day of a shorter month.

    Stays within what a date can be.
    """
    if not shift:
        return day
    try:
        if unit == "天":
            return day + timedelta(days=shift)
        months = day.year * 12 + day.month - 1 + shift * (12 if unit == "年" else 1)
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    except (OverflowError, ValueError):
        return date.min if shift < 0 else date.max


@lru_cache(maxsize=16)
def limits(today: date) -> tuple[date, date]:
    """The first and the last day that any date may be."""
    return FLOOR, moved(today, AHEAD, "年")


def end_of(component: s.Component, end: str, look: Look, facts: Mapping[str, Any]) -> End | None:
    """The day that `end` of the field now is, `look` telling the other fields;
    None when nothing bounds it.
    """
    written = terms(component, end)
    found = [one for term in written if (one := _resolved(term, end, look, facts))]
    if not found and written and all(term.is_fact for term in written):
        return _instead(end, facts)  # each may be missing, but not all of them
    if not found:
        return None
    return (max if end == "notBefore" else min)(found, key=lambda one: one.day)


def _resolved(term: Term, end: str, look: Look, facts: Mapping[str, Any]) -> End | None:
    is_field = not term.is_fact
    day = day_of(look(term.name) if is_field else known.at(facts, term.name))
    if day is not None:
        return End(moved(day, term.shift, term.unit), "" if term.shift else term.name, is_field)
    return None if is_field or term.optional else _instead(end, facts)


def _instead(end: str, facts: Mapping[str, Any]) -> End | None:
    """What stands in for a fact that is missing:
    a field is never open because something was not written down.
    """
    name = "step.opened_on" if end == "notBefore" and day_of(known.at(facts, "step.opened_on")) else "today"
    day = day_of(known.at(facts, name))
    return End(day, name) if day else None


def day_of(value: Any) -> date | None:
    """The day that a value names, or None."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def is_bounded(component: s.Component) -> bool:
    """Whether the field is a date with an end."""
    return component["type"] == "datetime" and any(s.given(component, end) for end in ENDS)


def broken(
    component: s.Component, value: Any, look: Look, labels: Mapping[str, str], facts: Mapping[str, Any]
) -> Iterator[str]:
    """A sentence for each end that the field's `value` passes."""
    day = day_of(value) if component["type"] == "datetime" else None
    for end in ENDS if day else ():
        limit = end_of(component, end, look, facts)
        if limit and day and _passes(day, end, limit.day):
            yield sentence(end, limit, labels)


def _passes(day: date, end: str, limit: date) -> bool:
    return day < limit if end == "notBefore" else day > limit


def sentence(end: str, limit: End, labels: Mapping[str, str]) -> str:
    """What is said at the field, with the day."""
    word = "早" if end == "notBefore" else "晚"
    if limit.is_field and limit.name:
        return f"不能{word}于{labels.get(limit.name, limit.name)}。"
    called = known.words(limit.name)
    return f"不能{word}于{written(limit.day)}{f'（{called}）' if called else ''}。"


def page_ends(
    component: s.Component, labels: Mapping[str, str], facts: Mapping[str, Any]
) -> tuple[dict[str, date], list[dict[str, Any]]]:
    """For a page: the ends that no typing changes, and as rules those that another field sets."""
    fixed: dict[str, date] = {}
    rules = []
    for end in ENDS:
        limit = end_of(component, end, lambda name: None, facts)
        if limit is not None:
            fixed[end] = limit.day
            rules.append(
                _compared(component, end, ["lit", limit.day.isoformat()], sentence(end, limit, labels))
            )
        for term in terms(component, end):
            if not term.is_fact and not term.shift:  # a moved one is left to the server
                words = f"不能{'早' if end == 'notBefore' else '晚'}于{labels.get(term.name, term.name)}。"
                rules.append(_compared(component, end, ["name", term.name], words))
    return fixed, rules


def _compared(component: s.Component, end: str, other: list[Any], words: str) -> dict[str, Any]:
    operator = ">=" if end == "notBefore" else "<="
    key = str(component.get("key"))
    return {"test": ["cmp", operator, ["name", key], other], "sentence": words, "needs": [key]}
