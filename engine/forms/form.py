"""A compiled form: reads what a browser sends, validates it, fills it, and gives templates what to render.

Errors are keyed by path: ``head_name``, ``members.0.id_number``. What a condition hides is dropped, computed values are
computed here again, read-only fields with a ``prefill`` take the register's value: none of them is the client's to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from engine.errors import Invalid
from engine.feel import compile_expression, strip_equals, to_plain
from engine.forms import bounds, rules
from engine.forms import facts as known
from engine.forms import fields as f
from engine.forms import schema as s

OUTCOME_KEYS = ("outcome", "opinion", "decision", "agreed", "signed", "result")


@dataclass
class Field:
    """A component ready to render: its form name, value and errors."""

    component: s.Component
    name: str
    path: str
    value: Any = None
    errors: list[str] = field(default_factory=list)
    hidden: bool = False
    children: list[Field] = field(default_factory=list)
    rows: list[list[Field]] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)
    around: rules.Fields = field(default_factory=dict)
    """The fields that this one may be compared with."""

    @property
    def kind(self) -> str:
        """The component's type."""
        return str(self.component["type"])

    @property
    def label(self) -> str:
        """What people call it."""
        return s.label(self.component)

    @property
    def id(self) -> str:
        """The element's id in the page."""
        return "f-" + self.name

    @property
    def options(self) -> dict[str, str]:
        """Label by value."""
        return s.options(self.component)

    @property
    def required(self) -> bool:
        """Whether it must be filled."""
        return bool((self.component.get("validate") or {}).get("required"))

    @property
    def readonly(self) -> bool:
        """Whether people may only look."""
        return s.fixed(self.component)

    @property
    def hide_json(self) -> Any:
        """The hiding condition for the browser's evaluator."""
        text = s.hide_text(self.component)
        return _for_browser(text, self.facts) if text else None

    @property
    def expression_json(self) -> Any:
        """The computation for the browser's evaluator."""
        text = strip_equals(str(self.component.get("expression") or ""))
        return _for_browser(text, self.facts) if text else None

    @property
    def rules_json(self) -> list[dict[str, Any]]:
        """What the browser judges while one types: the form's rules and the ends of a date."""
        return [*rules.for_page(self.component, self.facts, self.around), *self._ends[1]]

    @property
    def earliest(self) -> str:
        """The first day that a date may be, whatever else is typed; empty when none is known."""
        return self._day("notBefore")

    @property
    def latest(self) -> str:
        """The last day that a date may be, whatever else is typed; empty when none is known."""
        days = [self._day("notAfter")]
        if s.given(self.component, "format") == "past_date":
            days.append(str(self.facts.get("today") or ""))
        return min((day for day in days if day), default="")

    def _day(self, end: str) -> str:
        day = self._ends[0].get(end)
        return day.isoformat() if day else ""

    @property
    def _ends(self) -> tuple[dict[str, date], list[dict[str, Any]]]:
        labels = {key: s.label(component) for key, component in self.around.items()}
        return bounds.page_ends(self.component, labels, self.facts) if self.kind == "datetime" else ({}, [])

    @property
    def shown(self) -> str:
        """The value in words."""
        return shown(self.component, self.value)


