"""The house keeps its order: a reader finds the room from the folder list alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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


LONGEST = 400
"""Lines of a module, a script, a style sheet or a page: what is longer wants to be a package."""


def test_a_room_is_read_in_one_sitting() -> None:
    made = {"__pycache__", "dist", "node_modules", "versions"}
    kinds = {".py", ".js", ".mjs", ".css", ".html"}
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8").count("\n")
        for top in ("engine", "web")
        for path in (ROOT / top).rglob("*.*")
        if path.suffix in kinds and not made & set(path.parts)
    }
    assert {name: lines for name, lines in found.items() if lines > LONGEST} == {}


def _said(path: Path) -> list[str]:
    """The texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in texts if id(node) not in told]


@pytest.mark.parametrize("floor", ["ground", "flow", "casework"])
def test_a_floor_below_the_field_has_no_word_for_what_its_cases_are_about(floor: str) -> None:
    field = re.compile(
        "户|贫困|线索发现"
    )  # whom the product's own field is about; 村民委员会 and the like are divisions
    said = {
        (path.relative_to(ROOT).as_posix(), text)
        for path in (ROOT / "engine" / floor).rglob("*.py")
        for text in _said(path)
    }
    assert sorted(one for one in said if field.search(one[1])) == []


def test_no_list_of_cases_of_every_kind_calls_its_column_by_the_word_of_one() -> None:
    desks = ("desk", "oversight/supervision")
    pages = [page for desk in desks for page in (ROOT / "web" / "templates" / desk).rglob("*.html")]
    assert pages and [page.name for page in pages if "户主" in page.read_text("utf-8")] == []


HANDED_ON = {"Session", "sessionmaker", "Engine", "SQLAlchemyError", "event"}
"""What the web may take of SQLAlchemy: what it hands on, and its errors; what it counts by."""


def test_no_page_asks_the_database_itself() -> None:
    """Queries stand in the room that owns the table; measurements alone ask by themselves."""
    taken = {
        (path.relative_to(ROOT).as_posix(), name.name)
        for path in (ROOT / "web").rglob("*.py")
        if path.relative_to(ROOT).parts[1] not in ("bench", "assets")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "sqlalchemy"
        for name in node.names
    }
    assert sorted(one for one in taken if one[1] not in HANDED_ON) == []


def test_no_test_knows_the_day_before_it_begins() -> None:
    """A module that is read before midnight (China's) is run after it."""

    def at_import(node: ast.AST) -> Iterator[ast.AST]:
        yield node
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        inner = getattr(node, "decorator_list", []) if later else ast.iter_child_nodes(node)
        for part in inner:
            yield from at_import(part)

    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for node in at_import(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("now", "today", "utcnow")
    ]
    assert found == []
