"""The register of issued papers: issuing, and reading what was issued, by whoever the place belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, false, func, or_, select
from sqlalchemy.orm import Session, joinedload, undefer

from engine.casework import definitions, kit
from engine.casework.models import Account, NumberedPaper, PaperEntry, RoleGrant, WorkItem
from engine.casework.organisation import access
from engine.casework.papers import drafts, numbers
from engine.casework.papers.drafts import Draft
from engine.casework.papers.kinds import kind_of, kinds
from engine.flow.machine.definition import Definition
from engine.flow.vocabulary import PaperKind
from engine.ground.clock import not_before
from engine.ground.database import whole, write
from engine.ground.errors import Conflict, NotAllowed, NotFound
from engine.ground.paging import Page, page_of

LATELY = timedelta(days=180)
"""How far back decisions that stand on no list are looked for."""


def may_issue(actor: Account, kind: PaperKind, division_code: str) -> bool:
    """Whether the actor signs for the division at the level that issues this kind."""
    return any(
        access.QUEUE_OF_ROLE.get(grant.role) == kind.level
        and access.scope_of(grant.division_code).holds(division_code)
        for grant in actor.grants
    )


@whole
def issue(
    session: Session, actor: Account, kind_key: str, item_ids: Sequence[int], now: datetime
) -> list[NumberedPaper]:
    """印发: give each paper of the items its number and keep it as it is now;
    what is issued already stays as it was.

    Raises NotAllowed when the actor does not sign for the issuer, Conflict while something is still
    undecided.
    """
    kind = kind_of(kind_key)
    with write(session):
        for division in _issuers(session, kind, item_ids):
            numbers.hold(session, kind, division)  # two clicks at once make one paper
        decided = select(func.max(WorkItem.closed_at)).where(WorkItem.id.in_(item_ids))
        now = not_before(now, session.scalar(decided))
        return [
            _issue(session, actor, draft, now)
            for draft in drafts.of_items(session, actor, kind_key, item_ids, now)
        ]


def _issuers(session: Session, kind: PaperKind, item_ids: Sequence[int]) -> list[str]:
    villages = session.scalars(select(WorkItem.village_code).where(WorkItem.id.in_(item_ids)).distinct())
    return sorted({access.ancestor(code, kind.level) for code in villages})


def _issue(session: Session, actor: Account, draft: Draft, now: datetime) -> NumberedPaper:
    if draft.record is not None and draft.issued:
        return draft.record
    if not may_issue(actor, draft.kind, draft.division_code):
        raise NotAllowed(
            f"{draft.kind.name}由{access.QUEUE_NAMES[draft.kind.level]}印发，您只能查看和打印草稿。"
        )
    if draft.obstacle:
        raise Conflict(draft.obstacle)
    if draft.record is not None:
        kit.used().gathering[draft.kind.key].close(session, draft.record, actor, now)
        return draft.record
    record = numbers.open_paper(session, draft.kind, draft.place_code, draft.matter, draft.basis, now)
    for item in draft.items:
        session.add(PaperEntry(paper_id=record.id, case_id=item.case_id, work_item_id=item.id))
    numbers.fix(session, record, drafts.numbered(draft.paper, record), actor, now)
    session.flush()
    return record


@dataclass(frozen=True)
class Unlisted:
    """Decisions of a step that stand on no paper yet."""

    kind: PaperKind
    step: str  # "procedure:element"
    name: str
    count: int


def unlisted(session: Session, actor: Account, now: datetime) -> list[Unlisted]:
    """What the actor's desk has decided lately and not put on a list: by step,
    as far as the actor issues its list.
    """
    columns = (WorkItem.procedure_key, WorkItem.element_id, WorkItem.name)
    query = _undocumented(actor, now).with_only_columns(*columns, func.count()).group_by(*columns)
    rows = session.execute(query).all()
    drawn = {key: _in_force(session, key) for key in sorted({row.procedure_key for row in rows})}
    found = []
    for procedure, element_id, name, count in rows:
        kind = _list_of_step(drawn[procedure], element_id)
        if kind is not None and _works_at(actor, kind):
            found.append(Unlisted(kind, f"{procedure}:{element_id}", name, count))
    return found


def unlisted_ids(session: Session, actor: Account, step: str, now: datetime, limit: int) -> list[int]:
    """The items of `step` that `unlisted` counts, oldest first."""
    procedure, _, element = step.partition(":")
    query = _undocumented(actor, now).where(
        WorkItem.procedure_key == procedure, WorkItem.element_id == element
    )
    return list(session.scalars(query.with_only_columns(WorkItem.id).order_by(WorkItem.id).limit(limit)))


def _undocumented(actor: Account, now: datetime) -> Select[WorkItem]:
    """Finished by the actor or a colleague of the same desk, and on no paper.

    By person: that is what is indexed.
    """
    desks = [
        and_(RoleGrant.role == grant.role, RoleGrant.division_code == grant.division_code)
        for grant in actor.grants
        if grant.role in access.QUEUE_OF_ROLE
    ]
    people = select(RoleGrant.account_id).where(or_(*desks) if desks else false())
    on_paper = select(PaperEntry.id).where(PaperEntry.work_item_id == WorkItem.id).exists()
    return select(WorkItem).where(
        WorkItem.closed_by.in_(people),
        WorkItem.closed_at >= now - LATELY,
        WorkItem.status == "done",
        ~on_paper,
        access.visible_items(actor),
    )


def _in_force(session: Session, procedure: str) -> Definition:
    return definitions.load(session, definitions.current(session, procedure).id)


def _list_of_step(definition: Definition, element_id: str) -> PaperKind | None:
    """The kind of list that the step's decisions belong on, as the procedure is now."""
    element = definition.elements.get(element_id)
    key = element.paper if element is not None else ""
    kind = kinds().get(key)
    return kind if kind is not None and kind.listed else None


def _works_at(actor: Account, kind: PaperKind) -> bool:
    return any(access.QUEUE_OF_ROLE.get(grant.role) == kind.level for grant in actor.grants)


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
