"""Long lists become files behind the request: who asked, how far it is, and the file in pieces for a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
HELD = sa.text("status <> 'gone'")


def upgrade() -> None:
    """Two new tables, of which no release has rows."""
    op.create_table(
        "outgoing_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=7), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("filename", sa.String(length=200), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_outgoing_file_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing_file"),
    )
    op.create_index("ix_outgoing_file_account_id", "outgoing_file", ["account_id", "id"])
    op.create_index(
        "ix_outgoing_file_until", "outgoing_file", ["until"], sqlite_where=HELD, postgresql_where=HELD
    )
    op.create_table(
        "outgoing_part",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["outgoing_file.id"], name="fk_outgoing_part_file_id"),
        sa.PrimaryKeyConstraint("id", name="pk_outgoing_part"),
    )
    op.create_index("ix_outgoing_part_file_id", "outgoing_part", ["file_id", "number"], unique=True)
