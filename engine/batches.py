"""Batches of applications: what a county sends up in a day, what the province sends on to the national bureau (R28).

The steps of an application are drawn (``bpmn/national_consent.bpmn``); here are the lists that they fill, the answers
that come back, and the rule that nothing is executed without the consent's number and date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from engine import access, divisions, notifications
from engine.clock import local_date, written
from engine.documents import compose, facts
from engine.documents.paper import Paper
from engine.errors import Invalid, NotFound
from engine.households import CATEGORY_NAMES
from engine.inbox import Group, Page, mine, page_of
from engine.models import (
    Account,
    ApplicationBatch,
    BatchEntry,
    CaseFile,
    Division,
    Household,
    Procedure,
    Submission,
    WorkItem,
)
from engine.services import ServiceCall, service

RESULTS = {"waiting": "待批", "agreed": "同意", "refused": "不同意", "returned": "已退回"}
LEVELS = {"county": "县级", "province": "省级"}
LEVEL_WORDS = {"county": "申请", "province": "汇总"}
CHOICES = 50
PAPER_LIMIT = 1000
"""Households that one printed list holds."""


# -- what the diagram's steps do ----------------------------------------------------------------------------------------


def _leave(call: ServiceCall, result: Any) -> None:
    """The application was returned or taken back: its place in the batch stays on record."""
    entry = call.session.get(BatchEntry, result["entry"])
    if entry is not None:
        entry.result, entry.answered_on = "returned", local_date(call.now)


@service("batch.enter", undo=_leave)
def enter(call: ServiceCall, level: str, word: str) -> dict[str, Any]:
    """Put the case into the batch of the day of its county or province; the first case of a day opens a new one.

    `level` is ``county`` or ``province``; `word` is what the batch is called in its number (申请, 汇总).
    """
    today = local_date(call.now)
    division = _locked(call.session, access.ancestor(call.case.village_code, level))
    batch = _of_the_day(call.session, division, call.case, level, today) or _new(call, division, level, word, today)
    query = select(BatchEntry).where(BatchEntry.batch_id == batch.id, BatchEntry.case_id == call.case.id)
    entry = call.session.scalar(query)
    if entry is None:
        entry = BatchEntry(batch_id=batch.id, case_id=call.case.id)
        call.session.add(entry)
    entry.result, entry.answered_on = "waiting", None
    call.session.flush()
    return {"entry": entry.id, "batch": batch.id, "number": batch.number}


def _locked(session: Session, code: str) -> Division:
    """The division's row is the lock: two first cases of a day must not open two batches of one number."""
    return session.scalars(select(Division).where(Division.code == code).with_for_update(key_share=True)).one()


def _of_the_day(
    session: Session, division: Division, case: CaseFile, level: str, today: date
) -> ApplicationBatch | None:
    """The latest batch of the day, but none that has already brought the case an answer: an answer is not overwritten."""
    answered = select(BatchEntry.batch_id).where(
        BatchEntry.case_id == case.id, BatchEntry.result.in_(("agreed", "refused"))
    )
    query = select(ApplicationBatch).where(
        ApplicationBatch.division_code == division.code, ApplicationBatch.kind == case.procedure_key,
        ApplicationBatch.level == level, ApplicationBatch.opened_on == today, ApplicationBatch.id.not_in(answered),
    )  # fmt: skip
    return session.scalar(query.order_by(ApplicationBatch.id.desc()).limit(1))


def _new(call: ServiceCall, division: Division, level: str, word: str, today: date) -> ApplicationBatch:
    kind = call.case.procedure_key
    last = select(func.max(ApplicationBatch.serial)).where(
        ApplicationBatch.division_code == division.code, ApplicationBatch.kind == kind,
        ApplicationBatch.year == today.year,
    )  # fmt: skip
    serial = (call.session.scalar(last) or 0) + 1
    name = call.session.get_one(Procedure, kind).name
    batch = ApplicationBatch(
        kind=kind, level=level, division_code=division.code, year=today.year, serial=serial, opened_on=today,
        number=f"{division.name}{name}{word}〔{today.year}〕{serial}号",
    )  # fmt: skip
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


@service("batch.refuse", undo=_unanswer)
def refuse(call: ServiceCall, by: str, reason: str) -> dict[str, Any]:
    """A level refused: its reason goes into the batches and to the county; the household stays as it was (R28)."""
    text = f"{by}不同意：{reason}"
    name = call.session.get_one(Procedure, call.case.procedure_key).name
    notifications.send(
        call.session, call.case, "county", "returned", f"{call.case.subject}户的{name}，{text}", call.now
    )
    return {"text": text, "entries": _answer(call, "refused", text)}


