"""FEEL text to a tree of plain tuples ``(kind, …)``: a lexer and a precedence-climbing parser, bounded in size and depth.

Nodes: ``lit v`` · ``name n`` · ``path node n`` · ``arith op a b`` · ``neg a`` · ``cmp op a b`` · ``and a b`` ·
``or a b`` · ``between v low high`` · ``in v tests`` · ``instance v type`` · ``if c a b`` · ``for pairs body`` ·
``some pairs c`` · ``every pairs c`` · ``list items`` · ``context pairs`` · ``filter v c`` · ``call f args`` ·
``range low high low_closed high_closed`` · ``function params body`` · ``test op v`` · ``dash`` · ``not tests``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Context, Decimal, DecimalException
from typing import Any

from engine.feel.values import FeelSyntaxError

MAX_LENGTH = 2000
MAX_DEPTH = 60
MAX_TREE_DEPTH = 120
"""Of the whole tree, chains such as ``a + b + c`` included: what reads a tree goes down one level at a time."""
Node = tuple[Any, ...]
ARITHMETIC = Context(prec=34, Emax=6144, Emin=-6143)  # decimal128, as the standard says

SPACED = (
    "date and time", "days and time duration", "years and months duration", "days after", "workdays after",
    "spelled date", "string length", "upper case", "lower case", "substring before", "substring after", "starts with", "ends with",
    "list contains", "insert before", "list replace", "index of", "distinct values", "round up", "round down",
    "round half up", "round half down", "day of week", "day of year", "week of year", "month of year", "get value",
    "get entries", "met by", "overlaps before", "overlaps after", "finished by", "started by", "time offset",
    "start included", "end included", "context put", "context merge", "string join",
)  # fmt: skip
KEYWORDS = frozenset(
    "and or not if then else for in return some every satisfies between instance of true false null function".split()
)
_WORD = r"[^\W\d][\w]*"
_TOKEN = r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<number>\d+(?:\.(?!\.)\d+)?(?:[eE][+-]?\d+)?|\.\d+)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<op>\*\*|\.\.|!=|<=|>=|->|[-+*/=<>()\[\]{},:.?@])
  | (?P<spaced>%s)
  | (?P<word>%s)
"""
_HALF_WIDTH = dict(zip("“”＂，（）［］｛｝＝＜＞＋－＊／：．、；", '""",()[]{}=<>+-*/:.,;', strict=True))
_TYPED = {
    **{full: f"这是中文标点，请改用英文的 {half} 。" for full, half in _HALF_WIDTH.items()},
    "≥": "大于等于请写 >= 。", "≤": "小于等于请写 <= 。", "≠": "不等于请写 != 。", "×": "乘请写 * 。", "÷": "除请写 / 。",
    "!": "不等于请写 != ，否定请写 not(…)。", "&": "并且请写 and 。", "|": "或者请写 or 。", "'": "文字请用英文双引号括起来。",
}  # fmt: skip
"""What people type who come from a Chinese keyboard, from Excel or from a programming language, and how FEEL writes it."""
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
_LEXERS: dict[tuple[str, ...], re.Pattern[str]] = {}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "/": "/"}


class Token:
    """One word of the text: its kind, its text and where it stands."""

    __slots__ = ("kind", "position", "text")

    def __init__(self, kind: str, text: str, position: int) -> None:
        self.kind, self.text, self.position = kind, text, position


def _lexer(names: tuple[str, ...]) -> re.Pattern[str]:
    found = _LEXERS.get(names)
    if found is None:
        given = {name for name in names if name.strip() and not re.fullmatch(_WORD, name)}
        spaced = sorted({*SPACED, *given}, key=len, reverse=True)
        alternatives = "|".join(r"\s+".join(map(re.escape, name.split())) + r"(?!\w)" for name in spaced)
        found = _LEXERS[names] = re.compile(_TOKEN % (alternatives, _WORD), re.VERBOSE | re.DOTALL)
        if len(_LEXERS) > 200:
            _LEXERS.pop(next(iter(_LEXERS)))
    return found


