"""One person belongs to one household; people are found however they are spelled;
corrections of the register.

What was stored as it was typed gets its normal form. Where a person stands in several households, the
household that was touched last keeps the person; the others keep the number as text, until they are merged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import chain, count

import sqlalchemy as sa
from alembic import op

from engine.ground import text
from engine.ground.tables import UtcDateTime
from engine.migrations.rewriting import rewrite

revision = "0003"
down_revision = "0002"

_KEYS = (
    ("household", "head_name", "head_key", 80),
    ("household", "address", "address_key", 200),
    ("member", "name", "name_key", 80),
    ("responsible_official", "name", "name_key", 80),
    ("case_file", "subject", "subject_key", 80),
    ("work_item", "subject", "subject_key", 80),
)
_NORMAL: tuple[tuple[str, str, Callable[[object], str | None]], ...] = (
    ("household", "head_id_number", text.identity),
    ("member", "id_number", text.identity),
    ("household", "phone", text.phone),
    ("responsible_official", "phone", text.phone),
)
_OPEN = sa.text("status = 'open'")
_LOG = logging.getLogger("shouwang.upgrade")


def upgrade() -> None:
    """Add the columns, fill them, then let the database hold what they promise."""
    for table, _, column, most in _KEYS:
        op.add_column(table, sa.Column(column, sa.String(most), nullable=False, server_default=""))
    op.add_column("member", sa.Column("person", sa.String(18)))
    op.add_column("risk_clue", sa.Column("cancelled_at", UtcDateTime()))
    op.add_column("schedule", sa.Column("on_day", sa.Integer(), nullable=False, server_default="1"))
    for table, column, form in _NORMAL:
        _normalise(table, column, form)
    for table, column, key, most in _KEYS:
        _fill(table, column, key, most)
    _name_people()
    _lower_usernames()
    _keep_days()
    _hold()


def _normalise(table: str, column: str, form: Callable[[object], str | None]) -> None:
    """Values that name what they are for in another spelling; everything else stays as it was typed."""
    rewrite(table, column, column, lambda value: form(value) or None)


def _fill(table: str, column: str, key: str, most: int) -> None:
    rows = op.get_bind()
    values = sa.table(table, sa.column(column, sa.String()), sa.column(key, sa.String()))
    rows.execute(sa.update(values).values({key: sa.func.substr(values.c[column], 1, most)}))
    rewrite(table, column, key, lambda value: text.key(value)[:most])


def _name_people() -> None:
    rows, seen = op.get_bind(), set()
    member = sa.table("member", *(sa.column(name) for name in ("id", "household_id", "id_number", "person")))
    household = sa.table("household", sa.column("id"), sa.column("updated_at"))
    query = sa.select(member.c.id, member.c.id_number).join(
        household, household.c.id == member.c.household_id
    )
    for row_id, number in rows.execute(query.order_by(household.c.updated_at.desc(), member.c.id)).all():
        person = (text.identity(number) or "")[:18]
        if person and person not in seen:
            seen.add(person)
            rows.execute(sa.update(member).where(member.c.id == row_id).values(person=person))


def _lower_usernames() -> None:
    """Where two names become one, the account that was there first keeps it; the others' get a number.

    Who upgrades is told, for those people sign in with the new name.
    """
    account, rows = sa.table("account", sa.column("id"), sa.column("username")), op.get_bind()
    stored = rows.execute(sa.select(account.c.id, account.c.username).order_by(account.c.id)).all()
    taken = {name for _, name in stored if text.username(name) == name}
    for row_id, name in stored:
        if (lowered := text.username(name)) == name:
            continue
        given = _free(lowered, taken)
        taken.add(given)
        rows.execute(sa.update(account).where(account.c.id == row_id).values(username=given))
        if given != lowered:
            _LOG.warning("登录名“%s”和“%s”只是写法不同，前者已改为“%s”：请告知本人。", name, lowered, given)


def _free(name: str, taken: set[str]) -> str:
    """The name, or the name with the first number that makes it nobody's."""
    numbered = (f"{name[:36]}-{number}" for number in count(2))
    return next(one for one in chain([name], numbered) if one not in taken)


def _keep_days() -> None:
    schedule, rows = sa.table("schedule", sa.column("next_on", sa.Date()), sa.column("on_day")), op.get_bind()
    for (day,) in rows.execute(sa.select(schedule.c.next_on).distinct()).all():
        rows.execute(sa.update(schedule).where(schedule.c.next_on == day).values(on_day=day.day))


def _hold() -> None:
    with op.batch_alter_table("household") as household:
        household.add_column(sa.Column("merged_into_id", sa.Integer()))
        household.create_foreign_key(
            household.f("fk_household_merged_into_id"), "household", ["merged_into_id"], ["id"]
        )
        household.create_index(household.f("ix_household_merged_into_id"), ["merged_into_id"])
        household.create_index(household.f("ix_household_head_key"), ["head_key"])
        household.create_index("ix_household_village_code_head_key", ["village_code", "head_key"])
    with op.batch_alter_table("member") as member:
        member.create_unique_constraint(member.f("uq_member_person"), ["person"])
        member.create_index(member.f("ix_member_name_key"), ["name_key"])
    op.drop_index("ix_case_file_subject", "case_file")
    op.create_index(
        "ix_case_file_subject",
        "case_file",
        ["village_code", "subject_key", "id", "status"],
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer()),
        sa.Column("clue_id", sa.Integer()),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Integer()),
        sa.Column("decided_at", UtcDateTime()),
        sa.Column("note", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_correction_{column}"))
            for column, table in (
                ("household_id", "household"),
                ("into_id", "household"),
                ("clue_id", "risk_clue"),
                ("asked_by", "account"),
                ("decided_by", "account"),
            )
        ),
    )
    for column in ("household_id", "village_code"):
        op.create_index(op.f(f"ix_correction_{column}"), "correction", [column])
