"""Decision tables: inputs, rules, the standard's hit policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.flow.decisions.file import Node, Texts, all_of, find, text_of
from engine.flow.feel import Expression, FeelSyntaxError, UnaryTests
from engine.flow.feel.builtins import BUILTINS
from engine.flow.feel.values import NO_VALUE, equal, from_plain, kind
from engine.ground.errors import EngineFault

MAX_RULES = 500
MAX_COLUMNS = 40
_SINGLE = {"UNIQUE", "ANY", "FIRST", "PRIORITY"}
_AGGREGATORS = {"SUM": "sum", "COUNT": "count", "MIN": "min", "MAX": "max"}
"""The FEEL function of each aggregator."""


@dataclass(frozen=True)
class Rule:
    """One row: the cells of its inputs and of its outputs."""

    tests: tuple[UnaryTests, ...]
    values: tuple[Expression | None, ...]

    @cached_property
    def asked(self) -> list[tuple[int, UnaryTests]]:
        """The cells that ask for something, each with its column."""
        return [(column, test) for column, test in enumerate(self.tests) if test.tree.tests]


class Table:
    """A decision table. `evaluate` answers a dict of outputs,
    or a list of them where the policy has several hits.
    """

    def __init__(self, node: Node, texts: Texts) -> None:
        self.policy = node.get("hitPolicy", "UNIQUE").upper()
        self.aggregation = node.get("aggregation", "")
        _require_sound(node, self.policy, self.aggregation)
        self.inputs = [
            texts.expression(text_of(find(i, "inputExpression")) or "null") for i in all_of(node, "input")
        ]
        self.without_value = [
            i.get("label") or i.get("id") or ""
            for i in all_of(node, "input")
            if not text_of(find(i, "inputExpression"))
        ]
        self.labels = [i.get("label") or text_of(find(i, "inputExpression")) for i in all_of(node, "input")]
        outputs = all_of(node, "output")
        self.outputs = [o.get("name") or o.get("label") or "" for o in outputs]
        self.priorities = [_values(find(o, "outputValues"), texts) for o in outputs]
        self.allowed = [_tests_of(find(i, "inputValues"), texts) for i in all_of(node, "input")]
        self.defaults = [_optional(find(o, "defaultOutputEntry"), texts) for o in outputs]
        self.types = [_type(find(i, "inputExpression")) for i in all_of(node, "input")]
        self.output_types = [_type(o) for o in outputs]
        self.titles = [*self.labels, *(o.get("label") or o.get("name") or "" for o in outputs)]
        self.cell_ids = [
            [cell.get("id", "") for cell in (*all_of(row, "inputEntry"), *all_of(row, "outputEntry"))]
            for row in all_of(node, "rule")
        ]
        self.rules = [
            Rule(
                tuple(texts.tests(text_of(e) or "-") for e in all_of(row, "inputEntry")),
                tuple(_optional(e, texts) for e in all_of(row, "outputEntry")),
            )
            for row in all_of(node, "rule")
        ]
        if any(len(r.tests) != len(self.inputs) or len(r.values) != len(self.outputs) for r in self.rules):
            raise FeelSyntaxError("有规则的列数与表头不一致。")

    def results_of(self, output: str) -> list[Expression | None]:
        """What each rule writes for an output, the default included; None where it writes nothing."""
        if output not in self.outputs:
            return [None]
        column = self.outputs.index(output)
        found = [rule.values[column] for rule in self.rules]
        return found if self.defaults[column] is None else [*found, self.defaults[column]]

    def texts(self) -> Iterator[Expression | UnaryTests]:
        """All that is written in it."""
        yield from self.inputs
        for rule in self.rules:
            yield from rule.tests
            yield from (value for value in rule.values if value is not None)

    def columns(self) -> Iterator[tuple[Expression, list[UnaryTests]]]:
        """Each input with the cells below it."""
        for place, expression in enumerate(self.inputs):
            yield expression, [rule.tests[place] for rule in self.rules]

    def evaluate(self, context: Mapping[str, Any]) -> Any:
        """The result over `context` by the hit policy. Raises EngineFault when UNIQUE or ANY is broken."""
        hits = self.hits(context)
        if hits is None:
            return None
        results = [self._result(self.rules[index], context) for index in hits]
        if not results:
            return self._no_hit(context)
        return _POLICIES[self.policy](self, results)

    def hits(self, context: Mapping[str, Any]) -> list[int] | None:
        """Which rules hit over `context`, counted from 0;
        None when an input is none of its allowed values.
        """
        values = [from_plain(expression.evaluate(context)) for expression in self.inputs]
        for value, allowed in zip(values, self.allowed, strict=True):
            if allowed is not None and allowed.matches(value, context) is not True:
                return None
        return [index for index, rule in enumerate(self.rules) if self._hit(rule, values, context)]

    def asks(self, index: int) -> list[tuple[str, str]]:
        """Label and text of each cell of a rule that asks for something."""
        tests = self.rules[index].tests
        return [
            (label, test.text) for label, test in zip(self.labels, tests, strict=True) if test.text != "-"
        ]

    def _hit(self, rule: Rule, values: list[Any], context: Mapping[str, Any]) -> bool:
        return all(test.matches(values[column], context) is True for column, test in rule.asked)

    def _result(self, rule: Rule, context: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value.evaluate(context) if value is not None else None
            for name, value in zip(self.outputs, rule.values, strict=True)
        }

    def _no_hit(self, context: Mapping[str, Any]) -> Any:
        if any(default is not None for default in self.defaults):
            pairs = zip(self.outputs, self.defaults, strict=True)
            return {name: default.evaluate(context) if default else None for name, default in pairs}
        return [] if self.policy not in _SINGLE and not self.aggregation else None

    def unique(self, results: list[dict[str, Any]]) -> Any:
        """UNIQUE: at most one rule may hit."""
        if len(results) > 1:
            raise EngineFault(f"决策表的命中策略是“唯一”，却有 {len(results)} 条规则同时命中。")
        return results[0]

    def any(self, results: list[dict[str, Any]]) -> Any:
        """ANY: several may hit if they agree."""
        if any(equal(results[0], other) is not True for other in results[1:]):
            raise EngineFault("决策表的命中策略是“任意”，命中的规则结论却不一致。")
        return results[0]

    def by_priority(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The hits in the order of the outputs' listed values."""

        def rank(result: dict[str, Any]) -> list[int]:
            return [
                next((i for i, wanted in enumerate(order) if equal(result[name], wanted) is True), len(order))
                for name, order in zip(self.outputs, self.priorities, strict=True)
            ]

        return sorted(results, key=rank)

    def collect(self, results: list[dict[str, Any]]) -> Any:
        """COLLECT: all hits, or their aggregate."""
        if not self.aggregation:
            return results
        return {
            name: _aggregate(self.aggregation, [from_plain(r[name]) for r in results])
            for name in self.outputs
        }


