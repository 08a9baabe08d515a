"""Random samples of households (R39): new tables, no row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("strata_by", sa.Text(), nullable=False),
        sa.Column("statuses", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("reserve", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("seed_of", sa.Text(), nullable=False),
        sa.Column("seeded_on", sa.Date(), nullable=False),
        sa.Column("frame_size", sa.Integer(), nullable=True),
        sa.Column("frame_sha256", sa.String(length=64), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name="fk_sample_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
    )
    with op.batch_alter_table("sample", schema=None) as batch_op:
        batch_op.create_index("ix_sample_division_code", ["division_code", "id"], unique=False)

    op.create_table(
        "sample_stratum",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("household_type", sa.String(length=30), nullable=False),
        sa.Column("frame_size", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name="fk_sample_stratum_sample_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sample_stratum"),
    )
    with op.batch_alter_table("sample_stratum", schema=None) as batch_op:
        batch_op.create_index("ix_sample_stratum_sample_id", ["sample_id"], unique=False)

    op.create_table(
        "sample_household",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("stratum_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("order_sha256", sa.String(length=64), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.String(length=120), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entered_by"], ["account.id"], name="fk_sample_household_entered_by"),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_sample_household_household_id"),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name="fk_sample_household_sample_id"),
        sa.ForeignKeyConstraint(["stratum_id"], ["sample_stratum.id"], name="fk_sample_household_stratum_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sample_household"),
        sa.UniqueConstraint("sample_id", "household_id", name="uq_sample_household_sample_id_household_id"),
    )
    with op.batch_alter_table("sample_household", schema=None) as batch_op:
        batch_op.create_index("ix_sample_household_household_id", ["household_id"], unique=False)
        batch_op.create_index(
            "ix_sample_household_place", ["sample_id", "village_code", "position"], unique=False
        )
        batch_op.create_index("ix_sample_household_stratum_id", ["stratum_id", "position"], unique=False)
