"""台账: the register as a list with filters, and as an Excel file in the registry's columns (R14, R41)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access, divisions
from engine.casework.organisation.privacy import mask_phone
from engine.ground import idnumber
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.errors import Invalid
from engine.ground.paging import Page, page_of
from engine.ground.sheets import Book
from engine.ground.text import half
from engine.prevention.models import Household, Member, ResponsibleOfficial
from engine.prevention.register import households
from engine.prevention.register.households import CATEGORY_NAMES, STATUS_NAMES, TYPE_NAMES, found_by

MAX_ROWS = 50_000
"""An export of more households than this is asked for by township."""
CHUNK = 500
HOUSEHOLD_COLUMNS = (
    "省",
    "市",
    "县",
    "乡镇",
    "村",
    "村民小组",
    "户编号",
    "国家系统户编号",
    "户主姓名",
    "户主证件号码",
    "联系电话",
    "家庭人口",
    "户类型",
    "状态",
    "监测对象类别",
    "返贫致贫风险",
    "识别监测时间",
    "风险消除时间",
    "帮扶责任人",
    "责任人单位",
    "责任人电话",
)
MEMBER_COLUMNS = (
    "户编号",
    "户主姓名",
    "姓名",
    "性别",
    "证件号码",
    "与户主关系",
    "出生日期",
    "健康状况",
    "劳动技能",
    "在校生状况",
    "文化程度",
    "务工所在地",
    "务工月数",
    "基本医保",
)
Words = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class RegisterFilter:
    """What the list is narrowed to; every field may be empty."""

    status: str = "monitored"
    category: str = ""
    division: str = ""
    text: str = ""


def narrowed(actor: Account, wanted: RegisterFilter) -> Select[Household]:
    """The households of the register that match, in the actor's reach."""
    query = select(Household).where(households.visible(actor), Household.merged_into_id.is_(None))
    if wanted.status:
        query = query.where(Household.status == wanted.status)
    if wanted.category:
        query = query.where(Household.category == wanted.category)
    if wanted.division:
        query = query.where(access.within(Household.village_code, [access.scope_of(wanted.division)]))
    if wanted.text:
        query = query.where(found_by(wanted.text) | (Household.national_number == half(wanted.text)))
    return query


def listing(session: Session, actor: Account, wanted: RegisterFilter, page: int = 1) -> Page[Household]:
    """The households of the register in the actor's reach, by village."""
    query = narrowed(actor, wanted)
    ordered = query.order_by(Household.village_code, Household.id).options(joinedload(Household.division))
    return page_of(session, query, ordered, page)


def officials(session: Session, household_ids: Iterable[int]) -> dict[int, ResponsibleOfficial]:
    """The present responsible official by household (R18)."""
    query = select(ResponsibleOfficial).where(
        ResponsibleOfficial.household_id.in_(list(household_ids)), ResponsibleOfficial.until.is_(None)
    )
    return {row.household_id: row for row in session.scalars(query)}


def export(
    session: Session, actor: Account, wanted: RegisterFilter, words: Words, now: datetime, *, reason: str = ""
) -> bytes:
    """The register as an Excel file: a sheet by household, a sheet by person, in the registry's columns.

    Numbers are masked unless a `reason` is given; either way the export is logged (domain §7.2). Raises
    Invalid when more than `MAX_ROWS` households match.
    """
    query = narrowed(actor, wanted)
    ids = list(
        session.scalars(query.with_only_columns(Household.id).order_by(Household.id).limit(MAX_ROWS + 1))
    )
    if len(ids) > MAX_ROWS:
        raise Invalid(f"超过 {MAX_ROWS} 户，请按县或乡镇分别导出。")
    with write(session):
        details = {"households": len(ids), "reason": reason, "filter": wanted.__dict__}
        audit.record(session, "access", actor.id, "export", details, now)
    book = Book()
    by_household, by_person = book.sheet("按户"), book.sheet("按人")
    for sheet, columns in ((by_household, HOUSEHOLD_COLUMNS), (by_person, MEMBER_COLUMNS)):
        sheet.head(0, columns, book.heading)
        sheet.widths(0, len(columns) - 1, 14)
    line = person = 1
    for household, places, official in _chunks(session, ids):
        by_household.row(line, _household_row(household, places, official, words, bool(reason)))
        line += 1
        for member in household.members:
            by_person.row(person, _member_row(household, member, words, bool(reason)))
            person += 1
    return book.bytes()


def _chunks(
    session: Session, ids: Sequence[int]
) -> Iterator[tuple[Household, list[str], ResponsibleOfficial | None]]:
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        query = select(Household).where(Household.id.in_(part)).options(selectinload(Household.members))
        households = list(session.scalars(query.order_by(Household.village_code, Household.id)))
        codes = {access.ancestor(h.village_code, level) for h in households for level in access.PREFIX_LENGTH}
        names, named = divisions.names(session, codes), officials(session, part)
        for one in households:
            places = [
                names.get(access.ancestor(one.village_code, level), "") for level in access.PREFIX_LENGTH
            ]
            yield one, places, named.get(one.id)


def _household_row(
    one: Household, places: list[str], official: ResponsibleOfficial | None, words: Words, full: bool
) -> list[Any]:
    risks = "、".join(words.get("risks", {}).get(risk, risk) for risk in one.risks)
    return [
        *places,
        one.group_name,
        one.number,
        one.national_number,
        one.head_name,
        one.head_id_number if full else idnumber.mask(one.head_id_number),
        one.phone if full else mask_phone(one.phone),
        len(one.members),
        TYPE_NAMES.get(one.household_type, ""),
        STATUS_NAMES.get(one.status, ""),
        CATEGORY_NAMES.get(one.category, ""),
        risks,
        _month(one.monitored_on),
        _month(one.eliminated_on),
        official.name if official else "",
        official.unit if official else "",
        official.phone if official else "",
    ]


def _month(day: date | None) -> str:
    """The registry's YYYYMM (domain §2.1)."""
    return f"{day:%Y%m}" if day else ""


def _member_row(one: Household, member: Member, words: Words, full: bool) -> list[Any]:
    def word(key: str) -> str:
        value = str(member.facts.get(key) or "")
        return words.get(key, {}).get(value, value)

    return [
        one.number,
        one.head_name,
        member.name,
        words.get("sex", {}).get(member.sex, member.sex),
        member.id_number if full else idnumber.mask(member.id_number),
        words.get("relation", {}).get(member.relation, member.relation),
        member.birth_date.isoformat() if member.birth_date and full else "",
        word("health"),
        word("labour"),
        word("schooling"),
        word("education"),
        word("work_place"),
        word("work_months"),
        word("medical_insurance"),
    ]


def filename(wanted: RegisterFilter, now: datetime) -> str:
    """What the file is called, e.g. 监测对象台账20220511.xlsx."""
    return f"{STATUS_NAMES.get(wanted.status, '农户')}台账{local_date(now):%Y%m%d}.xlsx"
