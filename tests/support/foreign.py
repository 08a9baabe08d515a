"""Empty forms as other offices send them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

TITLE = "防止返贫监测对象及帮扶情况统计表"
TWO_STOREYS = (
    (
        "序号",
        "所在村",
        "户主",
        None,
        "家庭人口数（人）",
        "收入情况（元）",
        None,
        "帮扶责任人",
        None,
        "是否易地搬迁",
    ),
    (None, None, "姓 名", "身份证号码", None, "工资性收入", "人均纯收入", "姓名", "联系电话", None),
)
MERGED = ("A1:J1", "A3:A4", "B3:B4", "C3:D3", "E3:E4", "F3:G3", "H3:I3", "J3:J4", "A11:J11")
WIDTHS = {"A": 6.0, "D": 24.0, "J": 13.5}
_LINE = Side(style="thin")


def two_storeys(
    changes: Mapping[str, Any] | None = None, *, hidden_column: str = "", hidden_row: int = 0
) -> bytes:
    """A county bureau's form with a merged head of two storeys, five empty rows, a sum and signatures."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "统计表"
    sheet["A1"], sheet["A2"] = TITLE, "填报单位（盖章）：            填报日期："
    sheet["A1"].font = Font(size=18, bold=True)
    for row, words in enumerate(TWO_STOREYS, 3):
        for column, word in enumerate(words, 1):
            cell = sheet.cell(row, column, word)
            cell.font, cell.alignment = Font(bold=True), Alignment("center", "center", wrap_text=True)
            cell.fill = PatternFill("solid", "FFDDEBF7")
    for row in range(3, 11):
        sheet.row_dimensions[row].height = 26
        for column in range(1, 11):
            sheet.cell(row, column).border = Border(_LINE, _LINE, _LINE, _LINE)
    sheet["A10"], sheet["E10"], sheet["A11"] = "合计", "=SUM(E5:E9)", "填表人：          审核人："
    for area in MERGED:
        sheet.merge_cells(area)
    for column, width in WIDTHS.items():
        sheet.column_dimensions[column].width = width
    for place, value in (changes or {}).items():
        sheet[place] = value
    if hidden_column:
        sheet.column_dimensions[hidden_column].hidden = True
    if hidden_row:
        sheet.row_dimensions[hidden_row].hidden = True
    return saved(book)


def plain(headings: Sequence[str], *rows: Sequence[Any], title: str = "") -> bytes:
    """A form with one row of headings."""
    book = openpyxl.Workbook()
    sheet = book.active
    if title:
        sheet.append([title])
    sheet.append(list(headings))
    for row in rows:
        sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    """The workbook's bytes."""
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def opened(body: bytes) -> openpyxl.Workbook:
    """A finished workbook, read by another programme's reader."""
    return openpyxl.load_workbook(io.BytesIO(body))
