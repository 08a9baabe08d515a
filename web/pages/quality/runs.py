"""核查: a county, a city or the province has its data looked through, by hand or every week."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access, divisions
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from engine.prevention.quality import runs
from web.request.arguments import day, number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("quality_runs", __name__, url_prefix="/quality/runs")


@blueprint.get("")
def index() -> str:
    """The runs that touch one's place, how to begin one, and the weekly one."""
    access.require_role(account(), *runs.WATCHES)
    page = runs.listing(session(), account(), number(request.args.get("page")))
    rhythms = runs.rhythms(session(), account())
    codes = [*(run.place_code for run in page.items), *rhythms]
    return render_template(
        "quality/runs.html",
        page=page,
        rhythms=rhythms,
        names=divisions.names(session(), codes),
        status=runs.STATUS,
        today=local_date(clock.now()),
    )


@blueprint.post("")
def begin() -> ResponseReturnValue:
    """开始核查."""
    run = runs.begin(session(), account(), request.form.get("place", ""), clock.clock())
    flash("已开始，系统在后台逐乡镇核查，不必等在页面上。", "success")
    return redirect(url_for("quality_runs.show", run_id=run.id), 303)


@blueprint.get("/<int:run_id>")
def show(run_id: int) -> str:
    """How far a run has come and what it found, by county."""
    run = runs.get(session(), account(), run_id)
    rows = runs.progress(session(), account(), run)
    failed = runs.failed(session(), account(), run)
    codes = [run.place_code, *(portion.place_code for portion in failed)]
    return render_template(
        "quality/run.html",
        run=run,
        rows=rows,
        failed=failed,
        names=divisions.names(session(), codes),
        status=runs.STATUS,
        going=run.status in runs.OPEN,
        may_stop=run.status in runs.OPEN and runs.may_begin(account(), run.place_code),
    )


@blueprint.post("/<int:run_id>/stop")
def stop(run_id: int) -> ResponseReturnValue:
    """停止."""
    runs.stop(session(), account(), run_id, clock.now())
    flash("已停止，已经核查过的乡镇照旧有效。", "success")
    return redirect(url_for("quality_runs.show", run_id=run_id), 303)


@blueprint.post("/weekly")
def weekly() -> ResponseReturnValue:
    """每周核查一次, or no longer."""
    place, next_on = request.form.get("place", ""), day(request.form.get("next_on"))
    if next_on is None and not request.form.get("stop"):
        raise Invalid("请填写下次核查的日期。")
    ending = None if request.form.get("stop") else next_on
    runs.set_rhythm(session(), account(), place, ending, clock.clock())
    flash("已设定，每七天自动核查一次。" if ending else "已停止每周核查。", "success")
    return redirect(url_for("quality_runs.index"), 303)
