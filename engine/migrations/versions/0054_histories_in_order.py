"""A case knows when its history's last line was written: no later step has an earlier instant.

Who waited for a case has read the clock before whoever had it: a decision came in time and late at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    """Every case gets the instant of its last line."""
    op.add_column("case_file", sa.Column("log_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE case_file SET log_at = (SELECT at FROM log_entry"
        " WHERE log_entry.stream = 'case:' || case_file.id AND log_entry.seq = case_file.log_seq)"
    )
