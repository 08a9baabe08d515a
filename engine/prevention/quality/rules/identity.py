"""Numbers, sex and birth of members (二(五)2 ②: 家庭成员信息录入不准确)."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Integer, String, and_, case, exists, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import aliased

from engine.prevention.models import Household, Member
from engine.prevention.quality.rules.rule import Example, Rule, born, of_member, today

CLAUSE = "二(五)2②"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643."""
_NUMBER = Member.id_number
_WRITTEN = and_(Member.id_type != "none", _NUMBER != "")


def _part(first: int, length: int) -> ColumnElement[str]:
    return func.substr(_NUMBER, first, length)


_DIGITS = and_(func.length(_NUMBER) >= 18, func.trim(_part(1, 17), "0123456789") == "")
"""SQL: the first 17 characters are digits; what is not is found by its form."""
_LENGTH_WRONG = or_(
    and_(Member.id_type == "id_card", func.length(_NUMBER) != 18),
    and_(Member.id_type == "disability", func.length(_NUMBER).not_in((20, 22))),
    func.trim(_part(1, 17), "0123456789") != "",
)


def _check_digit() -> ColumnElement[str]:
    """SQL: the 18th character by the first 17; asked only of digits."""
    total = sql_cast(_part(1, 1), Integer) * _WEIGHTS[0]
    for index, weight in enumerate(_WEIGHTS[1:], 2):
        total = total + sql_cast(_part(index, 1), Integer) * weight
    return func.substr("10X98765432", total % 11 + 1, 1)


_CHECK_WRONG = case((_DIGITS, _check_digit() != _part(18, 1)), else_=False)
_BORN = _part(7, 4).concat("-").concat(_part(11, 2)).concat("-").concat(_part(13, 2))
_ODD = case((_DIGITS, sql_cast(_part(17, 1), Integer) % 2 == 1), else_=None)
_MASKED = func.substr(_NUMBER, 1, 3).concat("…").concat(func.substr(_NUMBER, func.length(_NUMBER) - 3, 4))

_OTHER = aliased(Member, name="other")
_THEIRS = aliased(Household, name="theirs")
_SAME = or_(
    _OTHER.id_number == Member.id_number,
    _OTHER.person == func.substr(Member.id_number, 1, 18),
)
_TWICE = exists(
    select(1)
    .select_from(_OTHER)
    .join(_THEIRS, _THEIRS.id == _OTHER.household_id)
    .where(_SAME, _OTHER.id != Member.id, _THEIRS.merged_into_id.is_(None), _THEIRS.status != "gone")
)

RULES = (
    Rule(
        "id_missing",
        CLAUSE,
        "成员没有证件号码",
        "{name}没有填证件号码",
        "serious",
        "members",
        of_member(Member.id_type.label("id_type"), where=(Member.id_type != "none", _NUMBER == "")),
        broken=Example(said="李秀英没有填证件号码", members={1: {"id_number": ""}}),
        clean=Example(members={1: {"id_type": "none", "id_number": "", "birth_date": "2022-05-01"}}),
    ),
    Rule(
        "id_none",
        CLAUSE,
        "出生一年以上仍暂无证件",
        "{name}（{birth_date}出生）登记为暂无证件，请核实并补录证件号码",
        "hint",
        "members",
        of_member(
            Member.birth_date.label("birth_date"),
            where=(Member.id_type == "none", or_(Member.birth_date.is_(None), Member.birth_date <= born(1))),
        ),
        broken=Example(
            said="王小明（2012年2月3日出生）登记为暂无证件，请核实并补录证件号码",
            members={2: {"id_type": "none", "id_number": ""}},
        ),
        clean=Example(members={2: {"id_type": "none", "id_number": "", "birth_date": "2022-03-01"}}),
    ),
    Rule(
        "id_form",
        CLAUSE,
        "身份证号码不是18位，残疾人证号码不是20或22位",
        "{name}的证件号码（{id_type}）有{length}位，应为18位（残疾人证20或22位）的数字，末位可以是X",
        "serious",
        "members",
        of_member(
            Member.id_type.label("id_type"),
            func.length(_NUMBER).label("length"),
            _MASKED.label("number"),
            where=(_WRITTEN, _LENGTH_WRONG),
        ),
        broken=Example(
            said="李秀英的证件号码（居民身份证）有17位，应为18位（残疾人证20或22位）的数字，末位可以是X",
            members={1: {"id_number": "42172319820607112"}},
        ),
        clean=Example(members={1: {"id_type": "disability", "suffix": "43", "health": "disabled"}}),
    ),
    Rule(
        "id_check_digit",
        CLAUSE,
        "身份证号码校验位不对（GB 11643）",
        "{name}的证件号码（{number}）第18位校验位不对",
        "serious",
        "members",
        of_member(_MASKED.label("number"), where=(_WRITTEN, _CHECK_WRONG)),
        broken=Example(
            said="李秀英的证件号码（411…002X）第18位校验位不对", members={1: {"wrong_check": True}}
        ),
        clean=Example(members={1: {"birth_date": "1945-01-02"}}),
    ),
    Rule(
        "id_birth",
        CLAUSE,
        "出生日期与证件号码不符，或早于1900年、晚于今天",
        "{name}的出生日期（{birth_date}）与证件号码中的{number_date}不符，或不合理",
        "serious",
        "members",
        of_member(
            Member.birth_date.label("birth_date"),
            case((_WRITTEN, _BORN), else_="").label("number_date"),
            where=(
                or_(
                    and_(_WRITTEN, _DIGITS, func.coalesce(sql_cast(Member.birth_date, String), "") != _BORN),
                    Member.birth_date < date(1900, 1, 1),
                    Member.birth_date > today(),
                ),
            ),
        ),
        broken=Example(
            said="李秀英的出生日期（1983年6月7日）与证件号码中的1982-06-07不符，或不合理",
            members={1: {"registered_birth": "1983-06-07"}},
        ),
        clean=Example(members={1: {"birth_date": "1900-01-01"}}),
    ),
    Rule(
        "id_sex",
        CLAUSE,
        "性别与证件号码不符",
        "{name}登记为{sex}，与证件号码第17位（单数为男、双数为女）不符",
        "serious",
        "members",
        of_member(
            Member.sex.label("sex"),
            where=(_WRITTEN, Member.sex.in_(("male", "female")), (Member.sex == "male") != _ODD),
        ),
        broken=Example(
            said="李秀英登记为男，与证件号码第17位（单数为男、双数为女）不符",
            members={1: {"registered_sex": "male", "relation": "other"}},
        ),
        clean=Example(members={1: {"id_type": "none", "id_number": "", "registered_sex": "male"}}),
    ),
    Rule(
        "id_twice",
        CLAUSE,
        "同一个人登记了两次（全省范围）",
        "{name}的证件号码（{number}）在档案里还登记在另一处",
        "serious",
        "members",
        of_member(_MASKED.label("number"), where=(_WRITTEN, _TWICE)),
        broken=Example(
            said="李秀英的证件号码（411…002X）在档案里还登记在另一处",
            beside=Example(members={1: {"same_as": (0, 1)}}),
        ),
        clean=Example(beside=Example(household={"status": "gone"}, members={1: {"same_as": (0, 1)}})),
    ),
)
