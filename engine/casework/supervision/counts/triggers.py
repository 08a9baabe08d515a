"""What the database notes by itself when a task or a limit changes, and the same counted from end to end.

A change is told from the row alone, as it was and as it is, so that statements over many rows, deferred
flushes and files of rows all add up to what there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, event, inspect

from engine.casework.models import OpenChange
from engine.ground.tables import Base, table


@dataclass(frozen=True)
class Kind:
    """What is counted: of which table, which of its rows, from which of their columns."""

    name: str
    table: str
    counts: str
    """The column and its value of a row that counts."""
    columns: tuple[str, ...]
    """All on which the count of a row depends."""
    into: tuple[str, ...]
    values: tuple[str, ...]
    """As they stand in a change, SQL over a `{row}`."""

    def counted(self, row: str) -> str:
        """SQL: whether the row counts."""
        return f"{row}.{self.counts}"

    def said(self, row: str, *, sqlite: bool) -> list[str]:
        """SQL: what a change says of the row, by column."""
        due = (_DUE_ON_SQLITE if sqlite else _DUE_ON).format(row=row)
        return [one.format(row=row, due_on=due) for one in self.values]

    def differs(self, *, sqlite: bool) -> str:
        """SQL: the row, which counts or counted, is not counted as before."""
        old, new = (", ".join(f"{row}.{one}" for one in self.columns) for row in ("OLD", "NEW"))
        other = "IS NOT" if sqlite else "IS DISTINCT FROM"
        return f"({self.counted('OLD')} OR {self.counted('NEW')}) AND ({old}) {other} ({new})"


_DUE_ON = (
    "CASE WHEN CAST({row}.due_at AT TIME ZONE 'UTC' AS time) = '16:00' THEN {row}.due_at "
    "ELSE (date_trunc('day', {row}.due_at AT TIME ZONE 'UTC' + interval '8 hours') + interval '4 hours') "
    "AT TIME ZONE 'UTC' END"
)
_LATER, _DAY = 8 * 3600 * 1_000_000, 24 * 3600 * 1_000_000
"""Microseconds, in which SQLite keeps instants, by which China's day begins earlier, and of a day."""
_DUE_ON_SQLITE = (
    f"CASE ({{row}}.due_at + {_LATER}) % {_DAY} WHEN 0 THEN {{row}}.due_at "
    f"ELSE {{row}}.due_at - ({{row}}.due_at + {_LATER}) % {_DAY} + {_DAY // 2} END"
)
"""SQL: a midnight in China as it is, else the noon of that day in China, which is eight hours before UTC."""
_PLACE = ("substr({row}.village_code, 1, 6) || '000000'", "{row}.procedure_key", "{row}.element_id")
_WHERE = ("county", "procedure_key", "element_id")
TASKS = Kind(
    "task",
    "work_item",
    "status = 'open'",
    ("status", "village_code", "procedure_key", "element_id", "queue", "division_code", "claimed_by"),
    (*_WHERE, "queue", "desk", "holder"),
    (*_PLACE, "{row}.queue", "{row}.division_code", "coalesce({row}.claimed_by, 0)"),
)
LIMITS = Kind(
    "limit",
    "timer",
    "standing = 'open'",
    ("standing", "village_code", "procedure_key", "element_id", "due_at", "held"),
    (*_WHERE, "due_on", "held"),
    (*_PLACE, "{due_on}", "{row}.held"),
)
KINDS = (TASKS, LIMITS)
_CHANGES = table(OpenChange).name


def missing(connection: Connection) -> bool:
    """Whether the database does not note every change.

    SQLite forgets the triggers of a table that a migration copies, and a restored database never had any:
    what is open has to be counted anew then.
    """
    if connection.dialect.name == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        found = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    present = set(connection.exec_driver_sql(found).scalars())
    return not present.issuperset(name for name, _, _ in _statements(connection) if "(" not in name)


def install(connection: Connection) -> None:
    """Let the database note changes as this release wants it."""
    remove(connection)
    for _, _, made in _statements(connection):
        connection.exec_driver_sql(made)


def remove(connection: Connection) -> None:
    """Let the database note nothing: while it is filled, for what is there to be counted at the end."""
    sqlite = connection.dialect.name == "sqlite"
    for name, on, _ in _statements(connection):
        if "(" not in name:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}" + ("" if sqlite else f" ON {on}"))


def _statements(connection: Connection) -> Iterator[tuple[str, str, str]]:
    """Each trigger, and on PostgreSQL each function: its name, its table, what makes it."""
    for kind in KINDS:
        for name, made in _of_sqlite(kind) if connection.dialect.name == "sqlite" else _of_postgres(kind):
            yield name, kind.table, made


def _of_sqlite(kind: Kind) -> Iterator[tuple[str, str]]:
    when, into = ", ".join(kind.columns), f"INSERT INTO {_CHANGES} ({', '.join(kind.into)}, many)"
    gone, come = (
        f"SELECT {', '.join(kind.said(row, sqlite=True))}, {many} WHERE {kind.counted(row)}"
        for row, many in (("OLD", -1), ("NEW", 1))
    )
    for name, act, condition, rows in (
        ("added", "INSERT", kind.counted("NEW"), come),
        ("changed", f"UPDATE OF {when}", kind.differs(sqlite=True), f"{gone} UNION ALL {come}"),
        ("deleted", "DELETE", kind.counted("OLD"), gone),
    ):
        trigger = f"count_{kind.name}_{name}"
        made = f"CREATE TRIGGER {trigger} AFTER {act} ON {kind.table} WHEN {condition}"
        yield trigger, f"{made} BEGIN {into} {rows}; END"


def _of_postgres(kind: Kind) -> Iterator[tuple[str, str]]:
    function, into = f"count_{kind.name}()", f"INSERT INTO {_CHANGES} ({', '.join(kind.into)}, many) VALUES"
    body = "".join(
        f"IF TG_OP <> '{never}' THEN IF {kind.counted(row)} THEN {into} "
        f"({', '.join(kind.said(row, sqlite=False))}, {many}); END IF; END IF; "
        for never, row, many in (("INSERT", "OLD", -1), ("DELETE", "NEW", 1))
    )
    made = f"CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS"
    yield function, f"{made} $$ BEGIN {body}RETURN NULL; END $$"
    for name, act, condition in (
        ("added", "INSERT", kind.counted("NEW")),
        ("changed", f"UPDATE OF {', '.join(kind.columns)}", kind.differs(sqlite=False)),
        ("deleted", "DELETE", kind.counted("OLD")),
    ):
        trigger = f"count_{kind.name}_{name}"
        head = f"CREATE TRIGGER {trigger} AFTER {act} ON {kind.table}"
        yield trigger, f"{head} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}"


def _made(_metadata: object, connection: Connection, **_: object) -> None:
    if inspect(connection).has_table(_CHANGES):
        install(connection)


event.listen(Base.metadata, "after_create", _made)


def every(kind: Kind, *, sqlite: bool) -> str:
    """SQL: all that counts now, in the columns of a change."""
    columns = ", ".join(
        f"{value} AS {name}" for value, name in zip(kind.said("r", sqlite=sqlite), kind.into, strict=True)
    )
    return f"SELECT {columns} FROM {kind.table} r WHERE {kind.counted('r')}"
