"""What departments send of people: lists and calls, their rows, tokens and amounts (R06, R32).

New tables alone: there is no row that has to be filled.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "department_threshold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("matter", sa.String(length=30), nullable=False),
        sa.Column("basis", sa.String(length=10), nullable=False),
        sa.Column("for_key", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("for_others", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("income", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["set_by"], ["account.id"], name=op.f("fk_department_threshold_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_threshold")),
    )
    with op.batch_alter_table("department_threshold", schema=None) as batch_op:
        batch_op.create_index(
            "ix_department_threshold_matter", ["department", "matter", "division_code"], unique=False
        )

    op.create_table(
        "department_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("minute_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name=op.f("fk_department_token_ended_by")),
        sa.ForeignKeyConstraint(["issued_by"], ["account.id"], name=op.f("fk_department_token_issued_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_department_token_token_hash")),
    )
    with op.batch_alter_table("department_token", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_department_token_division_code"), ["division_code"], unique=False
        )

    op.create_table(
        "department_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("matter", sa.String(length=30), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("untold", sa.Boolean(), nullable=False),
        sa.Column("told_to", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("raised", sa.Integer(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("below", sa.Integer(), nullable=False),
        sa.Column("again", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("several", sa.Integer(), nullable=False),
        sa.Column("elsewhere", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_department_batch_account_id")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["sheet_import.id"], name=op.f("fk_department_batch_import_id")
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["department_token.id"], name=op.f("fk_department_batch_token_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_batch")),
        sa.UniqueConstraint("import_id", name=op.f("uq_department_batch_import_id")),
    )
    with op.batch_alter_table("department_batch", schema=None) as batch_op:
        batch_op.create_index("ix_department_batch_division_code_id", ["division_code", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_department_batch_token_id"), ["token_id"], unique=False)
        batch_op.create_index(
            "ix_department_batch_untold",
            ["last_at"],
            unique=False,
            sqlite_where=sa.text("untold"),
            postgresql_where=sa.text("untold"),
        )

    op.create_table(
        "department_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("matter", sa.String(length=30), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("record", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("id_number", sa.String(length=22), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("discovered_on", sa.Date(), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("bar", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("clue_id", sa.Integer(), nullable=True),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled", sa.String(length=12), nullable=False),
        sa.Column("settled_note", sa.String(length=300), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["department_batch.id"], name=op.f("fk_department_row_batch_id")
        ),
        sa.ForeignKeyConstraint(["clue_id"], ["risk_clue.id"], name=op.f("fk_department_row_clue_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["account.id"], name=op.f("fk_department_row_entered_by")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_department_row_household_id")
        ),
        sa.ForeignKeyConstraint(["settled_by"], ["account.id"], name=op.f("fk_department_row_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_row")),
    )
    with op.batch_alter_table("department_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_department_row_batch_id_outcome", ["batch_id", "outcome", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_department_row_clue_id"), ["clue_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_department_row_household_id"), ["household_id"], unique=False)
        batch_op.create_index(
            "ix_department_row_village_code_outcome",
            ["village_code", "standing", "outcome", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_department_row_key",
            ["key"],
            unique=True,
            sqlite_where=sa.text("standing = 'current'"),
            postgresql_where=sa.text("standing = 'current'"),
        )
        batch_op.create_index(
            "uq_department_row_record",
            ["division_code", "department", "record"],
            unique=True,
            sqlite_where=sa.text("standing = 'current' AND record <> ''"),
            postgresql_where=sa.text("standing = 'current' AND record <> ''"),
        )

    op.create_table(
        "department_candidate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_department_candidate_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["row_id"], ["department_row.id"], name=op.f("fk_department_candidate_row_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_candidate")),
    )
    with op.batch_alter_table("department_candidate", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_department_candidate_household_id"), ["household_id"], unique=False
        )
        batch_op.create_index("ix_department_candidate_row_id", ["row_id", "village_code"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_department_candidate_village_code"), ["village_code"], unique=False
        )
