"""What the register can say of a household or a person, by the words with which offices ask for it.

One list serves the register's own export and every form that is filled: a value has one meaning and one
source wherever it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.casework.organisation.privacy import mask_phone
from engine.ground import idnumber
from engine.ground.clock import local_date
from engine.ground.rows import heading
from engine.ground.sheets import Cell
from engine.prevention.register.filled.records import Record, day_of
from engine.prevention.register.member_history import KINDS
from engine.prevention.register.naming import CATEGORY_NAMES, STATUS_NAMES, TYPE_NAMES

Words = Mapping[str, Mapping[str, str]]
"""The words of coded values by field key, as the forms in force have them."""
HOUSEHOLD, PERSON = "household", "person"
MANNERS = {"stable": "帮扶后稳定消除", "natural": "自然消除"}


@dataclass(frozen=True)
class Asked:
    """A row of a form: whom it is about, and how much may be said."""

    record: Record
    member: Any
    """The person; of a row about a household its head, None where none is known."""
    number: int
    """Of the row, from 1."""
    words: Words
    full: bool
    """Whether ID numbers and phones may stand whole (domain §7.2)."""
    today: date


Source = Callable[[Asked], str]


@dataclass(frozen=True)
class Field:
    """Something that the register says."""

    key: str
    title: str
    names: Sequence[str]
    """Other headings that mean it."""
    value: Callable[[Asked], Cell]
    source: Source
    about: str = HOUSEHOLD
    personal: bool = False
    """Masked unless a reason was given."""


DOUBTED = "待核实"
"""In place of a number that stands in two records, until the villages have said whose it is."""

# -- where a value is from -------------------------------------------------------------------------


def _said(words: str, moment: date | datetime | None) -> str:
    day = local_date(moment) if isinstance(moment, datetime) else moment
    return f"{words} {day_of(day)}".strip()


def _register(asked: Asked) -> str:
    return _said("登记簿", asked.record.household.updated_at)


def _divisions(_asked: Asked) -> str:
    return "行政区划"


def _contact(asked: Asked) -> str:
    change = asked.record.contact
    if change is None:
        return _register(asked)
    return _said("入户核实" if change.case_id else "电话住址更正", change.recorded_at)


def _person(asked: Asked) -> str:
    change = asked.record.changes.get(asked.member.key) if asked.member is not None else None
    if change is None:
        return _register(asked)
    kind = "入户核实" if change.case_id else KINDS.get(change.kind, "成员变动")
    return _said(kind, change.recorded_at)


def _yearly(asked: Asked) -> str:
    year = asked.record.year
    return _said(f"{year.year} 年收入核实", year.recorded_at) if year is not None else ""


def _identified(asked: Asked) -> str:
    return (
        _said("识别认定", asked.record.household.monitored_on)
        if asked.record.household.monitored_on
        else _register(asked)
    )


def _eliminated(asked: Asked) -> str:
    return _said("风险消除", asked.record.household.eliminated_on)


def _named(asked: Asked) -> str:
    return _said("帮扶责任人登记", asked.record.official.since) if asked.record.official else ""


def _reckoned(asked: Asked) -> str:
    return _said("按出生日期推算", asked.today)


# -- values ----------------------------------------------------------------------------------------


def _of(name: str) -> Callable[[Asked], Cell]:
    """A column of the household."""
    return lambda asked: str(getattr(asked.record.household, name) or "")


def _place(level: str) -> Callable[[Asked], Cell]:
    return lambda asked: asked.record.places.get(level, "")


def _coded(name: str, words: Mapping[str, str]) -> Callable[[Asked], Cell]:
    return lambda asked: words.get(getattr(asked.record.household, name), "")


def _codes(name: str) -> Callable[[Asked], Cell]:
    def value(asked: Asked) -> Cell:
        labels = asked.words.get(name, {})
        return "、".join(
            labels.get(str(code), str(code)) for code in getattr(asked.record.household, name) or ()
        )

    return value


def _day(name: str) -> Callable[[Asked], Cell]:
    return lambda asked: day_of(getattr(asked.record.household, name))


def _month(name: str) -> Callable[[Asked], Cell]:
    """The registry's YYYYMM (domain §2.1)."""

    def value(asked: Asked) -> Cell:
        day = getattr(asked.record.household, name)
        return f"{day:%Y%m}" if day else ""

    return value


def _head_number(asked: Asked) -> Cell:
    return _number(asked.record.household.head_id_number, asked)


