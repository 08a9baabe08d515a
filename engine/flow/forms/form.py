"""A compiled form: reads what a browser sends, validates it, fills it, and gives templates what to render.

Errors are keyed by path: ``head_name``, ``members.0.id_number``. What a condition hides is dropped, computed
values are computed here again, read-only fields with a ``prefill`` take the register's value: none of them is
the client's to say.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from marshmallow import ValidationError, fields, missing

from engine.flow.feel import compile_expression
from engine.flow.forms import attached, bounds, rules
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
        self._blanks: dict[Plan, list[tuple[Node, fields.Field[Any]]]] = {}
        self._judged: dict[Plan, list[_Judged]] = {}
        self.takes_files = any(c["type"] == "filepicker" for c in s.walk(self.components))

    @cached_property
    def readonly_reads(self) -> frozenset[str]:
        """The names that the prefilled read-only fields read, e.g. ``case`` and ``case.category`` of
        ``case.category.basis``; ``case.*`` where one reads all of it.
        """
        return _names_read(_prefilled_readonly(self.components))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names that any prefilled field reads."""
        return _names_read(s.inputs(self.components))

    @cached_property
    def fact_reads(self) -> frozenset[str]:
        """Which facts the form's fields are compared with: ``case``, ``step``, ``planned``, ``campaign``,
        ``today``.
        """
        return frozenset(name.partition(".")[0] for name in rules.facts_read(self.components))

    @cached_property
    def inputs(self) -> list[s.Component]:
        """The fields of the form's top level."""
        return s.inputs(self.components)

    def component(self, key: str) -> s.Component | None:
        """The field `key` of the form's top level, or None."""
        return next((component for component in self.inputs if s.key(component) == key), None)

    # -- in ----------------------------------------------------------------------------------------

    def parse(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Nested raw data from a browser's form fields (a multidict: names like ``members-0-name``)."""
        return self._parse(self.components, sent, "")

    def _parse(self, components: list[s.Component], sent: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for component in s.inputs(components):
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
        attachments: Container[int] = (),
        context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The clean data of `raw`. Raises Invalid with a sentence for each field that does not hold."""
        facts = known.known(context or {}, today)
        level = Level(self.plan, {**self.settled(raw, context or {}), **facts}).settle()
        errors: dict[str, list[str]] = {}
        with f.present(f.Circumstances(today, attachments)):
            clean = self._validate(level, "", errors)
        for path, sentence in self._contradictions(level, "", facts):
            errors.setdefault(path, []).append(sentence)
        if errors:
            raise Invalid(f"有 {len(errors)} 处需要更正。", errors)
        return clean

    def _blanks_of(self, plan: Plan) -> list[tuple[Node, fields.Field[Any]]]:
        """The blanks of a level, each with its marshmallow field, built once."""
        if plan not in self._blanks:
            inputs = (node for node in plan.inputs if node.columns is None)
            self._blanks[plan] = [(node, f.build(node.component)) for node in inputs]
        return self._blanks[plan]

    def _validate(self, level: Level, path: str, errors: dict[str, list[str]]) -> dict[str, Any]:
        """Validate what is shown of one evaluated level; what is hidden is dropped,
        what is computed is taken over.
        """
        clean = self._load(level, path, errors)
        for node in level.plan.gathered:
            if node.may_hide and level.hidden(node):
                continue
            rows = node.columns is not None
            clean[node.key] = self._rows(level, node, path, errors) if rows else level.computed(node)
        return clean

    def _load(self, level: Level, path: str, errors: dict[str, list[str]]) -> dict[str, Any]:
        """What stands in the blanks that are shown, without those in which nothing does.

        marshmallow's fields without its schema, which costs more than they do.
        """
        clean, typed = {}, level.typed
        for node, field in self._blanks_of(level.plan):
            if node.may_hide and level.hidden(node):
                continue
            value = typed.get(node.key)
            try:
                found = field.deserialize(missing if value is None or f.is_blank(value) else value)
            except ValidationError as error:
                errors[path + node.key] = [f"{node.label}：{text}" for text in _texts(error.messages)]
                continue
            if found is not None and found is not missing:
                clean[node.key] = found
        return clean

    def _rows(
        self, level: Level, node: Node, path: str, errors: dict[str, list[str]]
    ) -> list[dict[str, Any]]:
        """The clean rows. An error names the row as it was sent, blank ones counted,
        for that is where the page shows it.
        """
        label, path = node.label, path + node.key
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

    def _contradictions(self, level: Level, path: str, facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Path and sentence of each date beyond its ends and each broken rule of a level,
        its rows included.
        """
        if level.plan not in self._judged:
            self._judged[level.plan] = _judged(level.plan)
        for judged in self._judged[level.plan]:
            node = judged.node
            if node.may_hide and level.hidden(node):
                continue
            for text in judged.told(level, facts):
                yield path + node.key, f"{node.label}：{text}"
            kept = level.filled_rows(node) if node.columns is not None else []
            for index, row in enumerate(level.rows.get(node.key, [])):
                if row in kept:
                    yield from self._contradictions(row, f"{path}{node.key}.{index}.", facts)

    # -- out ---------------------------------------------------------------------------------------

    def prefill(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """First values: each component's ``prefill`` path over `context`, else its default."""
        found: dict[str, Any] = {}
        for node in self.plan.inputs:
            value = node.filled(context)
            if value is None and not s.deciding(node.component):
                value = node.default
            if value is not None:
                found[node.key] = value
        return found

    def settled(self, values: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """The values with what is never the client's to say:
        prefilled read-only fields and the rows of fixed lists.
        """
        found = dict(values)
        for node in self.plan.settled:
            if node.columns is not None:
                rows = values.get(node.key)
                if node.given or isinstance(rows, list):
                    given = node.filled(context) if node.given else rows
                    found[node.key] = _settled_rows(node, node.columns, given, rows)
            else:
                given = node.filled(context)
                found[node.key] = node.default if given is None else given
        return found

    def filled(self, raw: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
        """`raw` with its blanks filled by what the register says of the case.

        A choice takes no default: what nobody chose is not chosen. A decision takes nothing at all.
        """
        found = self.prefill(context)
        for node in self.plan.inputs:
            chosen = node.kind in s.CHOICES | {"checkbox"} and node.filled(context) is None
            if s.deciding(node.component) or (chosen and not node.given):
                found.pop(node.key, None)
        typed = {key: value for key, value in raw.items() if value not in (None, "", [])}
        return {**found, **typed}

    def emptied(self, clean: Mapping[str, Any]) -> set[str]:
        """The fields that were filled from the register, could be changed and came back empty."""
        empty = [node for node in self._refilled if node.key not in clean]
        level = Level(self.plan, clean)
        if any(node.may_hide for node in empty):
            level.settle()
        return {node.key for node in empty if not level.hidden(node)}

    @cached_property
    def _refilled(self) -> list[Node]:
        """The fields that are filled from the register and can be changed."""
        return [node for node in self.plan.inputs if node.fills is not None and not node.given]

    @property
    def defaults(self) -> dict[str, Any]:
        """What stands in the blanks of a form that is asked once for many cases."""
        own = [
            c for c in s.inputs(self.components) if not (s.deciding(c) or s.fixed(c) or s.given(c, "prefill"))
        ]
        return {s.key(c): value for c in own if (value := c.get("defaultValue")) not in (None, "", [])}

    def files_of(self, raw: Mapping[str, Any]) -> dict[str, list[Any]]:
        """The attachments that `raw` names, by path: those in rows too."""
        return dict(attached.files(self.plan, raw))

    def with_files(self, raw: Mapping[str, Any], files: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """`raw` with other attachments at the paths of `files`."""
        return attached.with_files(self.components, raw, files)

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
        level = Level(self.plan, {**data, **facts}).settle()
        for path, sentence in self._contradictions(level, "", facts):
            if path == key or path.startswith(f"{key}."):
                found.setdefault(path, []).append(sentence)
        return found

    def names(self) -> list[str]:
        """The keys of the form's data at its top level."""
        return [s.key(c) for c in s.flat(self.components) if c["type"] in s.INPUTS | {"expression"}]

    def outcome_label(self, clean: Mapping[str, Any]) -> str:
        """The label of the decision that the form carries, or ''."""
        for key, options in self._decisions:
            if clean.get(key):
                return options.get(str(clean[key]), "")
        return ""

    @cached_property
    def _decisions(self) -> list[tuple[str, dict[str, str]]]:
        """The choices that decide, by their names, each with the labels of its values."""
        choices = (node for node in self.plan.inputs if node.kind in ("radio", "select"))
        return [(node.key, s.options(node.component)) for node in choices if s.deciding(node.component)]

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


class _Judged(NamedTuple):
    """What of a level must agree with something else: a date with ends, a field with rules, a list."""

    node: Node
    bounded: bool
    judges: list[rules.Judge]

    def told(self, level: Level, facts: Mapping[str, Any]) -> Iterator[str]:
        """A sentence for each end that is passed and each rule that is broken."""
        if self.bounded:
            component, value, labels = self.node.component, level.value(self.node), level.plan.labels
            yield from bounds.broken(component, value, level.look, labels, facts)
        yield from (judge.sentence for judge in self.judges if judge.finds_broken(level))


def _judged(plan: Plan) -> list[_Judged]:
    around = plan.around
    found = (
        _Judged(node, bounds.is_bounded(node.component), rules.judges(node.component, around))
        for node in plan.inputs
    )
    return [one for one in found if one.bounded or one.judges or one.node.columns is not None]


def _prefilled_readonly(components: list[s.Component]) -> list[s.Component]:
    return [c for c in s.inputs(components) if s.fixed(c) and s.given(c, "prefill")]


def _settled_rows(node: Node, columns: Plan, given: Any, typed: Any) -> list[dict[str, Any]]:
    """The rows of a list: those of a fixed list are given, each with what was typed in its other columns."""
    own = [row if isinstance(row, Mapping) else {} for row in typed] if isinstance(typed, list) else []
    rows = [row if isinstance(row, Mapping) else {} for row in given] if isinstance(given, list) else []
    settled = []
    for index, row in enumerate(rows):
        known = own[index] if index < len(own) else {}
        settled.append({**known, **dict(_settled_columns(node, columns, row, known))})
    return settled


def _settled_columns(
    node: Node, columns: Plan, given: Mapping[str, Any], typed: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """What of one row nobody types: a read-only column has the given value, else its default;
    so do lists within.
    """
    for column in columns.settled:
        key = column.key
        if column.columns is not None:
            inner = given.get(key) if node.given and column.given else typed.get(key)
            yield key, _settled_rows(column, column.columns, inner, typed.get(key))
        else:
            value = given.get(key) if node.given else None
            yield key, column.default if value is None else value


def _names_read(components: list[s.Component]) -> frozenset[str]:
    texts = (text for component in components if (text := s.given(component, "prefill")))
    parts = [name.split(".") for text in texts for name in compile_expression(text).names()]
    return frozenset(
        name for first, *rest in parts for name in (first, f"{first}.{rest[0] if rest else '*'}")
    )


def _texts(found: Any) -> list[str]:
    if isinstance(found, Mapping):
        return list(dict.fromkeys(text for inner in found.values() for text in _texts(inner)))
    return [str(text) for text in found]


def _row_numbers(sent: Mapping[str, Any], name: str) -> list[int]:
    start = name + "-"
    named = {normal.whole(key[len(start) :].partition("-")[0]) for key in sent if key.startswith(start)}
    return sorted(number for number in named if number is not None)[: f.MAX_ROWS + 1]
