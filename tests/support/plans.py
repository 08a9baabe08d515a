"""How a database would answer the statements that pages make: which tables it would read from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from tests.support.crowd import large

_ALIAS = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?(\w+)", re.I)
_SCAN = re.compile(r"^SCAN (\w+)")


@contextmanager
def all_statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are run meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


_WAYS_OF_SMALL_TABLES = ("seqscan", "hashjoin", "mergejoin", "indexonlyscan")
"""What is cheapest among a few thousand rows: without them the planner takes an index wherever one leads to
the rows, as it does among millions.
"""


def read_whole(engine: Engine, asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Table and statement, where a growing table would be read from end to end to find something in it."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            for way in _WAYS_OF_SMALL_TABLES:
                connection.exec_driver_sql(f"SET enable_{way} = off")
        for statement, parameters in asked.items():
            explained = _postgresql if engine.dialect.name == "postgresql" else _sqlite
            for name in sorted(explained(connection, statement, parameters) & large()):
                yield name, statement


def _sqlite(connection: Any, statement: str, parameters: Any) -> set[str]:
    """A scan through an index is one of the whole table too, unless it ends with the page (no condition,
    LIMIT), or the index is one of few rows alone.
    """
    if _bounded(" ".join(statement.split())):
        return set()
    names = {alias: table for table, alias in _ALIAS.findall(statement)}
    few = set(connection.exec_driver_sql(_PARTIAL_SQLITE).scalars())
    steps = _steps(connection, statement, parameters)
    if _WALKED.search(statement) and _SORTED not in steps:  # in the list's order until the page is full
        first = next((at for at, step in enumerate(steps) if _SCAN.match(step)), 0)
        steps = steps[:first] + steps[first + 1 :]
    found = (_SCAN.match(step) for step in steps if step.rpartition(" ")[2] not in few)
    return {names.get(one.group(1), one.group(1)) for one in found if one}


def _steps(connection: Any, statement: str, parameters: Any) -> list[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row[-1] for row in rows]


_WALKED = re.compile(r"(?:WHERE|AND) \+ \w+\.")
"""How `paging.walking` writes that a list is read in its own order."""
_SORTED = "USE TEMP B-TREE FOR ORDER BY"
_NEWEST = re.compile(r"\sORDER BY \w+\.id DESC\s+LIMIT \? OFFSET \?\s*$")


def sorted_whole(engine: Engine, asked: Iterable[tuple[str, Any]], cap: int) -> Iterator[str]:
    """SQLite: the pages of lists of more than `cap` rows, the newest first, found by sorting all of these."""
    with engine.connect() as connection:
        for statement, parameters in asked:
            bare = _NEWEST.sub("", statement)
            if bare != statement and "GROUP BY" not in statement:
                counted = f"SELECT count(*) FROM ({bare})"
                if (
                    _SORTED in _steps(connection, statement, parameters)
                    and connection.exec_driver_sql(counted, parameters[: bare.count("?")]).scalar_one() > cap
                ):
                    yield statement


def _bounded(statement: str) -> bool:
    """Whether no table is looked at (a condition that is never true), or its newest rows alone."""
    return " WHERE 0 = 1" in statement or (" WHERE " not in statement and " LIMIT " in statement)


def _postgresql(connection: Any, statement: str, parameters: Any) -> set[str]:
    """How the rows are found, however few of them are shown first: order and limit let the planner read a
    table from its end. An index of few rows alone (what is open) may be read whole where the planner finds
    that cheapest.
    """
    if _bounded(" ".join(statement.split())):
        return set()
    few = set(connection.exec_driver_sql(_PARTIAL).scalars())
    asked = f"EXPLAIN (FORMAT JSON) {_ORDERED.sub(_unordered, statement)}"
    plan = connection.exec_driver_sql(asked, parameters).scalar_one()
    whole = _whole((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return {node["Relation Name"] for node in whole if node.get("Index Name") not in few}


_LIMIT = r"\sLIMIT %\(\w+\)s(?:::\w+)?(?: OFFSET %\(\w+\)s(?:::\w+)?)?"
_ORDERED = re.compile(rf"(?P<order>\sORDER BY (?:(?!ORDER BY).)*?)(?:{_LIMIT}|\s*$)|{_LIMIT}", re.DOTALL)


def _unordered(found: re.Match[str]) -> str:
    """Nothing in place of a list's order and limit; the order of a window function stays."""
    order = found["order"] or ""
    return order if order.count("(") != order.count(")") else ""


_PARTIAL_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
_PARTIAL = "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indpred IS NOT NULL"


def _whole(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of a plan that read a table without a condition that bounds where they begin and end."""
    kind = node["Node Type"]
    found = kind.endswith("Scan") and kind != "Bitmap Heap Scan" and "Relation Name" in node
    if found and "Index Cond" not in node:
        yield node
    for inner in node.get("Plans", ()):
        yield from _whole(inner)