def _number(number: str, asked: Asked) -> str:
    """T29: one that two records have leaves from neither."""
    if number and idnumber.person(number) in asked.record.doubted:
        return DOUBTED
    return number if asked.full else idnumber.mask(number)


def _phone(asked: Asked) -> Cell:
    phone = asked.record.household.phone
    return phone if asked.full else mask_phone(phone)


def _official(name: str) -> Callable[[Asked], Cell]:
    return lambda asked: getattr(asked.record.official, name) if asked.record.official else ""


def _money(name: str) -> Callable[[Asked], Cell]:
    return lambda asked: getattr(asked.record.year, name) if asked.record.year is not None else ""


def _part(column: str, *keys: str) -> Callable[[Asked], Cell]:
    """A part of what was earned or spent, or several together; nothing where none of them is known."""

    def value(asked: Asked) -> Cell:
        year = asked.record.year
        known = getattr(year, column) if year is not None else {}
        amounts = [Decimal(str(known[key])) for key in keys if known.get(key) is not None]
        return sum(amounts, Decimal(0)) if amounts else ""

    return value


def _assured(key: str) -> Callable[[Asked], Cell]:
    def value(asked: Asked) -> Cell:
        year = asked.record.year
        code = str(year.assurances.get(key) or "") if year is not None else ""
        return asked.words.get(key, {}).get(code, code)

    return value


def _name(asked: Asked) -> Cell:
    found = asked.member if asked.member is not None else asked.record.household
    return str(getattr(found, "name", "") or asked.record.household.head_name)


def _member_number(asked: Asked) -> Cell:
    return _number(asked.member.id_number, asked) if asked.member is not None else _head_number(asked)


def _member_word(name: str) -> Callable[[Asked], Cell]:
    def value(asked: Asked) -> Cell:
        code = getattr(asked.member, name) if asked.member is not None else ""
        return asked.words.get(name, {}).get(code, code)

    return value


def _fact(name: str) -> Callable[[Asked], Cell]:
    def value(asked: Asked) -> Cell:
        code = str(asked.member.facts.get(name) or "") if asked.member is not None else ""
        return asked.words.get(name, {}).get(code, code)

    return value


def _born(asked: Asked) -> Cell:
    day = asked.member.birth_date if asked.member is not None else None
    return day_of(day) if asked.full else ""


def _age(asked: Asked) -> Cell:
    day = asked.member.birth_date if asked.member is not None else None
    if day is None:
        return ""
    before = (asked.today.month, asked.today.day) < (day.month, day.day)
    return int(asked.today.year - day.year - before)


# -- the list --------------------------------------------------------------------------------------


