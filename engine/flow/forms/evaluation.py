"""The one order in which a form is evaluated: by dependency, whatever the order in which it is drawn.

A condition or computed value asks for the names it reads, and these for theirs; what is asked for is worked
out once. What people typed counts only while it is shown: a hidden blank is nothing to every other condition
and total. What the register gives (read-only) and what is computed count wherever they stand. A row sees its
own names, then those of what it stands in. Rows in which nothing was typed do not exist for the rest of the
form.

web/assets/form/evaluation.js does the same with the plan that `Plan.to_json` gives it; a table of cases is
run by both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from engine.flow.feel import Expression, compile_expression, strip_equals, to_plain
from engine.flow.feel.reading import Needs, needs
from engine.flow.forms import facts as known
from engine.flow.forms import schema as s
from engine.flow.forms import values as v
from engine.flow.forms.fields import MAX_ROWS

PAGE = frozenset({"known_household"}) | known.ROOTS
"""What a form may read besides its fields: a clue's form is for a household known or not yet known;
the facts.
"""
_LARGEST = Decimal(10) ** 24
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Reading:
    """An expression and the names it reads, each with the columns it reads of that list."""

    expression: Expression
    needs: Mapping[str, Needs | None]


class Node:
    """A component of one level: a blank, a computed value, a list with the plan of its rows, or a frame."""

    def __init__(self, component: s.Component, frame: Node | None, columns: Plan | None) -> None:
        self.component, self.frame, self.columns = component, frame, columns
        self.kind = str(component["type"])
        """The component's type."""
        self.key = s.key(component) if self.kind in s.INPUTS or self.kind == "expression" else ""
        """The name by which expressions read it; '' of what only shows."""
        self.label = s.label(component)
        """What people call it."""
        self.given = s.fixed(component)
        """Whether nobody types it."""
        self.may_hide: bool = bool(s.hide_text(component)) or (frame is not None and frame.may_hide)
        """Whether it, or a frame around it, is hidden under some condition."""

    @cached_property
    def reader(self) -> v.Reader:
        """What reads what was typed into it."""
        return v.reader(self.component)

    @cached_property
    def fills(self) -> Expression | None:
        """What it is filled from, where the form says so."""
        text = s.given(self.component, "prefill")
        return compile_expression(str(text)) if text else None

    def filled(self, context: Mapping[str, Any]) -> Any:
        """What it is filled with of `context`, or None."""
        return to_plain(self.fills.evaluate(context)) if self.fills is not None else None

    @cached_property
    def default(self) -> Any:
        """What stands in it at first, or None."""
        return self.component.get("defaultValue")

    @cached_property
    def hide(self) -> Expression | None:
        """When it is hidden."""
        text = s.hide_text(self.component)
        return compile_expression(text) if text else None

    @cached_property
    def computes(self) -> Expression | None:
        """What it computes."""
        text = strip_equals(str(self.component.get("expression") or "")) if self.kind == "expression" else ""
        return compile_expression(text) if text else None


