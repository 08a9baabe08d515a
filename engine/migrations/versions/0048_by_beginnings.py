"""Indices that find what a text begins with, the register in its order, officials' load as it is grouped.

PostgreSQL takes an index for LIKE only with the operators of patterns, unless the database is in C. The index
of officials' load began with a name that nothing is grouped by any longer: a county's load was read through
the whole province (128 ms instead of 10 with a million households).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"

PREFIXED = (("household", "head_key"), ("household", "head_id_number"))
PRESENT = sa.text("until IS NULL")


def upgrade() -> None:
    """Make the indices anew; no row changes."""
    for table, column in PREFIXED:
        op.drop_index(f"ix_{table}_{column}", table)
        operators = {column: "varchar_pattern_ops"}
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_ops=operators)
    op.drop_index("ix_household_status", "household")
    op.create_index("ix_household_status_village_code", "household", ["status", "village_code", "id"])
    op.drop_index("ix_responsible_official_load", "responsible_official")
    op.create_index(
        "ix_responsible_official_load",
        "responsible_official",
        ["county_code", "name_key", "unit", "id"],
        sqlite_where=PRESENT,
        postgresql_where=PRESENT,
    )
