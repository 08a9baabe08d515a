"""A field ready to render, and the words for its value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from engine.flow.forms import bounds, rules
from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import Plan
from engine.ground import text as normal


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
    plan: Plan | None = None
    """The plan of its level, with its place there: by them the page's script evaluates as the server does."""
    place: int = -1
    facts: Mapping[str, Any] = field(default_factory=dict)
    around: rules.Fields = field(default_factory=dict)
    """The fields that this one may be compared with."""
    decides: str = ""
    """What a choice decides, in words; empty where it decides nothing of a case."""

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
        """Label by value; the choices of a decision say what is decided: 同意：标注风险消除."""
        labels = s.options(self.component)
        return (
            {value: f"{label}：{self.decides}" for value, label in labels.items()} if self.decides else labels
        )

    @property
    def required(self) -> bool:
        """Whether it must be filled."""
        return bool((self.component.get("validate") or {}).get("required"))

    @property
    def readonly(self) -> bool:
        """Whether people may only look."""
        return s.fixed(self.component)

    @property
    def plan_json(self) -> list[dict[str, Any]]:
        """The plan of the field's level for the page's script."""
        return self.plan.to_json(self.facts) if self.plan is not None else []

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
            if len(parts) == 3 and all(normal.whole(p) is not None for p in parts)
            else str(value)
        )
    if kind == "number" or (kind == "expression" and isinstance(value, int | float)):
        unit = (component.get("appearance") or {}).get("suffixAdorner") or ""
        return (
            f"{value:,.2f}".removesuffix(".00") + unit if isinstance(value, int | float) else f"{value}{unit}"
        )
    return str(value)


def spread(fields: Iterable[Field]) -> tuple[list[Field], list[Field]]:
    """What a row shows: the values that it has, groups being only a frame, and the lists with rows."""
    values: list[Field] = []
    lists: list[Field] = []
    for one in fields:
        if one.hidden or one.kind in ("text", "separator", "spacer"):
            continue
        if one.kind == "group":
            inner = spread(one.children)
            values.extend(inner[0])
            lists.extend(inner[1])
        elif one.kind == "dynamiclist":
            lists.extend([one] if one.rows else [])
        elif one.shown:
            values.append(one)
    return values, lists


def leaves(fields: list[Field]) -> Iterator[Field]:
    for one in fields:
        if one.kind == "group":
            if not one.hidden:
                yield from leaves(one.children)
        elif one.kind != "dynamiclist":
            yield one
