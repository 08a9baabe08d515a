"""Officials' load is counted by its index alone: where a household lives stands beside who answers for it.

To look each household up for that was, with a million of them, most of the counting.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"

_PRESENT = sa.text("until IS NULL")


def upgrade() -> None:
    """Every official gets the village of the household; the index takes it in."""
    with op.batch_alter_table("responsible_official") as officials:
        officials.add_column(sa.Column("village_code", sa.String(12), nullable=False, server_default=""))
    op.execute(
        "UPDATE responsible_official SET village_code ="
        " (SELECT village_code FROM household WHERE household.id = responsible_official.household_id)"
    )
    op.drop_index("ix_responsible_official_load", "responsible_official")
    op.create_index(
        "ix_responsible_official_load",
        "responsible_official",
        ["county_code", "name_key", "unit", "id", "village_code"],
        sqlite_where=_PRESENT,
        postgresql_where=_PRESENT,
    )
