"""A paper as a Word file, in the fonts that Chinese offices have, with the same places as the PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.text.font import CT_RPr
from docx.section import Section
from docx.shared import Length, Mm, Pt
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph
from lxml.etree import _Element

from engine.casework.papers.paper import Paper
from engine.ground.text import printable

BODY, HEAD, TITLE = "仿宋", "黑体", "宋体"
SEAL = "（盖章处）"


def render(papers: Sequence[Paper]) -> bytes:
    """The papers as one Word file, each in a section of its own."""
    document = docx.Document()
    normal = document.styles["Normal"]
    normal.font.size = Pt(16)
    set_faces(normal.element.get_or_add_rPr(), BODY)
    for number, paper in enumerate(papers):
        section = document.sections[0] if number == 0 else document.add_section(WD_SECTION.NEW_PAGE)
        set_page(section, paper.landscape)
        _write(document, paper, Mm(297 - 44 if paper.landscape else 210 - 54))
    document.core_properties.title = papers[0].title if papers else ""
    document.core_properties.author = papers[0].signature if papers else ""
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def set_page(section: Section, landscape: bool) -> None:
    """A4 with the margins of GB/T 9704, and a page number."""
    short, long = Mm(210), Mm(297)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    top, bottom, left, right = (Mm(size) for size in ((25, 22, 22, 22) if landscape else (37, 35, 28, 26)))
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
        top,
        bottom,
        left,
        right,
    )
    section.footer.is_linked_to_previous = False
    foot = section.footer.paragraphs[0]
    foot.alignment = ALIGN.CENTER
    for text in ("— ", None, " —"):
        run = foot.add_run(text or "")
        run.font.size = Pt(14)
        if text is None:
            for kind in ("begin", "PAGE", "end"):
                run._r.append(_field(kind))


def _field(kind: str) -> _Element:
    if kind == "PAGE":
        code = OxmlElement("w:instrText")
        code.text = kind
        return code
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    return mark


def _write(document: Document, paper: Paper, width: int) -> None:
    _line(document, paper.title, ALIGN.CENTER, size=22, face=TITLE, bold=True)
    if paper.number:
        _line(document, paper.number, ALIGN.CENTER)
    _line(document, "")
    if paper.addressee:
        _line(document, paper.addressee + "：")
    for text in paper.paragraphs:
        _line(document, text, indent=True)
    if paper.rows:
        _list(document, paper, width)
    for text in paper.closing:  # the signature never stands on a page without text
        _line(document, text, indent=True, together=True)
    if paper.signers:
        _line(document, "", together=True)
        _line(document, "　　　　　".join(f"{name}：" for name in paper.signers), size=14, together=True)
    _line(document, "", together=True)
    sealed = () if paper.seal == "none" else (SEAL,)
    for text in (paper.signature, *sealed, paper.dated):
        line = _line(document, text, ALIGN.CENTER, together=text != paper.dated)
        line.paragraph_format.left_indent = Length(width // 2)


def _line(
    document: Document,
    text: str,
    align: ALIGN | None = None,
    *,
    size: int = 16,
    face: str = BODY,
    bold: bool = False,
    indent: bool = False,
    together: bool = False,
) -> Paragraph:
    line = document.add_paragraph()
    if align is not None:
        line.alignment = align
    style = line.paragraph_format
    style.line_spacing, style.space_after, style.space_before = Pt(max(29, size * 1.5)), Pt(0), Pt(0)
    style.first_line_indent = Pt(2 * size) if indent else None
    style.keep_with_next = together
    run = line.add_run(printable(text))
    run.font.size, run.bold = Pt(size), bold
    set_faces(run._r.get_or_add_rPr(), face)
    return line


def set_faces(properties: CT_RPr, face: str) -> None:
    """Chinese and Latin letters in the same face; Word keeps them apart."""
    fonts = properties.get_or_add_rFonts()
    for name in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(name), face)


def _list(document: Document, paper: Paper, width: int) -> None:
    table = document.add_table(rows=1, cols=len(paper.columns), style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    share = sum(column.width for column in paper.columns)
    widths = [Length(width * column.width // share) for column in paper.columns]
    _cells(table.rows[0], [column.label for column in paper.columns], widths, paper, HEAD)
    _mark(table.rows[0], "w:tblHeader")  # the heading comes again on every page
    for row in paper.rows:
        _cells(_append(table), list(row), widths, paper, BODY)


def _append(table: Table) -> _Row:
    """A new row. `Table.add_row` walks the whole table for each cell; this one does not."""
    row = table._tbl.add_tr()
    for _ in table._tbl.tblGrid.gridCol_lst:
        row.add_tc()
    return _Row(row, table)


def _cells(row: _Row, texts: list[str], widths: list[Length], paper: Paper, face: str) -> None:
    _mark(row, "w:cantSplit")
    size = Pt(11 if len(paper.columns) > 5 else 13)
    for element, text, width, column in zip(row._tr.tc_lst, texts, widths, paper.columns, strict=True):
        cell = _Cell(element, row)  # type: ignore[arg-type]
        cell.width, cell.vertical_alignment = width, WD_CELL_VERTICAL_ALIGNMENT.CENTER
        line = cell.paragraphs[0]
        line.alignment = ALIGN.CENTER if face == HEAD or column.centred else ALIGN.LEFT
        line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(3)
        run = line.add_run(printable(text))
        run.font.size = size
        set_faces(run._r.get_or_add_rPr(), face)


def _mark(row: _Row, name: str) -> None:
    properties: Any = row._tr.get_or_add_trPr()
    properties.append(OxmlElement(name))
