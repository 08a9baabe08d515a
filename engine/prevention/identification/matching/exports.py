"""The file that a department gets: whom it is asked about, with what it needs to know and no more (R09).

Full ID numbers leave the system here: only of households with a signed letter (R08), with a reason and a line
in the log (domain §7.2). The department writes its answers into the same file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Executable, Select, select
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.desk import views
from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access
from engine.casework.portions.imports import books
from engine.casework.portions.imports.kinds import Target
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches, requests
from engine.prevention.identification.matching.intake import KIND, key_of, ref_of, target_of
from engine.prevention.identification.matching.needs import NEEDS, columns_of
from engine.prevention.models import Household, MatchingEntry, Member

CHUNK = 500
"""Households read at once."""


def workbook(
    session: Session, actor: Account, batch_id: int, department: str, reason: str, *, clock: Clock
) -> bytes:
    """An Excel file of a batch for one department.

    Raises Invalid without a reason, Conflict where nobody is left to ask about.
    """
    target, now = target_of(session, actor, key_of(batch_id, department)), clock.now()
    said = text.line(reason)[:200]
    if not said:
        raise Invalid("导出完整证件号码须写明用途。", {"reason": ["请写明用途。"]})
    how = f"{target.title}　请在“结果”一栏填：有、无、无数据；一个人有几件事的，抄写这一行，分行填写。"
    rows = _rows(session, target, local_date(now))
    book, count = books.filled_in(KIND, target, columns_of(department), rows, how)
    with write(session):
        request = requests.one_of(batches.of_county(session, actor, batch_id), department)
        request.exported_at = now
        details = {"name": f"信息比对（{target.title}）", "rows": count, "reason": said, "batch": batch_id}
        if count:
            audit.record(session, "access", actor.id, "export", details, now)
    if not count:
        raise Conflict("这一批没有要送这个部门比对的人，可以直接登记“反馈完毕”。")
    return book.bytes()


def filename(batch_number: str, department: str) -> str:
    """What the file is called."""
    return f"{batch_number}-{DEPARTMENTS[department]}.xlsx"


def _rows(session: Session, target: Target, today: date) -> Iterator[Mapping[str, str]]:
    """The people whom the department is asked about, words by column, some households at a time."""
    need = NEEDS[target.parts["department"]]
    relations = views.code_labels(session).get("relation", {}) if need.relation else {}
    after = 0
    while ids := session.scalars(_entries(target, after)).all():
        for row in session.execute(_people(ids)):
            if need.wants(row, today):
                yield {
                    "ref": ref_of(row.entry_id, row.key),
                    "name": row.name,
                    "id_number": row.id_number,
                    "relation": relations.get(row.relation, ""),
                    "address": row.address if need.address else "",
                }
        after = ids[-1]


def _entries(target: Target, after: int) -> Select[int]:
    return (
        select(MatchingEntry.id)
        .join(CaseFile, CaseFile.id == MatchingEntry.case_id)
        .where(
            MatchingEntry.batch_id == target.parts["batch"],
            MatchingEntry.id > after,
            MatchingEntry.status != "returned",  # R08: a letter that was taken back takes the household back
            CaseFile.status == "open",
            access.within(MatchingEntry.village_code, [target.parts["county"]]),
        )
        .order_by(MatchingEntry.id)
        .limit(CHUNK)
    )


def _people(ids: Sequence[int]) -> Executable:
    person = (Member.key, Member.name, Member.id_number, Member.relation, Member.birth_date)
    return (
        select(MatchingEntry.id.label("entry_id"), Household.address, *person)
        .join(Household, Household.id == MatchingEntry.household_id)
        .join(Member, Member.household_id == Household.id)
        .where(MatchingEntry.id.in_(ids))
        .order_by(MatchingEntry.id, Member.position)
    )
