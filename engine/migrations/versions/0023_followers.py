"""Whoever takes over from a supervisor who went to another office hears of the answers to his orders.

Orders of before have nobody but who issued them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """A column that may be empty."""
    with op.batch_alter_table("supervision_order") as batch:
        batch.add_column(sa.Column("answers_to", sa.Integer()))
        batch.create_foreign_key(op.f("fk_supervision_order_answers_to"), "account", ["answers_to"], ["id"])
    op.create_index("ix_supervision_order_answers_to", "supervision_order", ["answers_to"])
