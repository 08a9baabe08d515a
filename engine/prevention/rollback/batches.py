"""Batches of applications: what a county sends up in a day,
what the province sends on to the national bureau (R28).

The steps of an application are drawn (``bpmn/national_consent.bpmn``); here are the lists that they fill, the
answers that come back, and the rule that nothing is executed without the consent's number and date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.casework.desk.inbox import Group, mine
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import (
    Account,
    CaseFile,
    Division,
    Procedure,
    ProcedureVersion,
    Submission,
    WorkItem,
)
from engine.casework.organisation import access, bodies, divisions
from engine.casework.papers import compose
from engine.casework.papers.paper import Paper
from engine.casework.telling import notifications
from engine.flow.services import Service
from engine.ground.clock import local_date, written
from engine.ground.errors import Invalid, NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import WITH_HOUSEHOLD, ApplicationBatch, BatchEntry, Household, household_of
from engine.prevention.register import listed
from engine.prevention.register.households import CATEGORY_NAMES

RESULTS = {"waiting": "待批", "agreed": "同意", "refused": "不同意", "returned": "已退回"}
LEVELS = {"county": "县级", "province": "省级"}
LEVEL_WORDS = {"county": "申请", "province": "汇总"}
CHOICES = 50
PAPER_LIMIT = 1000
"""Households that one printed list holds."""
ROLES = frozenset({"county_approver", "city_reviewer", "province_reviewer", access.SUPERVISOR})
"""Who sees batches of applications, which begin at the county (R28)."""


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the batches that the actor may see: of the divisions at and below their own."""
    return access.within(ApplicationBatch.division_code, access.scopes(actor, ROLES))


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
    reason = _reasons(call.session, [call.case.id]).get(call.case.id, "")
    return {**asdict(row), "details": _details(household_of(call.case), reason)}


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
        _gathering(today),
    )
    return session.scalar(query.order_by(ApplicationBatch.id.desc()).limit(1))


def _gathering(today: date) -> ColumnElement[bool]:
    """SQL: a batch of today of which no household is answered, returned or a step further;
    then its list has gone up.
    """
    dealt_with = exists().where(
        WorkItem.case_id == BatchEntry.case_id,
        WorkItem.id > BatchEntry.entered_after,
        WorkItem.status.in_(("done", "returned")),
    )
    gone_up = exists().where(
        BatchEntry.batch_id == ApplicationBatch.id, or_(BatchEntry.result != "waiting", dealt_with)
    )
    return and_(ApplicationBatch.opened_on == today, ~gone_up)


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


# -- what pages show -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A batch in the list, with how many of its households stand how."""

    batch: ApplicationBatch
    counts: Mapping[str, int]
    gathering: bool = False
    """Whether households may still be added today."""

    @property
    def total(self) -> int:
        """The households on the list as it went up, those returned since among them."""
        return sum(self.counts.values())


def search(
    session: Session, actor: Account, kind: str = "", page: int = 1
) -> tuple[Page[ApplicationBatch], list[Line]]:
    """A page of the batches in the actor's reach, latest first, counted by result."""
    access.require_role(actor, *sorted(ROLES))
    query = select(ApplicationBatch).where(visible(actor))
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


def cases_in(batch_id: int) -> Select[int]:
    """The cases of the batch, without those that were returned since."""
    return select(BatchEntry.case_id).where(BatchEntry.batch_id == batch_id, BatchEntry.result != "returned")


def entries_of(session: Session, case_id: int) -> Sequence[BatchEntry]:
    """The case's places in batches, each with the answer that came back (R28)."""
    query = select(BatchEntry).where(BatchEntry.case_id == case_id).options(joinedload(BatchEntry.batch))
    return session.scalars(query.order_by(BatchEntry.id)).all()


def kinds(session: Session, actor: Account) -> dict[str, str]:
    """The names of the procedures that the actor's batches are of, by key."""
    own = select(ApplicationBatch.kind).where(visible(actor))
    query = select(Procedure.key, Procedure.name).where(Procedure.key.in_(own))
    return {row.key: row.name for row in session.execute(query.order_by(Procedure.key))}


def view(session: Session, actor: Account, batch_id: int, today: date | None = None) -> Line:
    """One batch; on `today` also whether it is still gathering. Raises NotFound outside the actor's reach."""
    access.require_role(actor, *sorted(ROLES))
    query = select(ApplicationBatch).where(ApplicationBatch.id == batch_id, visible(actor))
    batch = session.scalar(query)
    if batch is None:
        raise NotFound("没有找到这一批次。")
    still = select(ApplicationBatch.id).where(ApplicationBatch.id == batch.id, _gathering(today or date.min))
    counts = _counts(session, [batch.id]).get(batch.id, {})
    return Line(batch, counts, gathering=today is not None and session.scalar(still) is not None)


