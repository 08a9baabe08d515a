"""What went up stays as it was: the lines of numbered batches, the rows of plans,
clues that wait for another case.

Batches and plans of before have no lines of their own: pages and papers read the register for them, as they
did.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("application_batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("heading", sa.Text(), nullable=False, server_default="{}"))

    with op.batch_alter_table("assistance_plan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("listed", sa.Text(), nullable=False, server_default="[]"))

    with op.batch_alter_table("batch_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("line", sa.Text(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("replaces", sa.String(80), nullable=False, server_default=""))
        number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
        batch_op.add_column(sa.Column("entered_after", number, nullable=False, server_default="0"))

    with op.batch_alter_table("risk_clue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