def _listed() -> Iterator[Field]:
    def of(key: str, title: str, names: str, value: Callable[[Asked], Cell], source: Source) -> Field:
        return Field(key, title, names.split(), value, source)

    def secret(key: str, title: str, names: str, value: Callable[[Asked], Cell], source: Source) -> Field:
        return Field(key, title, names.split(), value, source, personal=True)

    def person(
        key: str, title: str, names: str, value: Callable[[Asked], Cell], source: Source = _person
    ) -> Field:
        return Field(key, title, names.split(), value, source, PERSON, key in ("id_number", "birth_date"))

    yield of("serial", "序号", "编号 顺序号 No", lambda asked: asked.number, lambda _: "")
    yield of("province", "省", "省份 所在省", _place("province"), _divisions)
    yield of("city", "市", "地市 市州 所在市", _place("city"), _divisions)
    yield of("county", "县", "县区 县市区 区县 所在县 县名", _place("county"), _divisions)
    yield of("township", "乡镇", "乡 镇 街道 乡镇街道 所在乡镇 乡镇名称", _place("township"), _divisions)
    yield of(
        "village",
        "村",
        "行政村 村社区 所在村 村居 村名 村名称 村委会 村（社区）",
        _place("village"),
        _divisions,
    )
    yield of("group_name", "村民小组", "组 组别 小组 村组 自然村 居民小组", _of("group_name"), _contact)
    yield of("address", "住址", "家庭住址 地址 家庭地址 详细地址 居住地址 现住址", _of("address"), _contact)
    yield of("number", "户编号", "户编码 农户编号", _of("number"), _register)
    yield of(
        "national_number",
        "国家系统户编号",
        "系统户编号 全国系统户编号 国办系统户编号 防返贫系统户编号",
        _of("national_number"),
        _register,
    )
    yield of("head_name", "户主姓名", "户主 户主名字 户主名称", _of("head_name"), _register)
    yield secret(
        "head_id_number",
        "户主证件号码",
        "户主身份证号 户主身份证号码 户主身份证 户主证件号 户主公民身份号码",
        _head_number,
        _register,
    )
    yield secret(
        "phone",
        "联系电话",
        "电话 电话号码 手机 手机号 手机号码 联系方式 户主电话 户主联系电话 户主手机号 户主联系方式",
        _phone,
        _contact,
    )
    yield of(
        "size",
        "家庭人口",
        "家庭人口数 人口 人口数 家庭人数 户人口 户人口数 家庭成员数 家庭总人口",
        lambda asked: len(asked.record.members) or "",
        _register,
    )
    yield of(
        "type",
        "户类型",
        "农户类型 户类别 农户类别 户属性 农户属性",
        _coded("household_type", TYPE_NAMES),
        _register,
    )
    yield of("status", "状态", "监测状态 户状态", _coded("status", STATUS_NAMES), _register)
    yield of(
        "category",
        "监测对象类别",
        "监测类别 监测类型 监测对象类型 监测户类型 监测户类别",
        _coded("category", CATEGORY_NAMES),
        _identified,
    )
    yield of(
        "risks",
        "返贫致贫风险",
        "致贫返贫风险 风险类型 主要风险 风险 风险原因 返贫风险 返贫风险类型 监测原因 致贫原因 致贫返贫原因",
        _codes("risks"),
        _identified,
    )
    yield of("key_groups", "重点群体", "所属重点群体", _codes("key_groups"), _register)
    yield of(
        "monitored_on",
        "纳入监测日期",
        "识别监测时间 识别时间 识别日期 纳入时间 纳入日期 纳入监测时间 监测时间 认定时间",
        _day("monitored_on"),
        _identified,
    )
    yield of("monitored_month", "识别监测年月", "", _month("monitored_on"), _identified)
    yield of(
        "eliminated_on", "风险消除日期", "风险消除时间 消除时间 消除日期", _day("eliminated_on"), _eliminated
    )
    yield of("eliminated_month", "风险消除年月", "", _month("eliminated_on"), _eliminated)
    yield of("manner", "消除方式", "风险消除方式", _coded("elimination_manner", MANNERS), _eliminated)
    yield of(
        "official",
        "帮扶责任人",
        "帮扶责任人姓名 帮扶干部 帮扶干部姓名 帮扶人 帮扶人姓名 帮扶联系人 帮扶联系人姓名",
        _official("name"),
        _named,
    )
    yield of(
        "official_unit",
        "责任人单位",
        "帮扶责任人单位 帮扶单位 帮扶干部单位 帮扶人单位",
        _official("unit"),
        _named,
    )
    yield of(
        "official_phone",
        "责任人电话",
        "帮扶责任人电话 帮扶干部电话 帮扶人电话 帮扶责任人联系电话 帮扶责任人联系方式 帮扶干部联系电话",
        _official("phone"),
        _named,
    )
    yield from _yearly_fields(of)
    yield from _person_fields(person)


def _yearly_fields(of: Callable[..., Field]) -> Iterator[Field]:
    yield of(
        "income_year",
        "收入年度",
        "",
        lambda asked: asked.record.year.year if asked.record.year else "",
        _yearly,
    )
    yield of(
        "net_income", "家庭纯收入", "纯收入 年纯收入 家庭年纯收入 全家纯收入", _money("net_income"), _yearly
    )
    yield of(
        "per_capita",
        "人均纯收入",
        "家庭人均纯收入 年人均纯收入 人均收入 人均可支配纯收入",
        _money("per_capita"),
        _yearly,
    )
    for key, title, names in (
        ("wage", "工资性收入", "工资收入 务工收入"),
        ("business", "生产经营性收入", "经营性收入 生产经营收入"),
        ("property", "财产性收入", "财产收入"),
        ("pension", "养老金", "养老金收入 养老保险金"),
        ("allowance_income", "低保金、特困金", "低保金"),
        ("subsidy", "各类补贴", "各类补贴收入"),
        ("other_transfer", "其他转移性收入", ""),
        ("business_cost", "生产经营性支出", "生产经营支出"),
    ):
        yield of(key, title, names, _part("income", key), _yearly)
    transfers = ("pension", "allowance_income", "subsidy", "other_transfer")
    yield of("transfer", "转移性收入", "转移收入", _part("income", *transfers), _yearly)
    for key, title, names in (
        ("medical", "医疗支出", "医疗自付支出 医疗费用 医疗刚性支出"),
        ("education_cost", "教育支出", "教育费用 教育刚性支出"),
        ("disaster", "灾害、事故损失", "灾害损失"),
        ("other_rigid", "其他刚性支出", ""),
    ):
        yield of(key, title, names, _part("spending", key.removesuffix("_cost")), _yearly)
    for key, title, names in (
        ("education_ok", "义务教育保障", "义务教育 义务教育是否有保障"),
        ("medical_ok", "基本医疗保障", "基本医疗 基本医疗是否有保障"),
        ("housing_ok", "住房安全", "住房安全保障 住房是否安全"),
        ("water_ok", "饮水安全", "饮水安全保障 饮水是否安全"),
    ):
        yield of(key, title, names, _assured(key), _yearly)


