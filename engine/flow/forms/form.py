"""A compiled form: reads what a browser sends, validates it, fills it, and gives templates what to render.

Errors are keyed by path: ``head_name``, ``members.0.id_number``. What a condition hides is dropped, computed
values are computed here again, read-only fields with a ``prefill`` take the register's value: none of them is
the client's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from engine.flow.feel import compile_expression, to_plain
from engine.flow.forms import bounds, rules
from engine.flow.forms import facts as known
from engine.flow.forms import fields as f
from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import Level, Node, Plan
from engine.flow.forms.page.drawing import Drawing, review
from engine.flow.forms.page.field import Field, leaves
from engine.ground import text as normal
from engine.ground.errors import Invalid


class Form:
    """A form-js schema, compiled."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.key = str(schema.get("id") or "")
        self.schema = schema
        self.components: list[s.Component] = list(schema["components"])
        self.plan = Plan(self.components)
        self._schemas: dict[Plan, Schema] = {}
        self.takes_files = any(c["type"] == "filepicker" for c in s.walk(self.components))

    @cached_property
    def readonly_reads(self) -> frozenset[str]:
        """The first names that the prefilled read-only fields read, e.g.
        ``case`` of ``case.category.basis``.
        """
        return _first_names(_prefilled_readonly(self.components))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The first names that any prefilled field reads."""
        return _first_names(_inputs(self.components))

    @cached_property
    def fact_reads(self) -> frozenset[str]:
        """Which facts the form's fields are compared with: ``case``, ``step``, ``planned``, ``campaign``,
        ``today``.
        """
        return frozenset(name.partition(".")[0] for name in rules.facts_read(self.components))

    @property
    def inputs(self) -> list[s.Component]:
        """The fields of the form's top level."""
        return _inputs(self.components)

    def component(self, key: str) -> s.Component | None:
        """The field `key` of the form's top level, or None."""
        return next((component for component in self.inputs if s.key(component) == key), None)

    # -- in ----------------------------------------------------------------------------------------

    def parse(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Nested raw data from a browser's form fields (a multidict: names like ``members-0-name``)."""
        return self._parse(self.components, sent, "")

    def _parse(self, components: list[s.Component], sent: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for component in _inputs(components):
            kind, key = component["type"], s.key(component)
            name = prefix + key
            if kind == "dynamiclist":
                found[key] = [
                    self._parse(s.children(component), sent, f"{name}-{index}-")
                    for index in _row_numbers(sent, name)
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
        level = Level(self.plan, {**self.settled(raw, context or {}), **facts}).settle()
        errors: dict[str, list[str]] = {}
        with f.present(f.Circumstances(today, attachments or {})):
            clean = self._validate(level, "", errors)
        for path, sentence in _contradictions(level, "", facts):
            errors.setdefault(path, []).append(sentence)
        if errors:
            raise Invalid(f"有 {len(errors)} 处需要更正。", errors)
        return clean

    def _schema(self, plan: Plan) -> Schema:
        """The marshmallow schema of every input of a level, built once."""
        if plan not in self._schemas:
            built = {node.key: f.build(node.component) for node in plan.inputs if node.columns is None}
            self._schemas[plan] = Schema.from_dict(built)(unknown=EXCLUDE)
        return self._schemas[plan]

    def _validate(self, level: Level, path: str, errors: dict[str, list[str]]) -> dict[str, Any]:
        """Validate what is shown of one evaluated level; what is hidden is dropped,
        what is computed is taken over.
        """
        shown = [node for node in level.plan.nodes if node.key and not level.hidden(node)]
        clean = self._load(
            level, [node for node in shown if node.kind in s.INPUTS and not node.columns], path, errors
        )
        for node in shown:
            if node.columns is not None:
                clean[node.key] = self._rows(level, node, path, errors)
            elif node.kind == "expression":
                clean[node.key] = level.computed(node)
        return clean

    def _load(
        self, level: Level, shown: Sequence[Node], path: str, errors: dict[str, list[str]]
    ) -> dict[str, Any]:
        labels = {node.key: s.label(node.component) for node in shown}
        given = {key: value for key in labels if (value := _blank_to_none(level.typed.get(key))) is not None}
        schema = self._schema(level.plan)
        try:
            loaded = schema.load(
                given, partial=schema.fields.keys() - labels.keys()
            )  # partial: what is hidden
        except ValidationError as error:
            for key, texts in error.normalized_messages().items():  # type: ignore[no-untyped-call]
                errors[path + key] = [f"{labels[key]}：{text}" for text in _texts(texts)]
            return _valid(error)
        return {key: value for key, value in loaded.items() if value is not None}

    def _rows(
        self, level: Level, node: Node, path: str, errors: dict[str, list[str]]
    ) -> list[dict[str, Any]]:
        """The clean rows. An error names the row as it was sent, blank ones counted,
        for that is where the page shows it.
        """
        label, path = s.label(node.component), path + node.key
        rows = level.filled_rows(node)
        if len(level.rows[node.key]) > f.MAX_ROWS:
            errors[path] = [f"{label}：最多 {f.MAX_ROWS} 行。"]
            return []
        if not rows and s.must_have_rows(node.component):
            errors[path] = [f"{label}：至少填写一行。"]
        return [
            self._validate(row, f"{path}.{index}.", errors)
            for index, row in enumerate(level.rows[node.key])
            if row in rows
        ]

    # -- out ---------------------------------------------------------------------------------------

    def prefill(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """First values: each component's ``prefill`` path over `context`, else its default."""
        found: dict[str, Any] = {}
        for component in _inputs(self.components):
            value = _from(component, context)
            if value is None and not s.deciding(component):
                value = component.get("defaultValue")
            if value is not None:
                found[s.key(component)] = value
        return found

    def settled(self, values: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """The values with what is never the client's to say:
        prefilled read-only fields and the rows of fixed lists.
        """
        found = dict(values)
        for component in _inputs(self.components):
            key = s.key(component)
            if component["type"] == "dynamiclist":
                rows = values.get(key)
                if s.fixed(component) or isinstance(rows, list):
                    given = _from(component, context) if s.fixed(component) else rows
                    found[key] = _settled_rows(component, given, rows)
            elif s.fixed(component):
                given = _from(component, context)
                found[key] = component.get("defaultValue") if given is None else given
        return found

    def filled(self, raw: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """`raw` with its blanks filled by what the register says of the case.

        A choice takes no default: what nobody chose is not chosen. A decision takes nothing at all.
        """
        found = self.prefill(context)
        for component in _inputs(self.components):
            chosen = component["type"] in s.CHOICES | {"checkbox"} and _from(component, context) is None
            if s.deciding(component) or (chosen and not s.fixed(component)):
                found.pop(s.key(component), None)
        typed = {key: value for key, value in raw.items() if value not in (None, "", [])}
        return {**found, **typed}

    def emptied(self, clean: Mapping[str, Any]) -> set[str]:
        """The fields that were filled from the register, could be changed and came back empty."""
        level = Level(self.plan, clean).settle()
        return {
            node.key
            for node in level.plan.inputs
            if s.given(node.component, "prefill")
            and not (s.fixed(node.component) or node.key in clean or level.hidden(node))
        }

    @property
    def defaults(self) -> dict[str, Any]:
        """What stands in the blanks of a form that is asked once for many cases."""
        own = [
            c for c in _inputs(self.components) if not (s.deciding(c) or s.fixed(c) or s.given(c, "prefill"))
        ]
        return {s.key(c): value for c in own if (value := c.get("defaultValue")) not in (None, "", [])}

    def files_of(self, raw: Mapping[str, Any]) -> dict[str, list[Any]]:
        """The attachments that `raw` names, by path: those in rows too."""
        return dict(_files(self.components, raw, ""))

    def with_files(self, raw: Mapping[str, Any], files: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """`raw` with other attachments at the paths of `files`."""
        return _with_files(self.components, raw, files, "")

    def render(
        self,
        data: Mapping[str, Any],
        errors: Mapping[str, list[str]] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> list[Field]:
        """The fields of the form with their values and errors, for the templates;
        `facts` as `facts_of` gives them.
        """
        level = Level(self.plan, {**data, **(facts or {})}).settle()
        return Drawing(errors or {}, facts or {}).level(level, "", "")

    def facts_of(self, context: Mapping[str, Any], today: date) -> dict[str, Any]:
        """The facts that the form's fields are compared with, for a page."""
        return known.known(context, today)

    def review(self, data: Mapping[str, Any]) -> list[Field]:
        """The fields with what was stored: nothing is computed or hidden anew,
        what was dropped has no value.
        """
        return review(self.components, data)

    def broken(self, data: Mapping[str, Any], key: str, today: date) -> dict[str, list[str]]:
        """By path the sentences of the rules at the field `key` and in its rows that `data` breaks;
        nothing else of the form is judged.
        """
        found: dict[str, list[str]] = {}
        facts = known.known({}, today)
        for path, sentence in _contradictions(Level(self.plan, {**data, **facts}).settle(), "", facts):
            if path == key or path.startswith(f"{key}."):
                found.setdefault(path, []).append(sentence)
        return found

    def names(self) -> list[str]:
        """The keys of the form's data at its top level."""
        return [s.key(c) for c in _flat(self.components) if c["type"] in s.INPUTS | {"expression"}]

    def outcome_label(self, clean: Mapping[str, Any]) -> str:
        """The label of the decision that the form carries, or ''."""
        for component in _inputs(self.components):
            key = s.key(component)
            if s.deciding(component) and component["type"] in ("radio", "select") and clean.get(key):
                return s.options(component).get(str(clean[key]), "")
        return ""

    def summary(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Label and value in words of everything that has one."""
        return [
            (one.label, one.shown)
            for one in leaves(self.review(data))
            if one.kind not in ("text", "separator", "spacer") and one.shown
        ]


def compile_form(schema: Mapping[str, Any]) -> Form:
    """The form of a form-js schema; the caller keeps it."""
    return Form(schema)


def _contradictions(level: Level, path: str, facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and sentence of each date beyond its ends and each broken rule of a level, its rows included."""
    around = level.plan.around
    labels = {key: s.label(component) for key, component in around.items()}
    for node in level.plan.inputs:
        if level.hidden(node):
            continue
        component, value = node.component, level.value(node)
        told = [
            *bounds.broken(component, value, level.look, labels, facts),
            *rules.broken(component, level, around),
        ]
        yield from ((path + node.key, f"{s.label(component)}：{sentence}") for sentence in told)
        kept = level.filled_rows(node) if node.columns is not None else []
        for index, row in enumerate(level.rows.get(node.key, [])):
            if row in kept:
                yield from _contradictions(row, f"{path}{node.key}.{index}.", facts)


def _flat(components: list[s.Component]) -> Iterator[s.Component]:
    """The components of one level; groups are only a frame."""
    for component in components:
        yield component
        if component["type"] == "group":
            yield from _flat(s.children(component))


def _inputs(components: list[s.Component]) -> list[s.Component]:
    return [c for c in _flat(components) if c["type"] in s.INPUTS]


def _files(
    components: list[s.Component], raw: Mapping[str, Any], path: str
) -> Iterator[tuple[str, list[Any]]]:
    for component in _inputs(components):
        value = raw.get(s.key(component))
        if not isinstance(value, list):
            continue
        if component["type"] == "filepicker":
            yield path + s.key(component), list(value)
        elif component["type"] == "dynamiclist":
            for index, row in enumerate(value):
                inner = row if isinstance(row, Mapping) else {}
                yield from _files(s.children(component), inner, f"{path}{s.key(component)}.{index}.")


def _with_files(
    components: list[s.Component], raw: Mapping[str, Any], files: Mapping[str, Sequence[Any]], path: str
) -> dict[str, Any]:
    found = dict(raw)
    for component in _inputs(components):
        key, value = s.key(component), raw.get(s.key(component))
        if path + key in files:
            found[key] = list(files[path + key])
        elif component["type"] == "dynamiclist" and isinstance(value, list):
            found[key] = [
                _with_files(s.children(component), row, files, f"{path}{key}.{index}.")
                if isinstance(row, Mapping)
                else row
                for index, row in enumerate(value)
            ]
    return found


def _prefilled_readonly(components: list[s.Component]) -> list[s.Component]:
    return [c for c in _inputs(components) if s.fixed(c) and s.given(c, "prefill")]


def _settled_rows(component: s.Component, given: Any, typed: Any) -> list[dict[str, Any]]:
    """The rows of a list: those of a fixed list are given, each with what was typed in its other columns."""
    own = [row if isinstance(row, Mapping) else {} for row in typed] if isinstance(typed, list) else []
    rows = [row if isinstance(row, Mapping) else {} for row in given] if isinstance(given, list) else []
    columns = _inputs(s.children(component))
    settled = []
    for index, row in enumerate(rows):
        known = own[index] if index < len(own) else {}
        settled.append({**known, **dict(_settled_columns(component, columns, row, known))})
    return settled


def _settled_columns(
    component: s.Component, columns: list[s.Component], given: Mapping[str, Any], typed: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """What of one row nobody types: a read-only column has the given value, else its default;
    so do lists within.
    """
    for column in columns:
        key = s.key(column)
        if column["type"] == "dynamiclist":
            inner = given.get(key) if s.fixed(component) and s.fixed(column) else typed.get(key)
            yield key, _settled_rows(column, inner, typed.get(key))
        elif s.fixed(column):
            value = given.get(key) if s.fixed(component) else None
            yield key, column.get("defaultValue") if value is None else value


def _first_names(components: list[s.Component]) -> frozenset[str]:
    texts = (text for component in components if (text := s.given(component, "prefill")))
    return frozenset(name.partition(".")[0] for text in texts for name in compile_expression(text).names())


def _valid(error: ValidationError) -> dict[str, Any]:
    """What held of a level in which something did not."""
    found: Any = error.valid_data
    return (
        {key: value for key, value in found.items() if value is not None} if isinstance(found, dict) else {}
    )


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not normal.line(value[:200]) else value


def _texts(found: Any) -> list[str]:
    if isinstance(found, Mapping):
        return list(dict.fromkeys(text for inner in found.values() for text in _texts(inner)))
    return [str(text) for text in found]


def _from(component: s.Component, context: Mapping[str, Any]) -> Any:
    path = s.given(component, "prefill")
    return to_plain(compile_expression(path).evaluate(context)) if path else None


def _row_numbers(sent: Mapping[str, Any], name: str) -> list[int]:
    start = name + "-"
    named = {normal.whole(key[len(start) :].partition("-")[0]) for key in sent if key.startswith(start)}
    return sorted(number for number in named if number is not None)[: f.MAX_ROWS + 1]
