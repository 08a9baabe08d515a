"""重点关注区域: the list of a week, its labels by hand (R31)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import divisions
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.hazards.watch import labels, lists
from web.request.arguments import day, number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("watch", __name__, url_prefix="/watch")


@blueprint.get("")
def index() -> str:
    """The places of a week's list in one's reach."""
    return _page({}, {})


def _page(typed: Mapping[str, str], errors: Mapping[str, list[str]]) -> str:
    lists.require(account())
    weeks = lists.weeks(session())
    asked = day(request.args.get("week"))
    week = asked if asked in weeks else weeks[0] if weeks else None
    kind = request.args.get("kind", "")
    page = lists.listing(session(), account(), week, kind, number(request.args.get("page"))) if week else None
    by_hand = labels.listing(session(), account(), number(request.args.get("labels")))
    codes = {one.division_code for one in by_hand.items}
    codes |= {one.division_code for one in page.items} if page else set()
    return render_template(
        "hazards/watch.html",
        weeks=weeks,
        week=week,
        kind=kind,
        page=page,
        counts=lists.counts(session(), account(), week) if week else {},
        kinds=labels.KINDS,
        by_hand=by_hand,
        label_names=labels.NAMES,
        label_kinds=[one for one in labels.LABELS if labels.offers(account(), one)],
        may=labels.may,
        paths=divisions.paths(session(), codes),
        today=local_date(clock.now()),
        typed=typed,
        errors=errors,
    )


@blueprint.post("/labels")
def put() -> ResponseReturnValue:
    """标注."""
    sent = request.form
    try:
        labels.put(
            session(),
            account(),
            sent.get("place", ""),
            sent.get("kind", ""),
            sent.get("reason", ""),
            day(sent.get("since")),
            clock=clock.clock(),
        )
    except (Invalid, Conflict) as error:
        flash(error.message, "danger")
        return _page(sent.to_dict(), getattr(error, "fields", {})), 422
    flash("已标注，下一周的名单按它推算。", "success")
    return redirect(url_for("watch.index", _anchor="labels"), 303)


@blueprint.post("/labels/<int:label_id>/end")
def end(label_id: int) -> ResponseReturnValue:
    """取消标注."""
    try:
        labels.end(session(), account(), label_id, request.form.get("reason", ""), clock=clock.clock())
        flash("标注已取消。", "success")
    except Invalid as error:
        flash(error.message, "danger")
    return redirect(url_for("watch.index", _anchor="labels"), 303)
