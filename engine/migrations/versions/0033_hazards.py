"""Hazards with their area, plans and clues (R30, R33); areas to watch, by week, and labels by hand (R31)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.migrations.numbering import number_from

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Tables that are all new."""
    op.create_table(
        "watch_area",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("parameter", sa.String(length=200), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_area")),
    )
    with op.batch_alter_table("watch_area", schema=None) as batch_op:
        batch_op.create_index("ix_watch_area_kind", ["week", "kind", "division_code"], unique=False)
        batch_op.create_index("ix_watch_area_place", ["week", "division_code", "kind"], unique=False)

    op.create_table(
        "watch_figure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("monitored", sa.Integer(), nullable=False),
        sa.Column("monitored_people", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_figure")),
    )
    with op.batch_alter_table("watch_figure", schema=None) as batch_op:
        batch_op.create_index("ix_watch_figure_place", ["week", "division_code"], unique=False)

    op.create_table(
        "area_label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name=op.f("fk_area_label_ended_by")),
        sa.ForeignKeyConstraint(["set_by"], ["account.id"], name=op.f("fk_area_label_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_label")),
    )
    with op.batch_alter_table("area_label", schema=None) as batch_op:
        batch_op.create_index(
            "ix_area_label_stands",
            ["division_code", "kind"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "hazard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("sub_kind", sa.String(length=30), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reporter", sa.String(length=60), nullable=False),
        sa.Column("description", sa.String(length=1000), nullable=False),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("in_area", sa.Integer(), nullable=False),
        sa.Column("people_in_area", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("result", sa.String(length=1000), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("reported_by", sa.Integer(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id > 1000000000", name="ck_hazard_id"),
        sa.ForeignKeyConstraint(["reported_by"], ["account.id"], name=op.f("fk_hazard_reported_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("hazard", schema=None) as batch_op:
        batch_op.create_index("ix_hazard_village_code_status", ["village_code", "status", "id"], unique=False)

    number_from("hazard", 1_000_000_001)
    op.create_table(
        "hazard_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hazard_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("discovered_on", sa.Date(), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.Column("risks", sa.Text(), nullable=False),
        sa.Column("chosen", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hazard_act_account_id")),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_act_hazard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_act")),
    )
    with op.batch_alter_table("hazard_act", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hazard_act_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_act_hazard_id"), ["hazard_id"], unique=False)
        batch_op.create_index(
            "ix_hazard_act_unfinished",
            ["id"],
            unique=False,
            sqlite_where=sa.text("told_at IS NULL"),
            postgresql_where=sa.text("told_at IS NULL"),
        )

    op.create_table(
        "hazard_area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hazard_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["account.id"], name=op.f("fk_hazard_area_added_by")),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_area_hazard_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_area")),
    )
    with op.batch_alter_table("hazard_area", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hazard_area_division_code"), ["division_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_area_hazard_id"), ["hazard_id"], unique=False)

    op.create_table(
        "watch_week",
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("at_county", sa.String(length=12), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["procedure_version.id"], name=op.f("fk_watch_week_version_id")
        ),
        sa.PrimaryKeyConstraint("week", name=op.f("pk_watch_week")),
    )
    op.create_table(
        "hazard_consultation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hazard_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("chair", sa.String(length=40), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.String(length=1000), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_hazard_consultation_case_id")),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_consultation_hazard_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f("fk_hazard_consultation_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_consultation")),
    )
    with op.batch_alter_table("hazard_consultation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hazard_consultation_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_consultation_hazard_id"), ["hazard_id"], unique=False)

    op.create_table(
        "hazard_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hazard_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("goal", sa.String(length=1000), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_hazard_plan_case_id")),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_plan_hazard_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name=op.f("fk_hazard_plan_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_plan")),
    )
    with op.batch_alter_table("hazard_plan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hazard_plan_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_plan_hazard_id"), ["hazard_id"], unique=False)

    op.create_table(
        "hazard_household",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hazard_id", sa.Integer(), nullable=False),
        sa.Column("act_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("clue_id", sa.Integer(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["hazard_act.id"], name=op.f("fk_hazard_household_act_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_hazard_household_case_id")),
        sa.ForeignKeyConstraint(["clue_id"], ["risk_clue.id"], name=op.f("fk_hazard_household_clue_id")),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_household_hazard_id")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_hazard_household_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_household")),
        sa.UniqueConstraint(
            "hazard_id", "household_id", name=op.f("uq_hazard_household_hazard_id_household_id")
        ),
    )
    with op.batch_alter_table("hazard_household", schema=None) as batch_op:
        batch_op.create_index("ix_hazard_household_act_id_status", ["act_id", "status", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_household_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_household_clue_id"), ["clue_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_hazard_household_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            "ix_hazard_household_place", ["hazard_id", "village_code", "status"], unique=False
        )

    op.create_table(
        "hazard_measure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("hazard_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(length=500), nullable=False),
        sa.Column("unit", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_measure_hazard_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["hazard_plan.id"], name=op.f("fk_hazard_measure_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_measure")),
    )
    with op.batch_alter_table("hazard_measure", schema=None) as batch_op:
        batch_op.create_index(
            "ix_hazard_measure_hazard_id_status", ["hazard_id", "status", "due_on"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_hazard_measure_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "hazard_progress",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("measure_id", sa.Integer(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["measure_id"], ["hazard_measure.id"], name=op.f("fk_hazard_progress_measure_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name=op.f("fk_hazard_progress_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_progress")),
    )
    with op.batch_alter_table("hazard_progress", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hazard_progress_measure_id"), ["measure_id"], unique=False)
