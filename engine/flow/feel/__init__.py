"""FEEL, the expression language of diagrams, decision tables and forms: parsed by us, interpreted by us,
bounded.

`compile_expression(text)` is cached; evaluating the result over a mapping of names never raises but for
`FeelLimitError`: what has no value is null, as the standard says. The clock cannot be read (`now`, `today`),
so that a step replayed later gives the same result.

From text to value: parsing/lexer.py (words), parsing/parser.py (a tree of nodes.py),
engine.feel.evaluate (closures). `Expression.to_json()` is the tree for the browser's small evaluator
(engine.feel.page).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from engine.flow.feel import values
from engine.flow.feel.environment import Env, Workdays, one_purse
from engine.flow.feel.evaluate import Compiler
from engine.flow.feel.nodes import Cell, Node
from engine.flow.feel.page import BeyondPage, to_page
from engine.flow.feel.parsing.parser import Parser
from engine.flow.feel.scope import free_names, unknown_functions
from engine.flow.feel.types import Declarations
from engine.flow.feel.values import FeelLimitError, FeelSyntaxError, to_plain

__all__ = [
    "Expression",
    "FeelLimitError",
    "FeelSyntaxError",
    "UnaryTests",
    "compile_expression",
    "compile_unary_tests",
    "constant",
    "one_purse",
    "strip_equals",
    "to_plain",
    "values",
]


def strip_equals(text: str) -> str:
    """The FEEL text of a form-js property or a Camunda 8 field, which write ``=`` before it."""
    return text.strip().removeprefix("=").strip()


class Expression:
    """A compiled expression; `names` with blanks or signs, and types that a DMN file declares,
    must be told.
    """

    def __init__(self, text: str, names: Iterable[str] = (), declared: Declarations | None = None) -> None:
        self.text = text
        self.tree: Node = Parser(text, names).expression()
        _refuse_unknown(self.tree, names)
        self._run = Compiler(declared).build(self.tree)
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
            return to_page(self.tree)
        except BeyondPage:
            return None


class UnaryTests:
    """The compiled cell of a decision table."""

    def __init__(self, text: str, names: Iterable[str] = (), declared: Declarations | None = None) -> None:
        self.text = text
        self.tree: Cell = Parser(text, names).unary_tests() if text.strip() else Cell()
        _refuse_unknown(self.tree, names)
        self._match = Compiler(declared).cell(self.tree)
        self._names = free_names(self.tree)

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


def constant(node: Node) -> Any:
    """The value of a part of a tree that reads nothing."""
    try:
        return Compiler().build(node)(Env({}, None))
    except values.NO_VALUE:
        return None


def _refuse_unknown(tree: Node, names: Iterable[str]) -> None:
    unknown = sorted(unknown_functions(tree) - set(names))
    if unknown:
        raise FeelSyntaxError(f"没有名为“{unknown[0]}”的函数。")


@lru_cache(maxsize=4096)
def compile_expression(text: str, names: tuple[str, ...] = ()) -> Expression:
    """Compile `text`; `names` with spaces must be told. Raises FeelSyntaxError."""
    return Expression(text, names)


@lru_cache(maxsize=4096)
def compile_unary_tests(text: str, names: tuple[str, ...] = ()) -> UnaryTests:
    """Compile a decision table's cell. Raises FeelSyntaxError."""
    return UnaryTests(text, names)
