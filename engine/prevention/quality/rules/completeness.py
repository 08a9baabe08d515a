"""Key facts that are missing (二(五)2 ①), and categories that do not fit (二(五)2 ②)."""

from __future__ import annotations

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from engine.ground.tables import midnight
from engine.prevention.models import Household, MemberChange, Observation, ResponsibleOfficial
from engine.prevention.quality.rules.parts import (
    ASSURANCES,
    LAST_SEEN,
    LATEST,
    assurance,
    income,
    money,
    of_seen,
    of_year,
    people,
    spending,
)
from engine.prevention.quality.rules.rule import (
    LIFTED,
    MONITORED,
    REGISTERED,
    Example,
    Rule,
    before,
    joined,
    of_household,
    today,
)
from engine.prevention.register.households.checked import INCOME
from engine.prevention.register.member_history import COMING, LEAVING

_INCOME = {
    "wage": "工资性收入",
    "business": "生产经营性收入",
    "property": "财产性收入",
    "pension": "养老金",
    "allowance_income": "低保金、特困金",
    "subsidy": "各类补贴",
    "other_transfer": "其他转移性收入",
    "business_cost": "生产经营性支出",
}
_SPENDING = {
    "medical": "医疗",
    "education": "教育",
    "disaster": "灾害、事故损失",
    "other_rigid": "其他刚性支出",
}
_NO_ASSURANCE = joined((assurance(name) == "", words) for name, words in ASSURANCES.items())
_NO_INCOME = joined((income(name).is_(None), words) for name, words in _INCOME.items())
_NO_SPENDING = joined((spending(name).is_(None), words) for name, words in _SPENDING.items())
_NOT_ON_FILE = or_(LAST_SEEN.is_(None), midnight(before(24)) > LAST_SEEN)
_OFFICIAL = exists(
    select(1)
    .select_from(ResponsibleOfficial)
    .where(ResponsibleOfficial.household_id == Household.id, ResponsibleOfficial.until.is_(None))
)
_SUM = sum((func.coalesce(income(name), 0) for name in INCOME), -func.coalesce(income("business_cost"), 0))
_SIZE = people()
_CHANGED_SINCE = exists(
    select(1)
    .select_from(MemberChange)
    .where(
        MemberChange.household_id == Household.id,
        MemberChange.kind.in_((*COMING, *LEAVING)),
        MemberChange.undone_at.is_(None),
        MemberChange.recorded_at > LATEST.recorded_at,
    )
)
"""Somebody came or left since: the year's figures are those of its day (`members_moved` asks anew)."""
_PHONE = aliased(Household, name="same_phone")
_SHARED = exists(
    select(1)
    .select_from(_PHONE)
    .where(
        _PHONE.phone == Household.phone,
        _PHONE.id != Household.id,
        _PHONE.merged_into_id.is_(None),
        _PHONE.status != "gone",
    )
)
_PHONE_MASKED = (
    func.substr(Household.phone, 1, 3)
    .concat("****")
    .concat(func.substr(Household.phone, func.length(Household.phone) - 3, 4))
)
_DIGITS = func.trim(Household.phone, "0123456789") == ""

