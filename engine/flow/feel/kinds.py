"""What can be known of an expression's values without any case: their kind,
and comparisons that can never hold.

Kinds are those of engine.feel.values.kind, and ``day``: the text of a date, as forms store it
(values.DayText).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from engine.flow.feel import nodes as n
from engine.flow.feel.nodes import Node, bare, dotted
from engine.flow.feel.scope import bound_names, free
from engine.flow.feel.values import is_day, kind

Known = Callable[[str], str | None]
"""The kind of a dotted name that is read from outside; None where it can be anything."""

DAY, TEXT, NUMBER, TRUTH, INSTANT = "day", "string", "number", "boolean", "date and time"
WORDS = {
    TEXT: "文字",
    NUMBER: "数字",
    TRUTH: "真假",
    DAY: "日期",
    "date": "日期",
    INSTANT: "时刻",
    "time": "时间",
    "days and time duration": "时长",
    "years and months duration": "时长",
    "list": "清单",
    "context": "一组项目",
    "range": "区间",
    "function": "函数",
    "null": "空",
}
_UNORDERED = frozenset({TRUTH, "list", "context", "range", "function"})
_DURATIONS = ("days and time duration", "years and months duration")
_ANSWERS: dict[str, tuple[str, ...]] = {
    "date": ("date",),
    INSTANT: ("date and time", "days after", "workdays after"),
    NUMBER: (
        "number",
        "decimal",
        "floor",
        "ceiling",
        "abs",
        "modulo",
        "sqrt",
        "log",
        "exp",
        "count",
        "sum",
        "mean",
        "product",
        "median",
        "stddev",
        "round up",
        "round down",
        "round half up",
        "round half down",
        "string length",
        "day of year",
        "week of year",
    ),
    TEXT: (
        "string",
        "substring",
        "upper case",
        "lower case",
        "substring before",
        "substring after",
        "replace",
        "string join",
        "spelled date",
        "day of week",
        "month of year",
    ),
    TRUTH: ("not", "contains", "starts with", "ends with", "matches", "list contains", "all", "any"),
    "list": ("sublist", "append", "concatenate", "flatten", "reverse", "distinct values", "union"),
}
_RESULTS = {name: answer for answer, names in _ANSWERS.items() for name in names}
"""What the built-in functions answer, where that is always of one kind."""


def kind_of(node: Node, known: Known) -> str | None:
    """The kind of the node's values; None where it can be anything."""
    reader = _READERS.get(type(node))
    return reader(node, known) if reader else _CONSTANT.get(type(node))


def _of_name(node: Node, known: Known) -> str | None:
    name = dotted(node)
    return known(name) if name is not None else None


def _of_branches(node: n.If, known: Known) -> str | None:
    found = {kind_of(branch, known) for branch in (node.yes, node.no)} - {"null"}
    return found.pop() if len(found) == 1 else None


def _of_call(node: n.Call, known: Known) -> str | None:
    return _RESULTS.get(node.called or "")


def _of_sum(node: n.Arithmetic, known: Known) -> str | None:
    kinds = kind_of(node.left, known), kind_of(node.right, known)
    if kinds == (NUMBER, NUMBER):
        return NUMBER
    if node.operator == "+" and kinds == (TEXT, TEXT):
        return TEXT
    if node.operator in "+-" and kinds[0] in (DAY, "date") and kinds[1] in _DURATIONS:
        return "date"
    return None


_CONSTANT: dict[type[Node], str] = {
    **dict.fromkeys((n.Comparison, n.And, n.Or, n.Between, n.In, n.InstanceOf, n.Quantified), TRUTH),
    **dict.fromkeys((n.ListOf, n.For), "list"),
    n.ContextOf: "context",
    n.RangeOf: "range",
    n.FunctionOf: "function",
}
_READERS: dict[type[Node], Callable[[Any, Known], str | None]] = {
    n.Literal: lambda node, known: kind(node.value),
    n.Name: _of_name,
    n.Member: _of_name,
    n.Group: lambda node, known: kind_of(node.of, known),
    n.Negative: lambda node, known: kind_of(node.of, known),
    n.If: _of_branches,
    n.Call: _of_call,
    n.Arithmetic: _of_sum,
}


# -- comparisons that can never hold ---------------------------------------------------------------