class Plan:
    """The components of one level (a form, or the rows of a list), groups being only a frame,
    and what each reads.
    """

    def __init__(self, components: Sequence[s.Component], outer: Plan | None = None) -> None:
        self.outer = outer
        self.nodes = list(self._nodes(components, None))
        self.by_key = {node.key: node for node in self.nodes if node.key}
        self._readings: dict[Expression, Reading] = {}

    def _nodes(self, components: Sequence[s.Component], frame: Node | None) -> Iterator[Node]:
        for component in components:
            rows = Plan(s.children(component), self) if component["type"] == "dynamiclist" else None
            node = Node(component, frame, rows)
            yield node
            if component["type"] == "group":
                yield from self._nodes(s.children(component), node)

    @cached_property
    def inputs(self) -> list[Node]:
        """The blanks and lists of the level."""
        return [node for node in self.nodes if node.kind in s.INPUTS]

    @cached_property
    def keyed(self) -> list[Node]:
        """What has a value."""
        return [node for node in self.nodes if node.key]

    @cached_property
    def gathered(self) -> list[Node]:
        """What has a value that does not stand in one blank: lists of rows, and what is computed."""
        return [node for node in self.keyed if node.columns is not None or node.kind == "expression"]

    @cached_property
    def settled(self) -> list[Node]:
        """What is not, or not all, the client's to say: read-only fields, and the rows of lists."""
        return [node for node in self.inputs if node.given or node.columns is not None]

    @cached_property
    def filed(self) -> list[Node]:
        """Where attachments are named: by a blank, or by one in the rows of a list."""
        lists = [node for node in self.inputs if node.columns is not None and node.columns.filed]
        return [node for node in self.inputs if node.kind == "filepicker" or node in lists]

    @cached_property
    def lists(self) -> list[tuple[Node, Plan]]:
        """The lists with the plans of their rows."""
        return [(node, node.columns) for node in self.nodes if node.columns is not None]

    @cached_property
    def unsettled(self) -> list[Node]:
        """What must be worked out: whether it is hidden, its value, or that of its rows."""
        return [node for node in self.nodes if node.may_hide or node.kind == "expression" or node.columns]

    @cached_property
    def labels(self) -> dict[str, str]:
        """What people call the fields of `around`."""
        return {key: s.label(component) for key, component in self.around.items()}

    @cached_property
    def around(self) -> dict[str, s.Component]:
        """What a field of the level may be compared with by key: its own level,
        and the levels that it stands in.
        """
        outer = self.outer.around if self.outer is not None else {}
        return {**outer, **{key: node.component for key, node in self.by_key.items()}}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What stands in a fresh row."""
        found = {node.key: node.component.get("defaultValue") for node in self.inputs}
        return {key: value for key, value in found.items() if value is not None}

    @cached_property
    def untouched(self) -> dict[str, Any]:
        """What stands in each blank that people fill as long as nobody has."""
        return {node.key: node.default for node in self.inputs if not node.given}

    def reading(self, expression: Expression) -> Reading:
        """What an expression of this level reads."""
        found = self._readings.get(expression)
        if found is None:
            found = self._readings[expression] = Reading(expression, needs(expression.tree, self.columns_of))
        return found

    def columns_of(self, name: str) -> frozenset[str]:
        """The columns of the list that `name` means at this level; none when it is no list."""
        node = self.find(name)
        return (
            frozenset(node.columns.by_key) if node is not None and node.columns is not None else frozenset()
        )

    def find(self, name: str) -> Node | None:
        """What `name` means at this level: a component of its own, else one of what it stands in."""
        level: Plan | None = self
        while level is not None:
            if name in level.by_key:
                return level.by_key[name]
            level = level.outer
        return None

    @cached_property
    def places(self) -> dict[Node, int]:
        """Where each node stands in the plan."""
        return {node: index for index, node in enumerate(self.nodes)}

    def to_json(self, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The plan for the page's script: the same nodes, each with the place of its frame,
        the facts put in.
        """
        return [
            {
                "key": node.key,
                "kind": node.kind,
                "given": node.given,
                "unit": s.unit(node.component),
                "format": s.given(node.component, "format"),
                "default": node.component.get("defaultValue"),
                "frame": self.places[node.frame] if node.frame is not None else None,
                "hide": self._json(node.hide, facts),
                "computes": self._json(node.computes, facts),
                "rows": node.columns.to_json(facts) if node.columns is not None else None,
            }
            for node in self.nodes
        ]

    def _json(self, expression: Expression | None, facts: Mapping[str, Any]) -> Any:
        if expression is None:
            return None
        try:
            tree = known.settled(expression.to_json(), facts)
        except ValueError:
            tree = None  # left to the server
        return {"tree": tree, "needs": self.reading(expression).needs}


