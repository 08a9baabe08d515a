"""A form that somebody sent, opened and filled: each time in a process of its own, within bounds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from engine.casework.portions.foreign import heads
from engine.casework.portions.foreign.heads import Head, Known
from engine.casework.portions.foreign.refilling import process
from engine.ground import sheets, workbooks
from engine.ground.errors import EngineFault
from engine.ground.text import paragraphs
from engine.ground.unpacking import limits
from engine.ground.workbooks import Line, refused

MOST_BODY = 3_000_000
"""Bytes of an empty form."""
Cell = sheets.Cell


@dataclass(frozen=True)
class Blank:
    """An empty form: its workbook as it is filled, the sheet that is, its head, and what is to be said."""

    body: bytes
    sheet: str
    head: Head
    notes: Sequence[str]
    formulas: Sequence[int] = ()
    """The columns, from 0, that the form reckons itself."""


def opened(body: bytes, filename: str, known: Known, examples: str = "") -> Blank:
    """Look at an empty form (.xlsx, .xls, .csv); `examples` of headings that are ours, for people.

    Raises Invalid, with the sentence under ``file``.
    """
    if len(body) > MOST_BODY:
        raise refused("空表不会超过 3 MB：请删去图片和已填的内容再上传。")
    with workbooks.opened(body, filename, most=heads.MOST_LINES, old=True) as table:
        if table.marks:
            raise refused("这是守望自己的导入模板，不是别处的空表：请到下载它的页面上传。")
        lines, notes = list(table.lines), _notes(table)
    head = heads.found(lines, table.merges, known, examples)
    for column in head.columns:
        if column.path and column.place in table.hidden_columns:
            raise refused(f"“{column.title}”这一列在表里是隐藏的：请取消隐藏，不要的列请删去，再上传。")
    if not body.startswith(b"PK"):
        body = _as_workbook(lines, table.merges, head)
        notes.append("这不是 .xlsx 文件：填好的表是 .xlsx，表头和合并照旧，字体和颜色没有保留。")
        found = Blank(body, _SHEET, head, notes)
    else:
        found = Blank(body, table.sheet, head, notes)
    with Filling(found, ()) as trial:  # what cannot be filled is said now
        trial.bytes()
    return Blank(found.body, found.sheet, head, [*notes, *trial.notes], trial.formulas)


def _notes(table: workbooks.Table) -> list[str]:
    notes = []
    if table.others:
        notes.append(f"只填第一张表“{table.sheet}”；“{'”“'.join(table.others[:5])}”照旧。")
    if table.encoding == "GBK":
        notes.append("文件不是 UTF-8 编码，按 GBK 读。")
    return notes


_SHEET = "表"


def _as_workbook(lines: Sequence[Line], merges: Sequence[Sequence[int]], head: Head) -> bytes:
    """What is no .xlsx as one, with its head and its merges."""
    book = sheets.Book()
    sheet = book.sheet(_SHEET)
    for line in lines:
        named = line.number < head.first and any(column.path for column in head.columns) and line.number > 1
        sheet.row(line.number - 1, line.cells, book.heading if named else None)
    said = {line.number: line.cells for line in lines}
    for top, left, bottom, right in merges:
        row = said.get(top + 1, ())
        sheet.merge(top, left, bottom, right, row[left] if left < len(row) else "", book.heading)
    sheet.widths(0, max(0, len(head.columns) - 1), 14)
    return book.bytes()


class Filling:
    """A form while its rows come: they wait in a file, then the form is built anew with them."""

    def __init__(self, blank: Blank, filled: Sequence[int]) -> None:
        """`filled`: the columns, from 0, that get values; the others keep the form's own formulas."""
        plan = {
            "size": len(blank.body),
            "sheet": blank.sheet,
            "first": blank.head.first,
            "foot": blank.head.foot,
            "filled": list(filled),
        }
        self.notes: Sequence[str] = ()
        self.formulas: Sequence[int] = ()
        self._files = ExitStack()
        self._given: IO[bytes] = self._files.enter_context(TemporaryFile())  # noqa: SIM115
        self._given.write(json.dumps(plan).encode() + b"\n" + blank.body)
        self._further: list[IO[bytes]] = []

    def __enter__(self) -> Filling:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def row(self, cells: Sequence[Cell]) -> None:
        """A row of the form."""
        self._given.write(_written(cells))

    def sheet(self, name: str, widths: Sequence[float]) -> Further:
        """A sheet of ours behind the form's."""
        file = self._files.enter_context(TemporaryFile())  # noqa: SIM115
        file.write(json.dumps({"sheet": name, "widths": list(widths)}).encode() + b"\n")
        self._further.append(file)
        return Further(file)

    def bytes(self) -> bytes:
        """The finished workbook. Raises Invalid for a form that cannot be filled."""
        for file in self._further:
            file.seek(0)
            self._given.writelines(file)
        self._given.seek(0)
        command = workbooks.alone(process)
        with workbooks.in_turn():
            done = subprocess.run(
                command,
                stdin=self._given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                check=False,
            )
        head, _, body = done.stdout.partition(b"\n")
        if not head and done.returncode >= 0:  # a signal is negative
            raise EngineFault("填表的程序没有启动。")
        said: dict[str, Any] = json.loads(head) if head else {"refused": limits.TOO_LARGE}
        if "refused" in said:
            raise refused(said["refused"])
        self.notes, self.formulas = said["notes"], said["formulas"]
        return body


class Further:
    """A sheet of ours whose rows come."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def row(self, cells: Sequence[Cell]) -> None:
        """A row of the sheet."""
        self._file.write(_written(cells))


def _written(cells: Sequence[Cell]) -> bytes:
    return json.dumps([_plain(cell) for cell in cells], ensure_ascii=False).encode() + b"\n"


def _plain(cell: Cell) -> Any:
    if cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return cell
    if isinstance(cell, Decimal):
        return int(cell) if cell == int(cell) else float(cell)
    return paragraphs(str(cell))
