"""Somebody goes to another office, or leaves: unit, roles, open work and what was asked of others go over.

The account changes in one transaction; the items follow one by one, so that what was cut off is done again
from the same page.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.casework.acts import leaving
from engine.casework.acts.leaving import HandedOver
from engine.casework.models import Account, RoleGrant, SupervisionOrder
from engine.casework.organisation import access
from engine.casework.organisation.identity import admitting, personnel, roles
from engine.casework.organisation.identity.roles import Wish
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid

NOTHING = "没有变动：请选新的单位，或者写明要收回、申请的角色。"


@dataclass(frozen=True)
class Move:
    """Where somebody goes, and what becomes of the roles and of the open work."""

    division_code: str
    post: str
    revision: str
    """Of the account as it was on the page."""
    taken: Collection[int] = ()
    """Grants of the account that are asked to be taken."""
    wishes: Sequence[Wish] = ()
    """Roles that are asked for."""
    successor: str = ""
    """A username, '' for nobody: then the work goes back to the queues."""


@dataclass(frozen=True)
class Done:
    """What became of it."""

    asked: int
    """Requests that now wait for the security administrator."""
    work: HandedOver
    orders: int
    """Supervision orders whose answers the successor hears of."""

    @property
    def summary(self) -> str:
        """As the page says it; '' for nothing."""
        parts = [f"{self.asked} 项角色的增减等安全管理员决定"] if self.asked else []
        parts += [self.work.summary] if self.work.summary else []
        parts += [f"{self.orders} 张督办单的答复也通知接手人"] if self.orders else []
        return "，".join(parts)


def move(
    session: Session, actor: Account, account_id: int, wish: Move, now: datetime, *, clock: Clock
) -> Done:
    """Move an account to another unit, ask for its roles to be taken and given, and hand its open work on.

    Roles are the security administrator's to decide (三员分立): until then the old ones stand. Raises Invalid
    with the sentences at their fields, Conflict (changed meanwhile, asked already), before anything is done.
    """
    account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
    to = leaving.successor_named(session, actor, account, wish.successor)
    asked = _change(session, actor, account_id, wish, now)
    return _succeed(session, actor, account, to, asked, now, clock)


def leave(
    session: Session,
    actor: Account,
    account_id: int,
    reason: str,
    successor: str,
    now: datetime,
    *,
    clock: Clock,
) -> Done:
    """Disable an account and hand everything on.

    The account is closed first, so that it takes nothing new; a hand-over that was cut off is done again from
    its page. `successor`: a username, '' for nobody. `now` is of the machine, by which people sign in;
    `clock` the one that cases live by.
    """
    account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
    to = leaving.successor_named(session, actor, account, successor)
    admitting.disable(session, actor, account_id, reason, now)
    return _succeed(session, actor, account, to, 0, now, clock)


def hand_over(
    session: Session, actor: Account, account_id: int, successor: str, now: datetime, *, clock: Clock
) -> Done:
    """Hand everything on; the account itself stays as it is."""
    account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
    to = leaving.successor_named(session, actor, account, successor)
    return _succeed(session, actor, account, to, 0, now, clock)


def _succeed(
    session: Session,
    actor: Account,
    account: Account,
    to: Account | None,
    asked: int,
    now: datetime,
    clock: Clock,
) -> Done:
    work = leaving.hand_on(session, actor, account, to, now, clock=clock)
    return Done(asked, work, _pass_on_orders(session, account.id, to))


@whole
def _change(session: Session, actor: Account, account_id: int, wish: Move, now: datetime) -> int:
    with write(session):
        account = roles.require(session, actor, account_id, access.ACCOUNT_ADMIN)
        removals = _removals(session, account, wish.taken)
        moved = text.half(wish.division_code) != account.division_code
        if not (moved or removals or wish.wishes):
            raise Invalid(NOTHING, {"division_code": [NOTHING]})
        personnel.edit(session, actor, account_id, _typed(account, wish), now)
        for one in removals:
            roles.ask(session, actor, account_id, one, now)
        for number, one in enumerate(wish.wishes):
            _ask(session, actor, account_id, one, number, now)
    return len(removals) + len(wish.wishes)


def _typed(account: Account, wish: Move) -> Mapping[str, str]:
    present = {name: str(getattr(account, name)) for name in personnel.FIELDS}
    new = {"division_code": wish.division_code, "post": wish.post, "revision": wish.revision}
    return {**present, **new}


def _removals(session: Session, account: Account, taken: Collection[int]) -> list[Wish]:
    """The grants to be taken, but for those that somebody has asked to be taken already."""
    waiting = {
        (one.role, one.division_code)
        for one in roles.asked(session, account)
        if one.status == "waiting" and one.act == "remove"
    }
    held: list[RoleGrant] = [one for one in account.grants if one.id in taken]
    wishes = [Wish(one.role, one.division_code, "remove") for one in held]
    return [one for one in wishes if (one.role, one.division_code) not in waiting]


def _ask(session: Session, actor: Account, account_id: int, wish: Wish, number: int, now: datetime) -> None:
    """Ask for one of the rows of the page: what is wrong with it stands at that row."""
    try:
        roles.ask(session, actor, account_id, wish, now)
    except Invalid as error:
        fields = {f"{name}-{number}": sentences for name, sentences in error.fields.items()}
        raise Invalid(error.message, fields) from error
    except Conflict as error:
        raise Invalid(error.message, {f"role-{number}": [error.message]}) from error


# -- what was asked of others ----------------------------------------------------------------------


def orders_of(session: Session, account_id: int) -> int:
    """How many supervision orders the account follows that are not settled."""
    return (
        session.scalar(select(func.count()).select_from(SupervisionOrder).where(*_followed(account_id))) or 0
    )


def _followed(account_id: int) -> tuple[ColumnElement[bool], ...]:
    mine = or_(
        SupervisionOrder.answers_to == account_id,
        (SupervisionOrder.issued_by == account_id) & SupervisionOrder.answers_to.is_(None),
    )
    return mine, SupervisionOrder.status.not_in(("accepted", "void"))


@whole
def _pass_on_orders(session: Session, from_id: int, to: Account | None) -> int:
    """Who issued them stays on record; of the answers a successor hears who supervises there."""
    if to is None:
        return 0
    with write(session):
        query = select(SupervisionOrder).where(*_followed(from_id)).options(joinedload(SupervisionOrder.item))
        reached = [
            one
            for one in session.scalars(
                query.order_by(SupervisionOrder.id).with_for_update(of=SupervisionOrder)
            )
            if access.may_supervise(to, one.item)
        ]
        for one in reached:
            one.answers_to = to.id
    return len(reached)
