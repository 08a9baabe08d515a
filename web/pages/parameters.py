"""参数: the monitoring line, the days off, who acts for a division."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.models import MonitoringLine
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.register import line_acts, line_effects, monitoring_lines
from engine.prevention.register.line_acts import LineAsked
from web import banners, clock
from web.arguments import number
from web.database import session
from web.pages.register import SHEET
from web.signing import account

blueprint = Blueprint("parameters", __name__, url_prefix="/parameters")
_TYPED = ("year", "amount", "effective_from", "basis", "document", "reason")


@blueprint.get("")
def index() -> str:
    """What there is to set."""
    lacks = {banner.endpoint for banner in banners.of(account())}
    return render_template("parameters/index.html", lacks=lacks)


# -- the line --------------------------------------------------------------------------------------


@blueprint.get("/line")
def lines() -> str:
    """The province's lines by day, and the form to ask for one."""
    return _lines({}, {})


def _lines(given: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    page = line_acts.listing(session(), account(), number(request.args.get("page")))
    return render_template(
        "parameters/lines.html",
        page=page,
        people=line_acts.people(session(), page.items),
        status=monitoring_lines.STATUS,
        may_ask=line_acts.may_ask(account()),
        given=given,
        errors=errors,
        today=local_date(clock.now()),
    )


@blueprint.post("/line")
def ask() -> ResponseReturnValue:
    """提出一项监测范围."""
    given = request.form
    typed = {name: given.get(name, "") for name in _TYPED}
    asked = LineAsked(**typed, aware=given.get("aware") == "yes")
    try:
        line = line_acts.ask(session(), account(), asked, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _lines(given, error.fields), 422
    flash("已提出，由第二人确认后生效。", "success")
    return redirect(url_for("parameters.line", line_id=line.id), 303)


@blueprint.get("/line/<int:line_id>")
def line(line_id: int) -> str:
    """A line: who set it, what it changes, and the second person's answer."""
    return _line(line_id, {})


def _line(line_id: int, errors: Mapping[str, list[str]]) -> str:
    found = line_acts.get(session(), account(), line_id)
    before = line_effects.against(session(), found)
    county, kind = request.args.get("county", ""), request.args.get("kind", "")
    counts = households = None
    if before is not None and line_effects.may_count(account()):
        counts = line_effects.effects(session(), account(), found.amount, before.amount)
        if line_effects.may_list(account()):
            households = line_effects.households(
                session(),
                account(),
                found.amount,
                before.amount,
                county=county,
                kind=kind,
                page=number(request.args.get("page")),
            )
    return render_template(
        "parameters/line.html",
        line=found,
        before=before,
        counts=counts,
        totals=line_effects.summed(counts or ()),
        counties={one.code: one.name for one in counts or ()},
        households=households,
        county=county,
        kind=kind,
        kinds=line_effects.KINDS,
        side=line_effects.side,
        consequences=_consequences(found),
        people=line_acts.people(session(), [found]),
        status=monitoring_lines.STATUS,
        may_decide=line_acts.may_decide(account(), found),
        mine=found.status == monitoring_lines.ASKED and found.asked_by == account().id,
        given=request.form,
        errors=errors,
    )


def _consequences(line: MonitoringLine) -> list[str]:
    if line.status != monitoring_lines.ASKED:
        return []
    return line_acts.consequences(session(), line, local_date(clock.now()))


@blueprint.get("/line/<int:line_id>.xlsx")
def changing(line_id: int) -> Response:
    """The households that change sides, as an Excel file."""
    found = line_acts.get(session(), account(), line_id)
    before = line_effects.against(session(), found)
    amount = before.amount if before is not None else found.amount
    county, kind = request.args.get("county", ""), request.args.get("kind", "")
    body = line_effects.workbook(session(), account(), found.amount, amount, county, kind)
    return Response(body, mimetype=SHEET, headers={"Content-Disposition": "attachment; filename=line.xlsx"})


@blueprint.post("/line/<int:line_id>/decide")
def decide(line_id: int) -> ResponseReturnValue:
    """确认或不同意."""
    agrees, note = request.form.get("agrees") == "yes", request.form.get("note", "")
    aware = request.form.get("aware") == "yes"
    try:
        line_acts.decide(session(), account(), line_id, agrees, note, aware=aware, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _line(line_id, error.fields), 422
    flash("已确认，从起始日期起执行。" if agrees else "已退回提出的人。", "success")
    return redirect(url_for("parameters.line", line_id=line_id), 303)


@blueprint.post("/line/<int:line_id>/withdraw")
def withdraw(line_id: int) -> ResponseReturnValue:
    """收回自己提出的."""
    line_acts.withdraw(session(), account(), line_id, clock=clock.clock())
    flash("已收回。", "success")
    return redirect(url_for("parameters.lines"), 303)
