"""FEEL text to words. Names with blanks or signs in them must be told:
without a scope nobody can know where they end.
"""

from __future__ import annotations

import re

from engine.flow.feel.values import FeelSyntaxError

MAX_LENGTH = 2000
_SPACED = (
    "date and time",
    "days and time duration",
    "years and months duration",
    "days after",
    "workdays after",
    "spelled date",
    "string length",
    "upper case",
    "lower case",
    "substring before",
    "substring after",
    "starts with",
    "ends with",
    "list contains",
    "insert before",
    "list replace",
    "index of",
    "distinct values",
    "round up",
    "round down",
    "round half up",
    "round half down",
    "day of week",
    "day of year",
    "week of year",
    "month of year",
    "get value",
    "get entries",
    "met by",
    "overlaps before",
    "overlaps after",
    "finished by",
    "started by",
    "time offset",
    "start included",
    "end included",
    "context put",
    "context merge",
    "string join",
)
KEYWORDS = frozenset(
    (
        "and or not if then else for in return some every satisfies between instance of true false null "
        "function"
    ).split()
)
_LETTER = "[\\w\U00010000-\U000effff]"
"""What a name is made of; the standard counts all signs beyond the basic plane among letters."""
_NAME = f"(?!\\d){_LETTER}+"
_TOKEN = r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<number>\d+(?:\.(?!\.)\d+)?(?:[eE][+-]?\d+)?|\.\d+)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<spaced>%s)
  | (?P<op>\*\*|\.\.|!=|<=|>=|->|[-+*/=<>()\[\]{},:.?@])
  | (?P<word>%s)
"""
_HALF_WIDTH = dict(zip("“”＂，（）［］｛｝＝＜＞＋－＊／：．、；", '""",()[]{}=<>+-*/:.,;', strict=True))
_TYPED = {
    **{full: f"这是中文标点，请改用英文的 {half} 。" for full, half in _HALF_WIDTH.items()},
    "≥": "大于等于请写 >= 。",
    "≤": "小于等于请写 <= 。",
    "≠": "不等于请写 != 。",
    "×": "乘请写 * 。",
    "÷": "除请写 / 。",
    "!": "不等于请写 != ，否定请写 not(…)。",
    "&": "并且请写 and 。",
    "|": "或者请写 or 。",
    "'": "文字请用英文双引号括起来。",
}
"""What people type who come from a Chinese keyboard, from Excel or from a programming language,
and how FEEL has it.
"""
_LEXERS: dict[tuple[str, ...], re.Pattern[str]] = {}
_MOST_LEXERS = 200


class Token:
    """One word of the text: its kind, its text and where it stands, from `position` up to before `end`."""

    __slots__ = ("end", "kind", "position", "text")

    def __init__(self, kind: str, text: str, position: int, end: int) -> None:
        self.kind, self.text, self.position, self.end = kind, text, position, end


def is_word(name: str) -> bool:
    """Whether a name is one word, which nobody needs to be told."""
    return re.fullmatch(_NAME, name) is not None


def _lexer(names: tuple[str, ...]) -> re.Pattern[str]:
    found = _LEXERS.get(names)
    if found is None:
        given = {name for name in names if name.strip() and not is_word(name)}
        spaced = sorted({*_SPACED, *given}, key=len, reverse=True)
        alternatives = "|".join(r"\s+".join(map(re.escape, name.split())) + r"(?!\w)" for name in spaced)
        found = _LEXERS[names] = re.compile(_TOKEN % (alternatives, _NAME), re.VERBOSE | re.DOTALL)
        if len(_LEXERS) > _MOST_LEXERS:
            _LEXERS.pop(next(iter(_LEXERS)))
    return found


def tokens(text: str, names: tuple[str, ...] = (), start: int = 0) -> list[Token]:
    """The words of `text` from `start` on, and one that is its end. Raises FeelSyntaxError."""
    if len(text) > MAX_LENGTH:
        raise FeelSyntaxError(f"表达式过长（上限 {MAX_LENGTH} 字）。")
    require_whole(text)
    lexer, position, found = _lexer(names), start, []
    while position < len(text):
        match = lexer.match(text, position)
        if match is None:
            hint = _TYPED.get(text[position], "")
            raise FeelSyntaxError(f"第 {position + 1} 个字符“{text[position]}”看不懂。{hint}", position)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_token(kind, match))
        position = match.end()
    found.append(Token("end", "", len(text), len(text)))
    return found


def _token(kind: str, match: re.Match[str]) -> Token:
    word = match.group()
    if kind == "spaced":
        kind, word = "word", re.sub(r"\s+", " ", word)
    elif kind == "word" and word in KEYWORDS:
        kind = "keyword"
    return Token(kind, word, match.start(), match.end())


def require_whole(text: str) -> None:
    """Half a character and the character zero can be neither stored nor shown. Raises FeelSyntaxError."""
    wrong = next(
        (place for place, one in enumerate(text) if one == "\0" or "\ud800" <= one <= "\udfff"), None
    )
    if wrong is not None:
        raise FeelSyntaxError("文字里有不完整的字符（半个代理对或空字符），不能保存。", wrong)
