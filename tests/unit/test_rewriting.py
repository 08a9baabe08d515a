"""Old rows computed anew by a migration: each by its key, in time that grows with the rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from engine.migrations import rewriting


def test_a_tables_rows_are_rewritten_by_their_keys_in_portions() -> None:
    """Twelve thousand different names are three updates, none of which looks for a name."""
    engine, said = sa.create_engine("sqlite://"), []
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, key TEXT)")
        names = [(number, f" Ａ{number}" if number % 4 else None) for number in range(1, 12_001)]
        connection.exec_driver_sql("INSERT INTO person (id, name) VALUES (?, ?)", names)
        sa.event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
        with Operations.context(MigrationContext.configure(connection)):
            rewriting.rewrite("person", "name", "key", lambda name: name.strip() if name != " Ａ1" else None)
        updates = [one for one in said if one.startswith("UPDATE")]
        assert len(updates) == 3 and all("WHERE person.id = ?" in one for one in updates)
        kept = dict(connection.exec_driver_sql("SELECT id, key FROM person WHERE id < 6").all())
    assert kept == {1: None, 2: "Ａ2", 3: "Ａ3", 4: None, 5: "Ａ5"}
