"""Jobs are found by their state: those that failed, and how many wait, run and have failed."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """One index, which no row must be changed for."""
    op.create_index("ix_job_status", "job", ["status", "id"])
