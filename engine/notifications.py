"""Lines in officials' bells: a warning, a return, a result."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine import access
from engine.models import CaseFile, Notification, table

_SEND = insert(table(Notification))


def send(session: Session, case: CaseFile, queue: str, kind: str, text: str, now: datetime) -> None:
    """Put a line into the bell of everybody who works on `queue` for the case's village."""
    division = access.ancestor(case.village_code, queue)
    row = {"case_id": case.id, "queue": queue, "division_code": division, "kind": kind, "text": text[:300], "at": now}
    session.connection().execute(_SEND, row)
