"""Excel files: every cell of every sheet is written here,
so that what people typed is text and never a formula or link.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from engine.ground.text import paragraphs

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_CELL = 32_767
"""The longest text that Excel keeps in a cell."""
MAX_NAME = 31
_NOT_IN_NAME = re.compile(r"[\[\]:*?/\\\s]+")
_OURS = frozenset({"options", "shouwang", "history"})
"""Names of sheets that nobody sees, and one that Excel keeps for itself."""
TEXTS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
Cell = str | int | float | Decimal | date | None


class Book:
    """A workbook in memory. `heading`, `bold`, `share` and `wrap` are the formats that our sheets use;
    `typed`, `known` and `wrong` those of cells that people fill in: texts, open, locked where we know them,
    and marked.
    """

    def __init__(self, *, streaming: bool = False) -> None:
        """With `streaming`, rows leave the memory as they are written, and are written in order."""
        self._body = io.BytesIO()
        # what is streamed lies in files for a while: they go with the book, also where it is never finished
        folder = mkdtemp(prefix="shouwang-")
        self._clear = finalize(self, rmtree, folder, ignore_errors=True)
        options = {"constant_memory": streaming, "tmpdir": folder, **TEXTS}
        self._book = xlsxwriter.Workbook(self._body, options)
        self.bold = self._book.add_format({"bold": True})
        self.heading = self._book.add_format(
            {"bold": True, "border": 1, "bg_color": "#E8EEF5", "text_wrap": True, "valign": "vcenter"}
        )
        self.share = self._book.add_format({"num_format": "0.0%"})
        self.wrap = self._book.add_format({"text_wrap": True, "valign": "top"})
        self.typed = self._book.add_format({"num_format": "@", "locked": False})
        self.known = self._book.add_format({"num_format": "@", "bg_color": "#F0F0F0"})
        self.wrong = self._book.add_format({"num_format": "@", "locked": False, "bg_color": "#FBD5D0"})

    def sheet(self, name: str) -> Sheet:
        """A new sheet; its name is made one that Excel takes, and no other sheet has."""
        clean = _NOT_IN_NAME.sub(" ", paragraphs(name)).strip("' ")[:MAX_NAME].rstrip("' ")
        taken = {one.name.casefold() for one in self._book.worksheets()} | _OURS
        if not clean or clean.casefold() in taken:
            clean = f"{clean[: MAX_NAME - 4]} {len(taken)}".strip()
        return Sheet(self._book.add_worksheet(clean))

    def options(self, lists: Mapping[str, Sequence[str]]) -> None:
        """Names for lists of choices, on a sheet that nobody sees: a list in a rule ends at 255 letters."""
        sheet = self._book.add_worksheet("options")
        for column, (name, words) in enumerate(lists.items()):
            for row, word in enumerate(words):
                sheet.write_string(row, column, word)
            letters = xl_col_to_name(column, col_abs=True)
            self._book.define_name(name, f"=options!{letters}$1:{letters}${max(1, len(words))}")
        sheet.very_hidden()

    def marks(self, name: str, said: Mapping[str, str]) -> None:
        """What the file is, on a sheet that nobody sees: a key and a value in each row."""
        sheet = self._book.add_worksheet(name)
        for row, (key, value) in enumerate(said.items()):
            sheet.write_string(row, 0, key)
            sheet.write_string(row, 1, value)
        sheet.very_hidden()

    def bytes(self) -> bytes:
        """The finished file."""
        self._book.close()
        self._clear()
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

    def merge(self, top: int, left: int, bottom: int, right: int, words: str, form: Any) -> None:
        """Make one place of several cells, and say something in it."""
        self._sheet.merge_range(top, left, bottom, right, "", form)
        self.text(top, left, words, form)

    def head(self, row: int, columns: Iterable[str], form: Any, columns_kept: int = 0) -> None:
        """A heading that stays in view, with the first `columns_kept` columns."""
        self.row(row, columns, form)
        self._sheet.freeze_panes(row + 1, columns_kept)

    def widths(self, first: int, last: int, width: int, form: Any = None) -> None:
        """How wide columns are, in characters."""
        self._sheet.set_column(first, last, width, form)

    def text(self, row: int, column: int, words: str, form: Any) -> None:
        """A text in its format, also an empty one: people fill it in."""
        if words:
            self.cell(row, column, words, form)
        else:
            self._sheet.write_blank(row, column, None, form)

    def choose(self, first: int, last: int, column: int, name: str, *, several: bool = False) -> None:
        """Offer the choices of a name in the rows of a column; with `several`, other texts may stand too."""
        rule = {"validate": "list", "source": f"={name}"}
        if several:
            rule["error_type"] = "information"
        self._sheet.data_validation(first, column, last, column, rule)

    def remark(self, row: int, column: int, words: str) -> None:
        """A remark at a cell."""
        self._sheet.write_comment(row, column, words, {"x_scale": 2})

    def protect(self) -> None:
        """Only open cells may be changed; rows and columns may still be sorted out by who looks."""
        self._sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
