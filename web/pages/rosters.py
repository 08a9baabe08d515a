"""导入账号: a table, what is wrong with it, the progress, the codes."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.casework.organisation.identity.roster import adding, checking, first_codes, tables
from engine.ground.clock import SYSTEM
from engine.ground.errors import Conflict, Invalid
from web.pages.desk import outgoing
from web.request.arguments import number
from web.request.signing import account
from web.server.database import session
from web.shown import sent

blueprint = Blueprint("rosters", __name__, url_prefix="/administration/accounts/import")


@blueprint.get("")
def index() -> str:
    """Choose a file; the last imports."""
    return _page()


def _page(problem: str = "") -> str:
    access.require_role(account(), access.ACCOUNT_ADMIN)
    return render_template(
        "office/accounts/import.html",
        latest=adding.latest(session(), account()),
        problem=problem,
        most=tables.MOST,
    )


@blueprint.post("")
def upload() -> ResponseReturnValue:
    """Check it; nothing is added yet."""
    access.require_role(account(), access.ACCOUNT_ADMIN)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page("请先选择文件。"), 422
    try:
        found = checking.begin(session(), account(), sent.stream.read(), sent.filename, SYSTEM.now())
    except Invalid as error:
        return _page(error.message), 422
    return redirect(url_for("rosters.show", import_id=found.id), 303)


@blueprint.get("/template.xlsx")
def template() -> Response:
    """An empty table."""
    access.require_role(account(), access.ACCOUNT_ADMIN)
    return sent.attachment(tables.template(), "accounts.xlsx")


@blueprint.get("/<int:import_id>")
def show(import_id: int) -> str:
    """What can be let in and what is wrong; then how far it is."""
    found = adding.get(session(), account(), import_id)
    page = number(request.args.get("page"))
    wrong = adding.listed(session(), found, ("wrong", "refused", "present"), page)
    return render_template(
        "office/accounts/imported.html",
        found=found,
        counts=adding.counts(session(), found),
        wrong=wrong,
        statuses=adding.STATUS_NAMES,
    )


@blueprint.post("/<int:import_id>")
def go_on(import_id: int) -> ResponseReturnValue:
    """确认, the next portion, or 取消."""
    act = request.form.get("act", "")
    if act == "cancel":
        adding.cancel(session(), account(), import_id)
        flash("已停止。导入了的账号都在。", "info")
        return redirect(url_for("rosters.show", import_id=import_id), 303)
    if act == "confirm":
        adding.confirm(session(), account(), import_id)
    adding.go_on(session(), account(), import_id, SYSTEM.now())
    return redirect(url_for("rosters.show", import_id=import_id), 303)


@blueprint.get("/<int:import_id>.xlsx")
def faults(import_id: int) -> ResponseReturnValue:
    """The rows that were not let in."""
    return outgoing.asked("roster_faults", {"import": str(import_id)})


@blueprint.post("/<int:import_id>/codes")
def codes(import_id: int) -> ResponseReturnValue:
    """The codes for the first sign-in, made once."""
    try:
        return sent.attachment(
            first_codes.issue_codes(session(), account(), import_id, SYSTEM.now()), "codes.xlsx"
        )
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for("rosters.show", import_id=import_id), 303)
