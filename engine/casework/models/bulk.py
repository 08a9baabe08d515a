"""Long acts on many rows: a step finished for many cases at once, a file of rows that is let in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.casework.models.case import WorkItem
from engine.ground.tables import Base, BigId, JsonText, UtcDateTime


class BulkAct(Base):
    """One act of an official on many work items of a step: a decision, or a return with its reason (R11,
    R12).

    Its entries are worked off in portions, each item in its own step transaction.
    """

    __tablename__ = "bulk_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # complete, return
    procedure_key: Mapped[str] = mapped_column(String(60))
    element_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, object]] = mapped_column(JsonText)  # what was typed once for all
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    total: Mapped[int]


class BulkEntry(Base):
    """One item of a bulk act, and what became of it."""

    __tablename__ = "bulk_entry"
    __table_args__ = (Index("ix_bulk_entry_act_id_status", "act_id", "status", "id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    act_id: Mapped[int] = mapped_column(ForeignKey("bulk_act.id"))
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id"))
    status: Mapped[str] = mapped_column(String(8), default="pending")  # pending, done, refused
    text: Mapped[str] = mapped_column(String(500), default="")
    item: Mapped[WorkItem] = relationship()


class SheetImport(Base):
    """A file of rows that people sent: read, its columns mapped, checked whole, then let in by portions."""

    __tablename__ = "sheet_import"
    __table_args__ = (Index("ix_sheet_import_kind_target", "kind", "target"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))  # of the field's Kit
    target: Mapped[str] = mapped_column(String(80))  # what the rows go into, as the kind names it
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)  # whose act it is
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    filename: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10), default="reading")
    # reading, mapping, checking, ready, running, done, cancelled
    sheet: Mapped[str] = mapped_column(String(100), default="")
    above: Mapped[list[list[str]]] = mapped_column(JsonText, default=list)  # the rows over the headings
    heading_row: Mapped[int] = mapped_column(default=0)
    headings: Mapped[list[str]] = mapped_column(JsonText, default=list)
    columns: Mapped[dict[str, int]] = mapped_column(JsonText, default=dict)  # our column → its place from 0
    marks: Mapped[dict[str, str]] = mapped_column(JsonText, default=dict)  # of a template of ours
    notes: Mapped[list[str]] = mapped_column(JsonText, default=list)  # what is to be said of the whole file
    total: Mapped[int] = mapped_column(default=0)


class SheetImportRow(Base):
    """A row of the file as it was typed, what is wrong with it, and what became of it."""

    __tablename__ = "sheet_import_row"
    __table_args__ = (
        Index("ix_sheet_import_row_import_id_status", "import_id", "status", "id"),
        Index("ix_sheet_import_row_import_id_key", "import_id", "key"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("sheet_import.id"))
    number: Mapped[int]  # in the sheet, from 1
    cells: Mapped[list[str]] = mapped_column(JsonText)
    flags: Mapped[dict[str, str] | None] = mapped_column(JsonText)  # by place of the cell (ground.workbooks)
    status: Mapped[str] = mapped_column(String(8), default="raw")
    # raw, good, same (already in), blank, wrong; then done, same, refused
    key: Mapped[str] = mapped_column(String(80), default="")  # whom the row is about: once in a file
    faults: Mapped[list[list[str]] | None] = mapped_column(JsonText)  # column, problem, cure
    note: Mapped[str] = mapped_column(String(300), default="")
    made_id: Mapped[int | None] = mapped_column(BigId)  # what it has become


class ColumnMapping(Base):
    """Which columns somebody's files have: asked once for each set of headings."""

    __tablename__ = "column_mapping"
    __table_args__ = (UniqueConstraint("account_id", "kind", "headings"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(30))
    headings: Mapped[str] = mapped_column(String(64))  # the fingerprint of the headings in their order
    columns: Mapped[dict[str, int]] = mapped_column(JsonText)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
