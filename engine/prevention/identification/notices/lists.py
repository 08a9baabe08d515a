"""Which notices hang, have hung, and what is objected to them (R10)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.ground.database.objects import Objects, found_by
from engine.ground.tables import table
from engine.prevention.models import Notice, Objection

_NOTICE = table(Notice)
_OBJECTION = table(Objection)
_OPEN_NOTICE = Objects(
    select(_NOTICE)
    .where(_NOTICE.c.case_id == bindparam("case_id"), _NOTICE.c.status == "open")
    .order_by(_NOTICE.c.id.desc())
    .limit(1),
    [Notice],
    own=True,
)
OPEN_OBJECTIONS = Objects(
    select(_OBJECTION)
    .where(_OBJECTION.c.case_id == bindparam("case_id"), _OBJECTION.c.status == "open")
    .order_by(_OBJECTION.c.id),
    [Objection],
    own=True,
)


def hanging(session: Session, case_id: int) -> Notice | None:
    """The case's notice that hangs now."""
    found: Notice | None = _OPEN_NOTICE.first(session, case_id=case_id)
    return found


def last_of(session: Session, case_id: int) -> Notice | None:
    """The case's latest notice, whether it hangs or not."""
    query = select(Notice).where(Notice.case_id == case_id).order_by(Notice.id.desc()).limit(1)
    return session.scalar(query)


def of_case(session: Session, case_id: int) -> Sequence[Notice]:
    """The case's notices, the first one first."""
    return found_by(Notice, "case_id").all(session, case_id=case_id)


def hangs(session: Session, case_id: int) -> bool:
    """Whether a notice of the case hangs: as long as one does people may object to it, be another objection
    under examination or not (R10).
    """
    return hanging(session, case_id) is not None


def latest(session: Session, case_ids: Sequence[int]) -> dict[int, Notice]:
    """The latest notice of each case that has one."""
    query = select(Notice).where(Notice.case_id.in_(case_ids)).order_by(Notice.id)
    return {notice.case_id: notice for notice in session.scalars(query)}
