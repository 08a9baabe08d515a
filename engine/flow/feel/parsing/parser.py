"""FEEL text to a tree (nodes.py): a precedence-climbing parser, bounded in size and depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from engine.flow.feel import nodes as n
from engine.flow.feel.nodes import Node
from engine.flow.feel.parsing.literals import number, unescape
from engine.flow.feel.parsing.words import MAX_DEPTH, Words
from engine.flow.feel.parsing.written_types import read_type
from engine.flow.feel.values import FeelSyntaxError

MAX_TREE_DEPTH = 120
"""Of the whole tree, chains such as ``a + b + c`` included:
what reads a tree goes down one level at a time.
"""
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_STARTS = frozenset(("(", "[", "{", "@", "?", "-", "]"))
"""Signs with which an expression can begin."""
_STARTING_WORDS = frozenset(("true", "false", "null", "not", "if", "for", "some", "every", "function"))
Tree = TypeVar("Tree", bound=Node)


class Parser:
    """Reads one text, from the loosest operators to the values."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self._words = Words(text, names)
        self._open_ranges = 0
        # What is tried in two ways could else be tried in 2^n.
        self._effort = 10 * len(self._words.tokens) + 200

    # -- entry points ------------------------------------------------------------------------------

    def expression(self) -> Node:
        """The whole text as one expression."""
        node = self._expression()
        self._words.end()
        return _shallow(node)

    def unary_tests(self) -> n.Cell:
        """The whole text as the cell of a decision table."""
        start = self._words.start()
        if self._words.peek().text == "-" and self._words.tokens[self._words.at + 1].kind == "end":
            return n.Cell(span=(0, len(self._words.text)))
        if self._words.peek().text == "not" and self._words.tokens[self._words.at + 1].text == "(":
            saved = self._words.at
            self._words.at += 2
            try:
                tests = self._tests()
                self._words.expect(")")
                if self._words.peek().kind == "end":
                    return _shallow(n.Cell(tests, negated=True, span=self._words.since(start)))
            except FeelSyntaxError:
                pass
            self._words.at = saved
        tests = self._tests()
        self._words.end()
        return _shallow(n.Cell(tests, span=self._words.since(start)))

    # -- expressions, loosest first ----------------------------------------------------------------

    def _expression(self) -> Node:
        self._effort -= 1
        if self._effort < 0:
            raise FeelSyntaxError("表达式写得过于复杂，读不出来。")
        self._words.deeper()
        try:
            return self._or()
        finally:
            self._words.out()

    def _or(self) -> Node:
        start, node = self._words.start(), self._and()
        while self._words.take("or"):
            node = n.Or(node, self._and(), span=self._words.since(start))
        return node

    def _and(self) -> Node:
        start, node = self._words.start(), self._comparison()
        while self._words.take("and"):
            node = n.And(node, self._comparison(), span=self._words.since(start))
        return node

    def _comparison(self) -> Node:
        start, node = self._words.start(), self._sum()
        while True:
            if operator := self._words.take(*_COMPARISONS):
                node = n.Comparison(operator, node, self._sum(), span=self._words.since(start))
            elif self._words.take("between"):
                low = self._sum()
                self._words.expect("and")
                node = n.Between(node, low, self._sum(), span=self._words.since(start))
            elif self._words.take("in"):
                node = n.In(node, self._in_tests(), span=self._words.since(start))
            elif self._words.take("instance"):
                self._words.expect("of")
                node = n.InstanceOf(node, read_type(self._words), span=self._words.since(start))
            else:
                return node

    def _in_tests(self) -> tuple[n.Test, ...]:
        if self._words.peek().text == "(" and self._words.peek().kind == "op":
            saved = self._words.at
            self._words.at += 1
            try:
                tests = self._tests()
                self._words.expect(")")
                if not (
                    self._words.peek().kind == "op"
                    and self._words.peek().text in ("..", "+", "-", "*", "/", "**")
                ):
                    return tests
            except FeelSyntaxError:
                pass
            self._words.at = saved
        return (self._test(self._sum),)  # ``x in [1..5] and y``: the test ends before ``and``

    def _tests(self) -> tuple[n.Test, ...]:
        found = [self._test(self._expression)]
        while self._words.take(","):
            found.append(self._test(self._expression))
        return tuple(found)

    def _test(self, read: Callable[[], Node]) -> n.Test:
        start = self._words.start()
        operator = self._words.take(*_COMPARISONS) or ""
        return n.Test(operator, self._sum() if operator else read(), span=self._words.since(start))

    def _sum(self) -> Node:
        start, node = self._words.start(), self._product()
        while operator := self._words.take("+", "-"):
            node = n.Arithmetic(operator, node, self._product(), span=self._words.since(start))
        return node

    def _product(self) -> Node:
        start, node = self._words.start(), self._power()
        while operator := self._words.take("*", "/"):
            node = n.Arithmetic(operator, node, self._power(), span=self._words.since(start))
        return node

    def _power(self) -> Node:
        start, node = self._words.start(), self._unary()
        while self._words.take("**"):
            node = n.Arithmetic("**", node, self._unary(), span=self._words.since(start))
        return node

    def _unary(self) -> Node:
        starts = []
        while self._words.peek().kind == "op" and self._words.peek().text == "-":
            starts.append(self._words.next().position)
            if len(starts) > MAX_DEPTH:
                raise FeelSyntaxError("负号过多。")
        node = self._postfix()
        for start in reversed(starts):
            node = n.Negative(node, span=self._words.since(start))
        return node

    def _postfix(self) -> Node:
        start, node = self._words.start(), self._primary()
        while True:
            if self._words.take("."):
                node = n.Member(node, self._member(), span=self._words.since(start))
            elif (
                self._words.peek().text == "["
                and self._words.peek().kind == "op"
                and not self._closes_range()
            ):
                self._words.at += 1
                inner = self._bracketed(self._expression)
                self._words.expect("]")
                node = n.Filter(node, inner, span=self._words.since(start))
            elif self._words.take("("):
                node = n.Call(node, self._bracketed(self._arguments), span=self._words.since(start))
            else:
                return node

    def _member(self) -> str:
        token = self._words.next()
        if token.kind not in ("word", "keyword"):
            self._words.at -= 1
            raise self._words.wrong("“.”之后应为名称")
        return token.text

    def _closes_range(self) -> bool:
        """Whether the ``[`` here ends a range such as ``]1..5[``:
        nothing that could start a filter follows.
        """
        following = self._words.tokens[self._words.at + 1]
        if not self._open_ranges or following.kind in ("word", "number", "string"):
            return False
        if following.text == "]":  # ``[..[]`` ends a list that holds the range, and no filter is empty
            return True
        return following.text not in _STARTS and following.text not in _STARTING_WORDS

    def _bracketed(self, read: Callable[[], Any]) -> Any:
        """What stands in brackets of its own, where no range is open."""
        saved, self._open_ranges = self._open_ranges, 0
        try:
            return read()
        finally:
            self._open_ranges = saved

    def _arguments(self) -> tuple[n.Argument, ...]:
        found: list[n.Argument] = []
        while not self._words.take(")"):
            if found:
                self._words.expect(",")
            start, saved, words = self._words.start(), self._words.at, []
            while self._words.peek().kind in ("word", "keyword"):
                words.append(self._words.next().text)
            name = " ".join(words) if words and self._words.take(":") else None
            if name is None:
                self._words.at = saved
            found.append(n.Argument(name, self._expression(), span=self._words.since(start)))
        return tuple(found)

    # -- primaries ---------------------------------------------------------------------------------

    def _primary(self) -> Node:
        token = self._words.next()
        span = token.position, token.end
        if token.kind == "number":
            return n.Literal(number(token.text), span=span)
        if token.kind == "string":
            return n.Literal(unescape(token.text[1:-1]), span=span)
        if token.kind == "word" or token.text == "?":
            return n.Name(token.text, span=span)
        if token.text in _CONSTANTS and token.kind == "keyword":
            return n.Literal(_CONSTANTS[token.text], span=span)
        reader = _PRIMARIES.get(token.text)
        if reader is None or token.kind == "end":
            self._words.at -= 1
            raise self._words.wrong("这里缺少一个值")
        node: Node = reader(self, token.position)
        return node

    def _at_literal(self, start: int) -> Node:
        token = self._words.next()
        if token.kind != "string":
            self._words.at -= 1
            raise self._words.wrong("“@”之后应为日期文字")
        span = token.position, token.end
        text = n.Argument(None, n.Literal(unescape(token.text[1:-1]), span=span), span=span)
        return n.Call(n.Name("@", span=(start, start + 1)), (text,), span=self._words.since(start))

    def _parenthesis(self, start: int) -> Node:
        if operator := self._words.take(*_COMPARISONS):
            bound = self._bracketed(self._expression)
            self._words.expect(")")
            low, high = (None, bound) if operator[0] == "<" else (bound, None)
            if operator in ("=", "!="):
                low, high = bound, bound
            span = self._words.since(start)
            return n.RangeOf(low, high, operator in (">=", "="), operator in ("<=", "="), operator, span=span)
        node = self._bracketed(self._expression)
        if self._words.take(".."):
            return self._range_end(start, node, low_closed=False)
        self._words.expect(")")
        return n.Group(node, span=self._words.since(start))

    def _bracket(self, start: int) -> Node:
        if self._words.take("]"):
            return n.ListOf((), span=self._words.since(start))
        items = [self._bracketed(self._expression)]
        if self._words.take(".."):
            return self._range_end(start, items[0], low_closed=True)
        while self._words.take(","):
            items.append(self._bracketed(self._expression))
        self._words.expect("]")
        return n.ListOf(tuple(items), span=self._words.since(start))

    def _open_range(self, start: int) -> Node:
        low = self._bracketed(self._expression)
        self._words.expect("..")
        return self._range_end(start, low, low_closed=False)

    def _range_end(self, start: int, low: Node, *, low_closed: bool) -> Node:
        self._open_ranges += 1
        high = self._expression()
        self._open_ranges -= 1
        closing = self._words.take("]", ")", "[")
        if closing is None:
            raise self._words.wrong("区间没有结束")
        return n.RangeOf(low, high, low_closed, closing == "]", span=self._words.since(start))

    def _context(self, start: int) -> Node:
        entries: list[n.Entry] = []
        while not self._words.take("}"):
            if entries:
                self._words.expect(",")
            begins, key = self._words.start(), self._words.key()
            value = self._bracketed(self._expression)
            self._words.declare(key)
            entries.append(n.Entry(key, value, span=self._words.since(begins)))
        return n.ContextOf(tuple(entries), span=self._words.since(start))

    def _if(self, start: int) -> Node:
        condition = self._expression()
        self._words.expect("then")
        yes = self._expression()
        self._words.expect("else")
        return n.If(condition, yes, self._expression(), span=self._words.since(start))

    def _rounds(self, closing: str) -> tuple[n.Round, ...]:
        rounds = []
        while True:
            start, name = self._words.start(), self._words.next()
            if name.kind != "word":
                self._words.at -= 1
                raise self._words.wrong("应为变量名")
            self._words.expect("in")
            domain = self._sum()
            if self._words.take(".."):
                begins = domain.span[0]
                domain = n.RangeOf(domain, self._sum(), True, True, span=self._words.since(begins))
            rounds.append(n.Round(name.text, domain, span=self._words.since(start)))
            if not self._words.take(","):
                self._words.expect(closing)
                return tuple(rounds)

    def _for(self, start: int) -> Node:
        rounds = self._rounds("return")
        return n.For(rounds, self._expression(), span=self._words.since(start))

    def _some(self, start: int) -> Node:
        rounds = self._rounds("satisfies")
        return n.Quantified(True, rounds, self._expression(), span=self._words.since(start))

    def _every(self, start: int) -> Node:
        rounds = self._rounds("satisfies")
        return n.Quantified(False, rounds, self._expression(), span=self._words.since(start))

    def _function(self, start: int) -> Node:
        self._words.expect("(")
        parameters: list[n.Parameter] = []
        while not self._words.take(")"):
            if parameters:
                self._words.expect(",")
            words = []
            while self._words.peek().kind == "word":
                words.append(self._words.next().text)
            if not words:
                raise self._words.wrong("应为参数名")
            declared = read_type(self._words) if self._words.take(":") else None
            parameters.append(n.Parameter(" ".join(words), declared))
        for parameter in parameters:
            self._words.declare(parameter.name)
        if self._words.peek().text == "external":
            raise self._words.wrong("不能调用外部的程序")
        return n.FunctionOf(tuple(parameters), self._expression(), span=self._words.since(start))

    def _not(self, start: int) -> Node:
        self._words.expect("(")
        begins = self._words.start()
        node = self._bracketed(self._expression)
        argument = n.Argument(None, node, span=self._words.since(begins))
        self._words.expect(")")
        return n.Call(n.Name("not", span=(start, start + 3)), (argument,), span=self._words.since(start))


def _shallow(tree: Tree) -> Tree:
    """The tree as it is. Raises FeelSyntaxError when it is too deep."""
    level: list[Node] = [tree]
    for _ in range(MAX_TREE_DEPTH):
        level = [part for node in level for part in node.parts()]
        if not level:
            return tree
    raise FeelSyntaxError(f"表达式嵌套过深，或一串连得过长（上限 {MAX_TREE_DEPTH} 层）。")


_CONSTANTS = {"true": True, "false": False, "null": None}
_PRIMARIES: dict[str, Any] = {
    "@": Parser._at_literal,
    "(": Parser._parenthesis,
    "[": Parser._bracket,
    "]": Parser._open_range,
    "{": Parser._context,
    "if": Parser._if,
    "for": Parser._for,
    "some": Parser._some,
    "every": Parser._every,
    "function": Parser._function,
    "not": Parser._not,
}
