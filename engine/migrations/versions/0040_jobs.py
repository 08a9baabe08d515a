"""What people start goes on by itself: jobs, and on PostgreSQL the queue that brings them to workers."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
QUEUE = Path(__file__).parent.parent / "procrastinate.sql"
_OPEN = sa.text("status IN ('waiting', 'running')")


def upgrade() -> None:
    """Acts in portions that are under way at this moment have no job: their pages go on with them."""
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("about", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=9), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_job_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_account_id", ["account_id", "id"], unique=False)
        batch_op.create_index("ix_job_kind_about", ["kind", "about"], unique=False)
        batch_op.create_index("ix_job_open", ["id"], unique=False, postgresql_where=_OPEN, sqlite_where=_OPEN)
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        present = connection.exec_driver_sql("SHOW search_path").scalar_one()
        connection.connection.cursor().execute(QUEUE.read_text())  # many statements: the driver's own way
        connection.execute(sa.select(sa.func.set_config("search_path", present, True)))
