"""One normal form for what people type: cleaned before it is judged, stored, compared or looked for.

`line` and `paragraphs` keep the spelling and take out what nobody sees. `identity`, `phone`, `number`,
`whole` and `day` read one kind of value and answer None for everything else: nothing is guessed, nothing is
raised. `key` is for comparing alone: what looks the same has the same key.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation

MAX_ROW = 2**31 - 1
"""The largest key of a row that PostgreSQL's integer holds."""
MAX_DIGITS = 40
MAX_TYPED = 200
"""Longer text than this is no number, no date, no phone:
whoever sends a million digits is answered at once.
"""

_LINE_END = re.compile("\r\n|[\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029]")
_BLANK = re.compile(
    "[^\\S \u3000\n]"
)  # every kind of blank but the two that people type is written as a space
_SEPARATORS = re.compile(r"[\s\-]+")
# Letters and marks that print nothing, besides the controls, formats and surrogates (categories Cc, Cf, Cs).
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_VARIANTS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Only the full-width forms of ASCII: NFKC would also make 2 of ², and 1 of ①, which nobody meant as digits.
_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_DASHES: dict[str, str | int | None] = dict.fromkeys(
    "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63", "-"
)
# What keyboards and fonts offer for the dot in 阿依古丽·买买提.
_DOTS = dict.fromkeys(
    ".\u0387\u02d1\u1427\u16eb\u2022\u2024\u2027\u2219\u22c5\u25cf\u25e6\u2981\u2e31\u2e33\u30fb\ua78f", "·"
)
# Radicals that stand for whole characters in text copied from a PDF: EquivalentUnifiedIdeograph.txt, Unicode;
# NFKC has the others.
_RADICALS = dict(
    zip(
        "⺠⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻰",
        "民西见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐龙",
        strict=True,
    )
)
_ALIKE = str.maketrans({**_DASHES, **_DOTS, **_RADICALS})
_HYPHENS = str.maketrans(_DASHES)
_HAN = "\u3007\u2e80-\u2fdf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WITHIN_NAME = re.compile(f"([{_HAN}·])\\s+(?=[{_HAN}·])")
_NAME_DOT = re.compile(f"([{_HAN}])\\s*[{re.escape(''.join(map(str, _DOTS)))}·]\\s*(?=[{_HAN}])")
_ONE_WAY = re.compile(r"[0-9a-z·\-\u4e00-\u9fff]*\Z")
"""What is written in one way only: most names and addresses."""
_CROSSES = frozenset("xX×✕✖╳хХχΧⅹⅩ")  # what people write for the X of an ID number
_IDENTITY = re.compile(
    r"\d{17}[\dX](\d{2}|\d[1-7]B\d|[1-7][1-4]B\d)?\Z", re.ASCII
)  # + disability type and level
_MOBILE = re.compile(r"1\d{10}\Z", re.ASCII)
_LANDLINE = re.compile(r"(010|02\d|0[3-9]\d\d)(\d{7,8})\Z", re.ASCII)
_CHINA = re.compile(r"(?:\+|00)86|86(?=1\d{10}\Z)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+)?(?:\.\d*)?\Z", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}\Z", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_DAYS = (
    re.compile(r"(\d{4}) ?([-/.。]) ?(?P<month>\d{1,2}) ?\2 ?(?P<day>\d{1,2})\Z", re.ASCII),
    re.compile(r"(\d{4}) ?年 ?(?P<month>\d{1,2}) ?月 ?(?P<day>\d{1,2}) ?[日号]\Z", re.ASCII),
    re.compile(r"(\d{4})(?P<month>\d\d)(?P<day>\d\d)\Z", re.ASCII),
)


# -- what is written -------------------------------------------------------------------------------


def sentence(words: str) -> str:
    """Words that somebody typed as a sentence of a longer text: with one full stop at its end;
    '' for nothing.
    """
    told = words.strip().rstrip("。")
    return told and (told if told[-1] in "！？!?" else f"{told}。")


# -- what is kept ----------------------------------------------------------------------------------


def paragraphs(text: str) -> str:
    """Text of several lines as it is stored: one kind of line end, nothing invisible, no blanks around it."""
    if text.isprintable():  # no line end, no blank but spaces: nothing to put in order
        return text.strip() if text.isascii() else _seen(text).strip()
    return _seen(_BLANK.sub(" ", _LINE_END.sub("\n", text))).strip()


def line(text: str) -> str:
    """Text of one line as it is stored: the spelling as typed, a line end is a space."""
    if text.isprintable() and (text.isascii() or _FILLERS.isdisjoint(text)):
        return text.strip()  # nearly every text: nothing to take out
    return paragraphs(text).replace("\n", " ").strip()


def printable(text: str) -> str:
    """`text` as a file can hold it, with its blanks as they are laid out:
    for what was stored before it was cleaned.
    """
    return _seen(_LINE_END.sub("\n", text))


