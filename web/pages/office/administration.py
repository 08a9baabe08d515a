"""管理: how the system runs, and incidents, for the system administrator; who needs a second approval,
for the security administrator.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access, divisions
from engine.casework.time import incidents
from engine.owners import approvals
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown import running as shown

blueprint = Blueprint("administration", __name__, url_prefix="/administration")


@blueprint.get("/incidents")
def index() -> str:
    """Steps that the engine could not take, open ones first."""
    access.require_role(account(), access.ACCOUNT_ADMIN)
    page = incidents.listing(session(), account(), number(request.args.get("page")))
    return render_template("office/administration/incidents.html", page=page)


@blueprint.post("/incidents/<int:incident_id>/retry")
def retry(incident_id: int) -> ResponseReturnValue:
    """重试."""
    solved = incidents.retry(session(), account(), incident_id, clock.clock())
    flash("已恢复。" if solved else "重试没有成功，请查看原因。", "success" if solved else "danger")
    return redirect(url_for("administration.index"), 303)


@blueprint.get("/running")
def running() -> str:
    """How the system is, and what to do about it."""
    page = number(request.args.get("page"))
    found = shown.overview(session(), account(), clock.clock().now(), page)
    return render_template("office/administration/running.html", found=found, does=shown.does)


@blueprint.get("/approval")
def approval() -> str:
    """Which divisions' process owners need a second one's approval."""
    places = approvals.places(session(), account())
    codes = approvals.approval_divisions(session())
    return render_template(
        "office/administration/approval.html",
        codes=codes,
        places=places,
        owners={one.code: one.owners for one in places},
        names=divisions.names(session(), {*codes, *(one.code for one in places)}),
    )


@blueprint.post("/approval")
def demand_approval() -> ResponseReturnValue:
    """要求或不再要求第二人审批."""
    code = request.form.get("other", "").strip() or request.form.get("division_code", "")
    wanted = request.form.get("wanted") == "yes"
    approvals.demand_approval(session(), account(), code, wanted, clock.now())
    flash("已要求第二人审批。" if wanted else "已不再要求第二人审批。", "success")
    return redirect(url_for("administration.approval"), 303)
