"""The house keeps its order: a reader finds the room from the folder list alone."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MOST = 15
"""Entries of a folder, at most."""


def _folders() -> list[str]:
    """The folders of the program, without what builds and runs make."""
    made = {"__pycache__", "dist", "node_modules"}
    numbered = {"versions"}  # migrations: one more with every change of a table
    found = [one for top in ("engine", "web") for one in (ROOT / top, *(ROOT / top).rglob("*"))]
    return [
        one.relative_to(ROOT).as_posix()
        for one in found
        if one.is_dir() and not (made | numbered) & set(one.parts)
    ]


@pytest.mark.parametrize("folder", _folders())
def test_a_folder_has_few_entries(folder: str) -> None:
    entries = [
        one.name for one in (ROOT / folder).iterdir() if one.name not in ("__pycache__", "__init__.py")
    ]
    assert len(entries) <= MOST, sorted(entries)
