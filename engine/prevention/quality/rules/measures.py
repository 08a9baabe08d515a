"""What is done for a household against what it lacks (二(二), 二(五)2 ③)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from engine.ground.tables import names
from engine.prevention.models import (
    PLAN_IN_FORCE,
    AssistancePlan,
    Household,
    Measure,
    MeasureProgress,
    Member,
)
from engine.prevention.quality.rules.parts import (
    ABLE,
    AT_SCHOOL,
    DEVELOPING,
    DISABLED,
    HEALTH_UNKNOWN,
    ILL,
    WORKS,
    in_hand,
    income,
    measure,
    of_year,
    some,
    typed,
)
from engine.prevention.quality.rules.risks import risk
from engine.prevention.quality.rules.rule import (
    MONITORED,
    Example,
    Rule,
    before,
    joined,
    of_household,
    today,
)
from engine.prevention.quality.rules.words import RISKS
from engine.prevention.register.observations import counted

CLAUSE = "二(五)2③"
MATCHING: Mapping[str, tuple[str, ...]] = {
    "illness": ("health", "social", "safety_net"),
    "disability": ("safety_net", "social", "health"),
    "schooling": ("education", "social"),
    "natural_disaster": (
        "industry",
        "employment",
        "public_post",
        "finance",
        "safety_net",
        "social",
        "housing",
    ),
    "accident": ("safety_net", "social", "health"),
    "project_failure": (*DEVELOPING, "safety_net", "social"),
    "unstable_work": (*DEVELOPING, "safety_net"),
    "lack_of_labour": ("public_post", "safety_net", "social", "finance"),
    "housing": ("housing", "relocation"),
    "water": ("water",),
    "compulsory_education": ("education",),
    "income_drop": (*DEVELOPING, "safety_net"),
}
"""Which types of measures treat a risk (domain 2.7); 其他 is treated by whatever the plan names for it."""
_PLAN = aliased(AssistancePlan, name="plan_in_force")


def _in_force(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    plan = (_PLAN.household_id == Household.id, _PLAN.status.in_(PLAN_IN_FORCE))
    return exists(select(1).select_from(_PLAN).where(*plan, *where))


def _left(code: str) -> ColumnElement[bool]:
    """SQL: the plan in force leaves the risk without a measure, and says why."""
    return _in_force(names(_PLAN.untreated, code), _PLAN.untreated_reason != "")


_UNMATCHED = joined(
    (and_(risk(code), ~typed(*kinds), ~_left(code)), RISKS[code]) for code, kinds in MATCHING.items()
)
_ONLY_SAFETY_NET = and_(measure(), ~measure(Measure.type != "safety_net"))
_PASSED = _in_force(_PLAN.pass_reason != "")
_ALLOWANCE = Household.household_type.in_(("allowance", "destitute"))
_SUBSIDY_FOR_DISABLED = and_(Measure.content.contains("残疾"), Measure.content.contains("补贴"))
_NOT_DONE = Measure.status != "done"
_REPORTED = aliased(MeasureProgress, name="reported")
_NO_PROGRESS = ~exists(
    select(1)
    .select_from(_REPORTED)
    .where(_REPORTED.measure_id == Measure.id, _REPORTED.reported_on >= before("progress_months"))
)
_OVERDUE = (Measure.status.in_(("planned", "under_way")), Measure.ends_on < today())
_SLEEPING = (Measure.status == "under_way", Measure.starts_on < before("progress_months"), _NO_PROGRESS)


def _of_measures(
    day: ColumnElement[Any], name: str, *where: ColumnElement[bool]
) -> tuple[ColumnElement[Any], ...]:
    """SQL: a day and the number of the household's measures for which `where` holds."""
    plan = AssistancePlan.id == Measure.plan_id
    mine = (Measure.household_id == Household.id, Measure.status != "stopped")
    query = select(day).select_from(Measure).where(plan, counted(), *mine, *where).correlate(Household)
    many = query.with_only_columns(func.count())
    return query.scalar_subquery().label(name), many.scalar_subquery().label("measures")


