"""Looking at each county once a week, and what people see of it (Q57)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework.kit import Kit
from engine.casework.models import Account, Division
from engine.casework.organisation import access, divisions
from engine.casework.supervision.figures import tally
from engine.ground import text
from engine.ground.clock import Clock, local_date
from engine.ground.database import insert_once, whole, write
from engine.ground.errors import Conflict, Invalid, NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import Alarm, AlarmWeek
from engine.prevention.quality.alarms import marks, parameters, unmarked

KINDS = {"concentrated": "集中标注", "flat": "数目雷同", "unmarked": "应消未核"}
SEES = access.WATCH_ROLES
AT_ONCE = 10
"""Counties that one round looks at."""
Sessions = Callable[[], Session]


def last_week(today: date) -> date:
    """The Monday of the last whole week."""
    return today - timedelta(days=today.weekday() + 7)


def look(sessions: Sessions, clock: Clock) -> int:
    """Look at a few counties for the last week, once each; answers how many. The rest come next."""
    week = last_week(local_date(clock.now()))
    with sessions() as session:
        counted = tally.counted_at(session)
        if counted is None or local_date(counted) < week + timedelta(days=7):
            return 0  # the week's figures are not whole yet
        seen = select(AlarmWeek.county_code).where(AlarmWeek.week == week)
        counties = select(Division.code).where(Division.level == "county", Division.code.not_in(seen))
        waiting = list(session.scalars(counties.order_by(Division.code).limit(AT_ONCE)))
        return sum(_look_at(session, code, week, clock.now()) for code in waiting)


@whole
def _look_at(session: Session, county_code: str, week: date, now: datetime) -> int:
    rule = parameters.of_place(session, county_code)
    found = [
        *marks.alarms(session, county_code, week, rule),
        *unmarked.alarms(session, county_code, week + timedelta(days=6), rule),
    ]
    with write(session):
        row = {"week": week, "county_code": county_code, "found": len(found)}
        if not insert_once(session, AlarmWeek, row):
            return 0  # another process was faster
        for one in found:
            one.week, one.made_at = week, now
        session.add_all(found)
    return 1


# -- what people see -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Narrowing:
    """Which alarms a list shows; '' for all."""

    kind: str = ""
    week: date | None = None
    open: bool = False
    page: int = 1


def listing(session: Session, actor: Account, wanted: Narrowing = Narrowing()) -> Page[Alarm]:
    """The alarms in the actor's reach, the latest week first. Raises NotAllowed for who watches nothing."""
    access.require_role(actor, *SEES)
    query = select(Alarm).where(access.within(Alarm.place_code, access.scopes(actor, SEES)))
    if wanted.kind in KINDS:
        query = query.where(Alarm.kind == wanted.kind)
    if wanted.week is not None:
        query = query.where(Alarm.week == wanted.week)
    if wanted.open:
        query = query.where(Alarm.noted_at.is_(None))
    ordered = query.order_by(Alarm.week.desc(), Alarm.place_code, Alarm.id)
    return page_of(session, query, ordered.options(joinedload(Alarm.household)), wanted.page)


def places(session: Session, alarms: Iterable[Alarm]) -> dict[str, str]:
    """The names of their places by code."""
    return divisions.names(session, {one.place_code for one in alarms})


@whole
def note(session: Session, actor: Account, alarm_id: int, words: str, *, clock: Clock) -> Alarm:
    """Somebody looked into it and says what it was. Raises Invalid, Conflict, NotFound."""
    said = text.paragraphs(words)
    with write(session):
        alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
        if alarm is None or not access.reaches(actor, alarm.place_code, SEES):
            raise NotFound("没有找到这条提示。")
        if alarm.noted_at is not None:
            raise Conflict("这条提示已经写过说明。")
        if not said or len(said) > 500:
            raise Invalid("请写明看到了什么，不超过 500 字。")
        alarm.note, alarm.noted_by, alarm.noted_at = said, actor.id, clock.now()
    return alarm


KIT = Kit(rounds=(look,))