@dataclass(frozen=True)
class Row:
    """A household of a batch: what the list says of it, and where its case is now.

    `case` is None when the household has been handed over to another place since: then only the list's words
    are shown.
    """

    entry: BatchEntry
    case: CaseFile | None
    listed: compose.Listed
    step: str


def rows(
    session: Session, actor: Account, batch_id: int, page: int = 1, size: int = 20
) -> tuple[Page[int], list[Row]]:
    """A page of a batch's households, in the order in which they were applied for:
    always all that went up.
    """
    view(session, actor, batch_id)
    query = select(BatchEntry.id).where(BatchEntry.batch_id == batch_id)
    found = page_of(session, query, query.order_by(BatchEntry.id), page, size)
    return found, _rows(session, actor, found.items)


def paper(session: Session, actor: Account, batch_id: int) -> Paper:
    """The batch's list on paper, with its number: as it went up,
    whatever has become of its households since.
    """
    batch = view(session, actor, batch_id).batch
    query = select(BatchEntry.id).where(BatchEntry.batch_id == batch_id).order_by(BatchEntry.id)
    found = _rows(session, actor, session.scalars(query.limit(PAPER_LIMIT)).all())
    heading = batch.heading or _heading(session, actor, batch)
    terms = compose.Terms(
        heading["matter"],
        f"{written(batch.opened_on)}{heading['matter']}",
        heading["place"],
        heading["signature"],
        batch.opened_on,
        seal=heading.get("seal", "over"),
    )
    listed = [_replacing(row) for row in found]
    return replace(compose.application(terms, listed), number=batch.number)


def _heading(session: Session, actor: Account, batch: ApplicationBatch) -> dict[str, str]:
    """The heading of a batch of before lists were kept as they went up."""
    place = divisions.names(session, [batch.division_code]).get(batch.division_code, "")
    matter = kinds(session, actor).get(batch.kind, "") + LEVEL_WORDS[batch.level]
    issuer = bodies.signature(session, batch.division_code, batch.level, batch.opened_on)
    return {"place": place, "signature": issuer.name, "seal": issuer.seal, "matter": matter}


def _replacing(row: Row) -> compose.Listed:
    """The line of the list; one that was listed before says on which list,
    in place of which this one stands.
    """
    if not row.entry.replaces:
        return row.listed
    reason = f"{row.listed.details.get('事由', '')}（代替原列 {row.entry.replaces} 名单的这一户）"
    return replace(row.listed, details={**row.listed.details, "事由": reason})


def _details(household: Household, reason: str) -> dict[str, str]:
    since = household.monitored_on
    return {
        "类别": CATEGORY_NAMES.get(household.category, ""),
        "纳入日期": written(since) if since else "",
        "事由": reason,
    }


def _rows(session: Session, actor: Account, ids: Sequence[int]) -> list[Row]:
    query = (
        select(BatchEntry, CaseFile)
        .join(CaseFile, CaseFile.id == BatchEntry.case_id)
        .where(BatchEntry.id.in_(ids))
        .options(
            WITH_HOUSEHOLD,
            joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure),
        )
        .order_by(BatchEntry.id)
    )
    pairs = [(row.BatchEntry, row.CaseFile) for row in session.execute(query)]
    cases = [case.id for _, case in pairs]
    seen = set(
        session.scalars(select(CaseFile.id).where(CaseFile.id.in_(cases), access.visible_cases(actor)))
    )
    steps, earlier = (
        _open_steps(session, cases),
        _earlier(session, [pair for pair in pairs if not pair[0].line]),
    )
    return [
        Row(
            entry,
            case if case.id in seen else None,
            compose.Listed(**entry.line) if entry.line else earlier[case.id],
            steps.get(case.id, ""),
        )
        for entry, case in pairs
    ]


def _earlier(session: Session, pairs: Sequence[tuple[BatchEntry, CaseFile]]) -> dict[int, compose.Listed]:
    """What the lists of before say: they were not kept, so it is as the register has it."""
    places = listed.of_cases(session, [case for _, case in pairs])
    reasons = _reasons(session, [case.id for _, case in pairs])
    return {
        case.id: replace(places[case.id], details=_details(household_of(case), reasons.get(case.id, "")))
        for _, case in pairs
    }


def _open_steps(session: Session, cases: Sequence[int]) -> dict[int, str]:
    query = select(WorkItem.case_id, WorkItem.name).where(
        WorkItem.case_id.in_(cases), WorkItem.status == "open"
    )
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
    """The batches whose households now wait at a step of the actor's queues:
    what the inbox narrows that step by.
    """
    here = (
        select(BatchEntry.batch_id)
        .join(WorkItem, WorkItem.case_id == BatchEntry.case_id)
        .where(mine(actor), WorkItem.procedure_key == procedure_key, WorkItem.element_id == element_id)
    )
    query = select(ApplicationBatch).where(visible(actor), ApplicationBatch.id.in_(here))
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
