"""Risks that nothing in the record bears out, and what bears out a risk that is not named (二(五)2)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, extract, func, or_, select

from engine.casework.models import CaseFile, Submission
from engine.ground.tables import json_word, names
from engine.prevention.models import Household, Measure
from engine.prevention.quality.rules.parts import (
    ABLE,
    ABOVE_COMPULSORY,
    ASSURANCES,
    AT_SCHOOL,
    DISABLED,
    FORMER,
    HEALTH_UNKNOWN,
    ILL,
    LATEST,
    WORKS,
    assurance,
    fact,
    measure,
    of_two_years,
    of_year,
    people,
    some,
    spending,
)
from engine.prevention.quality.rules.rule import (
    MONITORED,
    Example,
    Rule,
    joined,
    of_household,
    parameter,
)

CLAUSE = "二(五)2③"
_OF_ASSURANCE = {"education_ok": "compulsory_education", "housing_ok": "housing", "water_ok": "water"}


def risk(*codes: str) -> ColumnElement[bool]:
    """SQL: whether the household has one of those risks."""
    return or_(*(names(Household.risks, code) for code in codes))


def _assured(state: str, named: bool) -> ColumnElement[str]:
    """SQL: the assurances of a state whose risk is, or is not, named.

    What a measure has put right is met, though the risk stays on file until it is eliminated.
    """
    pairs = _OF_ASSURANCE.items()
    return joined(
        (and_(assurance(name) == state, _unhelped(code) if named else ~risk(code)), ASSURANCES[name])
        for name, code in pairs
    )


def _unhelped(code: str) -> ColumnElement[bool]:
    """SQL: the household has the risk, and no measure against it is done."""
    return and_(risk(code), ~measure(Measure.risk == code, Measure.status == "done"))


_NAMED_AND_MET, _UNMET_UNNAMED = _assured("yes", True), _assured("no", False)


def _said_of_other(text: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: whether a form of the household's that names 其他 has, or has not, a text of its risks."""
    named = json_word(Submission.data, "risks").contains('"other"')
    mine = (CaseFile.subject_id == Household.id, Submission.case_id == CaseFile.id)
    return exists(select(1).select_from(Submission).where(*mine, named, text))


_TEXT = func.coalesce(json_word(Submission.data, "risk_text"), "")
_ABLE, _ALL = people(ABLE), people()

