"""What people start goes on by itself: jobs, and on PostgreSQL the queue that brings them to workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0040"
down_revision = "0039"
QUEUE = f"""
CREATE SCHEMA procrastinate;
SET LOCAL search_path TO procrastinate;
{SchemaManager.get_schema()}
DROP FUNCTION procrastinate_notify_queue_job_inserted_v1 CASCADE;
DROP FUNCTION procrastinate_notify_queue_abort_job_v1 CASCADE;
-- Its functions and triggers find its tables whoever calls them, from whichever schema.
DO $$
DECLARE
    found regprocedure;
BEGIN
    FOR found IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace
    LOOP
        EXECUTE 'ALTER FUNCTION ' || found || ' SET search_path TO procrastinate';
    END LOOP;
END;
$$;
"""
"""The library's own schema, in a schema of its own, but for what notifies: PostgreSQL holds one lock over the
commits of all who notify, and a step must not wait for it. Workers poll. The release is pinned (3.10.0):
another one brings another migration.
"""
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
        connection.connection.cursor().execute(QUEUE)  # many statements: the driver's own way
        connection.execute(sa.select(sa.func.set_config("search_path", present, True)))
