"""All rows of the demo, and which of them hang on one household."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Connection

from engine.ground.tables import Base
from web.bench.scale.stories import Key, Row

LEFT_OUT = ("log_entry", "notification", "outbox", "figure_mark", "finding", "idempotency", "department_row")
"""Mail and roll-ups are the product's to make anew; a department's list holds many households."""
SHARED = {"paper": "paper_entry", "matching_batch": "matching_entry"}
"""Rows that gather several households, and the rows that gather them."""
TABLES = {one.name: one for one in Base.metadata.sorted_tables}


class Everything:
    """All rows of the demo as the driver gives them, and who points at whom."""

    def __init__(self, connection: Connection, shared: bool) -> None:
        self.shared = shared
        self.rows = {name: _rows(connection, name) for name in TABLES if name not in LEFT_OUT}
        self.lines: dict[str, list[Row]] = {}
        for line in _rows(connection, "log_entry"):
            self.lines.setdefault(line["stream"], []).append(line)
        self.divisions = {row["code"]: row for row in self.rows["division"]}
        self.pointing: dict[tuple[str, str, int], list[Row]] = {}
        for name, column, other in _pointers():
            for row in self.rows[name]:
                if row[column] is not None:
                    self.pointing.setdefault((name, other, row[column]), []).append(row)
        self.others = {row["household_id"] for row in _rows(connection, "department_row")}

    def own(self, household: Row) -> dict[str, list[Row]] | None:
        """The household's rows by table; None where something of it is also another's."""
        if household["id"] in self.others:
            return None
        own = self._hanging(household)
        if any(name in own for name in ("batch_entry", "draft", "incident", "transfer")):
            return None  # gathered by the county for many
        for gathered, gathering in SHARED.items():
            for row in self._gathered(own, gathered, gathering):
                theirs = self.pointing[gathering, gathered, row["id"]]
                if len(theirs) > 1 or row.get("count", 1) != 1:
                    if self.shared:
                        continue
                    return None
                own.setdefault(gathered, []).append(row)
        return own

    def _hanging(self, household: Row) -> dict[str, list[Row]]:
        own: dict[str, list[Row]] = {"household": [household]}
        seen: set[Key] = {("household", household["id"])}
        front = [("household", household)]
        while front:
            other, row = front.pop()
            for name, _, pointed in _pointers():
                if pointed == other and name not in SHARED:
                    for found in self.pointing.get((name, other, row["id"]), ()):
                        key = (name, found.get("id", id(found)))
                        if key not in seen:
                            seen.add(key)
                            own.setdefault(name, []).append(found)
                            if "id" in found:
                                front.append((name, found))
        return {name: sorted(rows, key=lambda row: row.get("id", 0)) for name, rows in own.items()}

    def _gathered(self, own: Mapping[str, Sequence[Row]], gathered: str, gathering: str) -> Iterator[Row]:
        wanted = {row[f"{'paper' if gathered == 'paper' else 'batch'}_id"] for row in own.get(gathering, ())}
        yield from (row for row in self.rows[gathered] if row["id"] in wanted)


def _rows(connection: Connection, name: str) -> list[Row]:
    order = " ORDER BY id" if "id" in TABLES[name].c else ""
    return [dict(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"{order}').mappings()]


@lru_cache
def _pointers() -> list[tuple[str, str, str]]:
    """Table, column, and the table that it points at, of all that hangs on a household."""
    owned = {"household", "case_file"}
    found = [("case_file", "subject_id", "household")]
    for _ in range(3):  # what hangs on what hangs on a case
        for name, one in TABLES.items():
            for key in one.foreign_keys:
                pointed = key.column.table.name
                if name == pointed == "household":
                    continue  # a record that was merged is another household
                entry = (name, key.parent.name, pointed)
                if pointed in owned | set(SHARED) and name not in LEFT_OUT and entry not in found:
                    found.append(entry)
                    owned.add(name)
    return found
