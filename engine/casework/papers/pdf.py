"""A paper as PDF, set by typst with known fonts: no network, no fonts of the machine.

What people typed reaches typst as JSON data and is only ever shown, never read as its markup. A character
that no font has is printed as 〓, and a note below the paper says which one it is: never as a box that nobody
was told of.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from threading import Lock
from typing import Any

import typst

from engine.casework.papers.fonts import Fonts
from engine.casework.papers.paper import Paper

GAP = "〓"
"""What Chinese printers set for a character that they have not got."""
_LOCK = Lock()
_PLAIN = Fonts()


@cache
def _template() -> bytes:
    return resources.files("engine.casework.papers").joinpath("paper.typ").read_bytes()


@cache
def _compiler(fonts: Fonts) -> typst.Compiler:
    """One compiler per process: it keeps the fonts."""
    return typst.Compiler(font_paths=fonts.found, ignore_system_fonts=True)


def render(papers: Sequence[Paper], fonts: Fonts = _PLAIN) -> bytes:
    """The papers as one PDF, each on pages of its own."""
    data = json.dumps([_settable(paper, fonts) for paper in papers], ensure_ascii=False)
    inputs = {"papers": data, "fonts": json.dumps(fonts.families, ensure_ascii=False)}
    with _LOCK:  # the compiler is one, the server's threads are many
        found = _compiler(fonts).compile(_template(), format="pdf", sys_inputs=inputs, pdf_tags=False)
    assert isinstance(found, bytes)
    return found


def _settable(paper: Paper, fonts: Fonts) -> dict[str, Any]:
    """The paper's data without what cannot be set, and the note that says so."""
    lacking = paper.lacking(fonts.lacks)
    characters = {one for text in lacking.values() for one in text}
    gaps = dict.fromkeys(map(ord, characters), GAP)
    note = "；".join(
        f"{who.translate(gaps)}：U+{ord(one):04X}" for who, text in lacking.items() for one in text
    )
    told = f"注：“{GAP}”处的字，字体里没有，请照证件手写补正（{note}）。" if note else ""
    return {**_translated(paper.to_json(), gaps), "note": told}


def _translated(value: Any, gaps: dict[int, str]) -> Any:
    """`value` with each character of `gaps` replaced, in every text that it holds."""
    if isinstance(value, str):
        return value.translate(gaps)
    if isinstance(value, dict):
        return {key: _translated(inner, gaps) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_translated(inner, gaps) for inner in value]
    return value
