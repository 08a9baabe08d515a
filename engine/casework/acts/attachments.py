"""Photos and scans of a case: every look is access-controlled and logged. What a file is, `photos` tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.casework import audit
from engine.casework.models import Account, Attachment, CaseFile, WorkItem
from engine.casework.organisation import access
from engine.ground import photos
from engine.ground import text as normal
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound

MAX_BYTES = 25 * 1024 * 1024
"""What may be sent: a phone's photo as it was taken, where the browser could not make it smaller."""
MAX_SCAN_BYTES = 10 * 1024 * 1024
"""What is kept of a file that cannot be made smaller here."""


def store(
    session: Session, actor: Account, item_id: int, field: str, filename: str, body: bytes, now: datetime
) -> Attachment:
    """Keep a file for a field of an open work item that the actor may work on."""
    item = session.get(WorkItem, item_id)
    if item is None:
        raise NotFound("没有找到这件事项。")
    access.require_work(actor, item)
    access.require_open(session, actor, item)
    return store_for_case(session, actor, item.case_id, field, filename, body, now, item_id=item.id)


def store_for_case(
    session: Session,
    actor: Account,
    case_id: int,
    field: str,
    filename: str,
    body: bytes,
    now: datetime,
    *,
    item_id: int | None = None,
) -> Attachment:
    """Keep a file with a case; the caller has checked that the actor may add one."""
    _, (kind, kept) = cleaned(filename, body)
    with write(session):
        found = Attachment(
            case_id=case_id,
            work_item_id=item_id,
            field=field[:80],
            filename=photos.named(filename, kind),
            media_type=kind,
            size=len(kept),
            sha256=sha256(kept).hexdigest(),
            body=kept,
            uploaded_by=actor.id,
            uploaded_at=now,
        )
        session.add(found)
    return found


def cleaned(filename: str, body: bytes) -> tuple[str, photos.Kept]:
    """A file that was sent, by the name it was sent with, as it is kept.

    Raises Invalid, naming the file, if it is empty, too large, broken or of another kind.
    """
    shown = normal.line(filename)[-60:] or "附件"
    if not body:
        raise Invalid(f"“{shown}”是空文件。")
    return filename, _kept(shown, body)


def _kept(shown: str, body: bytes) -> photos.Kept:
    """The file as it is kept.

    Raises Invalid, naming the file, if it is too large, broken or of another kind.
    """
    found = photos.kept(body) if len(body) <= MAX_BYTES else None
    if found is None or len(found.body) > MAX_SCAN_BYTES:
        raise Invalid(
            f"“{shown}”太大：照片不超过 25 MB，PDF 不超过 10 MB。扫描件请分成几个文件上传，或用手机逐页拍照上传。"
        )
    return found


def of_case(session: Session, case_id: int) -> dict[int, Attachment]:
    """The files of a case by number, without their content."""
    return {
        found.id: found for found in session.scalars(select(Attachment).where(Attachment.case_id == case_id))
    }


def fetch(session: Session, actor: Account, attachment_id: int, now: datetime) -> tuple[Attachment, bytes]:
    """An attachment and its content; the look is logged. Raises NotFound outside the actor's reach."""
    found = _reached(session, actor, attachment_id)
    with write(session):
        details = {"attachment": found.id, "case": found.case_id}
        audit.record(session, "access", actor.id, "attachment", details, now)
    return found, _body(session, found)


def _reached(session: Session, actor: Account, attachment_id: int) -> Attachment:
    found = session.get(Attachment, attachment_id)
    case = session.get(CaseFile, found.case_id) if found else None
    if found is None or case is None or not access.reaches(actor, case.village_code):
        raise NotFound("没有找到这个附件。")
    return found


def _body(session: Session, found: Attachment) -> bytes:
    source = session.get_one(Attachment, found.copy_of or found.id, options=[undefer(Attachment.body)])
    return source.body


def thumbnail(session: Session, actor: Account, attachment_id: int, now: datetime) -> bytes:
    """A photo as a small JPEG. That somebody looks at a step's photos is logged once for a while: a page asks
    for all of them at the same moment.

    Raises NotFound for a scan and outside the actor's reach.
    """
    found = _reached(session, actor, attachment_id)
    if not found.is_photo:
        raise NotFound("这个附件不是照片。")
    details = {"case": found.case_id, "item": found.work_item_id}
    audit.record_once(session, "access", actor.id, "thumbnails", details, now)
    return photos.thumbnail(_body(session, found))


def uploaded(session: Session, actor: Account, ids: Sequence[int]) -> dict[int, Attachment]:
    """Of the attachments named, those that the actor uploaded."""
    query = select(Attachment).where(Attachment.id.in_(ids), Attachment.uploaded_by == actor.id)
    return {found.id: found for found in session.scalars(query)}


def share(
    session: Session, actor: Account, item_id: int, files: Mapping[str, Sequence[Any]], now: datetime
) -> dict[str, list[str]]:
    """`files` by field as the item's case has them:
    what the actor uploaded once for many cases stands in each of them.

    The content is stored once.
    """
    named = {key: [str(value) for value in values] for key, values in files.items()}
    found = (normal.whole(value) for values in named.values() for value in values)
    ids = [key for key in found if key is not None]
    item = session.get(WorkItem, item_id) if ids else None
    if item is None or item.status != "open" or not access.may_work(actor, item):
        return named
    others = [one for one in uploaded(session, actor, ids).values() if one.case_id != item.case_id]
    with write(session):
        copies = {str(one.id): _copy(session, one, item, now) for one in others}
    return {key: [copies.get(value, value) for value in values] for key, values in named.items()}


def _copy(session: Session, original: Attachment, item: WorkItem, now: datetime) -> str:
    source = original.copy_of or original.id
    own = select(Attachment.id).where(Attachment.copy_of == source, Attachment.case_id == item.case_id)
    present = session.scalar(own.limit(1))
    if present is not None:
        return str(present)
    found = Attachment(
        case_id=item.case_id,
        work_item_id=item.id,
        field=original.field,
        filename=original.filename,
        media_type=original.media_type,
        size=original.size,
        sha256=original.sha256,
        body=b"",
        copy_of=source,
        uploaded_by=original.uploaded_by,
        uploaded_at=now,
    )
    session.add(found)
    session.flush()
    return str(found.id)
