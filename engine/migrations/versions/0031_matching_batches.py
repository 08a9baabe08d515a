"""Matching in batches: whom a township sends up, which departments are asked, what they answer (R09)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """The results of before are the first of their cases, and lacked no department."""
    op.create_table(
        "matching_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("township_code", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("called", sa.String(length=40), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_matching_batch_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_batch")),
        sa.UniqueConstraint(
            "township_code", "year", "serial", name=op.f("uq_matching_batch_township_code_year_serial")
        ),
    )
    op.create_table(
        "matching_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=30), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["matching_batch.id"], name=op.f("fk_matching_request_batch_id")
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["account.id"], name=op.f("fk_matching_request_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_request")),
        sa.UniqueConstraint("batch_id", "department", name=op.f("uq_matching_request_batch_id_department")),
    )
    op.create_table(
        "matching_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("signers", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("result_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["matching_batch.id"], name=op.f("fk_matching_entry_batch_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_matching_entry_case_id")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_matching_entry_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["result_id"], ["matching_result.id"], name=op.f("fk_matching_entry_result_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_entry")),
    )
    with op.batch_alter_table("matching_entry") as batch_op:
        batch_op.create_index("ix_matching_entry_batch_id_status", ["batch_id", "status", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_matching_entry_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_matching_entry_household_id"), ["household_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_matching_entry_village_code"), ["village_code"], unique=False)
        batch_op.create_index(
            "uq_matching_entry_waiting",
            ["case_id"],
            unique=True,
            sqlite_where=sa.text("status = 'waiting'"),
            postgresql_where=sa.text("status = 'waiting'"),
        )

    op.create_table(
        "matching_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=30), nullable=False),
        sa.Column("member_key", sa.String(length=32), nullable=False),
        sa.Column("member_name", sa.String(length=40), nullable=False),
        sa.Column("item", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("result_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["matching_entry.id"], name=op.f("fk_matching_finding_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f("fk_matching_finding_recorded_by")
        ),
        sa.ForeignKeyConstraint(
            ["result_id"], ["matching_result.id"], name=op.f("fk_matching_finding_result_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_finding")),
    )
    with op.batch_alter_table("matching_finding") as batch_op:
        batch_op.create_index(batch_op.f("ix_matching_finding_result_id"), ["result_id"], unique=False)
        batch_op.create_index(
            "uq_matching_finding_current",
            ["entry_id", "department", "member_key", "item"],
            unique=True,
            sqlite_where=sa.text("standing = 'current'"),
            postgresql_where=sa.text("standing = 'current'"),
        )

    with op.batch_alter_table("matching_result") as batch_op:
        batch_op.add_column(sa.Column("no_data", sa.Text(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
