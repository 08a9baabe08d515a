"""Changes of contact and of persons by hand are reviewed by another person (R38): who, when, what was wrong.

Households say who registered them; of those there are, nobody knows any more. What was entered before waits
for its review like what comes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Three columns and an index for what waits, in both tables."""
    with op.batch_alter_table("contact_change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reviewed_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("sent_back", sa.String(length=300), server_default="", nullable=False))
        batch_op.create_index(
            "ix_contact_change_unreviewed",
            ["household_id", "recorded_at"],
            unique=False,
            sqlite_where=sa.text("reviewed_at IS NULL AND case_id IS NULL"),
            postgresql_where=sa.text("reviewed_at IS NULL AND case_id IS NULL"),
        )
        batch_op.create_foreign_key("fk_contact_change_reviewed_by", "account", ["reviewed_by"], ["id"])

    with op.batch_alter_table("member_change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reviewed_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("sent_back", sa.String(length=300), server_default="", nullable=False))
        batch_op.create_index(
            "ix_member_change_unreviewed",
            ["household_id", "recorded_at"],
            unique=False,
            sqlite_where=sa.text("reviewed_at IS NULL AND case_id IS NULL AND undone_at IS NULL"),
            postgresql_where=sa.text("reviewed_at IS NULL AND case_id IS NULL AND undone_at IS NULL"),
        )
        batch_op.create_foreign_key("fk_member_change_reviewed_by", "account", ["reviewed_by"], ["id"])

    with op.batch_alter_table("household", schema=None) as batch_op:
        batch_op.add_column(sa.Column("entered_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key("fk_household_entered_by", "account", ["entered_by"], ["id"])
