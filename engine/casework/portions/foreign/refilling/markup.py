"""A workbook's XML: its names, its cells, and how places in it are written."""

from __future__ import annotations

import re
from typing import Any

from engine.ground.unpacking.limits import Refused
from engine.ground.unpacking.marked import column_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
KEPT = (
    "sheetPr sheetViews sheetFormatPr cols sheetData sheetProtection autoFilter mergeCells "
    "conditionalFormatting dataValidations printOptions pageMargins pageSetup headerFooter"
).split()
"""The parts of a sheet that make its layout, in the order in which they must stand."""
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def local_name(one: Any) -> str:
    return str(one.tag).rpartition("}")[2]


def area_of(reference: str | None) -> tuple[int, int, int, int]:
    """Top, left, bottom, right: rows from 1, columns from 0. Raises Refused."""
    found = re.match(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\Z", reference or "")
    if found is None:
        raise Refused("这个 Excel 文件打不开：请另存一份再上传。")
    return int(found[2]), column_of(found[1]), int(found[4]), column_of(found[3])


def place_of(reference: str | None) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference or "")
    return int(column_of(letters[0])) if letters else 0


def letters_of(place: int) -> str:
    word = ""
    while place >= 0:
        word = chr(65 + place % 26) + word
        place = place // 26 - 1
    return word


def cell_xml(reference: str, value: Any, style: str | None) -> str:
    """A number, a text, or nothing; a text is a text whatever it begins with."""
    form = f' s="{style}"' if is_number(style) else ""
    if value in (None, ""):
        return f'<c r="{reference}"{form}/>' if form else ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<c r="{reference}"{form}><v>{value!r}</v></c>'
    words = f'<t xml:space="preserve">{escaped(str(value))}</t>'
    return f'<c r="{reference}"{form} t="inlineStr"><is>{words}</is></c>'


def formula_xml(reference: str, formula: str, style: str | None) -> str:
    form = f' s="{style}"' if is_number(style) else ""
    return f'<c r="{reference}"{form}><f>{escaped(formula)}</f></c>'


def escaped(words: str) -> str:
    words = _ILLEGAL.sub("", words)[:32_767]
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def is_number(word: str | None) -> bool:
    return word is not None and re.match(r"\d{1,6}(\.\d+)?\Z", word) is not None
