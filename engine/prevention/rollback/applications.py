"""The households of a batch, as its list went up and where each case is now; the list on paper (R28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.casework.models import Account, CaseFile, ProcedureVersion, Submission, WorkItem
from engine.casework.organisation import access, bodies, divisions
from engine.casework.papers import contents
from engine.casework.papers.paper import Paper
from engine.ground.clock import written
from engine.ground.paging import Page, page_of
from engine.prevention.identification import wordings
from engine.prevention.models import WITH_HOUSEHOLD, ApplicationBatch, BatchEntry, Household, household_of
from engine.prevention.register import listed
from engine.prevention.register.naming import CATEGORY_NAMES
from engine.prevention.rollback.lists import LEVEL_WORDS, kinds, view

PAPER_LIMIT = 1000
"""Households that one printed list holds."""


@dataclass(frozen=True)
class Row:
    """A household of a batch: what the list says of it, and where its case is now.

    `case` is None when the household has been handed over to another place since: then only the list's words
    are shown.
    """

    entry: BatchEntry
    case: CaseFile | None
    listed: contents.Listed
    step: str


def rows(
    session: Session, actor: Account, batch_id: int, page: int = 1, size: int = 20
) -> tuple[Page[int], list[Row]]:
    """A page of a batch's households, in the order in which they were applied for:
    always all that went up.
    """
    view(session, actor, batch_id)
    query = select(BatchEntry.id).where(BatchEntry.batch_id == batch_id)
    found = page_of(session, query, query.order_by(BatchEntry.id), page, size)
    return found, _rows(session, actor, found.items)


def paper(session: Session, actor: Account, batch_id: int) -> Paper:
    """The batch's list on paper, with its number: as it went up,
    whatever has become of its households since.
    """
    batch = view(session, actor, batch_id).batch
    query = select(BatchEntry.id).where(BatchEntry.batch_id == batch_id).order_by(BatchEntry.id)
    found = _rows(session, actor, session.scalars(query.limit(PAPER_LIMIT)).all())
    heading = batch.heading or _heading(session, actor, batch)
    terms = contents.Terms(
        heading["matter"],
        f"{written(batch.opened_on)}{heading['matter']}",
        heading["place"],
        heading["signature"],
        batch.opened_on,
        seal=heading.get("seal", "over"),
    )
    listed = [_replacing(row) for row in found]
    return replace(wordings.application(terms, listed), number=batch.number)


def _heading(session: Session, actor: Account, batch: ApplicationBatch) -> dict[str, str]:
    """The heading of a batch of before lists were kept as they went up."""
    place = divisions.names(session, [batch.division_code]).get(batch.division_code, "")
    matter = kinds(session, actor).get(batch.kind, "") + LEVEL_WORDS[batch.level]
    issuer = bodies.signature(session, batch.division_code, batch.level, batch.opened_on)
    return {"place": place, "signature": issuer.name, "seal": issuer.seal, "matter": matter}


def _replacing(row: Row) -> contents.Listed:
    """The line of the list; one that was listed before says on which list,
    in place of which this one stands.
    """
    if not row.entry.replaces:
        return row.listed
    reason = f"{row.listed.details.get('事由', '')}（代替原列 {row.entry.replaces} 名单的这一户）"
    return replace(row.listed, details={**row.listed.details, "事由": reason})


def details_of(household: Household, reason: str) -> dict[str, str]:
    since = household.monitored_on
    return {
        "类别": CATEGORY_NAMES.get(household.category, ""),
        "纳入日期": written(since) if since else "",
        "事由": reason,
    }


def _rows(session: Session, actor: Account, ids: Sequence[int]) -> list[Row]:
    query = (
        select(BatchEntry, CaseFile)
        .join(CaseFile, CaseFile.id == BatchEntry.case_id)
        .where(BatchEntry.id.in_(ids))
        .options(
            WITH_HOUSEHOLD,
            joinedload(CaseFile.version).joinedload(ProcedureVersion.procedure),
        )
        .order_by(BatchEntry.id)
    )
    pairs = [(row.BatchEntry, row.CaseFile) for row in session.execute(query)]
    cases = [case.id for _, case in pairs]
    seen = set(
        session.scalars(select(CaseFile.id).where(CaseFile.id.in_(cases), access.visible_cases(actor)))
    )
    steps, earlier = (
        _open_steps(session, cases),
        _earlier(session, [pair for pair in pairs if not pair[0].line]),
    )
    return [
        Row(
            entry,
            case if case.id in seen else None,
            contents.Listed(**entry.line) if entry.line else earlier[case.id],
            steps.get(case.id, ""),
        )
        for entry, case in pairs
    ]


def _earlier(session: Session, pairs: Sequence[tuple[BatchEntry, CaseFile]]) -> dict[int, contents.Listed]:
    """What the lists of before say: they were not kept, so it is as the register has it."""
    places = listed.of_cases(session, [case for _, case in pairs])
    reasons = reasons_of(session, [case.id for _, case in pairs])
    return {
        case.id: replace(places[case.id], details=details_of(household_of(case), reasons.get(case.id, "")))
        for _, case in pairs
    }


def _open_steps(session: Session, cases: Sequence[int]) -> dict[int, str]:
    query = select(WorkItem.case_id, WorkItem.name).where(
        WorkItem.case_id.in_(cases), WorkItem.status == "open"
    )
    return {row.case_id: row.name for row in session.execute(query.order_by(WorkItem.id))}


def reasons_of(session: Session, cases: Sequence[int]) -> dict[int, str]:
    """Why each case was applied for: what its latest application says of the check below."""
    query = select(Submission.case_id, Submission.data).where(
        Submission.case_id.in_(cases), Submission.form_key == "county_application"
    )
    return {
        row.case_id: str(row.data.get("basis") or row.data.get("reason") or "")
        for row in session.execute(query.order_by(Submission.id))
    }