@service("batch.agree", undo=_unanswer)
def agree(call: ServiceCall, number: str | None = None, consented_on: str | None = None) -> dict[str, Any]:
    """The national bureau consented by the paper of this number and date (R28)."""
    number, day = _consent(number, consented_on)
    return {"entries": _answer(call, "agreed", f"国家局同意：{number}（{written(day)}）")}


def _consent(number: str | None, consented_on: str | None) -> tuple[str, date]:
    """R28: nothing goes on without the consent's number and date."""
    if not (number or "").strip() or not consented_on:
        raise Invalid("没有国家局同意的文号和日期，不能执行。", {"number": ["没有国家局同意的文号和日期，不能执行。"]})
    return str(number).strip(), date.fromisoformat(consented_on)


def _unexecute(call: ServiceCall, result: Any) -> None:
    for entry in call.session.scalars(select(BatchEntry).where(BatchEntry.id.in_(result["entries"]))):
        entry.executed_on = None


@service("batch.execute", undo=_unexecute)
def execute(
    call: ServiceCall, executed_on: str, number: str | None = None, consented_on: str | None = None
) -> dict[str, Any]:
    """The province has done it in the national system. Raises Invalid without the consent's number and date (R28)."""
    _, consented = _consent(number, consented_on)
    executed = date.fromisoformat(executed_on)
    if executed < consented:
        sentence = f"系统操作日期不能早于国家局同意的日期（{written(consented)}）。"
        raise Invalid(sentence, {"executed_on": [sentence]})
    entries = _waiting(call, "agreed")
    for entry in entries:
        entry.executed_on = executed
    return {"entries": [entry.id for entry in entries]}


# -- what pages show ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A batch in the list, with how many of its households stand how."""

    batch: ApplicationBatch
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """The households that were applied for; those returned no longer count."""
        return sum(count for result, count in self.counts.items() if result != "returned")


def search(
    session: Session, actor: Account, kind: str = "", page: int = 1
) -> tuple[Page[ApplicationBatch], list[Line]]:
    """A page of the batches in the actor's reach, latest first, counted by result."""
    access.require_role(actor, *sorted(access.BATCH_ROLES))
    query = select(ApplicationBatch).where(access.visible_batches(actor))
    if kind:
        query = query.where(ApplicationBatch.kind == kind)
    found = page_of(session, query, query.order_by(ApplicationBatch.id.desc()), page)
    counts = _counts(session, [batch.id for batch in found.items])
    return found, [Line(batch, counts.get(batch.id, {})) for batch in found.items]


