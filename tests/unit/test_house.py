"""The house keeps its order: a reader finds the room from the folder list alone."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MOST = 15
"""Entries of a folder, at most."""
CROWDED = {"engine/casework": 19, "web": 23, "web/pages": 36, "web/templates": 33}
"""What is fuller, with its entries: these numbers only get smaller."""


def _folders() -> list[str]:
    """The folders of the program, without what builds and runs make."""
    made = {"__pycache__", "dist", "node_modules"}
    found = [one for top in ("engine", "web") for one in (ROOT / top, *(ROOT / top).rglob("*"))]
    return [one.relative_to(ROOT).as_posix() for one in found if one.is_dir() and not made & set(one.parts)]


@pytest.mark.parametrize("folder", _folders())
def test_a_folder_has_few_entries(folder: str) -> None:
    entries = [one.name for one in (ROOT / folder).iterdir() if one.name != "__pycache__"]
    assert len(entries) <= CROWDED.get(folder, MOST), sorted(entries)
