"""Formulas of a form that somebody sent: which may stay, and how they move with the rows.

A filled form holds people's numbers. A formula can send them away (WEBSERVICE, HYPERLINK, another workbook,
DDE): only functions that reckon within the workbook stay. It imports nothing of ours: `refilling` runs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MOST = 1000
"""Characters of a formula."""
_ALLOWED = frozenset(
    "SUM SUBTOTAL SUMIF SUMIFS SUMPRODUCT PRODUCT COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS AVERAGE AVERAGEIF "
    "AVERAGEIFS MAX MIN RANK ROUND ROUNDUP ROUNDDOWN INT MOD ABS IF IFERROR AND OR NOT ISBLANK ISNUMBER LEN "
    "LEFT RIGHT MID TEXT VALUE TRIM EXACT CONCATENATE TODAY NOW YEAR MONTH DAY DATE DATEDIF EDATE ROW ROWS "
    "COLUMN VLOOKUP HLOOKUP LOOKUP INDEX MATCH".split()
)
_Row = Callable[[str], str]
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_OUTSIDE = re.compile(r"[\[\]|{}]")
_REFERENCE = re.compile(
    r"(?<![\w.$])(?P<sheet>(?:'[^']*'|[\w.]+)!)?(?P<c1>\$?[A-Z]{1,3})(?P<r1>\$?\d{1,7})"
    r"(?::(?P<c2>\$?[A-Z]{1,3})(?P<r2>\$?\d{1,7}))?(?![\w(])"
)


def harmless(formula: str) -> bool:
    """Whether it only reckons within the workbook."""
    bare = _QUOTED.sub('""', formula)
    called = {name.upper() for name in _CALLED.findall(bare)}
    return len(formula) <= MOST and not _OUTSIDE.search(bare) and called <= _ALLOWED


def copied_down(formula: str, by: int) -> str:
    """The formula `by` rows below: its references go along, but for those with a $."""

    def row(word: str) -> str:
        return word if word.startswith("$") else str(int(word) + by)

    return _each(formula, row, row, other_sheets=True)


def moved(formula: str, foot: int, by: int) -> str:
    """The formula after `by` rows were put in above row `foot`: a range that ended there takes them in."""

    def shifted(least: int) -> _Row:
        def row(word: str) -> str:
            mark, number = word[: word.count("$")], int(word.lstrip("$"))
            return f"{mark}{number + by if number >= least else number}"

        return row

    return _each(formula, shifted(foot), shifted(foot - 1), other_sheets=False)


def _each(formula: str, first: _Row, last: _Row, *, other_sheets: bool) -> str:
    """The formula with the rows of its references written anew; what is quoted stays."""

    def written(found: re.Match[str]) -> str:
        if found["sheet"] and not other_sheets:
            return found[0]
        begins = f"{found['sheet'] or ''}{found['c1']}{first(found['r1'])}"
        return f"{begins}:{found['c2']}{last(found['r2'])}" if found["r2"] else begins

    parts = re.split(r'("(?:[^"]|"")*")', formula)
    return "".join(one if one.startswith('"') else _REFERENCE.sub(written, one) for one in parts)
