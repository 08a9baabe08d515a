"""Days given for another are named as people write dates: 由1月29日调休, not 由 2022-01-29 调休."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Only the names that came with the product hold such a date; a few a year."""
    connection = op.get_bind()
    days = sa.table("calendar_day", sa.column("day", sa.Date), sa.column("name", sa.String))
    for day, name in connection.execute(
        sa.select(days.c.day, days.c.name).where(days.c.name.like("%由 2%"))
    ).all():
        plain = re.sub(r" ?\d{4}-(\d\d)-(\d\d) ?", lambda other: f"{int(other[1])}月{int(other[2])}日", name)
        connection.execute(sa.update(days).where(days.c.day == day).values(name=plain))
