"""What lists look for is found by an index; a stream of the log says of which day it is.

Until now a stream was named by its group and day alone, so that the day was the end of its name. Papers' and
people's lines go on by unit from here on; what has been written stays in the streams where it stands.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
_CLAIMED = sa.text("status = 'open' AND claimed_by IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_matching_finding_entry_id", "matching_finding", ["entry_id"])
    op.create_index("ix_role_grant_role", "role_grant", ["role", "division_code"])
    columns = ["village_code", "standing", "visited_on"]
    op.create_index("ix_screening_village_code", "screening", columns)
    op.create_index("ix_township_module_village_code_year", "township_module", ["village_code", "year"])
    op.create_index(
        "ix_work_item_claimed_by",
        "work_item",
        ["claimed_by"],
        sqlite_where=_CLAIMED,
        postgresql_where=_CLAIMED,
    )
    _say_of_which_day()


def _say_of_which_day() -> None:
    op.add_column("log_stream", sa.Column("day", sa.Date()))
    day = "substr(stream, length(stream) - 9)"
    if op.get_bind().dialect.name == "postgresql":
        day = f"CAST({day} AS DATE)"
    op.execute(f"UPDATE log_stream SET day = {day}")
    with op.batch_alter_table("log_stream") as batch:
        batch.alter_column("day", existing_type=sa.Date(), nullable=False)
    op.create_index("ix_log_stream_day", "log_stream", ["day"])
