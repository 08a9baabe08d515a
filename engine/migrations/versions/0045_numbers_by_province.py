"""The numbers of the quality rules are kept by province, as those of the alarms are.

Until now each had a setting of its own (``quality.`` and its name) that held for whatever province there was:
what was set becomes that of every province that is on the list of divisions.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
_SETTING = sa.table("setting", sa.column("key", sa.String), sa.column("value", sa.String))


def upgrade() -> None:
    """Gather the numbers into one setting a province."""
    link = op.get_bind()
    old = _SETTING.c.key.like("quality.%")
    kept = {
        row.key.removeprefix("quality."): json.loads(row.value)
        for row in link.execute(sa.select(_SETTING).where(old))
    }
    if not kept:
        return
    provinces = link.execute(
        sa.text("SELECT code FROM division WHERE level = 'province' AND valid_to IS NULL")
    )
    rows = [{"key": f"quality:{row.code}", "value": json.dumps(kept)} for row in provinces]
    if rows:
        link.execute(sa.insert(_SETTING), rows)
    link.execute(sa.delete(_SETTING).where(old))
