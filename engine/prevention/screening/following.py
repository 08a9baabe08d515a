"""Rows follow their household: when it is merged into another record, moves to another place, or is gone.

So a village's counts are those of the households that it has (Q75). What no longer counts stays on record.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.organisation import access
from engine.prevention.models import Campaign, Screening
from engine.prevention.register import row_counts
from engine.prevention.register.row_counts import Changes


def merged(session: Session, household_id: int, into_id: int, village_code: str, now: datetime) -> None:
    """The household goes on as another one, of `village_code`: that one's own row counts, where it has one.

    Inside the transaction of the merge, which holds both households.
    """
    for row in row_counts.counting(session, household_id):
        if not _stays(session, row, village_code):
            _change(session, row, row.village_code, "replaced", now)
            continue
        own = select(Screening.id).where(
            Screening.campaign_id == row.campaign_id,
            Screening.household_id == into_id,
            Screening.standing == "current",
        )
        taken = row.standing == "current" and session.scalar(own) is not None
        _change(session, row, village_code, "replaced" if taken else row.standing, now)
        if not taken:
            row.household_id = into_id
            session.flush()


def moved(session: Session, household_id: int, village_code: str, now: datetime) -> None:
    """The household lives in another village now; in another county its row counts no more.

    Inside the transaction of the move, which holds the household.
    """
    for row in row_counts.counting(session, household_id):
        if _stays(session, row, village_code):
            _change(session, row, village_code, row.standing, now)
        else:
            _change(session, row, row.village_code, "replaced", now)


def gone(session: Session, household_id: int, now: datetime) -> None:
    """The whole household is gone (S11): its rows stay as they are, and no village counts them until that is
    taken back (engine/prevention/register/members/changes.py).

    Inside the transaction of the going, which holds the household.
    """
    row_counts.of_household(session, household_id, -1, now)


def _stays(session: Session, row: Screening, village_code: str) -> bool:
    """Whether the village is of the county whose campaign the row is of."""
    campaign = session.get_one(Campaign, row.campaign_id)
    return access.ancestor(village_code, "county") == campaign.county_code


def _change(session: Session, row: Screening, village_code: str, standing: str, now: datetime) -> None:
    flagged, changes = row.clue_id is not None, Changes()
    changes.row(row.village_code, row.standing, row.result, flagged=flagged, by=-1)
    row.village_code, row.standing = village_code, standing
    changes.row(row.village_code, row.standing, row.result, flagged=flagged)
    session.flush()
    changes.save(session, row.campaign_id, now)
