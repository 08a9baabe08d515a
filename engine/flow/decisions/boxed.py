"""Boxed expressions of a DMN file: each kind of element with how it
becomes a function of the names in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.flow.decisions.file import Node, Texts, all_of, elements, find, local, text_of, type_of
from engine.flow.decisions.table import Table, bare
from engine.flow.feel import FeelLimitError, FeelSyntaxError
from engine.flow.feel.builtins.lists import MAX_LIST
from engine.flow.feel.temporal import FeelError
from engine.flow.feel.types import Conformity, Type
from engine.flow.feel.values import NO_VALUE, Function, as_list, from_plain, kind

Logic = Callable[[dict[str, Any]], Any]
"""A value over the names in sight."""


class Boxes:
    """Builds the logic of boxed expressions; `table` is asked for every decision table,
    so that each is read once.
    """

    def __init__(self, table: Callable[[Node, Texts], Table]) -> None:
        self._table = table

    def build(self, node: Node, texts: Texts) -> Logic:
        """The logic of an expression. Raises FeelSyntaxError for what nobody can evaluate."""
        builder = _BUILDERS.get(local(node))
        if builder is None:
            raise FeelSyntaxError(f"不支持“{local(node)}”形式的决策内容。")
        return builder(self, node, texts)

    def content(self, node: Node | None, texts: Texts) -> Logic:
        """The logic of the expression that an element holds."""
        body = (
            None if node is None else next((one for one in elements(node) if local(one) in _BUILDERS), None)
        )
        if body is None:
            raise FeelSyntaxError("缺少内容。")
        return self.build(body, texts)

    def function(self, node: Node, texts: Texts) -> Callable[[Mapping[str, Any]], Function]:
        """A function definition: over the names in sight where it stands, the function."""
        if node.get("kind", "FEEL") != "FEEL":
            raise FeelSyntaxError("不能调用外部的程序（Java、PMML）。")
        parameters = all_of(node, "formalParameter")
        names = tuple(one.get("name", "") for one in parameters)
        types = tuple(Type(type_of(one)) if type_of(one) else None for one in parameters)
        inside = [one for one in elements(node) if local(one) in _BUILDERS]
        if not inside:
            raise FeelSyntaxError("函数没有内容。")
        body = self.build(inside[-1], texts.with_names(*names))
        return lambda scope: called_with(names, types, Conformity(kind, texts.declared), scope, body)

    def _decision_table(self, node: Node, texts: Texts) -> Logic:
        table = self._table(node, texts)
        return lambda scope: bare(table, table.evaluate(scope))

    def _literal(self, node: Node, texts: Texts) -> Logic:
        return texts.expression(text_of(node)).evaluate

    def _function_definition(self, node: Node, texts: Texts) -> Logic:
        return self.function(node, texts)

    def _invocation(self, node: Node, texts: Texts) -> Logic:
        function = self.content(node, texts)
        bindings = [
            (parameter.get("name", ""), self.content(one, texts))
            for one in all_of(node, "binding")
            if (parameter := find(one, "parameter")) is not None
        ]

        def run(scope: dict[str, Any]) -> Any:
            called = function(scope)
            if not isinstance(called, Function):
                return None
            values = {name: value(scope) for name, value in bindings}
            return invoked(called, *(values.get(name) for name in called.parameters))

        return run

    def _context(self, node: Node, texts: Texts) -> Logic:
        entries: list[tuple[str | None, Logic]] = []
        for entry in all_of(node, "contextEntry"):
            variable = find(entry, "variable")
            name = variable.get("name") if variable is not None else None
            entries.append((name, self.content(entry, texts)))
            texts = texts.with_names(name or "")

        def run(scope: dict[str, Any]) -> Any:
            found: dict[str, Any] = {}
            for name, value in entries:
                if name is None:
                    return value({**scope, **found})
                found[name] = value({**scope, **found})
            return found

        return run

    def _relation(self, node: Node, texts: Texts) -> Logic:
        columns = [column.get("name", "") for column in all_of(node, "column")]
        rows = [
            [self.build(cell, texts) for cell in elements(row) if local(cell) in _BUILDERS]
            for row in all_of(node, "row")
        ]
        if any(len(row) != len(columns) for row in rows):
            raise FeelSyntaxError("有一行的列数与表头不一致。")
        return lambda scope: [
            {name: value(scope) for name, value in zip(columns, row, strict=True)} for row in rows
        ]

    def _list(self, node: Node, texts: Texts) -> Logic:
        items = [self.build(one, texts) for one in elements(node) if local(one) in _BUILDERS]
        return lambda scope: [item(scope) for item in items]

    def _conditional(self, node: Node, texts: Texts) -> Logic:
        test, yes, no = (self.content(find(node, part), texts) for part in ("if", "then", "else"))

        def run(scope: dict[str, Any]) -> Any:
            answer = test(scope)
            if answer is not None and not isinstance(answer, bool):
                return None
            return yes(scope) if answer is True else no(scope)

        return run

    def _filter(self, node: Node, texts: Texts) -> Logic:
        domain, test = self.content(find(node, "in"), texts), self.content(find(node, "match"), texts)

        def run(scope: dict[str, Any]) -> Any:
            found = []
            for item in as_list(domain(scope)):
                result = test({**scope, **(item if isinstance(item, Mapping) else {}), "item": item})
                if isinstance(from_plain(result), Decimal):
                    return _at(as_list(domain(scope)), int(result))
                if result is True:
                    found.append(item)
            return found

        return run

    def _for(self, node: Node, texts: Texts) -> Logic:
        name = node.get("iteratorVariable", "")
        domain = self.content(find(node, "in"), texts)
        value = self.content(find(node, "return"), texts.with_names(name))

        def run(scope: dict[str, Any]) -> Any:
            found: list[Any] = []
            for item in as_list(domain(scope)):
                found.append(value({**scope, name: item, "partial": list(found)}))
                if len(found) > MAX_LIST:
                    raise FeelLimitError("列表过长。")
            return found

        return run

    def _some(self, node: Node, texts: Texts) -> Logic:
        return self._quantified(node, texts, wanted=True)

    def _every(self, node: Node, texts: Texts) -> Logic:
        return self._quantified(node, texts, wanted=False)

    def _quantified(self, node: Node, texts: Texts, *, wanted: bool) -> Logic:
        name = node.get("iteratorVariable", "")
        domain = self.content(find(node, "in"), texts)
        test = self.content(find(node, "satisfies"), texts.with_names(name))

        def run(scope: dict[str, Any]) -> Any:
            answers = [test({**scope, name: item}) for item in as_list(domain(scope))]
            if any(answer is wanted for answer in answers):
                return wanted
            return not wanted if all(isinstance(answer, bool) for answer in answers) else None

        return run


_BUILDERS: dict[str, Callable[[Boxes, Node, Texts], Logic]] = {
    "decisionTable": Boxes._decision_table,
    "literalExpression": Boxes._literal,
    "invocation": Boxes._invocation,
    "context": Boxes._context,
    "functionDefinition": Boxes._function_definition,
    "relation": Boxes._relation,
    "list": Boxes._list,
    "conditional": Boxes._conditional,
    "filter": Boxes._filter,
    "for": Boxes._for,
    "some": Boxes._some,
    "every": Boxes._every,
}
EXPRESSIONS = frozenset(_BUILDERS)
"""The elements that hold the logic of a decision."""


def _at(items: list[Any], position: int) -> Any:
    return items[position - 1 if position > 0 else position] if 0 < abs(position) <= len(items) else None


def called_with(
    names: tuple[str, ...],
    types: tuple[Type | None, ...],
    conformity: Conformity,
    scope: Mapping[str, Any],
    body: Logic,
) -> Function:
    """A function whose body sees `scope` and its parameters; null for an argument that is not of its type."""

    def call(*given: Any) -> Any:
        if len(given) != len(names):
            raise FeelError
        return body({**scope, **dict(zip(names, fitted(conformity, given, types), strict=True))})

    return Function(names, call, least=len(names), types=types)


def fitted(conformity: Conformity, given: tuple[Any, ...], types: tuple[Type | None, ...]) -> list[Any]:
    """Arguments as of the parameters' types. Raises FeelError for one that is of another."""
    found = []
    for value, wanted in zip(given, types, strict=True):
        fit = conformity.coerced(from_plain(value), wanted) if wanted is not None else value
        if fit is None and value is not None:
            raise FeelError
        found.append(fit)
    return found


def invoked(function: Function, *given: Any) -> Any:
    """What a function answers; null where it has no answer."""
    try:
        return function.call(*given)
    except NO_VALUE:
        return None
