"""FEEL, the expression language of diagrams, decision tables and forms: parsed by us, interpreted by us, bounded.

`compile_expression(text)` is cached; evaluating the result over a mapping of names never raises but for
`FeelLimitError`: what has no value is null, as the standard says. The clock cannot be read (`now`, `today`), so that a
step replayed later gives the same result.

`Expression.to_json()` is the tree for the browser's small evaluator, as nested lists in the parser's node shapes
(engine/feel/parser.py), or None where a form's expression needs more than that evaluator knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any

from engine.feel import values
from engine.feel.evaluate import Env, Workdays, build, free_names, one_purse, tests, unknown_functions
from engine.feel.parser import Node, Parser
from engine.feel.values import FeelLimitError, FeelSyntaxError, to_plain

__all__ = [
    "Expression", "FeelLimitError", "FeelSyntaxError", "UnaryTests", "compile_expression", "compile_unary_tests", "one_purse",
    "strip_equals", "to_plain", "values",
]  # fmt: skip

_BROWSER = frozenset("lit name path arith neg cmp and or between in if list filter call range test group".split())
_BROWSER_CALLS = frozenset(
    {
        "count",
        "sum",
        "min",
        "max",
        "contains",
        "not",
        "list contains",
        "string length",
        "decimal",
        "substring",
        "upper case",
    }
)


def strip_equals(text: str) -> str:
    """The FEEL text of a form-js property or a Camunda 8 field, which write ``=`` before it."""
    return text.strip().removeprefix("=").strip()


class Expression:
    """A compiled expression."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self.text = text
        self.tree: Node = Parser(text, names).expression()
        _refuse_unknown(self.tree, names)
        self._run = build(self.tree)
        self._names = free_names(self.tree)

    def names(self) -> frozenset[str]:
        """The dotted names it reads, e.g. ``verification.opinion``."""
        return self._names

    def evaluate(self, context: Mapping[str, Any], *, workdays: Workdays | None = None) -> Any:
        """Its value over `context`; null for what has none."""
        try:
            return self._run(Env(context, workdays))
        except values.NO_VALUE:
            return None
        except RecursionError as error:
            raise FeelLimitError("表达式嵌套过深。") from error

    def to_json(self) -> Any | None:
        """The tree for the browser, or None when it uses more than the browser's evaluator knows."""
        try:
            return _to_json(self.tree)
        except ValueError:
            return None


class UnaryTests:
    """The compiled cell of a decision table."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self.text = text
        self.tree: Node = Parser(text, names).unary_tests() if text.strip() else ("dash",)
        tree = self.tree
        _refuse_unknown(tree, names)
        self._match = tests(tree)
        self._names = free_names(tree)

    def names(self) -> frozenset[str]:
        """The dotted names the cell reads."""
        return self._names

    def matches(self, value: Any, context: Mapping[str, Any]) -> bool | None:
        """Whether `value` meets the cell; None when that cannot be said."""
        try:
            return self._match(Env(context, None), values.from_plain(value))
        except values.NO_VALUE:
            return None
        except RecursionError as error:
            raise FeelLimitError("表达式嵌套过深。") from error


def _refuse_unknown(tree: Node, names: Iterable[str]) -> None:
    unknown = sorted(unknown_functions(tree) - set(names))
    if unknown:
        raise FeelSyntaxError(f"没有名为“{unknown[0]}”的函数。")


def _to_json(node: Any) -> Any:
    if isinstance(node, list):
        return [_to_json(item) for item in node]
    if not isinstance(node, tuple):
        return _number(node) if isinstance(node, Decimal) else node
    if node[0] in ("some", "every"):
        return [node[0], _pairs(node[1]), _to_json(node[2])]
    if node[0] not in _BROWSER:
        raise ValueError(node[0])
    if node[0] == "call":
        if node[1][0] != "name" or node[1][1] not in _BROWSER_CALLS:
            raise ValueError("call")
        return [node[0], _to_json(node[1]), _pairs(node[2])]
    return [_to_json(part) for part in node]


def _pairs(pairs: Iterable[tuple[str | None, Node]]) -> list[Any]:
    return [[name, _to_json(value)] for name, value in pairs]


def _number(value: Decimal) -> float:
    found = float(value)
    if not isfinite(found):
        raise ValueError(value)  # JSON has no such number
    return found


@lru_cache(maxsize=4096)
def compile_expression(text: str, names: tuple[str, ...] = ()) -> Expression:
    """Compile `text`; `names` with spaces must be told. Raises FeelSyntaxError."""
    return Expression(text, names)


@lru_cache(maxsize=4096)
def compile_unary_tests(text: str, names: tuple[str, ...] = ()) -> UnaryTests:
    """Compile a decision table's cell. Raises FeelSyntaxError."""
    return UnaryTests(text, names)
