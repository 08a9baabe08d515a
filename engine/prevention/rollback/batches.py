"""Batches of applications: what a county sends up in a day, what the province sends on (R28).

The steps of an application are drawn (``bpmn/national_consent.bpmn``); here are the lists that they fill, the
answers that come back, and the rule that nothing is executed without the consent's number and date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import CaseFile, Division, Procedure, WorkItem
from engine.casework.organisation import access, bodies, divisions
from engine.casework.telling import notifications
from engine.flow.services import Service
from engine.ground.clock import local_date, written
from engine.ground.errors import Invalid
from engine.prevention.models import ApplicationBatch, BatchEntry, household_of
from engine.prevention.register import listed
from engine.prevention.rollback.applications import details_of, reasons_of
from engine.prevention.rollback.lists import LEVEL_WORDS, cases_in, entries_of, still_gathering

# -- what the diagram's steps do -------------------------------------------------------------------


def _leave(call: ServiceCall, result: Any) -> None:
    """The application was returned or taken back: its place in the batch stays on record,
    and the list as it went up.
    """
    entry = call.session.get(BatchEntry, result["entry"])
    if entry is not None:
        entry.result, entry.answered_on = "returned", local_date(call.now)


def enter(call: ServiceCall, level: str, word: str) -> dict[str, Any]:
    """Put the case into the batch of the day of its county or province;
    the first case of a day opens a new one.

    `level` is ``county`` or ``province``; `word` is what the batch is called in its number (申请, 汇总). What the
    list says of the household is written down now and never changes. Once anybody has dealt with one of its
    households the list has gone up: then a new one is opened, which says on which list a household stood
    before.
    """
    today = local_date(call.now)
    division = _locked(call.session, access.ancestor(call.case.village_code, level))
    batch = _of_the_day(call.session, division, call.case, level, today) or _new(
        call, division, level, word, today
    )
    last_item = select(func.max(WorkItem.id)).where(WorkItem.case_id == call.case.id)
    entry = BatchEntry(
        batch_id=batch.id,
        case_id=call.case.id,
        line=_line(call),
        replaces=_stood_on(call, batch),
        entered_after=call.session.scalar(last_item) or 0,
        result="waiting",
    )
    call.session.add(entry)
    call.session.flush()
    return {"entry": entry.id, "batch": batch.id, "number": batch.number}


def _line(call: ServiceCall) -> dict[str, Any]:
    """The household as the list names it, and why it is applied for, at this moment."""
    row = listed.of_cases(call.session, [call.case])[call.case.id]
    reason = reasons_of(call.session, [call.case.id]).get(call.case.id, "")
    return {**asdict(row), "details": details_of(household_of(call.case), reason)}


def _stood_on(call: ServiceCall, batch: ApplicationBatch) -> str:
    """The number of the list of this level on which the case stood before; '' for the first time."""
    query = (
        select(ApplicationBatch.number)
        .join(BatchEntry, BatchEntry.batch_id == ApplicationBatch.id)
        .where(BatchEntry.case_id == call.case.id, ApplicationBatch.level == batch.level)
        .order_by(BatchEntry.id.desc())
        .limit(1)
    )
    return call.session.scalar(query) or ""


def _locked(session: Session, code: str) -> Division:
    """The division's row is the lock: two first cases of a day must not open two batches of one number."""
    return session.scalars(
        select(Division).where(Division.code == code).with_for_update(key_share=True)
    ).one()


def _of_the_day(
    session: Session, division: Division, case: CaseFile, level: str, today: date
) -> ApplicationBatch | None:
    """The batch of the day that has not gone up yet, if there is one."""
    query = select(ApplicationBatch).where(
        ApplicationBatch.division_code == division.code,
        ApplicationBatch.kind == case.procedure_key,
        ApplicationBatch.level == level,
        still_gathering(today),
    )
    return session.scalar(query.order_by(ApplicationBatch.id.desc()).limit(1))


def _new(call: ServiceCall, division: Division, level: str, word: str, today: date) -> ApplicationBatch:
    kind = call.case.procedure_key
    last = select(func.max(ApplicationBatch.serial)).where(
        ApplicationBatch.division_code == division.code,
        ApplicationBatch.kind == kind,
        ApplicationBatch.year == today.year,
    )
    serial = (call.session.scalar(last) or 0) + 1
    name = call.session.get_one(Procedure, kind).name
    place = divisions.names(call.session, [division.code]).get(division.code, "")
    issuer = bodies.signature(call.session, division.code, level, today)
    heading = {
        "place": place,
        "signature": issuer.name,
        "seal": issuer.seal,
        "matter": name + LEVEL_WORDS[level],
    }
    batch = ApplicationBatch(
        kind=kind,
        level=level,
        division_code=division.code,
        year=today.year,
        serial=serial,
        opened_on=today,
        number=f"{issuer.word or division.name}{name}{word}〔{today.year}〕{serial}号",
        heading=heading,
    )
    call.session.add(batch)
    call.session.flush()
    return batch


