"""Whose name a gate counts for, so that the accounts that are locked out can be listed.

Gates that there are stay nobody's: they are forgotten within a day.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """One column and its index."""
    op.add_column("sign_in_gate", sa.Column("account_id", sa.Integer()))
    op.create_index("ix_sign_in_gate_account_id", "sign_in_gate", ["account_id"])
