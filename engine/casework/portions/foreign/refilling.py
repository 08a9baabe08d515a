"""Runs as a process of its own: writes rows into a form that somebody sent, the form's own layout kept.

The workbook is not changed but built anew, of the few parts that make a layout: cells, widths, merges,
formats, formulas that only reckon (`formulas`). Whatever could act or call out by itself — macros, links to
other files, connections, pictures, controls — is not taken over. Texts are written as texts, never as
formulas.

Standard input: a line with the plan, the workbook's bytes, then a line for each row (a list of cells), and
before the rows of every further sheet a line ``{"sheet": name, "widths": [...]}``.
Standard output: a line with what was left out, or why nothing was made, then the finished workbook.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import util
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile


def _beside(name: str, place: Path) -> Any:
    """A module by its file: this process has no packages of ours."""
    spec = util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_HERE = Path(__file__).parent
unpacking = _beside("unpacking", _HERE.parents[2] / "ground" / "unpacking.py")
formulas = _beside("formulas", _HERE / "formulas.py")

MOST_XML = 20_000_000
"""Bytes of one part of an empty form."""
MOST_SHEETS = 20
MOST_MERGES = 20_000
LEVEL = 3
"""Of compression: rows are written while somebody waits."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KEPT = (
    "sheetPr sheetViews sheetFormatPr cols sheetData sheetProtection autoFilter mergeCells "
    "conditionalFormatting dataValidations printOptions pageMargins pageSetup headerFooter"
).split()
"""The parts of a sheet that make its layout, in the order in which they must stand."""
_ACTING = re.compile(
    r"xl/(vbaProject|externalLinks|connections|queryTables|ctrlProps|activeX|embeddings|media)"
)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_AREA = re.compile(r"(?:(?:'[^'\[\]]*'|[\w.]+)!)?\$?[A-Z]{0,3}\$?\d{0,7}(?::\$?[A-Z]{0,3}\$?\d{0,7})?\Z")
_NOTES = {
    "acting": "原表里的宏、外部链接、图片或控件没有保留。",
    "formula": "原表里有会连到别处或不认识的公式，只保留了结果。",
}


class Template:
    """The workbook that somebody sent, taken apart."""

    def __init__(self, body: bytes) -> None:
        self.packed = unpacking._directory(body)
        self.notes: set[str] = set()
        if any(_ACTING.match(name) for name in self.packed.namelist()):
            self.notes.add("acting")
        book = self.part("xl/workbook.xml")
        links = {one.get("Id"): one for one in self.part("xl/_rels/workbook.xml.rels")}
        self.sheets: list[tuple[str, str, Any]] = []
        """Name, state, and the tree of each sheet."""
        for one in book.iter(f"{{{_MAIN}}}sheet"):
            link = links[one.get(f"{{{_LINKS}}}id")]
            if str(link.get("Type", "")).endswith("/worksheet"):
                tree = self.part(_target(str(link.get("Target"))))
                self.sheets.append((str(one.get("name")), str(one.get("state", "visible")), tree))
        if not 0 < len(self.sheets) <= MOST_SHEETS:
            raise unpacking.Refused(f"这个文件里的表太多：最多 {MOST_SHEETS} 张，请删去不用的。")
        self.names = [one for one in book.iter(f"{{{_MAIN}}}definedName") if _AREA.match(one.text or "")]
        settings = book.find(f"{{{_MAIN}}}workbookPr")
        self.old_days = settings is not None and settings.get("date1904") in ("1", "true")

    def part(self, name: str) -> Any:
        """A part as a tree; nothing outside it is fetched. Raises Refused."""
        from lxml import etree

        if self.packed.getinfo(name).file_size > MOST_XML:
            raise unpacking.Refused(unpacking.TOO_LARGE)
        reader = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(self.packed.read(name), reader)
        if root.getroottree().docinfo.doctype:
            raise unpacking.Refused("这个 Excel 文件打不开：请另存一份再上传。")
        return root


def _target(path: str) -> str:
    return path.removeprefix("/") if path.startswith("/") else f"xl/{path.removeprefix('./')}"


# -- a sheet, cleaned ------------------------------------------------------------------------------


