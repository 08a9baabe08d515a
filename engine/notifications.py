"""Lines in officials' bells: a warning, a return, a result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine import access
from engine.models import CaseFile, Notification, table
from engine.services import ServiceCall, service

_SEND = insert(table(Notification))


def send(session: Session, case: CaseFile, queue: str, kind: str, text: str, now: datetime) -> None:
    """Put a line into the bell of everybody who works on `queue` for the case's village."""
    division = access.ancestor(case.village_code, queue)
    row = {"case_id": case.id, "queue": queue, "division_code": division, "kind": kind, "text": text[:300], "at": now}
    session.connection().execute(_SEND, row)


@service("case.notify")
def notify(call: ServiceCall, queues: list[str], text: str, kind: str | None = None) -> dict[str, Any]:
    """Tell the officials of `queues` of the case's household; `text` is the diagram's."""
    for queue in queues:
        send(call.session, call.case, queue, kind or "result", f"{call.case.subject}户：{text}", call.now)
    return {"queues": queues}
