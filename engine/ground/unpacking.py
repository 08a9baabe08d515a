"""Runs as a process of its own: opens one file that people sent, and writes its rows as JSON lines.

A spreadsheet of 5 KB can ask for 549 GB, one of 4 MB for a minute of the processor. What such a file kills is
this process and nothing else: its memory and its time are bounded before the first byte is looked at, and
the file's own directory is read before anything is unpacked. It imports nothing of ours.

First line: what the file is (`head`); then ``[number, cells, flags]`` for each row that has anything in it;
last line: ``{"end": rows}``. A file that is refused ends with ``{"refused": sentence}`` instead.
"""

from __future__ import annotations

import csv
import io
import json
import re
import resource
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zipfile import BadZipFile, ZipFile

MEMORY = 900_000_000
"""Bytes of address space: 200 000 rows of 30 columns fit, and what asks for more is no list of people."""
SECONDS = 60
"""Of the processor."""
MOST_ROWS = 200_000
"""Below the headings, whatever a caller asks for."""
MOST_COLUMNS = 200
MOST_CELL = 2000
"""Characters in one cell."""
HEAD_ROWS = 10
"""The row of headings is among the first ten."""
UNPACKED = 400_000_000
"""Bytes of one sheet: 200 000 rows of 30 columns have 360 MB of XML."""
UNPACKED_TEXTS = 200_000_000
"""Bytes of the texts that cells share."""
UNPACKED_OTHER = 5_000_000
"""Bytes of any other part: formats, names, themes."""
MOST_PARTS = 500
MOST_MARKED = 20_000
"""Cells that are merged away, wait for a formula's result, or hold an error: more is a broken file."""
TOLD_MERGES = 300
"""Merged places among the first `FORM_ROWS` rows: a head of two storeys is read by them."""
FORM_ROWS = 40
MARKS = "shouwang"
"""The hidden sheet in which a template of ours says what it is: a key and a value in each row."""
EXACT = 10**15
"""Excel keeps fifteen digits of a number: the last ones of an ID number are lost."""
TOO_LARGE = "文件超出限制：请删去图片、不用的表和空白处的格式，或者分成几个文件再上传。"
OLD = "这是旧的 .xls（或 WPS 的 .et）格式：请另存为“Excel 工作簿（.xlsx）”再上传。"
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_ROUNDED = re.compile(r"[-+]?\d(?:\.\d+)?[Ee]\+(?:1[5-9]|[2-9]\d)\Z")
_BETWEEN = re.compile(r"""[^\s,"]"?\t+"?[^\s,"]""")
"""A tab that parts two texts; at a comma it only makes Excel keep a number's digits."""
_BOOK_BEGINS = bytes.fromhex("0908100000060500")
"""How the stream of a workbook of 97 to 2003 begins."""
_FILEPASS, _FIRST_RECORDS = 0x2F, 8
Cells = list[Any]
Line = tuple[int, Cells, dict[str, str]]


class Refused(Exception):
    """The file is not read; the text is the sentence for people."""


# -- what kind of file -----------------------------------------------------------------------------


def opened(body: bytes, filename: str, *, old: bool = False) -> tuple[dict[str, Any], Iterator[Line]]:
    """What the file is, and its rows; with `old` also workbooks of before 2007. Raises Refused."""
    ending = filename.lower().rpartition(".")[2] if "." in filename else ""
    if not body.strip():
        raise Refused("文件是空的。")
    if body.startswith(_OLE):
        if (why := _old(body)) != OLD or not old:
            raise Refused(why)
        return _sheet(body, None)
    if body.startswith(b"PK"):
        return _excel(body)
    _require_text(body, ending)
    words, encoding = decoded(body)
    return {"sheet": "", "encoding": encoding}, _with_flags(lines(words, strict=True))


