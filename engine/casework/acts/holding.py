"""领办, 放回, 转办: who holds an open item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.acts.items import readable_item
from engine.casework.models import Account, WorkItem
from engine.casework.organisation import access, accounts
from engine.casework.step.steps import Step
from engine.flow.history import lines
from engine.ground.clock import Clock
from engine.ground.database import save, whole, write
from engine.ground.errors import Invalid


def claim(session: Session, actor: Account, item_id: int, *, clock: Clock) -> WorkItem:
    """领办: take an item of the queue for oneself."""
    return _hold(session, actor, item_id, lambda item: actor.id, lines.Claimed, clock)


def release(session: Session, actor: Account, item_id: int, *, clock: Clock) -> WorkItem:
    """Give a claimed item back to the queue."""
    return _hold(session, actor, item_id, lambda item: None, lines.Released, clock)


def reassign(session: Session, actor: Account, item_id: int, account_id: int, *, clock: Clock) -> WorkItem:
    """转办: hand an open item to another official of the same queue; the desk itself does so,
    or its supervisor.
    """

    def to_colleague(item: WorkItem) -> int:
        colleague = session.get(Account, account_id)
        if colleague is None or not accounts.is_usable(colleague) or not access.may_work(colleague, item):
            raise Invalid("只能转给同一待办的在岗人员。", {"account_id": ["请选择同一待办的在岗人员。"]})
        return colleague.id

    return _hold(session, actor, item_id, to_colleague, lines.Reassigned, clock, anyone=True)


@whole
def _hold(
    session: Session,
    actor: Account,
    item_id: int,
    holder: Callable[[WorkItem], int | None],
    kind: type[lines.Held],
    clock: Clock,
    *,
    anyone: bool = False,
) -> WorkItem:
    now = clock.now()
    with write(session):
        step, item = _open_for_holding(session, actor, item_id, now, anyone)
        to = holder(item)
        if to is not None:
            _stay_active(session, to)
        save(step.connection, item, claimed_by=to, claimed_at=now if to else None)
        step.log(kind(item=item.id, name=item.name, to=to), item.element_id)
    return item


def _stay_active(session: Session, account_id: int) -> None:
    """Nobody disables the account until the transaction ends: whoever does hands on what is in its hands."""
    held = select(Account.id).where(Account.id == account_id, Account.active)
    if session.scalar(held.with_for_update(read=True, key_share=True)) is None:
        raise Invalid("这个账号已经停用，请换一位在岗人员。", {"account_id": ["请选择在岗人员。"]})


def _open_for_holding(
    session: Session, actor: Account, item_id: int, now: datetime, anyone: bool
) -> tuple[Step, WorkItem]:
    item = readable_item(session, actor, item_id)
    if not (anyone and access.may_supervise(actor, item)):
        access.require_work(actor, item)
    step = Step.on(session, item.case_id, actor, now)
    session.refresh(item)
    if not (anyone and item.status == "open"):
        access.require_open(session, actor, item)
    return step, item


@whole
def pass_on(
    session: Session, actor: Account, item_id: int, from_id: int, to: Account | None, *, clock: Clock
) -> bool | None:
    """Hand what `from_id` holds to `to`, where they may work on it, else give it back to the queue.

    For whoever administers the account `from_id`, who need know nothing of the case: the caller has asked.
    Answers whether it was handed over; None when it is no longer held.
    """
    now = clock.now()
    with write(session):
        case_id = session.scalar(select(WorkItem.case_id).where(WorkItem.id == item_id))
        step = Step.on(session, case_id, actor, now) if case_id is not None else None
        if step is None:
            return None
        item = session.get_one(WorkItem, item_id, populate_existing=True)
        if item.status != "open" or item.claimed_by != from_id:
            return None
        holder = to if to is not None and accounts.is_usable(to) and access.may_work(to, item) else None
        kind: type[lines.Held] = lines.Reassigned if holder is not None else lines.Released
        name = holder.id if holder is not None else None
        save(step.connection, item, claimed_by=name, claimed_at=now if name else None)
        step.log(kind(item=item.id, name=item.name, to=name), item.element_id)
    return holder is not None
