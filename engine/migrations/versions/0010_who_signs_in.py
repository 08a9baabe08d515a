"""Who signs in: sessions that end, gates that count, the unit of an account, its first code, one grant once.

An account gets the unit of its first grant. What it failed until now is forgotten: gates count anew. When its
password was set is not known; its age counts from the next sign-in.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.ground import text
from engine.ground.tables import UtcDateTime
from engine.migrations.rewriting import rewrite

revision = "0010"
down_revision = "0009"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNIT = """
UPDATE account SET division_code = coalesce(
    (SELECT role_grant.division_code FROM role_grant WHERE role_grant.account_id = account.id
     ORDER BY role_grant.id LIMIT 1), '')
"""
_DOUBLES = """
DELETE FROM role_grant WHERE EXISTS (
    SELECT 1 FROM role_grant AS other WHERE other.account_id = role_grant.account_id
    AND other.role = role_grant.role AND other.division_code = role_grant.division_code
    AND other.id < role_grant.id)
"""


def upgrade() -> None:
    """New tables; accounts, grants and tokens with what was not kept of them."""
    _new_tables()
    _accounts()
    _grants()
    with op.batch_alter_table("api_token") as batch:
        batch.add_column(sa.Column("ended_at", UtcDateTime()))
        batch.add_column(sa.Column("last_used_at", UtcDateTime()))
        batch.add_column(_text("address", 45))


def _text(name: str, most: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(most), nullable=False, server_default="")


def _new_tables() -> None:
    op.create_table(
        "sign_in_gate",
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_gate"),
    )
    op.create_index("ix_sign_in_gate_since", "sign_in_gate", ["since"])
    op.create_table(
        "password_past",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_password_past_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_password_past"),
    )
    op.create_index("ix_password_past_account_id", "password_past", ["account_id"])
    op.create_table(
        "sign_in",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("device", sa.String(120), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("end_reason", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_sign_in_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in"),
        sa.UniqueConstraint("key_hash", name="uq_sign_in_key_hash"),
    )
    op.create_index("ix_sign_in_account_id", "sign_in", ["account_id"])
    op.create_index("ix_sign_in_ends_at", "sign_in", ["ends_at"])


def _accounts() -> None:
    with op.batch_alter_table("account") as batch:
        for name, most in (
            ("division_code", 12),
            ("name_key", 80),
            ("code_hash", 64),
            ("last_sign_in_from", 45),
            ("disabled_reason", 200),
        ):
            batch.add_column(_text(name, most))
        batch.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
        for name in ("password_at", "code_until", "last_sign_in_at", "disabled_at"):
            batch.add_column(sa.Column(name, UtcDateTime()))
        batch.add_column(sa.Column("disabled_by", sa.Integer()))
        batch.drop_column("failures")
        batch.drop_column("locked_until")
    op.execute(_UNIT)
    rewrite("account", "name", "name_key", lambda name: text.key(name)[:80])
    op.create_index("ix_account_division_code_id", "account", ["division_code", "id"])
    op.create_index("ix_account_last_sign_in_at", "account", ["last_sign_in_at"])
    op.create_index("ix_account_name_key", "account", ["name_key"])


def _grants() -> None:
    op.execute(_DOUBLES)
    with op.batch_alter_table("role_grant") as batch:
        batch.add_column(sa.Column("granted_by", sa.Integer()))
        batch.add_column(sa.Column("granted_at", UtcDateTime()))
        batch.drop_index("ix_role_grant_account_id")
    columns = ["account_id", "role", "division_code"]
    op.create_index("ix_role_grant_account_role_division", "role_grant", columns, unique=True)
