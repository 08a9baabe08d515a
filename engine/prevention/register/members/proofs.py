"""Photos and scans that prove changes of persons; every look is access-controlled and logged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine.casework import audit
from engine.casework.acts import attachments
from engine.casework.models import Account
from engine.ground import photos
from engine.ground.database import write
from engine.ground.errors import Invalid, NotFound
from engine.prevention.models import Household, MemberProof
from engine.prevention.register.households import finding as households
from engine.prevention.register.member_history import Recorder

MAX_FILES = 6


def cleaned(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, photos.Kept]]:
    if len(files) > MAX_FILES:
        raise Invalid(f"一次最多上传 {MAX_FILES} 个文件。", {"proof": [f"证明：最多 {MAX_FILES} 个文件。"]})
    return [attachments.cleaned(name, body) for name, body in files]


def keep(
    session: Session,
    actor: Account,
    household: Household,
    by: Recorder,
    files: Sequence[tuple[str, photos.Kept]],
) -> None:
    for shown, kept in files:
        proof = MemberProof(
            household_id=household.id,
            act=by.act,
            filename=photos.named(shown, kept.media_type),
            media_type=kept.media_type,
            size=len(kept.body),
            sha256=sha256(kept.body).hexdigest(),
            body=kept.body,
            uploaded_by=actor.id,
            uploaded_at=by.now,
        )
        session.add(proof)
    session.flush()


def of_household(session: Session, household_id: int) -> dict[str, list[MemberProof]]:
    """The files that prove changes of a household, by act."""
    found: dict[str, list[MemberProof]] = {}
    query = select(MemberProof).where(MemberProof.household_id == household_id).order_by(MemberProof.id)
    for proof in session.scalars(query):
        found.setdefault(proof.act, []).append(proof)
    return found


def fetch(session: Session, actor: Account, proof_id: int, now: datetime) -> tuple[MemberProof, bytes]:
    """A proof with its content; the look is logged. Raises NotFound outside the actor's reach."""
    found = session.get(MemberProof, proof_id, options=[undefer(MemberProof.body)])
    if found is None:
        raise NotFound("没有找到这个附件。")
    households.view(session, actor, found.household_id)
    with write(session):
        details = {"household": found.household_id, "proof": found.id}
        audit.record(session, "access", actor.id, "member_proof", details, now)
    return found, found.body
