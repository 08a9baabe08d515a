"""The lists of work: 待办, 已办, 我发起的. Flat in the number of open items: each is an index scan with a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select
from sqlalchemy.orm import Session, joinedload, lazyload

from engine.casework import kit, lamps
from engine.casework.models import IS_OPEN, ITEM_SUBJECT, Account, CaseFile, Notification, RoleGrant, WorkItem
from engine.casework.organisation import access, accounts
from engine.ground.paging import COUNT_CAP, Page, page_of
from engine.ground.paging.merged import each
from engine.ground.tables import table
from engine.ground.text import key

_ITEM = table(WorkItem)
IS_URGED = WorkItem.urged > literal_column("0")

URGED_SHOWN = 5


@dataclass(frozen=True)
class InboxFilter:
    """What the official narrows the list to; every field may be empty."""

    step: str = ""  # "procedure:element"
    lamp: str = ""
    text: str = ""
    village: str = ""
    part_of: Mapping[str, int] = field(default_factory=dict)  # {"batch": 7}: what the field groups cases by
    urged: bool = False  # only what a supervisor has urged
    sort: str = "due"  # due, opened, name
    page: int = 1

    @property
    def narrows(self) -> bool:
        """Whether fewer items are asked for than there are."""
        return bool(self.query.keys() - {"sort"})

    @property
    def query(self) -> dict[str, str | int]:
        """The filter as an address carries it: what is narrowed, without the page."""
        named: dict[str, str | int] = {
            "step": self.step,
            "lamp": self.lamp,
            "q": self.text,
            "village": self.village,
            **self.part_of,
            "urged": int(self.urged),
            "sort": "" if self.sort == "due" else self.sort,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Group:
    """The open items of one step in the actor's queues."""

    procedure_key: str
    element_id: str
    name: str
    queue: str
    count: int
    red: int
    yellow: int

    @property
    def step(self) -> str:
        """What `InboxFilter.step` takes."""
        return f"{self.procedure_key}:{self.element_id}"


def mine(actor: Account) -> ColumnElement[bool]:
    """SQL: the open items of the actor's queues."""
    return _of_queues(_held(actor))


Held = tuple[tuple[str, str], ...]
"""Roles, each with its division: what an actor's queues follow from."""
QUEUES_KEPT = 1024
"""So many kinds of desks: a word that is built anew for each page costs more than the page's count."""


def _held(actor: Account) -> Held:
    return tuple([(grant.role, grant.division_code) for grant in actor.grants])


@lru_cache(QUEUES_KEPT)
def _of_queues(held: Held) -> ColumnElement[bool]:
    grants = [RoleGrant(role=role, division_code=code) for role, code in held]
    conditions = [c for grant in grants if (c := access.queue_condition(grant)) is not None]
    return and_(IS_OPEN, or_(*conditions) if conditions else access.within(WorkItem.village_code, []))


def _narrow(query: Select[WorkItem], wanted: InboxFilter, now: datetime) -> Select[WorkItem]:
    if wanted.step:
        procedure, _, element = wanted.step.partition(":")
        query = query.where(WorkItem.procedure_key == procedure, WorkItem.element_id == element)
    if wanted.lamp in lamps.LAMPS:
        query = query.where(lamps.under(WorkItem.due_at, wanted.lamp, now))
    if wanted.village:
        scope = access.scope_of(wanted.village)
        query = query.where(access.within(WorkItem.village_code, [scope]))
    for name, number in wanted.part_of.items():
        query = query.where(WorkItem.case_id.in_(kit.used().narrowings[name](number)))
    if wanted.urged:
        query = query.where(IS_URGED)
    if wanted.text:
        query = query.where(ITEM_SUBJECT.contains(key(wanted.text), autoescape=True))
    return query


def todo(
    session: Session,
    actor: Account,
    wanted: InboxFilter,
    now: datetime,
    groups: Sequence[Group] | None = None,
) -> Page[WorkItem]:
    """待办: the open items of the actor's queues, what is due first on top.

    With the `groups` a list that is narrowed by nothing is not counted once more.
    """
    query = _narrow(select(WorkItem).where(mine(actor)), wanted, now)
    claimer = joinedload(WorkItem.claimer).lazyload(Account.grants)
    ordered = query.order_by(*_order(wanted)).options(claimer)
    total = None if groups is None or wanted.narrows else sum(group.count for group in groups)
    return page_of(session, query, ordered, wanted.page, total=total)


def urged(session: Session, actor: Account) -> Sequence[WorkItem]:
    """What supervisors have urged in the actor's queues, what is due first on top; only the first few."""
    query = select(WorkItem).where(mine(actor), IS_URGED).order_by(WorkItem.due_at, WorkItem.id)
    return list(session.scalars(query.limit(URGED_SHOWN + 1)))


def of_actor(session: Session, actor: Account, item_id: int) -> WorkItem | None:
    """An item that the actor closed, or None."""
    found = session.get(WorkItem, item_id)
    return found if found is not None and found.closed_by == actor.id else None


