"""Turns a tree into nested closures over an environment; no text of ours or theirs is ever given to Python."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel import values as v
from engine.feel.builtins import BUILTINS, MAX_LIST, MAX_TEXT, REFUSED, _workdays_after
from engine.feel.parser import ARITHMETIC, Node, parts
from engine.feel.values import (
    NO_VALUE,
    FeelError,
    FeelLimitError,
    FeelSyntaxError,
    Function,
    Range,
    YearsMonths,
)

MAX_STEPS = 100_000
MAX_CALLS = 40
_PURSE: ContextVar[list[int] | None] = ContextVar("purse", default=None)


@contextmanager
def one_purse(steps: int) -> Iterator[None]:
    """Evaluations inside share one purse of `steps`: a decision pays for all its cells together."""
    token = _PURSE.set([steps, MAX_CALLS])
    try:
        yield
    finally:
        _PURSE.reset(token)


Workdays = Callable[[date, int], date]


class Env:
    """Names in sight, and what the evaluation may still spend."""

    __slots__ = ("names", "outer", "purse", "workdays")

    def __init__(self, names: Mapping[str, Any], workdays: Workdays | None, outer: Env | None = None) -> None:
        self.names, self.outer, self.workdays = names, outer, workdays
        self.purse: list[int] = outer.purse if outer else _PURSE.get() or [MAX_STEPS, MAX_CALLS]

    def inner(self, names: Mapping[str, Any]) -> Env:
        """A scope inside this one."""
        return Env(names, self.workdays, self)

    def spend(self, steps: int = 1) -> None:
        """Pay for `steps`. Raises FeelLimitError when the purse is empty."""
        self.purse[0] -= steps
        if self.purse[0] < 0:
            raise FeelLimitError("表达式的计算量超过上限。")

    def pay_for(self, *values: Any) -> None:
        """Pay for the size of what is built, compared or handed on."""
        for value in values:
            if isinstance(value, list | Mapping | str):
                self.spend(v.size(value, MAX_STEPS + 1) - 1)


Closure = Callable[[Env], Any]


def build(node: Node) -> Closure:
    """The closure that evaluates `node`."""
    return _BUILDERS[node[0]](*node[1:])


def _literal(value: Any) -> Closure:
    return lambda env: value


def _name(name: str) -> Closure:
    def read(env: Env) -> Any:
        scope: Env | None = env
        while scope is not None:
            if name in scope.names:
                return v.from_case(scope.names[name])
            scope = scope.outer
        return _builtin_value(name, env)

    return read


def _builtin_value(name: str, env: Env) -> Any:
    if name == "workdays after" and env.workdays is not None:
        return Function(("date", "days"), _workdays_after(env.workdays))
    found = BUILTINS.get(name)
    return Function(*found) if found else None


def _path(node: Node, name: str) -> Closure:
    value = build(node)

    def run(env: Env) -> Any:
        found = value(env)
        if isinstance(found, list):
            env.spend(len(found))
        return v.member(found, name)

    return run


def _arithmetic(operator: str, left: Node, right: Node) -> Closure:
    a, b, combine = build(left), build(right), _OPERATORS[operator]

    def run(env: Env) -> Any:
        x, y = a(env), b(env)
        if x is None or y is None:
            return None
        env.pay_for(x, y)
        try:
            return combine(*v.for_dates(operator, x, y))
        except NO_VALUE:
            return None

    return run


def _add(x: Any, y: Any) -> Any:
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.add(x, y)
    if isinstance(x, str) and isinstance(y, str):
        if len(x) + len(y) > MAX_TEXT:
            raise FeelLimitError("文字过长。")
        return x + y
    if isinstance(x, YearsMonths) and isinstance(y, YearsMonths):
        return YearsMonths(x.months + y.months)
    if isinstance(y, date) and not isinstance(x, date):
        x, y = y, x
    if isinstance(y, YearsMonths) and isinstance(x, date):
        return y.add_to(x)
    if isinstance(y, timedelta):
        if isinstance(x, time):
            moved = datetime.combine(date(2000, 1, 1), x) + y
            return moved.timetz()
        if isinstance(x, date) and not isinstance(x, datetime):
            return (datetime.combine(x, time()) + y).date()
        return x + y
    raise FeelError


def _subtract(x: Any, y: Any) -> Any:
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.subtract(x, y)
    if isinstance(x, date) and isinstance(y, date):
        x, y = _instant(x), _instant(y)
        if (x.tzinfo is None) != (y.tzinfo is None):
            raise FeelError
        return x - y
    if isinstance(y, timedelta):
        return _add(x, -y)
    if isinstance(y, YearsMonths):
        return _add(x, YearsMonths(-y.months))
    raise FeelError


def _instant(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _multiply(x: Any, y: Any) -> Any:
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.multiply(x, y)
    if isinstance(x, Decimal):
        x, y = y, x
    if isinstance(y, Decimal) and isinstance(x, timedelta):
        return timedelta(seconds=x.total_seconds() * float(y))
    if isinstance(y, Decimal) and isinstance(x, YearsMonths):
        return YearsMonths(int(x.months * y))
    raise FeelError


def _divide(x: Any, y: Any) -> Any:
    if isinstance(x, Decimal) and isinstance(y, Decimal):
        return ARITHMETIC.divide(x, y)
    if isinstance(x, timedelta) and isinstance(y, timedelta):
        return Decimal(str(x / y))
    if isinstance(x, timedelta | YearsMonths) and isinstance(y, Decimal):
        return _multiply(x, Decimal(1) / y)
    if isinstance(x, YearsMonths) and isinstance(y, YearsMonths):
        return Decimal(x.months) / Decimal(y.months)
    raise FeelError


def _raise(x: Any, y: Any) -> Any:
    if isinstance(x, Decimal) and isinstance(y, Decimal) and abs(y) <= 10_000:
        return ARITHMETIC.power(x, y)
    raise FeelError


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add, "-": _subtract, "*": _multiply, "/": _divide, "**": _raise,
}  # fmt: skip


def _negative(node: Node) -> Closure:
    value = build(node)

    def run(env: Env) -> Any:
        found = value(env)
        if isinstance(found, Decimal | timedelta):
            return -found
        return YearsMonths(-found.months) if isinstance(found, YearsMonths) else None

    return run


def _ordered(operator: str, x: Any, y: Any) -> bool | None:
    if operator in ("=", "!="):
        same = v.equal(x, y)
        return same if operator == "=" or same is None else not same
    order = v.compare(x, y)
    if order is None:
        return None
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


def _comparison(operator: str, left: Node, right: Node) -> Closure:
    a, b = build(left), build(right)

    def run(env: Env) -> Any:
        x, y = a(env), b(env)
        env.pay_for(x)
        return _ordered(operator, x, y)

    return run


def _and(left: Node, right: Node) -> Closure:
    a, b = build(left), build(right)

    def run(env: Env) -> Any:
        x = a(env)
        if x is False:
            return False
        y = b(env)
        if y is False:
            return False
        return True if x is True and y is True else None

    return run


def _or(left: Node, right: Node) -> Closure:
    a, b = build(left), build(right)

    def run(env: Env) -> Any:
        x = a(env)
        if x is True:
            return True
        y = b(env)
        if y is True:
            return True
        return False if x is False and y is False else None

    return run


def _between(node: Node, low: Node, high: Node) -> Closure:
    value, bottom, top = build(node), build(low), build(high)
    return lambda env: v.contains(Range(bottom(env), top(env)), value(env))


def _test(operator: str, node: Node) -> Callable[[Env, Any], bool | None]:
    """One unary test as a function of the environment and the tested value."""
    value = build(node)
    explicit = "?" in _free(node)

    def run(env: Env, tested: Any) -> bool | None:
        wanted = value(env.inner({"?": tested}))
        env.pay_for(tested, wanted)
        if operator:
            return _ordered(operator, tested, wanted)
        if explicit:
            return wanted if isinstance(wanted, bool) else None
        return _meets(tested, wanted)

    return run


def _meets(tested: Any, wanted: Any) -> bool | None:
    if isinstance(wanted, Range):
        return v.contains(wanted, tested)
    if isinstance(wanted, list):
        if v.equal(tested, wanted) is True:
            return True
        return any(_meets(tested, v.from_case(item)) is True for item in wanted)
    return v.equal(tested, wanted)


def _any_test(tests: list[Node]) -> Callable[[Env, Any], bool | None]:
    built = [_test(*test[1:]) for test in tests]

    def run(env: Env, tested: Any) -> bool | None:
        results = [test(env, tested) for test in built]
        if any(result is True for result in results):
            return True
        return False if any(result is False for result in results) else None

    return run


def _in(node: Node, tests: list[Node]) -> Closure:
    value, test = build(node), _any_test(tests)
    return lambda env: test(env, value(env))


def _instance(node: Node, type_name: str) -> Closure:
    value = build(node)
    wanted = {"Any": None}.get(type_name, type_name)
    return lambda env: (found := value(env)) is not None and (wanted is None or v.kind(found) == wanted)


def _if(condition: Node, yes: Node, no: Node) -> Closure:
    test, a, b = build(condition), build(yes), build(no)
    return lambda env: a(env) if test(env) is True else b(env)


def _scopes(pairs: list[tuple[str, Node]]) -> Callable[[Env], Iterator[Env]]:
    domains = [(name, build(node)) for name, node in pairs]

    def walk(env: Env, index: int = 0) -> Iterator[Env]:
        if index == len(domains):
            yield env
            return
        name, domain = domains[index]
        for item in _members(domain(env)):
            env.spend()
            yield from walk(env.inner({name: item}), index + 1)

    return walk


def _members(domain: Any) -> Any:
    if isinstance(domain, Range):
        low, high = domain.low, domain.high
        if isinstance(low, Decimal) and isinstance(high, Decimal):
            step = 1 if low <= high else -1
            return (Decimal(number) for number in range(int(low), int(high) + step, step))
        if type(low) is date and type(high) is date:
            days = (high - low).days
            return (
                low + timedelta(days=offset)
                for offset in range(0, days + (1 if days >= 0 else -1), 1 if days >= 0 else -1)
            )
        raise FeelError
    return v.as_list(domain)


def _for(pairs: list[tuple[str, Node]], body: Node) -> Closure:
    scopes, value = _scopes(pairs), build(body)
    reads_partial = any(name.partition(".")[0] == "partial" for name in _free(body))

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


def _quantified(wanted: bool) -> Callable[[list[tuple[str, Node]], Node], Closure]:
    def build_one(pairs: list[tuple[str, Node]], condition: Node) -> Closure:
        scopes, test = _scopes(pairs), build(condition)

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

    return build_one


def _list(items: list[Node]) -> Closure:
    built = [build(item) for item in items]

    def run(env: Env) -> Any:
        found = [item(env) for item in built]
        env.pay_for(found)
        return found

    return run


def _context(pairs: list[tuple[str, Node]]) -> Closure:
    built = [(key, build(node)) for key, node in pairs]

    def run(env: Env) -> Any:
        found: dict[str, Any] = {}
        scope = env.inner(found)
        for key, value in built:
            found[key] = value(scope)
        env.pay_for(found)
        return found

    return run


def _filter(node: Node, condition: Node) -> Closure:
    value, test = build(node), build(condition)

    def run(env: Env) -> Any:
        items = v.as_list(value(env))
        chosen = test(env) if condition[0] in ("lit", "neg") else None
        if isinstance(chosen, Decimal):
            return _at(items, chosen)
        found = []
        for item in items:
            env.spend()
            item = v.from_case(item)
            names: dict[str, Any] = {"item": item}
            if isinstance(item, Mapping):
                names.update(item)
            result = test(env.inner(names))
            if isinstance(result, Decimal):
                return _at(items, result)
            if result is True:
                found.append(item)
        return found

    return run


def _at(items: list[Any], position: Decimal) -> Any:
    index = int(position)
    if index == 0 or abs(index) > len(items):
        return None
    return v.from_case(items[index - 1 if index > 0 else index])


def _call(function: Node, arguments: list[tuple[str | None, Node]]) -> Closure:
    if function[0] == "name" and function[1] in REFUSED:
        raise FeelSyntaxError(f"不能使用 {REFUSED[function[1]]}：流程须能按记录重演，请改用日期变量。")
    target = build(function)
    named = any(name for name, _ in arguments)
    built = [(name, build(node)) for name, node in arguments]

    def run(env: Env) -> Any:
        called = target(env)
        if not isinstance(called, Function):
            return None
        env.spend()
        values = [(name, value(env)) for name, value in built]
        env.pay_for(*(value for _, value in values))
        try:
            given = _positional(called, values) if named else [value for _, value in values]
            found = called.call(*given)
            env.pay_for(found)
            return found
        except NO_VALUE:
            return None

    return run


def _positional(called: Function, values: list[tuple[str | None, Any]]) -> list[Any]:
    given = dict(values)
    if not given.keys() <= set(called.parameters):
        if set(given) <= {"year", "month", "day"}:
            return [given["year"], given["month"], given["day"]]
        raise FeelError
    last = max(called.parameters.index(str(name)) for name in given)
    return [given.get(name) for name in called.parameters[: last + 1]]


def _range(low: Node, high: Node, low_closed: bool, high_closed: bool) -> Closure:
    bottom, top = build(low), build(high)
    return lambda env: Range(bottom(env), top(env), low_closed, high_closed)


def _function(parameters: list[str], body: Node) -> Closure:
    value = build(body)

    def run(env: Env) -> Function:
        def call(*arguments: Any) -> Any:
            env.purse[1] -= 1
            if env.purse[1] < 0:
                raise FeelLimitError("函数调用嵌套过深。")
            try:
                return value(env.inner(dict(itertools.zip_longest(parameters, arguments[: len(parameters)]))))
            finally:
                env.purse[1] += 1

        return Function(tuple(parameters), call)

    return run


_BUILDERS: dict[str, Callable[..., Closure]] = {
    "lit": _literal, "name": _name, "path": _path, "arith": _arithmetic, "neg": _negative, "cmp": _comparison,
    "and": _and, "or": _or, "between": _between, "in": _in, "instance": _instance, "if": _if, "for": _for,
    "some": _quantified(True), "every": _quantified(False), "list": _list, "context": _context, "filter": _filter,
    "call": _call, "range": _range, "function": _function, "group": build,
}  # fmt: skip


def tests(node: Node) -> Callable[[Env, Any], bool | None]:
    """The matcher of a decision table's cell."""
    if node[0] == "dash":
        return lambda env, tested: True
    matcher = _any_test(node[1])
    if node[0] == "not":

        def inverse(env: Env, tested: Any) -> bool | None:
            result = matcher(env, tested)
            return None if result is None else not result

        return inverse
    return matcher


