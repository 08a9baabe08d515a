"""Counties that become one keep the records that their departments had numbered, each from 1 on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """The index only finds records; that a number is not used for two people is asked of each row."""
    with op.batch_alter_table("department_row", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("uq_department_row_record"),
            sqlite_where=sa.text("standing = 'current' AND record <> ''"),
        )
        batch_op.create_index(
            "ix_department_row_record",
            ["division_code", "department", "record"],
            unique=False,
            sqlite_where=sa.text("standing = 'current' AND record <> ''"),
            postgresql_where=sa.text("standing = 'current' AND record <> ''"),
        )