def cleaned(sheet: Any, notes: set[str]) -> None:
    """Leave in the tree of a sheet what makes its layout."""
    for one in list(sheet):
        if not isinstance(one.tag, str) or _local(one) not in _KEPT:
            sheet.remove(one)
    for one in list(sheet.iter()):
        for name in [key for key in one.attrib if key.startswith("{") and "XML/1998" not in key]:
            del one.attrib[name]
    for cell in sheet.iter(f"{{{_MAIN}}}c"):
        _clean_cell(cell, notes)
    _clean_rules(sheet, notes)
    for one in list(sheet.iter(f"{{{_MAIN}}}extLst")):
        one.getparent().remove(one)


def _clean_rules(sheet: Any, notes: set[str]) -> None:
    """Rules of what may be typed, and of how cells look, go where their formulas may not stay."""
    for one in list(sheet.iter(*(f"{{{_MAIN}}}{word}" for word in ("formula", "formula1", "formula2")))):
        rule = one.getparent()
        if one.text and not formulas.harmless(one.text) and rule.getparent() is not None:
            notes.add("formula")
            rule.getparent().remove(rule)
    for word, inner in (("dataValidations", "dataValidation"), ("conditionalFormatting", "cfRule")):
        for one in sheet.findall(f"{{{_MAIN}}}{word}"):
            rules = one.findall(f"{{{_MAIN}}}{inner}")
            if not rules:
                sheet.remove(one)
            elif one.get("count"):
                one.set("count", str(len(rules)))


def _clean_cell(cell: Any, notes: set[str]) -> None:
    for name in ("cm", "vm", "ph"):
        cell.attrib.pop(name, None)
    for one in list(cell):
        if _local(one) not in ("v", "is", "f"):
            cell.remove(one)
        elif _local(one) == "f":
            plain = one.get("t", "normal") == "normal" and bool(one.text)
            if plain and formulas.harmless(one.text):
                one.attrib.clear()
                continue
            notes.add("formula")
            cell.remove(one)


def _local(one: Any) -> str:
    return str(one.tag).rpartition("}")[2]


# -- the form's own sheet --------------------------------------------------------------------------


