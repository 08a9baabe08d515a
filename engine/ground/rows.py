"""Tables that people send: Excel and CSV files, and what is pasted from a clipboard, read into rows of texts.

A file from outside is bounded before it is opened: what it unpacks to, how many rows and columns it has. Only
the first sheet counts, of formulas their last result. Nothing is guessed: a file that cannot be read whole is
refused with the sentence that says why, and what to do.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

import openpyxl

from engine.ground import text
from engine.ground.deadline import Deadline
from engine.ground.errors import Invalid
from engine.ground.surroundings import trouble_of

HEAD_ROWS = 10
"""The row of headings is among the first ten."""
MOST_COLUMNS = 60
MOST_CELL = 2000
"""Characters in one cell."""
UNPACKED = 48_000_000
"""Bytes of one sheet, which 20 000 rows of 20 columns do not reach."""
UNPACKED_TEXTS = 24_000_000
"""Bytes of the texts that cells share."""
UNPACKED_OTHER = 2_000_000
"""Bytes of any other part: formats, names, themes."""
MOST_PARTS = 500
SECONDS = 60.0
"""Of the processor, for the cells of one file."""
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")  # .xls, and .xlsx with a password
_EXACT = 10**15
"""Excel keeps fifteen digits of a number: the last ones of an ID number are lost."""
_ASIDE = re.compile(r"[（(\[【].*?[）)\]】]|[*＊:：]")
Cells = list[Any]


@dataclass(frozen=True)
class Row:
    """A row of a table: its number in the sheet (from 1), and its texts by our names of the columns.

    A column that the table lacks is ''.
    """

    number: int
    cells: Mapping[str, str]


def read(body: bytes, filename: str, columns: Mapping[str, Sequence[str]], *, most: int) -> list[Row]:
    """The rows below the headings of an .xlsx, .csv, .tsv or .txt file; empty ones are left out.

    `columns`: our name → the headings that mean it, in whatever width and order. Raises Invalid, with the
    sentence under ``file``, for what is no table, too large (more than `most` rows), or lacks all headings.
    """
    kind = PurePosixPath(filename.lower()).suffix
    if not body:
        raise _refused("文件是空的。")
    if body.startswith(_OLE):
        raise _refused("文件有密码，或者是旧的 .xls 格式：请去掉密码，另存为“Excel 工作簿（.xlsx）”再上传。")
    if body.startswith(b"PK"):
        return _wanted(_excel(body), columns, most)
    if kind in (".csv", ".tsv", ".txt", ""):
        return _wanted(_lines(decoded(body)), columns, most)
    raise _refused("只能读 Excel（.xlsx）和 CSV 文件。")


def pasted(words: str, columns: Mapping[str, Sequence[str]], *, most: int) -> list[Row]:
    """The rows of a pasted table; without a row of headings the columns come in the order of `columns`."""
    lines = list(_lines(words))
    if not any(_found(cells, _meanings(columns)) for _, cells in lines[:1]):
        headings: Cells = [names[0] if names else name for name, names in columns.items()]
        lines.insert(0, (0, headings))
    return _wanted(iter(lines), columns, most)


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, {"file": [sentence]})


# -- which columns are meant -----------------------------------------------------------------------


def _wanted(lines: Iterator[tuple[int, Cells]], columns: Mapping[str, Sequence[str]], most: int) -> list[Row]:
    """The rows below the headings, in our columns."""
    head = list(islice(lines, HEAD_ROWS))
    meanings = _meanings(columns)
    matches = [_found(cells, meanings) for _, cells in head]
    best = max(range(len(matches)), key=lambda place: len(matches[place]), default=-1)
    if best < 0 or len(matches[best]) < min(2, len(columns)):
        names = "、".join(headings[0] for headings in columns.values() if headings)
        raise _refused(f"前 {HEAD_ROWS} 行里没有找到表头，表头应有：{names}。")
    rows: list[Row] = []
    for number, cells in (*head[best + 1 :], *lines):
        texts = dict.fromkeys(columns, "") | _texts(number, cells, matches[best])
        if not any(texts.values()):
            continue
        if len(rows) == most:
            raise _refused(f"表里超过 {most} 行，请分成几个文件。")
        rows.append(Row(number, texts))
    return rows


def _meanings(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {_heading(name): ours for ours, names in columns.items() for name in (ours, *names)}


def _heading(words: object) -> str:
    """A heading without what stands in brackets behind it, as “账号（必填）*”."""
    return text.key(_ASIDE.sub("", str(words)[:MOST_CELL]))


def _found(cells: Cells, meanings: Mapping[str, str]) -> dict[str, int]:
    """Our column → its place in the row `cells`, where those are headings; the first of two alike counts."""
    places: dict[str, int] = {}
    for place, value in enumerate(cells[:MOST_COLUMNS]):
        ours = meanings.get(_heading(value)) if value not in (None, "") else None
        if ours is not None:
            places.setdefault(ours, place)
    return places


def _texts(number: int, cells: Cells, places: Mapping[str, int]) -> dict[str, str]:
    return {name: _text(number, name, cells[place]) for name, place in places.items() if place < len(cells)}


def _text(number: int, column: str, value: Any) -> str:
    """What a cell says. A number that Excel has rounded is refused: nobody can tell what it was."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT:
            raise _refused(
                f"第 {number} 行有一个超过 15 位的数字被 Excel 改成了数值，后几位已丢失：请把这一列设为“文本”，重新填写。"
            )
        return f"{value:.12g}" if isinstance(value, float) else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return str(value)
    said = text.paragraphs(str(value if value is not None else ""))
    if len(said) > MOST_CELL:
        raise _refused(f"第 {number} 行有一格超过 {MOST_CELL} 个字。")
    return said


