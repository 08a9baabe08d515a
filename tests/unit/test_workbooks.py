"""Every kind of bad file that people send has a sentence of its own, and takes nothing from the server."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from engine.ground import workbooks
from engine.ground.errors import Invalid, Unavailable
from engine.ground.unpacking import limits, texts
from engine.ground.workbooks import Line
from tests.support import workbooks as books

SHEET = "xl/worksheets/sheet1.xml"
SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def made(fill: Callable[[Any], None] = lambda book: None, lines: tuple[tuple[Any, ...], ...] = ()) -> bytes:
    """An .xlsx whose first sheet has `lines`, as `fill` leaves it."""
    return books.made(lines, fill)


def changed(body: bytes, part: str, content: bytes) -> bytes:
    """The file with another content of one part."""
    answer = io.BytesIO()
    with ZipFile(io.BytesIO(body)) as old, ZipFile(answer, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return answer.getvalue()


def sheet_of(cells: str) -> bytes:
    """A workbook whose sheet is written by hand."""
    xml = f'<worksheet xmlns="{SPREADSHEET}"><sheetData>{cells}</sheetData></worksheet>'
    return changed(made(lines=(("a",),)), SHEET, xml.encode())


def cell(reference: str, value: str = "1") -> str:
    row = reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f'<row r="{row}"><c r="{reference}"><v>{value}</v></c></row>'


def packed(*names: str) -> bytes:
    answer = io.BytesIO()
    with ZipFile(answer, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return answer.getvalue()


def read(body: bytes, filename: str = "表.xlsx", most: int = 1000) -> list[Line]:
    with workbooks.opened(body, filename, most=most) as table:
        return list(table.lines)


def ole(stream: str) -> bytes:
    return bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600 + stream.encode("utf-16-le") + b"\0" * 600


def empty_before(book: Any) -> None:
    book.create_sheet("数据").append(["a"])


def all_hidden(body: bytes) -> bytes:
    with ZipFile(io.BytesIO(body)) as file:
        said = file.read("xl/workbook.xml").decode()
    return changed(body, "xl/workbook.xml", said.replace('state="visible"', 'state="hidden"').encode())


LINES = (("姓名", "证号"), ("甲", "x"))
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "nothing": (b"", "a.xlsx", "文件是空的。"),
    "password": (ole("EncryptedPackage"), "a.xlsx", "文件有密码"),
    "xls": (ole("Workbook"), "a.xls", "旧的 .xls"),
    "doc": (ole("WordDocument"), "a.doc", "这是 Word 文件"),
    "docx": (packed("word/document.xml"), "a.xlsx", "这是 Word 文件"),
    "xlsb": (packed("xl/workbook.bin"), "a.xlsb", "这是 .xlsb 格式"),
    "ods": (packed("mimetype", "content.xml"), "a.ods", "OpenDocument"),
    "zip": (packed("甲.xlsx", "乙.xlsx"), "a.zip", "这是压缩包"),
    "web page": (b"<html><table><tr><td>1</td></tr></table></html>", "a.xls", "这是网页"),
    "xml": (b'<?xml version="1.0"?><Workbook/>', "a.xls", "这是 XML 文件"),
    "pdf": (b"%PDF-1.7 x", "a.xlsx", "这是 PDF"),
    "photo": (b"\xff\xd8\xff\xe0 x", "a.csv", "这是 PDF、图片"),
    "other": (b"hello", "a.exe", "只能读 Excel"),
    "cut off": (made(lines=LINES)[:-300], "a.xlsx", "没有保存完整"),
    "empty sheet": (made(), "a.xlsx", "第一张表“Sheet”是空的，没有一格有内容"),
    "empty first": (made(empty_before), "a.xlsx", "是空的；另有“数据”，请把要导入的表移到最前面"),
    "hidden sheets": (all_hidden(made(lines=LINES)), "a.xlsx", "没有能看见的表"),
    "far column": (sheet_of(cell("GS1")), "a.xlsx", "单元格 GS1 有内容：一张表最多 200 列"),
    "far row": (sheet_of(cell("A200011")), "a.xlsx", "单元格 A200011 有内容：一张表最多 200,000 行"),
    "bomb of corners": (sheet_of(cell("A1") + cell("XFD1048576")), "a.xlsx", "单元格 XFD1048576 有内容"),
    "not a sheet": (changed(made(lines=LINES), SHEET, b"<worksheet><sheetData><row>"), "a.xlsx", "打不开"),
    "bad text": (b"\xff\xff\xff", "a.csv", "文件里的文字读不出来"),
    "many rows": (made(lines=LINES * 20), "a.xlsx", "表里超过 5 行"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_whole_is_refused_with_its_own_sentence(kind: str) -> None:
    body, filename, sentence = REFUSED[kind]
    with pytest.raises(Invalid) as refused:
        read(body, filename, most=5)
    assert refused.value.message.startswith(sentence) or sentence in refused.value.message
    assert refused.value.fields["file"] == [refused.value.message]


def test_sentences_are_as_many_as_kinds() -> None:
    sentences = {sentence for _, _, sentence in REFUSED.values()}
    assert len(sentences) >= len(REFUSED) - 1  # Word has two formats


def test_a_bomb_that_hides_its_corner_kills_its_own_process_and_nothing_else() -> None:
    hidden = sheet_of(cell("A1") + '<row r="1048576"><c r="&#88;FD1048576"><v>1</v></c></row>')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Invalid, match=r"文件超出限制|打不开"):
        read(hidden)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes


@pytest.mark.parametrize(
    ("part", "size"), [(SHEET, limits.UNPACKED), ("xl/styles.xml", limits.UNPACKED_OTHER)]
)
def test_a_bomb_is_refused_by_the_files_own_directory(part: str, size: int) -> None:
    answer = io.BytesIO()
    with ZipFile(io.BytesIO(made(lines=LINES))) as old, ZipFile(answer, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w") as out:
                for _ in range(size // 1_000_000 + 1 if name == part else 0):
                    out.write(b" " * 1_000_000)
    with pytest.raises(Invalid, match="文件超出限制"):
        read(answer.getvalue())


def test_entities_are_not_expanded() -> None:
    xml = f"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c SYSTEM "file:///etc/passwd">]>
    <worksheet xmlns="{SPREADSHEET}"><sheetData><row r="1">
    <c r="A1" t="inlineStr"><is><t>&c;&b;</t></is></c></row></sheetData></worksheet>"""
    try:
        found = read(changed(made(lines=LINES), SHEET, xml.encode()))
    except Invalid:
        return
    assert "root" not in str(found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_texts_say_in_which_letters_they_are_written(encoding: str) -> None:
    with workbooks.opened("姓名,证号\n张三,1".encode(encoding), "a.csv") as table:
        assert table.encoding == {"gbk": "GBK", "utf-16": "UTF-16"}.get(encoding, "UTF-8")
        assert [list(line.cells) for line in table.lines] == [["姓名", "证号"], ["张三", "1"]]


def test_numbers_that_excel_has_rounded_are_told_and_never_repaired() -> None:
    rounded = read(made(lines=(("姓名", "证号"), ("甲", 410325198001011234), ("乙", 410325198001011))))
    assert rounded[1].cells[1] == "4.10325E+17" and rounded[1].flags == {1: "digits"}
    assert rounded[2].cells[1] == "410325198001011" and not rounded[2].flags
    assert read("姓名,证号\n甲,4.10325E+17".encode(), "a.csv")[1].flags == {1: "digits"}


def test_of_formulas_the_last_result_counts_and_none_is_run() -> None:
    lines = read(
        sheet_of(
            '<row r="1"><c r="A1"><f>1+1</f><v>7</v></c><c r="B1"><f>2+2</f></c>'
            '<c r="C1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D1" t="str"><f>"="</f><v>=1+1</v></c></row>'
        )
    )
    assert list(lines[0].cells) == ["7", "", "", "=1+1"] and lines[0].flags == {1: "formula", 2: "error"}


def test_what_is_hidden_or_merged_is_told_by_its_row_and_column() -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet.merge_cells("A4:A5")
        book.create_sheet("另一张").append(["x"])

    body = made(fill, (("姓名", "证号", "注"), ("甲", 1, 2), ("乙", 3, 4), ("丙", 5, 6), (None, 7, 8)))
    with workbooks.opened(body, "a.xlsx") as table:
        assert table.hidden_columns == {2} and list(table.others) == ["另一张"]
        lines = list(table.lines)
    assert [line.number for line in lines if line.hidden] == [3]
    assert {line.number: dict(line.flags) for line in lines if line.flags} == {5: {0: "merged"}}


def test_empty_rows_keep_their_numbers_and_formats_without_values_reach_nowhere() -> None:
    body = sheet_of(cell("B3", "5") + '<row r="1048576"><c r="XFD1048576" s="0"/></row>')
    assert [(line.number, list(line.cells)) for line in read(body)] == [(3, ["", "5"])]


def test_a_template_of_ours_says_what_it_is() -> None:
    def fill(book: Any) -> None:
        marks = book.create_sheet(workbooks.MARKS)
        marks.append(["kind", "screening"])
        marks.sheet_state = "veryHidden"

    with workbooks.opened(made(fill, LINES), "a.xlsx") as table:
        assert table.marks == {"kind": "screening"} and len(list(table.lines)) == 2


def said(words: str) -> list[list[str]]:
    with workbooks.opened(words.encode(), "表.csv", most=100) as table:
        return [list(line.cells) for line in table.lines]


@pytest.mark.parametrize(
    "rows",
    ['"张三,1\n"李四",2\n王五,3', '张三,"1\n李四,2', '张三,1\n"李"四,2', '张三,1\n李四,"2'],
)
def test_a_mark_that_swallows_the_rows_below_is_refused_at_its_row(rows: str) -> None:
    with pytest.raises(Invalid, match=r"第 [23] 行读不出来（引号没有成对"):
        said(f"姓名,备注\n{rows}\n")


def test_marks_that_belong_to_a_cell_are_read_and_those_of_a_clipboard_are_signs() -> None:
    assert said('姓名,话\n"甲\n乙","他说""好"""\n丙,x"y\n')[1:] == [["甲\n乙", '他说"好"'], ["丙", 'x"y']]
    assert len(list(texts.lines('姓名\t话\n甲\t"好"的\n乙\t"\n'))) == 3


def test_a_tab_that_keeps_excel_from_rounding_parts_no_columns() -> None:
    assert said('姓名,证件\n甲,\t410325\n乙,"\t4103"\n')[1:] == [["甲", "410325"], ["乙", "4103"]]
    assert said("姓名\t住址\n甲\t东,西\n")[1:] == [["甲", "东,西"]]


def test_who_waits_too_long_for_a_turn_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_WAITS", 0.01)
    with workbooks.opened(b"a,b\n", "1.csv"), workbooks.opened(b"a,b\n", "2.csv"), pytest.raises(Unavailable):
        said("a,b\n")
    assert said("a,b\n") == [["a", "b"]]


OPENS = "engine.ground.unpacking"
FILLS = "engine.casework.portions.foreign.refilling"


@pytest.mark.parametrize(("process", "rooms"), [("reading", [OPENS]), ("process", [OPENS, FILLS])])
def test_the_process_for_a_file_knows_nothing_of_ours_but_its_own_rooms(
    process: str, rooms: list[str]
) -> None:
    loaded = f"import sys, {rooms[-1]}.{process}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.startswith(("engine", "web"))}
    above = {room.rsplit(".", depth)[0] for room in rooms for depth in range(room.count(".") + 1)}
    assert {name for name in ours if not name.startswith(tuple(rooms))} <= above
