"""A case's limit is the first of those that count now: none where the work under its limits is over.

Until now a case kept the last limit that it had, and lists showed it as overdue although the work was done in
time.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        "UPDATE case_file SET limit_at = NULL WHERE limit_at IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM timer WHERE timer.case_id = case_file.id AND timer.standing = 'open')"
    )
