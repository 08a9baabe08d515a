"""Limits in working days that end in a year whose days off are not published yet:
counted by weekends alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from engine.casework import definitions, lamps
from engine.casework.models import CaseFile, Timer
from engine.casework.organisation import calendar
from engine.ground.clock import start_of_day


def count(session: Session, year: int) -> int:
    """How many cases have a running limit in working days that ends in a year without its arrangement."""
    if year in calendar.known(session):
        return 0
    return (
        session.scalar(affected(session, year).with_only_columns(func.count(Timer.case_id.distinct()))) or 0
    )


def affected(session: Session, year: int) -> Any:
    """The limits and waits of open cases that end in the year and are counted in working days."""
    running = (
        select(Timer.id)
        .join(CaseFile, CaseFile.id == Timer.case_id)
        .where(CaseFile.status == "open", or_(Timer.status == "waiting", Timer.standing == "open"))
        .where(Timer.kind.in_(("event", "limit")), _ends_in(year))
    )
    drawn = (CaseFile.version_id, Timer.element_id)
    pairs = session.execute(running.with_only_columns(*drawn).distinct()).all()
    counted = [tuple(pair) for pair in pairs if is_counted(session, *pair)]
    return running.where(tuple_(*drawn).in_(counted))


def _ends_in(year: int) -> ColumnElement[bool]:
    first, after = start_of_day(date(year, 1, 1)), start_of_day(date(year + 1, 1, 1))
    return and_(Timer.due_at > first, Timer.due_at <= after)  # due at the midnight after the last day


def is_counted(session: Session, version_id: int, element_id: str) -> bool:
    """Whether the element of the version is a timer that counts in working days."""
    element = definitions.load(session, version_id).elements.get(element_id)
    return element is not None and element.counts_workdays


def marked(session: Session, limits: Iterable[tuple[int, str, datetime]]) -> set[tuple[int, str, datetime]]:
    """Those of the limits (case, element, due) that are provisional."""
    known = calendar.known(session)
    unsure = [one for one in limits if lamps.last_day(one[2]).year not in known]
    if not unsure:
        return set()
    cases = select(CaseFile.id, CaseFile.version_id).where(CaseFile.id.in_({one[0] for one in unsure}))
    versions = {row.id: row.version_id for row in session.execute(cases)}
    return {one for one in unsure if is_counted(session, versions[one[0]], one[1])}
