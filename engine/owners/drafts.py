"""Which drafts of procedures there are, whose they are, and what each has changed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from engine.casework import definitions
from engine.casework.models import (
    Account,
    DraftEditor,
    DraftResource,
    Procedure,
    ProcedureDraft,
    ProcedureVersion,
)
from engine.casework.organisation import access
from engine.flow.check import check
from engine.flow.diagram.resources import Resources
from engine.flow.machine.definition import Definition
from engine.ground.database import whole, write
from engine.ground.errors import Finding, NotAllowed, NotFound
from engine.ground.paging import Page, page_of

ALIVE = ("open", "submitted")
"""The states in which a draft is on the list."""
PRESENT = timedelta(minutes=2)
"""Whoever gave a sign of life within this time has the draft open."""


def drafts(
    session: Session, actor: Account, page: int = 1, *, key: str = "", status: str = "", text: str = ""
) -> Page[ProcedureDraft]:
    """The drafts that are open or wait for approval, latest first; of one procedure, of one status,
    with a text in the name.
    """
    definitions.require_owner(actor)
    query = select(ProcedureDraft).where(ProcedureDraft.status.in_([status] if status in ALIVE else ALIVE))
    if key:
        query = query.where(ProcedureDraft.procedure_key == key)
    if text.strip():
        query = query.where(ProcedureDraft.name.contains(text.strip()[:40], autoescape=True))
    ordered = query.order_by(ProcedureDraft.updated_at.desc(), ProcedureDraft.id.desc())
    people = (ProcedureDraft.updater, ProcedureDraft.creator, ProcedureDraft.submitter)
    loaded = [joinedload(person).lazyload(Account.grants) for person in people]
    return page_of(session, query, ordered.options(*loaded), page)


def find(session: Session, actor: Account, draft_id: int) -> ProcedureDraft:
    """The draft with its diagram. Raises NotFound."""
    definitions.require_owner(actor)
    draft = session.get(ProcedureDraft, draft_id, options=[undefer(ProcedureDraft.xml)])
    if draft is None:
        raise NotFound("没有找到这份草稿。")
    return draft


def procedures(session: Session, actor: Account) -> list[Procedure]:
    """The procedures and parts in force, by name: what a draft can change."""
    definitions.require_owner(actor)
    query = (
        select(Procedure)
        .where(Procedure.current_version_id.is_not(None))
        .order_by(Procedure.part, Procedure.name)
    )
    return list(session.scalars(query.limit(500)))


def base_of(session: Session, draft: ProcedureDraft) -> ProcedureVersion | None:
    """The version that the draft began from, with its procedure."""
    if draft.base_version_id is None:
        return None
    return session.get_one(
        ProcedureVersion, draft.base_version_id, options=[joinedload(ProcedureVersion.procedure)]
    )


def may_change(actor: Account, draft: ProcedureDraft) -> bool:
    """Whether a draft is the actor's to change: their own, or of an owner whose division theirs holds."""
    own = [
        access.scope_of(grant.division_code) for grant in actor.grants if grant.role == access.PROCESS_OWNER
    ]
    theirs = [grant.division_code for grant in draft.creator.grants if grant.role == access.PROCESS_OWNER]
    within = bool(theirs) and all(any(scope.holds(code) for scope in own) for code in theirs)
    return draft.created_by == actor.id or within or access.has_everywhere(actor, access.PROCESS_OWNER)


def require_own(actor: Account, draft: ProcedureDraft) -> None:
    """Raise NotAllowed for a draft that belongs to another division's owner."""
    if not may_change(actor, draft):
        raise NotAllowed(
            f"这份草稿是{draft.creator.name}的，不归您负责的地方管。您可以把它另存为自己的草稿再改。"
        )


STATUS_WORDS = {"open": "正在修改", "submitted": "已提交审批", "deployed": "已启用", "discarded": "已作废"}


def changed(session: Session, draft: ProcedureDraft) -> dict[str, dict[str, bytes]]:
    """The draft's own forms and decisions: {"form": {key: body}, "decision": …}."""
    found: dict[str, dict[str, bytes]] = {"form": {}, "decision": {}}
    rows = select(DraftResource).where(DraftResource.draft_id == draft.id).order_by(DraftResource.key)
    for row in session.scalars(rows):
        found[row.kind][row.key] = row.body
    return found


def resources_of(session: Session, draft: ProcedureDraft, *, own: bool = True) -> Resources:
    """What the draft may use: all that is in force,
    over it its base version's own and what the draft itself changes.

    Without `own`, the draft's changes are left out.
    """
    if draft.base_version_id is None:
        found = definitions.resources_in_force(session, None)
    else:
        found = definitions.resources_again(session, session.get_one(ProcedureVersion, draft.base_version_id))
    changes = changed(session, draft) if own else {"form": {}, "decision": {}}
    return found | Resources(changes["form"], changes["decision"])


def checked(session: Session, draft: ProcedureDraft) -> tuple[Definition | None, list[Finding]]:
    """The draft as it would be put into force, and what the check finds; None when it cannot be built."""
    return check(draft.xml, resources_of(session, draft))


@whole
def seen(session: Session, actor: Account, draft_id: int, now: datetime) -> list[DraftEditor]:
    """Note that the actor has the draft open; answers who else gave
    a sign of life in the last two minutes.
    """
    find(session, actor, draft_id)
    with write(session):
        mark = session.get(DraftEditor, (draft_id, actor.id))
        if mark is None:
            session.add(DraftEditor(draft_id=draft_id, account_id=actor.id, seen_at=now))
        else:
            mark.seen_at = now
    others = (
        select(DraftEditor)
        .where(
            DraftEditor.draft_id == draft_id,
            DraftEditor.account_id != actor.id,
            DraftEditor.seen_at > now - PRESENT,
        )
        .options(joinedload(DraftEditor.account).lazyload(Account.grants))
        .order_by(DraftEditor.seen_at.desc())
    )
    return list(session.scalars(others))
