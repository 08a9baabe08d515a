"""A task names every limit that it is under: until now only the first one due had somebody who held it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_JOINED = {"sqlite": "group_concat(token, ' ')", "postgresql": "string_agg(token, ' ' ORDER BY due_at)"}
_ALONE = (
    "NOT EXISTS (SELECT 1 FROM work_item AS other WHERE other.case_id = work_item.case_id"
    " AND other.status = 'open' AND other.id <> work_item.id)"
)


def upgrade() -> None:
    """Fill the open tasks: all limits of the case where no other task is open, else the first one due.

    The case's next step says it exactly.
    """
    with op.batch_alter_table("work_item") as items:
        items.add_column(sa.Column("limits", sa.Text(), nullable=False, server_default=""))
    limits = _JOINED[op.get_bind().dialect.name]
    op.execute(
        f"UPDATE work_item SET limits = coalesce((SELECT {limits} FROM timer"
        " WHERE timer.case_id = work_item.case_id AND timer.standing = 'open'"
        f" AND (timer.due_at = work_item.due_at OR {_ALONE})), '') WHERE status = 'open'"
    )
    _index(
        "timer",
        "ix_timer_standing",
        "standing",
        ["village_code", "due_at", "procedure_key", "element_id", "case_id", "id", "token", "standing"],
    )
    _index(
        "work_item",
        "ix_work_item_place",
        "status",
        [
            "village_code",
            "procedure_key",
            "element_id",
            "limits",
            "claimed_by",
            "queue",
            "division_code",
            "case_id",
            "status",
        ],
    )


def _index(table: str, name: str, mark: str, columns: list[str]) -> None:
    """The index over what is open, anew."""
    where = sa.text(f"{mark} = 'open'")
    op.drop_index(name, table)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
