"""Signatures and photos of a row: drawn, or taken of the paper (R03)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.casework.models import Account
from engine.casework.organisation import access
from engine.ground import photos
from engine.ground.clock import Clock
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, Invalid, NotAllowed, NotFound
from engine.prevention.models import Screening, ScreeningPaper
from engine.prevention.screening.entries import Entry

KINDS = {
    "sign_declares": "自主申报户主签字",
    "sign_declines": "不自主申报户主签字",
    "sign_investigator": "调查员签字",
    "photo": "照片",
}
WIDTH, HEIGHT = 1000, 360
"""The box in which strokes are drawn (web/assets/signing)."""
STROKES = "application/json"
MOST_BYTES = 512 * 1024
MOST_SENT = 25 * 1024 * 1024
"""What a page may send: the photo as a telephone took it; it is drawn smaller here."""
MOST_POINTS = 2000
MOST_PAPERS = 12
"""Of one row."""
Strokes = list[list[list[int]]]


def strokes(written: str) -> Strokes:
    """Strokes from their text. Raises Invalid."""
    try:
        found = json.loads(written)
    except ValueError as error:
        raise Invalid("签名的笔迹读不出来，请重签。") from error
    if not _sound(found):
        raise Invalid("签名的笔迹读不出来，请重签。")
    return [[[point[0], point[1]] for point in stroke] for stroke in found]


def _sound(found: object) -> bool:
    if not isinstance(found, list) or not found:
        return False
    points = [point for stroke in found for point in (stroke if isinstance(stroke, list) else [None])]
    return 0 < len(points) <= MOST_POINTS and all(_is_point(one) for one in points) and all(found)


def _is_point(found: object) -> bool:
    return (
        isinstance(found, list)
        and len(found) == 2
        and all(type(one) is int and abs(one) <= 10 * WIDTH for one in found)
    )


def picture(drawn: Strokes) -> bytes:
    """The strokes as SVG, for whoever looks at the row."""
    lines = "".join(
        "M" + "L".join(f"{x} {y}" for x, y in (stroke if len(stroke) > 1 else stroke * 2)) for stroke in drawn
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path d="{lines}" fill="none" stroke="#111" stroke-width="6" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    ).encode()


# -- in --------------------------------------------------------------------------------------------


def signed(entry: Entry) -> dict[str, Strokes]:
    """The signatures that came with an entry, by kind. Raises Invalid, naming the one that is none."""
    found: dict[str, Strokes] = {}
    for kind, written in entry.signatures.items():
        if written:
            try:
                found[kind] = strokes(written)
                KINDS[kind]
            except (Invalid, KeyError) as error:
                words = KINDS.get(kind, "签名")
                raise Invalid(
                    f"{words}读不出来，请重签。", {kind: [f"{words}：读不出来，请重签。"]}
                ) from error
    return found


def sign(session: Session, actor: Account, screening_id: int, entry: Entry, now: datetime) -> None:
    """Keep the signatures that came with an entry; inside its transaction."""
    for kind, drawn in signed(entry).items():
        uuid = str(uuid5(UUID(entry.uuid), kind))
        session.add(_paper(actor, screening_id, kind, uuid, "image/svg+xml", picture(drawn), drawn, now))


def _paper(
    actor: Account,
    screening_id: int,
    kind: str,
    uuid: str,
    media_type: str,
    body: bytes,
    drawn: Strokes | None,
    now: datetime,
) -> ScreeningPaper:
    return ScreeningPaper(
        screening_id=screening_id,
        kind=kind,
        uuid=uuid,
        media_type=media_type,
        strokes=drawn,
        sha256=sha256(body).hexdigest(),
        size=len(body),
        body=body,
        added_by=actor.id,
        added_at=now,
    )


@whole
def add(
    session: Session,
    actor: Account,
    screening_uuid: str,
    paper_uuid: str,
    kind: str,
    media_type: str,
    body: bytes,
    *,
    clock: Clock,
) -> bool:
    """Add a paper to the row of an entry; False where it was there before (sent twice, kept once).

    Raises NotFound, NotAllowed, Invalid, or Conflict where the number is another paper's.
    """
    row = session.scalar(select(Screening).where(Screening.uuid == screening_uuid))
    if row is None or not access.reaches(actor, row.village_code):
        raise NotFound("没有找到这户的填报。")
    if row.entered_by != actor.id:
        raise NotAllowed("照片和签名由填报的人上传。")
    if kind not in KINDS:
        raise Invalid("不认识这种附件。")
    if _is_there(session, row.id, paper_uuid):
        return False
    media_type, body, drawn = _read(kind, media_type, body)
    with write(session):
        session.refresh(row, with_for_update=True)  # the same paper may be on its way twice
        if _is_there(session, row.id, paper_uuid):
            return False
        if len(of(session, [row.id])) >= MOST_PAPERS:
            raise Invalid(f"一户最多 {MOST_PAPERS} 份照片和签名。")
        session.add(_paper(actor, row.id, kind, paper_uuid, media_type, body, drawn, clock.now()))
    return True


def _is_there(session: Session, screening_id: int, paper_uuid: str) -> bool:
    """Whether the row has the paper already. Raises Conflict where the number is another row's."""
    known = session.scalar(select(ScreeningPaper.screening_id).where(ScreeningPaper.uuid == paper_uuid))
    if known not in (None, screening_id):
        raise Conflict("这个编号已用于另一份附件。")
    return known is not None


def smaller(body: bytes) -> bytes:
    """A photo as it is kept, in less than `MOST_BYTES`. Raises Invalid."""
    if not body or len(body) > MOST_SENT:
        raise Invalid("文件为空，或超过 25 MB。")
    media_type, kept = photos.kept(body)
    if len(kept) <= MOST_BYTES or not media_type.startswith("image/"):
        return kept
    return photos.thumbnail(kept)


def _read(kind: str, media_type: str, body: bytes) -> tuple[str, bytes, Strokes | None]:
    """What is stored of what was sent."""
    if not body or len(body) > MOST_BYTES:
        raise Invalid("文件为空，或超过 512 KB。")
    if media_type == STROKES and kind != "photo":
        drawn = strokes(body.decode("utf-8", "replace"))
        return "image/svg+xml", picture(drawn), drawn
    media_type, body = photos.kept(body)
    return media_type, body, None


# -- out -------------------------------------------------------------------------------------------


def of(session: Session, screening_ids: Sequence[int]) -> Sequence[ScreeningPaper]:
    """The papers of rows, without their bodies."""
    query = select(ScreeningPaper).where(ScreeningPaper.screening_id.in_(screening_ids))
    return session.scalars(query.order_by(ScreeningPaper.id)).all()


def view(session: Session, actor: Account, paper_id: int) -> ScreeningPaper:
    """A paper with its body. Raises NotFound out of the actor's reach."""
    query = select(ScreeningPaper, Screening.village_code).join(
        Screening, Screening.id == ScreeningPaper.screening_id
    )
    found = session.execute(
        query.where(ScreeningPaper.id == paper_id).options(undefer(ScreeningPaper.body))
    ).first()
    if found is None or not access.reaches(actor, found[1]):
        raise NotFound("没有找到这份附件。")
    paper: ScreeningPaper = found[0]
    return paper
