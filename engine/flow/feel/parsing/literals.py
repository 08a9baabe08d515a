"""Numbers and texts as FEEL writes them, to values."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DecimalException

from engine.flow.feel.parsing.lexer import require_whole
from engine.flow.feel.values import FeelSyntaxError

ARITHMETIC = Context(prec=34, Emax=6144, Emin=-6143)  # decimal128, as the standard says
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'", "/": "/"}
_ESCAPED = r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)"


def number(text: str) -> Decimal:
    """A number as the standard keeps it: 34 digits, up to 10^6144."""
    try:
        return ARITHMETIC.create_decimal(text)
    except DecimalException as error:
        raise FeelSyntaxError(f"数字“{text[:40]}”过大。") from error


def unescape(text: str) -> str:
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
