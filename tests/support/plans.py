"""How a database would answer the statements that pages make: which tables it would read from end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

GROWING = frozenset(
    {
        "application_batch",
        "assistance_plan",
        "attachment",
        "batch_entry",
        "bulk_entry",
        "case_file",
        "correction",
        "draft",
        "household",
        "household_year",
        "idempotency",
        "log_entry",
        "log_stream",
        "matching_result",
        "measure",
        "measure_progress",
        "member",
        "notice",
        "notification",
        "objection",
        "observation",
        "order_entry",
        "outbox",
        "paper",
        "paper_entry",
        "responsible_official",
        "risk_clue",
        "submission",
        "supervision_order",
        "telling",
        "timer",
        "urge",
        "work_item",
    }
)
"""The tables that have a row or many for each household, case or act."""
_ALIAS = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?(\w+)", re.I)
_SCAN = re.compile(r"^SCAN (\w+)")


@contextmanager
def statements(engine: Engine) -> Iterator[dict[str, Any]]:
    """The questions that are asked meanwhile, each once, with parameters that it was asked with."""
    seen: dict[str, Any] = {}

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if not many and statement.lstrip().startswith(("SELECT", "WITH")):
            seen.setdefault(statement, parameters)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def read_whole(engine: Engine, asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Table and statement, where a growing table would be read from end to end to find something in it."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "SET enable_seqscan = off"
            )  # so that small tables are read as large ones
        for statement, parameters in asked.items():
            explained = _postgresql if engine.dialect.name == "postgresql" else _sqlite
            for name in sorted(explained(connection, statement, parameters) & GROWING):
                yield name, statement


def _sqlite(connection: Any, statement: str, parameters: Any) -> set[str]:
    """A scan through an index is one of the whole table too, unless it ends with the page (no condition,
    LIMIT).
    """
    if _bounded(" ".join(statement.split())):
        return set()
    names = {alias: table for table, alias in _ALIAS.findall(statement)}
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    found = (_SCAN.match(row[-1]) for row in rows)
    return {names.get(one.group(1), one.group(1)) for one in found if one}


def _bounded(statement: str) -> bool:
    """Whether no table is looked at (a condition that is never true), or its newest rows alone."""
    return " WHERE 0 = 1" in statement or (" WHERE " not in statement and " LIMIT " in statement)


def _postgresql(connection: Any, statement: str, parameters: Any) -> set[str]:
    """An index of few rows alone (what is open) may be read whole where the planner finds that cheapest."""
    few = set(connection.exec_driver_sql(_PARTIAL).scalars())
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    whole = _whole((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"], False)
    return {node["Relation Name"] for node in whole if node.get("Index Name") not in few}


_PARTIAL = "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indpred IS NOT NULL"


def _whole(node: dict[str, Any], limited: bool) -> Iterator[dict[str, Any]]:
    """The parts of a plan that read a table without a condition that bounds where they begin and end."""
    kind, filtered = node["Node Type"], "Filter" in node
    unbounded = kind.endswith("Scan") and kind != "Bitmap Heap Scan" and "Index Cond" not in node
    if unbounded and "Relation Name" in node and (filtered or not limited):
        yield node
    for inner in node.get("Plans", ()):
        yield from _whole(inner, kind == "Limit" or (limited and kind not in ("Sort", "Aggregate", "Hash")))
