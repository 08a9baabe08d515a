"""后台任务: what one has started, how far it is, and stopping it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.portions.jobs import acts
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")
PAGES: Mapping[str, Callable[[int], str]] = {
    "bulk": lambda about: url_for("bulk.show", act_id=about),
    "moving": lambda about: url_for("migrations.show", migration_id=about),
    "replay": lambda about: url_for("replays.show", replay_id=about),
    "feedback": lambda about: url_for("matching.show", matching_id=about),
    "quality": lambda about: url_for("quality_runs.show", run_id=about),
    "hazard_clues": lambda about: url_for("raising.show", raising_id=about),
    "export": lambda about: url_for("outgoing.show", file_id=about),
    "import": lambda about: url_for("imports.show", import_id=about),
}
"""Where the act of a job is seen."""


@blueprint.get("")
def index() -> str:
    """One's own, the latest first."""
    page = acts.listed(session(), account(), page=number(request.args.get("page")))
    return render_template(
        "desk/jobs.html",
        page=page,
        links={one.id: PAGES[one.kind](one.about) for one in page.items if one.kind in PAGES},
        going=any(one.is_open for one in page.items),
    )


@blueprint.post("/<int:job_id>/cancel")
def cancel(job_id: int) -> ResponseReturnValue:
    """停下: what is done stays."""
    acts.cancel(session(), account(), job_id, clock.clock())
    flash("已停下。已经做完的都在。", "info")
    return redirect(url_for("jobs.index"), 303)
