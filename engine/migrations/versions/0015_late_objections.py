"""An objection keeps why it was entered after the day on which it was raised (R10)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nobody was asked before."""
    with op.batch_alter_table("objection") as objections:
        objections.add_column(sa.Column("late_reason", sa.String(300), nullable=False, server_default=""))
