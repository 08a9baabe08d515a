"""What may be looked at more closely, for supervisors: entries that look too round, too equal, too fast, or
too quiet.

A hint is no finding: no village is asked, nothing is counted against anybody, and there is no number to reach
(R02). Each is told with its figures, by village, of one county.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, extract, func, literal, select
from sqlalchemy.orm import Session

from engine.casework.models import Account, Division
from engine.casework.organisation import access
from engine.ground.clock import local_date, months_later, start_of_day
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.models import Household, HouseholdYear, Member, Screening
from engine.prevention.quality import parameters
from engine.prevention.quality.rules.parameters import NUMBERS

MOST = 30
"""Lines of a kind that are shown."""
WINDOW = 12
"""Months back that entries are looked at."""
KINDS = {
    "heaping": "整千的收入过多",
    "equal": "几户的收支完全相同",
    "fast": "登记太快",
    "quiet": "一人登记的户全部没有变化",
}


@dataclass(frozen=True)
class Hint:
    """Something to look at in a village: what of how many, and of whose entries ('' of everybody's)."""

    kind: str
    village_code: str
    village: str
    who: str
    count: int
    total: int


def may_see(actor: Account) -> bool:
    """Whether the actor supervises: hints are theirs alone."""
    return access.has_role(actor, access.SUPERVISOR)


def counties(session: Session, actor: Account) -> Sequence[Division]:
    """The counties that the actor supervises. Raises NotAllowed for everybody else."""
    if not may_see(actor):
        raise NotAllowed("督查提示只供督查员查看。")
    scopes = access.scopes(actor, frozenset({access.SUPERVISOR}))
    codes = {access.ancestor(scope.low, "county") for scope in scopes}
    inside = Division.code.in_(codes) | access.within(Division.code, scopes)
    query = select(Division).where(Division.level == "county", inside)
    return session.scalars(query.order_by(Division.code)).all()


def of_county(session: Session, actor: Account, county_code: str, now: datetime) -> dict[str, list[Hint]]:
    """The hints of a county by kind, the largest first. Raises NotAllowed, or Invalid out of the reach."""
    if county_code not in {county.code for county in counties(session, actor)}:
        raise Invalid("请选择您督查的县。")
    wide = access.scope_of(county_code)
    reached = access.scopes(actor, frozenset({access.SUPERVISOR}))
    scopes = [scope for scope in reached if wide.holds(scope.low)] or [wide]
    numbers = parameters.of_place(session, NUMBERS, county_code)
    since = months_later(local_date(now), -WINDOW)
    found = {
        kind: session.execute(query(numbers, since, scopes).limit(MOST)).all()
        for kind, query in _QUERIES.items()
    }
    codes = {row.village_code for rows in found.values() for row in rows}
    names = _paths(session, codes)
    return {
        kind: [
            Hint(kind, row.village_code, names.get(row.village_code, ""), row.who, row.many, row.total)
            for row in rows
        ]
        for kind, rows in found.items()
    }


def _paths(session: Session, codes: set[str]) -> Mapping[str, str]:
    query = select(Division.code, Division.path).where(Division.code.in_(codes))
    return {row.code: row.path for row in session.execute(query)}


# -- one SELECT for each kind ------------------------------------------------------------------------

_Query = Select[*tuple[Any, ...]]
_Numbers = Mapping[str, int]
_Scopes = list[access.Scope]
_NOBODY = literal("").label("who")
_TOTAL = func.count()


def _of_years(since: date, scopes: _Scopes, *columns: Any) -> _Query:
    """What was recorded of households' incomes since a day."""
    return (
        select(Household.village_code, _NOBODY, *columns)
        .join(HouseholdYear, HouseholdYear.household_id == Household.id)
        .where(
            access.within(Household.village_code, scopes),
            HouseholdYear.recorded_at >= start_of_day(since),
            HouseholdYear.net_income > 0,
        )
    )


def _heaping(numbers: _Numbers, since: date, scopes: _Scopes) -> _Query:
    """Villages in which too large a share of net incomes ends in three noughts."""
    thousands = cast(HouseholdYear.net_income / 1000, Integer) * 1000
    rounded = func.sum(case((HouseholdYear.net_income == thousands, 1), else_=0))
    return (
        _of_years(since, scopes, rounded.label("many"), _TOTAL.label("total"))
        .group_by(Household.village_code)
        .having(numbers["hint_rows"] <= _TOTAL, rounded * 100 >= _TOTAL * numbers["heap_percent"])
        .order_by(rounded.desc(), Household.village_code)
    )


def _equal(numbers: _Numbers, since: date, scopes: _Scopes) -> _Query:
    """Villages in which several households have the very same income and spending, item by item."""
    same = (HouseholdYear.year, HouseholdYear.income, HouseholdYear.spending)
    return (
        _of_years(since, scopes, _TOTAL.label("many"), _TOTAL.label("total"))
        .group_by(Household.village_code, *same)
        .having(numbers["same_households"] <= _TOTAL)
        .order_by(_TOTAL.desc(), Household.village_code)
    )


def _visits(since: date, scopes: _Scopes) -> tuple[ColumnElement[bool], ...]:
    """The households that investigators met since a day."""
    done = (Screening.result == "done", Screening.standing == "current", Screening.visited_on >= since)
    return (access.within(Screening.village_code, scopes), *done)


def _fast(numbers: _Numbers, since: date, scopes: _Scopes) -> _Query:
    """Who enters households at the door sooner after one another than anybody can ask (not from Excel)."""
    at = func.coalesce(Screening.device_at, Screening.entered_at)
    before = func.lag(at, type_=at.type).over(partition_by=Screening.entered_by, order_by=(at, Screening.id))
    entered = Screening.source.in_(("page", "phone"))
    gap = (extract("epoch", at) - extract("epoch", before)).label("seconds")
    columns = (Screening.village_code, Screening.collected_by.label("who"))
    row = select(*columns, gap).where(*_visits(since, scopes), entered).subquery()
    soon = func.sum(case((row.c.seconds < numbers["hint_seconds"], 1), else_=0))
    return (
        select(row.c.village_code, row.c.who, soon.label("many"), _TOTAL.label("total"))
        .group_by(row.c.village_code, row.c.who)
        .having(soon >= numbers["fast_rows"])
        .order_by(soon.desc(), row.c.village_code, row.c.who)
    )


def _quiet(numbers: _Numbers, since: date, scopes: _Scopes) -> _Query:
    """Who found in all households just what the register had, and nothing the matter with any."""
    size = select(func.count()).select_from(Member).where(Member.household_id == Screening.household_id)
    same = and_(
        Screening.clue_id.is_(None),
        Screening.assured.is_(True),
        Screening.in_group.is_(False),
        Screening.household_size == size.correlate(Screening).scalar_subquery(),
    )
    quiet = func.sum(case((same, 1), else_=0))
    columns = (Screening.village_code, Screening.collected_by.label("who"))
    return (
        select(*columns, quiet.label("many"), _TOTAL.label("total"))
        .where(*_visits(since, scopes))
        .group_by(*columns[:1], Screening.collected_by)
        .having(numbers["quiet_rows"] <= _TOTAL, quiet == _TOTAL)
        .order_by(_TOTAL.desc(), Screening.village_code, Screening.collected_by)
    )


_QUERIES = {"heaping": _heaping, "equal": _equal, "fast": _fast, "quiet": _quiet}
