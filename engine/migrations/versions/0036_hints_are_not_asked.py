"""What waits for its village, without the hints, which are only shown: those can be many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    to_ask = sa.text("status = 'waiting' AND severity <> 'hint'")
    op.drop_index("ix_finding_waiting", "finding")
    op.create_index(
        "ix_finding_to_ask",
        "finding",
        ["village_code", "household_id"],
        sqlite_where=to_ask,
        postgresql_where=to_ask,
    )
