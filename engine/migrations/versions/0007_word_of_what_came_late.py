"""Whom a date that came late is told: installations of before begin with the same line as new ones."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One line more in a table of lines (R15); an empty table is filled when the installation is made.

    No line of this event can have been taken away by anybody: there was no such event.
    """
    begun = {"event": "backdated", "audience": "supervisor_county", "channel": "bell", "repeat_days": 0}
    everywhere = {"procedure_key": "", "element_id": "", "target": "", "active": sa.true()}
    values = {**begun, **everywhere}
    table = sa.table("notification_rule", *map(sa.column, values))
    told = sa.exists().select_from(table)
    columns: list[Any] = [value if name == "active" else sa.literal(value) for name, value in values.items()]
    row = sa.select(*columns)
    missing = row.where(told, ~told.where(table.c.event == "backdated"))
    op.execute(table.insert().from_select(list(values), missing))