def _old(body: bytes) -> str:
    """What is packed in Microsoft's older form: a workbook with a password, or one of before 2007."""
    if "EncryptedPackage".encode("utf-16-le") in body or _has_password(body):
        return "文件有密码，打不开：请在 Excel 里去掉打开密码，另存一份再上传。"
    if "WordDocument".encode("utf-16-le") in body:
        return "这是 Word 文件，不是表格：请上传 Excel（.xlsx）或 CSV 文件。"
    return OLD


def _has_password(body: bytes) -> bool:
    """Whether one of the first records of an .xls says that what follows is encrypted (FILEPASS)."""
    place = body.find(_BOOK_BEGINS)
    for _ in range(_FIRST_RECORDS):
        if not 0 <= place <= len(body) - 4:
            return False
        kind, length = struct.unpack_from("<HH", body, place)
        if kind == _FILEPASS:
            return True
        place += 4 + length
    return False


def _require_text(body: bytes, ending: str) -> None:
    start = body[:2000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")) or b"<table" in start:
        raise Refused("这是网页，只是名字像表格：请用 Excel 打开，另存为“Excel 工作簿（.xlsx）”再上传。")
    if start.startswith(b"<?xml"):
        raise Refused("这是 XML 文件：请用 Excel 打开，另存为“Excel 工作簿（.xlsx）”再上传。")
    if start.startswith((b"%pdf", b"\xff\xd8\xff", b"\x89png", b"rar!", b"7z\xbc")):
        raise Refused("这是 PDF、图片或压缩包，不是表格：请上传 Excel（.xlsx）或 CSV 文件。")
    if ending not in ("csv", "tsv", "txt", "") or (
        b"\0" in start and start[:2] not in (b"\xff\xfe", b"\xfe\xff")
    ):
        raise Refused("只能读 Excel（.xlsx）和 CSV 文件。")


# -- texts -----------------------------------------------------------------------------------------


def decoded(body: bytes) -> tuple[str, str]:
    """The text of a file from Excel, WPS or a notepad, and its encoding: UTF-8, UTF-16 with its mark, or
    GB 18030, of which GBK and GB 2312 are parts.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace"), "UTF-16"
    for encoding, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GBK")):
        try:
            return body.decode(encoding), name
        except UnicodeDecodeError:
            continue
    raise Refused("文件里的文字读不出来：请另存为 UTF-8 编码的 CSV，或者 Excel（.xlsx）。")


def lines(words: str, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """The rows of a text that have anything in them, split as the first lines are.

    With `strict`, as of files, a quotation mark that opens a cell and does not close it is refused: it would
    swallow the rows below. A clipboard's are signs like others.
    """
    split = _split_by(words[:4000])
    number = 0
    try:
        for number, cells in enumerate(split(words, strict), 1):
            if len(cells) > MOST_COLUMNS:
                raise Refused(f"第 {number} 行超过 {MOST_COLUMNS} 列。")
            if any(cell.strip() for cell in cells):
                yield number, list(cells)
    except csv.Error as error:
        sentence = f"第 {number + 1} 行读不出来（引号没有成对，或者一格太长）：请改好，或者另存为 Excel（.xlsx）再上传。"
        raise Refused(sentence) from error


_Split = Callable[[str, bool], Iterable[list[str]]]


def _split_by(sample: str) -> _Split:
    """How rows are split: at tabs, else at commas, else at 、, else at blanks."""
    if "\t" in sample and ("," not in sample or _BETWEEN.search(sample)):
        return lambda words, strict: csv.reader(io.StringIO(words, newline=""), delimiter="\t", strict=strict)
    if "," in sample:
        return lambda words, strict: csv.reader(io.StringIO(words, newline=""), strict=strict)
    marks = next((mark for mark in ("，", "、", ";", "；") if mark in sample), None)
    parting = re.compile(f" *{marks} *" if marks else r"[ \u3000]+")
    return lambda words, _strict: (parting.split(line.strip()) for line in words.splitlines())


def _with_flags(rows: Iterable[tuple[int, list[str]]]) -> Iterator[Line]:
    for number, cells in rows:
        yield _line(number, cells, {})


# -- workbooks -------------------------------------------------------------------------------------


def _excel(body: bytes) -> tuple[dict[str, Any], Iterator[Line]]:
    return _sheet(body, _directory(body))


def _sheet(body: bytes, packed: ZipFile | None) -> tuple[dict[str, Any], Iterator[Line]]:
    """The first sheet that people see, and what our own hidden sheet says. A workbook of before 2007 is not
    packed: of what is hidden in it nothing is known.
    """
    import python_calamine as calamine

    try:
        book = calamine.load_workbook(io.BytesIO(body))
    except calamine.PasswordError as error:
        raise Refused("文件有密码，打不开：请在 Excel 里去掉打开密码，另存一份再上传。") from error
    visible = [one for one in book.sheets_metadata if one.visible == calamine.SheetVisibleEnum.Visible]
    shown = [one.name for one in visible if one.typ == calamine.SheetTypeEnum.WorkSheet]
    if not shown:
        raise Refused("这个 Excel 文件里没有能看见的表：请取消隐藏再上传。")
    seen = _Seen(packed, shown[0])
    sheet = book.get_sheet_by_name(shown[0])
    if sheet.height == 0:
        others = (
            f"；另有“{'”“'.join(shown[1:4])}”，请把要导入的表移到最前面" if shown[1:] else "，没有一格有内容"
        )
        raise Refused(f"第一张表“{shown[0][:40]}”是空的{others}。")
    hidden = MARKS in book.sheet_names and MARKS not in shown
    merged = sheet.merged_cell_ranges or ()
    seen.merge(merged)
    head = {
        "merges": [[*first, *last] for first, last in merged if first[0] < FORM_ROWS][:TOLD_MERGES],
        "sheet": shown[0],
        "others": shown[1:],
        "encoding": "",
        "marks": _marks(book.get_sheet_by_name(MARKS)) if hidden else {},
        "hidden_columns": sorted(seen.hidden_columns),
    }
    return head, _rows(sheet, seen)


def _marks(sheet: Any) -> dict[str, str]:
    told = sheet.to_python(skip_empty_area=False, nrows=50)
    return {str(row[0]): str(row[1])[:MOST_CELL] for row in told if len(row) > 1}


def _rows(sheet: Any, seen: _Seen) -> Iterator[Line]:
    """The rows that have anything in them; their numbers are the sheet's."""
    left = [""] * (sheet.start[1] if sheet.start else 0)  # columns before the first that has anything in it
    for number, filled in enumerate(sheet.iter_rows(), 1):
        values = [*left, *filled]
        flags = seen.flags.get(number, {})
        if flags or any(value != "" for value in values):
            found = _line(number, values, flags)
            if any(found[1]) or "formula" in flags.values():
                yield found


def _directory(body: bytes) -> ZipFile:
    """Refuse by the file's own directory what would unpack to too much, and what is no workbook."""
    try:
        packed = ZipFile(io.BytesIO(body))
        parts = packed.infolist()
    except (BadZipFile, ValueError, OSError) as error:
        raise Refused("这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。") from error
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise Refused(_no_workbook(names))
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("文件有密码，打不开：请去掉密码再上传。")
    if len(parts) > MOST_PARTS or any(part.file_size > _most(part.filename) for part in parts):
        raise Refused(TOO_LARGE)
    return packed


def _no_workbook(names: set[str]) -> str:
    if "xl/workbook.bin" in names:
        return "这是 .xlsb 格式：请另存为“Excel 工作簿（.xlsx）”再上传。"
    if any(name.startswith("word/") for name in names):
        return "这是 Word 文件，不是表格：请上传 Excel（.xlsx）或 CSV 文件。"
    if "mimetype" in names:
        return "这是 OpenDocument 格式（.ods）：请另存为“Excel 工作簿（.xlsx）”再上传。"
    if any(name.lower().endswith((".xlsx", ".xls", ".csv")) for name in names):
        return "这是压缩包：请解压以后，一个一个上传里面的表。"
    return "这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。"


def _most(part: str) -> int:
    """Bytes that a part of the file may unpack to; pictures are not unpacked."""
    if part.startswith(("xl/worksheets/", "xl/media/")):
        return UNPACKED
    return UNPACKED_TEXTS if part == "xl/sharedStrings.xml" else UNPACKED_OTHER


# -- what the values alone do not say --------------------------------------------------------------

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


class _Seen:
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
            self._set(int(place[2]), str(_column(place[1])), kind)

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


def _column(letters: str) -> int:
    """The column's place from 0."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def _require_near(reference: str) -> None:
    place = re.match(r"([A-Z]+)(\d+)", reference)
    if place is None:
        return
    if _column(place[1][:4]) >= MOST_COLUMNS:
        raise Refused(f"单元格 {reference} 有内容：一张表最多 {MOST_COLUMNS} 列，请删去多余的列。")
    if int(place[2][:12]) > MOST_ROWS + HEAD_ROWS:
        raise Refused(f"单元格 {reference} 有内容：一张表最多 {MOST_ROWS:,} 行，请分成几个文件。")


# -- cells -----------------------------------------------------------------------------------------


def _line(number: int, values: Iterable[Any], flags: dict[str, str]) -> Line:
    """The texts of a row, and what is to be said of single cells."""
    cells = []
    for place, value in enumerate(values):
        words, flag = _text(value)
        if flag:
            flags = {**flags, str(place): flag}
        cells.append(words)
    while cells and not cells[-1]:
        cells.pop()
    return number, cells, flags


def _text(value: Any) -> tuple[str, str]:
    """What a cell says, and its flag: a number that Excel has rounded, or a text that is too long."""
    if isinstance(value, str):
        if len(value) > MOST_CELL:
            return value[:MOST_CELL], "long"
        return value, "digits" if _ROUNDED.match(value.strip()) else ""
    if isinstance(value, bool):
        return ("是" if value else "否"), ""
    if isinstance(value, int | float):
        if abs(value) >= EXACT:
            return f"{value:.5E}", "digits"
        return f"{value:.12g}" if value != int(value) else str(int(value)), ""
    return _moment(value), ""


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, time | timedelta) else ""


# -- the process -----------------------------------------------------------------------------------


def bound() -> None:
    """Give up what a file must not take: memory, time, files, other processes' cores.

    Where the surroundings allow still less, theirs holds.
    """
    bounds = {
        resource.RLIMIT_AS: (MEMORY, MEMORY),
        resource.RLIMIT_CPU: (SECONDS, SECONDS + 1),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
    }
    for kind, (soft, hard) in bounds.items():
        theirs = resource.getrlimit(kind)[1]
        most = hard if theirs == resource.RLIM_INFINITY else min(hard, theirs)
        resource.setrlimit(kind, (min(soft, most), most))


def main(filename: str, most: int, *, old: bool = False) -> None:
    """Read the file at standard input, and write its rows to standard output."""
    say = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", errors="replace", write_through=False)
    rows = 0
    try:
        head, found = opened(sys.stdin.buffer.read(), filename, old=old)
        out.write(say(head) + "\n")
        for line in found:
            rows += 1
            if rows > most + HEAD_ROWS:
                raise Refused(f"表里超过 {most:,} 行，请分成几个文件。")
            out.write(say(line) + "\n")
        out.write(say({"end": rows}) + "\n")
    except Refused as error:
        out.write(say({"refused": str(error)}) + "\n")
    except MemoryError:
        out.write(say({"refused": TOO_LARGE}) + "\n")
    except BrokenPipeError:
        return
    except (
        BaseException
    ):  # the native reader raises what it likes at a broken file, also what is no Exception
        out.write(say({"refused": "这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。"}) + "\n")
    out.flush()


if __name__ == "__main__":
    bound()
    main(sys.argv[1], int(sys.argv[2]), old="old" in sys.argv[3:])
