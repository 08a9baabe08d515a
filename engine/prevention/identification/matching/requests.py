"""Whom the county asks about a batch, and what it says of those who do not answer: 无数据, with the reason,
never a stop (R09, domain S3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session

from engine.casework import audit, definitions
from engine.casework.models import Account, CaseFile, Setting, WorkItem
from engine.casework.organisation import access
from engine.casework.portions import bulk
from engine.ground import text
from engine.ground.clock import Clock, local_date, written
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.identification.departments.codes import DEPARTMENTS
from engine.prevention.identification.matching import batches
from engine.prevention.identification.matching.needs import NEEDS
from engine.prevention.models import MatchingBatch, MatchingEntry, MatchingFinding, MatchingRequest

LATE_DAYS = 3
"""From which day on a department that has not answered may be marked; a parameter (domain S3)."""
STATUSES = {"waiting": "等待反馈", "answered": "已反馈", "no_data": "无数据"}
MESSAGE = "matching_result"
STANDS = ("waiting", "refused")
"""What an entry is while its batch owes it a result."""
TAKEN_IN = 500
"""Cases that one act takes into batches."""


def late_from(session: Session, batch: MatchingBatch) -> date | None:
    """The first day on which a department of the batch may be marked 无数据; None before they are asked."""
    if batch.asked_on is None:
        return None
    setting = session.get(Setting, "matching.late_days")
    days = text.whole(setting.value) if setting else None
    return batch.asked_on + timedelta(days=LATE_DAYS if days is None else days)


def suggested(session: Session, batch: MatchingBatch) -> list[str]:
    """The departments that the county asked last, else all."""
    county = access.scope_of(access.ancestor(batch.township_code, "county"))
    last = (
        select(MatchingBatch.id)
        .where(access.within(MatchingBatch.township_code, [county]), MatchingBatch.asked_on.is_not(None))
        .order_by(MatchingBatch.id.desc())
        .limit(1)
    )
    query = select(MatchingRequest.department).where(MatchingRequest.batch_id == last.scalar_subquery())
    return list(session.scalars(query)) or list(NEEDS)


@whole
def ask(
    session: Session, actor: Account, batch_id: int, departments: Sequence[str], *, clock: Clock
) -> MatchingBatch:
    """The batch goes to these departments, besides those that were asked before; nobody is added to it any
    more.

    Raises Invalid without one, Conflict where no household of the batch waits.
    """
    batches.of_county(session, actor, batch_id)
    wanted = [code for code in NEEDS if code in set(departments)]
    if not wanted:
        raise Invalid("请选择送哪些部门比对。", {"departments": ["请至少选择一个部门。"]})
    with write(session):
        batch = _locked(session, actor, batch_id)
        waiting = select(MatchingEntry.id).where(
            MatchingEntry.batch_id == batch.id, MatchingEntry.status == "waiting"
        )
        if session.scalar(waiting.limit(1)) is None:
            raise Conflict("这一批没有等待比对的农户。")
        asked = {one.department for one in batch.requests}
        new = [code for code in wanted if code not in asked]
        batch.requests += [MatchingRequest(department=code) for code in new]
        if batch.asked_on is None:
            batch.asked_on, batch.asked_by = local_date(clock.now()), actor.id
        details = {"batch": batch.id, "departments": new}
        audit.record(session, "access", actor.id, "matching", details, clock.now())
    return batch


def _locked(session: Session, actor: Account, batch_id: int) -> MatchingBatch:
    batch = batches.of_county(session, actor, batch_id)
    session.refresh(batch, with_for_update=True)  # nobody enters it at the same moment (`batches._open`)
    session.refresh(batch, ["requests"])
    return batch


def one_of(batch: MatchingBatch, department: str) -> MatchingRequest:
    """The batch's request to a department. Raises NotFound."""
    for one in batch.requests:
        if one.department == department:
            return one
    raise NotFound("这一批没有送这个部门。")


@whole
def answered(session: Session, actor: Account, batch_id: int, department: str, *, clock: Clock) -> None:
    """The department has answered: about whom it said nothing it found nothing.

    For households whose result has gone back without it that is an answer too, and a late one (T09). Raises
    Conflict while its list has not left and nothing of it has come: nobody was asked about anybody (R12).
    """
    with write(session):
        batch = _locked(session, actor, batch_id)
        request = one_of(batch, department)
        if request.status == "answered":
            return
        if request.exported_at is None and not _has_said(session, batch.id, department):
            name = DEPARTMENTS[department]
            raise Conflict(f"还没有下载送{name}的名单，也没有{name}的反馈：先下载名单送去比对。")
        request.status, request.reason = "answered", ""
        request.settled_by, request.settled_at = actor.id, clock.now()
        _said_of_the_rest(session, actor, batch.id, department, clock.now())


