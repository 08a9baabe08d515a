"""Which orders of supervision there are, who may see, answer and judge them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, literal_column, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.casework.acts.items import readable_item
from engine.casework.models import Account, OrderEntry, SupervisionOrder, WorkItem
from engine.casework.organisation import access
from engine.ground.errors import Conflict, NotFound
from engine.ground.paging import Page, page_of

STATUS_NAMES = {
    "open": "待答复",
    "answered": "已答复",
    "returned": "已退回",
    "accepted": "已认可",
    "void": "不再需要",
}
TO_ANSWER = SupervisionOrder.status.in_((literal_column("'open'"), literal_column("'returned'")))


def get(session: Session, actor: Account, order_id: int) -> SupervisionOrder:
    """An order with its case, item and lines. Raises NotFound outside the actor's reach."""
    query = select(SupervisionOrder).where(SupervisionOrder.id == order_id, access.visible_orders(actor))
    loaded = query.options(
        joinedload(SupervisionOrder.case),
        joinedload(SupervisionOrder.item),
        joinedload(SupervisionOrder.issuer),
        selectinload(SupervisionOrder.entries).joinedload(OrderEntry.account),
    )
    found = session.scalar(loaded.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("没有找到这张督办单。")
    return found


def listing(
    session: Session, actor: Account, status: str = "", page: int = 1, *, today: date | None = None
) -> Page[SupervisionOrder]:
    """The orders in the actor's reach, latest first: all, of one status, ``mine`` to answer, or ``late``.

    Late are promises that have passed, and by `today` the answers that are missing.
    """
    query = select(SupervisionOrder).where(access.visible_orders(actor))
    if status == "mine":
        query = query.where(TO_ANSWER, _desks(actor))
    elif status == "late":
        query = query.where(_late(today or date.min))
    elif status in STATUS_NAMES:
        query = query.where(SupervisionOrder.status == status)
    shown = query.options(
        joinedload(SupervisionOrder.case),
        joinedload(SupervisionOrder.item),
        joinedload(SupervisionOrder.issuer),
    )
    return page_of(session, query, shown.order_by(SupervisionOrder.id.desc()), page)


def _late(today: date) -> ColumnElement[bool]:
    """SQL: `late`, by the days alone: a scheduler that is behind, or an answer sent back, changes nothing."""
    unkept = and_(~TO_ANSWER, SupervisionOrder.promised_on < today, SupervisionOrder.step_open)
    return or_(and_(TO_ANSWER, SupervisionOrder.answer_by < today), unkept)


def _desks(actor: Account) -> ColumnElement[bool]:
    """SQL: the orders to the actor's desks."""
    desks = [
        and_(
            SupervisionOrder.queue == access.QUEUE_OF_ROLE[grant.role],
            access.within(SupervisionOrder.division_code, [access.scope_of(grant.division_code)]),
        )
        for grant in actor.grants
        if grant.role in access.QUEUE_OF_ROLE
    ]
    return or_(*desks) if desks else access.within(SupervisionOrder.division_code, [])


def to_answer(session: Session, actor: Account) -> int:
    """How many orders the actor's desks have to answer, up to 100."""
    query = select(SupervisionOrder.id).where(TO_ANSWER, _desks(actor))
    return len(session.scalars(query.limit(100)).all())


def of_case(session: Session, case_id: int) -> list[SupervisionOrder]:
    """The orders about a case, latest first."""
    query = (
        select(SupervisionOrder)
        .where(SupervisionOrder.case_id == case_id)
        .options(joinedload(SupervisionOrder.issuer))
    )
    return list(session.scalars(query.order_by(SupervisionOrder.id.desc())))


def may_answer(actor: Account, order: SupervisionOrder) -> bool:
    """Whether the actor works at the desk that the order is addressed to, and an answer is due."""
    return order.status in ("open", "returned") and any(
        access.QUEUE_OF_ROLE.get(grant.role) == order.queue
        and access.scope_of(grant.division_code).holds(order.division_code)
        for grant in actor.grants
    )


def may_judge(actor: Account, order: SupervisionOrder) -> bool:
    """Whether the actor supervises the unit that has answered."""
    return order.status == "answered" and access.may_supervise(actor, order.item)


def late(order: SupervisionOrder, today: date) -> bool:
    """Whether an answer is missing after its day, or a promise has passed with the step still to be done.

    An answer is owed also when the step has been finished meanwhile; a promise is kept with the step,
    whichever work item of the case it is: to send the case back does not end it.
    """
    if order.status in ("open", "returned"):
        return order.answer_by < today
    return bool(order.step_open) and order.promised_on is not None and order.promised_on < today


def item_for(session: Session, actor: Account, item_id: int) -> WorkItem:
    """The open item that a new order would be about.

    Raises NotFound, NotAllowed, Conflict when it is done.
    """
    item = readable_item(session, actor, item_id)
    access.require_supervision(actor, item)
    if item.status != "open":
        raise Conflict("这件事项已经办结，不用再督办。")
    return item