def _seen(text: str) -> str:
    """`text` without the characters that nobody sees, and that files and databases refuse."""
    if text.isprintable() and _FILLERS.isdisjoint(text):
        return text
    return "".join(letter for letter in text if letter == "\n" or not _unseen(letter))


def _unseen(letter: str) -> bool:
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs") or letter in _FILLERS:
        return True
    return (
        ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF
    )  # no characters at all, by Unicode


def name(text: str) -> str:
    """A person's name in its one form: blanks within a Chinese name (张 三, as wide as three) are none,
    and its dot is one dot whatever it was typed with; the blanks of other names are single.
    """
    plain = line(text)
    if plain.isalpha() and _DOTS.keys().isdisjoint(plain):
        return plain  # nearly every one: neither blank nor dot
    joined = _WITHIN_NAME.sub(r"\1", _NAME_DOT.sub(r"\1·", plain))
    return re.sub(r"\s+", " ", joined)


def half(text: str) -> str:
    """One line with the full-width forms of letters, digits and signs written in half width."""
    return line(text) if text.isascii() else line(line(text).translate(_HALF))


# -- what is compared ------------------------------------------------------------------------------


def key(text: str) -> str:
    """The form in which names and addresses are compared: equal for all that look the same,
    whatever blanks they have.
    """
    if _ONE_WAY.match(text):
        return text
    while (after := _folded(text.translate(_ALIKE)).translate(_ALIKE)) != text:
        text = after
    return text


def username(text: str) -> str:
    """An account's name: phones write the first letter large, and full-width letters are letters."""
    while (after := _folded(text)) != text:
        text = after
    return text


def _folded(text: str) -> str:
    """One pass over case, width, composition and blanks;
    taking a letter out can make the next pass compose others.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _VARIANTS.sub("", text)).casefold())
    return _seen(re.sub(r"\s", "", folded))


# -- what is read ----------------------------------------------------------------------------------


def identity(text: object) -> str | None:
    """The ID number (18) or number of a disability certificate (20 or 22 characters) that `text` spells,
    else None.

    Groups, full width and the crosses that people write for the last X are spelling. Whether such a number
    can exist is not asked here.
    """
    if isinstance(text, str) and _IDENTITY.match(text):
        return text  # nearly every one: as it is stored
    found = ungrouped(text)
    if found[17:18] in _CROSSES:
        found = f"{found[:17]}X{found[18:]}"
    return found if _IDENTITY.match(found) else None


def ungrouped(text: object) -> str:
    """Capitals and digits without the blanks and dashes between groups."""
    return _SEPARATORS.sub("", half(_short(text)).translate(_HYPHENS)).upper()


def _short(value: object) -> str:
    """`value` as text where it can be one of the kinds below at all: '' for what is no text, or too long."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**MAX_DIGITS:
        return str(value)
    return value if isinstance(value, str) and len(value) <= MAX_TYPED else ""


def phone(text: object) -> str | None:
    """A Chinese phone number as it is stored: ``13812345678`` or ``0391-2688888``; None for anything else."""
    digits = re.sub(r"[()]", "", ungrouped(text))
    short = _CHINA.sub("", digits, count=1) if _CHINA.match(digits) else digits
    if _MOBILE.match(short):
        return short
    found = _LANDLINE.match(short if short == digits or short.startswith("0") else f"0{short}")
    return f"{found[1]}-{found[2]}" if found else None


def number(value: object, unit: str = "") -> Decimal | None:
    """The finite number that was typed or sent: ``12,000``, ``１２０００``, ``12000元`` where the unit is 元;
    else None.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return _sent(value)
    text = half(_short(value)).replace("−", "-")
    text = text.removesuffix(unit).rstrip()
    if unit == "元":
        text = text.removeprefix("¥").removeprefix("￥").lstrip()
    if not _NUMBER.match(text) or not re.search(r"\d", text):
        return None
    return Decimal(text.replace(",", "").replace(" ", ""))


def _sent(value: int | float | Decimal) -> Decimal | None:
    """A number that a programme sent."""
    try:
        found = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() else None


def whole(value: object, most: int = MAX_ROW) -> int | None:
    """A row's key, a page or a count from outside: 0 to `most`, in the digits 0 to 9;
    None for anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= most else None
    if not isinstance(value, str) or not _WHOLE.match(value):
        return None
    return int(value) if int(value) <= most else None


def day(text: object) -> date | None:
    """The day that was typed: 2022-05-06, 2022.5.6, 2022/5/6, 2022年5月6日, 20220506, also in full width;
    else None.
    """
    if isinstance(text, date):
        return date(text.year, text.month, text.day)
    written = isinstance(text, str) and _ISO.match(text)  # nearly every one: as browsers send it
    plain = str(text) if written else half(_short(text)).translate(_HYPHENS)
    for form in _DAYS:
        if found := form.match(plain):
            try:
                return date(int(found[1]), int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None