KEY_FACTS = (
    Rule(
        "assurances_missing",
        "二(五)2①",
        "“三保障”和饮水安全没有填全",
        "{year}年的“三保障”和饮水安全没有填：{missing}",
        "serious",
        "check",
        of_year(_NO_ASSURANCE.label("missing"), where=(REGISTERED, _NO_ASSURANCE != "")),
        broken=Example(said="2022年的“三保障”和饮水安全没有填：饮水安全", year={"water_ok": None}),
        clean=Example(year={"water_ok": "no"}),
    ),
    Rule(
        "income_missing",
        "二(五)2①",
        "收入没有填全",
        "{year}年的收入没有填：{missing}",
        "serious",
        "check",
        of_year(_NO_INCOME.label("missing"), where=(REGISTERED, _NO_INCOME != "")),
        broken=Example(said="2022年的收入没有填：工资性收入", year={"wage": None}),
        clean=Example(year={"property": 0}),
    ),
    Rule(
        "spending_missing",
        "二(五)2①",
        "刚性支出没有填全",
        "{year}年的刚性支出没有填：{missing}",
        "ordinary",
        "check",
        of_year(_NO_SPENDING.label("missing"), where=(REGISTERED, _NO_SPENDING != "")),
        broken=Example(said="2022年的刚性支出没有填：医疗", year={"medical": None}),
        clean=Example(year={"disaster": 0}),
    ),
    Rule(
        "year_missing",
        "二(五)2①",
        "监测对象两年内没有收支记录",
        "档案里没有最近两年的收支和“三保障”记录",
        "serious",
        "check",
        of_household(where=(REGISTERED, _NOT_ON_FILE)),
        broken=Example(
            said="档案里没有最近两年的收支和“三保障”记录", year={"recorded_at": "2019-03-01T00:00:00+00:00"}
        ),
        clean=Example(year={"recorded_at": "2021-03-01T00:00:00+00:00"}),
    ),
    Rule(
        "risk_missing",
        "二(五)2①",
        "监测对象没有返贫致贫风险",
        "是未消除风险的监测对象，没有填任何返贫致贫风险",
        "serious",
        "check",
        of_household(where=(MONITORED, Household.risks == [])),
        broken=Example(said="是未消除风险的监测对象，没有填任何返贫致贫风险", household={"risks": []}),
        clean=Example(household={"risks": ["accident"]}),
    ),
    Rule(
        "monitored_on_missing",
        "二(五)2①",
        "监测对象没有识别时间，或时间不对",
        "识别监测时间（{monitored_on}）没有填，或者晚于今天、晚于风险消除时间（{eliminated_on}）",
        "serious",
        "standing",
        of_household(
            Household.monitored_on.label("monitored_on"),
            Household.eliminated_on.label("eliminated_on"),
            where=(
                REGISTERED,
                or_(
                    Household.monitored_on.is_(None),
                    Household.monitored_on > today(),
                    Household.monitored_on > Household.eliminated_on,
                ),
            ),
        ),
        broken=Example(
            said="识别监测时间（空）没有填，或者晚于今天、晚于风险消除时间（空）",
            household={"monitored_on": None},
        ),
        clean=Example(household={"monitored_on": "2022-06-15"}),
    ),
    Rule(
        "national_number_missing",
        "二(五)2①",
        "识别{follow_months}个月以上没有全国系统户编号",
        "{monitored_on}识别，没有登记全国系统的户编号",
        "hint",
        "standing",
        of_household(
            Household.monitored_on.label("monitored_on"),
            where=(
                REGISTERED,
                Household.national_number == "",
                Household.monitored_on < before("follow_months"),
            ),
        ),
        broken=Example(said="2021年10月1日识别，没有登记全国系统的户编号", household={"national_number": ""}),
        clean=Example(household={"national_number": "", "monitored_on": "2022-06-01"}),
        uses=("follow_months",),
    ),
    Rule(
        "official_missing",
        "二(二)1",
        "识别{plan_months}个月以上没有帮扶责任人",
        "{monitored_on}识别，没有帮扶责任人",
        "serious",
        "plan",
        of_household(
            Household.monitored_on.label("monitored_on"),
            where=(MONITORED, Household.monitored_on < before("plan_months"), ~_OFFICIAL),
        ),
        broken=Example(
            said="2021年10月1日识别，没有帮扶责任人", more=(("official", {"until": "2022-01-01"}),)
        ),
        clean=Example(
            household={"monitored_on": "2022-06-01"}, more=(("official", {"until": "2022-01-01"}),)
        ),
        uses=("plan_months",),
    ),
    Rule(
        "income_sum",
        "二(五)2①",
        "家庭纯收入与各项收支的合计不一致",
        "{year}年家庭纯收入{net_income}元，各项收入减生产经营性支出是{total}元",
        "ordinary",
        "check",
        of_year(
            LATEST.net_income.label("net_income"),
            money(_SUM).label("total"),
            where=(_NO_INCOME == "", func.abs(LATEST.net_income - _SUM) > 1),
        ),
        broken=Example(
            said="2022年家庭纯收入16800元，各项收入减生产经营性支出是15800元", year={"net_income": 16800}
        ),
        clean=Example(year={"wage": 22000, "net_income": 25800}),
    ),
    Rule(
        "per_capita_size",
        "二(五)1",
        "人均纯收入与家庭人口数对不上",
        "{year}年家庭纯收入{net_income}元，人均{per_capita}元，与现有{size}人对不上",
        "ordinary",
        "check",
        of_year(
            LATEST.net_income.label("net_income"),
            LATEST.per_capita.label("per_capita"),
            _SIZE.label("size"),
            where=(
                _SIZE > 0,
                func.abs(LATEST.net_income - LATEST.per_capita * _SIZE) > _SIZE,
                ~_CHANGED_SINCE,
            ),
        ),
        broken=Example(
            said="2022年家庭纯收入15800元，人均5266.67元，与现有4人对不上",
            members={3: {"name": "王小云", "relation": "daughter", "birth_date": "2022-05-09"}},
        ),
        clean=Example(year={"per_capita": 5266.67}),
    ),
)
CONTACT = (
    Rule(
        "phone_missing",
        "二(五)2①",
        "没有联系电话",
        "没有登记联系电话",
        "ordinary",
        "contact",
        of_household(where=(REGISTERED, Household.phone == "")),
        broken=Example(said="没有登记联系电话", household={"phone": ""}),
        clean=Example(household={"phone": "13900001111"}),
    ),
    Rule(
        "phone_form",
        "二(五)2②",
        "联系电话不是11位手机号码",
        "联系电话（{digits}）不是11位手机号码",
        "hint",
        "contact",
        of_household(
            func.substr(Household.phone, 1, 3)
            .concat("…")
            .concat(func.substr(Household.phone, func.length(Household.phone) - 1, 2))
            .label("digits"),
            where=(Household.phone != "", or_(func.length(Household.phone) != 11, ~_DIGITS)),
        ),
        broken=Example(said="联系电话（139…11）不是11位手机号码", household={"phone": "1390000111"}),
        clean=Example(household={"phone": "13900001112"}),
    ),
    Rule(
        "phone_shared",
        "二(五)2②",
        "不同农户登记了同一个联系电话",
        "联系电话（{phone}）还登记在另一户",
        "ordinary",
        "contact",
        of_household(_PHONE_MASKED.label("phone"), where=(Household.phone != "", _SHARED)),
        broken=Example(
            said="联系电话（139****1113）还登记在另一户",
            household={"phone": "13900001113"},
            beside=Example(household={"phone": "13900001113"}),
        ),
        clean=Example(
            household={"phone": "13900001114"},
            beside=Example(household={"phone": "13900001114", "status": "gone"}),
        ),
    ),
)
CATEGORY = (
    Rule(
        "category_missing",
        "二(五)2②",
        "监测对象没有分类",
        "是监测对象，没有填监测对象类别",
        "serious",
        "standing",
        of_household(where=(REGISTERED, Household.category == "")),
        broken=Example(said="是监测对象，没有填监测对象类别", household={"category": ""}),
        clean=Example(household={"category": "sudden_hardship"}),
    ),
    Rule(
        "category_income",
        "二(五)2②",
        "监测对象类别与识别时的收入不符",
        "类别为{category}，识别前最近一次（{seen}）核实的人均纯收入{per_capita}元，高于监测范围{line}元",
        "serious",
        "standing",
        of_seen(
            Household.monitored_on,
            Household.category.label("category"),
            Observation.per_capita.label("per_capita"),
            Observation.line_amount.label("line"),
            where=(
                REGISTERED,
                Household.category.in_(("unstable", "marginal")),
                Observation.per_capita > Observation.line_amount,
            ),
        ),
        broken=Example(
            said="类别为边缘易致贫户，识别前最近一次（2021年9月20日）核实的人均纯收入7800元，高于监测范围7000元",
            more=(("seen", {"observed_on": "2021-09-20", "per_capita": 7800}),),
        ),
        clean=Example(
            household={"category": "sudden_hardship"},
            more=(("seen", {"observed_on": "2021-09-20", "per_capita": 7800}),),
        ),
    ),
    Rule(
        "category_kind",
        "二(五)2②",
        "脱贫不稳定户不是脱贫户，或边缘易致贫户是脱贫户",
        "类别为{category}，户类型却是{household_type}",
        "serious",
        "standing",
        of_household(
            Household.category.label("category"),
            Household.household_type.label("household_type"),
            where=(
                REGISTERED,
                or_(
                    and_(Household.category == "unstable", Household.household_type == "ordinary"),
                    and_(Household.category == "marginal", LIFTED),
                ),
            ),
        ),
        broken=Example(said="类别为脱贫不稳定户，户类型却是一般农户", household={"category": "unstable"}),
        clean=Example(household={"category": "unstable", "household_type": "lifted_with_policy"}),
    ),
)
RULES = KEY_FACTS + CONTACT + CATEGORY
