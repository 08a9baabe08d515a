"""Offers that nobody answers: both sides are told again, in the ticker's rounds."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ground.clock import Clock, local_date
from engine.ground.database import write
from engine.prevention.models import Transfer
from engine.prevention.register.households import finding as households
from engine.prevention.transfers import offers


def remind_due(sessions: Callable[[], Session], clock: Clock) -> int:
    """Tell of every offer that is due, each in a transaction of its own; answers how many."""
    now = clock.now()
    today = local_date(now)
    with sessions() as session:
        due = select(Transfer.id, Transfer.household_id).where(
            Transfer.status == "offered", Transfer.remind_on <= today
        )
        found = session.execute(due.order_by(Transfer.id)).all()
        session.commit()
        for transfer_id, household_id in found:
            with write(session):
                households.locked(session, household_id)
                row = session.get_one(Transfer, transfer_id, with_for_update=True, populate_existing=True)
                if row.status == "offered" and row.remind_on <= today:
                    offers.remind(session, row, now)
    return len(found)
