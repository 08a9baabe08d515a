"""What a line would change (S8): which households stand on the other side of it than now, by county.

Nothing changes by itself: the lists are for people to look at, never a number to reach (R02).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, CaseFile, Division, MonitoringLine, WorkItem
from engine.casework.organisation import access, divisions
from engine.ground.errors import NotAllowed
from engine.ground.paging import Page, page_of_rows
from engine.prevention.models import CaseLine, Household, HouseholdYear, Observation
from engine.prevention.register.monitoring_lines.ruling import IN_FORCE

KINDS = {
    "monitored_below": "监测对象，从高于变为不高于",
    "monitored_above": "监测对象，从不高于变为高于",
    "eliminated_below": "风险已消除，从高于变为不高于（回头看）",
    "eliminated_above": "风险已消除，从不高于变为高于",
    "ordinary_below": "未纳入监测，从高于变为不高于（需走访）",
    "ordinary_above": "未纳入监测，从不高于变为高于",
    "unknown": "档案里没有收入",
}
REVIEW = "appraisal"
"""The form of the village's review (民主评议): the line of its day rules from then on (R01)."""
AT_ONCE = 1000
"""Households read at once."""
_SEEN = (
    select(Observation.per_capita)
    .where(Observation.household_id == Household.id)
    .order_by(Observation.observed_on.desc(), Observation.id.desc())
    .limit(1)
    .scalar_subquery()
)
_OF_YEAR = (
    select(HouseholdYear.per_capita)
    .where(HouseholdYear.household_id == Household.id)
    .order_by(HouseholdYear.year.desc())
    .limit(1)
    .scalar_subquery()
)
INCOME = func.coalesce(_SEEN, _OF_YEAR)
"""SQL: a household's latest income a head (yuan): as last observed, else of the latest year on file."""
_OPEN = (CaseFile.subject_id == Household.id, CaseFile.status == "open")
_BUSY = exists().where(*_OPEN)
_REVIEWED = exists().where(
    *_OPEN,
    CaseLine.case_id == CaseFile.id,
    WorkItem.case_id == CaseFile.id,
    WorkItem.status == "done",
    WorkItem.closed_at >= CaseLine.set_at,
    WorkItem.form_key == REVIEW,
)
"""SQL: the village has reviewed the household since it was judged last, or with that judgement (R01)."""


@dataclass(frozen=True)
class CountyEffect:
    """How many households of a county change sides in one way; `busy` of them have something open, which for
    `reviewed` of these has passed the village's review.
    """

    code: str
    name: str
    kind: str
    count: int
    busy: int
    reviewed: int = 0


@dataclass(frozen=True)
class Changing:
    """A household that changes sides; `per_capita` in yuan, None where the register has no income."""

    id: int
    number: str
    head_name: str
    path: str
    status: str
    per_capita: Decimal | None
    busy: bool


def against(session: Session, line: MonitoringLine) -> MonitoringLine | None:
    """The line that would rule on the day from which `line` is to rule, were it not there."""
    if line.replaces_id is not None:
        return session.get(MonitoringLine, line.replaces_id)
    query = select(MonitoringLine).where(
        MonitoringLine.province_code == line.province_code,
        MonitoringLine.status == IN_FORCE,
        MonitoringLine.effective_from <= line.effective_from,
        MonitoringLine.id != line.id,
    )
    return session.scalar(query.order_by(MonitoringLine.effective_from.desc()).limit(1))


def may_count(actor: Account) -> bool:
    """Whether the actor may see how many households change sides: who sees cases,
    and the security administrator, who sees numbers alone.
    """
    return access.has_everywhere(actor, access.SECURITY_ADMIN) or may_list(actor)


def may_list(actor: Account) -> bool:
    """Whether the actor may see the households of their own reach."""
    return bool(access.scopes(actor))


def effects(session: Session, actor: Account, amount: int, before: int) -> list[CountyEffect]:
    """How many households change sides when the line goes from `before` to `amount` (yuan),
    by county and kind.

    Exactly, over what the actor reaches; the security administrator counts the province. Raises NotAllowed.
    """
    if not may_count(actor):
        raise NotAllowed("您没有查看这项测算的权限。")
    kind, county = _kind(amount, before), func.substr(Household.village_code, 1, 6)
    inner = (
        select(county.label("county"), kind.label("kind"), _BUSY.label("busy"), _REVIEWED.label("reviewed"))
        .where(
            _reached(actor),
            Household.merged_into_id.is_(None),
            Household.status != "gone",
            _moves(amount, before),
        )
        .subquery()
    )
    busy, reviewed = (func.sum(case((column, 1), else_=0)) for column in (inner.c.busy, inner.c.reviewed))
    columns = (inner.c.county, inner.c.kind, func.count(), busy, reviewed)
    query = select(*columns).group_by(inner.c.county, inner.c.kind)
    rows = session.execute(query.order_by(inner.c.county)).all()
    names = divisions.names(session, {f"{row[0]}000000" for row in rows})
    order = list(KINDS)
    found = [
        CountyEffect(f"{code}000000", names.get(f"{code}000000", code), kind, count, int(open_), int(past))
        for code, kind, count, open_, past in rows
    ]
    return sorted(found, key=lambda one: (one.code, order.index(one.kind)))


