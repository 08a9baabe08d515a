"""台账 as an Excel file in the registry's columns: a sheet by household, a sheet by person (R14, R41)."""

from __future__ import annotations

from collections.abc import Iterator

from engine.casework.definitions import code_labels
from engine.casework.kit import Kit
from engine.casework.portions.outgoing.lists import typed
from engine.casework.portions.outgoing.sending import Asked, Beside, Given, Outgoing, Row
from engine.ground.clock import local_date
from engine.prevention.register import registers
from engine.prevention.register.filled.asked import Asked as Told
from engine.prevention.register.filled.fields import FIELDS
from engine.prevention.register.filled.records import records
from engine.prevention.register.registers import RegisterFilter

HOUSEHOLD_COLUMNS = {
    "province": "省",
    "city": "市",
    "county": "县",
    "township": "乡镇",
    "village": "村",
    "group_name": "村民小组",
    "number": "户编号",
    "national_number": "国家系统户编号",
    "head_name": "户主姓名",
    "head_id_number": "户主证件号码",
    "phone": "联系电话",
    "size": "家庭人口",
    "type": "户类型",
    "status": "状态",
    "category": "监测对象类别",
    "risks": "返贫致贫风险",
    "monitored_month": "识别监测时间",
    "eliminated_month": "风险消除时间",
    "official": "帮扶责任人",
    "official_unit": "责任人单位",
    "official_phone": "责任人电话",
}
MEMBER_COLUMNS = {
    "number": "户编号",
    "head_name": "户主姓名",
    "name": "姓名",
    "sex": "性别",
    "id_number": "证件号码",
    "relation": "与户主关系",
    "birth_date": "出生日期",
    "health": "健康状况",
    "labour": "劳动技能",
    "schooling": "在校生状况",
    "education": "文化程度",
    "work_place": "务工所在地",
    "work_months": "务工月数",
    "medical_insurance": "基本医保",
}
"""The registry's headings, by what the register says under them."""


def wanted(given: Given) -> RegisterFilter:
    """The filter of 台账 as its address names it; by itself those that are monitored."""
    return RegisterFilter(
        status=given.get("status", "monitored"),
        category=given.get("category", ""),
        division=given.get("division", ""),
        text=typed(given),
    )


def _rows(asked: Asked) -> Iterator[Row]:
    """Each household, and beside it its people; numbers masked unless there is a reason (domain §7.2)."""
    of_household = [FIELDS[key].value for key in HOUSEHOLD_COLUMNS]
    of_person = [FIELDS[key].value for key in MEMBER_COLUMNS]
    today, full, words = local_date(asked.now), bool(asked.reason), code_labels(asked.session)
    found = records(asked.session, registers.narrowed(asked.session, asked.actor, wanted(asked.given)))
    for count, record in enumerate(found, 1):
        head = Told(record, record.head, count, words, full, today)
        yield [value(head) for value in of_household]
        for member in record.members:
            person = Told(record, member, count, words, full, today)
            yield Beside(BY_PERSON, [value(person) for value in of_person])


def _called(asked: Asked) -> str:
    return registers.called(wanted(asked.given))


BY_HOUSEHOLD, BY_PERSON = "按户", "按人"
KIT = Kit(
    outgoing={
        "register": Outgoing(
            "台账",
            list(HOUSEHOLD_COLUMNS.values()),
            _rows,
            sheet=BY_HOUSEHOLD,
            beside={BY_PERSON: list(MEMBER_COLUMNS.values())},
            filed_as=_called,
        )
    }
)
