"""A supervisor presses for an item: it is theirs to see, its case is locked, and it is open still."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from engine.casework.acts.items import readable_item
from engine.casework.models import Account, WorkItem
from engine.casework.organisation import access
from engine.casework.step.steps import Step
from engine.ground.errors import Conflict


def open_item(
    session: Session, actor: Account, item_id: int, now: datetime, word: str
) -> tuple[WorkItem, Step]:
    """The item, and the step on its case; inside the caller's transaction.

    `word` is what the supervisor is about to do. Raises NotFound, NotAllowed, Conflict when the item is done.
    """
    item = readable_item(session, actor, item_id)
    access.require_supervision(actor, item)
    step = Step.on(session, item.case_id, actor, now)
    session.refresh(item)
    if item.status != "open":
        raise Conflict(f"这件事项已经办结，不用再{word}。")
    return item, step
