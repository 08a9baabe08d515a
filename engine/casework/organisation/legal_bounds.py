"""What the province has set for the limits of the law: which days, by which document.

The check, the release of a procedure and its trial hold diagrams against these; the nation's bounds hold for
what the province has not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.casework.models import LegalBound
from engine.flow.vocabulary import Bound


def bounds(session: Session) -> dict[str, Bound]:
    """The province's bounds, by clause."""
    rows = session.execute(select(LegalBound.clause, LegalBound.days, LegalBound.document))
    return {row.clause: Bound(row.days, row.document) for row in rows}


def adopt(session: Session, wanted: Mapping[str, Bound], now: datetime) -> list[str]:
    """Hold diagrams against these from now on; answers the clauses whose bound is another than before."""
    before = bounds(session)
    changed = sorted(clause for clause in before | dict(wanted) if before.get(clause) != wanted.get(clause))
    if changed:
        session.execute(delete(LegalBound).where(LegalBound.clause.in_(changed)))
        session.add_all(
            LegalBound(clause=clause, days=wanted[clause].days, document=wanted[clause].document, set_at=now)
            for clause in changed
            if clause in wanted
        )
        session.flush()
    return changed
