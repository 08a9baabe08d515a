"""The one lock order, so that no two transactions ever wait for each other:

household → its cases by number → work item, timer, draft → batches, papers and their numbers → a day's log
stream.

A step locks its household and its case at once (`engine.casework.step.steps.LOCKED_CASE`); whoever opens a
case, or changes what belongs to the household, begins with `household`. The rows of a definition are locked
by deployments alone, the state of the figures by the counting alone. SQLite has one lock for all writers;
there these statements lock nothing further.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.prevention.models import Household

_HOUSEHOLD = (
    select(Household)
    .where(Household.id == bindparam("household_id"))
    .with_for_update(key_share=True)  # rows that refer to the household may be added meanwhile
    .execution_options(populate_existing=True)
)


def household(session: Session, household_id: int) -> Household:
    """The household as it is now, locked until the transaction ends."""
    return session.scalars(_HOUSEHOLD, {"household_id": household_id}).one()