def tokens(text: str, names: tuple[str, ...] = ()) -> list[Token]:
    """The words of `text`; names with spaces must be known."""
    if len(text) > MAX_LENGTH:
        raise FeelSyntaxError(f"表达式过长（上限 {MAX_LENGTH} 字）。")
    _require_whole(text)
    lexer, position, found = _lexer(names), 0, []
    while position < len(text):
        match = lexer.match(text, position)
        if match is None:
            hint = _TYPED.get(text[position], "")
            raise FeelSyntaxError(f"第 {position + 1} 个字符“{text[position]}”看不懂。{hint}", position)
        kind = match.lastgroup or ""
        if kind != "space":
            word = re.sub(r"\s+", " ", match.group()) if kind == "spaced" else match.group()
            if kind == "spaced":
                kind = "word"
            elif kind == "word" and word in KEYWORDS:
                kind = "keyword"
            found.append(Token(kind, word, position))
        position = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _shallow(tree: Node) -> Node:
    """The tree as it is. Raises FeelSyntaxError when it is too deep."""
    level: list[Any] = [tree]
    for _ in range(MAX_TREE_DEPTH):
        inner = [part for node in level for part in node if isinstance(part, tuple | list)]
        while any(isinstance(part, list) for part in inner):
            inner = [one for part in inner for one in (part if isinstance(part, list) else [part])]
            inner = [one for one in inner if isinstance(one, tuple | list)]
        if not inner:
            return tree
        level = inner
    raise FeelSyntaxError(f"表达式嵌套过深，或一串连得过长（上限 {MAX_TREE_DEPTH} 层）。")