def _counts(session: Session, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    query = select(BatchEntry.batch_id, BatchEntry.result, func.count()).where(BatchEntry.batch_id.in_(ids))
    found: dict[int, dict[str, int]] = {}
    for batch_id, result, count in session.execute(query.group_by(BatchEntry.batch_id, BatchEntry.result)):
        found.setdefault(batch_id, {})[result] = count
    return found


def kinds(session: Session, actor: Account) -> dict[str, str]:
    """The names of the procedures that the actor's batches are of, by key."""
    own = select(ApplicationBatch.kind).where(access.visible_batches(actor))
    query = select(Procedure.key, Procedure.name).where(Procedure.key.in_(own))
    return {row.key: row.name for row in session.execute(query.order_by(Procedure.key))}


def view(session: Session, actor: Account, batch_id: int) -> Line:
    """One batch. Raises NotFound outside the actor's reach."""
    access.require_role(actor, *sorted(access.BATCH_ROLES))
    query = select(ApplicationBatch).where(ApplicationBatch.id == batch_id, access.visible_batches(actor))
    batch = session.scalar(query)
    if batch is None:
        raise NotFound("没有找到这一批次。")
    return Line(batch, _counts(session, [batch.id]).get(batch.id, {}))


@dataclass(frozen=True)
class Row:
    """A household of a batch: its entry, where its case is now, and why it was applied for."""

    entry: BatchEntry
    case: CaseFile
    household: Household
    step: str
    reason: str


def rows(session: Session, actor: Account, batch_id: int, page: int = 1, size: int = 20) -> tuple[Page[int], list[Row]]:
    """A page of a batch's households in the actor's reach, in the order in which they were applied for."""
    query = (
        select(BatchEntry.id)
        .join(CaseFile, CaseFile.id == BatchEntry.case_id)
        .where(BatchEntry.batch_id == batch_id, access.visible_cases(actor))
    )
    found = page_of(session, query, query.order_by(BatchEntry.id), page, size)
    return found, _rows(session, found.items)


def paper(session: Session, actor: Account, batch_id: int) -> Paper:
    """The batch's list on paper, with its number: all households but those returned."""
    batch = view(session, actor, batch_id).batch
    query = (
        select(BatchEntry.id)
        .join(CaseFile, CaseFile.id == BatchEntry.case_id)
        .where(BatchEntry.batch_id == batch_id, BatchEntry.result != "returned", access.visible_cases(actor))
        .order_by(BatchEntry.id)
    )
    found = _rows(session, session.scalars(query.limit(PAPER_LIMIT)).all())
    places = facts.listed(session, [row.case for row in found])
    name = divisions.names(session, [batch.division_code]).get(batch.division_code, "")
    matter = kinds(session, actor).get(batch.kind, "") + LEVEL_WORDS[batch.level]
    signature = divisions.authority(name, batch.level)
    terms = compose.Terms(matter, f"{written(batch.opened_on)}{matter}", name, signature, batch.opened_on)
    listed = [replace(places[row.case.id], details=_details(row)) for row in found]
    return replace(compose.application(terms, listed), number=batch.number)


def _details(row: Row) -> dict[str, str]:
    since = row.household.monitored_on
    return {
        "类别": CATEGORY_NAMES.get(row.household.category, ""), "纳入日期": written(since) if since else "",
        "事由": row.reason,
    }  # fmt: skip


def _rows(session: Session, ids: Sequence[int]) -> list[Row]:
    query = (
        select(BatchEntry, CaseFile)
        .join(CaseFile, CaseFile.id == BatchEntry.case_id)
        .where(BatchEntry.id.in_(ids))
        .options(
            joinedload(CaseFile.household).joinedload(Household.division),
            joinedload(CaseFile.household).selectinload(Household.members),
        )
        .order_by(BatchEntry.id)
    )
    pairs = [(row.BatchEntry, row.CaseFile) for row in session.execute(query)]
    cases = [case.id for _, case in pairs]
    steps, reasons = _open_steps(session, cases), _reasons(session, cases)
    return [Row(entry, case, case.household, steps.get(case.id, ""), reasons.get(case.id, "")) for entry, case in pairs]


def _open_steps(session: Session, cases: Sequence[int]) -> dict[int, str]:
    query = select(WorkItem.case_id, WorkItem.name).where(WorkItem.case_id.in_(cases), WorkItem.status == "open")
    return {row.case_id: row.name for row in session.execute(query.order_by(WorkItem.id))}


def _reasons(session: Session, cases: Sequence[int]) -> dict[int, str]:
    """Why each case was applied for: what its latest application says of the check below."""
    query = select(Submission.case_id, Submission.data).where(
        Submission.case_id.in_(cases), Submission.form_key == "county_application"
    )
    return {
        row.case_id: str(row.data.get("basis") or row.data.get("reason") or "")
        for row in session.execute(query.order_by(Submission.id))
    }


def at_step(session: Session, actor: Account, procedure_key: str, element_id: str) -> list[ApplicationBatch]:
    """The batches whose households now wait at a step of the actor's queues: what the inbox narrows that step by."""
    here = (
        select(BatchEntry.batch_id)
        .join(WorkItem, WorkItem.case_id == BatchEntry.case_id)
        .where(mine(actor), WorkItem.procedure_key == procedure_key, WorkItem.element_id == element_id)
    )
    query = select(ApplicationBatch).where(access.visible_batches(actor), ApplicationBatch.id.in_(here))
    return list(session.scalars(query.order_by(ApplicationBatch.id).limit(CHOICES)))


def steps_of(session: Session, actor: Account, batch_id: int) -> list[Group]:
    """The steps at which households of a batch wait for the actor, with how many each."""
    held = select(BatchEntry.case_id).where(BatchEntry.batch_id == batch_id, BatchEntry.result != "returned")
    columns = (WorkItem.procedure_key, WorkItem.element_id, WorkItem.name, WorkItem.queue)
    query = select(*columns, func.count()).where(mine(actor), WorkItem.case_id.in_(held)).group_by(*columns)
    return [Group(*row, red=0, yellow=0) for row in session.execute(query.order_by(func.min(WorkItem.id)))]


def numbers_of(session: Session, cases: Iterable[int]) -> dict[int, str]:
    """The number of the batch in which each case last went up, by case."""
    query = (
        select(BatchEntry.case_id, ApplicationBatch.number)
        .join(ApplicationBatch, ApplicationBatch.id == BatchEntry.batch_id)
        .where(BatchEntry.case_id.in_(set(cases)), BatchEntry.result != "returned")
    )
    return {row.case_id: row.number for row in session.execute(query.order_by(BatchEntry.id))}
