"""Photos and scans: the type is found from the content, not from the name; every look is access-controlled and logged."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine import access, audit
from engine import text as normal
from engine.database import write
from engine.errors import Invalid, NotFound
from engine.models import Account, Attachment, CaseFile, WorkItem

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 60_000_000
_IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_ENDINGS = {
    "image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "image/webp": (".webp",), "application/pdf": (".pdf",),
}  # fmt: skip


def media_type_of(body: bytes) -> str:
    """The media type that the content proves. Raises Invalid for anything but JPEG, PNG, WebP and PDF."""
    if body[:5] == b"%PDF-" and b"%%EOF" in body[-2048:]:
        return "application/pdf"
    try:
        with Image.open(io.BytesIO(body)) as image:
            kind = _IMAGES.get(image.format or "")
            if image.width * image.height > MAX_PIXELS:
                raise Invalid("图片的尺寸过大，请缩小后再上传。")
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Invalid("文件不是完整的照片（JPG、PNG、WebP）或扫描件（PDF）。") from error
    if kind is None:
        raise Invalid("只能上传照片（JPG、PNG、WebP）或扫描件（PDF）。")
    return kind


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
    session: Session, actor: Account, case_id: int, field: str, filename: str, body: bytes, now: datetime, *,
    item_id: int | None = None,
) -> Attachment:  # fmt: skip
    """Keep a file with a case; the caller has checked that the actor may add one."""
    name = normal.line(PurePath(filename.replace("\\", "/")).name)[-200:] or "附件"
    if not body:
        raise Invalid(f"“{name}”是空文件。")
    if len(body) > MAX_BYTES:
        raise Invalid(f"“{name}”超过 10 MB，请压缩后再上传。")
    kind = media_type_of(body)
    if PurePath(name).suffix.lower() not in _ENDINGS[kind]:
        raise Invalid(f"“{name}”的内容与文件名的类型不符。")
    with write(session):
        found = Attachment(
            case_id=case_id, work_item_id=item_id, field=field[:80], filename=name, media_type=kind, size=len(body),
            sha256=sha256(body).hexdigest(), body=body, uploaded_by=actor.id, uploaded_at=now,
        )  # fmt: skip
        session.add(found)
    return found


def of_case(session: Session, case_id: int) -> dict[int, Attachment]:
    """The files of a case by number, without their content."""
    return {found.id: found for found in session.scalars(select(Attachment).where(Attachment.case_id == case_id))}


def fetch(session: Session, actor: Account, attachment_id: int, now: datetime) -> tuple[Attachment, bytes]:
    """An attachment and its content; the look is logged. Raises NotFound outside the actor's reach."""
    found = session.get(Attachment, attachment_id)
    case = session.get(CaseFile, found.case_id) if found else None
    if found is None or case is None or not access.reaches(actor, case.village_code):
        raise NotFound("没有找到这个附件。")
    with write(session):
        audit.record(session, "access", actor.id, "attachment", {"attachment": found.id, "case": case.id}, now)
    source = session.get_one(Attachment, found.copy_of or found.id, options=[undefer(Attachment.body)])
    return found, source.body


def uploaded(session: Session, actor: Account, ids: Sequence[int]) -> dict[int, Attachment]:
    """Of the attachments named, those that the actor uploaded."""
    query = select(Attachment).where(Attachment.id.in_(ids), Attachment.uploaded_by == actor.id)
    return {found.id: found for found in session.scalars(query)}


def share(
    session: Session, actor: Account, item_id: int, files: Mapping[str, Sequence[Any]], now: datetime
) -> dict[str, list[str]]:
    """`files` by field as the item's case has them: what the actor uploaded once for many cases stands in each of them.

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
        case_id=item.case_id, work_item_id=item.id, field=original.field, filename=original.filename,
        media_type=original.media_type, size=original.size, sha256=original.sha256, body=b"", copy_of=source,
        uploaded_by=original.uploaded_by, uploaded_at=now,
    )  # fmt: skip
    session.add(found)
    session.flush()
    return str(found.id)
