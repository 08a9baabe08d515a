"""Warnings that were never given go with the limit that they were for; nobody is at work under what is over.

An incident whose timer has gone stays, and has nothing left to be tried again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"

TO_TIMER = "fk_incident_timer_id"
NOT_GIVEN = "SELECT id FROM timer WHERE kind = 'warning' AND status = 'cancelled'"


def upgrade() -> None:
    """Let a timer be deleted, and delete those of which nothing is left to tell."""
    op.execute(f"UPDATE incident SET timer_id = NULL WHERE timer_id IN ({NOT_GIVEN})")
    with op.batch_alter_table("incident") as incident:
        incident.drop_constraint(TO_TIMER, type_="foreignkey")
        incident.create_foreign_key(TO_TIMER, "timer", ["timer_id"], ["id"], ondelete="SET NULL")
    given = sa.text("timer_id IS NOT NULL")
    op.create_index(
        "ix_incident_timer_id", "incident", ["timer_id"], sqlite_where=given, postgresql_where=given
    )
    op.execute("DELETE FROM timer WHERE kind = 'warning' AND status = 'cancelled'")
    op.execute("UPDATE timer SET held = '' WHERE standing = 'over' AND held <> ''")
