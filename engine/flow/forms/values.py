"""The one reader of what stands in a form's blank: numbers, ticks,
lists and texts as conditions and sums see them.

web/assets/form/values.js reads the same on the page; a table of cases is run by both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from engine.flow.forms import schema as s
from engine.flow.forms.fields import MAX_NUMBER, TICKED
from engine.ground import text as normal

LISTS = frozenset({"checklist", "taglist", "filepicker"})
Reader = Callable[[Any], Any]


def blank(value: Any) -> bool:
    """Whether nothing was typed: an empty text, an unticked box, a list or row of nothing but such."""
    if isinstance(value, str):
        return not normal.line(value[: normal.MAX_TYPED])
    if isinstance(value, Mapping):
        return all(blank(part) for part in value.values())
    if isinstance(value, list):
        return all(blank(part) for part in value)
    return value is None or value is False


def reader(component: s.Component) -> Reader:
    """What reads what was typed into the component as a condition sees it; None where nothing usable stands.
    Lists of rows are not read so.

    Made once for a component: every submission reads each of its values.
    """
    kind = component["type"]
    if kind == "number":
        return partial(_number, s.unit(component))
    if kind == "datetime":
        return _day
    if kind == "checkbox":
        return lambda value: value in TICKED
    return partial(_items, kind) if kind in LISTS else _text_reader(component)


def _number(unit: str, value: Any) -> Any:
    found = normal.number(value, unit)
    return found if found is not None and abs(found) < MAX_NUMBER else None


def _day(value: Any) -> str | None:
    day = normal.day(value)
    return day.isoformat() if day is not None else None


def _items(kind: str, value: Any) -> list[Any]:
    items = value if isinstance(value, list) else [value]
    return [_item(kind, item) for item in items if not blank(item)]


def _text_reader(component: s.Component) -> Reader:
    form, fixed = _form_of(component), s.fixed(component)

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return form(value) or None
        if fixed:
            return None if blank(value) else value
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    return read


def _form_of(component: s.Component) -> Callable[[str], str]:
    if s.given(component, "format") == "name":
        return normal.name
    return normal.paragraphs if component["type"] == "textarea" else normal.line


def _item(kind: str, item: Any) -> Any:
    return str(item).strip() if kind == "filepicker" or isinstance(item, str) else item