def _aggregate(aggregation: str, values: list[Any]) -> Any:
    """One value of many, as FEEL has it: null where one of them has no place among the others."""
    if aggregation == "SUM" and any(kind(value) not in _SUMMED for value in values):
        return None
    try:
        return BUILTINS[_AGGREGATORS[aggregation]].call(values)
    except NO_VALUE:
        return None


_SUMMED = ("number", "days and time duration")


def _require_sound(node: Node, policy: str, aggregation: str) -> None:
    """Raises FeelSyntaxError for a table that is too large to read
    or that nobody could take a decision by.
    """
    if policy not in _POLICIES or aggregation not in ("", *_AGGREGATORS):
        raise FeelSyntaxError(f"命中策略“{policy} {aggregation}”不能用。")
    rows, inputs, outputs = len(all_of(node, "rule")), all_of(node, "input"), all_of(node, "output")
    if rows > MAX_RULES:
        raise FeelSyntaxError(f"决策表的规则过多（上限 {MAX_RULES} 条）。")
    if len(inputs) + len(outputs) > MAX_COLUMNS:
        raise FeelSyntaxError(f"决策表的列过多（上限 {MAX_COLUMNS} 列）。")
    if not outputs:
        raise FeelSyntaxError("决策表没有输出。")


_POLICIES: dict[str, Callable[[Table, list[dict[str, Any]]], Any]] = {
    "UNIQUE": Table.unique,
    "ANY": Table.any,
    "FIRST": lambda table, results: results[0],
    "PRIORITY": lambda table, results: table.by_priority(results)[0],
    "RULE ORDER": lambda table, results: results,
    "OUTPUT ORDER": Table.by_priority,
    "COLLECT": Table.collect,
}


def _type(node: Node | None) -> str:
    """The declared type of a column, without a prefix; '' where none is."""
    return "" if node is None else node.get("typeRef", "").rpartition(":")[2]


def _optional(node: Node | None, texts: Texts) -> Expression | None:
    written = text_of(node)
    return texts.expression(written) if written and written != "-" else None


def _tests_of(node: Node | None, texts: Texts) -> UnaryTests | None:
    written = text_of(node)
    return texts.tests(written) if written else None


def _values(node: Node | None, texts: Texts) -> list[Any]:
    written = text_of(node)
    found = texts.expression(f"[{written}]").evaluate({}) if written else []
    return found if isinstance(found, list) else []


def bare(table: Table, result: Any) -> Any:
    """A table's result as the standard has it: that of one output is the value itself."""
    if len(table.outputs) != 1:
        return result
    name = table.outputs[0]
    if isinstance(result, list):
        return [item[name] for item in result]
    return result[name] if isinstance(result, dict) else result
