"""A report as it is printed: its text, then its figures, for the screen, Word, PDF and Excel (R40)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework import audit, definitions
from engine.casework.models import Account, CaseFile, Submission
from engine.casework.organisation import access, bodies
from engine.casework.papers.paper import Column, Paper
from engine.flow.forms import schema as s
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import write
from engine.ground.sheets import Book
from engine.ground.sheets import Sheet as BookSheet
from engine.ground.text import paragraphs
from engine.prevention.campaign.reports import figures
from engine.prevention.campaign.reports.figures import WORDS, Sheet
from engine.prevention.campaign.reports.lists import PROCEDURE
from engine.prevention.models import ReportAnnex, SummaryReport

TEXT_FORM, APPROVAL_FORM = "summary_report", "report_approval"
NUMERALS = "一二三四五六七八九十"
WIDE = 6
"""Columns from which on a table needs the sheet turned."""


@dataclass(frozen=True)
class Section:
    """A heading of the report with its text, as the form calls it."""

    heading: str
    text: str


def sections(session: Session, report_id: int) -> list[Section]:
    """What was written last, in the form's order; empty before anybody has."""
    sent = _sent(session, report_id, TEXT_FORM)
    if sent is None:
        return []
    form = definitions.forms_sent(session, [sent.form_sha256])[sent.form_sha256]
    areas = [one for one in form.inputs if one["type"] == "textarea"]
    told = [(s.label(one), str(sent.data.get(s.key(one)) or "")) for one in areas]
    return [Section(heading, text) for heading, text in told if text]


def _sent(session: Session, report_id: int, form_key: str) -> Submission | None:
    query = (
        select(Submission)
        .join(CaseFile, CaseFile.id == Submission.case_id)
        .where(
            CaseFile.subject_id == report_id,
            CaseFile.procedure_key == PROCEDURE,
            Submission.form_key == form_key,
        )
    )
    return session.scalar(query.order_by(Submission.id.desc()).limit(1))


def report(session: Session, one: SummaryReport, annex: ReportAnnex | None) -> list[Paper]:
    """The text and the tables of an annex, each a sheet of its own."""
    approved = _sent(session, one.id, APPROVAL_FORM)
    told: dict[str, Any] = approved.data if approved else {}
    dated = str(told.get("approved_on") or "")
    day = one.due_on if not dated else date.fromisoformat(dated[:10])
    issuer = bodies.of(session, one.village_code, "office", day)
    above = bodies.of(session, access.ancestor(one.village_code, "province"), "office", day)
    lines: list[str] = []
    for number, part in enumerate(sections(session, one.id)):
        lines += [f"{NUMERALS[number % 10]}、{part.heading}", *paragraphs(part.text).split("\n")]
    stands = f"附件：数据附表（{written(annex.day)}生成，第{annex.number}份）" if annex else ""
    head = Paper(
        kind="summary_report",
        title=one.name,
        number="",
        addressee=above.name,
        paragraphs=tuple(line for line in lines if line) or ("（正文尚未编写）",),
        closing=(stands,) if stands else (),
        signature=issuer.name,
        dated=written(day) if dated else "",
        seal=issuer.seal,
    )
    return [head, *(annex_papers(annex) if annex else [])]


def annex_papers(annex: ReportAnnex) -> list[Paper]:
    """The tables of an annex, each a sheet."""
    stored = [figures.from_json(one) for one in annex.tables]
    return [_table(number, sheet, annex) for number, sheet in enumerate(stored, 1)]


def _table(number: int, sheet: Sheet, annex: ReportAnnex) -> Paper:
    columns = tuple(Column(head.name, _width(head.name, head.unit == WORDS)) for head in sheet.heads)
    return Paper(
        kind="report_annex",
        title=f"附表{number}　{sheet.title}",
        number="",
        addressee="",
        paragraphs=(sheet.note,),
        closing=(),
        signature="",
        dated=f"{written(annex.day)}生成，第{annex.number}份",
        columns=columns,
        rows=tuple(sheet.said(row) for row in sheet.rows),
        landscape=len(columns) > WIDE,
        seal="none",
    )


def _width(name: str, words: bool) -> int:
    return 10 if words else max(4, min(7, len(name)))


def workbook(
    session: Session, actor: Account, one: SummaryReport, annex: ReportAnnex, *, clock: Clock
) -> bytes:
    """The tables of an annex as Excel, numbers as numbers; logged."""
    now = clock.now()
    with write(session):
        said = {"report": one.id, "annex": annex.number, "division": one.village_code}
        audit.record(session, "access", actor.id, "export", said, now)
    book = Book()
    for stored in annex.tables:
        _sheet(book, figures.from_json(stored))
    about = book.sheet("说明")
    about.widths(0, 0, 60)
    told = (one.name, f"附表第{annex.number}份，{written(annex.day)}生成", f"校验码 {annex.sha256}")
    for line, words in enumerate((*told, f"{written(local_date(now))}导出")):
        about.row(line, [words])
    return book.bytes()


def _sheet(book: Book, table: Sheet) -> None:
    sheet = book.sheet(table.title)
    sheet.cell(0, 0, f"{table.title}（{table.note}）", book.bold)
    sheet.head(1, [head.name for head in table.heads], book.heading, 1)
    sheet.widths(0, 0, 26)
    sheet.widths(1, max(1, len(table.heads) - 1), 14)
    for line, row in enumerate(table.rows, 2):
        _row(book, sheet, line, table, row)


def _row(book: Book, sheet: BookSheet, line: int, table: Sheet, row: Sequence[Any]) -> None:
    for at, (head, value) in enumerate(zip(table.heads, row, strict=True)):
        sheet.cell(line, at, value, book.share if head.unit == "share" else None)