class Form:
    """The sheet that is filled: rows above `first` stay, rows from `foot` on move down."""

    def __init__(self, sheet: Any, plan: Mapping[str, Any]) -> None:
        self.sheet, self.first, self.foot = sheet, int(plan["first"]), int(plan["foot"])
        self.filled = frozenset(plan["filled"])
        self.data = sheet.find(f"{{{_MAIN}}}sheetData")
        self.rows = {int(row.get("r", 0)): row for row in self.data}
        self.template = self.rows.get(self.first)
        self.styles, self.formulas = self._pattern()
        self.merges = [_area(one.get("ref")) for one in sheet.iter(f"{{{_MAIN}}}mergeCell")]
        self.room = max(0, self.foot - self.first)
        """Rows that the form has for what is filled in."""

    def _pattern(self) -> tuple[dict[int, str], dict[int, str]]:
        """Formats and formulas of the first row that is filled, by column; else formats of columns."""
        styles: dict[int, str] = {}
        found: dict[int, str] = {}
        for column in self.sheet.iter(f"{{{_MAIN}}}col"):
            if column.get("style"):
                last = min(int(column.get("max", 0)), unpacking.MOST_COLUMNS)
                styles |= dict.fromkeys(range(int(column.get("min", 1)) - 1, last), column.get("style"))
        for cell in self.template if self.template is not None else ():
            place = _place(cell.get("r"))
            styles[place] = cell.get("s", "0")
            written = cell.find(f"{{{_MAIN}}}f")
            if written is not None and place not in self.filled:
                found[place] = written.text
        return styles, found

    def write(self, out: Any, rows: Iterator[list[Any]]) -> None:
        """The whole sheet, its rows as they come."""
        from lxml import etree

        parts = {_local(one): one for one in self.sheet if _local(one) != "conditionalFormatting"}
        conditions = self.sheet.findall(f"{{{_MAIN}}}conditionalFormatting")
        out.write(f'{_HEAD}<worksheet xmlns="{_MAIN}">'.encode())
        for name in _KEPT:
            if name == "sheetData":
                number = self._data(out, rows)
                self._move(max(0, number - self.room), number)
            elif name == "mergeCells":
                out.write(self._merged())
            elif name == "conditionalFormatting":
                out.writelines(etree.tostring(one) for one in conditions)
            elif name in parts:
                out.write(etree.tostring(parts[name]))
        out.write(b"</worksheet>")

    def _data(self, out: Any, rows: Iterator[list[Any]]) -> int:
        from lxml import etree

        out.write(b"<sheetData>")
        for number in sorted(self.rows):
            if number < self.first:
                out.write(etree.tostring(self.rows[number]))
        count = 0
        for count, cells in enumerate(rows, 1):
            out.write(self._row(self.first + count - 1, cells))
        more = max(0, count - self.room)
        for number in sorted(self.rows):
            if number >= self.first + count + (0 if number < self.foot else -count):
                out.write(self._later(number, more))
        out.write(b"</sheetData>")
        return count

    def _later(self, number: int, more: int) -> bytes:
        """A row below those that are filled: an empty one, or one of the foot, moved down."""
        from lxml import etree

        row = self.rows[number]
        if number >= self.foot and more:
            row.set("r", str(number + more))
            for cell in row:
                cell.set("r", f"{_letters(_place(cell.get('r')))}{number + more}")
                for one in cell.iter(f"{{{_MAIN}}}f"):
                    one.text = formulas.moved(one.text, self.foot, more)
        found: bytes = etree.tostring(row)
        return found

    def _row(self, number: int, cells: Sequence[Any]) -> bytes:
        width = max([len(cells), *(place + 1 for place in self.styles)])
        written = []
        for place in range(width):
            value = cells[place] if place < len(cells) else None
            formula = self.formulas.get(place) if value in (None, "") else None
            reference = f"{_letters(place)}{number}"
            written.append(
                _formula(
                    reference, formulas.copied_down(formula, number - self.first), self.styles.get(place)
                )
                if formula
                else _cell(reference, value, self.styles.get(place))
            )
        return f'<row r="{number}"{self._height()}>{"".join(written)}</row>'.encode()

    def _height(self) -> str:
        row = self.template
        if row is None or not _number(row.get("ht")):
            return ""
        return f' ht="{row.get("ht")}" customHeight="1"'

    def _move(self, more: int, count: int) -> None:
        """What names places of the sheet follows its rows."""
        self.merges = list(self._moved_merges(more, count))
        for one in self.sheet.iter(f"{{{_MAIN}}}autoFilter", f"{{{_MAIN}}}dataValidation"):
            name = "ref" if one.get("ref") else "sqref"
            one.set(
                name, " ".join(formulas.moved(area, self.foot, more) for area in one.get(name, "").split())
            )
        for one in self.sheet.iter(f"{{{_MAIN}}}conditionalFormatting"):
            one.set("sqref", formulas.moved(one.get("sqref", ""), self.foot, more))

    def _moved_merges(self, more: int, count: int) -> Iterator[tuple[int, int, int, int]]:
        for top, left, bottom, right in self.merges:
            if bottom < self.first:
                yield top, left, bottom, right
            elif top >= self.foot:
                yield top + more, left, bottom + more, right
            elif top == bottom == self.first:
                for row in range(top, top + min(max(count, self.room), MOST_MERGES)):
                    yield row, left, row, right

    def _merged(self) -> bytes:
        areas = [
            f'<mergeCell ref="{_letters(left)}{top}:{_letters(right)}{bottom}"/>'
            for top, left, bottom, right in self.merges
        ]
        return f'<mergeCells count="{len(areas)}">{"".join(areas)}</mergeCells>'.encode() if areas else b""


def _area(reference: str | None) -> tuple[int, int, int, int]:
    """Top, left, bottom, right: rows from 1, columns from 0. Raises Refused."""
    found = re.match(r"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\Z", reference or "")
    if found is None:
        raise unpacking.Refused("这个 Excel 文件打不开：请另存一份再上传。")
    return int(found[2]), unpacking._column(found[1]), int(found[4]), unpacking._column(found[3])


def _place(reference: str | None) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference or "")
    return int(unpacking._column(letters[0])) if letters else 0


def _letters(place: int) -> str:
    word = ""
    while place >= 0:
        word = chr(65 + place % 26) + word
        place = place // 26 - 1
    return word


# -- cells -----------------------------------------------------------------------------------------


def _cell(reference: str, value: Any, style: str | None) -> str:
    """A number, a text, or nothing; a text is a text whatever it begins with."""
    form = f' s="{style}"' if _number(style) else ""
    if value in (None, ""):
        return f'<c r="{reference}"{form}/>' if form else ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<c r="{reference}"{form}><v>{value!r}</v></c>'
    words = f'<t xml:space="preserve">{_plain(str(value))}</t>'
    return f'<c r="{reference}"{form} t="inlineStr"><is>{words}</is></c>'


