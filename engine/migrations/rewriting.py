"""What of old rows is computed anew, by their keys: the time grows with the rows, not with their square."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

PORTION = 5_000
"""Rows that are read at once, so that a province's table needs no place in memory."""


def rewrite(table: str, source: str, target: str, form: Callable[[str], str | None]) -> None:
    """Set `target` of each row to the form of its `source`; None and what it is already leave it as it is.

    An update by the value instead would walk through the whole table for every value.
    """
    names = dict.fromkeys(("id", source, target))
    rows, columns = op.get_bind(), sa.table(table, *(sa.column(name) for name in names))
    key, last = columns.c.id, 0
    change = sa.update(columns).where(key == sa.bindparam("row")).values({target: sa.bindparam("new")})
    query = sa.select(key, columns.c[source].label("typed"), columns.c[target].label("now")).order_by(key)
    while found := rows.execute(query.where(key > last).limit(PORTION)).all():
        last = found[-1].id
        fresh = [(row.id, row.now, form(row.typed)) for row in found if row.typed is not None]
        changed = [{"row": one, "new": new} for one, now, new in fresh if new is not None and new != now]
        if changed:
            rows.execute(change, changed)
