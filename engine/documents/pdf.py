"""A paper as PDF, set by typst with the fonts that the product carries: no network, no fonts of the machine.

What people typed reaches typst as JSON data and is only ever shown, never read as its markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from threading import Lock

import pylopdf_fonts_zh_cn
import typst

from engine.documents.paper import Paper

_LOCK = Lock()


@cache
def _template() -> bytes:
    return resources.files("engine.documents").joinpath("paper.typ").read_bytes()


@cache
def _compiler() -> typst.Compiler:
    """One compiler per process: it keeps the fonts."""
    folders: list[Path] = [pylopdf_fonts_zh_cn.serif_path().parent]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


def render(papers: Sequence[Paper]) -> bytes:
    """The papers as one PDF, each on pages of its own."""
    data = json.dumps([paper.to_json() for paper in papers], ensure_ascii=False)
    with _LOCK:  # the compiler is one, the server's threads are many
        found = _compiler().compile(_template(), format="pdf", sys_inputs={"papers": data}, pdf_tags=False)
    assert isinstance(found, bytes)
    return found
