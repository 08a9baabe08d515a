"""Which townships' figures there are for a year, and how they stand: pages, and a county's year as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account, CaseFile, WorkItem
from engine.casework.organisation import access, divisions
from engine.ground.clock import Clock, written
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound
from engine.ground.paging import Page, page_of
from engine.ground.sheets import Book
from engine.prevention.models import TownshipModule

PROCEDURE = "township_module"
SEES = access.CASE_ROLES - {"village_official"}


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to."""

    county: str = ""
    year: int = 0


@dataclass(frozen=True)
class Row:
    """A township's year, with where it is now."""

    module: TownshipModule
    place: str
    case: CaseFile | None
    step: str


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the townships at and below the actor's own divisions."""
    return access.within(TownshipModule.village_code, access.scopes(actor, SEES))


def search(
    session: Session, actor: Account, wanted: Wanted, page: int = 1
) -> tuple[Page[TownshipModule], list[Row]]:
    """A page of the townships' years in the actor's reach, the latest year first."""
    access.require_role(actor, *sorted(SEES))
    query = select(TownshipModule).where(*_narrowed(actor, wanted))
    ordered = query.order_by(TownshipModule.year.desc(), TownshipModule.village_code)
    found = page_of(session, query, ordered, page)
    return found, _rows(session, found.items)


def _narrowed(actor: Account, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = [visible(actor)]
    if wanted.county:
        conditions.append(access.within(TownshipModule.village_code, [access.scope_of(wanted.county)]))
    if wanted.year:
        conditions.append(TownshipModule.year == wanted.year)
    return conditions


def _rows(session: Session, found: Sequence[TownshipModule]) -> list[Row]:
    ids = [one.id for one in found]
    cases = select(CaseFile).where(CaseFile.subject_id.in_(ids), CaseFile.procedure_key == PROCEDURE)
    by_module = {case.subject_id: case for case in session.scalars(cases.order_by(CaseFile.id))}
    items = select(WorkItem.case_id, WorkItem.name).where(
        WorkItem.case_id.in_([case.id for case in by_module.values()]), WorkItem.status == "open"
    )
    steps = {row.case_id: row.name for row in session.execute(items.order_by(WorkItem.id))}
    names = divisions.names(session, [one.village_code for one in found])
    return [
        Row(one, names.get(one.village_code, ""), case, steps.get(case.id, "") if case else "")
        for one, case in ((one, by_module.get(one.id)) for one in found)
    ]


def view(session: Session, actor: Account, module_id: int) -> TownshipModule:
    """One township's year. Raises NotFound out of the actor's reach."""
    query = select(TownshipModule).where(TownshipModule.id == module_id, visible(actor))
    module = session.scalar(query)
    if module is None:
        raise NotFound("没有找到这个乡镇的年度数据。")
    return module


def row_of(session: Session, module: TownshipModule) -> Row:
    """One township's year with where it is now."""
    return _rows(session, [module])[0]


def years(session: Session, actor: Account) -> list[int]:
    """The years that the actor's townships have."""
    query = select(TownshipModule.year).where(visible(actor)).distinct()
    return list(session.scalars(query.order_by(TownshipModule.year.desc()).limit(20)))


LIMIT = 5000
"""Townships of one file; a province has two to four thousand, a city three hundred."""


def workbook(session: Session, actor: Account, wanted: Wanted, *, clock: Clock) -> bytes:
    """A year of the townships in the actor's reach as Excel: a row each, last year's figures on a second
    sheet; logged. Raises Invalid without a year, and beyond `LIMIT`.
    """
    access.require_role(actor, *sorted(SEES))
    if not wanted.year:
        raise Invalid("请先选择年度，再导出。")
    now = clock.now()
    query = select(TownshipModule).where(*_narrowed(actor, wanted)).order_by(TownshipModule.village_code)
    found = session.scalars(query.limit(LIMIT + 1)).all()
    if len(found) > LIMIT:
        raise Invalid(f"超过 {LIMIT:,} 个乡镇，请按市、县分别导出。")
    rows = _rows(session, found)
    codes = [one.village_code for one in found]
    last = select(TownshipModule).where(
        TownshipModule.year == wanted.year - 1, TownshipModule.village_code.in_(codes)
    )
    names = {row.module.village_code: row.place for row in rows}
    earlier = session.scalars(last.order_by(TownshipModule.village_code)).all()
    with write(session):
        said = {"division": wanted.county, "year": wanted.year, "rows": len(rows)}
        audit.record(session, "access", actor.id, "export", said, now)
    book = Book()
    _sheet(book, f"{wanted.year}年", [(row.place, _stands(row), row.module.answers) for row in rows])
    told = [
        (names.get(one.village_code, ""), "已审核" if one.agreed_on else "", one.answers) for one in earlier
    ]
    _sheet(book, f"{wanted.year - 1}年", told)
    return book.bytes()


def _stands(row: Row) -> str:
    return f"已审核（{written(row.module.agreed_on)}）" if row.module.agreed_on else row.step


def _sheet(book: Book, name: str, rows: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]]) -> None:
    labels = {one["key"]: one["label"] for _, _, told in rows for one in told}
    sheet = book.sheet(name)
    sheet.head(0, ["乡镇（街道）", "办理情况", *labels.values()], book.heading, 1)
    sheet.widths(0, 1, 20)
    sheet.widths(2, max(2, len(labels) + 1), 14)
    for line, (place, stands, told) in enumerate(rows, 1):
        values = {
            one["key"]: one["value"] if isinstance(one["value"], int | float) else one["said"] for one in told
        }
        sheet.row(line, [place, stands, *(values.get(key) for key in labels)])
