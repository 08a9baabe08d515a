"""What can be known of an expression's values without any case: their kind, and comparisons that can never hold.

Kinds are those of engine.feel.values.kind, and ``day``: the text of a date, as forms store it (values.DayText).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice

from engine.feel.evaluate import _dotted
from engine.feel.parser import Node, parts
from engine.feel.values import is_day, kind

Known = Callable[[str], str | None]
"""The kind of a dotted name that is read from outside; None where it can be anything."""

DAY, TEXT, NUMBER, TRUTH, INSTANT = "day", "string", "number", "boolean", "date and time"
WORDS = {
    TEXT: "文字", NUMBER: "数字", TRUTH: "真假", DAY: "日期", "date": "日期", INSTANT: "时刻", "time": "时间",
    "days and time duration": "时长", "years and months duration": "时长", "list": "清单", "context": "一组项目",
    "range": "区间", "function": "函数", "null": "空",
}  # fmt: skip
_UNORDERED = frozenset({TRUTH, "list", "context", "range", "function"})
_DURATIONS = ("days and time duration", "years and months duration")
_ANSWERS: dict[str, tuple[str, ...]] = {
    "date": ("date",),
    INSTANT: ("date and time", "days after", "workdays after"),
    NUMBER: (
        "number", "decimal", "floor", "ceiling", "abs", "modulo", "sqrt", "log", "exp", "count", "sum", "mean", "product",
        "median", "stddev", "round up", "round down", "round half up", "round half down", "string length", "day of year",
        "week of year",
    ),
    TEXT: (
        "string", "substring", "upper case", "lower case", "substring before", "substring after", "replace", "string join",
        "spelled date", "day of week", "month of year",
    ),
    TRUTH: ("not", "contains", "starts with", "ends with", "matches", "list contains", "all", "any"),
    "list": ("sublist", "append", "concatenate", "flatten", "reverse", "distinct values", "union"),
}  # fmt: skip
_RESULTS = {name: answer for answer, names in _ANSWERS.items() for name in names}
"""What the built-in functions answer, where that is always of one kind."""


def kind_of(node: Node, known: Known) -> str | None:
    """The kind of the node's values; None where it can be anything."""
    reader = _READERS.get(node[0])
    return reader(node, known) if reader else _CONSTANT.get(node[0])


def _of_name(node: Node, known: Known) -> str | None:
    dotted = _dotted(node)
    return known(dotted) if dotted is not None else None


def _of_branches(node: Node, known: Known) -> str | None:
    found = {kind_of(branch, known) for branch in node[2:]} - {"null"}
    return found.pop() if len(found) == 1 else None


def _of_call(node: Node, known: Known) -> str | None:
    return _RESULTS.get(node[1][1]) if node[1][0] == "name" else None


def _of_sum(node: Node, known: Known) -> str | None:
    _, operator, left, right = node
    kinds = kind_of(left, known), kind_of(right, known)
    if kinds == (NUMBER, NUMBER):
        return NUMBER
    if operator == "+" and kinds == (TEXT, TEXT):
        return TEXT
    if operator in "+-" and kinds[0] in (DAY, "date") and kinds[1] in _DURATIONS:
        return "date"
    return None


_CONSTANT = {
    **dict.fromkeys(("cmp", "and", "or", "between", "in", "instance", "some", "every"), TRUTH),
    **dict.fromkeys(("list", "for"), "list"),
    "context": "context", "range": "range", "function": "function",
}  # fmt: skip
_READERS: dict[str, Callable[[Node, Known], str | None]] = {
    "lit": lambda node, known: kind(node[1]),
    "name": _of_name,
    "path": _of_name,
    "group": lambda node, known: kind_of(node[1], known),
    "neg": lambda node, known: kind_of(node[1], known),
    "if": _of_branches,
    "call": _of_call,
    "arith": _of_sum,
}


# -- comparisons that can never hold --------------------------------------------------------------------------------------


def never(tree: Node, known: Known) -> Iterator[str]:
    """A sentence for each comparison whose sides can never be of one kind. What stands in a filter is not judged."""
    if tree[0] == "filter":
        yield from never(tree[1], known)
        return
    known = _without(known, _bound(tree))
    if tree[0] == "cmp":
        yield from _compared(tree[1], tree[2], tree[3], known)
    elif tree[0] == "between":
        yield from _once(_compared("<", tree[1], end, known) for end in tree[2:])
    elif tree[0] == "in":
        yield from _once(never_meets(tree[1], test, known) for test in tree[2])
    for part in parts(tree):
        yield from never(part, known)


def never_meets(value: Node, test: Node, known: Known) -> Iterator[str]:
    """The same for one test of a value: ``> 5``, ``[1..5]``, ``"a"``."""
    _, operator, wanted = test
    if operator:
        yield from _compared(operator, value, wanted, known)
        return
    wanted = _bare(wanted)
    if wanted[0] == "range":
        yield from _once(_compared("<", value, end, known) for end in wanted[1:3])
    elif wanted[0] == "list":
        yield from _once(never_meets(value, ("test", "", item), known) for item in wanted[1])
    elif kind_of(wanted, known) != TRUTH or "?" not in _names(wanted):
        yield from _compared("=", value, wanted, known)


def _once(found: Iterable[Iterator[str]]) -> Iterator[str]:
    """Of several comparisons with one value the first that can never hold: the others say the same."""
    yield from islice(chain.from_iterable(found), 1)


def sides(test: Node) -> Iterator[Node]:
    """What one test compares with: both ends of a range, each item of a list."""
    wanted = _bare(test[2])
    if wanted[0] == "range":
        yield from wanted[1:3]
    elif wanted[0] == "list":
        for item in wanted[1]:
            yield from sides(("test", "", item))
    elif "?" not in _names(wanted):
        yield wanted


def _names(node: Node) -> set[str]:
    own = {node[1]} if node[0] == "name" else set()
    return own.union(*(_names(part) for part in parts(node)))


def _bare(node: Node) -> Node:
    return _bare(node[1]) if node[0] == "group" else node


def _bound(node: Node) -> frozenset[str]:
    """Names that mean something else inside the node."""
    if node[0] in ("for", "some", "every", "context"):
        return frozenset(name for name, _ in node[1])
    return frozenset(node[1]) if node[0] == "function" else frozenset()


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
    bare = _bare(text)
    if bare[0] == "lit" and not is_day(str(bare[1])):
        yield f'{written(day)}是日期，同文字“{bare[1]}”相比没有意义：请写 date("2022-06-01") 这样的日期。'


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
    bare = _bare(node)
    dotted = _dotted(bare)
    if dotted is not None:
        return f"“{dotted}”"
    if bare[0] == "lit":
        return f"“{bare[1]}”" if isinstance(bare[1], str) else str(bare[1]).lower()
    if bare[0] == "call" and bare[1][0] == "name":
        return f"{bare[1][1]}(…)"
    return "算出的值"
