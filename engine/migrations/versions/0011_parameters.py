"""The province's parameters: a line that two people set, by which line a case was judged, which years' days
off were published, and who acts for a division.

The lines there are were entered by the installation or by hand, and stay in force; of two of one day the
later entry does. A year with a worked weekend day was published: only the State Council's notice has any.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.ground.tables import UtcDateTime

revision = "0011"
down_revision = "0010"

_ASKED = sa.text("status = 'asked'")
_IN_FORCE = sa.text("status = 'in_force'")
_PRESENT = sa.text("valid_to IS NULL")


def upgrade() -> None:
    _bodies()
    _years()
    _lines()
    _judged()


def _bodies() -> None:
    op.create_table(
        "body",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("word", sa.String(20), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("seal", sa.String(8), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column("set_by", sa.Integer()),
        sa.Column("set_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["set_by"], ["account.id"], name=op.f("fk_body_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_body")),
    )
    columns = ["division_code", "kind"]
    op.create_index("ix_body_division_code_kind", "body", columns)
    op.create_index(
        "ix_body_present", "body", columns, unique=True, sqlite_where=_PRESENT, postgresql_where=_PRESENT
    )


def _years() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("set_by", sa.Integer()),
        sa.Column("set_at", UtcDateTime()),
        sa.ForeignKeyConstraint(["set_by"], ["account.id"], name=op.f("fk_calendar_year_set_by")),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    day = sa.table("calendar_day", sa.column("day", sa.Date()), sa.column("working", sa.Boolean()))
    rows = op.get_bind()
    worked = rows.execute(sa.select(day.c.day).where(day.c.working.is_(True))).scalars().all()
    year = sa.table("calendar_year", sa.column("year"), sa.column("document"))
    for number in sorted({one.year for one in worked}):
        rows.execute(sa.insert(year).values(year=number, document=""))


def _lines() -> None:
    with op.batch_alter_table("monitoring_line") as batch:
        for name, most in (("document", 120), ("reason", 400), ("note", 400)):
            batch.add_column(sa.Column(name, sa.String(most), nullable=False, server_default=""))
        batch.add_column(sa.Column("status", sa.String(10), nullable=False, server_default="in_force"))
        for name in ("asked", "decided"):
            batch.add_column(sa.Column(f"{name}_by", sa.Integer()))
            batch.add_column(sa.Column(f"{name}_at", UtcDateTime()))
            batch.create_foreign_key(op.f(f"fk_monitoring_line_{name}_by"), "account", [f"{name}_by"], ["id"])
        batch.add_column(sa.Column("replaces_id", sa.Integer()))
        batch.create_foreign_key(
            op.f("fk_monitoring_line_replaces_id"), "monitoring_line", ["replaces_id"], ["id"]
        )
    op.execute(
        "UPDATE monitoring_line SET status = 'replaced' WHERE EXISTS (SELECT 1 FROM monitoring_line AS later"
        " WHERE later.province_code = monitoring_line.province_code"
        " AND later.effective_from = monitoring_line.effective_from AND later.id > monitoring_line.id)"
    )
    for name, columns, only in (
        ("ix_monitoring_line_asked", ["province_code", "year"], _ASKED),
        ("ix_monitoring_line_in_force", ["province_code", "effective_from"], _IN_FORCE),
    ):
        op.create_index(
            name, "monitoring_line", columns, unique=True, sqlite_where=only, postgresql_where=only
        )


def _judged() -> None:
    op.create_table(
        "case_line",
        sa.Column("case_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_case_line_case_id")),
        sa.ForeignKeyConstraint(["line_id"], ["monitoring_line.id"], name=op.f("fk_case_line_line_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_line")),
    )
    op.create_index("ix_case_line_line_id", "case_line", ["line_id"])
    with op.batch_alter_table("observation") as batch:
        batch.add_column(sa.Column("line_id", sa.Integer()))
        batch.create_foreign_key(op.f("fk_observation_line_id"), "monitoring_line", ["line_id"], ["id"])
