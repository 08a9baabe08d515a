"""管理: incidents, for the system administrator."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine import access, incidents
from web import clock
from web.database import session
from web.pages.inbox import number
from web.signing import account

blueprint = Blueprint("administration", __name__, url_prefix="/administration")


@blueprint.get("/incidents")
def index() -> str:
    """Steps that the engine could not take, open ones first."""
    access.require_role(account(), access.ACCOUNT_ADMIN)
    page = incidents.listing(session(), account(), number(request.args.get("page")))
    return render_template("administration/incidents.html", page=page)


@blueprint.post("/incidents/<int:incident_id>/retry")
def retry(incident_id: int) -> ResponseReturnValue:
    """重试."""
    solved = incidents.retry(session(), account(), incident_id, clock.clock())
    flash("已恢复。" if solved else "重试没有成功，请查看原因。", "success" if solved else "danger")
    return redirect(url_for("administration.index"), 303)
