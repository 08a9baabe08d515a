"""A request's key is its account's own and belongs to one operation; people are found by name from an index.

Until now callers' keys and those of bulk acts (``bulk:<act>:<item>``) shared one name space.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# A programme may have chosen a key that looks like one of a bulk act: only what ends in its item is taken
# apart.
_SPLIT = (
    "UPDATE idempotency SET key = CAST(work_item_id AS VARCHAR(20)), "
    "operation = substr(key, 1, length(key) - length(CAST(work_item_id AS VARCHAR(20))) - 1) "
    "WHERE key LIKE 'bulk:%:' || CAST(work_item_id AS VARCHAR(20)) AND length(key) <= 40"
)


def upgrade() -> None:
    """Take the bulk acts' names out of their keys."""
    operation = sa.Column("operation", sa.String(length=40), nullable=False, server_default="complete")
    with op.batch_alter_table("idempotency") as batch_op:
        batch_op.add_column(operation)
        batch_op.drop_constraint("pk_idempotency", type_="primary")
        batch_op.create_primary_key("pk_idempotency", ["account_id", "operation", "key"])
    op.execute(_SPLIT)
    with op.batch_alter_table("member") as batch_op:
        batch_op.create_index(batch_op.f("ix_member_name"), ["name"], unique=False)
