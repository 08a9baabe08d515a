"""What a diagram says, in the words of the people who read it: conditions, time limits, properties, forms,
decision tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.casework.organisation.access import QUEUE_NAMES
from engine.flow import vocabulary
from engine.flow.decisions import Decision
from engine.flow.diagram import properties as p
from engine.flow.diagram.element import Element
from engine.flow.diagram.kinds import KINDS
from engine.flow.forms import schema as s
from engine.flow.machine.definition import Definition
from engine.owners.words.saying import Words, say_cell
from engine.prevention.register.naming import CATEGORY_NAMES, STATUS_NAMES, TYPE_NAMES

_WORD = re.compile(r'"[^"]*"')
_ISO = re.compile(r"^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$")
_CYCLE = re.compile(r"R(\d*)/(?:(\d{4}-[^/]+)/)?(P[^/]+)")


@dataclass(frozen=True)
class Grid:
    """A decision table as people read it."""

    name: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    rules: Sequence[Sequence[str]]
    """The cells of each rule: its tests, then its results; an empty test holds always."""


class Wording:
    """The words of one version."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition

    @cached_property
    def _fields(self) -> dict[str, Mapping[str, Any]]:
        """The form fields by the dotted name that conditions use."""
        found = {}
        for element in self.definition.elements.values():
            if element.form_key in self.definition.form_bodies:
                schema = self.definition.form_schema(str(element.form_key))
                for component in s.walk(schema.get("components") or []):
                    if component.get("key"):
                        found[f"{element.variable}.{component['key']}"] = component
        return found

    @cached_property
    def _outcomes(self) -> dict[tuple[str, str], str]:
        """What the ends are called that set a variable to a word: by the variable and the word."""
        ends = [element for element in self.definition.elements.values() if element.kind == "endEvent"]
        found = {("outcome", e.outcome): e.name for e in ends if e.outcome is not None}
        for end in ends:
            for name, value in end.properties.items():
                if name.startswith("set:") and _WORD.fullmatch(value):
                    found[name.removeprefix("set:").strip(), value[1:-1]] = end.name
        return found

    @cached_property
    def _words(self) -> Words:
        return Words(self._name, self._choice, lambda name, value: self._outcomes.get((name, value)))

    def _name(self, name: str) -> str | None:
        """What a dotted name is called: a field by its label, what a case is given by its words."""
        return (
            s.label(self._fields[name]) if name in self._fields else vocabulary.used().given_words.get(name)
        )

    def _choice(self, name: str, value: str) -> str | None:
        """What a choice of a field is called."""
        return s.options(self._fields[name]).get(value) if name in self._fields else None

    def condition(self, text: str) -> str:
        """A FEEL text with fields, values and operators called as on the forms;
        what is unknown stays as written.
        """
        return self._words.say(text)

    def timer(self, text: str) -> str:
        """When a timer is due: ``5 天，自“张贴日期”起``, ``每 7 天一次，共 3 次``."""
        cycle = _CYCLE.fullmatch(text.strip())
        if cycle:
            rounds, start, step = cycle.groups()
            often = f"每 {self.timer(step)}一次" + (f"，共 {rounds} 次" if rounds else "")
            return f"自 {start} 起{often}" if start else often
        counted = self._words.count(text)
        if counted is not None:
            return counted
        lasting = _ISO.match(text.strip())
        if lasting:
            parts = zip(lasting.groups(), ("周", "天", "小时", "分钟"), strict=True)
            return "".join(f" {number} {unit}" for number, unit in parts if number).strip() or text
        return self.condition(text)

    def property(self, name: str) -> str:
        """What a property is called."""
        if name.startswith(p.SETS):
            return f"设定“{name.removeprefix(p.SETS).strip()}”"
        return p.TABLE[name].words if name in p.TABLE else vocabulary.used().page_words.get(name, name)

    def value(self, name: str, text: str) -> str:
        """What a property says, with steps, papers and kinds of households called by their names."""
        parts = [part.strip() for part in text.split(",")]
        kind = p.TABLE[name].kind if name in p.TABLE else None
        if kind is p.Kind.STEPS:
            return self._steps(parts)
        if kind is p.Kind.PAPER:
            papers = vocabulary.used().paper
            return "、".join(papers[part].name if part in papers else part for part in parts)
        if kind is p.Kind.QUEUE:
            return QUEUE_NAMES.get(text, text)
        if name == p.OPENS_FOR.name:
            return "、".join(vocabulary.used().opens_for.get(part, part) for part in parts)
        if kind is p.Kind.FORM or p.is_page_form(name):
            return self.form(text)
        if p.is_page_decision(name):
            return self.decision(text)
        return self.condition(text)

    def _steps(self, parts: Sequence[str]) -> str:
        named = "、".join(self.title(part) for part in parts if part != "*" and not part.startswith("!"))
        but = "、".join(self.title(part[1:]) for part in parts if part.startswith("!"))
        return ("其他所有步骤" if "*" in parts else named) + (f"（“{but}”除外）" if but else "")

    def form(self, key: str) -> str:
        """What a form is called: the steps that show it, and its key."""
        steps = dict.fromkeys(e.name for e in self.definition.elements.values() if e.form_key == key)
        said = "、".join(list(steps)[:2]) + ("等" if len(steps) > 2 else "")
        return f"{said}（{key}）" if said else key

    def service(self, name: str) -> str:
        """What a service is called."""
        return vocabulary.used().service_words(name)[0]

    def decision(self, key: str) -> str:
        """What a decision is called."""
        return self.definition.decisions[key].name if key in self.definition.decisions else key

    def called(self, key: str) -> str:
        """What a part is called."""
        return self.definition.process_names().get(key, key)

    def title(self, element_id: str) -> str:
        """An element's name for a sentence; an unnamed gateway by what it is."""
        element = self.definition.elements.get(element_id)
        return (
            element_id
            if element is None
            else element.name
            if element.name != element.id
            else KINDS[element.kind]
        )

    def queue(self, element: Element) -> str:
        """The level whose queue it is, or ''."""
        return QUEUE_NAMES.get(element.queue or "", "")

    def fields(self, form_key: str) -> list[tuple[str, str]]:
        """The fields that a form asks for: label, and what is to be known of it."""
        schema = self.definition.form_schema(form_key)
        return [
            (s.label(c), field_words(c))
            for c in s.walk(schema.get("components") or [])
            if c["type"] in s.INPUTS
        ]

    def grid(self, decision: Decision) -> Grid:
        """A decision's table, its cells in words."""
        found = grid(decision)
        return Grid(
            found.name,
            found.inputs,
            found.outputs,
            [[self.cell(text) for text in rule] for rule in found.rules],
        )

    def cell(self, text: str) -> str:
        """A cell of a decision table, its values called as on the forms where that is beyond doubt."""
        return say_cell(text, self._values.get)

    @cached_property
    def _values(self) -> dict[str, str]:
        """What the values of choices are called: of the register,
        and of the forms where all of them agree.
        """
        called: dict[str, set[str]] = {}
        for component in self._fields.values():
            for value, words in s.options(component).items():
                called.setdefault(value, set()).add(words)
        agreed = {value: next(iter(words)) for value, words in called.items() if len(words) == 1}
        return {**agreed, **STATUS_NAMES, **TYPE_NAMES, **CATEGORY_NAMES}


