"""A draft tells how often it was saved and where:
what was typed over an older one never replaces it unasked.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Drafts that are there count as saved once, nobody knows where."""
    with op.batch_alter_table("draft") as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("device", sa.String(length=20), nullable=False, server_default=""))
