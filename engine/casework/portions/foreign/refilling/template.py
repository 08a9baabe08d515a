"""The workbook that somebody sent, taken apart, and cleaned of all that could act."""

from __future__ import annotations

import re
from typing import Any

from engine.casework.portions.foreign.refilling import formulas
from engine.casework.portions.foreign.refilling.markup import KEPT, LINKS, MAIN, local_name
from engine.ground.unpacking.books import directory
from engine.ground.unpacking.limits import TOO_LARGE, Refused

MOST_XML = 20_000_000
"""Bytes of one part of an empty form."""
MOST_SHEETS = 20
_ACTING = re.compile(
    r"xl/(vbaProject|externalLinks|connections|queryTables|ctrlProps|activeX|embeddings|media)"
)
_AREA = re.compile(r"(?:(?:'[^'\[\]]*'|[\w.]+)!)?\$?[A-Z]{0,3}\$?\d{0,7}(?::\$?[A-Z]{0,3}\$?\d{0,7})?\Z")


class Template:
    """The workbook that somebody sent, taken apart."""

    def __init__(self, body: bytes) -> None:
        self.packed = directory(body)
        self.notes: set[str] = set()
        if any(_ACTING.match(name) for name in self.packed.namelist()):
            self.notes.add("acting")
        book = self.part("xl/workbook.xml")
        links = {one.get("Id"): one for one in self.part("xl/_rels/workbook.xml.rels")}
        self.sheets: list[tuple[str, str, Any]] = []
        """Name, state, and the tree of each sheet."""
        for one in book.iter(f"{{{MAIN}}}sheet"):
            link = links[one.get(f"{{{LINKS}}}id")]
            if str(link.get("Type", "")).endswith("/worksheet"):
                tree = self.part(_target(str(link.get("Target"))))
                self.sheets.append((str(one.get("name")), str(one.get("state", "visible")), tree))
        if not 0 < len(self.sheets) <= MOST_SHEETS:
            raise Refused(f"这个文件里的表太多：最多 {MOST_SHEETS} 张，请删去不用的。")
        self.names = [one for one in book.iter(f"{{{MAIN}}}definedName") if _AREA.match(one.text or "")]
        settings = book.find(f"{{{MAIN}}}workbookPr")
        self.old_days = settings is not None and settings.get("date1904") in ("1", "true")

    def part(self, name: str) -> Any:
        """A part as a tree; nothing outside it is fetched. Raises Refused."""
        from lxml import etree

        if self.packed.getinfo(name).file_size > MOST_XML:
            raise Refused(TOO_LARGE)
        reader = etree.XMLParser(
            resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(self.packed.read(name), reader)
        if root.getroottree().docinfo.doctype:
            raise Refused("这个 Excel 文件打不开：请另存一份再上传。")
        return root


def _target(path: str) -> str:
    return path.removeprefix("/") if path.startswith("/") else f"xl/{path.removeprefix('./')}"


def cleaned(sheet: Any, notes: set[str]) -> None:
    """Leave in the tree of a sheet what makes its layout."""
    for one in list(sheet):
        if not isinstance(one.tag, str) or local_name(one) not in KEPT:
            sheet.remove(one)
    for one in list(sheet.iter()):
        for name in [key for key in one.attrib if key.startswith("{") and "XML/1998" not in key]:
            del one.attrib[name]
    for cell in sheet.iter(f"{{{MAIN}}}c"):
        _clean_cell(cell, notes)
    _clean_rules(sheet, notes)
    for one in list(sheet.iter(f"{{{MAIN}}}extLst")):
        one.getparent().remove(one)


def _clean_rules(sheet: Any, notes: set[str]) -> None:
    """Rules of what may be typed, and of how cells look, go where their formulas may not stay."""
    for one in list(sheet.iter(*(f"{{{MAIN}}}{word}" for word in ("formula", "formula1", "formula2")))):
        rule = one.getparent()
        if one.text and not formulas.harmless(one.text) and rule.getparent() is not None:
            notes.add("formula")
            rule.getparent().remove(rule)
    for word, inner in (("dataValidations", "dataValidation"), ("conditionalFormatting", "cfRule")):
        for one in sheet.findall(f"{{{MAIN}}}{word}"):
            rules = one.findall(f"{{{MAIN}}}{inner}")
            if not rules:
                sheet.remove(one)
            elif one.get("count"):
                one.set("count", str(len(rules)))


def _clean_cell(cell: Any, notes: set[str]) -> None:
    for name in ("cm", "vm", "ph"):
        cell.attrib.pop(name, None)
    for one in list(cell):
        if local_name(one) not in ("v", "is", "f"):
            cell.remove(one)
        elif local_name(one) == "f":
            plain = one.get("t", "normal") == "normal" and bool(one.text)
            if plain and formulas.harmless(one.text):
                one.attrib.clear()
                continue
            notes.add("formula")
            cell.remove(one)