def never(tree: Node, known: Known) -> Iterator[str]:
    """A sentence for each comparison whose sides can never be of one kind.

    What stands in a filter is not judged.
    """
    if isinstance(tree, n.Filter):
        yield from never(tree.of, known)
        return
    known = _without(known, frozenset(bound_names(tree)))
    if isinstance(tree, n.Comparison):
        yield from _compared(tree.operator, tree.left, tree.right, known)
    elif isinstance(tree, n.Between):
        yield from _once(_compared("<", tree.value, end, known) for end in (tree.low, tree.high))
    elif isinstance(tree, n.In):
        yield from _once(never_meets(tree.value, test, known) for test in tree.tests)
    for part in tree.parts():
        yield from never(part, known)


def never_meets(value: Node, test: n.Test, known: Known) -> Iterator[str]:
    """The same for one test of a value: ``> 5``, ``[1..5]``, ``"a"``."""
    if test.operator:
        yield from _compared(test.operator, value, test.value, known)
        return
    wanted = bare(test.value)
    if isinstance(wanted, n.RangeOf):
        yield from _once(_compared("<", value, end, known) for end in wanted.parts())
    elif isinstance(wanted, n.ListOf):
        yield from _once(never_meets(value, n.Test("", item), known) for item in wanted.items)
    elif kind_of(wanted, known) != TRUTH or not _asks(wanted):
        yield from _compared("=", value, wanted, known)


def _once(found: Iterable[Iterator[str]]) -> Iterator[str]:
    """Of several comparisons with one value the first that can never hold: the others say the same."""
    yield from islice(chain.from_iterable(found), 1)


def sides(test: n.Test) -> Iterator[Node]:
    """What one test compares with: both ends of a range, each item of a list."""
    wanted = bare(test.value)
    if isinstance(wanted, n.RangeOf):
        yield from wanted.parts()
    elif isinstance(wanted, n.ListOf):
        for item in wanted.items:
            yield from sides(n.Test("", item))
    elif not _asks(wanted):
        yield wanted


def _asks(node: Node) -> bool:
    """Whether the node says something of the tested value itself: ``contains(?, "a")``."""
    return "?" in {name.partition(".")[0] for name in free(node)}


def _without(known: Known, names: frozenset[str]) -> Known:
    return known if not names else lambda dotted: None if dotted.partition(".")[0] in names else known(dotted)


def _compared(operator: str, left: Node, right: Node, known: Known) -> Iterator[str]:
    kinds = kind_of(left, known), kind_of(right, known)
    if None in kinds or "null" in kinds:
        return
    if _comparable(operator, *map(str, kinds)):
        if DAY in kinds and TEXT in kinds:
            yield from _days(left if kinds[0] == DAY else right, right if kinds[0] == DAY else left)
        return
    yield _sentence(left, str(kinds[0]), right, str(kinds[1]))


def _comparable(operator: str, left: str, right: str) -> bool:
    if {left, right} in ({DAY, "date"}, {DAY, TEXT}):
        return True
    return left == right and (operator in ("=", "!=") or left not in _UNORDERED)


def _days(day: Node, text: Node) -> Iterator[str]:
    """A date beside a literal text that is none."""
    said = bare(text)
    if isinstance(said, n.Literal) and not is_day(str(said.value)):
        yield f'{written(day)}是日期，同文字“{said.value}”相比没有意义：请写 date("2022-06-01") 这样的日期。'


def _sentence(left: Node, left_kind: str, right: Node, right_kind: str) -> str:
    said = f"{written(left)}是{WORDS[left_kind]}，{written(right)}是{WORDS[right_kind]}，相比永远不会成立"
    return f"{said}{_advice({left_kind, right_kind})}。"


def _advice(kinds: set[str]) -> str:
    if kinds == {TEXT, NUMBER}:
        return "：文字写在英文双引号里，数字不加引号"
    if "list" in kinds:
        return "：清单里有没有一项，请写 list contains(清单, 那一项)"
    if INSTANT in kinds:
        return "：日期同时刻相比，请先用 date(…) 取出日期"
    return ""


def written(node: Node) -> str:
    """What a sentence calls a side of a comparison."""
    side = bare(node)
    name = dotted(side)
    if name is not None:
        return f"“{name}”"
    if isinstance(side, n.Literal):
        return f"“{side.value}”" if isinstance(side.value, str) else str(side.value).lower()
    if isinstance(side, n.Call) and side.called is not None:
        return f"{side.called}(…)"
    return "算出的值"
