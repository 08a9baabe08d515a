"""What is open now is counted as it changes, and a limit that counts says at which steps its work is.

The counters are filled, and the database told to note changes, once the tables are this release's
(`engine.migrations.schema.upgrade`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
_OPEN = sa.text("standing = 'open'")
_UNDER = """
SELECT DISTINCT i.element_id || '\\:' || i.queue AS step FROM work_item i
WHERE i.case_id = timer.case_id AND i.status = 'open'
AND ' ' || i.limits || ' ' LIKE '% ' || timer.token || ' %'
"""
_STEPS = {
    "sqlite": f"SELECT group_concat(step, ' ') FROM ({_UNDER} ORDER BY 1)",
    "postgresql": f"SELECT string_agg(step, ' ' ORDER BY step COLLATE \"C\") FROM ({_UNDER}) steps",
}
_HELD = """
UPDATE timer SET held = coalesce(' ' || ({steps}) || ' ', '') WHERE standing = 'open'
"""


def upgrade() -> None:
    op.create_table(
        "desk_count",
        sa.Column("queue", sa.String(length=10), nullable=False),
        sa.Column("desk", sa.String(length=12), nullable=False),
        sa.Column("county", sa.String(length=12), nullable=False),
        sa.Column("holder", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "desk", "county", "holder"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "limit_count",
        sa.Column("county", sa.String(length=12), nullable=False),
        sa.Column("procedure_key", sa.String(length=60), nullable=False),
        sa.Column("element_id", sa.String(length=80), nullable=False),
        sa.Column("due_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.String(length=600), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("county", "procedure_key", "element_id", "due_on", "held"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "open_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("county", sa.String(length=12), nullable=False),
        sa.Column("procedure_key", sa.String(length=60), nullable=False),
        sa.Column("element_id", sa.String(length=80), nullable=False),
        sa.Column("due_on", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held", sa.String(length=600), nullable=True),
        sa.Column("queue", sa.String(length=10), nullable=True),
        sa.Column("desk", sa.String(length=12), nullable=True),
        sa.Column("holder", sa.Integer(), nullable=True),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "step_count",
        sa.Column("county", sa.String(length=12), nullable=False),
        sa.Column("procedure_key", sa.String(length=60), nullable=False),
        sa.Column("element_id", sa.String(length=80), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("county", "procedure_key", "element_id"),
        sqlite_with_rowid=False,
    )
    op.add_column("timer", sa.Column("held", sa.String(600), nullable=False, server_default=""))
    op.execute(_HELD.format(steps=_STEPS[op.get_bind().dialect.name]))
    op.create_index("ix_timer_limits", "timer", ["due_at", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
