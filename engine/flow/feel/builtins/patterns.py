"""Which regular expressions are quick: Python's own search goes through every way to match,
and cannot be stopped.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, lru_cache
from typing import Any

from engine.flow.feel.temporal import FeelError

MAX_PATTERN = 200
MAX_WAYS = 10_000_000
"""More ways than this for a pattern to match its text are not tried."""
_REPEAT = re.compile(r"\*|\+|\?|\{\d*,\d*\}|\|")
_NESTED = re.compile(r"\([^()]*(?:[|+*?{]|\([^()]*\))[^()]*\)\s*[+*{]")


def quick(pattern: str, longest: int) -> bool:
    """Whether matching a text of `longest` characters cannot take long.

    No repetition or choice inside a repetition, no back-reference; and the longer the text, the fewer
    repetitions.
    """
    bare = re.sub(r"\\.|\[[^\]]*\]", "x", pattern.replace("(?:", "("))
    if len(pattern) > MAX_PATTERN or _NESTED.search(bare) or re.search(r"\\[1-9]|\(\?[^:]", pattern):
        return False
    ways = 1.0 if bare.startswith("^") else longest + 1.0
    for one in _REPEAT.findall(re.sub(r"(?<=[*+?}])\?", "", bare)):  # a lazy repetition is one repetition
        ways *= 2 if one in ("?", "|") else longest + 1
    return ways <= MAX_WAYS


# -- the standard's regular expressions (XPath), read by us and handed on as Python's --------------

_FLAGS = frozenset("smix")
_BLANK = " \t\n\r"
_BLOCKS = {
    "BasicLatin": (0x0, 0x7F),
    "Latin-1Supplement": (0x80, 0xFF),
    "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F),
    "Greek": (0x370, 0x3FF),
    "GreekandCoptic": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF),
    "Thai": (0xE00, 0xE7F),
    "GeneralPunctuation": (0x2000, 0x206F),
    "CJKSymbolsandPunctuation": (0x3000, 0x303F),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "CJKUnifiedIdeographsExtensionA": (0x3400, 0x4DBF),
    "HangulSyllables": (0xAC00, 0xD7A3),
    "CJKCompatibilityIdeographs": (0xF900, 0xFAFF),
    "HalfwidthandFullwidthForms": (0xFF00, 0xFFEF),
}
"""Blocks that ``\\p{Is…}`` can name."""
_CLASSES = {
    "d": r"\d",
    "D": r"\D",
    "w": r"\w",
    "W": r"\W",
    "s": r" \t\n\r",
    "i": r"\w:",
    "c": r"\w:.\-·",
}
_OUTSIDE = {"S": r"[^ \t\n\r]", "I": r"[^\w:]", "C": r"[^\w:.\-·]"}
_SIGNS = frozenset("nrt\\|.?*+(){}-[]^$")
_SPELLED = {"n": r"\n", "r": r"\r", "t": r"\t"}
_COUNT = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")


@cache
def _categories() -> dict[str, str]:
    """Of each category of characters the ranges as they stand in brackets;
    ``L`` is all that begins with it.
    """
    ranges: dict[str, list[list[int]]] = {}
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        for name in (category, category[0]):
            known = ranges.setdefault(name, [])
            if known and known[-1][1] == code - 1:
                known[-1][1] = code
            else:
                known.append([code, code])
    return {
        name: "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in all_) for name, all_ in ranges.items()
    }


class _Reader:
    """Reads one pattern. What it cannot read or what cannot be tried in time raises FeelError."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._text, self._at = _without_blanks(pattern) if "x" in flags else pattern, 0
        self._any = r"(?s:.)" if "s" in flags else r"[^\n\r]"
        self._end = "$" if "m" in flags else r"\Z"
        self._groups: list[int] = []
        self._opened = 0
        self.repeats = self.choices = 0

    def whole(self) -> str:
        found = self._branches()
        if self._at < len(self._text):
            raise FeelError
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _branches(self) -> str:
        found = [self._branch()]
        while self._take("|"):
            self.choices += 1
            found.append(self._branch())
        return "|".join(found)

    def _branch(self) -> str:
        found = ""
        while self._peek() not in ("", "|", ")"):
            before = self.repeats + self.choices
            atom = self._atom()
            found += self._repeated(atom, simple=self.repeats + self.choices == before)
        return found

    def _repeated(self, atom: str, *, simple: bool) -> str:
        counted = _COUNT.match(self._text, self._at)
        if counted:
            sign = counted.group()
            self._at = counted.end()
            fixed = counted.group(2) is None
        elif self._peek() in ("*", "+", "?"):
            sign, fixed = self._peek(), False
            self._at += 1
        else:
            return atom
        if not simple and sign != "?":
            raise FeelError  # a repetition or choice inside a repetition can take for ever
        self.choices += sign == "?"
        self.repeats += sign != "?" and not fixed
        lazy = "?" if not fixed and self._take("?") else ""
        return f"(?:{atom}){sign}{lazy}"

    def _atom(self) -> str:
        sign = self._peek()
        self._at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._escape()
        if sign in ("*", "+", "?", "{", "}", "]"):
            raise FeelError
        return {".": self._any, "$": self._end, "^": "^"}.get(sign) or re.escape(sign)

    def _group(self) -> str:
        captures = not self._take("?:")
        if self._peek() == "?":
            raise FeelError
        self._opened += captures
        number = self._opened
        found = self._branches()
        if not self._take(")"):
            raise FeelError
        if captures:
            self._groups.append(number)
        return f"({found})" if captures else f"(?:{found})"

    def _escape(self) -> str:
        sign = self._peek()
        self._at += 1
        if sign and sign in "123456789":
            if int(sign) not in self._groups:
                raise FeelError
            return f"(?:\\{sign})"
        if sign in _OUTSIDE:
            return _OUTSIDE[sign]
        return f"[{self._escaped(sign)}]"

    def _escaped(self, sign: str) -> str:
        """What an escaped sign stands for, as it is written in brackets."""
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign == "p":
            return self._property()
        if not sign or sign not in _SIGNS:
            raise FeelError
        return _SPELLED.get(sign) or "\\" + sign

    def _property(self) -> str:
        end = self._text.find("}", self._at)
        if not self._take("{") or end < 0:
            raise FeelError
        name, self._at = self._text[self._at : end], end + 1
        if name.startswith("Is") and name[2:] in _BLOCKS:
            low, high = _BLOCKS[name[2:]]
            return f"\\U{low:08x}-\\U{high:08x}"
        if name not in _categories():
            raise FeelError
        return _categories()[name]

    def _class(self) -> str:
        """``[A-Z-[OI]]``: what stands in brackets, less what stands in the inner ones."""
        negated, inside, but = self._take("^"), "", ""
        while not self._take("]"):
            if inside and self._take("-["):
                but = f"(?!{self._class()})"
                if not self._take("]"):
                    raise FeelError
                break
            inside += self._one_of_class()
        if not inside:
            raise FeelError
        return f"{but}[{'^' if negated else ''}{inside}]"

    def _one_of_class(self) -> str:
        sign = self._peek()
        self._at += 1
        if not sign or sign == "[":
            raise FeelError
        if sign != "\\":
            return "-" if self._is_range(sign) else re.escape(sign) if sign != "^" else r"\^"
        escaped = self._peek()
        self._at += 1
        if escaped == "P" or escaped in _OUTSIDE:
            raise FeelError  # what is not of a kind, among others: nobody needs it and Python cannot say it
        return self._escaped(escaped)

    def _is_range(self, sign: str) -> bool:
        """Whether the ``-`` just read stands between two ends."""
        before = self._text[self._at - 2 : self._at - 1]
        return sign == "-" and before not in ("[", "^") and self._peek() not in ("]", "-", "")


