"""Other offices' empty forms that are filled from the register: one new table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "foreign_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("office", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("sheet", sa.String(length=100), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("per", sa.String(length=10), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_foreign_form_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_form")),
    )
    with op.batch_alter_table("foreign_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_foreign_form_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "ix_foreign_form_office_fingerprint", ["office", "fingerprint", "told_at"], unique=False
        )
