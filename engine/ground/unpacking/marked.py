"""What the values of a sheet alone do not say: hidden, merged, waiting for a formula, an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from zipfile import ZipFile

from engine.ground.unpacking.limits import HEAD_ROWS, MOST_COLUMNS, MOST_MARKED, MOST_ROWS, Refused

_P = rb"(?:\w+:)?"


_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


_SHEET = re.compile(rb"<" + _P + rb"sheet\s([^>]*)>")
_RELATION = re.compile(rb"<" + _P + rb"Relationship\s([^>]*)>")
_HIDDEN = re.compile(rb"<" + _P + rb"(row|col)\s([^>]*\bhidden\s*=\s*[\"'](?:1|true)[\"'][^>]*)>")
_FAR = re.compile(
    rb"<"
    + _P
    + rb"c\s[^>]*\br\s*=\s*[\"']((?:[A-Z]{3,}|[H-Z][A-Z]|G[S-Z])\d+|[A-Z]+\d{6,})[\"'][^>]*(?<!/)>\s*<(?!/)"
)
"""A cell with a value right of column 200 (GR) or below row 99 999."""
_UNSOLVED = re.compile(
    rb"<"
    + _P
    + rb"c\s([^>]*)>\s*<"
    + _P
    + rb"f(?:\s[^>]*)?(?:/>|>[^<]*</"
    + _P
    + rb"f>)\s*(?:<"
    + _P
    + rb"v(?:\s*/>|></"
    + _P
    + rb"v>)\s*)?</"
    + _P
    + rb"c>"
)
"""A formula without its last result."""
_ERROR = re.compile(rb"<" + _P + rb"c\s([^>]*\bt\s*=\s*[\"']e[\"'][^>]*)>")
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z")
_WINDOW = 1 << 20
_OVERLAP = 40_000
"""More than one cell's XML, which has at most 32 767 characters of text."""


class Seen:
    """What a pass over the sheet's XML shows: what is hidden, and cells that have no value to read.

    It also refuses what reaches too far, before anybody allots memory for all that lies between.
    """

    def __init__(self, packed: ZipFile | None, sheet: str) -> None:
        self.hidden_columns: set[int] = set()
        self.flags: dict[int, dict[str, str]] = {}
        """By row: its cells' flags, by column from 0; under ``row`` what is true of the whole row."""
        self._marked = 0
        if packed is None:
            return
        try:
            with packed.open(_part(packed, sheet)) as xml:
                self._pass(xml)
        except KeyError as error:
            raise Refused("这个 Excel 文件打不开：请另存一份再上传。") from error

    def _pass(self, xml: Any) -> None:
        rest = b""
        while chunk := xml.read(_WINDOW):
            window = rest + chunk
            for found in _FAR.finditer(window):
                _require_near(found[1].decode())
            for kind, pattern in (("formula", _UNSOLVED), ("error", _ERROR)):
                for found in pattern.finditer(window):
                    self._flag(_attributes(found[1]).get("r", ""), kind)
            for found in _HIDDEN.finditer(window):
                self._hide(found[1], _attributes(found[2]))
            rest = window[-_OVERLAP:]

    def _flag(self, reference: str, kind: str) -> None:
        place = _CELL.match(reference)
        if place is not None:
            self._set(int(place[2]), str(column_of(place[1])), kind)

    def _set(self, row: int, column: str, kind: str) -> None:
        flags = self.flags.setdefault(row, {})
        if column not in flags:
            self._marked += column != "row"
            flags[column] = kind
        if self._marked > MOST_MARKED:
            raise Refused("合并的单元格、没有结果的公式或错误值太多：请另存一份只有数值的表再上传。")

    def _hide(self, kind: bytes, attributes: dict[str, str]) -> None:
        try:
            if kind == b"row":
                self._set(int(attributes["r"]), "row", "hidden")
            else:
                first, last = int(attributes["min"]), int(attributes["max"])
                self.hidden_columns.update(range(first - 1, min(last, MOST_COLUMNS)))
        except (KeyError, ValueError):
            return

    def merge(self, ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        """Flag the cells that were merged into the first of their range."""
        for (top, left), (bottom, right) in ranges:
            for row in range(top, min(bottom, MOST_ROWS + HEAD_ROWS) + 1):
                for column in range(left, min(right, MOST_COLUMNS) + 1):
                    if (row, column) != (top, left):
                        self._set(row + 1, str(column), "merged")


def _part(packed: ZipFile, sheet: str) -> str:
    """The part of the file in which a sheet lies."""
    links = {}
    for found in _RELATION.finditer(packed.read("xl/_rels/workbook.xml.rels")):
        link = _attributes(found[1])
        links[link.get("Id", "")] = link.get("Target", "")
    names = [_attributes(found[1]) for found in _SHEET.finditer(packed.read("xl/workbook.xml"))]
    place = next((one for one in names if one.get("name") == sheet), names[0] if names else {})
    key = next((value for name, value in place.items() if name.endswith(":id")), "")
    target = links[key]
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"


def _attributes(raw: bytes) -> dict[str, str]:
    from html import unescape

    found = _ATTRIBUTE.findall(raw.decode("utf-8", "replace"))
    return {name: unescape(double or single) for name, double, single in found}


def column_of(letters: str) -> int:
    """The column's place from 0."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _require_near(reference: str) -> None:
    place = re.match(r"([A-Z]+)(\d+)", reference)
    if place is None:
        return
    if column_of(place[1][:4]) >= MOST_COLUMNS:
        raise Refused(f"单元格 {reference} 有内容：一张表最多 {MOST_COLUMNS} 列，请删去多余的列。")
    if int(place[2][:12]) > MOST_ROWS + HEAD_ROWS:
        raise Refused(f"单元格 {reference} 有内容：一张表最多 {MOST_ROWS:,} 行，请分成几个文件。")
