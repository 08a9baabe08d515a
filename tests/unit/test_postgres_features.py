"""docs/operations.md lists what the program asks of PostgreSQL: relatives of it can be held against that."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

import engine.casework.models
import engine.prevention.models  # noqa: F401  both bring their tables
from engine.ground.tables import Base

ROOT = Path(__file__).parents[2]
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|UNION ALL|OVER|EXISTS)\b")
_CALLED = re.compile(r"\b([a-z_0-9]+)\(")


@cache
def _row(name: str) -> str:
    """A row of the page's table."""
    page = (ROOT / "docs" / "operations.md").read_text().partition("## 用到的 PostgreSQL 功能")[2]
    return next(line for line in page.splitlines() if line.startswith(f"| {name} |"))


def _sources() -> Iterator[ast.AST]:
    for folder in ("engine", "web"):
        for path in (ROOT / folder).rglob("*.py"):
            if "bench" not in path.parts:
                yield ast.parse(path.read_text())


def _functions() -> Iterator[str]:
    """Functions of SQL, called through SQLAlchemy or in a statement that is written out."""
    for node in (one for source in _sources() for one in ast.walk(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "func":
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
            yield from _CALLED.findall(node.value)


def test_the_types_of_columns_are_those_listed() -> None:
    used = {
        re.sub(r"\(.*\)", "", column.type.compile(DIALECT))
        for table in Base.metadata.tables.values()
        for column in table.columns
    }
    listed = _row("列的类型").split("|")[2].partition("；")[0]
    assert used == {name.strip() for name in listed.split("、")}


def test_indices_are_trees() -> None:
    written = [
        str(CreateIndex(index).compile(dialect=DIALECT))
        for table in Base.metadata.tables.values()
        for index in table.indexes
    ]
    assert len(written) > 200 and not [one for one in written if "USING" in one]


def test_the_functions_are_those_listed() -> None:
    assert set(_functions()) == set(re.findall(r"`(\w+)`", _row("函数")))


def test_nothing_is_asked_that_the_page_says_is_not() -> None:
    refused = re.compile(
        r"\b(NOTIFY|CREATE (?:EXTENSION|TRIGGER|FUNCTION|MATERIALIZED)|PARTITION OF|to_tsvector)\b"
    )
    for source in _sources():
        for node in ast.walk(source):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value):
                assert not refused.search(node.value), node.value