def quoted(text: str) -> str:
    """The text in quotation marks; those inside it become the inner ones."""
    if re.fullmatch(r"“[^“”]*”", text):
        return text
    return f"“{text.replace('“', '‘').replace('”', '’')}”"


def field_words(component: Mapping[str, Any]) -> str:
    """必填，可选：…，最小…"""
    check = component.get("validate") or {}
    facts = ["必填"] if check.get("required") else []
    facts += [f"选项：{'、'.join(s.options(component).values())}"] if s.options(component) else []
    facts += [
        f"{words} {check[name]}"
        for name, words in (("min", "最小"), ("max", "最大"), ("maxLength", "最多字数"))
        if name in check
    ]
    facts += ["只读"] if component.get("readonly") or component.get("disabled") else []
    hidden = s.hide_text(component)
    facts += ["有条件才显示"] if hidden and hidden != "true" else ["不显示"] if hidden else []
    return "，".join(facts)


def grid(decision: Decision) -> Grid:
    """A decision's table; without one, no rules."""
    table = decision.table
    if table is None:
        return Grid(decision.name, [], decision.outputs, [])
    rules = [
        [*(test.text for test in rule.tests), *(v.text if v is not None else "" for v in rule.values)]
        for rule in table.rules
    ]
    return Grid(decision.name, [label or text for label, text in decision.inputs], decision.outputs, rules)