class Parser:
    """Reads one text; every method leaves the position behind what it read."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self._tokens = tokens(text, tuple(sorted(names)))
        self._at = 0
        self._depth = 0
        self._effort = 10 * len(self._tokens) + 200  # what is tried in two ways could else be tried in 2^n

    # -- entry points -------------------------------------------------------------------------------------------------

    def expression(self) -> Node:
        """The whole text as one expression."""
        node = self._expression()
        self._end()
        return _shallow(node)

    def unary_tests(self) -> Node:
        """The whole text as the cell of a decision table."""
        if self._peek().text == "-" and self._tokens[self._at + 1].kind == "end":
            return ("dash",)
        if self._peek().text == "not" and self._tokens[self._at + 1].text == "(":
            saved = self._at
            self._at += 2
            try:
                tests = self._tests(")")
                self._expect(")")
                if self._peek().kind == "end":
                    return _shallow(("not", tests))
            except FeelSyntaxError:
                pass
            self._at = saved
        tests = self._tests("")
        self._end()
        return _shallow(("tests", tests))

    # -- words --------------------------------------------------------------------------------------------------------

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

    # -- expressions, loosest first -----------------------------------------------------------------------------------

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
        node = self._and()
        while self._take("or"):
            node = ("or", node, self._and())
        return node

    def _and(self) -> Node:
        node = self._comparison()
        while self._take("and"):
            node = ("and", node, self._comparison())
        return node

    def _comparison(self) -> Node:
        node = self._sum()
        while True:
            if operator := self._take("=", "!=", "<", "<=", ">", ">="):
                node = ("cmp", operator, node, self._sum())
            elif self._take("between"):
                low = self._sum()
                self._expect("and")
                node = ("between", node, low, self._sum())
            elif self._take("in"):
                node = ("in", node, self._in_tests())
            elif self._take("instance"):
                self._expect("of")
                node = ("instance", node, self._type())
            else:
                return node

    def _in_tests(self) -> list[Node]:
        if self._peek().text == "(" and self._peek().kind == "op":
            saved = self._at
            self._at += 1
            try:
                tests = self._tests(")")
                self._expect(")")
                return tests
            except FeelSyntaxError:
                self._at = saved
        return [self._test()]

    def _tests(self, closing: str) -> list[Node]:
        found = [self._test()]
        while self._take(","):
            found.append(self._test())
        return found

    def _test(self) -> Node:
        if operator := self._take("<", "<=", ">", ">=", "=", "!="):
            return ("test", operator, self._sum())
        return ("test", "", self._expression() if not self._starts_range() else self._range_or_more())

    def _starts_range(self) -> bool:
        return self._peek().kind == "op" and self._peek().text == "]"

    def _range_or_more(self) -> Node:
        return self._postfix()

    def _sum(self) -> Node:
        node = self._product()
        while operator := self._take("+", "-"):
            node = ("arith", operator, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._power()
        while operator := self._take("*", "/"):
            node = ("arith", operator, node, self._power())
        return node

    def _power(self) -> Node:
        node = self._unary()
        while self._take("**"):
            node = ("arith", "**", node, self._unary())
        return node

    def _unary(self) -> Node:
        negations = 0
        while self._take("-"):
            negations += 1
            if negations > MAX_DEPTH:
                raise FeelSyntaxError("负号过多。")
        node = self._postfix()
        for _ in range(negations):
            node = ("neg", node)
        return node

    def _postfix(self) -> Node:
        node = self._primary()
        for _ in range(MAX_LENGTH):
            if self._take("."):
                token = self._next()
                if token.kind not in ("word", "keyword"):
                    self._at -= 1
                    raise self._wrong("“.”之后应为名称")
                node = ("path", node, token.text)
            elif self._peek().text == "[" and self._peek().kind == "op" and not self._closes_range():
                self._at += 1
                inner = self._expression()
                self._expect("]")
                node = ("filter", node, inner)
            elif self._take("("):
                node = ("call", node, self._arguments())
            else:
                return node
        return node

    def _closes_range(self) -> bool:
        """Whether the ``[`` here ends a range such as ``]1..5[``: nothing that could start a filter follows."""
        following = self._tokens[self._at + 1]
        return self._open_ranges > 0 and (following.kind == "end" or following.text in (")", ",", "and", "or", "]"))

    _open_ranges = 0

    def _arguments(self) -> list[tuple[str | None, Node]]:
        found: list[tuple[str | None, Node]] = []
        while not self._take(")"):
            if found:
                self._expect(",")
            saved, name = self._at, []
            while self._peek().kind in ("word", "keyword"):
                name.append(self._next().text)
            if name and self._take(":"):
                found.append((" ".join(name), self._expression()))
            else:
                self._at = saved
                found.append((None, self._expression()))
        return found

    # -- primaries ----------------------------------------------------------------------------------------------------

    def _primary(self) -> Node:
        token = self._next()
        if token.kind == "number":
            return ("lit", _number(token.text))
        if token.kind == "string":
            return ("lit", _unescape(token.text[1:-1]))
        if token.kind == "word":
            return ("name", token.text)
        reader = _PRIMARIES.get(token.text)
        if reader is None or token.kind == "end":
            self._at -= 1
            raise self._wrong("这里缺少一个值")
        node: Node = reader(self)
        return node

    def _constant(self, value: Any) -> Node:
        return ("lit", value)

    def _at_literal(self) -> Node:
        token = self._next()
        if token.kind != "string":
            self._at -= 1
            raise self._wrong("“@”之后应为日期文字")
        return ("call", ("name", "@"), [(None, ("lit", token.text[1:-1]))])

    def _parenthesis(self) -> Node:
        if operator := self._take("<", "<=", ">", ">="):
            bound = self._expression()
            self._expect(")")
            if operator[0] == "<":
                return ("range", ("lit", None), bound, False, operator == "<=")
            return ("range", bound, ("lit", None), operator == ">=", False)
        node = self._expression()
        if self._take(".."):
            return self._range_end(node, low_closed=False)
        self._expect(")")
        return ("group", node)

    def _bracket(self) -> Node:
        items: list[Node] = []
        if self._take("]"):
            return ("list", items)
        items.append(self._expression())
        if self._take(".."):
            return self._range_end(items[0], low_closed=True)
        while self._take(","):
            items.append(self._expression())
        self._expect("]")
        return ("list", items)

    def _open_range(self) -> Node:
        low = self._expression()
        self._expect("..")
        return self._range_end(low, low_closed=False)

    def _range_end(self, low: Node, low_closed: bool) -> Node:
        self._open_ranges += 1
        high = self._expression()
        self._open_ranges -= 1
        closing = self._take("]", ")", "[")
        if closing is None:
            raise self._wrong("区间没有结束")
        return ("range", low, high, low_closed, closing == "]")

    def _context(self) -> Node:
        pairs: list[tuple[str, Node]] = []
        while not self._take("}"):
            if pairs:
                self._expect(",")
            words = []
            if self._peek().kind == "string":
                words.append(_unescape(self._next().text[1:-1]))
            while self._peek().text != ":":
                token = self._next()
                if token.kind not in ("word", "keyword", "number"):
                    self._at -= 1
                    raise self._wrong("应为名称和“:”")
                words.append(token.text)
            self._expect(":")
            pairs.append((" ".join(words), self._expression()))
        return ("context", pairs)

    def _if(self) -> Node:
        condition = self._expression()
        self._expect("then")
        yes = self._expression()
        self._expect("else")
        return ("if", condition, yes, self._expression())

    def _iterators(self, closing: str) -> list[tuple[str, Node]]:
        pairs = []
        while True:
            name = self._next()
            if name.kind != "word":
                self._at -= 1
                raise self._wrong("应为变量名")
            self._expect("in")
            domain = self._sum()
            if self._take(".."):
                domain = ("range", domain, self._sum(), True, True)
            pairs.append((name.text, domain))
            if not self._take(","):
                self._expect(closing)
                return pairs

    def _for(self) -> Node:
        pairs = self._iterators("return")
        return ("for", pairs, self._expression())

    def _some(self) -> Node:
        pairs = self._iterators("satisfies")
        return ("some", pairs, self._expression())

    def _every(self) -> Node:
        pairs = self._iterators("satisfies")
        return ("every", pairs, self._expression())

    def _function(self) -> Node:
        self._expect("(")
        parameters: list[str] = []
        while not self._take(")"):
            if parameters:
                self._expect(",")
            words = []
            while self._peek().kind == "word":
                words.append(self._next().text)
            if not words:
                raise self._wrong("应为参数名")
            parameters.append(" ".join(words))
            if self._take(":"):
                self._type()
        return ("function", parameters, self._expression())

    def _not(self) -> Node:
        self._expect("(")
        node = self._expression()
        self._expect(")")
        return ("call", ("name", "not"), [(None, node)])

    def _type(self) -> str:
        words = []
        while self._peek().kind in ("word", "keyword") and self._peek().text not in ("and", "or", "then", "else"):
            words.append(self._next().text)
        if self._take("<"):
            while not self._take(">"):
                if self._next().kind == "end":
                    raise FeelSyntaxError("类型没有写完。")
        if not words:
            raise self._wrong("应为类型名")
        return " ".join(words)


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
    _require_whole(found)
    return found


_ESCAPED = r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)"


def _require_whole(text: str) -> None:
    """Half a character and the character zero can be neither stored nor shown. Raises FeelSyntaxError."""
    wrong = next((place for place, one in enumerate(text) if one == "\0" or "\ud800" <= one <= "\udfff"), None)
    if wrong is not None:
        raise FeelSyntaxError("文字里有不完整的字符（半个代理对或空字符），不能保存。", wrong)


# -- walking a tree -------------------------------------------------------------------------------------------------------


def parts(node: Node) -> Iterator[Node]:
    """The nodes directly inside `node`: of pairs and arguments the values, whose names are no nodes."""
    return iter(_PARTS[node[0]](node))


def _paired(node: Node) -> Iterable[Node]:
    return [*(domain for _, domain in node[1]), node[2]]


def _from_first(node: Node) -> Iterable[Node]:
    return node[1:]


def _from_second(node: Node) -> Iterable[Node]:
    return node[2:]


def _listed(node: Node) -> Iterable[Node]:
    return list(node[1])


_PARTS: dict[str, Callable[[Node], Iterable[Node]]] = {
    **dict.fromkeys(("and", "or", "between", "if", "filter", "group", "neg"), _from_first),
    **dict.fromkeys(("arith", "cmp", "test", "function"), _from_second),
    **dict.fromkeys(("for", "some", "every"), _paired),
    **dict.fromkeys(("list", "tests", "not"), _listed),
    **dict.fromkeys(("lit", "name", "dash"), lambda node: ()),
    **dict.fromkeys(("path", "instance"), lambda node: node[1:2]),
    "in": lambda node: [node[1], *node[2]],
    "context": lambda node: [value for _, value in node[1]],
    "call": lambda node: [node[1], *(value for _, value in node[2])],
    "range": lambda node: node[1:3],
}
"""Of each kind of node the nodes inside it; whoever walks a tree asks here."""


_PRIMARIES: dict[str, Any] = {
    "true": lambda p: p._constant(True), "false": lambda p: p._constant(False), "null": lambda p: p._constant(None),
    "@": Parser._at_literal, "(": Parser._parenthesis, "[": Parser._bracket, "]": Parser._open_range,
    "{": Parser._context, "if": Parser._if, "for": Parser._for, "some": Parser._some, "every": Parser._every,
    "function": Parser._function, "not": Parser._not, "?": lambda p: ("name", "?"),
}  # fmt: skip
