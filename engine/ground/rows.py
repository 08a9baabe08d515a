"""Tables that people send: Excel and CSV files, and what is pasted from a clipboard, read into rows of texts.

Files are opened in a process of their own (`workbooks`), within bounds. Only the first sheet counts, of
formulas their last result. Nothing is guessed: a file that cannot be read whole is refused with the sentence
that says why, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from engine.ground import text, workbooks
from engine.ground.unpacking import limits, texts
from engine.ground.workbooks import Line, refused

HEAD_ROWS = limits.HEAD_ROWS
_ASIDE = re.compile(r"[（(\[【].*?[）)\]】]|[*＊:：]")
_SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+[1-9]\d\Z", re.ASCII)
_KEPT = re.compile("""="([^"]*)"\\Z|['’](\\d[\\dXx.\\-]*)\\Z""", re.ASCII)
_UNREAD = {
    "digits": "有一个超过 15 位的数字被 Excel 改成了数值，后几位已丢失：请把这一列设为“文本”，重新填写。",
    "long": f"有一格超过 {limits.MOST_CELL} 个字。",
    "error": "有一个公式出错（如 #N/A、#REF!）：请改成数值再上传。",
    "merged": "有合并的单元格：请取消合并，每一行都填上。",
    "formula": "有一个公式还没有算出结果：请用 Excel 打开，保存一次再上传。",
}


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
    with workbooks.opened(body, filename, most=most) as table:
        return _wanted(table.lines, columns, most)


def pasted(words: str, columns: Mapping[str, Sequence[str]], *, most: int) -> list[Row]:
    """The rows of a pasted table; without a row of headings the columns come in the order of `columns`."""
    try:
        lines = [
            Line(number, [text.paragraphs(cell) for cell in cells], {})
            for number, cells in texts.lines(words)
        ]
    except limits.Refused as error:
        raise refused(str(error)) from error
    if not any(_found(line.cells, _meanings(columns)) for line in lines[:1]):
        headings = [names[0] if names else name for name, names in columns.items()]
        lines.insert(0, Line(0, headings, {}))
    return _wanted(iter(lines), columns, most)


# -- which columns are meant -----------------------------------------------------------------------


def _wanted(lines: Iterator[Line], columns: Mapping[str, Sequence[str]], most: int) -> list[Row]:
    """The rows below the headings, in our columns."""
    first = list(islice(lines, HEAD_ROWS))
    meanings = _meanings(columns)
    matches = [_found(line.cells, meanings) for line in first]
    best = max(range(len(matches)), key=lambda place: len(matches[place]), default=-1)
    if best < 0 or len(matches[best]) < min(2, len(columns)):
        names = "、".join(headings[0] for headings in columns.values() if headings)
        raise refused(f"前 {HEAD_ROWS} 行里没有找到表头，表头应有：{names}。")
    rows: list[Row] = []
    for line in (*first[best + 1 :], *lines):
        texts = dict.fromkeys(columns, "") | _texts(line, matches[best])
        if not any(texts.values()):
            continue
        if len(rows) == most:
            raise refused(f"表里超过 {most} 行，请分成几个文件。")
        rows.append(Row(line.number, texts))
    return rows


def _meanings(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {heading(name): ours for ours, names in columns.items() for name in (ours, *names)}


def heading(words: str) -> str:
    """The form in which headings are compared: without what stands in brackets behind, as “账号（必填）*”."""
    return text.key(_ASIDE.sub("", words))


def _found(cells: Sequence[str], meanings: Mapping[str, str]) -> dict[str, int]:
    """Our column → its place in the row `cells`, where those are headings; the first of two alike counts."""
    places: dict[str, int] = {}
    for place, value in enumerate(cells):
        ours = meanings.get(heading(value)) if value else None
        if ours is not None:
            places.setdefault(ours, place)
    return places


def _texts(line: Line, places: Mapping[str, int]) -> dict[str, str]:
    """The texts of a row. What a cell does not say whole is refused: nobody can tell what it was."""
    if line.hidden:
        raise refused(
            f"第 {line.number} 行在表里是隐藏的：请取消隐藏或筛选，核对以后再上传；不要的行请删去。"
        )
    for place in places.values():
        if (sentence := _UNREAD.get(line.flags.get(place, ""))) is not None:
            raise refused(f"第 {line.number} 行{sentence}")
    return {
        name: _plain(line.number, line.cells[place])
        for name, place in places.items()
        if place < len(line.cells)
    }


def _plain(number: int, written: str) -> str:
    """A cell without the marks by which people make Excel keep its digits: ="0123", '0123. A number that a
    CSV file has only as 4.10325E+11 is refused: its last digits are gone.
    """
    if _SHORTENED.match(written):
        raise refused(
            f"第 {number} 行有一个长数字被 Excel 缩写成“{written}”，后几位已丢失：请把这一列设为“文本”，重新填写。"
        )
    marked = _KEPT.match(written)
    return marked[1] or marked[2] if marked is not None else written
