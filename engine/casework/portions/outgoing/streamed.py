"""Many rows as an Excel file: written as they come, never all in memory, four times as fast as cell by cell.

What has formats, choices or remarks is `ground.sheets`; a list of 100 000 rows needs none. Texts are texts
whatever they begin with: there is no formula in such a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter.utility import xl_col_to_name

from engine.ground.sheets import MAX_CELL, MAX_NAME, Cell
from engine.ground.text import paragraphs

File = IO[bytes]
LEVEL = 3
"""Of compression: somebody waits."""
PIECE = 1 << 20
"""Bytes that are packed or kept at a time."""
_SIGNS = re.compile('[&<>"]')
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="3">'
    '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF5"/></patternFill></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="0" xfId="0" applyFont="1" applyFill="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""The second format is that of headings."""


class Workbook:
    """A workbook whose rows wait in files, one for each sheet, until it is finished."""

    def __init__(self) -> None:
        self._files = ExitStack()
        self._sheets: list[tuple[str, IO[bytes]]] = []

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def sheet(self, name: str, columns: Sequence[str], width: int | Sequence[int]) -> Rows:
        """A new sheet with a row of headings that stays in view; `width` of its columns, in characters: of
        all, or of each.
        """
        widths = [width] * len(columns) if isinstance(width, int) else width
        file = self._files.enter_context(TemporaryFile())  # noqa: SIM115
        self._sheets.append((name[:MAX_NAME], file))
        file.write(
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            "</sheetView></sheetViews>"
            f"<cols>{_wide(widths)}</cols><sheetData>".encode()
        )
        rows = Rows(file, len(columns))
        rows.write(columns, ' s="1"')
        return rows

    def bytes(self) -> bytes:
        """The finished file."""
        body = io.BytesIO()
        for _ in self.packed_into(body):
            continue
        return body.getvalue()

    def packed_into(self, out: File) -> Iterator[None]:
        """Write the finished file; a breath after each piece, since a long one takes seconds."""
        with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=LEVEL) as packed:
            for number, (_, file) in enumerate(self._sheets, 1):
                file.write(b"</sheetData></worksheet>")
                file.seek(0)
                with packed.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as sheet:
                    while piece := file.read(PIECE):
                        sheet.write(piece)
                        yield
            for name, words in _around([name for name, _ in self._sheets]).items():
                packed.writestr(name, words)


class Rows:
    """The rows of one sheet."""

    def __init__(self, file: IO[bytes], width: int) -> None:
        self._file, self._number = file, 0
        self._letters = [xl_col_to_name(place) for place in range(width)]

    def write(self, cells: Iterable[Cell], form: str = "") -> None:
        """The next row: at most as many cells as there are headings."""
        self._number += 1
        number = self._number
        said = []
        for letters, value in zip(self._letters, cells, strict=False):
            if value is None or value == "":
                continue
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                said.append(f'<c r="{letters}{number}"{form}><v>{value}</v></c>')
            else:
                words = _plain(str(value))
                said.append(
                    f'<c r="{letters}{number}"{form} t="inlineStr">'
                    f'<is><t xml:space="preserve">{words}</t></is></c>'
                )
        self._file.write(f'<row r="{number}">{"".join(said)}</row>'.encode())


def _wide(widths: Iterable[int]) -> str:
    return "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>'
        for place, width in enumerate(widths, 1)
    )


def _plain(words: str) -> str:
    """A text as XML holds it, without what nobody sees (`text.paragraphs`)."""
    clean = words if words.isascii() and words.isprintable() else paragraphs(words)
    if len(clean) > MAX_CELL:
        clean = clean[:MAX_CELL]
    if not _SIGNS.search(clean):
        return clean
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _around(names: Sequence[str]) -> dict[str, str]:
    """The parts that make sheets a workbook, by name."""
    numbered = list(enumerate(names, 1))
    sheets = "".join(f'<sheet name="{_plain(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in numbered)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in numbered
    )
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for n, _ in numbered
    )
    relations = f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    return {
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
        f"<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{relations}{links}<Relationship Id="styles" Type="{_LINKS}/styles" '
        'Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        "_rels/.rels": f'{relations}<Relationship Id="rId1" Type="{_LINKS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{kinds}</Types>',
    }
