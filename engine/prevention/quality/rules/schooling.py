"""School, work and age of members (二(五)2 ②), and what the household's insurance says of them."""

from __future__ import annotations

from sqlalchemy import and_, or_

from engine.prevention.models import Member
from engine.prevention.quality.rules.parts import (
    ABLE,
    AT_SCHOOL,
    MONTHS,
    WORKS,
    assurance,
    fact,
    in_hand,
    of_year,
    people,
    some,
)
from engine.prevention.quality.rules.rule import Example, Rule, before, born, of_household, of_member

CLAUSE = "二(五)2②"
_SCHOOLING, _BORN = fact("schooling"), Member.birth_date
_GROWN = or_(_BORN.is_(None), born(16) >= _BORN)
"""SQL: of whom `child_works` says nothing."""
_COMPULSORY = and_(born(16) < _BORN, before(12 * 6 + 9) >= _BORN)
"""SQL: six years old by last autumn, and not yet sixteen."""
_AGE_AND_SCHOOL = or_(
    and_(_SCHOOLING.in_(("preschool_age", "kindergarten")), born(7) >= _BORN),
    and_(_SCHOOLING == "primary", born(16) >= _BORN),
    and_(_SCHOOLING == "college", born(15) < _BORN),
    and_(_SCHOOLING.in_(("bachelor", "graduate")), born(14) < _BORN),
)
_POST_AGE = and_(born(16) >= _BORN, born(70) < _BORN)

