"""Who belongs to the household and how they are related to its head (二(五)2 ②)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from engine.prevention.models import Household, Member
from engine.prevention.quality.rules.parts import fact, people, some
from engine.prevention.quality.rules.rule import Example, Rule, joined, of_household, of_member

CLAUSE = "二(五)2②"
_HEAD = aliased(Member, name="head")
_HEADS = Member.relation == "head"
_MALE = ("son", "son_in_law", "grandson", "father", "father_in_law")
_FEMALE = ("daughter", "daughter_in_law", "granddaughter", "mother", "mother_in_law")


def _beside_head(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL: the household's head, seen from another member."""
    mine = (_HEAD.household_id == Household.id, _HEAD.relation == "head", _HEAD.id != Member.id)
    return exists(select(1).select_from(_HEAD).where(*mine, *where))


_CHILD_OLDER = and_(
    Member.relation.in_(("son", "daughter")), _beside_head(_HEAD.birth_date >= Member.birth_date)
)
_PARENT_YOUNGER = and_(
    Member.relation.in_(("father", "mother")), _beside_head(_HEAD.birth_date <= Member.birth_date)
)
_HEAD_NAMED = exists(
    select(1)
    .select_from(_HEAD)
    .where(_HEAD.household_id == Household.id, _HEAD.relation == "head", _HEAD.name_key == Household.head_key)
)

_LACKING = joined(
    (
        (Member.sex == "", "性别"),
        (Member.relation == "", "与户主关系"),
        (fact("health") == "", "健康状况"),
        (fact("labour") == "", "劳动能力"),
        (fact("medical_insurance") == "", "基本医保"),
    )
)

RULES = (
    Rule(
        "members_none",
        CLAUSE,
        "没有登记家庭成员",
        "没有登记任何家庭成员",
        "serious",
        "members",
        of_household(where=(~some(),)),
        broken=Example(said="没有登记任何家庭成员", members={0: None, 1: None, 2: None}),
        clean=Example(members={1: None, 2: None}),
    ),
    Rule(
        "head_count",
        CLAUSE,
        "户主须有一人，也只能有一人",
        "登记的户主有{heads}人，须有一人，也只能有一人",
        "serious",
        "members",
        of_household(people(_HEADS).label("heads"), where=(some(), people(_HEADS) != 1)),
        broken=Example(said="登记的户主有0人，须有一人，也只能有一人", members={0: {"relation": "other"}}),
        clean=Example(members={1: {"relation": "other"}}),
    ),
    Rule(
        "spouse_count",
        CLAUSE,
        "户主的配偶最多一人",
        "登记的户主配偶有{spouses}人，最多一人",
        "serious",
        "members",
        of_household(
            people(Member.relation == "spouse").label("spouses"),
            where=(people(Member.relation == "spouse") > 1,),
        ),
        broken=Example(
            said="登记的户主配偶有2人，最多一人",
            members={3: {"name": "赵二妹", "relation": "spouse", "sex": "female"}},
        ),
        clean=Example(members={1: None}),
    ),
    Rule(
        "spouse_sex",
        CLAUSE,
        "户主和配偶性别相同",
        "户主的配偶{name}与户主同为{sex}",
        "serious",
        "members",
        of_member(
            Member.sex.label("sex"),
            where=(Member.relation == "spouse", Member.sex != "", _beside_head(_HEAD.sex == Member.sex)),
        ),
        broken=Example(said="户主的配偶李秀英与户主同为男", members={1: {"sex": "male"}}),
        clean=Example(members={0: {"sex": "female"}, 1: {"sex": "male"}}),
    ),
    Rule(
        "relation_sex",
        CLAUSE,
        "与户主关系和性别不符",
        "{name}与户主关系为“{relation}”，性别却是{sex}",
        "serious",
        "members",
        of_member(
            Member.relation.label("relation"),
            Member.sex.label("sex"),
            where=(
                or_(
                    and_(Member.relation.in_(_MALE), Member.sex == "female"),
                    and_(Member.relation.in_(_FEMALE), Member.sex == "male"),
                ),
            ),
        ),
        broken=Example(said="王小明与户主关系为“之子”，性别却是女", members={2: {"sex": "female"}}),
        clean=Example(members={2: {"relation": "sibling", "sex": "female"}}),
    ),
    Rule(
        "generation",
        CLAUSE,
        "子女不比户主小，或父母不比户主大",
        "{name}与户主关系为“{relation}”，{birth_date}出生，与户主的出生日期对不上",
        "ordinary",
        "members",
        of_member(
            Member.relation.label("relation"),
            Member.birth_date.label("birth_date"),
            where=(or_(_CHILD_OLDER, _PARENT_YOUNGER),),
        ),
        broken=Example(
            said="王小明与户主关系为“之子”，1975年2月3日出生，与户主的出生日期对不上",
            members={2: {"birth_date": "1975-02-03", "schooling": None, "education": "junior"}},
        ),
        clean=Example(members={3: {"name": "王老根", "relation": "father", "birth_date": "1950-02-03"}}),
    ),
    Rule(
        "head_name",
        CLAUSE,
        "档案的户主姓名与成员中的户主不同",
        "档案的户主是{head_name}，家庭成员中的户主不是这个姓名",
        "ordinary",
        "members",
        of_household(Household.head_name.label("head_name"), where=(some(_HEADS), ~_HEAD_NAMED)),
        broken=Example(
            said="档案的户主是王二河，家庭成员中的户主不是这个姓名", household={"head_name": "王二河"}
        ),
        clean=Example(
            household={"head_name": "李秀英"}, members={0: {"relation": "spouse"}, 1: {"relation": "head"}}
        ),
    ),
    Rule(
        "member_fields",
        "二(五)2①",
        "成员的性别、与户主关系、健康、劳动能力、医保没有填全",
        "{name}没有填：{missing}",
        "ordinary",
        "members",
        of_member(_LACKING.label("missing"), where=(_LACKING != "",)),
        broken=Example(
            said="李秀英没有填：劳动能力、基本医保", members={1: {"labour": None, "medical_insurance": None}}
        ),
        clean=Example(members={1: {"work_place": None}}),
    ),
)
