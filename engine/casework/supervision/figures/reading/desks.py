"""Desks and officials with what they have in hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import IS_OPEN, Account, Division, RoleGrant, WorkItem
from engine.casework.organisation import access, accounts
from engine.casework.supervision import counting
from engine.casework.supervision.figures.reading.places import within
from engine.casework.supervision.figures.reading.step_figures import Waiting, pressing
from engine.ground.paging import Page, page_of_rows
from engine.ground.tables import table

_ITEM = table(WorkItem)
HOLDERS = 50
"""How many officials with tasks in hand a page names, those with most first."""


@dataclass(frozen=True)
class Desk:
    """A queue of a division that has open tasks: tasks and limits,
    and how many tasks somebody has taken up.
    """

    queue: str
    division_code: str
    waiting: Waiting
    held: int


@dataclass(frozen=True)
class InHand:
    """What an official has taken up at one desk."""

    name: str
    queue: str
    division_code: str
    waiting: Waiting


def units(session: Session, division: Division, now: datetime, page: int = 1) -> Page[Desk]:
    """The desks at and below a division that have open tasks, those with most first."""
    unit = (_ITEM.c.queue, _ITEM.c.division_code)
    open_here = (IS_OPEN, within(_ITEM.c.village_code, division.code))
    counts = (func.count().label("many"), func.count(_ITEM.c.claimed_by).label("held"))
    query = select(*unit, *counts).where(*open_here).group_by(*unit)
    found = page_of_rows(session, query.order_by(func.count().desc(), *unit), page)
    lamps = counting.by_desk(session, division, now, [(row.queue, row.division_code) for row in found.items])
    desks = []
    for row in found.items:
        lit = pressing(lamps.get((row.queue, row.division_code)))
        desks.append(Desk(row.queue, row.division_code, Waiting(row.many, *lit), row.held))
    return found.showing(desks)


def staff(session: Session, codes: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many officials who can sign in work on each queue of these divisions."""
    query = (
        select(RoleGrant.role, RoleGrant.division_code, func.count(func.distinct(RoleGrant.account_id)))
        .join(Account, Account.id == RoleGrant.account_id)
        .where(
            RoleGrant.division_code.in_(set(codes)),
            RoleGrant.role.in_(access.QUEUE_OF_ROLE),
            accounts.usable(),
        )
        .group_by(RoleGrant.role, RoleGrant.division_code)
    )
    return {(access.QUEUE_OF_ROLE[role], code): many for role, code, many in session.execute(query)}


def people(session: Session, division: Division, now: datetime) -> list[InHand]:
    """The officials who have open tasks in hand at and below a division, those with most first."""
    holder = (_ITEM.c.claimed_by, _ITEM.c.queue, _ITEM.c.division_code)
    held = (
        select(*holder, func.count().label("many"))
        .where(IS_OPEN, within(_ITEM.c.village_code, division.code), _ITEM.c.claimed_by.is_not(None))
        .group_by(*holder)
        .order_by(func.count().desc(), *holder)
        .limit(HOLDERS)
        .subquery()
    )
    query = select(Account.name, *held.c).join(Account, Account.id == held.c.claimed_by)
    rows = session.execute(query.order_by(held.c.many.desc(), Account.name, Account.id)).all()
    lamps = counting.by_holder(session, division, now, {row.claimed_by for row in rows})
    found = []
    for row in rows:
        lit = pressing(lamps.get((row.claimed_by, row.queue, row.division_code)))
        found.append(InHand(row.name, row.queue, row.division_code, Waiting(row.many, *lit)))
    return found