RULES = (
    Rule(
        "school_age",
        CLAUSE,
        "年龄与在校情况不符",
        "{name}{birth_date}出生，在校状况却是“{schooling}”",
        "ordinary",
        "check",
        of_member(_BORN.label("birth_date"), _SCHOOLING.label("schooling"), where=(_AGE_AND_SCHOOL,)),
        broken=Example(
            said="王小明2014年2月3日出生，在校状况却是“学前教育”",
            members={2: {"birth_date": "2014-02-03", "schooling": "kindergarten"}},
        ),
        clean=Example(members={2: {"birth_date": "2016-02-03", "schooling": "kindergarten"}}),
    ),
    Rule(
        "school_missing",
        CLAUSE,
        "义务教育年龄段的孩子没有填在校状况",
        "{name}{birth_date}出生，正是义务教育年龄，没有填在校状况",
        "serious",
        "check",
        of_member(
            _BORN.label("birth_date"),
            where=(_COMPULSORY, _SCHOOLING == ""),
        ),
        broken=Example(
            said="王小明2012年2月3日出生，正是义务教育年龄，没有填在校状况", members={2: {"schooling": None}}
        ),
        clean=Example(members={2: {"schooling": None, "education": "junior", "birth_date": "2005-02-03"}}),
    ),
    Rule(
        "school_and_education",
        CLAUSE,
        "在校状况和文化程度同时填了，或都没有填",
        "{name}的在校状况（{schooling}）和文化程度应当填且只填一项",
        "hint",
        "check",
        of_member(
            _SCHOOLING.label("schooling"),
            where=(
                or_(
                    and_(AT_SCHOOL, fact("education") != ""),
                    and_(_SCHOOLING == "", fact("education") == "", born(16) >= _BORN),
                ),
            ),
        ),
        broken=Example(
            said="李秀英的在校状况（空）和文化程度应当填且只填一项", members={1: {"education": None}}
        ),
        clean=Example(members={1: {"education": None, "schooling": "bachelor"}}),
    ),
    Rule(
        "student_works",
        CLAUSE,
        "在校生填了务工月数",
        "{name}在校（{schooling}），却填了务工{work_months}个月",
        "ordinary",
        "check",
        of_member(
            _SCHOOLING.label("schooling"), MONTHS.label("work_months"), where=(AT_SCHOOL, WORKS, _GROWN)
        ),
        broken=Example(
            said="王小明在校（普通高中），却填了务工3个月",
            members={2: {"birth_date": "2005-02-03", "schooling": "senior", "work_months": 3}},
        ),
        clean=Example(members={2: {"work_months": 0}}),
    ),
    Rule(
        "child_works",
        CLAUSE,
        "不满16周岁填了务工月数",
        "{name}{birth_date}出生，不满16周岁，却填了务工{work_months}个月",
        "serious",
        "check",
        of_member(_BORN.label("birth_date"), MONTHS.label("work_months"), where=(born(16) < _BORN, WORKS)),
        broken=Example(
            said="王小明2012年2月3日出生，不满16周岁，却填了务工6个月", members={2: {"work_months": 6}}
        ),
        clean=Example(members={2: {"birth_date": "2005-01-01", "schooling": None, "work_months": 6}}),
    ),
    Rule(
        "work_without_labour",
        CLAUSE,
        "丧失劳动力、无劳动力的人填了务工月数",
        "{name}登记为{labour}，却填了务工{work_months}个月",
        "ordinary",
        "check",
        of_member(
            fact("labour").label("labour"),
            MONTHS.label("work_months"),
            where=(fact("labour").in_(("lost", "none")), WORKS),
        ),
        broken=Example(said="王大山登记为丧失劳动力，却填了务工8个月", members={0: {"labour": "lost"}}),
        clean=Example(members={0: {"labour": "weak"}}),
    ),
    Rule(
        "work_incomplete",
        CLAUSE,
        "务工所在地和务工月数只填了一项",
        "{name}的务工所在地（{work_place}）和务工月数（{work_months}个月）只填了一项",
        "hint",
        "check",
        of_member(
            fact("work_place").label("work_place"),
            MONTHS.label("work_months"),
            where=((fact("work_place") != "") != WORKS,),
        ),
        broken=Example(
            said="王大山的务工所在地（苏州）和务工月数（0个月）只填了一项", members={0: {"work_months": None}}
        ),
        clean=Example(members={0: {"work_months": None, "work_place": None}}),
    ),
    Rule(
        "disability_health",
        CLAUSE,
        "持残疾人证，健康状况却填健康",
        "{name}登记的是残疾人证，健康状况却是“{health}”",
        "ordinary",
        "check",
        of_member(
            fact("health").label("health"),
            where=(Member.id_type == "disability", fact("health") == "healthy"),
        ),
        broken=Example(
            said="李秀英登记的是残疾人证，健康状况却是“健康”",
            members={1: {"id_type": "disability", "suffix": "43", "health": "healthy"}},
        ),
        clean=Example(members={1: {"id_type": "disability", "suffix": "43", "health": "chronic"}}),
    ),
    Rule(
        "post_age",
        CLAUSE,
        "有公益岗位措施，家里却没有16至69周岁、有劳动力的人",
        "登记了公益岗位措施，家里没有16至69周岁、有劳动力的人",
        "ordinary",
        "plan",
        of_household(where=(in_hand("public_post"), ~some(ABLE, _POST_AGE))),
        broken=Example(
            said="登记了公益岗位措施，家里没有16至69周岁、有劳动力的人",
            members={0: {"birth_date": "1950-01-01"}, 1: {"birth_date": "1951-01-01"}},
            measures=({"type": "public_post"},),
        ),
        clean=Example(measures=({"type": "public_post"},)),
    ),
    Rule(
        "insurance",
        "二(五)2①",
        "基本医疗是否达标与成员参保情况不一致",
        "基本医疗填“{medical}”，成员参保情况与此不符，未参保的有{uninsured}人",
        "serious",
        "check",
        of_year(
            assurance("medical_ok").label("medical"),
            people(fact("medical_insurance") == "no").label("uninsured"),
            where=(
                or_(
                    and_(assurance("medical_ok") == "yes", some(fact("medical_insurance") == "no")),
                    and_(assurance("medical_ok") == "no", ~some(fact("medical_insurance") != "yes")),
                ),
            ),
        ),
        broken=Example(
            said="基本医疗填“达标”，成员参保情况与此不符，未参保的有1人",
            members={1: {"medical_insurance": "no"}},
        ),
        clean=Example(members={1: {"medical_insurance": "no"}}, year={"medical_ok": "no"}),
    ),
)
