"""Lines in officials' bells: a warning, a return, a result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.casework import kit
from engine.casework.kit import Kit
from engine.casework.kit.services import ServiceCall
from engine.casework.models import CaseFile, Notification, Subject
from engine.casework.organisation import access
from engine.flow.services import Service
from engine.ground.database.stored import add_each


def send(session: Session, case: CaseFile, queue: str, kind: str, text: str, now: datetime) -> None:
    """Put a line into the bell of everybody who works on `queue` for the case's village."""
    post(session, case, queue, access.ancestor(case.village_code, queue), kind, text, now)


def send_about(session: Session, subject: Subject, queue: str, kind: str, text: str, now: datetime) -> None:
    """As `send`, about a subject of which no case is open."""
    send_place(session, subject.village_code, queue, kind, text, now, subject_id=subject.id)


def send_place(
    session: Session,
    village_code: str,
    queue: str,
    kind: str,
    text: str,
    now: datetime,
    *,
    subject_id: int | None = None,
) -> None:
    """As `send`, about a place: no subject that its officials may see, but for one that is said."""
    desk = access.ancestor(village_code, queue)
    _put(session, kind, text, now, queue=queue, division_code=desk, subject_id=subject_id)


def post(
    session: Session, case: CaseFile, queue: str, division_code: str, kind: str, text: str, now: datetime
) -> None:
    """Put a line about the case into the bells of one desk, whatever its level:
    supervisors have desks too.
    """
    _put(
        session,
        kind,
        text,
        now,
        queue=queue,
        division_code=division_code,
        subject_id=case.subject_id,
        case_id=case.id,
    )


def send_to(session: Session, account_id: int, draft_id: int, kind: str, text: str, now: datetime) -> None:
    """Put a line about a draft of a procedure into one person's bell."""
    _put(session, kind, text, now, account_id=account_id, draft_id=draft_id)


def send_person(
    session: Session, case: CaseFile, account_id: int, kind: str, text: str, now: datetime
) -> None:
    """Put a line about the case into one person's bell."""
    _put(session, kind, text, now, account_id=account_id, subject_id=case.subject_id, case_id=case.id)


def _put(
    session: Session,
    kind: str,
    text: str,
    now: datetime,
    *,
    queue: str = "",
    division_code: str = "",
    subject_id: int | None = None,
    case_id: int | None = None,
    account_id: int | None = None,
    draft_id: int | None = None,
) -> None:
    """Write a line: for a desk (`queue` and `division_code`) or for one person (`account_id`)."""
    row = {
        "subject_id": subject_id,
        "case_id": case_id,
        "account_id": account_id,
        "draft_id": draft_id,
        "queue": queue,
        "division_code": division_code,
        "kind": kind,
        "text": text[:300],
        "at": now,
    }
    add_each(session, Notification, [row])


def notify(call: ServiceCall, queues: list[str], text: str, kind: str | None = None) -> dict[str, Any]:
    """Tell the officials of `queues` of the case's subject; `text` is the diagram's."""
    for queue in queues:
        send(
            call.session,
            call.case,
            queue,
            kind or "result",
            f"{kit.called(call.case)}：{text}",
            call.now,
        )
    return {"queues": queues}


KIT = Kit(
    services=(
        Service(
            "case.notify",
            "发通知",
            "给选定的几级",
            notify,
            {"queues": "通知哪几级", "text": "通知内容", "kind": "通知种类"},
        ),
    ),
)
