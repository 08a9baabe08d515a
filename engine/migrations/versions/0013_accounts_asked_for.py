"""Roles asked for, accounts that come in files, verifications of the log: new tables, no row changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Four tables."""
    op.create_table(
        "journal_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after", sa.String(length=60), nullable=False),
        sa.Column("streams", sa.Integer(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("breaks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal_check"),
    )
    op.create_table(
        "account_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_account_import_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account_import"),
    )
    op.create_index("ix_account_import_account_id", "account_import", ["account_id"])

    op.create_table(
        "account_import_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("fault", sa.String(length=400), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("added_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["added_id"], ["account.id"], name="fk_account_import_row_added_id"),
        sa.ForeignKeyConstraint(["import_id"], ["account_import.id"], name="fk_account_import_row_import_id"),
        sa.PrimaryKeyConstraint("id", name="pk_account_import_row"),
    )
    op.create_index("ix_account_import_row_added_id", "account_import_row", ["added_id"])
    op.create_index(
        "ix_account_import_row_import_id_status_number",
        "account_import_row",
        ["import_id", "status", "number"],
    )

    op.create_table(
        "role_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_role_request_account_id"),
        sa.ForeignKeyConstraint(["import_id"], ["account_import.id"], name="fk_role_request_import_id"),
        sa.PrimaryKeyConstraint("id", name="pk_role_request"),
    )
    op.create_index("ix_role_request_account_id", "role_request", ["account_id"])
    op.create_index("ix_role_request_import_id", "role_request", ["import_id"])
    op.create_index("ix_role_request_status_division_code", "role_request", ["status", "division_code"])
    op.create_index(
        "ix_role_request_waiting",
        "role_request",
        ["account_id", "role", "division_code"],
        unique=True,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