def _free(node: Node, bound: frozenset[str] = frozenset(), *, certain: bool = False) -> set[str]:
    """The maximal dotted names that `node` reads from outside itself; with `certain`, filters left out."""
    kind = node[0]
    if kind in ("name", "path"):
        dotted = _dotted(node)
        if dotted is not None:
            return set() if dotted.partition(".")[0] in bound else {dotted}
    if kind == "filter" and certain:
        return _free(node[1], bound, certain=True)
    if kind in ("for", "some", "every", "context"):
        found: set[str] = set()
        for name, inner in node[1]:
            found |= _free(inner, bound, certain=certain)
            bound = bound | {name}
        return found if kind == "context" else found | _free(node[2], bound | {"partial"}, certain=certain)
    if kind == "function":
        bound = bound | set(node[1])
    return set().union(*(_free(part, bound, certain=certain) for part in parts(node)))


def _dotted(node: Node) -> str | None:
    parts: list[str] = []
    at: Any = node
    while at[0] == "path":
        parts.append(at[2])
        at = at[1]
    return ".".join([at[1], *reversed(parts)]) if at[0] == "name" else None


def free_names(node: Node, *, certain: bool = False) -> frozenset[str]:
    """The dotted names that the expression reads, built-ins excluded; with `certain`, what filters read left out."""
    given = ("?", "workdays after", "item")
    names = _free(node, certain=certain)
    return frozenset(name for name in names if name not in BUILTINS and name.partition(".")[0] not in given)


def unknown_functions(node: Node, bound: frozenset[str] = frozenset()) -> set[str]:
    """Names that are called but are neither built-in nor defined in the expression itself."""
    if node[0] == "function":
        bound = bound | set(node[1])
    if node[0] == "context":
        bound = bound | {key for key, _ in node[1]}
    found: set[str] = set().union(*(unknown_functions(part, bound) for part in parts(node)))
    if node[0] == "call" and node[1][0] == "name":
        name = node[1][1]
        if name not in BUILTINS and name not in bound and name != "workdays after" and name not in REFUSED:
            found.add(name)
    return found
