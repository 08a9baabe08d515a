"""What goes along when a household belongs to another village: everything that carries its place (S24).

Its cases, open steps, limits and records are the other place's from then on, and the limits run on as before.
What hung in the old village, or was issued there, stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.orm import Mapper, Session

from engine.casework.models import Account, CaseFile, Division, SupervisionOrder, WorkItem
from engine.casework.organisation import access
from engine.casework.step.steps import Step
from engine.casework.telling import notifications
from engine.flow.history import lines
from engine.ground.clock import local_date
from engine.ground.tables import Base
from engine.prevention.assistance import officials
from engine.prevention.identification import announcements
from engine.prevention.models import Household
from engine.prevention.screening import following

STAYS = frozenset({"figure_mark", "screening"})
"""Tables with what villages are counted by: the counting brings them along itself, with the counts
(`engine.casework.supervision.figures.tally`, `screening.following`).
"""

_OWNERS = {"household_id", "subject_id", "case_id"}
"""Columns that say whose a row is; ``subject_id`` is casework's name for it."""


def move(
    session: Session, actor: Account, household: Household, target: Division, reason: str, now: datetime
) -> None:
    """Move the locked household and everything that runs for it to the village `target`."""
    query = select(CaseFile).where(CaseFile.subject_id == household.id).order_by(CaseFile.id)
    locked = query.with_for_update().execution_options(populate_existing=True)
    cases = list(session.scalars(locked))
    home = household.village_code
    for model, whose in followers(household.id):
        session.execute(update(model).where(whose).values(village_code=target.code))
    for case in cases:
        _move_work(session, case, target)
    session.flush()
    for case in cases:
        _tell_case(session, actor, case, home, target, reason, now)
    announcements.regather(session, [case.id for case in cases], target.code, now)
    following.moved(session, household.id, target.code, now)
    _end_official(session, household, target, now)
    household.village_code, household.division_id, household.updated_at = target.code, target.id, now
    session.flush()


def followers(household_id: int) -> Iterator[tuple[Any, ColumnElement[bool]]]:
    """Every mapped table with a village in it, and SQL for the rows that belong to the household.

    A new table follows by itself: whoever adds one need not know of this.
    """
    for mapper in placed():
        columns = mapper.local_table.c
        if "household_id" in columns:
            yield mapper.class_, columns["household_id"] == household_id
        elif "subject_id" in columns:
            yield mapper.class_, columns["subject_id"] == household_id
        else:
            cases = select(CaseFile.id).where(CaseFile.subject_id == household_id)
            yield mapper.class_, columns["case_id"].in_(cases)


def placed() -> list[Mapper[Any]]:
    """The mapped tables that have a ``village_code`` and belong to a household, in one order,
    but those of `STAYS`.
    """
    found = [
        one
        for one in Base.registry.mappers
        if "village_code" in one.local_table.c and _OWNERS & set(one.local_table.c.keys())
    ]
    return sorted((one for one in found if _name(one) not in STAYS), key=_name)


def _name(mapper: Mapper[Any]) -> str:
    named = mapper.local_table
    assert isinstance(named, Table)
    return named.name


def _move_work(session: Session, case: CaseFile, target: Division) -> None:
    """Open steps go to the desks of the new place, where nobody has taken them yet; so do orders."""
    items = select(WorkItem).where(WorkItem.case_id == case.id, WorkItem.status == "open")
    for item in session.scalars(items.order_by(WorkItem.id)):
        item.division_code = access.ancestor(target.code, item.queue)
        item.claimed_by = item.claimed_at = None
    orders = select(SupervisionOrder).where(SupervisionOrder.case_id == case.id)
    for order in session.scalars(orders.order_by(SupervisionOrder.id)):
        order.division_code = access.ancestor(target.code, order.queue)


def _tell_case(
    session: Session,
    actor: Account,
    case: CaseFile,
    home: str,
    target: Division,
    reason: str,
    now: datetime,
) -> None:
    """The case's history only gains a line, so that a replay is the same."""
    line = lines.HandedOver(from_=home, to=target.code, reason=reason, name=target.path)
    Step(session, case, actor, now).log(line)
    if case.status == "open":
        text = f"{case.subject}户移交到{target.path}，办理记录一并移交：{reason}"
        notifications.send_each(session, case, ("township", "village"), "result", text, now)


def _end_official(session: Session, household: Household, target: Division, now: datetime) -> None:
    """An official of another county no longer answers for the household (R18)."""
    if access.ancestor(household.village_code, "county") == access.ancestor(target.code, "county"):
        return
    official = officials.in_office(session, household.id)
    if official is not None:
        official.until = local_date(now)
        text = f"{household.head_name}户由外地移交来，帮扶责任人到今天为止，请确定新的责任人。"
        notifications.send_place(session, target.code, "township", "result", text, now)