RULES = (
    Rule(
        "risk_illness_person",
        CLAUSE,
        "因病，家里却没有病人",
        "风险有“因病”，家庭成员却没有长期慢性病或患有大病的",
        "serious",
        "check",
        of_household(where=(MONITORED, risk("illness"), some(), ~some(or_(ILL, HEALTH_UNKNOWN)))),
        broken=Example(
            said="风险有“因病”，家庭成员却没有长期慢性病或患有大病的", members={1: {"health": "healthy"}}
        ),
        clean=Example(members={1: {"health": "serious"}}),
    ),
    Rule(
        "risk_illness_spending",
        CLAUSE,
        "因病，医疗自付却是零",
        "风险有“因病”，{year}年报销后自付的医疗支出却是0元",
        "ordinary",
        "check",
        of_year(where=(MONITORED, risk("illness"), spending("medical") == 0)),
        broken=Example(said="风险有“因病”，2022年报销后自付的医疗支出却是0元", year={"medical": 0}),
        clean=Example(household={"risks": ["accident"]}, year={"medical": 0}),
    ),
    Rule(
        "risk_disability",
        CLAUSE,
        "因残，家里却没有残疾人",
        "风险有“因残”，家庭成员却没有残疾的",
        "serious",
        "check",
        of_household(where=(MONITORED, risk("disability"), some(), ~some(or_(DISABLED, HEALTH_UNKNOWN)))),
        broken=Example(said="风险有“因残”，家庭成员却没有残疾的", household={"risks": ["disability"]}),
        clean=Example(household={"risks": ["disability"]}, members={1: {"health": "disabled"}}),
    ),
    Rule(
        "risk_labour",
        CLAUSE,
        "缺劳动力，有劳动力的人却占{able_percent}%以上",
        "风险有“缺劳动力”，{size}人中却有{able}人有劳动力",
        "ordinary",
        "check",
        of_household(
            _ALL.label("size"),
            _ABLE.label("able"),
            where=(
                MONITORED,
                risk("lack_of_labour"),
                some(ABLE),
                _ALL * parameter("able_percent") <= _ABLE * 100,
            ),
        ),
        broken=Example(
            said="风险有“缺劳动力”，3人中却有2人有劳动力", household={"risks": ["lack_of_labour"]}
        ),
        clean=Example(household={"risks": ["lack_of_labour"]}, members={1: {"labour": "lost"}}),
        uses=("able_percent",),
    ),
    Rule(
        "risk_work",
        CLAUSE,
        "务工就业不稳，家里却没有人务工",
        "风险有“务工就业不稳”，家庭成员却没有务工地点和务工月数",
        "ordinary",
        "check",
        of_household(
            where=(MONITORED, risk("unstable_work"), some(), ~some(or_(WORKS, fact("work_place") != "")))
        ),
        broken=Example(
            said="风险有“务工就业不稳”，家庭成员却没有务工地点和务工月数",
            household={"risks": ["unstable_work"]},
            members={0: {"work_months": None, "work_place": None}},
        ),
        clean=Example(household={"risks": ["unstable_work"]}, members={0: {"work_months": 2}}),
    ),
    Rule(
        "risk_schooling",
        CLAUSE,
        "因学，家里却没有人上学",
        "风险有“因学”，家庭成员却没有在校的",
        "serious",
        "check",
        of_household(where=(MONITORED, risk("schooling"), some(), ~some(AT_SCHOOL))),
        broken=Example(
            said="风险有“因学”，家庭成员却没有在校的", household={"risks": ["schooling"]}, members={2: None}
        ),
        clean=Example(household={"risks": ["schooling"]}),
    ),
    Rule(
        "risk_schooling_compulsory",
        CLAUSE,
        "因学，在校的却都在义务教育阶段，教育支出也是零",
        "风险有“因学”，没有人读高中以上，{year}年教育支出是0元",
        "hint",
        "check",
        of_year(
            where=(
                MONITORED,
                risk("schooling"),
                some(AT_SCHOOL),
                ~some(fact("schooling").in_(ABOVE_COMPULSORY)),
                spending("education") == 0,
            )
        ),
        broken=Example(
            said="风险有“因学”，没有人读高中以上，2022年教育支出是0元",
            household={"risks": ["schooling"]},
            year={"education": 0},
        ),
        clean=Example(household={"risks": ["schooling"]}, year={"education": 4500}),
    ),
    Rule(
        "risk_assured",
        CLAUSE,
        "有住房、饮水、义务教育风险，对应的保障却填达标",
        "{year}年填达标的保障，同时又列为风险：{assured}",
        "serious",
        "check",
        of_year(_NAMED_AND_MET.label("assured"), where=(MONITORED, _NAMED_AND_MET != "")),
        broken=Example(
            said="2022年填达标的保障，同时又列为风险：住房安全", household={"risks": ["illness", "housing"]}
        ),
        clean=Example(household={"risks": ["illness", "housing"]}, year={"housing_ok": "no"}),
    ),
    Rule(
        "assurance_unnamed",
        CLAUSE,
        "住房、饮水、义务教育不达标，却没有列为风险",
        "{year}年填不达标，却没有列为风险：{unmet}",
        "serious",
        "check",
        of_year(_UNMET_UNNAMED.label("unmet"), where=(MONITORED, _UNMET_UNNAMED != "")),
        broken=Example(said="2022年填不达标，却没有列为风险：饮水安全", year={"water_ok": "no"}),
        clean=Example(household={"risks": ["water"]}, year={"water_ok": "no"}),
    ),
    Rule(
        "risk_other_untold",
        CLAUSE,
        "“其他”风险没有说明",
        "风险有“其他”，核实表里没有说明是什么风险",
        "ordinary",
        "check",
        of_household(
            where=(MONITORED, risk("other"), _said_of_other(_TEXT == ""), ~_said_of_other(_TEXT != ""))
        ),
        broken=Example(
            said="风险有“其他”，核实表里没有说明是什么风险",
            household={"risks": ["other"]},
            more=(("form", {"risks": ["other"]}),),
        ),
        clean=Example(
            household={"risks": ["other"]},
            more=(("form", {"risks": ["other"], "risk_text": "欠债较多"}),),
        ),
    ),
    Rule(
        "risk_income",
        CLAUSE,
        "收入骤减，收入却没有比上年少",
        "风险有“收入骤减”，{year}年家庭纯收入{net_income}元，没有比上年的{former}元少",
        "ordinary",
        "check",
        of_two_years(
            LATEST.net_income.label("net_income"),
            FORMER.net_income.label("former"),
            where=(
                MONITORED,
                risk("income_drop"),
                LATEST.net_income >= FORMER.net_income,
                LATEST.year <= extract("year", Household.monitored_on),  # it may well rise with assistance
            ),
        ),
        broken=Example(
            said="风险有“收入骤减”，2022年家庭纯收入15800元，没有比上年的12800元少",
            household={"risks": ["income_drop"], "monitored_on": "2022-03-01"},
            years=({"year": 2021, "wage": 9000},),
        ),
        clean=Example(household={"risks": ["income_drop"]}, years=({"year": 2021, "wage": 30000},)),
    ),
    Rule(
        "risk_disaster",
        CLAUSE,
        "因自然灾害、意外事故，灾害事故损失和医疗自付却都是零",
        "风险有自然灾害或意外事故，{year}年灾害、事故损失和医疗自付却都是0元",
        "hint",
        "check",
        of_year(
            where=(
                MONITORED,
                risk("natural_disaster", "accident"),
                spending("disaster") == 0,
                func.coalesce(spending("medical"), 0) == 0,
            )
        ),
        broken=Example(
            said="风险有自然灾害或意外事故，2022年灾害、事故损失和医疗自付却都是0元",
            household={"risks": ["accident"]},
            year={"medical": 0, "disaster": 0},
        ),
        clean=Example(household={"risks": ["accident"]}, year={"medical": 0, "disaster": 3000}),
    ),
)
