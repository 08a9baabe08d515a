"""Who came to a household and who left it, with day and proof (domain S11); what stood on a posted notice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """A member of before is known by its row; what its household was like earlier nobody wrote down."""
    _changes()
    _proofs()
    with op.batch_alter_table("member") as members:
        members.add_column(sa.Column("key", sa.String(32), nullable=False, server_default=""))
    op.execute("UPDATE member SET key = 'm' || id")
    with op.batch_alter_table("notice") as notices:
        notices.add_column(sa.Column("listed", sa.Text(), nullable=True))


def _changes() -> None:
    op.create_table(
        "member_change",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("household_id", sa.Integer(), sa.ForeignKey("household.id"), nullable=False, index=True),
        sa.Column("act", sa.String(32), nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("member_key", sa.String(32), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Integer(), sa.ForeignKey("case_file.id"), nullable=True, index=True),
        sa.Column("proof", sa.String(400), nullable=False),
        sa.Column("recorded_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.String(400), nullable=False),
    )


def _proofs() -> None:
    op.create_table(
        "member_proof",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("household_id", sa.Integer(), sa.ForeignKey("household.id"), nullable=False, index=True),
        sa.Column("act", sa.String(32), nullable=False, index=True),
        sa.Column("filename", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(60), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
    )
