"""A work item at hand: who may work on it, what is typed into it, and what is kept when a step fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from engine import access, definitions, persons
from engine.clock import CHINA, Clock
from engine.database import write
from engine.definitions import Definition
from engine.errors import Conflict, EngineFault, Invalid, NotAllowed, NotFound, ShouwangError
from engine.forms import Form
from engine.models import (
    Account,
    CaseFile,
    Draft,
    Incident,
    WorkItem,
    table,
)
from engine.persons import Registered
from engine.steps import LOCKED_CASE, Opened, Step

_DROP_DRAFTS = delete(table(Draft)).where(table(Draft).c.work_item_id == bindparam("item_id"))


@dataclass(frozen=True)
class StepResult:
    """What a finished step led to, for the person who took it."""

    case_id: int
    item_id: int
    opened: tuple[Opened, ...]
    finished: bool
    summary: str


_CASE_AND_ITEM = (
    LOCKED_CASE.join(WorkItem, WorkItem.case_id == CaseFile.id)
    .add_columns(WorkItem)
    .where(WorkItem.id == bindparam("item_id"))
    .with_for_update(of=(CaseFile, WorkItem))
)


def open_item(session: Session, actor: Account, item_id: int, now: datetime) -> tuple[Step, WorkItem]:
    """Lock case and item together (case first: the one lock order), and check that the actor may work on the item."""
    row = session.execute(_CASE_AND_ITEM, {"item_id": item_id}).one_or_none()
    if row is None:
        raise NotFound("没有找到这件事项。")
    case, item = row
    access.require_work(actor, item)
    require_open(session, actor, item)
    return Step(session, case, actor, now), item


def require_open(session: Session, actor: Account, item: WorkItem) -> None:
    if item.status != "open":
        who = session.get(Account, item.closed_by) if item.closed_by else None
        when = item.closed_at.astimezone(CHINA).strftime("%m月%d日 %H:%M") if item.closed_at else ""
        verb = {"done": "办结", "returned": "退回", "withdrawn": "撤回"}.get(item.status, "收回")
        raise Conflict(f"这件事项已由{who.name if who else '系统'}于 {when} {verb}，不能再次办理。")
    if item.claimed_by is not None and item.claimed_by != actor.id:
        holder = session.get_one(Account, item.claimed_by)
        raise Conflict(f"这件事项正由{holder.name}办理；如需接手，请先转办。")


def readable_item(session: Session, actor: Account, item_id: int) -> WorkItem:
    item = session.get(WorkItem, item_id)
    if item is None or not access.reaches(actor, item.village_code):
        raise NotFound("没有找到这件事项。")
    return item


def definition_of(session: Session, case: CaseFile) -> Definition:
    """The parsed version a case runs on."""
    return definitions.load(session, case.version_id)


def form_of(session: Session, actor: Account, item_id: int) -> Form:
    """The form of a work item that the actor may see."""
    item = readable_item(session, actor, item_id)
    return definition_of(session, session.get_one(CaseFile, item.case_id)).form(item.form_key)


def save_draft(session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], *, clock: Clock) -> datetime:
    """暂存: keep what the official has typed so far; returns when."""
    now = clock.now()
    item = readable_item(session, actor, item_id)
    access.require_work(actor, item)
    require_open(session, actor, item)
    store_draft(session, actor, item_id, raw, now)
    return now


def store_draft(session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], now: datetime) -> None:
    with write(session):
        query = select(Draft).where(Draft.work_item_id == item_id, Draft.account_id == actor.id)
        draft = session.scalar(query)
        if draft is None:
            draft = Draft(work_item_id=item_id, account_id=actor.id)
            session.add(draft)
        draft.data, draft.saved_at = dict(raw), now


@contextmanager
def keeping_draft(
    session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], now: datetime
) -> Iterator[None]:
    """Whatever goes wrong, what was typed is kept; a fault of the engine becomes an incident."""
    try:
        yield
    except (NotFound, NotAllowed):
        raise
    except (Invalid, Conflict) as error:
        store_draft(session, actor, item_id, raw, now)
        if isinstance(error, Registered):
            persons.tell(session, actor, error, now)
        raise
    except Exception as error:
        store_draft(session, actor, item_id, raw, now)
        number = record_incident(session, error, now, work_item_id=item_id)
        raise EngineFault(f"系统没能办成这一步，已记为故障 {number}，管理员会处理。您填的内容已暂存。") from error


def drop_drafts(step: Step, item: WorkItem) -> None:
    """Nobody's draft outlives the step."""
    step.connection.execute(_DROP_DRAFTS, {"item_id": item.id})


def record_incident(
    session: Session, error: Exception, now: datetime, *, work_item_id: int | None = None, timer_id: int | None = None,
    case_id: int | None = None, element_id: str = "",
) -> int:  # fmt: skip
    """Note a failed step for the administrator; returns the incident's number. One open incident a timer or item."""
    with write(session):
        if work_item_id is not None:
            item = session.get(WorkItem, work_item_id)
            if item is not None:
                case_id, element_id = item.case_id, item.element_id
        query = select(Incident).where(
            Incident.resolved_at.is_(None), Incident.work_item_id == work_item_id, Incident.timer_id == timer_id
        )
        incident = session.scalar(query)
        if incident is None:
            incident = Incident(
                case_id=case_id, timer_id=timer_id, work_item_id=work_item_id, element_id=element_id, attempts=0,
                error="", at=now,
            )  # fmt: skip
            session.add(incident)
        incident.attempts += 1
        incident.error = error.message if isinstance(error, ShouwangError) else repr(error)
        incident.trace = "".join(traceback.format_exception(error))[-8000:]
        session.flush()
        return incident.id


Outcome = tuple[int, StepResult | ShouwangError]


def each(item_ids: Sequence[int], act: Callable[[int], StepResult]) -> list[Outcome]:
    results: list[Outcome] = []
    for item_id in item_ids:
        try:
            results.append((item_id, act(item_id)))
        except ShouwangError as error:
            results.append((item_id, error))
    return results
