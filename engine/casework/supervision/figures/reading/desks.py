"""Desks and officials with what they have in hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from engine.casework.models import IS_OPEN, Account, Division, RoleGrant, WorkItem
from engine.casework.organisation import access, accounts
from engine.casework.supervision import counting
from engine.casework.supervision.counts import reading as counts
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
    found = page_of_rows(session, _units(division), page)
    lamps = counting.by_desk(session, division, now, [(row.queue, row.division_code) for row in found.items])
    desks = []
    for row in found.items:
        lit = pressing(lamps.get((row.queue, row.division_code)))
        desks.append(Desk(row.queue, row.division_code, Waiting(int(row.many), *lit), int(row.held)))
    return found.showing(desks)


def _units(division: Division) -> Select[tuple[str, str, int, int]]:
    """SQL: the desks with open tasks: how many, and how many of these are held."""
    if counts.serves(division):
        rows = counts.desks(division).c
        unit, many = (rows.queue, rows.desk.label("division_code")), func.sum(rows.many)
        held = func.sum(case((rows.holder != 0, rows.many), else_=0))
        query = select(*unit, many.label("many"), held.label("held")).group_by(rows.queue, rows.desk)
        return query.having(many != 0).order_by(many.desc(), rows.queue, rows.desk)
    desk = (_ITEM.c.queue, _ITEM.c.division_code)
    open_here = (IS_OPEN, within(_ITEM.c.village_code, division.code))
    numbers = (func.count().label("many"), func.count(_ITEM.c.claimed_by).label("held"))
    query = select(*desk, *numbers).where(*open_here).group_by(*desk)
    return query.order_by(func.count().desc(), *desk)


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
    held = _held(division).limit(HOLDERS).subquery()
    query = select(Account.name, *held.c).join(Account, Account.id == held.c.claimed_by)
    rows = session.execute(query.order_by(held.c.many.desc(), Account.name, Account.id)).all()
    lamps = counting.by_holder(session, division, now, {row.claimed_by for row in rows})
    found = []
    for row in rows:
        lit = pressing(lamps.get((row.claimed_by, row.queue, row.division_code)))
        found.append(InHand(row.name, row.queue, row.division_code, Waiting(int(row.many), *lit)))
    return found


def _held(division: Division) -> Select[tuple[int, str, str, int]]:
    """SQL: what each official has in hand at each desk, those with most first."""
    if counts.serves(division):
        rows = counts.desks(division, held=True).c
        key, many = (rows.holder, rows.queue, rows.desk), func.sum(rows.many)
        named = (rows.holder.label("claimed_by"), rows.queue, rows.desk.label("division_code"))
        query = select(*named, many.label("many")).group_by(*key).having(many != 0)
        return query.order_by(many.desc(), *key)
    holder = (_ITEM.c.claimed_by, _ITEM.c.queue, _ITEM.c.division_code)
    mine = (IS_OPEN, within(_ITEM.c.village_code, division.code), _ITEM.c.claimed_by.is_not(None))
    query = select(*holder, func.count().label("many")).where(*mine).group_by(*holder)
    return query.order_by(func.count().desc(), *holder)
