"""Screening: a campaign with its dates and areas, a row for each household, the papers of a row (R03)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nothing of it was there before."""
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_campaign_closed_by")),
        sa.ForeignKeyConstraint(["line_id"], ["monitoring_line.id"], name=op.f("fk_campaign_line_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name=op.f("fk_campaign_opened_by")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["procedure_version.id"], name=op.f("fk_campaign_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_county_code_starts_on", ["county_code", "starts_on"], unique=False)
        batch_op.create_index(
            "uq_campaign_open",
            ["county_code"],
            unique=True,
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        )

    op.create_table(
        "milestone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_milestone_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
    )
    with op.batch_alter_table("milestone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_milestone_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "screening_area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_screening_area_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_area")),
    )
    with op.batch_alter_table("screening_area", schema=None) as batch_op:
        batch_op.create_index(
            "ix_screening_area_campaign_id_village_code", ["campaign_id", "village_code"], unique=False
        )

    op.create_table(
        "screening_count",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("conflict", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_screening_count_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "village_code", name=op.f("pk_screening_count")),
    )
    op.create_table(
        "milestone_done",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("milestone_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("attended", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestone.id"], name=op.f("fk_milestone_done_milestone_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name=op.f("fk_milestone_done_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_done")),
        sa.UniqueConstraint(
            "milestone_id", "division_code", name=op.f("uq_milestone_done_milestone_id_division_code")
        ),
    )
    with op.batch_alter_table("milestone_done", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_milestone_done_division_code"), ["division_code"], unique=False)

    op.create_table(
        "screening",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("manner", sa.String(length=10), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("household_size", sa.Integer(), nullable=True),
        sa.Column("assured", sa.Boolean(), nullable=True),
        sa.Column("unmet", sa.Text(), nullable=True),
        sa.Column("above_line", sa.Boolean(), nullable=True),
        sa.Column("in_group", sa.Boolean(), nullable=True),
        sa.Column("groups", sa.Text(), nullable=True),
        sa.Column("declares", sa.Boolean(), nullable=True),
        sa.Column("policy_explained", sa.Boolean(), nullable=False),
        sa.Column("remark", sa.String(length=300), nullable=False),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("collected_by", sa.String(length=60), nullable=False),
        sa.Column("partner", sa.String(length=60), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clue_id", sa.Integer(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_screening_campaign_id")),
        sa.ForeignKeyConstraint(["clue_id"], ["risk_clue.id"], name=op.f("fk_screening_clue_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["account.id"], name=op.f("fk_screening_entered_by")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_screening_household_id")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["account.id"], name=op.f("fk_screening_reviewed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
        sa.UniqueConstraint("uuid", name=op.f("uq_screening_uuid")),
    )
    with op.batch_alter_table("screening", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_screening_clue_id"), ["clue_id"], unique=False)
        batch_op.create_index(
            "ix_screening_conflict",
            ["campaign_id", "village_code"],
            unique=False,
            sqlite_where=sa.text("standing = 'conflict'"),
            postgresql_where=sa.text("standing = 'conflict'"),
        )
        batch_op.create_index(batch_op.f("ix_screening_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            "ix_screening_place", ["campaign_id", "village_code", "standing", "result"], unique=False
        )
        batch_op.create_index(
            "uq_screening_current",
            ["campaign_id", "household_id"],
            unique=True,
            sqlite_where=sa.text("standing = 'current'"),
            postgresql_where=sa.text("standing = 'current'"),
        )

    op.create_table(
        "screening_investigator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_screening_investigator_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["screening_area.id"], name=op.f("fk_screening_investigator_area_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_investigator")),
    )
    with op.batch_alter_table("screening_investigator", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_screening_investigator_account_id"), ["account_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_screening_investigator_area_id"), ["area_id"], unique=False)

    op.create_table(
        "screening_paper",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("screening_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("strokes", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("added_by", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["account.id"], name=op.f("fk_screening_paper_added_by")),
        sa.ForeignKeyConstraint(
            ["screening_id"], ["screening.id"], name=op.f("fk_screening_paper_screening_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_paper")),
        sa.UniqueConstraint("uuid", name=op.f("uq_screening_paper_uuid")),
    )
    with op.batch_alter_table("screening_paper", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_screening_paper_screening_id"), ["screening_id"], unique=False)