def _without_blanks(pattern: str) -> str:
    """The pattern without the blanks outside brackets (flag ``x``)."""
    found, depth, escaped = "", 0, False
    for sign in pattern:
        depth += (sign == "[") - (sign == "]") if not escaped else 0
        escaped = sign == "\\" and not escaped
        found += sign if depth > 0 or sign not in _BLANK else ""
    return found


@lru_cache(maxsize=500)
def _translated(pattern: str, flags: str) -> tuple[re.Pattern[str], int, int]:
    reader = _Reader(pattern, flags)
    written = reader.whole()
    bits = (re.IGNORECASE if "i" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
    try:
        return re.compile(written, bits), reader.repeats, reader.choices
    except (re.error, OverflowError, RecursionError) as error:
        raise FeelError from error


def compiled(pattern: str, flags: Any, longest: int) -> re.Pattern[str]:
    """The pattern for texts of up to `longest` characters.

    Raises FeelError for one that cannot be read or be quick.
    """
    flags = flags or "" if flags is None or isinstance(flags, str) else None
    if flags is None or not set(flags) <= _FLAGS or len(pattern) > MAX_PATTERN:
        raise FeelError
    found, repeats, choices = _translated(pattern, flags)
    ways = (1.0 if pattern.startswith("^") else longest + 1.0) * (longest + 1.0) ** repeats * 2.0**choices
    if ways > MAX_WAYS:
        raise FeelError
    return found
