"""Putting the register right (R38, R41): what may be asked, what was asked, and by whom it is looked at.

Whoever finds the mistake asks, with a reason (`asking`); a second person of a higher level, who has read what
follows, agrees or refuses (`deciding`), and it is done at once (`doing`). Nothing is deleted: the merged
record points to its successor, the cancelled clue stays in the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework import audit
from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import Correction
from engine.prevention.records.consequences import CLUE, GONE, JOIN, MERGE, SPLIT

KINDS = {MERGE: "合并重复登记的农户", CLUE: "撤销错误的线索", GONE: "全户不在册", SPLIT: "分户", JOIN: "并户"}
STATUS = {"asked": "等待第二人核对", "done": "已办理", "refused": "不同意"}


def get(session: Session, actor: Account, correction_id: int) -> Correction:
    """The correction. Raises NotFound outside the actor's reach."""
    row = session.get(Correction, correction_id)
    if row is None or not access.reaches(actor, row.household.village_code):
        raise NotFound("没有找到这项更正。")
    return row


def of_household(session: Session, household_id: int) -> Sequence[Correction]:
    """All corrections that touch a household, latest first."""
    touched = (Correction.household_id == household_id) | (Correction.into_id == household_id)
    return list(session.scalars(select(Correction).where(touched).order_by(Correction.id.desc())))


def people(session: Session, rows: Sequence[Correction]) -> dict[int, str]:
    """The names of who asked and who decided, by account."""
    wanted = {row.asked_by for row in rows} | {row.decided_by for row in rows}
    return {
        row.id: row.name
        for row in session.execute(select(Account.id, Account.name).where(Account.id.in_(wanted)))
    }


def listing(session: Session, actor: Account, status: str = "asked", page: int = 1) -> Page[Correction]:
    """The corrections in the actor's reach, latest first."""
    query = select(Correction).where(access.within(Correction.village_code, access.scopes(actor)))
    query = query.where(Correction.status == status) if status in STATUS else query
    ordered = query.order_by(Correction.id.desc()).options(joinedload(Correction.household))
    return page_of(session, query, ordered, page)


def log(session: Session, actor: Account, row: Correction, kind: str, now: datetime) -> None:
    """A line of the log: what was asked, done or refused, and why."""
    details = {
        "correction": row.id,
        "kind": row.kind,
        "household": row.household_id,
        "into": row.into_id,
        "clue": row.clue_id,
        "reason": row.reason,
        "note": row.note or "",
    }
    audit.record(session, "access", actor.id, kind, details, now)
