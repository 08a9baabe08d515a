"""Somebody goes: what they hold is handed on in one act, and what nobody may take goes back to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.casework import audit
from engine.casework.acts import holding
from engine.casework.models import IS_OPEN, Account, Draft, RoleGrant, WorkItem
from engine.casework.organisation import access, accounts
from engine.casework.organisation.identity import personnel
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Invalid


@dataclass(frozen=True)
class Held:
    """How many open items of a step in a place somebody has taken."""

    name: str
    division_code: str
    count: int


@dataclass(frozen=True)
class HandedOver:
    """What became of the items."""

    given: int
    released: int

    @property
    def summary(self) -> str:
        """As the page says it."""
        parts = [f"转交 {self.given} 件"] if self.given else []
        parts += [f"{self.released} 件放回待办"] if self.released else []
        return "，".join(parts)


def held(session: Session, account_id: int) -> list[Held]:
    """What the account has taken and not finished, without a word of the households."""
    query = (
        select(WorkItem.name, WorkItem.division_code, func.count())
        .where(WorkItem.claimed_by == account_id, IS_OPEN)
        .group_by(WorkItem.name, WorkItem.division_code)
        .order_by(WorkItem.division_code, WorkItem.name)
    )
    return [Held(*row) for row in session.execute(query)]


def successors(session: Session, account: Account) -> list[Account]:
    """Who does the same work: holds one of the account's roles in the same division."""
    wanted = [
        (grant.role, scope)
        for grant in account.grants
        if grant.role in access.CASE_ROLES
        for scope in [access.scope_of(grant.division_code)]
    ]
    found: dict[int, Account] = {}
    for role, scope in wanted:
        query = (
            select(Account)
            .join(RoleGrant, RoleGrant.account_id == Account.id)
            .where(RoleGrant.role == role, RoleGrant.division_code == scope.low)
            .where(accounts.usable(), Account.id != account.id)
        )
        for one in session.scalars(query.order_by(Account.name, Account.id).limit(50)):
            found[one.id] = one
    return list(found.values())


def release_unreached(session: Session, actor: Account, account_ids: Sequence[int], *, clock: Clock) -> int:
    """After roles were taken: what the accounts hold and may no longer work on goes back to the queues;
    answers how many items.
    """
    released = 0
    for account_id in account_ids:
        account = session.get_one(Account, account_id)
        query = select(WorkItem).where(WorkItem.claimed_by == account_id, IS_OPEN)
        beyond = [item.id for item in session.scalars(query) if not access.may_work(account, item)]
        outcomes = [holding.pass_on(session, actor, one, account_id, None, clock=clock) for one in beyond]
        released += outcomes.count(False)
    return released


def successor_named(session: Session, actor: Account, account: Account, username: str) -> Account | None:
    """Who takes over. Raises Invalid for nobody who could."""
    if not username.strip():
        return None
    found = session.scalar(select(Account).where(Account.username == personnel.read_username(username)))
    if found is None or not found.active or found.id == account.id:
        sentence = "没有这个在用的账号：请填接手人的账号，或者留空，放回待办。"
        raise Invalid(sentence, {"successor": [sentence]})
    if not accounts.is_usable(found):
        sentence = f"{found.name}还没有设定密码，登录不了：请换一位接手人，或者留空，放回待办。"
        raise Invalid(sentence, {"successor": [sentence]})
    if not access.reaches(actor, found.division_code, frozenset({access.ACCOUNT_ADMIN})):
        raise Invalid("接手人不归您管。", {"successor": ["接手人不归您管。"]})
    return found


def hand_on(
    session: Session, actor: Account, account: Account, to: Account | None, now: datetime, *, clock: Clock
) -> HandedOver:
    """Hand an account's open work on, or, without `to`, back to the queues, item by item.

    `now` is of the machine, by which people sign in; `clock` the one that cases live by.
    """
    query = select(WorkItem.id).where(WorkItem.claimed_by == account.id, IS_OPEN)
    outcomes: list[bool | None] = []
    for item_id in list(session.scalars(query.order_by(WorkItem.id))):
        outcomes.append(holding.pass_on(session, actor, item_id, account.id, to, clock=clock))
        if outcomes[-1] and to is not None:
            _give_draft(session, item_id, account.id, to.id)
    done = HandedOver(outcomes.count(True), outcomes.count(False))
    _record(session, actor, account, to, done, now)
    return done


@whole
def _give_draft(session: Session, item_id: int, from_id: int, to_id: int) -> None:
    """What was typed so far goes along, where the successor has typed nothing yet."""
    with write(session):
        own = select(Draft.id).where(Draft.work_item_id == item_id, Draft.account_id == to_id)
        if session.scalar(own) is None:
            mine = (Draft.work_item_id == item_id, Draft.account_id == from_id)
            session.execute(update(Draft).where(*mine).values(account_id=to_id))


@whole
def _record(
    session: Session, actor: Account, account: Account, to: Account | None, done: HandedOver, now: datetime
) -> None:
    if not (done.given or done.released):
        return
    with write(session):
        data = {
            "account": account.id,
            "to": to.id if to is not None else None,
            "given": done.given,
            "released": done.released,
        }
        audit.record(session, "accounts", actor.id, "handed_over", data, now)
