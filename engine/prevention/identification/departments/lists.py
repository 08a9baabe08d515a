"""部门信息: the batches that came in, their rows, and those that somebody has to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.identification.departments.intake import results
from engine.prevention.models import DepartmentBatch, DepartmentCandidate, DepartmentRow

WAITING = "waiting"
"""The filter for what nobody has looked at yet."""


@dataclass(frozen=True)
class Wanted:
    """Which rows a list shows."""

    outcome: str = WAITING
    department: str = ""
    batch_id: int | None = None
    page: int = 1


def batches(session: Session, actor: Account, department: str = "", page: int = 1) -> Page[DepartmentBatch]:
    """The batches of the places in reach, the latest first."""
    query = select(DepartmentBatch).where(_reached(actor))
    if department:
        query = query.where(DepartmentBatch.department == department)
    return page_of(session, query, query.order_by(DepartmentBatch.id.desc()), page)


def _reached(actor: Account) -> ColumnElement[bool]:
    return access.within(DepartmentBatch.division_code, access.scopes(actor))


def batch(session: Session, actor: Account, batch_id: int) -> DepartmentBatch:
    """A batch. Raises NotFound out of reach: its place is a county's at least."""
    found = session.scalar(select(DepartmentBatch).where(DepartmentBatch.id == batch_id, _reached(actor)))
    if found is None:
        raise NotFound("没有找到这批部门信息。")
    return found


def rows(session: Session, actor: Account, wanted: Wanted) -> Page[DepartmentRow]:
    """The rows in reach that are current, the latest first."""
    query = select(DepartmentRow).where(*_narrowed(DepartmentRow, wanted), visible(actor, wanted))
    return page_of(session, query, _with_all(query.order_by(DepartmentRow.id.desc())), wanted.page)


def _narrowed(rows: type[DepartmentRow], wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [rows.standing == "current"]
    if wanted.outcome == WAITING:
        found += [rows.outcome.in_(results.OPEN), rows.settled_at.is_(None)]
    elif wanted.outcome:
        found.append(rows.outcome == wanted.outcome)
    if wanted.department:
        found.append(rows.department == wanted.department)
    if wanted.batch_id is not None:
        found.append(rows.batch_id == wanted.batch_id)
    return found


def _with_all(query: Select[DepartmentRow]) -> Select[DepartmentRow]:
    return query.options(
        joinedload(DepartmentRow.household),
        joinedload(DepartmentRow.clue),
        selectinload(DepartmentRow.candidates).joinedload(DepartmentCandidate.household),
    )


def visible(actor: Account, wanted: Wanted | None = None) -> ColumnElement[bool]:
    """SQL: the rows of the places in reach, and those about people who stand in a record there (T29).

    Each kind is looked up by its own index; as alternatives of one condition they would be tried row by row.
    """
    scopes = access.scopes(actor)
    if wanted is not None and wanted.outcome not in ("", WAITING, results.SEVERAL):
        return access.within(DepartmentRow.village_code, scopes)
    own, found = aliased(DepartmentRow), DepartmentCandidate
    here = select(own.id).where(access.within(own.village_code, scopes))
    if wanted is not None:
        here = here.where(*_narrowed(own, wanted))
    asked = select(found.row_id).where(access.within(found.village_code, scopes))
    return DepartmentRow.id.in_(here.union(asked))


def row(session: Session, actor: Account, row_id: int) -> DepartmentRow:
    """A row. Raises NotFound out of reach."""
    query = select(DepartmentRow).where(DepartmentRow.id == row_id, visible(actor))
    found = session.scalar(_with_all(query))
    if found is None:
        raise NotFound("没有找到这一条部门信息。")
    return found


def of_household(session: Session, household_id: int) -> Sequence[DepartmentRow]:
    """What departments have said of a household's people, the latest first."""
    query = select(DepartmentRow).where(
        DepartmentRow.household_id == household_id, DepartmentRow.standing == "current"
    )
    return list(session.scalars(query.order_by(DepartmentRow.id.desc()).limit(50)))
