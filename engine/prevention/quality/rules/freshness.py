"""What has changed and is not in the record (二(五)1: 家庭成员变化; 二(五)2 ④: 动态调整中数据更新不及时)."""

from __future__ import annotations

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import aliased

from engine.ground.tables import midnight
from engine.prevention.models import Household, MemberChange, RiskClue, Screening
from engine.prevention.quality.rules.parts import (
    ASSURANCES,
    LAST_SEEN,
    LATEST,
    assurance,
    of_year,
    people,
    some,
)
from engine.prevention.quality.rules.rule import REGISTERED, Example, Rule, before, of_household
from engine.prevention.register.member_history import COMING, LEAVING

CLAUSE = "二(五)2④"
_MOVED = (
    select(func.max(MemberChange.recorded_at))
    .where(
        MemberChange.household_id == Household.id,
        MemberChange.kind.in_((*COMING, *LEAVING)),
        MemberChange.undone_at.is_(None),
        MemberChange.case_id.is_(None),
    )
    .correlate(Household)
    .scalar_subquery()
)
"""When somebody last came or left otherwise than by a check, which looks at everything."""
_CHANGED = aliased(MemberChange, name="changed_since")
_SCREENED = aliased(Screening, name="screened")
_ROW = aliased(Screening, name="any_screened")
_LAST_SCREENED = (
    select(func.max(_ROW.id))
    .where(_ROW.household_id == Household.id, _ROW.standing == "current", _ROW.result == "done")
    .correlate(Household)
    .scalar_subquery()
)
"""The household's row of the latest campaign."""
_CHANGED_SINCE = exists(
    select(1)
    .select_from(_CHANGED)
    .where(
        _CHANGED.household_id == Household.id,
        _CHANGED.kind.in_((*COMING, *LEAVING)),
        _CHANGED.undone_at.is_(None),
        _CHANGED.recorded_at >= midnight(_SCREENED.visited_on),
    )
)
"""Somebody came or left after the screening: both sizes are right, each on its day."""
_CLUE = aliased(RiskClue, name="unseen")
_UNSEEN = (
    select(func.max(_CLUE.discovered_on))
    .where(
        _CLUE.household_id == Household.id,
        _CLUE.cancelled_at.is_(None),
        _CLUE.case_id.is_(None),
    )
    .correlate(Household)
    .scalar_subquery()
)
_ALL_YES = and_(*(assurance(name) == "yes" for name in ASSURANCES))

RULES = (
    Rule(
        "not_updated",
        CLAUSE,
        "监测对象的收支{update_months}个月没有更新",
        "收支和“三保障”最近一次核实是{last_seen}",
        "ordinary",
        "check",
        of_household(
            LAST_SEEN.label("last_seen"),
            where=(
                Household.status == "monitored",
                midnight(before("update_months")) > LAST_SEEN,
                midnight(before(24)) <= LAST_SEEN,  # else `year_missing`
            ),
        ),
        broken=Example(
            said="收支和“三保障”最近一次核实是2021年5月1日", year={"recorded_at": "2021-05-01T02:00:00+00:00"}
        ),
        clean=Example(year={"recorded_at": "2021-07-01T02:00:00+00:00"}),
        uses=("update_months",),
    ),
    Rule(
        "members_moved",
        "二(五)1",
        "成员增减{follow_months}个月后，收支没有重新核实",
        "{moved}登记了成员增减，此后没有重新核实收支",
        "ordinary",
        "check",
        of_household(
            _MOVED.label("moved"),
            where=(_MOVED > LAST_SEEN, midnight(before("follow_months")) > _MOVED),
        ),
        broken=Example(
            said="2022年4月1日登记了成员增减，此后没有重新核实收支",
            year={"recorded_at": "2022-02-01T02:00:00+00:00"},
            more=(("change", {"kind": "death", "recorded_at": "2022-04-01T02:00:00+00:00"}),),
        ),
        clean=Example(
            year={"recorded_at": "2022-02-01T02:00:00+00:00"},
            more=(("change", {"kind": "corrected", "recorded_at": "2022-04-01T02:00:00+00:00"}),),
        ),
        uses=("follow_months",),
    ),
    Rule(
        "screened_size",
        "二(五)1",
        "集中排查登记的人口数与家庭成员数不同",
        "{visited_on}排查登记家庭人口{screened_size}人，档案里是{size}人",
        "ordinary",
        "members",
        of_household(
            _SCREENED.visited_on.label("visited_on"),
            _SCREENED.household_size.label("screened_size"),
            people().label("size"),
            where=(_SCREENED.household_size != people(), some(), ~_CHANGED_SINCE),
        ).join(_SCREENED, _SCREENED.id == _LAST_SCREENED),
        broken=Example(
            said="2022年5月10日排查登记家庭人口4人，档案里是3人", more=(("screening", {"household_size": 4}),)
        ),
        clean=Example(more=(("screening", {"household_size": 3}),)),
    ),
    Rule(
        "screened_unmet",
        CLAUSE,
        "集中排查“三保障”和饮水安全没有全部达标，档案却都填达标",
        "{visited_on}排查时“三保障”和饮水安全没有全部达标，{year}年的档案却都填达标",
        "ordinary",
        "check",
        of_year(
            _SCREENED.visited_on.label("visited_on"),
            where=(
                REGISTERED,
                _ALL_YES,
                _SCREENED.assured.is_(False),
                LATEST.recorded_at
                < midnight(_SCREENED.visited_on),  # a later check may have found it put right
            ),
        ).join(_SCREENED, _SCREENED.id == _LAST_SCREENED),
        broken=Example(
            said="2022年5月10日排查时“三保障”和饮水安全没有全部达标，2022年的档案却都填达标",
            year={"recorded_at": "2022-03-01T02:00:00+00:00"},
            more=(("screening", {"assured": False}),),
        ),
        clean=Example(more=(("screening", {"assured": True}),)),
    ),
    Rule(
        "clue_unfollowed",
        CLAUSE,
        "有新的线索{follow_months}个月没有核实",
        "{discovered_on}发现的线索，此后没有办理，也没有重新核实收支",
        "ordinary",
        "check",
        of_household(
            _UNSEEN.label("discovered_on"),
            where=(REGISTERED, before("follow_months") > _UNSEEN, midnight(_UNSEEN) > LAST_SEEN),
        ),
        broken=Example(
            said="2022年4月20日发现的线索，此后没有办理，也没有重新核实收支",
            year={"recorded_at": "2022-02-01T02:00:00+00:00"},
            more=(("clue", {"discovered_on": "2022-04-20"}),),
        ),
        clean=Example(
            year={"recorded_at": "2022-05-01T02:00:00+00:00"},
            more=(("clue", {"discovered_on": "2022-04-20"}),),
        ),
        uses=("follow_months",),
    ),
)
