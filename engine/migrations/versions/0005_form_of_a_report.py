"""Progress of a measure and an answer to an order keep the hash of the form they were sent with,
as submissions do.

Earlier rows do not know it ("") and are shown by the form in force, as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("measure_progress", schema=None) as batch_op:
        batch_op.add_column(sa.Column("form_sha256", sa.String(length=64), server_default="", nullable=False))

    with op.batch_alter_table("order_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("form_sha256", sa.String(length=64), server_default="", nullable=False))
