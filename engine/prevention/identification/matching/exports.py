"""The file that a department gets: whom it is asked about, with what it needs to know and no more (R09).

Full ID numbers leave the system here: only of households with a signed letter (R08), with a reason and a line
in the log (domain §7.2). The department writes its answers into the same file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import IO

from sqlalchemy import Executable, Select, select
from sqlalchemy.orm import Session

from engine.casework import audit, definitions
from engine.casework.kit import Kit
from engine.casework.models import CaseFile
from engine.casework.organisation import access
from engine.casework.portions.imports import books
from engine.casework.portions.imports.kinds import Target
from engine.casework.portions.outgoing.sending import Asked, OtherFile
from engine.ground import text
from engine.ground.clock import local_date
from engine.ground.database import write
from engine.ground.errors import Conflict, Invalid
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches, requests
from engine.prevention.identification.matching.intake import KIND, key_of, ref_of, target_of
from engine.prevention.identification.matching.needs import NEEDS, columns_of
from engine.prevention.models import Household, MatchingEntry, Member

CHUNK = 500
"""Households read at once."""


def _target(asked: Asked) -> Target:
    key = key_of(_batch_id(asked), asked.given.get("department", ""))
    return target_of(asked.session, asked.actor, key)


def _batch_id(asked: Asked) -> int:
    return text.whole(asked.given.get("matching", "")) or 0


def _written(asked: Asked, out: IO[bytes]) -> Iterator[int]:
    """An Excel file of a batch for one department.

    Raises Invalid without a reason, Conflict where nobody is left to ask about.
    """
    target, count = _target(asked), 0
    if not text.line(asked.reason):
        raise Invalid("导出完整证件号码须写明用途。", {"reason": ["请写明用途。"]})
    how = f"{target.title}　请在“结果”一栏填：有、无、无数据；一个人有几件事的，抄写这一行，分行填写。"
    rows = _rows(asked.session, target, local_date(asked.now))
    columns = columns_of(asked.given["department"])
    for count in books.filled_in(out, KIND, target, columns, rows, how):
        yield count
    if not count:
        with write(asked.session):
            _leaves(asked)  # there is nobody to ask about: that is known now
        raise Conflict("这一批没有要送这个部门比对的人，可以直接登记“反馈完毕”。")


def _note(asked: Asked, rows: int) -> None:
    """When the department's list was taken along, and why."""
    _leaves(asked)
    name, said = f"信息比对（{_target(asked).title}）", text.line(asked.reason)[:200]
    details = {"name": name, "rows": rows, "reason": said, "batch": _batch_id(asked)}
    audit.record(asked.session, "access", asked.actor.id, "export", details, asked.now)


def _leaves(asked: Asked) -> None:
    batch = batches.of_county(asked.session, asked.actor, _batch_id(asked))
    requests.one_of(batch, asked.given["department"]).exported_at = asked.now


def _called(asked: Asked) -> str:
    batch = batches.of_county(asked.session, asked.actor, _batch_id(asked))
    return f"{batch.number}-{DEPARTMENTS[asked.given['department']]}.xlsx"


def _rows(session: Session, target: Target, today: date) -> Iterator[Mapping[str, str]]:
    """The people whom the department is asked about, words by column, some households at a time."""
    need = NEEDS[target.parts["department"]]
    relations = definitions.code_labels(session).get("relation", {}) if need.relation else {}
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


KIT = Kit(other_files={"matching_request": OtherFile("信息比对", _written, _called, _note)})
