"""The handbook of a procedure's version as a Word file: the same words as on its page,
for the office to keep and mark.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
from docx.document import Document
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph

from engine.casework.papers.word import BODY, HEAD, set_faces, set_page
from engine.flow import vocabulary
from engine.flow.machine.definition import Definition
from engine.owners.words.handbook import Chapter, chapters
from engine.owners.words.wording import Grid

LIMIT, QUIET = RGBColor(0x7A, 0x47, 0x00), RGBColor(0x5B, 0x65, 0x73)
NOTE = 10.5
"""Points of what is beside the text: fields, properties, tables."""


def render(definition: Definition, subtitle: str) -> bytes:
    """The handbook of the definition; `subtitle` says which version it is, of when and why."""
    document = docx.Document()
    document.styles["Normal"].font.size = Pt(12)
    set_faces(document.styles["Normal"].element.get_or_add_rPr(), BODY)
    set_page(document.sections[0], landscape=False)
    _heading(document, definition.name, 0, 20)
    _line(document, subtitle, colour=QUIET)
    names, shown, drawing = definition.process_names(), dict[str, str](), ""
    for chapter in chapters(definition):
        if chapter.element.process_id != drawing:
            drawing = chapter.element.process_id
            _heading(document, names.get(drawing, drawing), 1, 16)
        _chapter(document, chapter, shown)
    document.core_properties.title = definition.name
    document.core_properties.author = ""
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


def _chapter(document: Document, chapter: Chapter, shown: dict[str, str]) -> None:
    """One step; `shown` has the forms that are told already, and with which step."""
    element = chapter.element
    name = element.name if element.name != element.id else chapter.kind
    kind = "，".join(
        part for part in (chapter.kind, chapter.queue, "办理多次" if element.repeats else "") if part
    )
    _heading(document, f"{name}（{kind}）", 2, 13)
    if chapter.documentation:
        _line(document, chapter.documentation)
    if element.instructions:
        _line(document, f"给办理人的提示：{element.instructions}", colour=QUIET)
    for text in chapter.limits:
        _line(document, text, colour=LIMIT)
    if chapter.service:
        called, about = vocabulary.used().service_words(chapter.service)
        _line(document, f"自动办理：{called}" + (f"（{about}）" if about else ""))
    for label, value in chapter.rules:
        _line(document, f"{label}：{value}", size=NOTE)
    form = element.form_key or ""
    if chapter.fields and form in shown:
        _line(document, f"要填的表：同“{shown[form]}”。")
    elif chapter.fields:
        shown[form] = name
        _line(document, f"要填的表（{len(chapter.fields)} 项）：")
        _table(document, ["项目", "要求"], [(label, words or "选填") for label, words in chapter.fields])
    if chapter.grid is not None and chapter.grid.rules:
        _grid(document, chapter.grid)
    for way in chapter.ways:
        _line(document, (f"{way.when} " if way.when else "") + f"→ {way.to}")


def _grid(document: Document, grid: Grid) -> None:
    rows = [[cell if cell and cell != "-" else "不限" for cell in rule] for rule in grid.rules]
    _table(document, [*grid.inputs, *(f"结果：{name}" for name in grid.outputs)], rows)


def _heading(document: Document, text: str, level: int, size: int) -> None:
    line = document.add_heading(level=level)
    _run(line, text, size, HEAD, RGBColor(0, 0, 0))
    line.paragraph_format.keep_with_next = True


def _line(document: Document, text: str, *, size: float = 12, colour: RGBColor | None = None) -> None:
    line = document.add_paragraph()
    line.paragraph_format.space_after = Pt(3)
    _run(line, text, size, BODY, colour)


def _run(line: Paragraph, text: str, size: float, face: str, colour: RGBColor | None = None) -> None:
    run = line.add_run("".join(c for c in text if c.isprintable() or c in "\n\t"))
    run.font.size = Pt(size)
    set_faces(run._r.get_or_add_rPr(), face)
    if colour is not None:
        run.font.color.rgb = colour


def _table(document: Document, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=1 + len(rows), cols=len(titles), style="Table Grid")
    for row, texts in zip(table.rows, [titles, *rows], strict=True):
        for cell, text in zip(row.cells, texts, strict=False):
            _run(cell.paragraphs[0], text, NOTE, HEAD if texts is titles else BODY)
    document.add_paragraph().paragraph_format.space_after = Pt(0)
