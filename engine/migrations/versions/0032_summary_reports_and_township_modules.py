"""What goes up besides households: summary reports (R40), townships' figures by year (R36)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.ground.tables import UtcDateTime
from engine.migrations.numbering import number_from

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """New tables, and for each campaign the report that sums it up: none yet."""
    _reports()
    _modules()
    with op.batch_alter_table("campaign") as campaigns:
        campaigns.add_column(sa.Column("report_id", sa.Integer()))
        campaigns.create_foreign_key(op.f("fk_campaign_report_id"), "summary_report", ["report_id"], ["id"])
    op.create_index("ix_campaign_report_id", "campaign", ["report_id"])


def _reports() -> None:
    op.create_table(
        "summary_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.Integer()),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("received_on", sa.Date()),
        sa.Column("receipt", sa.String(80), nullable=False),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name=op.f("fk_summary_report_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary_report")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_summary_report_village_code_starts_on", "summary_report", ["village_code", "starts_on"]
    )
    number_from("summary_report", 1_100_000_001)
    op.create_table(
        "report_annex",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_by", sa.Integer()),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_report_annex_made_by")),
        sa.ForeignKeyConstraint(["report_id"], ["summary_report.id"], name=op.f("fk_report_annex_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_annex")),
        sa.UniqueConstraint("report_id", "number", name=op.f("uq_report_annex_report_id_number")),
    )


def _modules() -> None:
    op.create_table(
        "township_module",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("opened_by", sa.Integer()),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("agreed_on", sa.Date()),
        sa.ForeignKeyConstraint(["opened_by"], ["account.id"], name=op.f("fk_township_module_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_township_module")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_township_module_year_village_code", "township_module", ["year", "village_code"])
    number_from("township_module", 1_200_000_001)
