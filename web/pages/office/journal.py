"""日志: what an audit administrator reads, exports and verifies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.casework.organisation.identity import journal
from engine.ground.clock import SYSTEM
from engine.ground.errors import Conflict, Invalid
from web.pages.register.register import SHEET
from web.request.arguments import day, row
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("journal", __name__, url_prefix="/administration/log")


def _wanted(given: Mapping[str, str]) -> journal.Wanted:
    first, last = journal.days_back(SYSTEM.now(), clock.now())
    last = min(day(given.get("last")) or last, date.max - timedelta(days=1))  # a day after it there is
    object_, number = journal.read_object(given.get("object", ""), given.get("number", ""))
    return journal.Wanted(
        first=day(given.get("first")) or min(first, last),
        last=last,
        group=given.get("group", ""),
        kind=given.get("kind", ""),
        person=given.get("person", "").strip()[:40],
        object=object_,
        number=number,
        address=given.get("address", "").strip()[:45],
        before=row(given.get("before")),
        before_day=day(given.get("day")),
    )


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The lines that match, the latest first, and how the last verification ended."""
    access.require_role(account(), access.AUDIT_ADMIN)
    wanted, problem, found = _wanted(request.args), "", None
    try:
        found = journal.find(session(), account(), wanted, SYSTEM.now())
    except Invalid as error:
        problem = error.message
    page = render_template(
        "office/journal/index.html",
        wanted=wanted,
        found=found,
        problem=problem,
        query={
            name: value for name, value in request.args.items() if value and name not in ("before", "day")
        },
        groups=journal.groups(),
        words=journal.kinds(),
        objects=journal.objects(),
        check=journal.latest_check(session(), account()),
        everywhere=access.has_everywhere(account(), access.AUDIT_ADMIN),
    )
    return page, 422 if problem else 200


@blueprint.post("/log.xlsx")
def export() -> Response:
    """The Excel file; the export is on the log."""
    body = journal.export(session(), account(), _wanted(request.form), SYSTEM.now())
    answer = Response(body, mimetype=SHEET)
    answer.headers["Content-Disposition"] = "attachment; filename=log.xlsx"
    return answer


@blueprint.post("/verify")
def verify() -> ResponseReturnValue:
    """核对整个日志."""
    try:
        check = journal.begin_check(session(), account(), SYSTEM.now())
    except Conflict as error:
        running = journal.under_way(session())
        if running is None or not access.has_everywhere(account(), access.AUDIT_ADMIN):
            raise
        flash(error.message, "info")
        check = running
    return redirect(url_for("journal.progress", check_id=check.id), 303)


@blueprint.get("/verify/<int:check_id>")
def progress(check_id: int) -> str:
    """How far it is, and what does not hold."""
    check = journal.check_of(session(), account(), check_id)
    return render_template("office/journal/check.html", check=check)


@blueprint.post("/verify/<int:check_id>")
def go_on(check_id: int) -> ResponseReturnValue:
    """The next part."""
    journal.go_on(session(), account(), check_id, SYSTEM.now())
    return redirect(url_for("journal.progress", check_id=check_id), 303)
