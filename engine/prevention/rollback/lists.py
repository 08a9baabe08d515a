"""Which batches of applications there are, and how their households stand (R28): what pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.casework.desk.inbox import Group, mine
from engine.casework.models import Account, Procedure, WorkItem
from engine.casework.organisation import access
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import ApplicationBatch, BatchEntry

RESULTS = {"waiting": "待批", "agreed": "同意", "refused": "不同意", "returned": "已退回"}
LEVELS = {"county": "县级", "province": "省级"}
LEVEL_WORDS = {"county": "申请", "province": "汇总"}
CHOICES = 50
ROLES = frozenset({"county_approver", "city_reviewer", "province_reviewer", access.SUPERVISOR})
"""Who sees batches of applications, which begin at the county (R28)."""


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the batches that the actor may see: of the divisions at and below their own."""
    return access.within(ApplicationBatch.division_code, access.scopes(actor, ROLES))


def still_gathering(today: date) -> ColumnElement[bool]:
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
    still = select(ApplicationBatch.id).where(
        ApplicationBatch.id == batch.id, still_gathering(today or date.min)
    )
    counts = _counts(session, [batch.id]).get(batch.id, {})
    return Line(batch, counts, gathering=today is not None and session.scalar(still) is not None)


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
