"""The finished workbook: the form, its other sheets, sheets of ours, and what makes them one file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from engine.casework.portions.foreign.refilling import formulas
from engine.casework.portions.foreign.refilling.form import Form
from engine.casework.portions.foreign.refilling.markup import (
    HEAD,
    LINKS,
    MAIN,
    PACKAGE,
    TYPE,
    cell_xml,
    escaped,
    is_number,
    letters_of,
)
from engine.casework.portions.foreign.refilling.template import Template, cleaned

LEVEL = 3
"""Of compression: rows are written while somebody waits."""


def written(template: Template, plan: Mapping[str, Any], lines: Iterator[Any]) -> tuple[bytes, list[int]]:
    """The finished workbook, and the columns that the form reckons itself."""
    from lxml import etree

    body = io.BytesIO()
    for _, _, tree in template.sheets:
        cleaned(tree, template.notes)
    sheets = [(name, state) for name, state, _ in template.sheets]
    place = next(place for place, one in enumerate(sheets) if one[0] == plan["sheet"])
    with ZipFile(body, "w", ZIP_DEFLATED, compresslevel=LEVEL) as packed:
        for number, (name, _, tree) in enumerate(template.sheets, 1):
            if name != plan["sheet"]:
                packed.writestr(_sheet(number), HEAD.encode() + etree.tostring(tree))
        form, waiting = Form(template.sheets[place][2], plan), _Parted(lines)
        with packed.open(_sheet(place + 1), "w", force_zip64=True) as out:
            form.write(out, waiting.rows())
        while waiting.title is not None:
            name = _free(waiting.title["sheet"], [one[0] for one in sheets])
            sheets.append((name, "visible"))
            with packed.open(_sheet(len(sheets)), "w", force_zip64=True) as out:
                _further(out, waiting.title, waiting)
        more = max(0, waiting.counts[0] - form.room)
        _around(packed, template, sheets, lambda words: formulas.moved(words, form.foot, more), place)
    return body.getvalue(), sorted(form.formulas)


class _Parted:
    """The lines of the plan: rows, until the next sheet begins."""

    def __init__(self, lines: Iterator[Any]) -> None:
        self._lines = lines
        self.title: dict[str, Any] | None = None
        """What the sheet is whose rows come next."""
        self.counts: list[int] = []

    def rows(self) -> Iterator[list[Any]]:
        """The rows of the sheet that has begun."""
        self.title = None
        self.counts.append(0)
        for line in self._lines:
            if isinstance(line, dict):
                self.title = line
                return
            self.counts[-1] += 1
            yield line


def _further(out: Any, title: Mapping[str, Any], waiting: _Parted) -> None:
    """A sheet of ours at the end of the workbook."""
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{float(width)}" customWidth="1"/>'
        for place, width in enumerate(title["widths"], 1)
    )
    out.write(f'{HEAD}<worksheet xmlns="{MAIN}"><cols>{columns}</cols><sheetData>'.encode())
    for number, cells in enumerate(waiting.rows(), 1):
        written = "".join(
            cell_xml(f"{letters_of(place)}{number}", value, None) for place, value in enumerate(cells)
        )
        out.write(f'<row r="{number}">{written}</row>'.encode())
    out.write(b"</sheetData></worksheet>")


def _free(name: str, taken: Sequence[str]) -> str:
    used = {one.casefold() for one in taken}
    return next(word for word in (name, *(f"{name}{n}" for n in range(2, 99))) if word.casefold() not in used)


def _sheet(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _around(
    packed: ZipFile,
    template: Template,
    sheets: Sequence[tuple[str, str]],
    moved: Callable[[str], str],
    place: int,
) -> None:
    """The parts that make sheets a workbook."""
    from lxml import etree

    there = set(template.packed.namelist())
    parts = {
        "styles": "xl/styles.xml",
        "sharedStrings": "xl/sharedStrings.xml",
        "theme": "xl/theme/theme1.xml",
    }
    kept = {kind: name for kind, name in parts.items() if name in there}
    for kind, name in list(kept.items()):
        tree = template.part(name)
        for one in list(tree.iter(f"{{{MAIN}}}extLst")):
            one.getparent().remove(one)
        xml = etree.tostring(tree)
        if kind == "theme" and b":embed=" in xml:  # a picture that is not taken over
            del kept[kind]
            continue
        packed.writestr(name, HEAD.encode() + xml)
    packed.writestr("xl/workbook.xml", _book(template, sheets, moved, place))
    packed.writestr("xl/_rels/workbook.xml.rels", _relations(len(sheets), kept))
    packed.writestr("[Content_Types].xml", _types(len(sheets), kept))
    packed.writestr(
        "_rels/.rels",
        f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )


def _book(
    template: Template, sheets: Sequence[tuple[str, str]], moved: Callable[[str], str], place: int
) -> str:
    listed = "".join(
        f'<sheet name="{escaped(name)}" sheetId="{number}"{_state(state)} r:id="rId{number}"/>'
        for number, (name, state) in enumerate(sheets, 1)
    )
    names = ""
    for one in template.names:
        local, words = one.get("localSheetId"), str(one.text)
        if local == str(place):
            sheet, mark, area = words.rpartition("!")
            words = f"{sheet}{mark}{moved(area)}"
        where = f' localSheetId="{local}"' if is_number(local) and int(str(local)) < len(sheets) else ""
        names += f'<definedName name="{escaped(one.get("name", ""))}"{where}>{escaped(words)}</definedName>'
    days = '<workbookPr date1904="1"/>' if template.old_days else ""
    return (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{days}<bookViews>'
        f'<workbookView activeTab="{place}"/></bookViews>'
        f"<sheets>{listed}</sheets>{f'<definedNames>{names}</definedNames>' if names else ''}"
        '<calcPr fullCalcOnLoad="1"/></workbook>'
    )


def _state(state: str) -> str:
    return f' state="{state}"' if state in ("hidden", "veryHidden") else ""


def _relations(number: int, kept: Mapping[str, str]) -> str:
    found = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, number + 1)]
    found += [(kind, name.removeprefix("xl/")) for kind, name in kept.items()]
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(found, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{listed}</Relationships>'


def _types(number: int, kept: Mapping[str, str]) -> str:
    words = {"theme": "theme+xml"}
    sheet = f"{TYPE}.spreadsheetml"
    found = {"xl/workbook.xml": f"{sheet}.sheet.main+xml"}
    found |= {_sheet(n): f"{sheet}.worksheet+xml" for n in range(1, number + 1)}
    found |= {
        name: f"{TYPE}.{words[kind]}" if kind in words else f"{sheet}.{kind}+xml"
        for kind, name in kept.items()
    }
    listed = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in found.items())
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )
