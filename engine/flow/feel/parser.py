"""FEEL text to a tree (engine.feel.nodes): a precedence-climbing parser, bounded in size and depth."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, DecimalException
from typing import Any, TypeVar

from engine.flow.feel import nodes as n
from engine.flow.feel.lexer import Token, is_word, require_whole, tokens
from engine.flow.feel.nodes import Node
from engine.flow.feel.types import ANY, Type
from engine.flow.feel.values import FeelSyntaxError

MAX_DEPTH = 60
MAX_TREE_DEPTH = 120
"""Of the whole tree, chains such as ``a + b + c`` included:
what reads a tree goes down one level at a time.
"""
ARITHMETIC = Context(prec=34, Emax=6144, Emin=-6143)  # decimal128, as the standard says
_WORDS = {
    "且": "and",
    "并且": "and",
    "而且": "and",
    "或": "or",
    "或者": "or",
    "不是": "!=",
    "等于": "=",
    "大于": ">",
    "小于": "<",
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "/": "/"}
_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_STARTS = frozenset(("(", "[", "{", "@", "?", "-", "]"))
"""Signs with which an expression can begin."""
_STARTING_WORDS = frozenset(("true", "false", "null", "not", "if", "for", "some", "every", "function"))
_NAMING = frozenset(("+", "-", "*", "/", ".", "**", ".."))
"""Signs that the key of a context may have within it."""

Tree = TypeVar("Tree", bound=Node)


class Parser:
    """Reads one text; every method leaves the position behind what it read."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self._text = text
        self._names = tuple(sorted(names))
        self._tokens = tokens(text, self._names)
        self._at = 0
        self._depth = 0
        self._open_ranges = 0
        self._effort = 10 * len(self._tokens) + 200  # what is tried in two ways could else be tried in 2^n

    # -- entry points ------------------------------------------------------------------------------

    def expression(self) -> Node:
        """The whole text as one expression."""
        node = self._expression()
        self._end()
        return _shallow(node)

    def unary_tests(self) -> n.Cell:
        """The whole text as the cell of a decision table."""
        start = self._start()
        if self._peek().text == "-" and self._tokens[self._at + 1].kind == "end":
            return n.Cell(span=(0, len(self._text)))
        if self._peek().text == "not" and self._tokens[self._at + 1].text == "(":
            saved = self._at
            self._at += 2
            try:
                tests = self._tests()
                self._expect(")")
                if self._peek().kind == "end":
                    return _shallow(n.Cell(tests, negated=True, span=self._since(start)))
            except FeelSyntaxError:
                pass
            self._at = saved
        tests = self._tests()
        self._end()
        return _shallow(n.Cell(tests, span=self._since(start)))

    # -- words -------------------------------------------------------------------------------------

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _take(self, *texts: str) -> str | None:
        token = self._peek()
        if token.text in texts and token.kind in ("op", "keyword"):
            self._at += 1
            return token.text
        return None

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            raise self._wrong(f"这里应为“{text}”")

    def _end(self) -> None:
        if self._peek().kind != "end":
            raise self._wrong("多出了内容")

    def _start(self) -> int:
        return self._peek().position

    def _since(self, start: int) -> tuple[int, int]:
        """Where what was read from `start` on stands."""
        return start, self._tokens[self._at - 1].end if self._at else start

    def _declare(self, name: str) -> None:
        """A name that is no single word is one from here on, as the standard has it:
        the longest name in sight.
        """
        if not is_word(name) and name not in self._names:
            self._names = (*self._names, name)
            self._tokens[self._at :] = tokens(self._text, self._names, self._peek().position)

    def _wrong(self, reason: str) -> FeelSyntaxError:
        token = self._peek()
        where = f"第 {token.position + 1} 个字符“{token.text}”处" if token.text else "结尾处"
        return FeelSyntaxError(f"{where}：{reason}。{self._advice()}", token.position)

    def _advice(self) -> str:
        """How FEEL writes what is written here as elsewhere."""
        token, before = self._peek(), self._tokens[max(self._at - 1, 0)].text
        if token.text in _WORDS:
            return f"“{token.text}”请写 {_WORDS[token.text]} 。"
        if (before, token.text) == ("=", "="):
            return "等于只写一个 = 。"
        return "不等于请写 != 。" if (before, token.text) == ("<", ">") else ""

    # -- expressions, loosest first ----------------------------------------------------------------

    def _expression(self) -> Node:
        self._depth += 1
        self._effort -= 1
        if self._effort < 0:
            raise FeelSyntaxError("表达式写得过于复杂，读不出来。")
        if self._depth > MAX_DEPTH:
            raise FeelSyntaxError(f"表达式嵌套过深（上限 {MAX_DEPTH} 层）。")
        try:
            return self._or()
        finally:
            self._depth -= 1

    def _or(self) -> Node:
        start, node = self._start(), self._and()
        while self._take("or"):
            node = n.Or(node, self._and(), span=self._since(start))
        return node

    def _and(self) -> Node:
        start, node = self._start(), self._comparison()
        while self._take("and"):
            node = n.And(node, self._comparison(), span=self._since(start))
        return node

    def _comparison(self) -> Node:
        start, node = self._start(), self._sum()
        while True:
            if operator := self._take(*_COMPARISONS):
                node = n.Comparison(operator, node, self._sum(), span=self._since(start))
            elif self._take("between"):
                low = self._sum()
                self._expect("and")
                node = n.Between(node, low, self._sum(), span=self._since(start))
            elif self._take("in"):
                node = n.In(node, self._in_tests(), span=self._since(start))
            elif self._take("instance"):
                self._expect("of")
                node = n.InstanceOf(node, self._type(), span=self._since(start))
            else:
                return node

    def _in_tests(self) -> tuple[n.Test, ...]:
        if self._peek().text == "(" and self._peek().kind == "op":
            saved = self._at
            self._at += 1
            try:
                tests = self._tests()
                self._expect(")")
                if not (self._peek().kind == "op" and self._peek().text in ("..", "+", "-", "*", "/", "**")):
                    return tests
            except FeelSyntaxError:
                pass
            self._at = saved
        return (self._test(self._sum),)  # ``x in [1..5] and y``: the test ends before ``and``

    def _tests(self) -> tuple[n.Test, ...]:
        found = [self._test(self._expression)]
        while self._take(","):
            found.append(self._test(self._expression))
        return tuple(found)

    def _test(self, read: Callable[[], Node]) -> n.Test:
        start = self._start()
        operator = self._take(*_COMPARISONS) or ""
        return n.Test(operator, self._sum() if operator else read(), span=self._since(start))

    def _sum(self) -> Node:
        start, node = self._start(), self._product()
        while operator := self._take("+", "-"):
            node = n.Arithmetic(operator, node, self._product(), span=self._since(start))
        return node

    def _product(self) -> Node:
        start, node = self._start(), self._power()
        while operator := self._take("*", "/"):
            node = n.Arithmetic(operator, node, self._power(), span=self._since(start))
        return node

    def _power(self) -> Node:
        start, node = self._start(), self._unary()
        while self._take("**"):
            node = n.Arithmetic("**", node, self._unary(), span=self._since(start))
        return node

    def _unary(self) -> Node:
        starts = []
        while self._peek().kind == "op" and self._peek().text == "-":
            starts.append(self._next().position)
            if len(starts) > MAX_DEPTH:
                raise FeelSyntaxError("负号过多。")
        node = self._postfix()
        for start in reversed(starts):
            node = n.Negative(node, span=self._since(start))
        return node

    def _postfix(self) -> Node:
        start, node = self._start(), self._primary()
        while True:
            if self._take("."):
                node = n.Member(node, self._member(), span=self._since(start))
            elif self._peek().text == "[" and self._peek().kind == "op" and not self._closes_range():
                self._at += 1
                inner = self._bracketed(self._expression)
                self._expect("]")
                node = n.Filter(node, inner, span=self._since(start))
            elif self._take("("):
                node = n.Call(node, self._bracketed(self._arguments), span=self._since(start))
            else:
                return node

    def _member(self) -> str:
        token = self._next()
        if token.kind not in ("word", "keyword"):
            self._at -= 1
            raise self._wrong("“.”之后应为名称")
        return token.text

    def _closes_range(self) -> bool:
        """Whether the ``[`` here ends a range such as ``]1..5[``:
        nothing that could start a filter follows.
        """
        following = self._tokens[self._at + 1]
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
        while not self._take(")"):
            if found:
                self._expect(",")
            start, saved, words = self._start(), self._at, []
            while self._peek().kind in ("word", "keyword"):
                words.append(self._next().text)
            name = " ".join(words) if words and self._take(":") else None
            if name is None:
                self._at = saved
            found.append(n.Argument(name, self._expression(), span=self._since(start)))
        return tuple(found)

    # -- primaries ---------------------------------------------------------------------------------

    def _primary(self) -> Node:
        token = self._next()
        span = token.position, token.end
        if token.kind == "number":
            return n.Literal(_number(token.text), span=span)
        if token.kind == "string":
            return n.Literal(_unescape(token.text[1:-1]), span=span)
        if token.kind == "word" or token.text == "?":
            return n.Name(token.text, span=span)
        if token.text in _CONSTANTS and token.kind == "keyword":
            return n.Literal(_CONSTANTS[token.text], span=span)
        reader = _PRIMARIES.get(token.text)
        if reader is None or token.kind == "end":
            self._at -= 1
            raise self._wrong("这里缺少一个值")
        node: Node = reader(self, token.position)
        return node

    def _at_literal(self, start: int) -> Node:
        token = self._next()
        if token.kind != "string":
            self._at -= 1
            raise self._wrong("“@”之后应为日期文字")
        span = token.position, token.end
        text = n.Argument(None, n.Literal(_unescape(token.text[1:-1]), span=span), span=span)
        return n.Call(n.Name("@", span=(start, start + 1)), (text,), span=self._since(start))

    def _parenthesis(self, start: int) -> Node:
        if operator := self._take(*_COMPARISONS):
            bound = self._bracketed(self._expression)
            self._expect(")")
            low, high = (None, bound) if operator[0] == "<" else (bound, None)
            if operator in ("=", "!="):
                low, high = bound, bound
            span = self._since(start)
            return n.RangeOf(low, high, operator in (">=", "="), operator in ("<=", "="), operator, span=span)
        node = self._bracketed(self._expression)
        if self._take(".."):
            return self._range_end(start, node, low_closed=False)
        self._expect(")")
        return n.Group(node, span=self._since(start))

    def _bracket(self, start: int) -> Node:
        if self._take("]"):
            return n.ListOf((), span=self._since(start))
        items = [self._bracketed(self._expression)]
        if self._take(".."):
            return self._range_end(start, items[0], low_closed=True)
        while self._take(","):
            items.append(self._bracketed(self._expression))
        self._expect("]")
        return n.ListOf(tuple(items), span=self._since(start))

    def _open_range(self, start: int) -> Node:
        low = self._bracketed(self._expression)
        self._expect("..")
        return self._range_end(start, low, low_closed=False)

    def _range_end(self, start: int, low: Node, *, low_closed: bool) -> Node:
        self._open_ranges += 1
        high = self._expression()
        self._open_ranges -= 1
        closing = self._take("]", ")", "[")
        if closing is None:
            raise self._wrong("区间没有结束")
        return n.RangeOf(low, high, low_closed, closing == "]", span=self._since(start))

    def _context(self, start: int) -> Node:
        entries: list[n.Entry] = []
        while not self._take("}"):
            if entries:
                self._expect(",")
            begins, key = self._start(), self._key()
            value = self._bracketed(self._expression)
            self._declare(key)
            entries.append(n.Entry(key, value, span=self._since(begins)))
        return n.ContextOf(tuple(entries), span=self._since(start))

    def _key(self) -> str:
        """The key of an entry, up to and with its colon."""
        if self._peek().kind == "string":
            key = _unescape(self._next().text[1:-1])
            self._expect(":")
            return key
        first, signs = self._peek(), False
        while self._peek().text != ":":
            token = self._next()
            signs = signs or token.kind == "op"
            if token.kind not in ("word", "keyword", "number") and token.text not in _NAMING:
                self._at -= 1
                raise self._wrong("应为名称和“:”")
        written = self._text[first.position : self._tokens[self._at - 1].end]
        if self._peek() is first or (signs and first.kind != "word"):
            raise self._wrong("应为名称和“:”")
        self._expect(":")
        return re.sub(r"\s+", " ", written)

    def _if(self, start: int) -> Node:
        condition = self._expression()
        self._expect("then")
        yes = self._expression()
        self._expect("else")
        return n.If(condition, yes, self._expression(), span=self._since(start))

    def _rounds(self, closing: str) -> tuple[n.Round, ...]:
        rounds = []
        while True:
            start, name = self._start(), self._next()
            if name.kind != "word":
                self._at -= 1
                raise self._wrong("应为变量名")
            self._expect("in")
            domain = self._sum()
            if self._take(".."):
                begins = domain.span[0]
                domain = n.RangeOf(domain, self._sum(), True, True, span=self._since(begins))
            rounds.append(n.Round(name.text, domain, span=self._since(start)))
            if not self._take(","):
                self._expect(closing)
                return tuple(rounds)

    def _for(self, start: int) -> Node:
        rounds = self._rounds("return")
        return n.For(rounds, self._expression(), span=self._since(start))

    def _some(self, start: int) -> Node:
        rounds = self._rounds("satisfies")
        return n.Quantified(True, rounds, self._expression(), span=self._since(start))

    def _every(self, start: int) -> Node:
        rounds = self._rounds("satisfies")
        return n.Quantified(False, rounds, self._expression(), span=self._since(start))

    def _function(self, start: int) -> Node:
        self._expect("(")
        parameters: list[n.Parameter] = []
        while not self._take(")"):
            if parameters:
                self._expect(",")
            words = []
            while self._peek().kind == "word":
                words.append(self._next().text)
            if not words:
                raise self._wrong("应为参数名")
            declared = self._type() if self._take(":") else None
            parameters.append(n.Parameter(" ".join(words), declared))
        for parameter in parameters:
            self._declare(parameter.name)
        if self._peek().text == "external":
            raise self._wrong("不能调用外部的程序")
        return n.FunctionOf(tuple(parameters), self._expression(), span=self._since(start))

    def _not(self, start: int) -> Node:
        self._expect("(")
        begins = self._start()
        node = self._bracketed(self._expression)
        argument = n.Argument(None, node, span=self._since(begins))
        self._expect(")")
        return n.Call(n.Name("not", span=(start, start + 3)), (argument,), span=self._since(start))

    # -- types -------------------------------------------------------------------------------------

    def _type(self) -> Type:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeelSyntaxError(f"表达式嵌套过深（上限 {MAX_DEPTH} 层）。")
        try:
            return self._whole_type(self._type_name())
        finally:
            self._depth -= 1

    def _whole_type(self, name: str) -> Type:
        if not self._take("<"):
            return Type(name)
        if name == "context":
            keys, parts = self._keyed_types()
            return Type(name, parts, keys)
        parts = self._types()
        if name != "function":
            return Type(name, parts)
        return Type(name, parts, answer=self._type() if self._take("->") else ANY)

    def _type_name(self) -> str:
        if self._take("function"):
            return "function"
        start = self._start()
        while self._peek().kind == "word" or (self._peek().text == "." and self._start() > start):
            self._at += 1
        if self._start() == start:
            raise self._wrong("应为类型名")
        return re.sub(r"\s+", " ", self._text[start : self._tokens[self._at - 1].end])

    def _types(self) -> tuple[Type, ...]:
        found: list[Type] = []
        while not self._take(">"):
            if found:
                self._expect(",")
            found.append(self._type())
        return tuple(found)

    def _keyed_types(self) -> tuple[tuple[str, ...], tuple[Type, ...]]:
        keys: list[str] = []
        types: list[Type] = []
        while not self._take(">"):
            if keys:
                self._expect(",")
            keys.append(self._key())
            types.append(self._type())
        return tuple(keys), tuple(types)


