"""What somebody who edits a form asks: what is wrong with it, what the diagram would miss,
how it looks when filled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from engine.casework.models import Account, ProcedureDraft
from engine.flow.check import check
from engine.flow.diagram.resources import KINDS, Resources
from engine.flow.forms import Field, compile_form
from engine.flow.forms import schema as s
from engine.flow.forms.reading import read_schema
from engine.flow.vocabulary import Bound
from engine.ground.errors import Finding, Invalid
from engine.ground.idnumber import check_digit
from engine.owners import drafting, drafts

_INVENTED = "99990119600101001"  # region 999901 is never assigned


@dataclass(frozen=True)
class Preview:
    """A form as officials would see it, or why it cannot be shown."""

    fields: list[Field]
    errors: Mapping[str, list[str]]
    sentence: str = ""
    """What submitting it would answer; empty when it was not tried."""


def findings(session: Session, draft: ProcedureDraft, key: str, body: bytes) -> list[Finding]:
    """What is wrong with the form itself; when it is sound, what the draft's diagram would lack with it."""
    schema, found = read_schema(body)
    if schema is None or any(one.severity == "error" for one in found):
        return found
    resources = drafts.resources_of(session, draft)
    bodies = (tuple(sorted(resources.of(kind).items())) for kind in KINDS)
    known = _known(draft.xml, tuple(sorted(resources.bounds.items())), *bodies)
    _, after = check(draft.xml, resources | Resources({key: body}))
    return found + [one for one in after if (one.element_id, one.message) not in known]


@lru_cache(maxsize=8)
def _known(
    xml: bytes, bounds: tuple[tuple[str, Bound], ...], *bodies: tuple[tuple[str, bytes], ...]
) -> frozenset[tuple[str, str]]:
    """What is wrong with a diagram as it is, by element: the same at every look while a form is edited."""
    form, decision, part = map(dict, bodies)
    _, before = check(xml, Resources(form, decision, part, dict(bounds)))
    return frozenset((one.element_id, one.message) for one in before)


def store(
    session: Session, actor: Account, draft_id: int, revision: int, key: str, body: bytes, now: datetime
) -> ProcedureDraft:
    """Save a form into the draft; a field may still be wrong.

    Raises Invalid for what is no form, Conflict.
    """
    _form(body)
    return drafting.save(session, actor, draft_id, revision, now, forms={key: body})


def _form(body: bytes) -> dict[str, Any]:
    schema, found = read_schema(body)
    if schema is None:
        raise Invalid(found[0].message)
    return schema


def lost_fields(before: bytes, after: bytes) -> list[str]:
    """Labels and keys of the fields that `after` has no more; empty when either is no form."""
    old, new = read_schema(before)[0], read_schema(after)[0]
    if old is None or new is None:
        return []
    kept = set(_fields(new))
    return [f"{label}（{key}）" for key, label in _fields(old).items() if key not in kept]


def _fields(schema: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(c.get("path") if c["type"] == "dynamiclist" else c.get("key")): s.label(c)
        for c in s.walk(schema["components"])
        if c["type"] in s.INPUTS | {"expression"}
    }


def preview(body: bytes, typed: Mapping[str, Any] | None, today: date, *, attempt: bool = False) -> Preview:
    """The form rendered with what was `typed` (a browser's fields; None: with samples),
    checked when it is an `attempt`.

    Raises Invalid with the first thing that is wrong when the form cannot be shown.
    """
    schema, found = read_schema(body)
    grave = [one for one in found if one.severity == "error"]
    if schema is None or grave:
        raise Invalid(grave[0].message)
    form = compile_form(schema)
    values = sample(form.components, today) if typed is None else form.parse(typed)
    errors: dict[str, list[str]] = {}
    sentence = ""
    if attempt:
        try:
            form.validate(values, today=today)
            sentence = "填写的内容可以提交。"
        except Invalid as error:
            errors, sentence = error.fields, error.message
    return Preview(form.render(values, errors), errors, sentence)


def sample(components: list[s.Component], today: date) -> dict[str, Any]:
    """Invented values for every field, so that conditions and computed values show something."""
    found: dict[str, Any] = {}
    for component in components:
        kind = component["type"]
        if kind == "group":
            found |= sample(s.children(component), today)
        elif kind == "dynamiclist":
            found[str(component.get("path"))] = [sample(s.children(component), today)]
        elif kind in s.INPUTS - {"filepicker"}:
            value = component.get("defaultValue")
            found[str(component.get("key"))] = _sample(component, today) if value is None else value
    return {key: value for key, value in found.items() if value is not None}


def _sample(component: s.Component, today: date) -> Any:
    kind, wanted = component["type"], component.get("validate") or {}
    example = s.given(component, "example")
    if example:
        return str(example)
    first = next(iter(s.options(component)), None)
    if kind == "number":
        low, high = wanted.get("min") or 0, wanted.get("max")
        return max(low, min(6000, high)) if high is not None else max(low, 6000)
    if kind == "datetime":
        return today.isoformat()
    if kind == "checkbox":
        return True
    if kind in ("checklist", "taglist"):
        return [first] if first is not None else []
    if kind in ("radio", "select"):
        return first
    given = {
        "id_number": _INVENTED + check_digit(_INVENTED),
        "name": "张三",
        "phone": "0391-0000000",
        "village": "",
    }
    text = given.get(
        str(s.given(component, "format")),
        f"示例{s.label(component)}" if kind == "textfield" else "示例文字，仅供预览。",
    )
    return text[: wanted.get("maxLength") or None] if not s.given(component, "format") else text


def copied(body: bytes, key: str) -> bytes:
    """A form's file under another key. Raises Invalid when it is no form."""
    return json.dumps({**_form(body), "id": key}, ensure_ascii=False, indent=2).encode()
