"""The one reader of what stands in a form's blank: numbers, ticks, lists and texts as conditions and sums see them.

web/assets/form/values.js reads the same on the page; a table of cases is run by both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.forms import schema as s

LARGEST = Decimal(10) ** 12
"""A number of this size or more is a slip of the finger, in yuan as in mu."""
TICKED = (True, "true", "on", "1", "yes", "是")
LISTS = frozenset({"checklist", "taglist", "filepicker"})
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?", re.ASCII)
_MONEY = re.compile(r"^¥\s*|\s*元$")


def number(value: Any, unit: str = "") -> Decimal | None:
    """The number that people mean: ``１２０００``, ``12,000`` and ``12000元`` are one; None where it is not clear.

    `unit` is the field's own, which people repeat. Raises nothing.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    if not isinstance(value, str):
        return _decimal(str(value))
    text = unicodedata.normalize("NFKC", value.replace("−", "-")).strip()
    unit = unicodedata.normalize("NFKC", unit).strip()
    text = text.removesuffix(unit).strip() if unit else text
    text = _MONEY.sub("", text)
    digits = any(character in "0123456789" for character in text)
    return _decimal(text.replace(",", "")) if digits and _NUMBER.fullmatch(text) else None


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def unit_of(component: s.Component) -> str:
    """The unit that stands behind the blank."""
    return str((component.get("appearance") or {}).get("suffixAdorner") or "")


def blank(value: Any) -> bool:
    """Whether nothing was typed: an empty text, an unticked box, a list or row of nothing but such."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Mapping):
        return all(blank(part) for part in value.values())
    if isinstance(value, list):
        return all(blank(part) for part in value)
    return value is None or value is False


def read(component: s.Component, value: Any) -> Any:
    """What was typed as a condition sees it; None where nothing usable stands. Lists of rows are not read here."""
    kind = component["type"]
    if kind == "number":
        found = number(value, unit_of(component))
        return found if found is not None and abs(found) < LARGEST else None
    if kind == "checkbox":
        return value in TICKED
    if kind in LISTS:
        items = value if isinstance(value, list) else [value]
        return [_item(kind, item) for item in items if not blank(item)]
    if isinstance(value, str):
        return value.strip() or None
    if s.fixed(component):
        return None if blank(value) else value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _item(kind: str, item: Any) -> Any:
    return str(item).strip() if kind == "filepicker" or isinstance(item, str) else item
