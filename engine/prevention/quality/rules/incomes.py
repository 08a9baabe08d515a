"""Incomes that cannot be, that do not change, or that fall (二(五)1; domain 3.5)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from engine.prevention.models import Household, HouseholdYear, Member, Observation
from engine.prevention.quality.rules.parts import (
    FORMER,
    MONTHS,
    WORKS,
    income,
    money,
    of_seen,
    of_two_years,
    of_year,
    some,
)
from engine.prevention.quality.rules.rule import (
    LIFTED,
    REGISTERED,
    Example,
    Rule,
    of_household,
    parameter,
)

CLAUSE = "二(五)1"
_YEAR = aliased(HouseholdYear, name="equal_year")
_WORKED = (
    select(func.sum(MONTHS))
    .select_from(Member)
    .where(Member.household_id == Household.id)
    .correlate(Household)
    .scalar_subquery()
)
_WAGE, _BUSINESS = income("wage"), income("business")


def _fell(name: str) -> ColumnElement[bool]:
    """SQL: an income of the former year that was there fell by the province's share; what is not on file has
    not fallen.
    """
    now, then = income(name), income(name, FORMER)
    return and_(now >= 0, then > 0, now * 100 <= then * (100 - parameter("fall_percent")))


_LIFTED = {"household_type": "lifted_with_policy", "category": "unstable"}
_EARLIER = ({"year": 2021, "per_capita": 12000}, {"year": 2020, "per_capita": 12000})

RULES = (
    Rule(
        "income_equal",
        CLAUSE,
        "脱贫户{equal_years}年以上人均纯收入完全相同",
        "{years}年的人均纯收入都是{per_capita}元",
        "serious",
        "years",
        of_household(
            func.aggregate_strings(cast(_YEAR.year, String), "、").label("years"),
            _YEAR.per_capita.label("per_capita"),
            where=(LIFTED, _YEAR.per_capita > 0),
        )
        .join(_YEAR, _YEAR.household_id == Household.id)
        .group_by(Household.id, _YEAR.per_capita)
        .having(func.count() >= parameter("equal_years")),
        broken=Example(
            said="2020、2021、2022年的人均纯收入都是12000元",
            household=_LIFTED,
            year={"per_capita": 12000},
            years=_EARLIER,
        ),
        clean=Example(household=_LIFTED, year={"per_capita": 12100}, years=_EARLIER),
        uses=("equal_years",),
    ),
    Rule(
        "wage_fell",
        CLAUSE,
        "脱贫户工资性收入比上年下降{fall_percent}%以上",
        "{year}年工资性收入{wage}元，上年是{former}元",
        "ordinary",
        "check",
        of_two_years(
            _WAGE.label("wage"),
            income("wage", FORMER).label("former"),
            where=(LIFTED, _fell("wage")),
        ),
        broken=Example(
            said="2022年工资性收入12000元，上年是18000元",
            household=_LIFTED,
            years=({"year": 2021, "wage": 18000},),
        ),
        clean=Example(household=_LIFTED, years=({"year": 2021, "wage": 15000},)),
        uses=("fall_percent",),
    ),
    Rule(
        "business_fell",
        CLAUSE,
        "脱贫户生产经营性收入比上年下降{fall_percent}%以上",
        "{year}年生产经营性收入{business}元，上年是{former}元",
        "ordinary",
        "check",
        of_two_years(
            _BUSINESS.label("business"),
            income("business", FORMER).label("former"),
            where=(LIFTED, _fell("business")),
        ),
        broken=Example(
            said="2022年生产经营性收入5000元，上年是9000元",
            household=_LIFTED,
            years=({"year": 2021, "business": 9000},),
        ),
        clean=Example(household=_LIFTED, years=({"year": 2021, "business": 6000},)),
        uses=("fall_percent",),
    ),
    Rule(
        "wage_tiny",
        CLAUSE,
        "全年工资性收入大于零、不足{wage_least}元",
        "{year}年工资性收入只有{wage}元，请核实单位和小数点",
        "ordinary",
        "check",
        of_year(_WAGE.label("wage"), where=(_WAGE > 0, parameter("wage_least") > _WAGE)),
        broken=Example(said="2022年工资性收入只有80元，请核实单位和小数点", year={"wage": 80}),
        clean=Example(year={"wage": 0}),
        uses=("wage_least",),
    ),
    Rule(
        "month_wage",
        CLAUSE,
        "月均工资不足{month_wage_least}元或高于{month_wage_most}元（全年不足{wage_least}元的另列）",
        "{year}年工资性收入{wage}元，务工共{months}个月，月均工资不合理",
        "ordinary",
        "check",
        of_year(
            _WAGE.label("wage"),
            _WORKED.label("months"),
            where=(
                parameter("wage_least") <= _WAGE,  # else `wage_tiny`
                _WORKED > 0,
                or_(
                    parameter("month_wage_least") * _WORKED > _WAGE,
                    parameter("month_wage_most") * _WORKED < _WAGE,
                ),
            ),
        ),
        broken=Example(said="2022年工资性收入320000元，务工共8个月，月均工资不合理", year={"wage": 320000}),
        clean=Example(year={"wage": 32000}),
        uses=("month_wage_least", "month_wage_most", "wage_least"),
    ),
    Rule(
        "wage_without_work",
        CLAUSE,
        "有工资性收入，家里却没有人务工；或有人务工，工资性收入却是零",
        "{year}年工资性收入{wage}元，与家庭成员的务工情况不符",
        "ordinary",
        "check",
        of_year(
            _WAGE.label("wage"),
            where=(REGISTERED, some(), or_(and_(_WAGE > 0, ~some(WORKS)), and_(_WAGE == 0, some(WORKS)))),
        ),
        broken=Example(said="2022年工资性收入0元，与家庭成员的务工情况不符", year={"wage": 0}),
        clean=Example(year={"wage": 0}, members={0: {"work_months": None, "work_place": None}}),
    ),
    Rule(
        "income_high",
        "二(五)2②",
        "识别时人均纯收入高于{income_most}元",
        "识别前最近一次（{seen}）核实的人均纯收入高达{per_capita}元，请核实",
        "ordinary",
        "check",
        of_seen(
            Household.monitored_on,
            money(Observation.per_capita).label("per_capita"),
            where=(REGISTERED, Observation.per_capita > parameter("income_most")),
        ),
        broken=Example(
            said="识别前最近一次（2021年9月25日）核实的人均纯收入高达56000元，请核实",
            more=(("seen", {"observed_on": "2021-09-25", "per_capita": 56000}),),
        ),
        clean=Example(more=(("seen", {"observed_on": "2021-09-25", "per_capita": 19000}),)),
        uses=("income_most",),
    ),
    Rule(
        "allowance_unpaid",
        "二(五)2②",
        "低保户、特困户没有低保金、特困金",
        "户类型是{household_type}，{year}年低保金、特困金却是0元",
        "ordinary",
        "check",
        of_year(
            Household.household_type.label("household_type"),
            where=(
                REGISTERED,
                Household.household_type.in_(("allowance", "destitute")),
                income("allowance_income") == 0,
            ),
        ),
        broken=Example(
            said="户类型是低保户，2022年低保金、特困金却是0元", household={"household_type": "allowance"}
        ),
        clean=Example(household={"household_type": "allowance"}, year={"allowance_income": 4800}),
    ),
)