def _formula(reference: str, formula: str, style: str | None) -> str:
    form = f' s="{style}"' if _number(style) else ""
    return f'<c r="{reference}"{form}><f>{_plain(formula)}</f></c>'


def _plain(words: str) -> str:
    words = _ILLEGAL.sub("", words)[:32_767]
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _number(word: str | None) -> bool:
    return word is not None and re.match(r"\d{1,6}(\.\d+)?\Z", word) is not None


# -- the workbook ----------------------------------------------------------------------------------


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
                packed.writestr(_sheet(number), _HEAD.encode() + etree.tostring(tree))
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
    out.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><cols>{columns}</cols><sheetData>'.encode())
    for number, cells in enumerate(waiting.rows(), 1):
        written = "".join(
            _cell(f"{_letters(place)}{number}", value, None) for place, value in enumerate(cells)
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
        for one in list(tree.iter(f"{{{_MAIN}}}extLst")):
            one.getparent().remove(one)
        xml = etree.tostring(tree)
        if kind == "theme" and b":embed=" in xml:  # a picture that is not taken over
            del kept[kind]
            continue
        packed.writestr(name, _HEAD.encode() + xml)
    packed.writestr("xl/workbook.xml", _book(template, sheets, moved, place))
    packed.writestr("xl/_rels/workbook.xml.rels", _relations(len(sheets), kept))
    packed.writestr("[Content_Types].xml", _types(len(sheets), kept))
    packed.writestr(
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )


def _book(
    template: Template, sheets: Sequence[tuple[str, str]], moved: Callable[[str], str], place: int
) -> str:
    listed = "".join(
        f'<sheet name="{_plain(name)}" sheetId="{number}"{_state(state)} r:id="rId{number}"/>'
        for number, (name, state) in enumerate(sheets, 1)
    )
    names = ""
    for one in template.names:
        local, words = one.get("localSheetId"), str(one.text)
        if local == str(place):
            sheet, mark, area = words.rpartition("!")
            words = f"{sheet}{mark}{moved(area)}"
        where = f' localSheetId="{local}"' if _number(local) and int(str(local)) < len(sheets) else ""
        names += f'<definedName name="{_plain(one.get("name", ""))}"{where}>{_plain(words)}</definedName>'
    days = '<workbookPr date1904="1"/>' if template.old_days else ""
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">{days}<bookViews>'
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
        f'<Relationship Id="rId{n}" Type="{_LINKS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(found, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _types(number: int, kept: Mapping[str, str]) -> str:
    words = {"theme": "theme+xml"}
    sheet = f"{_TYPE}.spreadsheetml"
    found = {"xl/workbook.xml": f"{sheet}.sheet.main+xml"}
    found |= {_sheet(n): f"{sheet}.worksheet+xml" for n in range(1, number + 1)}
    found |= {
        name: f"{_TYPE}.{words[kind]}" if kind in words else f"{sheet}.{kind}+xml"
        for kind, name in kept.items()
    }
    listed = "".join(f'<Override PartName="/{name}" ContentType="{kind}"/>' for name, kind in found.items())
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )


# -- the process -----------------------------------------------------------------------------------


def main() -> None:
    """Read the plan, the form and its rows; write the finished workbook."""
    say = json.JSONEncoder(ensure_ascii=False).encode
    out, given = sys.stdout.buffer, sys.stdin.buffer
    broken = "这个 Excel 文件打不开：可能没有保存完整，请另存一份再上传。"
    try:
        plan = json.loads(given.readline())
        template = Template(given.read(plan["size"]))
        body, reckoned = written(template, plan, map(json.loads, given))
        notes = [words for key, words in _NOTES.items() if key in template.notes]
        out.write(say({"notes": notes, "formulas": reckoned}).encode() + b"\n" + body)
    except unpacking.Refused as error:
        out.write(say({"refused": str(error)}).encode() + b"\n")
    except MemoryError:
        out.write(say({"refused": unpacking.TOO_LARGE}).encode() + b"\n")
    except Exception:  # whatever a broken file makes the readers raise
        out.write(say({"refused": broken}).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    unpacking.bound()
    main()
