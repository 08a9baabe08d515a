"""The words of a FEEL text, read one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.flow.feel.parsing.lexer import Token, is_word, tokens
from engine.flow.feel.parsing.literals import unescape
from engine.flow.feel.values import FeelSyntaxError

MAX_DEPTH = 60
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
_NAMING = frozenset(("+", "-", "*", "/", ".", "**", ".."))
"""Signs that the key of a context may have within it."""


class Words:
    """Where one stands in a text; every method leaves the position behind what it read."""

    def __init__(self, text: str, names: Iterable[str] = ()) -> None:
        self.text = text
        self._names = tuple(sorted(names))
        self.tokens = tokens(text, self._names)
        self.at = 0
        self._depth = 0

    def deeper(self) -> None:
        """One goes into an expression or a type within another. Raises FeelSyntaxError when too deep."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeelSyntaxError(f"表达式嵌套过深（上限 {MAX_DEPTH} 层）。")

    def out(self) -> None:
        """One comes out of it again."""
        self._depth -= 1

    def peek(self) -> Token:
        """The word here."""
        return self.tokens[self.at]

    def next(self) -> Token:
        """The word here, which is read."""
        token = self.tokens[self.at]
        self.at += 1
        return token

    def take(self, *texts: str) -> str | None:
        """One of these signs or words, if it stands here."""
        token = self.peek()
        if token.text in texts and token.kind in ("op", "keyword"):
            self.at += 1
            return token.text
        return None

    def expect(self, text: str) -> None:
        """Go past a sign or word that must stand here."""
        if self.take(text) is None:
            raise self.wrong(f"这里应为“{text}”")

    def end(self) -> None:
        """Nothing may be left."""
        if self.peek().kind != "end":
            raise self.wrong("多出了内容")

    def start(self) -> int:
        """Where the word here begins."""
        return self.peek().position

    def since(self, start: int) -> tuple[int, int]:
        """Where what was read from `start` on stands."""
        return start, self.tokens[self.at - 1].end if self.at else start

    def declare(self, name: str) -> None:
        """A name that is no single word is one from here on, as the standard has it:
        the longest name in sight.
        """
        if not is_word(name) and name not in self._names:
            self._names = (*self._names, name)
            self.tokens[self.at :] = tokens(self.text, self._names, self.peek().position)

    def wrong(self, reason: str) -> FeelSyntaxError:
        """What to say of the word here."""
        token = self.peek()
        where = f"第 {token.position + 1} 个字符“{token.text}”处" if token.text else "结尾处"
        return FeelSyntaxError(f"{where}：{reason}。{self.advice()}", token.position)

    def advice(self) -> str:
        """How FEEL writes what is written here as elsewhere."""
        token, before = self.peek(), self.tokens[max(self.at - 1, 0)].text
        if token.text in _WORDS:
            return f"“{token.text}”请写 {_WORDS[token.text]} 。"
        if (before, token.text) == ("=", "="):
            return "等于只写一个 = 。"
        return "不等于请写 != 。" if (before, token.text) == ("<", ">") else ""

    def key(self) -> str:
        """The key of an entry, up to and with its colon."""
        if self.peek().kind == "string":
            key = unescape(self.next().text[1:-1])
            self.expect(":")
            return key
        first, signs = self.peek(), False
        while self.peek().text != ":":
            token = self.next()
            signs = signs or token.kind == "op"
            if token.kind not in ("word", "keyword", "number") and token.text not in _NAMING:
                self.at -= 1
                raise self.wrong("应为名称和“:”")
        written = self.text[first.position : self.tokens[self.at - 1].end]
        if self.peek() is first or (signs and first.kind != "word"):
            raise self.wrong("应为名称和“:”")
        self.expect(":")
        return re.sub(r"\s+", " ", written)
