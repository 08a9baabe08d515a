"""Which summary reports there are, and who may see them (R40)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from engine.casework.models import Account, CaseFile
from engine.casework.organisation import access, divisions
from engine.ground.errors import NotFound
from engine.ground.paging import Page, page_of
from engine.prevention.models import Campaign, ReportAnnex, SummaryReport

PROCEDURE = "summary_report"
SEES = frozenset({"county_approver", "city_reviewer", "province_reviewer", access.SUPERVISOR})


def visible(actor: Account) -> ColumnElement[bool]:
    """SQL: the reports of the divisions at and below the actor's own."""
    return access.within(SummaryReport.village_code, access.scopes(actor, SEES))


def search(session: Session, actor: Account, page: int = 1) -> Page[SummaryReport]:
    """A page of the reports that the actor may see, latest first."""
    access.require_role(actor, *sorted(SEES))
    query = select(SummaryReport).where(visible(actor))
    ordered = query.order_by(SummaryReport.id.desc()).options(selectinload(SummaryReport.annexes))
    return page_of(session, query, ordered, page)


def view(session: Session, actor: Account, report_id: int) -> SummaryReport:
    """One report with its annexes. Raises NotFound out of the actor's reach."""
    query = select(SummaryReport).where(SummaryReport.id == report_id, visible(actor))
    report = session.scalar(query.options(selectinload(SummaryReport.annexes)))
    if report is None:
        raise NotFound("没有找到这份总结报告。")
    return report


def annex_of(session: Session, actor: Account, report_id: int, number: int) -> ReportAnnex:
    """One annex of a report. Raises NotFound."""
    report = view(session, actor, report_id)
    for one in report.annexes:
        if one.number == number:
            return one
    raise NotFound("没有找到这份附表。")


def latest(session: Session, report_id: int) -> ReportAnnex | None:
    """The annex that the report stands on: the last one made."""
    query = select(ReportAnnex).where(ReportAnnex.report_id == report_id)
    return session.scalar(query.order_by(ReportAnnex.number.desc()).limit(1))


def campaigns_of(session: Session, report_id: int) -> Sequence[Campaign]:
    """The campaigns that a report sums up."""
    query = select(Campaign).where(Campaign.report_id == report_id)
    return session.scalars(query.order_by(Campaign.county_code, Campaign.id)).all()


def places_of(session: Session, found: Sequence[SummaryReport]) -> Mapping[str, str]:
    """What the divisions of reports, and of the campaigns in them, are called, by code."""
    ids = [one.id for one in found]
    counties = session.scalars(select(Campaign.county_code).where(Campaign.report_id.in_(ids)))
    return divisions.names(session, {*counties, *(one.village_code for one in found)})


def cases_of(session: Session, ids: Sequence[int]) -> Mapping[int, CaseFile]:
    """The latest case of each report."""
    query = select(CaseFile).where(CaseFile.subject_id.in_(ids), CaseFile.procedure_key == PROCEDURE)
    return {case.subject_id: case for case in session.scalars(query.order_by(CaseFile.id))}
