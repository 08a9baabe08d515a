"""总结报告: a city's summary of its checks, with its figures, as it goes up to the province (R40)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ground.clock import local_date
from engine.ground.errors import Invalid, NotFound
from engine.prevention.campaign.reports import lists, papers, reports
from engine.prevention.models import ReportAnnex, SummaryReport
from web.pages.desk.papers import FILES, file_of, lacking_in
from web.request.arguments import day, number
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("reports", __name__, url_prefix="/reports")
Errors = Mapping[str, list[str]]


@blueprint.get("")
def index() -> str:
    """The reports in the official's reach, and the form to open one."""
    return _index({}, {})


def _index(typed: Mapping[str, str], errors: Errors) -> str:
    page = lists.search(session(), account(), number(request.args.get("page")))
    return render_template(
        "prevention/reports/index.html",
        page=page,
        names=lists.places_of(session(), page.items),
        cases=lists.cases_of(session(), [one.id for one in page.items]),
        writable=reports.writable(session(), account()),
        today=local_date(clock.now()),
        typed=typed,
        errors=errors,
    )


@blueprint.post("")
def begin() -> ResponseReturnValue:
    """开始一份总结报告."""
    sent = request.form
    typed = reports.Typed(
        sent.get("division", ""),
        sent.get("name", ""),
        day(sent.get("starts_on")),
        day(sent.get("ends_on")),
        day(sent.get("due_on")),
    )
    try:
        report = reports.begin(session(), account(), typed, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _index(sent.to_dict(), error.fields), 422
    flash("总结报告已开始，附表已生成，请在待办里编写。", "success")
    return redirect(url_for("reports.show", report_id=report.id), 303)


@blueprint.get("/<int:report_id>")
def show(report_id: int) -> ResponseReturnValue:
    """A report as printed, with one of its annexes (``annex``, else the latest); ``as`` = docx or pdf."""
    report = lists.view(session(), account(), report_id)
    annex, form = _annex(report), request.args.get("as", "")
    found = papers.report(session(), report, annex)
    if form in FILES:
        return file_of(found, form, report.name)
    return render_template(
        "prevention/reports/show.html",
        report=report,
        names=lists.places_of(session(), [report]),
        annex=annex,
        papers=found,
        lacking=lacking_in(found),
        case=lists.cases_of(session(), [report.id]).get(report.id),
        campaigns=lists.campaigns_of(session(), report.id),
        sentence=reports.said,
    )


def _annex(report: SummaryReport) -> ReportAnnex:
    """The annex that the address names, else the latest. Raises NotFound."""
    wanted = number(request.args.get("annex"), len(report.annexes))
    for one in report.annexes:
        if one.number == wanted:
            return one
    raise NotFound("没有找到这份附表。")


@blueprint.get("/<int:report_id>/annexes/<int:annex>.xlsx")
def workbook(report_id: int, annex: int) -> ResponseReturnValue:
    """The tables of an annex in Excel."""
    report = lists.view(session(), account(), report_id)
    found = lists.annex_of(session(), account(), report_id, annex)
    body = papers.workbook(session(), account(), report, found, clock=clock.clock())
    return sent.attachment(body, f"{report.name}附表{annex}.xlsx")
