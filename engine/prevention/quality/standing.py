"""How many findings live, by rule and by place, as an actor reaches them: plain counts, no ranks (R02)."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.prevention.models import Finding


def by_rule(session: Session, actor: Account) -> dict[str, int]:
    """How many findings of each rule live in the actor's reach."""
    query = (
        select(Finding.rule, func.count())
        .where(access.within(Finding.village_code, access.scopes(actor)), Finding.status != "closed")
        .group_by(Finding.rule)
    )
    return {row[0]: row[1] for row in session.execute(query)}
