"""The demo's county and the rest of the plan: data that were looked through and what villages are asked of
them, the townships' figures, and the city's report.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.portions.jobs import running
from engine.ground.clock import MovableClock, local_date
from engine.prevention.campaign import township_modules
from engine.prevention.campaign.reports import reports
from engine.prevention.demo.driving import Factory
from engine.prevention.quality import runs
from engine.prevention.quality.correcting import asking

COUNTY = "410325000000"  # 嵩县


def add(sessions: Factory, now: datetime) -> None:
    """What the county and its city have begun in the last days before `now`."""
    clock = MovableClock(at=now - timedelta(days=2))
    with sessions() as session:
        runs.begin(session, _account(session, "xianji"), COUNTY, clock)
    running.run_all(sessions, clock)
    while asking.ask(sessions, clock):
        continue
    today = local_date(now)
    with sessions() as session:
        due = today + timedelta(days=20)
        county = _account(session, "xianji")
        township_modules.open_year(session, county, COUNTY, today.year - 1, due, clock=clock)
        city = access.ancestor(COUNTY, "city")
        typed = reports.Typed(
            city,
            f"{today.year}年第一轮集中排查总结",
            today - timedelta(days=40),
            today - timedelta(days=3),
            due,
        )
        reports.begin(session, _account(session, "shiji"), typed, clock=clock)


def _account(session: Session, username: str) -> Account:
    return session.scalars(select(Account).where(Account.username == username)).one()
