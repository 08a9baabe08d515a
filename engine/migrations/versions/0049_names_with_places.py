"""Indices for those who reach more than a county: how many of a name there are in a city or the province, and
measures in the order of their days.

The index of names holds the village too, so that a city's are counted without a look at each household. What
is due first was found by sorting every measure of the reach.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

UNFINISHED = sa.text("status IN ('planned', 'under_way')")
ENDED = sa.text("status IN ('done', 'stopped')")


def upgrade() -> None:
    """Make the indices; no row changes."""
    op.drop_index("ix_household_head_key", "household")
    operators = {"head_key": "varchar_pattern_ops"}
    names = ["head_key", "village_code"]
    op.create_index("ix_household_head_key", "household", names, postgresql_ops=operators)
    op.create_index(
        "ix_measure_unfinished",
        "measure",
        ["ends_on", "id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index(
        "ix_measure_ended", "measure", ["ends_on", "id"], sqlite_where=ENDED, postgresql_where=ENDED
    )
