"""What rules ask of a household: its members, its latest year, what was seen on a day, its measures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    ScalarSelect,
    Select,
    and_,
    case,
    cast,
    exists,
    extract,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from engine.ground.tables import json_number, json_word
from engine.prevention.models import AssistancePlan, Household, HouseholdYear, Measure, Member, Observation
from engine.prevention.quality.rules.rule import of_household
from engine.prevention.register.observations import counted

Day = ColumnElement[Any] | InstrumentedAttribute[Any]
Amount = ColumnElement[Any] | InstrumentedAttribute[Any]

# -- members -----------------------------------------------------------------------------------------


def fact(name: str) -> ColumnElement[str]:
    """SQL: a fact of the member, '' where there is none."""
    return func.coalesce(json_word(Member.facts, name), "")


MONTHS = func.coalesce(json_number(Member.facts, "work_months"), 0)
"""SQL: how many months a year the member works away from the farm."""
WORKS = MONTHS > 0
ABLE = fact("labour").in_(("ordinary", "skilled", "weak"))
"""SQL: the member has labour; 弱劳动力或半劳动力 counts (domain A10)."""
HEALTH_UNKNOWN = fact("health") == ""
"""SQL: nobody has said how the member is; `member_fields` asks."""
ILL = fact("health").in_(("chronic", "serious"))
DISABLED = (fact("health") == "disabled") | (Member.id_type == "disability")
AT_SCHOOL = fact("schooling").not_in(("", "preschool_age"))
ABOVE_COMPULSORY = ("senior", "vocational", "college", "bachelor", "graduate")


def people(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    """SQL: how many of the household's members there are for whom `where` holds."""
    query = select(func.count()).select_from(Member).where(Member.household_id == Household.id, *where)
    return query.correlate(Household).scalar_subquery()


def some(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: whether there is one of them."""
    return exists(select(1).select_from(Member).where(Member.household_id == Household.id, *where))


# -- years -------------------------------------------------------------------------------------------

LATEST = aliased(HouseholdYear, name="latest")
FORMER = aliased(HouseholdYear, name="former")
_ANY = aliased(HouseholdYear, name="any_year")
_LAST = (
    select(func.max(_ANY.year))
    .where(_ANY.household_id == Household.id)
    .correlate(Household)
    .scalar_subquery()
)
_SEEN_YEAR = aliased(HouseholdYear, name="seen_year")
LAST_SEEN = (
    select(_SEEN_YEAR.recorded_at)
    .where(_SEEN_YEAR.household_id == Household.id)
    .order_by(_SEEN_YEAR.year.desc())
    .limit(1)
    .correlate(Household)
    .scalar_subquery()
)
"""SQL: when the latest year was recorded; whoever puts an earlier one right has checked nothing anew."""


def of_year(*figures: ColumnElement[Any], where: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """SQL: the kept households for which all of `where` holds of their latest year on file, `year`."""
    query = of_household(LATEST.year.label("year"), *figures, where=where)
    return query.join(LATEST, (LATEST.household_id == Household.id) & (LATEST.year == _LAST))


def of_two_years(*figures: ColumnElement[Any], where: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """SQL: as `of_year`, with the year before it."""
    query = of_year(*figures, where=where)
    return query.join(FORMER, (FORMER.household_id == Household.id) & (FORMER.year == LATEST.year - 1))


def income(name: str, year: Any = LATEST) -> ColumnElement[float]:
    """SQL: an amount of the year's income, yuan; NULL where it is not on file."""
    return json_number(year.income, name)


def spending(name: str) -> ColumnElement[float]:
    """SQL: an amount of the latest year's spending, yuan; NULL where it is not on file."""
    return json_number(LATEST.spending, name)


def assurance(name: str) -> ColumnElement[str]:
    """SQL: yes, no, or '' of one of the latest year's assurances."""
    return func.coalesce(json_word(LATEST.assurances, name), "")


ASSURANCES = {
    "education_ok": "义务教育",
    "medical_ok": "基本医疗",
    "housing_ok": "住房安全",
    "water_ok": "饮水安全",
}


# -- what was seen -----------------------------------------------------------------------------------


def of_seen(
    day: InstrumentedAttribute[Any], *figures: ColumnElement[Any], where: Iterable[ColumnElement[bool]]
) -> Select[Any]:
    """SQL: the kept households for which all of `where` holds of what was last seen up to a day of theirs."""
    inner = aliased(Observation, name="inner_seen")
    last = (
        select(inner.id)
        .where(inner.household_id == Household.id, inner.observed_on <= day)
        .order_by(inner.observed_on.desc(), inner.id.desc())
        .limit(1)
        .correlate(Household)
        .scalar_subquery()
    )
    query = of_household(Observation.observed_on.label("seen"), *figures, where=where)
    return query.join(Observation, Observation.id == last)


def months(first: Day, last: Day) -> ColumnElement[int]:
    """SQL: how many calendar months lie between two days."""
    return _month(last) - _month(first)


def whole_months(first: Day, last: Day) -> ColumnElement[int]:
    """SQL: how many full months lie between two days; a month's last day fills it (`clock.months_later`)."""
    unfilled = (extract("day", last) < extract("day", first), extract("day", last) < _month_days(last))
    return months(first, last) - case((and_(*unfilled), 1), else_=0)


def _month_days(day: Day) -> ColumnElement[int]:
    """SQL: the last day of the day's month; of February the 28th, in a leap year too."""
    month = extract("month", day)
    return case((month == 2, 28), (month.in_((4, 6, 9, 11)), 30), else_=31)


def _month(day: Day) -> ColumnElement[int]:
    return extract("year", day) * 12 + extract("month", day)


# -- measures ----------------------------------------------------------------------------------------

DEVELOPING = ("industry", "employment", "public_post", "finance")
"""开发式帮扶 (Q42)."""


def measure(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: whether the household has a measure that counts, for which `where` holds."""
    plan = AssistancePlan.id == Measure.plan_id
    mine = (Measure.household_id == Household.id, Measure.status != "stopped")
    return exists(select(1).select_from(Measure).where(plan, counted(), *mine, *where))


def in_hand(*kinds: str) -> ColumnElement[bool]:
    """SQL: whether it has one of those types that is not done yet: of what is done the household may have
    grown out since.
    """
    return measure(Measure.type.in_(kinds), Measure.status != "done")


def typed(*kinds: str) -> ColumnElement[bool]:
    """SQL: whether it has one of those types."""
    return measure(Measure.type.in_(kinds))


def money(amount: Amount) -> ColumnElement[Any]:
    """SQL: an amount with two decimals, the same on both databases."""
    return cast(amount, Numeric(14, 2))
