"""标注提示: what strikes about marks of elimination, for supervisors to look at (Q57, T23; R02)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access
from engine.ground.errors import Invalid
from engine.prevention.quality import parameters
from engine.prevention.quality.alarms import weekly
from engine.prevention.quality.alarms.parameters import NUMBERS
from engine.prevention.quality.alarms.weekly import Narrowing
from engine.prevention.quality.sampling import samples
from web.request.arguments import day, number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("alarms", __name__, url_prefix="/alarms")


@blueprint.get("")
def index() -> str:
    """The alarms of one's reach, the latest week first."""
    return _index({}, {})


def _index(typed: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    given = request.args
    wanted = Narrowing(
        given.get("kind", "")[:12],
        day(given.get("week")),
        given.get("open") == "1",
        number(given.get("page")),
    )
    page = weekly.listing(session(), account(), wanted)
    place = next(one.low for one in access.scopes(account(), weekly.SEES))
    return render_template(
        "oversight/alarms.html",
        page=page,
        wanted=wanted,
        kinds=weekly.KINDS,
        places=weekly.places(session(), page.items),
        people=samples.people(session(), [one.noted_by for one in page.items]),
        words=NUMBERS.each,
        rule=parameters.of_place(session(), NUMBERS, place),
        may_set=parameters.may_set(account()),
        typed=typed,
        errors=errors,
    )


@blueprint.post("/<int:alarm_id>")
def note(alarm_id: int) -> ResponseReturnValue:
    """写说明: what somebody saw who looked into it."""
    try:
        weekly.note(session(), account(), alarm_id, request.form.get("note", ""), clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _index({"alarm": str(alarm_id), **request.form.to_dict()}, {}), 422
    flash("说明已保存。", "success")
    return redirect(url_for("alarms.index"), 303)


@blueprint.post("/parameters")
def measure() -> ResponseReturnValue:
    """The province sets what strikes."""
    typed = request.form
    try:
        parameters.set_all(session(), account(), NUMBERS, typed, clock.now())
    except Invalid as error:
        flash(error.message, "danger")
        return _index(typed, error.fields), 422
    flash("口径已保存，从下一周起使用。", "success")
    return redirect(url_for("alarms.index"), 303)
