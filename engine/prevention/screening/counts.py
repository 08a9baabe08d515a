"""How many rows each village has, changed in the transaction that changes the rows (Q75)."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from sqlalchemy.orm import Session

from engine.ground.database import upsert
from engine.ground.tables import table
from engine.prevention.models import ScreeningCount

COUNTED = ("done", "absent", "refused", "conflict", "flagged")
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
