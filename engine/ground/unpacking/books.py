"""Rows of a workbook: its first sheet that people see."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile, ZipFile

from engine.ground.unpacking.cells import line_of
from engine.ground.unpacking.limits import (
    FORM_ROWS,
    MARKS,
    MOST_CELL,
    MOST_PARTS,
    OLD,
    TOLD_MERGES,
    TOO_LARGE,
    UNPACKED,
    UNPACKED_OTHER,
    UNPACKED_TEXTS,
    Line,
    Refused,
)
from engine.ground.unpacking.marked import Seen

OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_BOOK_BEGINS = bytes.fromhex("0908100000060500")
"""How the stream of a workbook of 97 to 2003 begins."""
_FILEPASS, _FIRST_RECORDS = 0x2F, 8


def old_kind(body: bytes) -> str:
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


def excel(body: bytes) -> tuple[dict[str, Any], Iterator[Line]]:
    return sheet_of(body, directory(body))


def sheet_of(body: bytes, packed: ZipFile | None) -> tuple[dict[str, Any], Iterator[Line]]:
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
    seen = Seen(packed, shown[0])
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


def _rows(sheet: Any, seen: Seen) -> Iterator[Line]:
    """The rows that have anything in them; their numbers are the sheet's."""
    left = [""] * (sheet.start[1] if sheet.start else 0)  # columns before the first that has anything in it
    for number, filled in enumerate(sheet.iter_rows(), 1):
        values = [*left, *filled]
        flags = seen.flags.get(number, {})
        if flags or any(value != "" for value in values):
            found = line_of(number, values, flags)
            if any(found[1]) or "formula" in flags.values():
                yield found


def directory(body: bytes) -> ZipFile:
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
