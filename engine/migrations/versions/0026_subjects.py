"""Cases are about households and other things: a number says what it is of (engine.casework.kit.Subjects)."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """The number no longer refers to a household alone; what it is called says so."""
    op.drop_index("ix_case_file_household_id", "case_file")
    for table in ("case_file", "notification"):
        with op.batch_alter_table(table) as rows:
            rows.drop_constraint(f"fk_{table}_household_id", type_="foreignkey")
            rows.alter_column("household_id", new_column_name="subject_id")
    op.create_index("ix_case_file_subject_id", "case_file", ["subject_id"])
