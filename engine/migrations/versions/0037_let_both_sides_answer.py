"""Of a person in two records each side answers for its own (T29), and townships that become one keep the
batches that each had numbered.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Nobody has said no to anything yet."""
    with op.batch_alter_table("department_candidate", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("denied_note", sa.String(length=300), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("denied_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_department_candidate_denied_by"), "account", ["denied_by"], ["id"]
        )

    with op.batch_alter_table("matching_batch", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_matching_batch_township_code_year_serial"), type_="unique")
        batch_op.create_index(
            "ix_matching_batch_township_code_year", ["township_code", "year", "serial"], unique=False
        )
