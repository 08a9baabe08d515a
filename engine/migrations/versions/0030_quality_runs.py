"""Runs of the rules of data quality over a place (R34, R35): new tables, no row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """What a run does is written down township by township; which places have one every week."""
    op.create_table(
        "quality_rhythm",
        sa.Column("place_code", sa.String(length=12), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["set_by"], ["account.id"], name="fk_quality_rhythm_set_by"),
        sa.PrimaryKeyConstraint("place_code", name="pk_quality_rhythm"),
    )
    op.create_table(
        "quality_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_code", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("begun_by", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["begun_by"], ["account.id"], name="fk_quality_run_begun_by"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_run"),
    )
    op.create_index("ix_quality_run_place_code", "quality_run", ["place_code", "id"])
    op.create_index("ix_quality_run_status", "quality_run", ["status", "id"])

    op.create_table(
        "quality_portion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("place_code", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(length=300), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["quality_run.id"], name="fk_quality_portion_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_quality_portion"),
    )
    op.create_index("ix_quality_portion_run_id_status", "quality_portion", ["run_id", "status", "id"])
