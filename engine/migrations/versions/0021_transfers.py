"""Households offered to another place, changes of phone and address: new tables, no row changes.

What was handed over before is in the histories of its cases.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Two tables, and an index."""
    op.create_table(
        "contact_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("phone_before", sa.String(length=20), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("group_before", sa.String(length=40), nullable=False),
        sa.Column("group_name", sa.String(length=40), nullable=False),
        sa.Column("address_before", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_contact_change_case_id"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_contact_change_household_id"),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name="fk_contact_change_recorded_by"),
        sa.PrimaryKeyConstraint("id", name="pk_contact_change"),
    )
    op.create_index("ix_contact_change_household_id", "contact_change", ["household_id"])
    op.create_index("ix_contact_change_case_id", "contact_change", ["case_id"])
    op.create_table(
        "transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("from_code", sa.String(length=12), nullable=False),
        sa.Column("to_code", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("head_name", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("offered_by", sa.Integer(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name="fk_transfer_decided_by"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_transfer_household_id"),
        sa.ForeignKeyConstraint(["offered_by"], ["account.id"], name="fk_transfer_offered_by"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
    )
    op.create_index("ix_transfer_household_id", "transfer", ["household_id"])
    op.create_index("ix_transfer_from_code", "transfer", ["from_code", "id"])
    op.create_index("ix_transfer_to_code", "transfer", ["to_code", "id"])
    op.create_index("ix_household_phone", "household", ["phone"])  # who else has it
    waits = sa.text("status = 'offered'")
    op.create_index(
        "ix_transfer_remind_on", "transfer", ["remind_on"], sqlite_where=waits, postgresql_where=waits
    )
    op.create_index(
        "uq_transfer_waiting",
        "transfer",
        ["household_id"],
        unique=True,
        sqlite_where=waits,
        postgresql_where=waits,
    )
