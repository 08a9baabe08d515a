"""The register of issued papers: issuing, and reading what was issued, by whoever the place belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from engine import access, announcements
from engine.database import write
from engine.documents import drafts, numbers
from engine.documents.drafts import Draft
from engine.documents.kinds import Kind, kind_of
from engine.errors import Conflict, NotAllowed, NotFound
from engine.inbox import Page, page_of
from engine.models import Account, NumberedPaper, PaperEntry, WorkItem


def may_issue(actor: Account, kind: Kind, division_code: str) -> bool:
    """Whether the actor signs for the division at the level that issues this kind."""
    return any(
        access.QUEUE_OF_ROLE.get(grant.role) == kind.level and access.scope_of(grant.division_code).holds(division_code)
        for grant in actor.grants
    )


def issue(
    session: Session, actor: Account, kind_key: str, item_ids: Sequence[int], now: datetime
) -> list[NumberedPaper]:
    """印发: give each paper of the items its number and keep it as it is now; what is issued already stays as it was.

    Raises NotAllowed when the actor does not sign for the issuer, Conflict while something is still undecided.
    """
    kind = kind_of(kind_key)
    with write(session):
        for division in _issuers(session, kind, item_ids):
            numbers.lock(session, kind, division, now)  # two clicks at once make one paper
        return [
            _issue(session, actor, draft, now) for draft in drafts.of_items(session, actor, kind_key, item_ids, now)
        ]


def _issuers(session: Session, kind: Kind, item_ids: Sequence[int]) -> list[str]:
    villages = session.scalars(select(WorkItem.village_code).where(WorkItem.id.in_(item_ids)).distinct())
    return sorted({access.ancestor(code, kind.level) for code in villages})


def _issue(session: Session, actor: Account, draft: Draft, now: datetime) -> NumberedPaper:
    if draft.record is not None and draft.issued:
        return draft.record
    if not may_issue(actor, draft.kind, draft.division_code):
        raise NotAllowed(f"{draft.kind.name}由{access.QUEUE_NAMES[draft.kind.level]}印发，您只能查看和打印草稿。")
    if draft.obstacle:
        raise Conflict(draft.obstacle)
    if draft.record is not None:
        announcements.close(session, draft.record, actor, now)
        return draft.record
    record = numbers.open_paper(session, draft.kind, draft.place_code, draft.matter, draft.basis, now)
    for item in draft.items:
        session.add(PaperEntry(paper_id=record.id, case_id=item.case_id, work_item_id=item.id))
    numbers.fix(session, record, drafts.numbered(draft.paper, record), actor, now)
    session.flush()
    return record


def issued(session: Session, actor: Account, kind: str = "", page: int = 1) -> Page[NumberedPaper]:
    """The numbered papers that the actor may read, latest first."""
    query = select(NumberedPaper).where(access.visible_papers(actor))
    if kind:
        query = query.where(NumberedPaper.kind == kind)
    ordered = query.order_by(NumberedPaper.id.desc()).options(joinedload(NumberedPaper.issuer))
    return page_of(session, query, ordered, page)


def get(session: Session, actor: Account, paper_id: int) -> NumberedPaper:
    """A numbered paper with its content. Raises NotFound outside the actor's reach."""
    query = select(NumberedPaper).where(NumberedPaper.id == paper_id, access.visible_papers(actor))
    found = session.scalar(query.options(undefer(NumberedPaper.content), joinedload(NumberedPaper.issuer)))
    if found is None:
        raise NotFound("没有找到这份文书。")
    return found