def _shallow(tree: Tree) -> Tree:
    """The tree as it is. Raises FeelSyntaxError when it is too deep."""
    level: list[Node] = [tree]
    for _ in range(MAX_TREE_DEPTH):
        level = [part for node in level for part in node.parts()]
        if not level:
            return tree
    raise FeelSyntaxError(f"表达式嵌套过深，或一串连得过长（上限 {MAX_TREE_DEPTH} 层）。")


def _number(text: str) -> Decimal:
    """A number as the standard keeps it: 34 digits, up to 10^6144."""
    try:
        return ARITHMETIC.create_decimal(text)
    except DecimalException as error:
        raise FeelSyntaxError(f"数字“{text[:40]}”过大。") from error


def _unescape(text: str) -> str:
    """The text of a literal: ``\\uD83D\\uDE00`` is one character, as in JSON."""

    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) > 5:
            return bytes.fromhex(code[1:5] + code[7:]).decode("utf-16-be")
        if code[0] not in "uU" or len(code) == 1:
            return _ESCAPES.get(code, "\\" + code)
        number = int(code[1:], 16)
        if number > 0x10FFFF:
            raise FeelSyntaxError(f"“\\{code}”不是一个字符。")
        return chr(number)

    found = re.sub(_ESCAPED, replace, text, flags=re.DOTALL)
    require_whole(found)
    return found


_ESCAPED = r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)"
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