def _waiting(call: ServiceCall, *results: str) -> Sequence[BatchEntry]:
    call.session.flush()
    query = select(BatchEntry).where(BatchEntry.case_id == call.case.id, BatchEntry.result.in_(results))
    return call.session.scalars(query.order_by(BatchEntry.id)).all()


def _unanswer(call: ServiceCall, result: Any) -> None:
    for entry in call.session.scalars(select(BatchEntry).where(BatchEntry.id.in_(result["entries"]))):
        entry.result, entry.answer, entry.answered_on = "waiting", "", None


def _answer(call: ServiceCall, result: str, text: str) -> list[int]:
    """Note the answer on every batch in which the case waits; answers the entries' ids."""
    entries = _waiting(call, "waiting")
    for entry in entries:
        entry.result, entry.answer, entry.answered_on = result, text, local_date(call.now)
    return [entry.id for entry in entries]


def refuse(call: ServiceCall, by: str, reason: str) -> dict[str, Any]:
    """A level refused: its reason goes into the batches and to the county;
    the household stays as it was (R28).
    """
    text = f"{by}不同意：{reason}"
    name = call.session.get_one(Procedure, call.case.procedure_key).name
    notifications.send(
        call.session, call.case, "county", "returned", f"{call.case.subject}户的{name}，{text}", call.now
    )
    return {"text": text, "entries": _answer(call, "refused", text)}


def agree(call: ServiceCall, number: str | None = None, consented_on: str | None = None) -> dict[str, Any]:
    """The national bureau consented by the paper of this number and date (R28)."""
    number, day, above = _consent(call, number, consented_on)
    return {"entries": _answer(call, "agreed", f"{above}同意：{number}（{written(day)}）")}


def _consent(call: ServiceCall, number: str | None, consented_on: str | None) -> tuple[str, date, str]:
    """R28: nothing goes on without the consent's number and date; the third is whose it is."""
    day = date.fromisoformat(consented_on) if consented_on else None
    above = bodies.national(call.session, call.case.village_code, day or local_date(call.now))
    if not (number or "").strip() or day is None:
        sentence = f"没有{above}同意的文号和日期，不能执行。"
        raise Invalid(sentence, {"number": [sentence]})
    return str(number).strip(), day, above


def _unexecute(call: ServiceCall, result: Any) -> None:
    for entry in call.session.scalars(select(BatchEntry).where(BatchEntry.id.in_(result["entries"]))):
        entry.executed_on = None


def execute(
    call: ServiceCall, executed_on: str, number: str | None = None, consented_on: str | None = None
) -> dict[str, Any]:
    """The province has done it in the national system.

    Raises Invalid without the consent's number and date (R28).
    """
    _, consented, above = _consent(call, number, consented_on)
    executed = date.fromisoformat(executed_on)
    if executed < consented:
        sentence = f"系统操作日期不能早于{above}同意的日期（{written(consented)}）。"
        raise Invalid(sentence, {"executed_on": [sentence]})
    entries = _waiting(call, "agreed")
    for entry in entries:
        entry.executed_on = executed
    return {"entries": [entry.id for entry in entries]}


KIT = Kit(
    case_parts={"applications": entries_of},
    narrowings={"batch": cases_in},
    services=(
        Service(
            "batch.enter",
            "编入当天的批次",
            "逐级报批的批次",
            enter,
            {"level": "哪一级", "word": "批次编号用字"},
            undo=_leave,
        ),
        Service(
            "batch.refuse",
            "登记不同意",
            "哪一级不同意和理由",
            refuse,
            {"by": "由哪一级", "reason": "理由"},
            undo=_unanswer,
            decides=True,
        ),
        Service(
            "batch.agree",
            "登记国家主管部门同意",
            "文号和日期",
            agree,
            {"number": "文号", "consented_on": "同意日期"},
            undo=_unanswer,
            decides=True,
        ),
        Service(
            "batch.execute",
            "登记省里已执行",
            "没有文号和日期的拒绝",
            execute,
            {"executed_on": "执行日期", "number": "文号", "consented_on": "同意日期"},
            undo=_unexecute,
            decides=True,
        ),
    ),
)