def _has_said(session: Session, batch_id: int, department: str) -> bool:
    query = select(MatchingFinding.id).join(MatchingEntry, MatchingEntry.id == MatchingFinding.entry_id)
    mine = query.where(MatchingEntry.batch_id == batch_id, MatchingFinding.department == department)
    return session.scalar(mine.limit(1)) is not None


def _said_of_the_rest(
    session: Session, actor: Account, batch_id: int, department: str, now: datetime
) -> None:
    """A row for each household that has its result and of which the department said nothing."""
    told = exists().where(
        MatchingFinding.entry_id == MatchingEntry.id, MatchingFinding.department == department
    )
    query = select(MatchingEntry.id).where(
        MatchingEntry.batch_id == batch_id, MatchingEntry.status == "answered", ~told
    )
    row = {
        "department": department,
        "member_key": "",
        "member_name": "全户",
        "item": "",
        "outcome": "none",
        "detail": "",
        "version": 1,
        "standing": "current",
        "late": True,
        "recorded_by": actor.id,
        "recorded_at": now,
    }
    rows = [{"entry_id": entry_id, **row} for entry_id in session.scalars(query)]
    if rows:
        session.execute(insert(MatchingFinding), rows)


@whole
def no_data(
    session: Session, actor: Account, batch_id: int, department: str, reason: str, *, clock: Clock
) -> None:
    """The officer's word that the department has not answered in time (domain S3): never a stop.

    Raises Invalid without a reason, Conflict before its day.
    """
    batches.of_county(session, actor, batch_id)
    said = text.line(reason)[:200]
    if not said:
        raise Invalid("请写明没有取得数据的原因。", {"reason": ["请写明原因。"]})
    with write(session):
        batch = _locked(session, actor, batch_id)
        request, day = one_of(batch, department), late_from(session, batch)
        if request.status != "waiting":
            raise Conflict(f"{DEPARTMENTS[department]}已经登记为“{STATUSES[request.status]}”。")
        if day is None or local_date(clock.now()) < day:
            when = written(day) if day else "送部门"
            raise Conflict(f"{when}起才可以标“无数据”，这以前请等{DEPARTMENTS[department]}反馈。")
        request.status, request.reason = "no_data", said
        request.settled_by, request.settled_at = actor.id, clock.now()


# -- cases that stand in no batch ------------------------------------------------------------------


def _outside(session: Session, actor: Account) -> Any:
    """The open steps that wait for a result and whose case stands in no batch of the county: of versions of
    before batches were kept, moved from one, or of a household that came from another county.
    """
    scopes = access.scopes(actor, batches.COUNTY)
    running = select(CaseFile.version_id).where(
        CaseFile.status == "open", access.within(CaseFile.village_code, scopes)
    )
    steps = {
        element
        for version_id in session.scalars(running.distinct())
        for element in definitions.load(session, version_id).beside_steps(MESSAGE)
    }
    county = access.PREFIX_LENGTH["county"]
    entered = exists().where(
        MatchingEntry.case_id == WorkItem.case_id,
        MatchingEntry.status.in_(STANDS),
        MatchingBatch.id == MatchingEntry.batch_id,
        func.substr(MatchingBatch.township_code, 1, county) == func.substr(WorkItem.village_code, 1, county),
    )
    return (
        select(WorkItem)
        .where(
            WorkItem.status == "open",
            WorkItem.element_id.in_(steps),
            access.within(WorkItem.village_code, scopes),
            ~entered,
        )
        .order_by(WorkItem.id)
        .limit(TAKEN_IN)
    )


def outside(session: Session, actor: Account) -> int:
    """How many households wait for a result and stand in no batch, at most `TAKEN_IN`."""
    if not access.scopes(actor, batches.COUNTY):
        return 0
    return len(session.scalars(_outside(session, actor)).all())


@whole
def take_in(session: Session, actor: Account, *, clock: Clock) -> int:
    """Put those that stand in no batch into one of their township; answers how many. Who has signed no letter
    is left out (R08).
    """
    access.require_role(actor, *sorted(batches.COUNTY))
    taken = 0
    with write(session):
        items = list(session.scalars(_outside(session, actor)))
        for item, variables in bulk.variables_of(session, items):
            try:
                _take(session, item.case, variables, clock.now())
                taken += 1
            except NotAllowed:
                continue
    return taken


def _take(session: Session, case: CaseFile, variables: Mapping[str, Any], now: datetime) -> None:
    said = variables.get("matching_batch") or {}
    day = text.day(str(said.get("submitted_on") or "")) or local_date(now)
    away = update(MatchingEntry).where(MatchingEntry.case_id == case.id, MatchingEntry.status.in_(STANDS))
    session.execute(away.values(status="returned", note="这户已移交到外地，由那里重新组织比对。"))
    batches.put(session, case, str(said.get("batch") or ""), day, variables.get("authorisation") or {}, now)
