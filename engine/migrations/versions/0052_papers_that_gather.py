"""The announcement that a village adds to is found among those that gather, not among all it has had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """A new index; no row changes."""
    gathers = sa.text("status = 'gathering'")
    op.create_index(
        "ix_paper_gathering", "paper", ["place_code"], sqlite_where=gathers, postgresql_where=gathers
    )
