"""Draws a form as fields: what one is filling in, and what was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.flow.forms import schema as s
from engine.flow.forms.evaluation import Level, Node
from engine.flow.forms.page.field import Field, shown


@dataclass(frozen=True)
class Drawing:
    """Draws an evaluated form as fields: `errors` by path."""

    errors: Mapping[str, list[str]]
    facts: Mapping[str, Any]

    def level(self, level: Level, prefix: str, path: str) -> list[Field]:
        """The fields of the form or of one row."""
        return self._framed(level, None, prefix, path)

    def _framed(self, level: Level, frame: Node | None, prefix: str, path: str) -> list[Field]:
        return [self._field(level, node, prefix, path) for node in level.plan.nodes if node.frame is frame]

    def _field(self, level: Level, node: Node, prefix: str, path: str) -> Field:
        key = s.key(node.component)
        found = list(self.errors.get(path + key, []))
        one = Field(
            node.component,
            prefix + key,
            path + key,
            errors=found,
            hidden=level.hidden(node),
            facts=self.facts,
            around=level.plan.around,
            plan=level.plan,
            place=level.plan.places[node],
            decides=_decided(level, node),
        )
        if node.kind == "group":
            one.children = self._framed(level, node, prefix, path)
        elif node.columns is not None:
            rows = level.rows[node.key]
            one.rows = [
                self.level(row, f"{prefix}{key}-{i}-", f"{path}{key}.{i}.") for i, row in enumerate(rows)
            ]
            fresh = Level(node.columns, node.columns.defaults, level)
            one.children = Drawing({}, self.facts).level(fresh, f"{prefix}{key}-__n__-", "")
        else:
            one.value = level.computed(node) if node.kind == "expression" else level.typed.get(key)
        return one


def _decided(level: Level, node: Node) -> str:
    """What the field that the choice names says."""
    told = level.plan.around.get(str(s.given(node.component, "decides") or ""))
    return shown(told, level.typed.get(s.key(told))) if told is not None else ""


def review(components: list[s.Component], data: Mapping[str, Any]) -> list[Field]:
    found = []
    for component in components:
        one = Field(component, s.key(component), s.key(component))
        value = data.get(s.key(component))
        if component["type"] == "group":
            one.children = review(s.children(component), data)
        elif component["type"] == "dynamiclist":
            rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
            one.rows = [review(s.children(component), row) for row in rows]
        else:
            one.value = value
        found.append(one)
    return found
