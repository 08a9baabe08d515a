"""The sheet that is filled: its rows above and below stay, its formulas and merges follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.casework.portions.foreign.refilling import formulas
from engine.casework.portions.foreign.refilling.markup import (
    HEAD,
    KEPT,
    MAIN,
    area_of,
    cell_xml,
    formula_xml,
    is_number,
    letters_of,
    local_name,
    place_of,
)
from engine.ground.unpacking.limits import MOST_COLUMNS

MOST_MERGES = 20_000


class Form:
    """The sheet that is filled: rows above `first` stay, rows from `foot` on move down."""

    def __init__(self, sheet: Any, plan: Mapping[str, Any]) -> None:
        self.sheet, self.first, self.foot = sheet, int(plan["first"]), int(plan["foot"])
        self.filled = frozenset(plan["filled"])
        self.data = sheet.find(f"{{{MAIN}}}sheetData")
        self.rows = {int(row.get("r", 0)): row for row in self.data}
        self.template = self.rows.get(self.first)
        self.styles, self.formulas = self._pattern()
        self.merges = [area_of(one.get("ref")) for one in sheet.iter(f"{{{MAIN}}}mergeCell")]
        self.room = max(0, self.foot - self.first)
        """Rows that the form has for what is filled in."""

    def _pattern(self) -> tuple[dict[int, str], dict[int, str]]:
        """Formats and formulas of the first row that is filled, by column; else formats of columns."""
        styles: dict[int, str] = {}
        found: dict[int, str] = {}
        for column in self.sheet.iter(f"{{{MAIN}}}col"):
            if column.get("style"):
                last = min(int(column.get("max", 0)), MOST_COLUMNS)
                styles |= dict.fromkeys(range(int(column.get("min", 1)) - 1, last), column.get("style"))
        for cell in self.template if self.template is not None else ():
            place = place_of(cell.get("r"))
            styles[place] = cell.get("s", "0")
            written = cell.find(f"{{{MAIN}}}f")
            if written is not None and place not in self.filled:
                found[place] = written.text
        return styles, found

    def write(self, out: Any, rows: Iterator[list[Any]]) -> None:
        """The whole sheet, its rows as they come."""
        from lxml import etree

        parts = {local_name(one): one for one in self.sheet if local_name(one) != "conditionalFormatting"}
        conditions = self.sheet.findall(f"{{{MAIN}}}conditionalFormatting")
        out.write(f'{HEAD}<worksheet xmlns="{MAIN}">'.encode())
        for name in KEPT:
            if name == "sheetData":
                number = self._data(out, rows)
                self._move(max(0, number - self.room), number)
            elif name == "mergeCells":
                out.write(self._merged())
            elif name == "conditionalFormatting":
                out.writelines(etree.tostring(one) for one in conditions)
            elif name in parts:
                out.write(etree.tostring(parts[name]))
        out.write(b"</worksheet>")

    def _data(self, out: Any, rows: Iterator[list[Any]]) -> int:
        from lxml import etree

        out.write(b"<sheetData>")
        for number in sorted(self.rows):
            if number < self.first:
                out.write(etree.tostring(self.rows[number]))
        count = 0
        for count, cells in enumerate(rows, 1):
            out.write(self._row(self.first + count - 1, cells))
        more = max(0, count - self.room)
        for number in sorted(self.rows):
            if number >= self.first + count + (0 if number < self.foot else -count):
                out.write(self._later(number, more))
        out.write(b"</sheetData>")
        return count

    def _later(self, number: int, more: int) -> bytes:
        """A row below those that are filled: an empty one, or one of the foot, moved down."""
        from lxml import etree

        row = self.rows[number]
        if number >= self.foot and more:
            row.set("r", str(number + more))
            for cell in row:
                cell.set("r", f"{letters_of(place_of(cell.get('r')))}{number + more}")
                for one in cell.iter(f"{{{MAIN}}}f"):
                    one.text = formulas.moved(one.text, self.foot, more)
        found: bytes = etree.tostring(row)
        return found

    def _row(self, number: int, cells: Sequence[Any]) -> bytes:
        width = max([len(cells), *(place + 1 for place in self.styles)])
        written = []
        for place in range(width):
            value = cells[place] if place < len(cells) else None
            formula = self.formulas.get(place) if value in (None, "") else None
            reference = f"{letters_of(place)}{number}"
            written.append(
                formula_xml(
                    reference, formulas.copied_down(formula, number - self.first), self.styles.get(place)
                )
                if formula
                else cell_xml(reference, value, self.styles.get(place))
            )
        return f'<row r="{number}"{self._height()}>{"".join(written)}</row>'.encode()

    def _height(self) -> str:
        row = self.template
        if row is None or not is_number(row.get("ht")):
            return ""
        return f' ht="{row.get("ht")}" customHeight="1"'

    def _move(self, more: int, count: int) -> None:
        """What names places of the sheet follows its rows."""
        self.merges = list(self._moved_merges(more, count))
        for one in self.sheet.iter(f"{{{MAIN}}}autoFilter", f"{{{MAIN}}}dataValidation"):
            name = "ref" if one.get("ref") else "sqref"
            one.set(
                name, " ".join(formulas.moved(area, self.foot, more) for area in one.get(name, "").split())
            )
        for one in self.sheet.iter(f"{{{MAIN}}}conditionalFormatting"):
            one.set("sqref", formulas.moved(one.get("sqref", ""), self.foot, more))

    def _moved_merges(self, more: int, count: int) -> Iterator[tuple[int, int, int, int]]:
        for top, left, bottom, right in self.merges:
            if bottom < self.first:
                yield top, left, bottom, right
            elif top >= self.foot:
                yield top + more, left, bottom + more, right
            elif top == bottom == self.first:
                for row in range(top, top + min(max(count, self.room), MOST_MERGES)):
                    yield row, left, row, right

    def _merged(self) -> bytes:
        areas = [
            f'<mergeCell ref="{letters_of(left)}{top}:{letters_of(right)}{bottom}"/>'
            for top, left, bottom, right in self.merges
        ]
        return f'<mergeCells count="{len(areas)}">{"".join(areas)}</mergeCells>'.encode() if areas else b""
