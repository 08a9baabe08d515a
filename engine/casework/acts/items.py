"""A work item at hand: who may work on it, what is typed into it, and what is kept when a step fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from engine.casework import definitions, kit
from engine.casework.models import Account, CaseFile, Draft, Incident, WorkItem
from engine.casework.organisation import access
from engine.casework.organisation.privacy import masked_text
from engine.casework.step import locks, past
from engine.casework.step.item_rows import Opened
from engine.casework.step.steps import Step
from engine.flow.forms import Form
from engine.flow.machine.definition import Definition
from engine.ground.clock import Clock
from engine.ground.database import WRITING, is_postgres, upsert, whole, write
from engine.ground.database.foreseeing import foreseeing
from engine.ground.database.foresight import Member
from engine.ground.database.objects import Objects
from engine.ground.database.prepared import Prepared
from engine.ground.errors import (
    Conflict,
    EngineFault,
    Invalid,
    NotAllowed,
    NotFound,
    ShouwangError,
    Trouble,
    Unavailable,
)
from engine.ground.surroundings import nameless, told, trouble_of
from engine.ground.tables import table

_EARLIER = table(WorkItem).alias()
_FIRST_OPENED = (
    select(func.min(_EARLIER.c.opened_at, type_=_EARLIER.c.opened_at.type))
    .where(_EARLIER.c.case_id == table(WorkItem).c.case_id, _EARLIER.c.token == table(WorkItem).c.token)
    .scalar_subquery()
)
"""SQL: when the step of an item was opened, however often it came back."""
_STILL_OPEN = (
    select(WorkItem.id)
    .where(WorkItem.id == bindparam("item_id"), WorkItem.status == "open")
    .with_for_update(read=True)
)


@dataclass(frozen=True)
class StepResult:
    """What a finished step led to, for the person who took it."""

    case_id: int
    item_id: int
    opened: tuple[Opened, ...]
    finished: bool
    summary: str


@cache
def _case_and_item(subjects: Any) -> Objects:
    locked = (
        locks.locked_case(subjects)
        .join(WorkItem, WorkItem.case_id == CaseFile.id)
        .where(WorkItem.id == bindparam("item_id"))
        .with_for_update(of=(*locks.locked_rows(subjects), WorkItem), key_share=True)
    )
    return Objects(locked, [CaseFile, subjects, WorkItem], locks.VERSION_SHA, _FIRST_OPENED, own=True)


def open_item(session: Session, actor: Account, item_id: int, now: datetime) -> tuple[Step, WorkItem]:
    """Lock case and item together, and check that the actor may work on the item."""
    step, item = locked_item(session, actor, item_id, now)
    access.require_open(session, actor, item)
    return step, item


def locked_item(session: Session, actor: Account, item_id: int, now: datetime) -> tuple[Step, WorkItem]:
    """A step on the item's case, and the item: both as they are now, locked in the one order, for whoever
    works on its queue.
    """
    row = locks.first_found(lambda table: _case_and_item(table).one_or_none(session, item_id=item_id))
    if row is None:
        raise NotFound("没有找到这件事项。")
    case, subject, item, version_sha, first_opened = row
    access.require_work(actor, item)
    locks.hold(session, case, subject, version_sha)
    step = Step(session, case, actor, now)
    step.first_opened = first_opened
    return step, item


def readable_item(session: Session, actor: Account, item_id: int) -> WorkItem:
    item = session.get(WorkItem, item_id)
    if item is None or not access.reaches(actor, item.village_code):
        raise NotFound("没有找到这件事项。")
    return item


def definition_of(session: Session, case: CaseFile) -> Definition:
    """The parsed version a case runs on."""
    return definitions.load(session, case.version_id)


def form_of(session: Session, actor: Account, item_id: int) -> Form:
    """The form of a work item that the actor may see;
    of a finished one the form that it was finished with.
    """
    return past.form_of_item(session, readable_item(session, actor, item_id))


class StaleDraft(Conflict):
    """The draft was saved elsewhere since the page that sends it was made:
    the person says which one goes on.
    """

    def __init__(self, stored: Draft) -> None:
        super().__init__("这一步您在别处也填写过，请选择用哪一份。")
        self.stored = stored


def save_draft(
    session: Session,
    actor: Account,
    item_id: int,
    raw: Mapping[str, Any],
    *,
    based_on: int | None = None,
    device: str = "",
    clock: Clock,
) -> Draft:
    """暂存: keep what the official has typed so far.

    `based_on` is the revision of the draft that was typed over, 0 for none: raises StaleDraft when it is not
    the stored one's; None replaces whatever is stored. `device` says in words where it was typed.
    """
    item = readable_item(session, actor, item_id)
    access.require_work(actor, item)
    access.require_open(session, actor, item)
    stored = store_draft(session, actor, item_id, raw, clock.now(), based_on=based_on, device=device)
    if stored is None:
        session.refresh(item)
        access.require_open(session, actor, item)
        raise NotFound("没有找到这件事项。")
    return stored


@whole
def store_draft(
    session: Session,
    actor: Account,
    item_id: int,
    raw: Mapping[str, Any],
    now: datetime,
    *,
    based_on: int | None = None,
    device: str = "",
) -> Draft | None:
    """Keep what was typed into an open item; None when the item is closed: nobody could open the draft again.

    Of two saves at once over the same revision one is stored, and the other raises StaleDraft.
    """
    keys = {"work_item_id": item_id, "account_id": actor.id}
    row = {**keys, "data": dict(raw), "saved_at": now, "device": device, "revision": 1}
    following = {"revision": Draft.revision + 1}
    unchanged = None if based_on is None else Draft.revision == based_on
    with write(session):
        if session.scalar(_STILL_OPEN, {"item_id": item_id}) is None:
            return None
        written = upsert(session, Draft, row, tuple(keys), also=following, where=unchanged).returning(Draft)
        draft = session.scalars(written, execution_options={"populate_existing": True}).one_or_none()
        if draft is None:
            raise StaleDraft(session.scalars(select(Draft).filter_by(**keys)).one())
    return draft


@contextmanager
def keeping_draft(
    session: Session, actor: Account, item_id: int, raw: Mapping[str, Any], now: datetime
) -> Iterator[None]:
    """Whatever goes wrong, what was typed is kept; a fault of the engine becomes an incident.

    Where the database itself does not serve, the page that was sent keeps it: it is asked for again.
    """
    try:
        yield
    except (NotFound, NotAllowed):
        raise
    except Unavailable as error:
        if error.trouble in (Trouble.CROSSED, Trouble.HELD) and is_postgres(session):  # only a row is held
            with suppress(Unavailable), write(session, patient=False):
                store_draft(session, actor, item_id, raw, now)
        raise
    except (Invalid, Conflict) as error:
        store_draft(session, actor, item_id, raw, now)
        if (told := kit.used().refused.get(error.code)) is not None:
            told(session, actor, error, now)
        raise
    except Exception as error:
        store_draft(session, actor, item_id, raw, now)
        raise _incident(session, error, now, item_id=item_id, kept="您填的内容已暂存。") from error


@contextmanager
def noting_faults(
    session: Session, now: datetime, *, item_id: int | None = None, case_id: int | None = None
) -> Iterator[None]:
    """A fault of the engine in an act of people becomes an incident; what was refused, or stopped,
    stays what it is.

    Inside an outer transaction the fault is the outer act's: it is rolled back as a whole.
    """
    try:
        yield
    except Exception as error:
        refused = isinstance(error, ShouwangError) and not isinstance(error, EngineFault)
        if refused or session.info.get(WRITING):
            raise
        raise _incident(session, error, now, item_id=item_id, case_id=case_id) from error


def _incident(
    session: Session,
    error: Exception,
    now: datetime,
    *,
    item_id: int | None,
    case_id: int | None = None,
    kept: str = "",
) -> EngineFault:
    if (trouble := trouble_of(error)) is not None:
        raise Unavailable(trouble) from error
    number = record_incident(session, error, now, work_item_id=item_id, case_id=case_id)
    return EngineFault(f"系统没能办成这一步，已记为故障 {number}，管理员会处理。{kept}")


@whole
def record_incident(
    session: Session,
    error: Exception,
    now: datetime,
    *,
    work_item_id: int | None = None,
    timer_id: int | None = None,
    case_id: int | None = None,
    element_id: str = "",
    sentence: str = "",
) -> int:
    """Note a failed step for the administrator; returns the incident's number.

    One open incident a timer or item, else one a case, else one a `sentence`, which says what failed.
    """
    with write(session):
        if work_item_id is not None:
            item = session.get(WorkItem, work_item_id)
            if item is not None:
                case_id, element_id = item.case_id, item.element_id
        sentence = sentence or (error.message if isinstance(error, ShouwangError) else nameless(error))
        query = select(Incident).where(
            Incident.resolved_at.is_(None),
            Incident.work_item_id == work_item_id,
            Incident.timer_id == timer_id,
        )
        if work_item_id is None and timer_id is None:
            query = query.where(Incident.case_id == case_id, Incident.error == sentence)
        incident = session.scalar(query.limit(1))
        if incident is None:
            incident = Incident(
                case_id=case_id,
                timer_id=timer_id,
                work_item_id=work_item_id,
                element_id=element_id,
                attempts=0,
                error="",
                at=now,
            )
            session.add(incident)
        incident.attempts += 1
        incident.error = masked_text(sentence)
        incident.trace = told(error)[-8000:]
        session.flush()
        return incident.id


Outcome = tuple[int, StepResult | ShouwangError]
AT_ONCE = 50
"""Items of one transaction: others who write wait for it, some 0.3 s."""
_CASE, _ITEM = table(CaseFile), table(WorkItem)
_WHOSE = Prepared(
    select(_ITEM.c.id, _ITEM.c.case_id, _ITEM.c.token, _ITEM.c.element_id, _CASE.c.subject_id)
    .join(_CASE, _ITEM.c.case_id == _CASE.c.id)
    .where(_ITEM.c.id.in_(bindparam("item_ids", expanding=True)))
)


def together(
    session: Session,
    item_ids: Sequence[int],
    within: Callable[[int], StepResult],
    alone: Callable[[int], StepResult],
) -> list[Outcome]:
    """As `each`, a few in a transaction, of which they pay one commit.

    `within` is the act inside the caller's transaction. When one of a few is refused, or anything else goes
    wrong, nothing of them has happened, and `alone` does each by itself.
    """
    results: list[Outcome] = []
    for begin in range(0, len(item_ids), AT_ONCE):
        some = item_ids[begin : begin + AT_ONCE]
        results += _few(session, some, within) or each(some, alone)
        if isinstance(results[-1][1], Unavailable):
            stopped = results[-1][1]
            return [*results, *((item_id, stopped) for item_id in item_ids[begin + AT_ONCE :])]
    return results


def _few(session: Session, item_ids: Sequence[int], act: Callable[[int], StepResult]) -> list[Outcome]:
    """All of them in one transaction; nothing where one of them cannot be done so."""
    try:
        return _all_or_none(session, item_ids, act)
    except Exception as error:  # the one that fails is found, and told of, as each is done by itself
        if isinstance(error, Unavailable) and error.trouble is Trouble.UNSURE:
            return [(item_id, error) for item_id in item_ids]  # perhaps done: asked again, the first answers
        return []


@whole
def _all_or_none(
    session: Session, item_ids: Sequence[int], act: Callable[[int], StepResult]
) -> list[Outcome]:
    with write(session):
        rows = {row.id: row for row in _WHOSE.all(session, item_ids=item_ids)}
        locks.subjects(session, [row.subject_id for row in rows.values()])  # in the one order, as everybody
        results: list[Outcome] = []
        with foreseeing(session, _members(rows, item_ids)) as begin:
            for item_id in item_ids:
                begin(item_id)
                results.append((item_id, act(item_id)))
        return results


def _members(rows: Mapping[int, Any], item_ids: Sequence[int]) -> dict[int, Member]:
    """The items with what is each one's own; whoever shares the subject with another asks for itself."""
    subjects = Counter(row.subject_id for row in rows.values())
    members = dict.fromkeys(item_ids, Member({}, foreseen=False))  # also of an item that is not there
    for item_id, row in rows.items():
        facts = {"item": item_id, "named": str(item_id), "token": row.token}
        facts |= {"case": row.case_id, "subject": row.subject_id}
        members[item_id] = Member(facts, row.element_id, subjects[row.subject_id] == 1)
    return members


def each(item_ids: Sequence[int], act: Callable[[int], StepResult]) -> list[Outcome]:
    """One act after another; a refusal stops no other.

    What the surroundings stop, stops those after it as well.
    """
    results: list[Outcome] = []
    stopped: Unavailable | None = None
    for item_id in item_ids:
        try:
            results.append((item_id, stopped or act(item_id)))
        except Unavailable as error:
            stopped = error
            results.append((item_id, error))
        except ShouwangError as error:
            results.append((item_id, error))
    return results
