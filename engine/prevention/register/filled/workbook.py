"""台账 as an Excel file in the registry's columns: a sheet by household, a sheet by person (R14, R41)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.portions.outgoing.sending import MOST, WIDTH
from engine.casework.portions.outgoing.streamed import Workbook
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.errors import Invalid
from engine.prevention.register import registers
from engine.prevention.register.filled.asked import Asked, Words
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


def export(
    session: Session, actor: Account, wanted: RegisterFilter, words: Words, now: datetime, *, reason: str = ""
) -> bytes:
    """The register as an Excel file: a sheet by household, a sheet by person, streamed.

    Numbers are masked unless a `reason` is given; either way the export is logged (domain §7.2). Raises
    Invalid when more than `MOST` households match.
    """
    of_household = [FIELDS[key].value for key in HOUSEHOLD_COLUMNS]
    of_person = [FIELDS[key].value for key in MEMBER_COLUMNS]
    today, full = local_date(now), bool(reason)
    count = 0
    with Workbook() as book:
        by_household = book.sheet("按户", list(HOUSEHOLD_COLUMNS.values()), WIDTH)
        by_person = book.sheet("按人", list(MEMBER_COLUMNS.values()), WIDTH)
        for count, record in enumerate(records(session, registers.narrowed(actor, wanted)), 1):
            if count > MOST:
                raise Invalid(f"超过 {MOST:,} 户，请按县或乡镇分别导出。")
            asked = Asked(record, record.head, count, words, full, today)
            by_household.write([value(asked) for value in of_household])
            for member in record.members:
                about = Asked(record, member, count, words, full, today)
                by_person.write([value(about) for value in of_person])
        body = book.bytes()
    with write(session):
        details = {"households": count, "reason": reason, "filter": asdict(wanted)}
        audit.record(session, "access", actor.id, "export", details, now)
    return body
