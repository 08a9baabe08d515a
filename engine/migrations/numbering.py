"""Where the numbers of a table's rows begin."""

from __future__ import annotations

from alembic import op


def number_from(table: str, first: int) -> None:
    """Let the rows of an empty `table` have numbers from `first` on: those of a kind of subjects
    (engine.casework.kit.Subjects).

    In SQLite the table is one with AUTOINCREMENT (``sqlite_autoincrement``), which numbers on from here.
    """
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {first - 1})")
    else:
        op.execute(f"ALTER SEQUENCE {table}_id_seq START WITH {first} RESTART WITH {first}")
