"""日志: what an audit administrator reads, exports and verifies."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.casework.organisation.identity import journal
from engine.ground.clock import SYSTEM
from engine.ground.errors import Conflict, Invalid
from web.pages.desk import outgoing
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("journal", __name__, url_prefix="/administration/log")


def _wanted() -> journal.Wanted:
    return journal.read(request.args, SYSTEM.now(), clock.now())


@blueprint.get("")
def index() -> ResponseReturnValue:
    """The lines that match, the latest first, and how the last verification ended."""
    access.require_role(account(), access.AUDIT_ADMIN)
    wanted, problem, found = _wanted(), "", None
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
def export() -> ResponseReturnValue:
    """What the page finds, all of it, as a file; the export is on the log."""
    return outgoing.sent("log", request.form)


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
