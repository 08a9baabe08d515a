"""Reading back the Excel files that the product writes."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Cell = str | float


def rows(body: bytes, number: int = 1) -> list[list[Cell]]:
    """The cells of sheet `number`, row by row; an empty cell is ''."""
    with zipfile.ZipFile(BytesIO(body)) as book:
        shared = _shared(book)
        sheet = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    found: list[list[Cell]] = []
    for row in sheet.iter(f"{_MAIN}row"):
        cells: list[Cell] = []
        for cell in row:
            place = _column(cell.attrib["r"])
            cells += [""] * (place - len(cells))
            cells.append(_value(cell, shared))
        found.append(cells)
    return found


def _shared(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    table = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    return ["".join(part.text or "" for part in one.iter(f"{_MAIN}t")) for one in table]


def _value(cell: ElementTree.Element, shared: list[str]) -> Cell:
    text = "".join(part.text or "" for part in cell.iter() if part.tag in (f"{_MAIN}v", f"{_MAIN}t"))
    kind = cell.attrib.get("t", "n")
    if kind == "s":
        return shared[int(text)]
    return float(text) if kind == "n" and text else text


def _column(reference: str) -> int:
    """Which column a reference like AB12 names, from 0."""
    letters = re.sub(r"\d", "", reference)
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1
