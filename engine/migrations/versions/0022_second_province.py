"""What a database was set up from, the province's own bounds of legal limits, and which cities are none.

A database of before says itself which province it is: its one division of that level. What bodies were called
by rule until now (县＋乡村振兴局, 国家局) becomes a row of the province's, which people can end with a day.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from engine.ground.tables import UtcDateTime

revision = "0022"
down_revision = "0021"

_FORMER = {"office_word": "乡村振兴局", "national": "国家局"}


def upgrade() -> None:
    op.create_table(
        "legal_limit",
        sa.Column("clause", sa.String(12), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("clause", name=op.f("pk_legal_limit")),
    )
    op.create_table(
        "province",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(12), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("installed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_province")),
    )
    op.add_column("division", sa.Column("kind", sa.String(10), nullable=False, server_default=""))
    op.execute(
        "UPDATE division SET kind = 'pseudo' WHERE level = 'city'"
        " AND (name IN ('市辖区', '县') OR name LIKE '省直辖%' OR name LIKE '%直辖县级%')"
    )
    _say_what_is_there()


def _say_what_is_there() -> None:
    rows = op.get_bind()
    province = rows.execute(
        sa.text("SELECT code, name FROM division WHERE level = 'province' ORDER BY code LIMIT 1")
    ).first()
    if province is None:
        return
    table = sa.table(
        "province",
        *(sa.column(name) for name in ("id", "code", "name", "data", "sha256")),
        sa.column("installed_at", UtcDateTime()),
    )
    own = {"id": 1, "code": province.code, "name": province.name, "data": "{}", "sha256": ""}
    rows.execute(sa.insert(table).values(**own, installed_at=datetime.now(UTC)))
    there = sa.text("SELECT 1 FROM body WHERE division_code = :code AND kind = :kind")
    body = sa.table(
        "body", *(sa.column(name) for name in ("division_code", "kind", "name", "word", "phone", "seal"))
    )
    for kind, name in _FORMER.items():
        if rows.execute(there, {"code": province.code, "kind": kind}).first() is None:
            values = {"division_code": province.code, "kind": kind, "name": name}
            rows.execute(sa.insert(body).values(**values, word="", phone="", seal="over"))
