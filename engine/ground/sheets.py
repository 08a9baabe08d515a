"""Excel files: every cell of every sheet is written here,
so that what people typed is text and never a formula or link.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter

from engine.ground.text import paragraphs

MAX_CELL = 32_767
"""The longest text that Excel keeps in a cell."""
Cell = str | int | float | Decimal | date | None


class Book:
    """A workbook in memory. `heading`, `bold`, `share` and `wrap` are the formats that our sheets use."""

    def __init__(self, *, streaming: bool = False) -> None:
        """With `streaming`, rows leave the memory as they are written, and are written in order."""
        self._body = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._body, {"constant_memory": streaming})
        self.bold = self._book.add_format({"bold": True})
        self.heading = self._book.add_format(
            {"bold": True, "border": 1, "bg_color": "#E8EEF5", "text_wrap": True, "valign": "vcenter"}
        )
        self.share = self._book.add_format({"num_format": "0.0%"})
        self.wrap = self._book.add_format({"text_wrap": True, "valign": "top"})

    def sheet(self, name: str) -> Sheet:
        """A new sheet."""
        return Sheet(self._book.add_worksheet(name))

    def bytes(self) -> bytes:
        """The finished file."""
        self._book.close()
        return self._body.getvalue()


class Sheet:
    """One sheet of a book; rows and columns count from 0."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def cell(self, row: int, column: int, value: Cell, form: Any = None) -> None:
        """A number stays a number; everything else is text, whatever it begins with."""
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            self._sheet.write_number(row, column, value, form)
        elif value is not None and value != "":
            self._sheet.write_string(row, column, paragraphs(str(value))[:MAX_CELL], form)

    def row(self, row: int, values: Iterable[Cell], form: Any = None) -> None:
        """A row of cells from the first column on."""
        for column, value in enumerate(values):
            self.cell(row, column, value, form)

    def head(self, row: int, columns: Iterable[str], form: Any, columns_kept: int = 0) -> None:
        """A heading that stays in view, with the first `columns_kept` columns."""
        self.row(row, columns, form)
        self._sheet.freeze_panes(row + 1, columns_kept)

    def widths(self, first: int, last: int, width: int, form: Any = None) -> None:
        """How wide columns are, in characters."""
        self._sheet.set_column(first, last, width, form)
