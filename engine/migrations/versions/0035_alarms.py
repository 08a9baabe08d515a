"""What strikes about marks of elimination, week by week (Q57): new tables, no row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Two tables."""
    op.create_table(
        "alarm_week",
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("week", "county_code", name=op.f("pk_alarm_week")),
        info={"adds_up": True},
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("place_code", sa.String(length=12), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.String(length=500), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("noted_by", sa.Integer(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_alarm_household_id")),
        sa.ForeignKeyConstraint(["noted_by"], ["account.id"], name=op.f("fk_alarm_noted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_household_id"), ["household_id"], unique=False)
        batch_op.create_index("ix_alarm_place_code", ["place_code", "week", "kind"], unique=False)
        batch_op.create_index("ix_alarm_week", ["week", "place_code"], unique=False)
