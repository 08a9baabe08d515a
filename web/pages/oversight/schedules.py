"""定期开展: how often the county opens a recurring procedure for its households (R21, R26)."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.time import schedules
from engine.ground.clock import local_date
from engine.ground.errors import Invalid
from web.request import arguments
from web.request.signing import account
from web.server import clock
from web.server.database import session
from web.shown.words import day

blueprint = Blueprint("schedules", __name__, url_prefix="/schedules")


@blueprint.get("")
def index() -> str:
    """The recurring procedures and their rhythm."""
    return render_template(
        "oversight/schedules.html", offers=schedules.offers(session(), account()), today=_today()
    )


def _today() -> date:
    return local_date(clock.now())


@blueprint.post("/<key>")
def set_rhythm(key: str) -> ResponseReturnValue:
    """Set or stop."""
    if request.form.get("stop"):
        schedules.stop(session(), account(), key, clock.now())
        flash("已停止定期开展。", "success")
        return redirect(url_for("schedules.index"), 303)
    next_on = arguments.day(request.form.get("next_on"))
    if next_on is None:
        raise Invalid("请填写下次开展的日期。")
    months = arguments.number(request.form.get("months"), 0)
    schedule = schedules.set_rhythm(session(), account(), key, months, next_on, clock.now())
    flash(f"已设定：{day(schedule.next_on)}开展，以后每 {schedule.months} 个月一次。", "success")
    return redirect(url_for("schedules.index"), 303)