def _person_fields(person: Callable[..., Field]) -> Iterator[Field]:
    yield person("name", "姓名", "家庭成员姓名 成员姓名 家庭成员", _name)
    yield person("sex", "性别", "", _member_word("sex"))
    yield person(
        "id_number",
        "证件号码",
        "身份证号 身份证号码 身份证 证件号 公民身份号码 家庭成员身份证号 成员身份证号码",
        _member_number,
    )
    yield person("id_type", "证件类型", "", _member_word("id_type"))
    yield person(
        "relation", "与户主关系", "与户主的关系 和户主关系 家庭关系 与户主之关系", _member_word("relation")
    )
    yield person("birth_date", "出生日期", "出生年月 出生年月日 出生时间 生日", _born)
    yield person("age", "年龄", "周岁 实际年龄", _age, _reckoned)
    yield person("health", "健康状况", "身体状况 健康情况 身体健康状况", _fact("health"))
    yield person("labour", "劳动能力", "劳动技能 劳动力情况", _fact("labour"))
    yield person("schooling", "在校生状况", "在校状况 在校情况 就学状况 就学情况", _fact("schooling"))
    yield person("education", "文化程度", "学历 受教育程度", _fact("education"))
    yield person("work_place", "务工所在地", "务工地点 务工地 务工区域 就业地点", _fact("work_place"))
    yield person("work_months", "务工月数", "务工时间 务工时长 年务工月数", _fact("work_months"))
    yield person(
        "medical_insurance",
        "基本医保",
        "医保 参保情况 医疗保险 基本医疗保险 医保参保情况 是否参加基本医疗保险 是否参加城乡居民基本医疗保险",
        _fact("medical_insurance"),
    )


FIELDS: Mapping[str, Field] = {one.key: one for one in _listed()}

# -- headings --------------------------------------------------------------------------------------

_MEANINGS = {heading(name): one.key for one in FIELDS.values() for name in (one.title, *one.names)}
_OPEN = frozenset({"name", "id_number", "phone", "sex", "number", "serial"})
"""What a heading says only together with the one over it: 姓名 under 帮扶干部 is no member's name."""
_BESIDE = ("信息", "情况", "基本", "本人", "家庭", "农户", "监测对象", "成员", "人员")
"""What stands over headings without changing what they mean."""
_TAILS = ("基本信息", "基本情况", "信息", "情况")


def meant(path: Sequence[str]) -> str:
    """The key of the field that the headings of a column, from the top storey down, ask for; '' for none."""
    words = [heading(one) for one in path if heading(one)]
    if not words:
        return ""
    for start in range(len(words)):
        joined = "".join([*(_bare(one) for one in words[start:-1]), words[-1]])
        if joined in _MEANINGS and (start == 0 or len(words) - start > 1):
            return _MEANINGS[joined]
    key = _MEANINGS.get(words[-1], "")
    plain = all(any(word in one for word in _BESIDE) for one in words[:-1])
    return key if plain or key not in _OPEN else ""


def _bare(words: str) -> str:
    return next((words.removesuffix(tail) for tail in _TAILS if words.endswith(tail)), words)


def about(keys: Sequence[str]) -> str:
    """Whether the rows of a form with these columns are households or persons."""
    asked = set(keys)
    if "relation" in asked or {"name", "head_name"} <= asked or {"id_number", "head_id_number"} <= asked:
        return PERSON
    people = [
        key for key in asked if key and FIELDS[key].about == PERSON and key not in ("name", "id_number")
    ]
    return PERSON if people and "size" not in asked and "name" in asked else HOUSEHOLD
