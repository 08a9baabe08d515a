"""Limits in working days that were counted before a year's days off were published:
they are provisional, and are counted again once the State Council's arrangement is there.

Which days are worked is the arrangement's to say, not the calendar's guess: a household that has so many
working days has them by law, whatever was known when they began. What was known and is only corrected
moves no limit that runs (`Instance.count_days`). Each case is counted again in a step transaction of its
own, by a timer's row that is due at once. A posted notice never ends earlier than it says (R10).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.acts import take_back_passings
from engine.casework.kit import Kit
from engine.casework.models import Timer, WorkItem
from engine.casework.organisation import calendar
from engine.casework.step import provisional
from engine.casework.step.steps import Step
from engine.flow.history import lines
from engine.ground.database import save, write
from engine.ground.errors import Conflict

KIND = "recount"
NAME = "按公布的放假安排重算期限"


@contextmanager
def as_years_come(session: Session, now: datetime) -> Iterator[None]:
    """Whatever year the block makes known, its limits are counted again; one transaction with the block."""
    with write(session, alone=True):
        before = calendar.known(session)
        yield
        session.flush()
        for year in sorted(calendar.known(session) - before):
            _begin(session, year, now)


def _begin(session: Session, year: int, now: datetime) -> None:
    columns = (Timer.case_id, Timer.procedure_key, Timer.village_code, func.min(Timer.element_id))
    query = provisional.affected(session, year).with_only_columns(*columns).group_by(*columns[:3])
    for case_id, procedure, village, element_id in session.execute(query).all():
        row = Timer(
            case_id=case_id,
            token=f"{KIND}-{year}",
            procedure_key=procedure,
            element_id=element_id,
            name=NAME,
            kind=KIND,
            village_code=village,
            due_at=now,
        )
        session.add(row)


def recount(step: Step, row: Timer) -> None:
    """Ask the calendar again of the year that the row names; what it says now, the case keeps to."""
    save(step.connection, row, status="fired", fired_at=step.now)
    if step.case.status != "open":
        return
    year = int(row.token.rpartition("-")[2])
    before = step.instance.days
    days = step.instance.count_again(year)
    try:
        outside = kit.corrections(step.session, step.case, step.instance, step.now) if days else []
    except Conflict:  # R10: what hangs in the village says a later day, and stays
        step.instance.keep_days(lines.answers(before))
        return
    if not days:
        return
    step.log(lines.Recounted(year=year, days=days))
    for one in outside:
        one.apply()
    step.instance.pass_time(step.now)
    step.finish()
    for queue in _holders(step):
        step.notify(queue, "told", f"{kit.called(step.case)}：{year}年放假安排已经公布，期限重新计算。")
    take_back_passings(step.session, None, step.case.id, f"{year}年放假安排公布后重新计算", step.now)


def _holders(step: Step) -> list[str]:
    open_items = select(WorkItem.queue).where(WorkItem.case_id == step.case.id, WorkItem.status == "open")
    return sorted(set(step.session.scalars(open_items)))


KIT = Kit(due={KIND: recount})
