"""What others say of rows: the township which one counts (T27), a second person that one is right (R38)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.prevention.campaign import campaigns
from engine.prevention.models import Campaign, Household, Screening
from engine.prevention.register.households import finding as households
from engine.prevention.register.row_counts import Changes
from engine.prevention.screening import entries, flags
from engine.prevention.screening.intake import ENTERS, GONE
from engine.prevention.screening.raising import Refused, raise_clue

DECIDES = frozenset({"township_reviewer"})
OPEN = ("current", "conflict")


def waiting(session: Session, campaign_id: int, household_id: int) -> list[Screening]:
    """The rows among which the township decides: the one that counts first. Empty where none disagrees."""
    query = select(Screening).where(
        Screening.campaign_id == campaign_id,
        Screening.household_id == household_id,
        Screening.standing.in_(OPEN),
    )
    rows = list(session.scalars(query.order_by(Screening.standing.desc(), Screening.id)))
    return rows if any(one.standing == "conflict" for one in rows) else []


def names(session: Session, rows: Sequence[Screening]) -> dict[int, str]:
    """Who entered the rows, by the account's number."""
    query = select(Account.id, Account.name).where(Account.id.in_({one.entered_by for one in rows}))
    return {row.id: row.name for row in session.execute(query)}


def may_decide(actor: Account, village_code: str) -> bool:
    """Whether the actor decides between entries of the village."""
    return access.reaches(actor, village_code, DECIDES)


@whole
def decide(
    session: Session, actor: Account, campaign_id: int, household_id: int, chosen_id: int, *, clock: Clock
) -> Screening:
    """The township picks the row that counts; the others stay on record as replaced (T27).

    What the chosen one raises, it raises now, found on the day of its visit (R05).
    """
    campaign = campaigns.view(session, actor, campaign_id)
    with write(session):
        household = _locked(session, actor, household_id)
        rows = waiting(session, campaign.id, household.id)
        chosen = next((one for one in rows if one.id == chosen_id), None)
        if chosen is None:
            raise Conflict("这一户的分歧已经处理过了。")
        changes = Changes()
        clue_id = next((one.clue_id for one in rows if one.clue_id), None)
        for one in rows:
            flagged = one.clue_id is not None
            changes.row(one.village_code, one.standing, one.result, flagged=flagged, by=-1)
            if one is not chosen:
                one.standing = "replaced"
        session.flush()
        chosen.standing = "current"
        chosen.clue_id = clue_id or _raised(session, actor, campaign, chosen, household, clock.now())
        flagged = chosen.clue_id is not None
        changes.row(chosen.village_code, "current", chosen.result, flagged=flagged)
        session.flush()
        changes.save(session, campaign.id, clock.now())
    return chosen


def _locked(session: Session, actor: Account, household_id: int) -> Household:
    found = session.get(Household, household_id)
    if found is None or not access.reaches(actor, found.village_code):
        raise NotFound("没有找到这户人家。")
    if not may_decide(actor, found.village_code):
        raise NotAllowed("两份填报不一致的，由乡镇决定。")
    household = households.locked(session, household_id)
    if household.status == "gone":
        raise Conflict(GONE)
    return household


def _raised(
    session: Session, actor: Account, campaign: Campaign, row: Screening, household: Household, now: datetime
) -> int | None:
    raised = flags.of(entries.data(row), household.status, campaigns.basis(session, campaign))
    if not raised.codes:
        return None
    told: dict[str, Any] = {
        "household_id": row.household_id,
        "collected_by": row.collected_by,
        "visited_on": row.visited_on,
    }
    try:
        return raise_clue(session, actor, told, raised, now)[0]
    except Refused as refused:
        raise Conflict("；".join(refused.faults[""])) from refused


@whole
def review(
    session: Session, actor: Account, campaign_id: int, row_ids: Sequence[int], *, clock: Clock
) -> tuple[int, int]:
    """录入复核 (R38): a second person has compared the rows with the paper; how many, and how many not.

    Nobody reviews what they entered themselves.
    """
    campaign = campaigns.view(session, actor, campaign_id)
    with write(session):
        query = select(Screening.id, Screening.village_code, Screening.entered_by).where(
            Screening.id.in_(row_ids), Screening.campaign_id == campaign.id, Screening.standing == "current"
        )
        rows = session.execute(query).all()
        reachable = [row for row in rows if access.reaches(actor, row.village_code, ENTERS)]
        ids = [row.id for row in reachable if row.entered_by != actor.id]
        done: Any = session.execute(
            update(Screening)
            .where(Screening.id.in_(ids), Screening.reviewed_by.is_(None))
            .values(reviewed_by=actor.id, reviewed_at=clock.now())
        )
    return int(done.rowcount), len(reachable) - len(ids)
