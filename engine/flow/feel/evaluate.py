"""Turns a tree into nested closures over an environment;
no text of ours or theirs is ever given to Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from engine.flow.feel import nodes as n
from engine.flow.feel import operators, quick
from engine.flow.feel import values as v
from engine.flow.feel.builtins import BUILTINS, REFUSED
from engine.flow.feel.builtins.dates import workdays_after
from engine.flow.feel.builtins.lists import MAX_LIST
from engine.flow.feel.environment import SMALL, Closure, Env
from engine.flow.feel.nodes import Node
from engine.flow.feel.operators import item_at, members
from engine.flow.feel.scope import free
from engine.flow.feel.temporal import FeelError
from engine.flow.feel.types import Conformity, Declarations, Type
from engine.flow.feel.values import NO_VALUE, OPEN, FeelLimitError, FeelSyntaxError, Function, Range

Test = Callable[[Env, Any], bool | None]
"""A unary test: whether a value meets it, over an environment."""


class Compiler:
    """Builds the closures of trees; `declared` are the types that the DMN file of the texts declares."""

    def __init__(self, declared: Declarations | None = None) -> None:
        self._conformity = Conformity(v.kind, declared)

    def build(self, node: Node) -> Closure:
        """The closure that evaluates `node`."""
        return _BUILDERS[type(node)](self, node)

    def cell(self, cell: n.Cell) -> Test:
        """The matcher of a decision table's cell."""
        if not cell.tests:
            return lambda env, tested: True
        matcher = self._any_test(cell.tests)
        if not cell.negated:
            return matcher

        def inverse(env: Env, tested: Any) -> bool | None:
            result = matcher(env, tested)
            return None if result is None else not result

        return inverse

    # -- names and operators -----------------------------------------------------------------------

    def _literal(self, node: n.Literal) -> Closure:
        value = node.value
        return lambda env: value

    def _name(self, node: n.Name) -> Closure:
        name, builtin = node.name, BUILTINS.get(node.name)
        counts_workdays = name == "workdays after"

        def read(env: Env) -> Any:
            scope: Env | None = env
            while scope is not None:
                if name in scope.names:
                    value = scope.names[name]
                    return value if type(value) in SMALL else v.from_case(value)
                scope = scope.outer
            if counts_workdays and env.workdays is not None:
                return Function(("date", "days"), workdays_after(env.workdays))
            return builtin

        return read

    def _member(self, node: n.Member) -> Closure:
        names, of = [node.name], node.of
        while isinstance(of, n.Member):
            names.append(of.name)
            of = of.of
        return quick.path(self.build(of), names[::-1])

    def _arithmetic(self, node: n.Arithmetic) -> Closure:
        a, b, operator = self.build(node.left), self.build(node.right), node.operator
        combine = operators.ARITHMETICS[operator]

        def run(env: Env) -> Any:
            x, y = a(env), b(env)
            if x is None or y is None:
                return None
            numbers = type(x) is Decimal and type(y) is Decimal
            if not numbers:
                env.pay_for(x, y)
            try:
                return combine(x, y) if numbers else combine(*v.for_dates(operator, x, y))
            except NO_VALUE:
                return None

        return run

    def _negative(self, node: n.Negative) -> Closure:
        value = self.build(node.of)
        return lambda env: operators.negative(value(env))

    def _comparison(self, node: n.Comparison) -> Closure:
        if node.operator in ("=", "!=") and isinstance(node.right, n.Literal):
            return quick.is_constant(self.build(node.left), node.right.value, node.operator)
        a, b, compared = self.build(node.left), self.build(node.right), operators.COMPARISONS[node.operator]

        def run(env: Env) -> Any:
            x, y = a(env), b(env)
            if type(x) not in SMALL:
                env.pay_for(x)
            return compared(x, y)

        return run

    def _and(self, node: n.And) -> Closure:
        a, b = self.build(node.left), self.build(node.right)

        def run(env: Env) -> Any:
            x = a(env)
            if x is False:
                return False
            y = b(env)
            if y is False:
                return False
            return True if x is True and y is True else None

        return run

    def _or(self, node: n.Or) -> Closure:
        a, b = self.build(node.left), self.build(node.right)

        def run(env: Env) -> Any:
            x = a(env)
            if x is True:
                return True
            y = b(env)
            if y is True:
                return True
            return False if x is False and y is False else None

        return run

    # -- tests -------------------------------------------------------------------------------------

    def _between(self, node: n.Between) -> Closure:
        value, bottom, top = self.build(node.value), self.build(node.low), self.build(node.high)
        return lambda env: v.contains(Range(bottom(env), top(env)), value(env))

    def _test(self, test: n.Test) -> Test:
        value, operator = self.build(test.value), test.operator
        compared = operators.COMPARISONS.get(operator)
        explicit = "?" in {name.partition(".")[0] for name in free(test.value)}

        def run(env: Env, tested: Any) -> bool | None:
            wanted = value(env.inner({"?": tested}) if explicit else env)
            env.pay_for(tested, wanted)
            if compared is not None:
                return compared(tested, wanted)
            if explicit:
                return wanted if isinstance(wanted, bool) else None
            return operators.meets(tested, wanted)

        return run

    def _any_test(self, tests: Iterable[n.Test]) -> Test:
        built = [self._test(test) for test in tests]
        if len(built) == 1:
            return built[0]

        def run(env: Env, tested: Any) -> bool | None:
            results = [test(env, tested) for test in built]
            if any(result is True for result in results):
                return True
            return False if any(result is False for result in results) else None

        return run

    def _in(self, node: n.In) -> Closure:
        value, test = self.build(node.value), self._any_test(node.tests)
        return lambda env: test(env, value(env))

    def _instance(self, node: n.InstanceOf) -> Closure:
        value, wanted, is_of = self.build(node.value), node.type, self._conformity.is_of
        if wanted.name == "date":
            return lambda env: is_of(v.as_day(value(env)), wanted)
        return lambda env: is_of(value(env), wanted)

    def _if(self, node: n.If) -> Closure:
        test, a, b = self.build(node.condition), self.build(node.yes), self.build(node.no)
        return lambda env: a(env) if test(env) is True else b(env)

    # -- rounds ------------------------------------------------------------------------------------

    def _scopes(self, rounds: Iterable[n.Round]) -> Callable[[Env], Iterator[Env]]:
        domains = [(one.name, self.build(one.domain)) for one in rounds]

        def walk(env: Env, index: int = 0) -> Iterator[Env]:
            if index == len(domains):
                yield env
                return
            name, domain = domains[index]
            for item in members(domain(env)):
                env.spend()
                yield from walk(env.inner({name: item}), index + 1)

        return walk

    def _for(self, node: n.For) -> Closure:
        scopes, value = self._scopes(node.rounds), self.build(node.body)
        reads_partial = any(name.partition(".")[0] == "partial" for name in free(node.body))

        def run(env: Env) -> Any:
            found: list[Any] = []
            partial = env.inner({"partial": found})
            try:
                for scope in scopes(partial):
                    if reads_partial:
                        env.pay_for(found)
                        partial.names = {"partial": list(found)}
                    found.append(value(scope))
                    env.pay_for(found[-1])
                    if len(found) > MAX_LIST:
                        raise FeelLimitError("列表过长。")
            except FeelError:
                return None
            return found

        return run

    def _quantified(self, node: n.Quantified) -> Closure:
        scopes, test, wanted = self._scopes(node.rounds), self.build(node.test), node.wanted

        def run(env: Env) -> bool | None:
            unknown = False
            try:
                for scope in scopes(env):
                    result = test(scope)
                    if result is wanted:
                        return bool(wanted)
                    unknown = unknown or not isinstance(result, bool)
            except FeelError:
                return None
            return None if unknown else not wanted

        return run

    # -- values that are put together --------------------------------------------------------------

    def _list(self, node: n.ListOf) -> Closure:
        constants = [item.value for item in node.items if isinstance(item, n.Literal)]
        if len(constants) == len(node.items):
            return quick.constants(constants)
        built = [self.build(item) for item in node.items]

        def run(env: Env) -> Any:
            found = [item(env) for item in built]
            env.pay_for(found)
            return found

        return run

    def _context(self, node: n.ContextOf) -> Closure:
        built = [(entry.key, self.build(entry.value)) for entry in node.entries]
        twice = len({key for key, _ in built}) < len(built)

        def run(env: Env) -> Any:
            if twice:
                return None  # nobody can say which of them is meant
            found: dict[str, Any] = {}
            scope = env.inner(found)
            for key, value in built:
                found[key] = value(scope)
            env.pay_for(found)
            return found

        return run

    def _filter(self, node: n.Filter) -> Closure:
        value, test = self.build(node.of), self.build(node.condition)
        is_position = isinstance(node.condition, n.Literal | n.Negative)

        def run(env: Env) -> Any:
            items = v.as_list(value(env))
            chosen = test(env) if is_position else None
            if isinstance(chosen, Decimal):
                return item_at(items, chosen)
            found = []
            for item in items:
                env.spend()
                item = v.from_case(item)
                names: dict[str, Any] = {"item": item}
                if isinstance(item, v.CONTEXTS):
                    names.update(item)
                result = test(env.inner(names))
                if isinstance(result, Decimal):
                    return item_at(items, result)
                if result is True:
                    found.append(item)
            return found

        return run

    def _range(self, node: n.RangeOf) -> Closure:
        bottom = self.build(node.low) if node.low is not None else lambda env: OPEN
        top = self.build(node.high) if node.high is not None else lambda env: OPEN
        low_closed, high_closed, operator = node.low_closed, node.high_closed, node.operator
        return lambda env: Range(bottom(env), top(env), low_closed, high_closed, operator)

    # -- functions ---------------------------------------------------------------------------------

    def _call(self, node: n.Call) -> Closure:
        if node.called in REFUSED:
            raise FeelSyntaxError(f"不能使用 {REFUSED[node.called]}：流程须能按记录重演，请改用日期变量。")
        target = self.build(node.function)
        names = [one.name for one in node.arguments]
        named, built = any(names), [self.build(one.value) for one in node.arguments]

        def run(env: Env) -> Any:
            called = target(env)
            if not isinstance(called, Function):
                return None
            env.spend()
            given = [value(env) for value in built]
            env.pay_for(*given)
            try:
                found = called.call(*(called.placed(zip(names, given, strict=True)) if named else given))
                if type(found) not in SMALL:
                    env.pay_for(found)
                return found
            except NO_VALUE:
                return None

        return run

    def _function(self, node: n.FunctionOf) -> Closure:
        value, parameters = self.build(node.body), node.names
        types = tuple(one.type for one in node.parameters)
        fitted = self._fitted(types)

        def run(env: Env) -> Function:
            def call(*arguments: Any) -> Any:
                if len(arguments) != len(parameters):
                    raise FeelError
                env.purse[1] -= 1
                if env.purse[1] < 0:
                    raise FeelLimitError("函数调用嵌套过深。")
                try:
                    return value(env.inner(dict(zip(parameters, fitted(arguments), strict=True))))
                finally:
                    env.purse[1] += 1

            return Function(parameters, call, least=len(parameters), types=types)

        return run

    def _fitted(self, types: tuple[Type | None, ...]) -> Callable[[tuple[Any, ...]], Iterable[Any]]:
        """Arguments as of the parameters' types."""
        if not any(types):
            return lambda given: given
        coerced = self._conformity.coerced
        return lambda given: [
            coerced(v.as_day(value) if wanted.name == "date" else value, wanted) if wanted else value
            for value, wanted in zip(given, types, strict=True)
        ]

    def _group(self, node: n.Group) -> Closure:
        return self.build(node.of)


_BUILDERS: dict[type[Node], Callable[[Compiler, Any], Closure]] = {
    n.Literal: Compiler._literal,
    n.Name: Compiler._name,
    n.Member: Compiler._member,
    n.Arithmetic: Compiler._arithmetic,
    n.Negative: Compiler._negative,
    n.Comparison: Compiler._comparison,
    n.And: Compiler._and,
    n.Or: Compiler._or,
    n.Between: Compiler._between,
    n.In: Compiler._in,
    n.InstanceOf: Compiler._instance,
    n.If: Compiler._if,
    n.For: Compiler._for,
    n.Quantified: Compiler._quantified,
    n.ListOf: Compiler._list,
    n.ContextOf: Compiler._context,
    n.Filter: Compiler._filter,
    n.Call: Compiler._call,
    n.RangeOf: Compiler._range,
    n.FunctionOf: Compiler._function,
    n.Group: Compiler._group,
}