RULES = (
    Rule(
        "measures_none",
        "二(二)1",
        "识别{plan_months}个月以上没有帮扶措施",
        "{monitored_on}识别，没有任何帮扶措施（只纳入不帮扶）",
        "serious",
        "plan",
        of_household(
            Household.monitored_on.label("monitored_on"),
            where=(MONITORED, Household.monitored_on < before("plan_months"), ~measure()),
        ),
        broken=Example(said="2021年10月1日识别，没有任何帮扶措施（只纳入不帮扶）", measures=()),
        clean=Example(household={"monitored_on": "2022-06-01"}, measures=()),
        uses=("plan_months",),
    ),
    Rule(
        "development_none",
        "二(二)2③",
        "有劳动力，识别{develop_months}个月以上没有开发式帮扶",
        "家里有劳动力，{monitored_on}识别，没有产业、就业、公益岗位或金融帮扶措施",
        "serious",
        "plan",
        of_household(
            Household.monitored_on.label("monitored_on"),
            where=(
                MONITORED,
                Household.monitored_on < before("develop_months"),
                some(ABLE),
                measure(Measure.type != "safety_net"),  # else `measures_none` or `safety_net_only`
                ~typed(*DEVELOPING),
                ~_PASSED,
            ),
        ),
        broken=Example(
            said="家里有劳动力，2021年10月1日识别，没有产业、就业、公益岗位或金融帮扶措施",
            measures=({"type": "health", "risk": "illness"},),
        ),
        clean=Example(
            members={0: {"labour": "lost"}, 1: {"labour": "none"}},
            measures=({"type": "health", "risk": "illness"},),
        ),
        uses=("develop_months",),
    ),
    Rule(
        "safety_net_only",
        "二(二)2",
        "有劳动力，只有综合保障（一兜了之）",
        "家里有劳动力，却只有综合保障措施，属于一兜了之",
        "serious",
        "plan",
        of_household(where=(MONITORED, some(ABLE), _ONLY_SAFETY_NET, ~_PASSED)),
        broken=Example(
            said="家里有劳动力，却只有综合保障措施，属于一兜了之",
            measures=({"type": "safety_net", "risk": "illness"},),
        ),
        clean=Example(measures=({"type": "safety_net", "risk": "illness"}, {"type": "employment"})),
    ),
    Rule(
        "risk_unmatched",
        CLAUSE,
        "风险没有对应的帮扶措施",
        "这些风险没有对应的帮扶措施：{risks}",
        "serious",
        "plan",
        of_household(_UNMATCHED.label("risks"), where=(MONITORED, measure(), _UNMATCHED != "")),
        broken=Example(said="这些风险没有对应的帮扶措施：住房", household={"risks": ["illness", "housing"]}),
        clean=Example(
            household={"risks": ["illness", "housing"]},
            measures=({"type": "health", "risk": "illness"}, {"type": "relocation", "risk": "housing"}),
        ),
    ),
    Rule(
        "risk_other_untreated",
        CLAUSE,
        "“其他”风险没有对应的帮扶措施",
        "风险有“其他”，没有一项措施是针对它的",
        "ordinary",
        "plan",
        of_household(
            where=(MONITORED, risk("other"), measure(), ~measure(Measure.risk == "other"), ~_left("other"))
        ),
        broken=Example(said="风险有“其他”，没有一项措施是针对它的", household={"risks": ["other"]}),
        clean=Example(household={"risks": ["other"]}, measures=({"type": "social", "risk": "other"},)),
    ),
    Rule(
        "safety_net_unfounded",
        CLAUSE,
        "有综合保障措施，家里却没有低保、特困、补贴收入，也没有残疾人",
        "登记了综合保障措施，{year}年却没有低保金、特困金和补贴收入，也没有残疾的成员",
        "ordinary",
        "plan",
        of_year(
            where=(
                MONITORED,
                typed("safety_net"),
                ~_ALLOWANCE,
                func.coalesce(income("allowance_income"), 0) + func.coalesce(income("subsidy"), 0) == 0,
                ~some(DISABLED),
            )
        ),
        broken=Example(
            said="登记了综合保障措施，2022年却没有低保金、特困金和补贴收入，也没有残疾的成员",
            measures=({"type": "safety_net"},),
            year={"subsidy": 0},
        ),
        clean=Example(measures=({"type": "safety_net"},), year={"subsidy": 0, "allowance_income": 3600}),
    ),
    Rule(
        "safety_net_unlisted",
        CLAUSE,
        "有低保金、特困金或是低保户、特困户，却没有综合保障措施",
        "{year}年有低保金、特困金{allowance}元（户类型：{household_type}），却没有综合保障措施",
        "ordinary",
        "plan",
        of_year(
            func.coalesce(income("allowance_income"), 0).label("allowance"),
            Household.household_type.label("household_type"),
            where=(
                MONITORED,
                measure(),
                or_(_ALLOWANCE, func.coalesce(income("allowance_income"), 0) > 0),
                ~typed("safety_net"),
            ),
        ),
        broken=Example(
            said="2022年有低保金、特困金3600元（户类型：一般农户），却没有综合保障措施",
            year={"allowance_income": 3600},
        ),
        clean=Example(measures=({"type": "safety_net"},), year={"allowance_income": 3600}),
    ),
    Rule(
        "disability_subsidy_unfounded",
        CLAUSE,
        "有残疾人补贴措施，家里却没有残疾人",
        "登记了残疾人补贴，家庭成员却没有残疾的",
        "serious",
        "plan",
        of_household(where=(MONITORED, measure(_SUBSIDY_FOR_DISABLED, _NOT_DONE), ~some(DISABLED))),
        broken=Example(
            said="登记了残疾人补贴，家庭成员却没有残疾的",
            measures=({"type": "safety_net", "content": "落实残疾人两项补贴"},),
        ),
        clean=Example(
            members={1: {"health": "disabled"}},
            measures=({"type": "safety_net", "content": "落实残疾人两项补贴"},),
        ),
    ),
    Rule(
        "disability_unlisted",
        CLAUSE,
        "家里有残疾人，却没有综合保障或社会帮扶措施",
        "家里有残疾的成员，却没有残疾人补贴等综合保障或社会帮扶措施",
        "hint",
        "plan",
        of_household(where=(MONITORED, measure(), some(DISABLED), ~typed("safety_net", "social"))),
        broken=Example(
            said="家里有残疾的成员，却没有残疾人补贴等综合保障或社会帮扶措施",
            members={1: {"health": "disabled"}},
        ),
        clean=Example(members={1: {"health": "disabled"}}, measures=({"type": "social"},)),
    ),
    Rule(
        "employment_unfounded",
        CLAUSE,
        "就业帮扶已落实，家里却没有人务工",
        "登记了已落实的就业帮扶，家庭成员却没有人务工",
        "ordinary",
        "check",
        of_household(
            where=(
                MONITORED,
                measure(Measure.type == "employment", Measure.status == "done"),
                some(),
                ~some(WORKS),
            )
        ),
        broken=Example(
            said="登记了已落实的就业帮扶，家庭成员却没有人务工",
            members={0: {"work_months": None, "work_place": None}},
            measures=({"type": "employment", "status": "done"},),
        ),
        clean=Example(measures=({"type": "employment", "status": "done"},)),
    ),
    Rule(
        "employment_unlisted",
        CLAUSE,
        "家里有人务工，却没有就业、公益岗位措施",
        "家里有人务工，却没有登记就业帮扶或公益岗位措施",
        "hint",
        "plan",
        of_household(where=(MONITORED, measure(), some(WORKS), ~typed("employment", "public_post"))),
        broken=Example(
            said="家里有人务工，却没有登记就业帮扶或公益岗位措施",
            measures=({"type": "industry"}, {"type": "health", "risk": "illness"}),
        ),
        clean=Example(measures=({"type": "public_post"}, {"type": "health", "risk": "illness"})),
    ),
    Rule(
        "education_unfounded",
        CLAUSE,
        "有教育帮扶，家里却没有人上学，也没有学龄的孩子",
        "登记了教育帮扶措施，家里却没有在校的，也没有16周岁以下的成员",
        "ordinary",
        "plan",
        of_household(
            where=(
                MONITORED,
                in_hand("education"),
                some(),
                ~some(or_(AT_SCHOOL, Member.birth_date > before(192))),
            )
        ),
        broken=Example(
            said="登记了教育帮扶措施，家里却没有在校的，也没有16周岁以下的成员",
            members={2: None},
            measures=({"type": "education"},),
        ),
        clean=Example(measures=({"type": "education"},)),
    ),
    Rule(
        "health_unfounded",
        CLAUSE,
        "有健康帮扶，家里却没有病人、残疾人",
        "登记了健康帮扶措施，家庭成员却都健康，也没有“因病”“因残”风险",
        "hint",
        "plan",
        of_household(
            where=(
                MONITORED,
                in_hand("health"),
                some(),
                ~some(or_(ILL, DISABLED, HEALTH_UNKNOWN)),
                ~risk("illness", "disability", "accident"),
            )
        ),
        broken=Example(
            said="登记了健康帮扶措施，家庭成员却都健康，也没有“因病”“因残”风险",
            household={"risks": ["other"]},
            members={1: {"health": "healthy"}},
        ),
        clean=Example(household={"risks": ["other"]}),
    ),
    Rule(
        "measure_overdue",
        "二(五)2④",
        "措施到期没有登记完成或停止",
        "应于{ends_on}以前完成的措施有{measures}项，还没有登记完成或停止",
        "ordinary",
        "plan",
        of_household(
            *_of_measures(func.max(Measure.ends_on), "ends_on", *_OVERDUE), where=(measure(*_OVERDUE),)
        ),
        broken=Example(
            said="应于2022年5月1日以前完成的措施有1项，还没有登记完成或停止",
            measures=({"type": "health", "ends_on": "2022-05-01"},),
        ),
        clean=Example(measures=({"type": "health", "ends_on": "2022-05-01", "status": "done"},)),
    ),
    Rule(
        "measure_sleeping",
        "二(五)1",
        "实施中的措施{progress_months}个月没有进展记录",
        "{starts_on}以前开始的措施有{measures}项，长时间没有登记进展",
        "ordinary",
        "plan",
        of_household(
            *_of_measures(func.max(Measure.starts_on), "starts_on", *_SLEEPING), where=(measure(*_SLEEPING),)
        ),
        broken=Example(
            said="2021年10月10日以前开始的措施有1项，长时间没有登记进展",
            measures=({"type": "health", "starts_on": "2021-10-10", "reported_on": None},),
        ),
        clean=Example(measures=({"type": "health", "starts_on": "2021-10-10", "reported_on": "2022-03-01"},)),
        uses=("progress_months",),
    ),
)