# -- files -----------------------------------------------------------------------------------------


def _excel(body: bytes) -> Iterator[tuple[int, Cells]]:
    """The rows of the first sheet that have anything in them."""
    _bound(body)
    # Entities are refused by defusedxml; openpyxl raises whatever its parts raise at what it cannot read.
    try:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        if trouble_of(error) is not None:
            raise  # the machine's fault, not the file's
        raise _refused("这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。") from error
    with closing(book):
        if not book.worksheets:
            raise _refused("这个 Excel 文件里没有表。")
        yield from _sheet(book.worksheets[0])


def _sheet(sheet: Any) -> Iterator[tuple[int, Cells]]:
    deadline = Deadline(SECONDS)
    sheet.reset_dimensions()  # what the file says of its size is not believed
    rows = enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True), 1)
    while True:
        try:
            number, values = next(rows, (0, ()))
        except Exception as error:
            if trouble_of(error) is not None:
                raise
            raise _refused("这个 Excel 文件读到一半读不下去：请另存一份再上传。") from error
        if not number:
            return
        if deadline.passed:
            raise _refused("这个 Excel 文件太大，请分成几个。")
        if any(value not in (None, "") for value in values):
            if len(values) > MOST_COLUMNS and values[MOST_COLUMNS] is not None:
                raise _refused(f"表里超过 {MOST_COLUMNS} 列：多余的列请删去。")
            yield number, list(values)


def _bound(body: bytes) -> None:
    """Refuse by the file's own directory what would unpack to too much: no part yields more than it says."""
    try:
        with ZipFile(io.BytesIO(body)) as packed:
            parts = packed.infolist()
    except (BadZipFile, ValueError, OSError) as error:
        raise _refused("这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。") from error
    if len(parts) > MOST_PARTS or any(part.file_size > _most(part.filename) for part in parts):
        raise _refused("这个 Excel 文件太大，请分成几个，删去图片和不用的表。")
    if any(part.flag_bits & 1 for part in parts):
        raise _refused("文件有密码：请去掉密码再上传。")


def _most(part: str) -> int:
    """Bytes that a part of the file may unpack to; pictures are not unpacked."""
    if part.startswith("xl/worksheets/"):
        return UNPACKED
    if part.startswith("xl/media/"):
        return UNPACKED
    return UNPACKED_TEXTS if part == "xl/sharedStrings.xml" else UNPACKED_OTHER


def decoded(body: bytes) -> str:
    """The text of a file from Excel, WPS or a notepad: UTF-8, UTF-16 with its mark, or GB 18030."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("文件里的文字读不出来：请另存为 UTF-8 编码的 CSV，或者 Excel（.xlsx）。")


def _lines(words: str) -> Iterator[tuple[int, Cells]]:
    """The rows of a text that have anything in them, split as the first lines are."""
    split = _split_by(words[:4000])
    try:
        for number, cells in enumerate(split(words), 1):
            if len(cells) > MOST_COLUMNS:
                raise _refused(f"第 {number} 行超过 {MOST_COLUMNS} 列。")
            if any(cell.strip() for cell in cells):
                yield number, list(cells)
    except csv.Error as error:
        raise _refused("文件里的表格读不出来：请另存为 Excel（.xlsx）再上传。") from error


def _split_by(sample: str) -> Any:
    """How rows are split: at tabs, else at commas, else at 、, else at blanks."""
    if "\t" in sample:
        return lambda words: csv.reader(io.StringIO(words, newline=""), delimiter="\t")
    if "," in sample:
        return lambda words: csv.reader(io.StringIO(words, newline=""))
    marks = next((mark for mark in ("，", "、", ";", "；") if mark in sample), None)
    parting = re.compile(f" *{marks} *" if marks else r"[ \u3000]+")
    return lambda words: _parted(words, parting)


def _parted(words: str, parting: re.Pattern[str]) -> Iterable[list[str]]:
    return (parting.split(line.strip()) for line in words.splitlines())
