"""Putting a draft into force: with a note, after a second process owner's approval where that is demanded,
and back again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from engine.casework import audit, definitions
from engine.casework.definitions import deployment
from engine.casework.models import Account, Procedure, ProcedureDraft, ProcedureVersion
from engine.flow.vocabulary import LegalLimit
from engine.ground.database import write
from engine.ground.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from engine.owners import approvals, catalogue, drafting, drafts
from engine.owners.words.differences import Difference, differences


@dataclass(frozen=True)
class Release:
    """What putting a draft into force would mean."""

    draft: ProcedureDraft
    findings: Sequence[Finding]
    differences: Sequence[Difference]
    running: int
    """Cases under way on earlier versions, which go on as they are."""
    overtaken_by: ProcedureVersion | None
    """The version in force, when it is not the one that the draft began from."""
    needs_approval: bool
    reviewers: Sequence[Account]
    """Who would be told of a submission."""
    changes: Sequence[str]
    """What has changed since it was submitted: then it cannot be approved."""
    became: ProcedureVersion | None
    """The version that it has become."""
    limits: Sequence[LegalLimit] = ()
    """The legal limits of the drawing for which the province has a bound of its own."""

    @property
    def sound(self) -> bool:
        """Whether the check has nothing against it."""
        return not any(finding.severity == "error" for finding in self.findings)


# -- looking ahead ---------------------------------------------------------------------------------


def preview(session: Session, actor: Account, draft_id: int) -> Release:
    """What would happen, before anything does."""
    draft = drafts.find(session, actor, draft_id)
    if draft.status not in drafts.ALIVE:
        options = [joinedload(ProcedureVersion.procedure)]
        became = (
            session.get(ProcedureVersion, draft.version_id, options=options) if draft.version_id else None
        )
        return Release(draft, [], [], 0, None, False, [], [], became)
    definition, findings = drafts.checked(session, draft)
    present = _present(session, definition.key if definition else draft.procedure_key)
    found = differences(definitions.load(session, present.id), definition) if definition and present else []
    submitted = draft.status == "submitted"
    seen = present is None or submitted or present.id == draft.base_version_id
    return Release(
        draft=draft,
        findings=findings,
        differences=found,
        running=catalogue.running(session, [draft.procedure_key]).get(draft.procedure_key, 0),
        overtaken_by=None if seen else present,
        needs_approval=approvals.needs_approval(session, actor),
        reviewers=approvals.reviewers(session, draft, actor),
        changes=approvals.changes(session, draft) if submitted else [],
        became=None,
        limits=definitions.own_limits(session, definition) if definition else (),
    )


def _present(session: Session, key: str) -> ProcedureVersion | None:
    query = select(ProcedureVersion).join(Procedure, Procedure.current_version_id == ProcedureVersion.id)
    return session.scalar(query.where(Procedure.key == key).options(joinedload(ProcedureVersion.procedure)))


# -- the acts --------------------------------------------------------------------------------------


def deploy(
    session: Session, actor: Account, draft_id: int, note: str, now: datetime, *, over: int | None = None
) -> ProcedureDraft:
    """Put the draft into force, or submit it where a second approval is demanded.

    `over` is the number of the version in force that the actor has seen, when it is not the one the draft
    began from. Raises Invalid without a note, DefinitionError with the findings, Conflict when somebody was
    faster.
    """
    if not note.strip():
        raise Invalid("请写明为什么修改。", {"note": ["请写明为什么修改。"]})
    with write(session):
        draft = _open(session, actor, draft_id)
        drafts.require_own(actor, draft)
        _require_seen(session, draft, over)
        draft.note = note.strip()[:500]
        if approvals.needs_approval(session, actor):
            _submit(session, actor, draft, now)
        else:
            _put_into_force(session, actor, draft, now)
    return draft


def _open(session: Session, actor: Account, draft_id: int, status: str = "open") -> ProcedureDraft:
    definitions.require_owner(actor)
    deployment.take_turns(session)
    options = [undefer(ProcedureDraft.xml)]
    draft = session.get(
        ProcedureDraft, draft_id, with_for_update=True, populate_existing=True, options=options
    )
    if draft is None:
        raise NotFound("没有找到这份草稿。")
    if draft.status != status:
        raise Conflict(f"这份草稿{drafts.STATUS_WORDS[draft.status]}，请刷新页面。")
    return draft


def _require_seen(session: Session, draft: ProcedureDraft, over: int | None) -> None:
    present = _present(session, draft.procedure_key)
    if present is not None and present.id != draft.base_version_id and present.number != over:
        raise Conflict(
            f"草稿开始修改之后，第 {present.number} 版已经启用（{present.note}）。请先看清楚差别；确认要用这份草稿代替它的，再启用。"
        )


def _submit(session: Session, actor: Account, draft: ProcedureDraft, now: datetime) -> None:
    draft.frozen = approvals.freeze(session, draft)
    draft.status, draft.submitted_by, draft.submitted_at = "submitted", actor.id, now
    details = {"draft": draft.id, "name": draft.name, "note": draft.note, "sha256": draft.frozen["sha256"]}
    audit.record(session, "procedure", actor.id, "submit", details, now)
    text = f"{actor.name}提交“{draft.name}”，请审批：{draft.note}"
    approvals.tell(session, "submitted", draft, approvals.reviewers(session, draft, actor), text, now)


def _put_into_force(session: Session, actor: Account, draft: ProcedureDraft, now: datetime) -> None:
    resources = drafts.resources_of(session, draft)
    version = deployment.deploy(session, actor, draft.xml, resources, draft.note, now)
    draft.status, draft.version_id, draft.procedure_key = "deployed", version.id, version.procedure_key
    if draft.submitted_by is None:
        draft.updated_by, draft.updated_at = actor.id, now


def submit_again(session: Session, actor: Account, draft_id: int, now: datetime) -> ProcedureDraft:
    """The submitter agrees to what has changed since:
    the draft waits for its approval as it would be put into force now.
    """
    with write(session):
        draft = _open(session, actor, draft_id, "submitted")
        if actor.id != draft.submitted_by:
            raise NotAllowed("由提交人重新提交；您可以退回。")
        _submit(session, actor, draft, now)
    return draft


def approve(session: Session, actor: Account, draft_id: int, now: datetime) -> ProcedureDraft:
    """A second process owner agrees: what was submitted is put into force, exactly as it was submitted.

    Raises NotAllowed for whoever submitted it, Conflict with what has changed since.
    """
    with write(session):
        draft = _open(session, actor, draft_id, "submitted")
        approvals.require_other(actor, draft)
        changed = approvals.changes(session, draft)
        if changed:
            raise Conflict(
                f"提交之后有了变化，没有启用：{'；'.join(changed)}。请退回修改，或由提交人看过之后重新提交。"
            )
        draft.approved_by = actor.id
        audit.record(session, "procedure", actor.id, "approve", {"draft": draft.id, "name": draft.name}, now)
        _put_into_force(session, actor, draft, now)
        _tell_submitter(session, "approved", draft, f"{actor.name}同意“{draft.name}”，已经启用。", now)
    return draft


def send_back(session: Session, actor: Account, draft_id: int, reason: str, now: datetime) -> ProcedureDraft:
    """A second process owner does not agree, or the submitter takes it back: it can be changed again."""
    if not reason.strip():
        raise Invalid("请写明退回的原因。", {"reason": ["请写明退回的原因。"]})
    with write(session):
        draft = _open(session, actor, draft_id, "submitted")
        own = actor.id == draft.submitted_by
        if not own:
            definitions.require_whole(actor)
        said = f"{actor.name}{'收回' if own else '退回'}：{reason.strip()}"[:500]
        draft.status, draft.frozen, draft.note = "open", None, said
        audit.record(
            session, "procedure", actor.id, "send_back", {"draft": draft.id, "reason": reason.strip()}, now
        )
        if not own:
            _tell_submitter(session, "sent_back", draft, f"“{draft.name}”被{said}", now)
    return draft


def _tell_submitter(session: Session, event: str, draft: ProcedureDraft, text: str, now: datetime) -> None:
    submitter = session.get_one(Account, draft.submitted_by)
    approvals.tell(session, event, draft, [submitter], text, now)


def roll_back(
    session: Session, actor: Account, key: str, number: int, note: str, now: datetime
) -> ProcedureDraft:
    """Put an earlier version's content into force again, as a new version;
    submitted where an approval is demanded.

    Its parts stay the present ones. Raises Invalid without a note or for the version in force.
    """
    definitions.require_owner(actor)
    if not note.strip():
        raise Invalid("请写明为什么回到这一版。", {"note": ["请写明为什么回到这一版。"]})
    with write(session):
        version = definitions.version(session, key, number)
        present = _present(session, key)
        if present is None or version.id == present.id:
            raise Invalid("这一版正在使用。")
        draft = drafting.create(session, actor, name=f"回到第 {number} 版", version_id=version.id, now=now)
        return deploy(
            session, actor, draft.id, f"回到第 {number} 版：{note.strip()}", now, over=present.number
        )
