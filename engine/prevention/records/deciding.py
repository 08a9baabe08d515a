"""A second person of a higher level agrees to a correction, and it is done; or refuses it (R38, R41)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.casework.telling import notifications
from engine.ground import text
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed
from engine.prevention.models import Correction, Household
from engine.prevention.records.consequences import CLUE, GONE, JOIN, MERGE, SPLIT
from engine.prevention.records.corrections import KINDS, STATUS, get, log
from engine.prevention.records.doing import DOING
from engine.prevention.register.households import finding as households

DECIDERS = {
    MERGE: frozenset({"county_approver", "city_reviewer", "province_reviewer"}),
    GONE: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
    SPLIT: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
    JOIN: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
    CLUE: frozenset({"township_reviewer", "county_approver", "city_reviewer", "province_reviewer"}),
}
"""Whose second look each correction needs, over every place that it touches."""
ENDING = frozenset({MERGE, JOIN, GONE})
"""After which the record is none of the register any more."""


@whole
def decide(
    session: Session, actor: Account, correction_id: int, agrees: bool, note: str = "", *, clock: Clock
) -> Correction:
    """The second person agrees, and it is done at once, wholly; or refuses, with a note.

    Raises NotFound, NotAllowed (the one who asked, or no reach), Invalid (no note) or Conflict (decided, or
    no longer so).
    """
    now, note = clock.now(), text.paragraphs(note)[:400]
    if not agrees and not note:
        raise Invalid("不同意须写明原因。", {"note": ["意见：不同意须写明原因。"]})
    with write(session):
        found = get(session, actor, correction_id)
        for household_id in sorted({found.household_id, found.into_id or found.household_id}):
            households.locked(session, household_id)
        row = session.get_one(Correction, correction_id, with_for_update=True, populate_existing=True)
        if row.status != "asked":
            raise Conflict("这项更正已经有人核对过了。")
        if not may_decide(session, actor, row):
            raise NotAllowed("更正须由提出人以外、管辖所涉各处的上级人员核对。")
        row.decided_by, row.decided_at, row.note, row.status = (
            actor.id,
            now,
            note,
            "done" if agrees else "refused",
        )
        if agrees:
            DOING[row.kind](session, actor, row, now)
        log(session, actor, row, "correction_done" if agrees else "correction_refused", now)
        _tell(session, row, now)
        for other in _overtaken(session, row) if agrees else ():
            other.decided_by, other.decided_at, other.status = actor.id, now, "refused"
            other.note = "同一更正已经办理，这一项不再需要。"
            log(session, actor, other, "correction_refused", now)
            _tell(session, other, now)
    return row


def _overtaken(session: Session, row: Correction) -> Sequence[Correction]:
    """What others asked, and can no longer be done: anything of a record that is no more, and of a clue that
    is cancelled.
    """
    gone = (Correction.household_id == row.household_id) | (Correction.into_id == row.household_id)
    same = (Correction.clue_id == row.clue_id) if row.kind == CLUE else gone & (Correction.kind != CLUE)
    query = select(Correction).where(same, Correction.status == "asked")
    if row.kind not in ENDING:
        query = query.where(Correction.kind == row.kind)
    return list(session.scalars(query.where(Correction.id != row.id).order_by(Correction.id)))


def may_decide(session: Session, actor: Account, row: Correction) -> bool:
    """Whether the actor is a second person for it: not the one who asked,
    and over every place that it touches.
    """
    places = [row.household.village_code]
    if row.into_id is not None:
        places.append(session.get_one(Household, row.into_id).village_code)
    return actor.id != row.asked_by and all(
        access.reaches(actor, place, DECIDERS[row.kind]) for place in places
    )


def _tell(session: Session, row: Correction, now: datetime) -> None:
    words = f"{row.household.head_name}户：{KINDS[row.kind]}，{STATUS[row.status]}。{row.note}"
    touched = [row.household, *([session.get_one(Household, row.into_id)] if row.into_id else [])]
    for household in touched:
        for queue in ("village", "township"):
            notifications.send_about(session, household, queue, "correction", words, now)
