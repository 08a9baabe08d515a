"""What pages look for is found by an index: a household's corrections and tellings,
the timers that have fired.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Three indexes, which no row must be changed for."""
    op.create_index("ix_correction_into_id", "correction", ["into_id"])
    op.create_index("ix_telling_household_id", "telling", ["household_id"])
    fired = sa.text("status = 'fired'")
    columns = ["village_code", "fired_at", "id"]
    op.create_index("ix_timer_fired", "timer", columns, sqlite_where=fired, postgresql_where=fired)