class Form:
    """A form-js schema, compiled."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.key = str(schema.get("id") or "")
        self.schema = schema
        self.components: list[s.Component] = list(schema["components"])
        self._schemas: dict[str, Schema] = {}
        self.takes_files = any(c["type"] == "filepicker" for c in s.walk(self.components))

    @cached_property
    def readonly_reads(self) -> frozenset[str]:
        """The first names that the prefilled read-only fields read, e.g. ``case`` of ``case.category.basis``."""
        return _first_names(_prefilled_readonly(self.components))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The first names that any prefilled field reads."""
        return _first_names(_inputs(self.components))

    @cached_property
    def fact_reads(self) -> frozenset[str]:
        """Which facts the form's fields are compared with: ``case``, ``step``, ``planned``, ``today``."""
        return frozenset(name.partition(".")[0] for name in rules.facts_read(self.components))

    @property
    def inputs(self) -> list[s.Component]:
        """The fields of the form's top level."""
        return _inputs(self.components)

    def component(self, key: str) -> s.Component | None:
        """The field `key` of the form's top level, or None."""
        return next((component for component in self.inputs if _key(component) == key), None)

    # -- in ---------------------------------------------------------------------------------------------------------

    def parse(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Nested raw data from a browser's form fields (a multidict: names like ``members-0-name``)."""
        return self._parse(self.components, sent, "")

    def _parse(self, components: list[s.Component], sent: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for component in _inputs(components):
            kind, key = component["type"], _key(component)
            name = prefix + key
            if kind == "dynamiclist":
                found[key] = [
                    self._parse(s.children(component), sent, f"{name}-{index}-") for index in _row_numbers(sent, name)
                ]
            elif kind in ("checklist", "taglist", "filepicker"):
                values = sent.getlist(name) if hasattr(sent, "getlist") else sent.get(name, [])
                found[key] = [value for value in values if value != ""]
            elif kind == "checkbox":
                found[key] = sent.get(name) in ("on", "true", "1")
            elif name in sent:
                found[key] = sent.get(name)
        return found

    def validate(
        self,
        raw: Mapping[str, Any],
        *,
        today: date,
        attachments: Mapping[int, Any] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The clean data of `raw`. Raises Invalid with a sentence for each field that does not hold."""
        facts = known.known(context or {}, today)
        data = {**self.settled(raw, context or {}), **facts}
        errors: dict[str, list[str]] = {}
        with f.present(f.Circumstances(today, attachments or {})):
            clean = self._validate(self.components, data, {}, "", "", errors)
        given = {**facts, **self.settled({}, context or {})}
        for path, sentence in self._contradictions(self.components, clean, given, {}, ""):
            errors.setdefault(path, []).append(sentence)
        if errors:
            raise Invalid(f"有 {len(errors)} 处需要更正。", errors)
        return clean

    def _schema(self, level: str, components: list[s.Component]) -> Schema:
        """The marshmallow schema of every input of a level (`level` names its list, '' is the top), built once."""
        if level not in self._schemas:
            built = {_key(c): f.build(c) for c in _inputs(components) if c["type"] != "dynamiclist"}
            self._schemas[level] = Schema.from_dict(built)(unknown=EXCLUDE)
        return self._schemas[level]

    def _validate(
        self, components: list[s.Component], raw: Mapping[str, Any], outer: Mapping[str, Any], level: str, path: str,
        errors: dict[str, list[str]],
    ) -> dict[str, Any]:  # fmt: skip
        """Validate one level. A field's condition sees the level's raw values, so that order does not matter."""
        seen = {**outer, **{k: v for k, v in raw.items() if v not in ("", None)}}
        typed = _typed(components, seen)
        for component in _flat(components):
            if component["type"] == "expression":
                seen[_key(component)] = typed[_key(component)] = _compute(component, typed)
        visible = [c for c in _visible(components, typed) if c["type"] in s.INPUTS]
        labels = {_key(c): s.label(c) for c in visible if c["type"] != "dynamiclist"}
        given = {key: value for key in labels if (value := _blank_to_none(raw.get(key))) is not None}
        schema = self._schema(level, components)
        clean: dict[str, Any] = {}
        try:
            loaded = schema.load(given, partial=schema.fields.keys() - labels.keys())  # partial: what is hidden
            clean = {key: value for key, value in loaded.items() if value is not None}
        except ValidationError as error:
            held = error.valid_data if isinstance(error.valid_data, dict) else {}
            clean = {key: value for key, value in held.items() if value is not None}
            for key, texts in error.normalized_messages().items():  # type: ignore[no-untyped-call]
                errors[path + key] = [f"{labels[key]}：{text}" for text in _texts(texts)]
        for component in visible:
            if component["type"] == "dynamiclist":
                key = _key(component)
                clean[key] = self._rows(component, raw.get(key), seen, f"{level}{key}.", f"{path}{key}", errors)
        for component in _visible(components, {**outer, **clean}):
            if component["type"] == "expression":
                clean[_key(component)] = _compute(component, {**outer, **clean})
        return clean

    def _contradictions(
        self, components: list[s.Component], clean: Mapping[str, Any], outer: Mapping[str, Any], around: rules.Fields,
        path: str,
    ) -> Iterator[tuple[str, str]]:  # fmt: skip
        """Path and sentence of each date beyond its ends and each broken rule of a level, its rows included."""
        names = {**outer, **clean}
        visible = [c for c in _visible(components, names) if c["type"] in s.INPUTS]
        fields = {**around, **_named(components)}
        labels = {key: s.label(component) for key, component in fields.items()}
        facts = {name: outer.get(name) for name in known.ROOTS}
        for key, sentence in (*bounds.broken(visible, names, labels, facts), *rules.broken(visible, names, fields)):
            yield path + key, f"{labels[key]}：{sentence}"
        for component in visible:
            if component["type"] == "dynamiclist":
                for index, row in enumerate(clean.get(_key(component)) or []):
                    below = f"{path}{_key(component)}.{index}."
                    yield from self._contradictions(s.children(component), row, names, fields, below)

    def _rows(
        self, component: s.Component, raw: Any, outer: Mapping[str, Any], level: str, path: str,
        errors: dict[str, list[str]],
    ) -> list[dict[str, Any]]:  # fmt: skip
        rows = [row for row in raw if isinstance(row, Mapping)] if isinstance(raw, list) else []
        rows = [row for row in rows if any(value not in (None, "", [], False) for value in row.values())]
        if len(rows) > f.MAX_ROWS:
            errors[path] = [f"{s.label(component)}：最多 {f.MAX_ROWS} 行。"]
            return []
        if not rows and (component.get("validate") or {}).get("required", s.given(component, "required")):
            errors[path] = [f"{s.label(component)}：至少填写一行。"]
        return [
            self._validate(s.children(component), row, outer, level, f"{path}.{index}.", errors)
            for index, row in enumerate(rows)
        ]

    # -- out --------------------------------------------------------------------------------------------------------

    def prefill(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """First values: each component's ``prefill`` path over `context`, else its default."""
        found: dict[str, Any] = {}
        for component in _inputs(self.components):
            value = _from(component, context)
            if value is None:
                value = component.get("defaultValue")
            if value is not None:
                found[_key(component)] = value
        return found

    def settled(self, values: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """The values with what is never the client's to say: prefilled read-only fields and the rows of fixed lists."""
        found = dict(values)
        for component in _prefilled_readonly(self.components):
            key, given = _key(component), _from(component, context)
            found[key] = _fixed_rows(component, given, values.get(key)) if component["type"] == "dynamiclist" else given
        return found

    def filled(self, raw: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """`raw` with its blanks filled by the prefilled values."""
        typed = {key: value for key, value in raw.items() if value not in (None, "", [])}
        return {**self.prefill(context), **typed}

    def files_of(self, raw: Mapping[str, Any]) -> dict[str, list[Any]]:
        """The attachments that `raw` names, by field of the top level."""
        keys = (_key(component) for component in _inputs(self.components) if component["type"] == "filepicker")
        return {key: list(raw[key]) for key in keys if isinstance(raw.get(key), list)}

    def render(
        self, data: Mapping[str, Any], errors: Mapping[str, list[str]] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> list[Field]:  # fmt: skip
        """The fields of the form with their values and errors, for the templates; `facts` as `facts_of` gives them."""
        found = _render(self.components, data, {**data, **(facts or {})}, errors or {}, "", "")
        _tell(found, facts or {}, _named(self.components))
        return found

    def facts_of(self, context: Mapping[str, Any], today: date) -> dict[str, Any]:
        """The facts that the form's fields are compared with, for a page."""
        return known.known(context, today)

    def names(self) -> list[str]:
        """The keys of the form's data at its top level."""
        return [_key(c) for c in _flat(self.components) if c["type"] in s.INPUTS | {"expression"}]

    def outcome_label(self, clean: Mapping[str, Any]) -> str:
        """The label of the decision that the form carries, or ''."""
        for component in _inputs(self.components):
            key = _key(component)
            if key in OUTCOME_KEYS and component["type"] in ("radio", "select") and clean.get(key):
                return s.options(component).get(str(clean[key]), "")
        return ""

    def summary(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Label and value in words of everything that has one."""
        return [
            (one.label, one.shown)
            for one in _leaves(self.render(data))
            if not one.hidden and one.kind not in ("text", "separator", "spacer") and one.shown
        ]


def compile_form(schema: Mapping[str, Any]) -> Form:
    """The form of a form-js schema; the caller keeps it."""
    return Form(schema)


def shown(component: s.Component, value: Any) -> str:
    """A value in the words of its component."""
    if value in (None, "", []):
        return ""
    kind = component["type"]
    if kind == "checkbox":
        return "是" if value in (True, "true", "on") else "否"
    if kind in s.CHOICES or (kind == "expression" and component.get("values")):
        labels = s.options(component)
        items = value if isinstance(value, list) else [value]
        return "、".join(labels.get(str(item), str(item)) for item in items)
    if kind == "filepicker":
        return f"{len(value)} 个附件" if isinstance(value, list) else ""
    if kind == "datetime":
        parts = str(value)[:10].split("-")
        return (
            f"{int(parts[0])}年{int(parts[1])}月{int(parts[2])}日"
            if len(parts) == 3 and all(p.isdigit() for p in parts)
            else str(value)
        )
    if kind == "number" or (kind == "expression" and isinstance(value, int | float)):
        unit = (component.get("appearance") or {}).get("suffixAdorner") or ""
        return f"{value:,.2f}".removesuffix(".00") + unit if isinstance(value, int | float) else f"{value}{unit}"
    return str(value)


def _tell(fields: list[Field], facts: Mapping[str, Any], around: rules.Fields) -> None:
    """Give each field the facts and the fields that it may be compared with."""
    for one in fields:
        one.facts, one.around = facts, around
        inner = {**around, **_named(s.children(one.component))} if one.kind == "dynamiclist" else around
        for row in (one.children, *one.rows):
            _tell(row, facts, inner)


def _named(components: list[s.Component]) -> dict[str, s.Component]:
    """The fields and computed values of one level by key."""
    return {_key(c): c for c in _flat(components) if c["type"] in s.INPUTS | {"expression"}}


def _for_browser(text: str, facts: Mapping[str, Any]) -> Any:
    """The tree of an expression for the browser's evaluator; None where it needs more than that knows."""
    try:
        return known.settled(compile_expression(text).to_json(), facts)
    except ValueError:
        return None


def _key(component: s.Component) -> str:
    return str((component.get("path") if component["type"] == "dynamiclist" else component.get("key")) or "")


def _flat(components: list[s.Component]) -> Iterator[s.Component]:
    """The components of one level; groups are only a frame."""
    for component in components:
        yield component
        if component["type"] == "group":
            yield from _flat(s.children(component))


def _inputs(components: list[s.Component]) -> list[s.Component]:
    return [c for c in _flat(components) if c["type"] in s.INPUTS]


def _prefilled_readonly(components: list[s.Component]) -> list[s.Component]:
    return [c for c in _inputs(components) if s.fixed(c) and s.given(c, "prefill")]


def _fixed_rows(component: s.Component, given: Any, typed: Any) -> list[dict[str, Any]]:
    """The rows that are given, each with what was typed in its other columns; none can be added or taken away."""
    own = [row if isinstance(row, Mapping) else {} for row in typed] if isinstance(typed, list) else []
    fixed = [_key(child) for child in _inputs(s.children(component)) if s.fixed(child)]
    rows = [row for row in given if isinstance(row, Mapping)] if isinstance(given, list) else []
    return [
        {**(own[index] if index < len(own) else {}), **{key: row.get(key) for key in fixed}}
        for index, row in enumerate(rows)
    ]


def _first_names(components: list[s.Component]) -> frozenset[str]:
    texts = (text for component in components if (text := s.given(component, "prefill")))
    return frozenset(name.partition(".")[0] for text in texts for name in compile_expression(text).names())


def _visible(components: list[s.Component], values: Mapping[str, Any]) -> Iterator[s.Component]:
    for component in components:
        text = s.hide_text(component)
        if text and compile_expression(text).evaluate(values) is True:
            continue
        yield component
        if component["type"] == "group":
            yield from _visible(s.children(component), values)


def _typed(components: list[s.Component], values: Mapping[str, Any]) -> dict[str, Any]:
    """Raw browser text as conditions expect it: numbers as numbers, ticks as booleans."""
    found = dict(values)
    for component in _inputs(components):
        key = _key(component)
        value = found.get(key)
        if component["type"] == "number" and isinstance(value, str):
            found[key] = _number(value)
        elif component["type"] == "checkbox":
            found[key] = value in (True, "on", "true", "1")
        elif component["type"] == "dynamiclist" and isinstance(value, list):
            found[key] = [_typed(s.children(component), row) for row in value if isinstance(row, Mapping)]
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _compute(component: s.Component, values: Mapping[str, Any]) -> Any:
    value = to_plain(compile_expression(strip_equals(str(component.get("expression") or "null"))).evaluate(values))
    return round(value, 2) if isinstance(value, float) else value


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _texts(found: Any) -> list[str]:
    if isinstance(found, Mapping):
        return list(dict.fromkeys(text for inner in found.values() for text in _texts(inner)))
    return [str(text) for text in found]


def _from(component: s.Component, context: Mapping[str, Any]) -> Any:
    path = s.given(component, "prefill")
    return to_plain(compile_expression(path).evaluate(context)) if path else None


def _row_numbers(sent: Mapping[str, Any], name: str) -> list[int]:
    start = name + "-"
    numbers = {key[len(start) :].partition("-")[0] for key in sent if key.startswith(start)}
    return sorted(int(number) for number in numbers if number.isdigit())[: f.MAX_ROWS + 1]


def _render(
    components: list[s.Component], level: Mapping[str, Any], everything: Mapping[str, Any],
    errors: Mapping[str, list[str]], prefix: str, path: str,
) -> list[Field]:  # fmt: skip
    values = _typed(components, {**everything, **level})
    for component in _flat(components):
        if component["type"] == "expression":
            values[_key(component)] = _compute(component, values)
    found = []
    for component in components:
        key = _key(component)
        one = Field(component, prefix + key, path + key, errors=list(errors.get(path + key, [])))
        text = s.hide_text(component)
        one.hidden = bool(text) and compile_expression(str(text)).evaluate(values) is True
        if component["type"] == "group":
            one.children = _render(s.children(component), level, everything, errors, prefix, path)
        elif component["type"] == "dynamiclist":
            rows = level.get(key)
            rows = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
            one.rows = [
                _render(s.children(component), row, values, errors, f"{prefix}{key}-{i}-", f"{path}{key}.{i}.")
                for i, row in enumerate(rows)
            ]
            one.children = _render(s.children(component), {}, values, {}, f"{prefix}{key}-__n__-", "")
        elif component["type"] == "expression":
            one.value = values[key]
        else:
            one.value = level.get(key)
        found.append(one)
    return found


def _leaves(fields: list[Field]) -> Iterator[Field]:
    for one in fields:
        if one.kind == "group":
            if not one.hidden:
                yield from _leaves(one.children)
        elif one.kind != "dynamiclist":
            yield one
