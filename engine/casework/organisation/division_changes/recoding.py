"""Every column of every table that holds a division's code gets the new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, UniqueConstraint, case, delete, literal, select, update
from sqlalchemy.orm import Session

from engine.ground.tables import Base

COLUMNS = (
    "village_code",
    "township_code",
    "division_code",
    "place_code",
    "county_code",
    "from_code",
    "to_code",
)
"""What columns that hold a division's code are called, in every table."""
PORTION = 200
"""Codes in one statement."""
_APART = {"division", "division_code", "figure", "figure_mark"}
"""Divisions are changed one by one; figures are what was counted then, where it was counted."""


def portions(codes: Sequence[str]) -> Iterable[Sequence[str]]:
    return (codes[start : start + PORTION] for start in range(0, len(codes), PORTION))


def recode(session: Session, places: Mapping[str, str], issuers: Mapping[str, str]) -> None:
    """Every column of every table that holds one of the old codes, by way of codes that nobody has."""
    for table in Base.metadata.sorted_tables:
        for name in COLUMNS:
            if table.name in _APART or name not in table.c:
                continue
            own = issuers if name == "division_code" and _numbered(table) else places
            if table.name in ("role_grant", "role_request"):
                _drop_doubles(session, table, places)
            elif name in table.primary_key.columns and own is places:
                _join_doubles(session, table, name, places)
            between = {old: f"~{number:011d}" for number, old in enumerate(sorted(own))}
            _replace(session, table, name, between)
            _replace(session, table, name, {between[old]: own[old] for old in own})


def _numbered(table: Table) -> bool:
    """Whether rows are numbered within a division: they stay with who issued them."""
    if table.name == "body" or "division_code" in table.primary_key.columns:
        return True
    unique = (one for one in table.constraints if isinstance(one, UniqueConstraint))
    return any("division_code" in one.columns for one in unique)


def _replace(session: Session, table: Table, name: str, codes: Mapping[str, str]) -> None:
    column = table.c[name]
    for part in portions(sorted(codes)):
        cases = [(column == old, literal(codes[old])) for old in part]
        session.execute(update(table).where(column.in_(part)).values({name: case(*cases, else_=column)}))


def _drop_doubles(session: Session, table: Table, places: Mapping[str, str]) -> None:
    """Two grants that become the same are one."""
    codes = sorted(set(places) | set(places.values()))
    seen: set[tuple[Any, ...]] = set()
    doubles = []
    for part in portions(codes):
        query = select(table).where(table.c.division_code.in_(part)).order_by(table.c.id)
        for row in session.execute(query).mappings():
            others = tuple(row.get(name) for name in ("account_id", "role", "act", "status"))
            key = (*others, places.get(row["division_code"], row["division_code"]))
            if key in seen and row.get("status", "waiting") == "waiting":
                doubles.append(row["id"])
            seen.add(key)
    for ids in (doubles[start : start + PORTION] for start in range(0, len(doubles), PORTION)):
        session.execute(delete(table).where(table.c.id.in_(ids)))


def _join_doubles(session: Session, table: Table, name: str, places: Mapping[str, str]) -> None:
    """Rows that a place has once, of places that become one: counts are added up (`info` of the table says
    so), of others the first stays.
    """
    codes = sorted(set(places) | set(places.values()))
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    keys = table.primary_key.columns.keys()
    for row in [
        dict(row)
        for part in portions(codes)
        for row in session.execute(select(table).where(table.c[name].in_(part))).mappings()
    ]:
        at = {key: row[key] for key in keys}
        where = [table.c[key] == value for key, value in at.items()]
        first = kept.setdefault(tuple((at | {name: places.get(row[name], row[name])}).values()), row)
        if first is row:
            continue
        session.execute(delete(table).where(*where))
        if table.info.get("adds_up"):
            for column, value in row.items():
                if column not in keys:
                    first[column] = _together(first[column], value)
            there = [table.c[key] == first[key] for key in keys]
            session.execute(
                update(table).where(*there).values({k: v for k, v in first.items() if k not in keys})
            )


def _together(one: Any, other: Any) -> Any:
    """Counts are added, of moments the latest counts."""
    if one is None or other is None:
        return other if one is None else one
    return one + other if isinstance(one, int) else max(one, other)
