"""How many rows each village has, changed in the transaction that changes the rows (Q75)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.ground.database import upsert
from engine.ground.tables import table
from engine.prevention.models import Screening, ScreeningCount

COUNTED = ("done", "absent", "refused", "conflict", "flagged")
STANDING = ("current", "conflict")
"""The rows that are counted."""
_COUNT = table(ScreeningCount)


class Changes:
    """What a transaction changes in the counts of villages."""

    def __init__(self) -> None:
        self._by_village: dict[str, Counter[str]] = defaultdict(Counter)

    def row(self, village_code: str, standing: str, result: str, flagged: bool, by: int = 1) -> None:
        """A row came (`by` 1) or went (-1) as `standing` says."""
        changed = self._by_village[village_code]
        if standing == "current":
            changed[result] += by
            changed["flagged"] += by if flagged else 0
        elif standing == "conflict":
            changed["conflict"] += by

    def save(self, session: Session, campaign_id: int, now: datetime) -> None:
        """Write them down, villages in their order, so that no two wait for each other."""
        for village_code, changed in sorted(self._by_village.items()):
            amounts = {name: changed[name] for name in COUNTED}
            row = {"campaign_id": campaign_id, "village_code": village_code, **amounts, "last_at": now}
            also = {name: _COUNT.c[name] + amount for name, amount in amounts.items()}
            session.execute(upsert(session, ScreeningCount, row, ["campaign_id", "village_code"], also=also))
        self._by_village.clear()


def counting(session: Session, household_id: int) -> Sequence[Screening]:
    """The rows of a household that count: of each campaign that which holds, and those that differ."""
    query = select(Screening).where(Screening.household_id == household_id, Screening.standing.in_(STANDING))
    return session.scalars(query.order_by(Screening.campaign_id, Screening.id)).all()


def of_household(session: Session, household_id: int, by: int, now: datetime) -> None:
    """The household's rows count no more (`by` -1) or again (1); inside a transaction that holds it."""
    for row in counting(session, household_id):
        changes = Changes()
        changes.row(row.village_code, row.standing, row.result, flagged=row.clue_id is not None, by=by)
        changes.save(session, row.campaign_id, now)