def ruled(session: Session, actor: Account, line: MonitoringLine) -> tuple[int, int]:
    """How many cases that the actor counts were judged last by the line: all, and those that have ended."""
    ended = func.coalesce(func.sum(case((CaseFile.status == "open", 0), else_=1)), 0)
    query = (
        select(func.count(), ended)
        .select_from(CaseLine)
        .join(CaseFile, CaseFile.id == CaseLine.case_id)
        .where(CaseLine.line_id == line.id, access.within(CaseFile.village_code, _ranges(actor)))
    )
    count, over = session.execute(query).one()
    return count, int(over)


def households(
    session: Session,
    actor: Account,
    amount: int,
    before: int,
    *,
    county: str = "",
    kind: str = "",
    page: int = 1,
) -> Page[Changing]:
    """The households that change sides, a page of them, by village. Raises NotAllowed."""
    found: Page[Any] = page_of_rows(session, _listed(actor, amount, before, county, kind), page)
    items = [Changing(*row) for row in found.items]
    return found.showing(items)


def changing(
    session: Session, actor: Account, amounts: tuple[int, int], county: str, kind: str
) -> Iterator[Any]:
    """All of the same list; `amounts` are the line's and the one before it. Raises NotAllowed."""
    query = _listed(actor, *amounts, county, kind)
    yield from session.execute(query.execution_options(yield_per=AT_ONCE))


def side(income: Decimal | None, line: int) -> str:
    """On which side of a line (yuan) an income stands, in a word; the line itself is not above."""
    return "没有收入" if income is None else "高于" if income > line else "不高于"


def _listed(actor: Account, amount: int, before: int, county: str, kind: str) -> Select[*tuple[Any, ...]]:
    if not may_list(actor):
        raise NotAllowed("您没有查看农户名单的权限。")
    columns = (Household.id, Household.number, Household.head_name, Division.path, Household.status)
    query: Select[*tuple[Any, ...]] = (
        select(*columns, INCOME.label("per_capita"), _BUSY.label("busy"))
        .join(Division, Division.id == Household.division_id)
        .where(
            _reached(actor),
            Household.merged_into_id.is_(None),
            Household.status != "gone",
            _moves(amount, before),
        )
    )
    if county:
        query = query.where(access.within(Household.village_code, [access.scope_of(county)]))
    if kind in KINDS:
        query = query.where(_kind(amount, before) == kind)
    return query.order_by(Household.village_code, Household.id)


def _reached(actor: Account) -> ColumnElement[bool]:
    """SQL: the households that the actor counts."""
    return access.within(Household.village_code, _ranges(actor))


def _ranges(actor: Account) -> list[access.Scope]:
    if access.scopes(actor) or not may_count(actor):
        return access.scopes(actor)
    return access.scopes(actor, frozenset({access.SECURITY_ADMIN}))


def _moves(amount: int, before: int) -> ColumnElement[bool]:
    """SQL: the household's income lies between both lines, or nobody knows it.

    Who has just the line's income is not above it, as the decision table has it.
    """
    low, high = sorted((amount, before))
    return (INCOME.is_(None)) | and_(low < INCOME, high >= INCOME)


def _kind(amount: int, before: int) -> ColumnElement[str]:
    way = "below" if amount > before else "above"
    return case(
        (INCOME.is_(None), "unknown"),
        (Household.status == "monitored", f"monitored_{way}"),
        (Household.status == "eliminated", f"eliminated_{way}"),
        else_=f"ordinary_{way}",
    )


def summed(found: Sequence[CountyEffect]) -> dict[str, dict[str, int]]:
    """Counts by county and kind, for a table; `""` is the total."""
    table: dict[str, dict[str, int]] = {"": dict.fromkeys(KINDS, 0)}
    for one in found:
        row = table.setdefault(one.code, dict.fromkeys(KINDS, 0))
        row[one.kind] += one.count
        table[""][one.kind] += one.count
    return table