@dataclass(eq=False)
class Level:
    """The values of one level: those of the form, or of one row."""

    plan: Plan
    typed: Mapping[str, Any]
    outer: Level | None = None
    rows: dict[str, list[Level]] = field(default_factory=dict)
    _hidden: dict[int, bool] = field(default_factory=dict)
    _computed: dict[str, Any] = field(default_factory=dict)
    _read: dict[Node, Any] = field(default_factory=dict)
    """What was typed, as conditions see it: read once."""
    _busy: set[Any] = field(default_factory=set)

    def __post_init__(self) -> None:
        for node, columns in self.plan.lists:
            found = self.typed.get(node.key)
            given = found[: MAX_ROWS + 1] if isinstance(found, list) else []
            self.rows[node.key] = [
                Level(columns, row if isinstance(row, Mapping) else {}, self) for row in given
            ]

    @cached_property
    def blank(self) -> bool:
        """Whether nobody typed anything: defaults that nobody touched
        are not typed where there is more to fill.
        """
        defaults = self.plan.untouched
        if all(value is not None for value in defaults.values()):
            return v.blank(dict(self.typed))
        return all(v.blank(value) or _same(value, defaults.get(key)) for key, value in self.typed.items())

    def filled_rows(self, node: Node) -> list[Level]:
        """The rows of a list that count: all of a list whose rows are given,
        else those in which something stands.
        """
        return [row for row in self.rows[node.key] if node.given or not row.blank]

    def hidden(self, node: Node) -> bool:
        """Whether the component, or a frame around it, is hidden. What asks for itself is shown."""
        if not node.may_hide:
            return False
        place = id(node)
        if place in self._hidden:
            return self._hidden[place]
        if place in self._busy:
            return False
        self._busy.add(place)
        found = node.hide is not None and self.evaluate(node.hide) is True
        found = found or (node.frame is not None and self.hidden(node.frame))
        self._busy.discard(place)
        self._hidden[place] = found
        return found

    def value(self, node: Node, wanted: Needs | None = None) -> Any:
        """What others see of the component; of a list its rows with the columns `wanted` (None: all)."""
        if node.kind == "expression":
            return self.computed(node)
        if node.may_hide and not node.given and self.hidden(node):
            return [] if node.columns is not None else node.reader(None)
        if node.columns is not None:
            return [row.seen(wanted) for row in self.filled_rows(node)]
        if node not in self._read:
            self._read[node] = node.reader(self.typed.get(node.key))
        return self._read[node]

    def seen(self, wanted: Needs | None = None) -> dict[str, Any]:
        """The row as others see it."""
        keys = self.plan.by_key if wanted is None else [key for key in self.plan.by_key if key in wanted]
        return {
            key: self.value(self.plan.by_key[key], None if wanted is None else wanted[key]) for key in keys
        }

    def computed(self, node: Node) -> Any:
        """The computed value, money and shares to two decimals, half away from zero.

        Null while it asks for itself.
        """
        if node.key in self._computed:
            return self._computed[node.key]
        if node.key in self._busy or node.computes is None:
            return None
        self._busy.add(node.key)
        found = self.evaluate(node.computes)
        self._busy.discard(node.key)
        self._computed[node.key] = found = rounded(found)
        return found

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression of this level."""
        reading = self.plan.reading(expression)
        return expression.evaluate({name: self.look(name, wanted) for name, wanted in reading.needs.items()})

    def look(self, name: str, wanted: Needs | None = None) -> Any:
        """What `name` means here: the row's own, else that of what it stands in."""
        level: Level | None = self
        while level is not None:
            node = level.plan.by_key.get(name)
            if node is not None:
                return level.value(node, wanted)
            if level.outer is None and name in PAGE:
                return level.typed.get(name)
            level = level.outer
        return None

    def settle(self) -> Level:
        """Work everything out, in the order of the drawing:
        where a circle is cut does not depend on who asks first.
        """
        for node in self.plan.unsettled:
            self.hidden(node)
            if node.kind == "expression":
                self.computed(node)
            for row in self.rows.get(node.key, ()):
                row.settle()
        return self


def rounded(value: Any) -> Any:
    """A FEEL value as a form keeps it: a number with at most two decimals."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < _LARGEST:
        value = value.quantize(_CENT, ROUND_HALF_UP) if value != value.to_integral_value() else value
    return to_plain(value)


def _same(value: Any, default: Any) -> bool:
    return default is not None and str(value) == str(default)