def of_case(session: Session, actor: Account, case_id: int) -> Sequence[WorkItem]:
    """The open items of a case in the actor's queues, the oldest first."""
    query = select(WorkItem).where(mine(actor), WorkItem.case_id == case_id).order_by(WorkItem.id)
    return list(session.scalars(query.limit(URGED_SHOWN)))


def steps_of(session: Session, case_ids: Sequence[int]) -> dict[int, list[str]]:
    """The names of the steps at which each of the cases, a page of them, waits for somebody."""
    query = select(WorkItem.case_id, WorkItem.name).where(WorkItem.case_id.in_(case_ids), IS_OPEN)
    found: dict[int, list[str]] = {}
    for case_id, name in session.execute(query.order_by(WorkItem.id)):
        found.setdefault(case_id, []).append(name)
    return found


def todo_ids(session: Session, actor: Account, wanted: InboxFilter, now: datetime, limit: int) -> list[int]:
    """All that `todo` would list on all its pages, up to `limit`;
    what a colleague has claimed is left out.
    """
    query = _narrow(select(WorkItem).where(mine(actor)), wanted, now)
    query = query.where(or_(WorkItem.claimed_by.is_(None), WorkItem.claimed_by == actor.id))
    return list(session.scalars(query.with_only_columns(WorkItem.id).order_by(*_order(wanted)).limit(limit)))


def _order(wanted: InboxFilter) -> tuple[Any, ...]:
    return {
        "opened": (WorkItem.opened_at, WorkItem.id),
        "name": (WorkItem.subject, WorkItem.id),
    }.get(wanted.sort, (WorkItem.due_at.is_(None), WorkItem.due_at, WorkItem.id))  # as the index has them


def todo_count(session: Session, actor: Account) -> int:
    """How many items are open for the actor, up to the cap."""
    return session.scalar(_counting(_held(actor))) or 0


@lru_cache(QUEUES_KEPT)
def _counting(held: Held) -> Select[int]:
    few = select(WorkItem.id).where(_of_queues(held)).limit(COUNT_CAP).subquery()
    return select(func.count()).select_from(few)


def counted(groups: Sequence[Group]) -> int:
    """As `todo_count`, from the groups."""
    return min(sum(group.count for group in groups), COUNT_CAP)


def todo_groups(session: Session, actor: Account, now: datetime) -> list[Group]:
    """The actor's open items counted by step, with how many are overdue or nearly so."""
    red, yellow = (lamps.many(WorkItem.due_at, colour, now) for colour in ("red", "yellow"))
    step = (WorkItem.queue, WorkItem.procedure_key, WorkItem.element_id)
    query = select(*step, func.count(), red, yellow, func.max(WorkItem.id)).where(mine(actor)).group_by(*step)
    rows = session.execute(query.order_by(func.min(WorkItem.id))).all()
    latest = [row[-1] for row in rows]  # a step is called as its newest item is
    names = {
        row.id: row.name
        for row in session.execute(select(_ITEM.c.id, _ITEM.c.name).where(_ITEM.c.id.in_(latest)))
    }
    return [
        Group(procedure, element, names[last], queue, count, late, soon)
        for queue, procedure, element, count, late, soon, last in rows
    ]


def done(session: Session, actor: Account, page: int = 1, text: str = "") -> Page[WorkItem]:
    """已办: what the actor finished, returned or took back, latest first."""
    query = select(WorkItem).where(WorkItem.closed_by == actor.id)
    if text:
        query = query.where(ITEM_SUBJECT.contains(key(text), autoescape=True))
    ordered = query.order_by(WorkItem.closed_at.desc(), WorkItem.id.desc()).options(joinedload(WorkItem.case))
    return page_of(session, query, ordered, page)


def started(session: Session, actor: Account, page: int = 1) -> Page[CaseFile]:
    """我发起的: the cases that the actor's clues opened, latest first."""
    query = select(CaseFile).where(CaseFile.started_by == actor.id, access.visible_cases(actor))
    return page_of(session, query, query.order_by(CaseFile.id.desc()), page)


def colleagues(session: Session, actor: Account, item: WorkItem) -> list[Account]:
    """Who else works on the item's queue in its own division: whom 转办 may name,
    an official's or a supervisor's.
    """
    role = next(role for role, queue in access.QUEUE_OF_ROLE.items() if queue == item.queue)
    query = (
        select(Account)
        .join(RoleGrant)
        .where(
            RoleGrant.role == role,
            RoleGrant.division_code == item.division_code,
            accounts.usable(),
            Account.id != actor.id,
        )
        .order_by(Account.name)
        .limit(200)
    )
    return list(session.scalars(query.options(lazyload(Account.grants))))  # names are shown, no rights asked


def bell(session: Session, actor: Account, page: int = 1) -> Page[Notification]:
    """The notifications of the actor's queues and the actor's own, latest first."""
    conditions = [
        condition
        for grant in actor.grants
        if (condition := access.queue_condition(grant, Notification)) is not None
    ]
    conditions += [
        and_(Notification.queue == access.SUPERVISOR, Notification.division_code == grant.division_code)
        for grant in actor.grants
        if grant.role == access.SUPERVISOR
    ]
    query = select(Notification).where(each([Notification.account_id == actor.id, *conditions]))
    return page_of(session, query, query.order_by(Notification.id.desc()), page)
