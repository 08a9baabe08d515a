"""Plausible contents of a form, for trying a procedure: what is prefilled,
and in every required blank a valid value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from engine.flow.forms import schema as s
from engine.flow.forms.form import Form
from engine.flow.forms.page.field import Field
from engine.ground.idnumber import check_digit

PASSES = 8
"""Fields that earlier ones bring to light are filled in the next pass."""
PHONE = "19900000000"
_BEGINNING = "99990119800101001"
ID_NUMBER = _BEGINNING + check_digit(_BEGINNING)
"""Of a region that is not assigned: it belongs to nobody."""
_TEXTS = ("示例", "SAMPLE-000001", "000001", "12345678", "A", "1")
"""What is tried, in this order, where a pattern must hold."""


def sample(
    form: Form,
    context: Mapping[str, Any],
    today: date,
    *,
    chosen: Mapping[str, Any] | None = None,
    files: Callable[[str], list[str]] = lambda key: [],
) -> dict[str, Any]:
    """Raw data that the form takes: `chosen` over what is prefilled from `context`, required blanks filled.

    Of a field with the property ``example`` that, of a choice the default or the first option, of a date
    `today`; `files` answers attachments for a field.
    """
    values = form.settled({**form.prefill(context), **(chosen or {})}, context)
    for _ in range(PASSES):
        before = len(_leaves(form.render(values)))
        filled = _fill(form.render(values), values, today, files)
        if not filled and before == len(_leaves(form.render(values))):
            break
    return values


def _leaves(fields: list[Field]) -> list[Field]:
    return [one for one in fields if not one.hidden]


def _fill(
    fields: list[Field], values: dict[str, Any], today: date, files: Callable[[str], list[str]]
) -> bool:
    """Fill one level's required blanks; answers whether there were any."""
    filled = False
    for one in fields:
        if one.hidden:
            continue
        if one.kind == "group":
            filled |= _fill(one.children, values, today, files)
        elif one.kind == "dynamiclist":
            filled |= _fill_rows(one, values, today, files)
        elif (
            one.kind in s.INPUTS
            and one.required
            and not one.readonly
            and values.get(_key(one)) in (None, "", [], False)
        ):
            values[_key(one)] = _value(one, today, files)
            filled = values[_key(one)] not in ([], "") or filled
    return filled


def _fill_rows(one: Field, values: dict[str, Any], today: date, files: Callable[[str], list[str]]) -> bool:
    rows = values.get(_key(one))
    if not isinstance(rows, list) or not rows:
        if not (one.required or s.given(one.component, "required")):
            return False
        values[_key(one)] = [{}]
        return True
    copies = [dict(row) for row in rows]
    values[_key(one)] = copies
    filled = [_fill(fields, row, today, files) for fields, row in zip(one.rows, copies, strict=False)]
    return any(filled)


def _key(one: Field) -> str:
    component = one.component
    return str((component.get("path") if one.kind == "dynamiclist" else component.get("key")) or "")


def _value(one: Field, today: date, files: Callable[[str], list[str]]) -> Any:
    kind, options = one.kind, list(one.options)
    example = s.given(one.component, "example")
    if example:
        return str(example)
    if kind in ("radio", "select"):
        return options[0] if options else ""
    if kind in ("checklist", "taglist"):
        return options[:1]
    if kind == "checkbox":
        return True
    if kind == "datetime":
        return today.isoformat()
    if kind == "number":
        low, high = ((one.component.get("validate") or {}).get(name) for name in ("min", "max"))
        return max(low or 0, 0) if high is None else min(max(low or 0, 0), high)
    if kind == "filepicker":
        return files(_key(one))
    return _text(one)


def _text(one: Field) -> str:
    wanted = one.component.get("validate") or {}
    given = {"phone": PHONE, "id_number": ID_NUMBER, "money": "0"}.get(
        str(s.given(one.component, "format") or "")
    )
    if given is not None:
        return given
    text = f"试填的{one.label}"
    if wanted.get("pattern"):
        text = next((t for t in _TEXTS if re.fullmatch(str(wanted["pattern"]), t)), text)
    text = text + "。" * max(0, int(wanted.get("minLength") or 0) - len(text))
    return text[: int(wanted.get("maxLength") or len(text))]
