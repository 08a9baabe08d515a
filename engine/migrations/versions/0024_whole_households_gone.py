"""A correction keeps what it was asked with: how and since when a whole household is gone (domain S11)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """The kinds of before needed nothing more."""
    with op.batch_alter_table("correction") as corrections:
        corrections.add_column(sa.Column("data", sa.Text(), nullable=False, server_default="{}"))
