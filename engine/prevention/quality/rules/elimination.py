"""Marks of 风险消除 that the record does not bear out (二(三)1, 二(三)2)."""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from engine.prevention.models import Household, Observation, ResponsibleOfficial
from engine.prevention.quality.rules.parts import (
    ABLE,
    ASSURANCES,
    assurance,
    fact,
    months,
    of_seen,
    of_year,
    some,
    whole_months,
)
from engine.prevention.quality.rules.rule import (
    ELIMINATED,
    Example,
    Rule,
    joined,
    of_household,
    parameter,
    today,
)

CLAUSE = "二(三)1"
_DAYS = (Household.monitored_on.label("monitored_on"), Household.eliminated_on.label("eliminated_on"))
_UNMET = joined((assurance(name) == "no", words) for name, words in ASSURANCES.items())
_HELPED = Household.elimination_manner != "natural"
"""T14: 自然消除 may come before half a year."""
_OFFICIAL = exists(
    select(1)
    .select_from(ResponsibleOfficial)
    .where(ResponsibleOfficial.household_id == Household.id, ResponsibleOfficial.until.is_(None))
)
_UNTOLD = fact("labour") == ""
_MARKED = {"status": "eliminated", "eliminated_on": "2022-05-20", "elimination_manner": "stable"}

RULES = (
    Rule(
        "eliminated_unassured",
        CLAUSE,
        "已标注风险消除，“三保障”或饮水安全不达标",
        "{eliminated_on}标注风险消除，{year}年却不达标：{unmet}",
        "serious",
        "check",
        of_year(
            Household.eliminated_on.label("eliminated_on"),
            _UNMET.label("unmet"),
            where=(ELIMINATED, _UNMET != ""),
        ),
        broken=Example(
            said="2022年5月20日标注风险消除，2022年却不达标：住房安全",
            household=_MARKED,
            year={"housing_ok": "no"},
        ),
        clean=Example(household=_MARKED),
    ),
    Rule(
        "eliminated_below_line",
        CLAUSE,
        "标注风险消除时人均纯收入没有高于监测范围",
        "{eliminated_on}标注风险消除，此前最近一次（{seen}）核实的人均纯收入{per_capita}元，没有高于监测范围{line}元",
        "serious",
        "standing",
        of_seen(
            Household.eliminated_on,
            Household.eliminated_on.label("eliminated_on"),
            Observation.per_capita.label("per_capita"),
            Observation.line_amount.label("line"),
            where=(ELIMINATED, Observation.per_capita <= Observation.line_amount),
        ),
        broken=Example(
            said="2022年5月20日标注风险消除，此前最近一次（2021年9月15日）核实的人均纯收入5266元，没有高于监测范围7000元",
            household=_MARKED,
        ),
        clean=Example(household=_MARKED, more=(("seen", {"observed_on": "2022-05-10", "per_capita": 9800}),)),
    ),
    Rule(
        "eliminated_early",
        CLAUSE,
        "识别不足{eliminate_months}个月就标注风险消除（不含自然消除）",
        "{monitored_on}识别，{eliminated_on}就标注风险消除",
        "serious",
        "standing",
        of_household(
            *_DAYS,
            where=(
                ELIMINATED,
                _HELPED,
                months(Household.monitored_on, Household.eliminated_on) > 1,  # else `eliminated_at_once`
                whole_months(Household.monitored_on, Household.eliminated_on) < parameter("eliminate_months"),
            ),
        ),
        broken=Example(
            said="2021年11月21日识别，2022年5月20日就标注风险消除",
            household={**_MARKED, "monitored_on": "2021-11-21"},
        ),
        clean=Example(household={**_MARKED, "monitored_on": "2021-11-20"}),
        uses=("eliminate_months",),
    ),
    Rule(
        "eliminated_at_once",
        CLAUSE,
        "识别当月或次月就标注风险消除（不含自然消除）",
        "{monitored_on}识别，当月或次月（{eliminated_on}）就标注风险消除",
        "serious",
        "standing",
        of_household(
            *_DAYS,
            where=(ELIMINATED, _HELPED, months(Household.monitored_on, Household.eliminated_on) <= 1),
        ),
        broken=Example(
            said="2022年4月2日识别，当月或次月（2022年5月20日）就标注风险消除",
            household={**_MARKED, "monitored_on": "2022-04-02"},
        ),
        clean=Example(household={**_MARKED, "monitored_on": "2022-04-02", "elimination_manner": "natural"}),
    ),
    Rule(
        "eliminated_no_labour",
        "二(三)2(1)",
        "整户无劳动力标注了风险消除，县级没有例外说明",
        "全家都是丧失劳动力或无劳动力，{eliminated_on}标注了风险消除，没有县级的例外说明",
        "serious",
        "standing",
        of_household(
            Household.eliminated_on.label("eliminated_on"),
            where=(ELIMINATED, Household.labour_exception == "", some(), ~some(or_(ABLE, _UNTOLD))),
        ),
        broken=Example(
            said="全家都是丧失劳动力或无劳动力，2022年5月20日标注了风险消除，没有县级的例外说明",
            household=_MARKED,
            members={0: {"labour": "lost"}, 1: {"labour": "none"}},
        ),
        clean=Example(household=_MARKED, members={0: {"labour": "lost"}}),
    ),
    Rule(
        "eliminated_unreachable",
        CLAUSE,
        "已标注风险消除，没有监测联系人和电话",
        "{eliminated_on}标注风险消除，既没有联系电话，也没有帮扶责任人",
        "ordinary",
        "contact",
        of_household(
            Household.eliminated_on.label("eliminated_on"),
            where=(ELIMINATED, Household.phone == "", ~_OFFICIAL),
        ),
        broken=Example(
            said="2022年5月20日标注风险消除，既没有联系电话，也没有帮扶责任人",
            household={**_MARKED, "phone": ""},
            more=(("official", {"until": "2022-01-01"}),),
        ),
        clean=Example(household={**_MARKED, "phone": ""}),
    ),
    Rule(
        "eliminated_incomplete",
        "二(五)2①",
        "已标注风险消除，没有消除方式或日期",
        "已标注风险消除，消除日期（{eliminated_on}）或消除方式没有填",
        "serious",
        "standing",
        of_household(
            Household.eliminated_on.label("eliminated_on"),
            where=(
                ELIMINATED,
                or_(
                    Household.elimination_manner == "",
                    Household.eliminated_on.is_(None),
                    Household.eliminated_on > today(),
                ),
            ),
        ),
        broken=Example(
            said="已标注风险消除，消除日期（2022年5月20日）或消除方式没有填",
            household={**_MARKED, "elimination_manner": ""},
        ),
        clean=Example(household=_MARKED),
    ),
)
