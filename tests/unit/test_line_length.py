"""No line is longer than 110 columns, a Chinese character counting one.

The formatter wraps Python, but leaves long texts and comments; at scripts, style sheets and pages nobody else
looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 110
WALKED = {
    "engine": (".py",),
    "tests": (".py", ".mjs"),
    "web": (".py", ".js", ".mjs", ".css", ".html"),
}
"""Where to look, and at which files."""
BUILT = ("node_modules", "dist")


def longer(folder: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The places below a folder where a line is too long: ``file:line``."""
    files = (
        path for path in folder.rglob("*") if path.suffix in suffixes and not set(BUILT) & set(path.parts)
    )
    for path in sorted(files):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > LIMIT:
                yield f"{path.relative_to(folder.parent)}:{number}"


@pytest.mark.parametrize("folder", WALKED)
def test_no_line_is_longer_than_a_hundred_and_ten_columns(folder: str) -> None:
    assert list(longer(ROOT / folder, WALKED[folder])) == []


def test_the_walk_sees_a_long_line_and_counts_a_chinese_character_as_one(tmp_path: Path) -> None:
    inner = tmp_path / "pages" / "inner"
    inner.mkdir(parents=True)
    (inner / "page.html").write_text("字" * LIMIT + "\n" + "字" * (LIMIT + 1), encoding="utf-8")
    (inner / "data.json").write_text("x" * 500)
    assert list(longer(tmp_path / "pages", (".html", ".css"))) == ["pages/inner/page.html:2"]


def test_the_walk_misses_no_kind_of_script_or_page() -> None:
    kinds = {
        path.suffix for folder in ("assets", "templates") for path in (ROOT / "web" / folder).rglob("*.*")
    }
    assert kinds <= set(WALKED["web"])


CHINESE = "[\u3001-\u303f\u4e00-\u9fff\uff01-\uff5e“”]"
BROKEN = re.compile(rf"{CHINESE}\n\s*{CHINESE}")


def test_a_line_of_a_page_that_ends_within_a_sentence_leaves_no_gap_in_it() -> None:
    """A browser makes a blank of a line's end; `{#- #}` at the next line's beginning takes it away."""
    pages = sorted((ROOT / "web" / "templates").rglob("*.html"))
    assert pages and [page.name for page in pages if BROKEN.search(page.read_text(encoding="utf-8"))] == []
