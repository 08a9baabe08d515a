"""What rules and samples find wrong with a household's data (R34, R35, R39): a new table, no row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """One table; what is live, is there once."""
    op.create_table(
        "finding",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("member_key", sa.String(length=32), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("sentence", sa.String(length=500), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("way", sa.String(length=20), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(length=12), nullable=False),
        sa.Column("old_value", sa.String(length=500), nullable=False),
        sa.Column("new_value", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("ending", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"], name="fk_finding_answered_by"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name="fk_finding_case_id"),
        sa.ForeignKeyConstraint(["confirmed_by"], ["account.id"], name="fk_finding_confirmed_by"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_finding_household_id"),
        sa.PrimaryKeyConstraint("id", name="pk_finding"),
    )
    op.create_index("ix_finding_case_id", "finding", ["case_id"])
    op.create_index("ix_finding_household_id", "finding", ["household_id"])
    op.create_index("ix_finding_place", "finding", ["village_code", "status", "rule"])
    op.create_index("ix_finding_status", "finding", ["status", "village_code", "id"])
    op.create_index(
        "ix_finding_waiting",
        "finding",
        ["household_id"],
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "uq_finding_live",
        "finding",
        ["household_id", "rule", "member_key"],
        unique=True,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
