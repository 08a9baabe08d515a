"""批量录入线索: one act for the households of a hazard's area, or of a part of it (R33, T26)."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.organisation import access, divisions
from engine.casework.portions.jobs import acts as jobs
from engine.ground.clock import local_date
from engine.ground.errors import Conflict, Invalid
from engine.prevention.hazards import choosing, hazards, load, raising, working
from engine.prevention.identification import entering
from engine.prevention.models import Hazard
from web.request.arguments import day, number, rows
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("raising", __name__, url_prefix="/hazards")


def _chosen() -> choosing.Chosen:
    """The part of the area that the page, or its address, names."""
    ids = rows(request.values.getlist("household"))[: raising.MOST_TICKED]
    villages = list(dict.fromkeys(request.values.getlist("village")))[: hazards.MOST_PLACES]
    groups = [one[:40] for one in request.values.getlist("group") if one] if len(villages) == 1 else []
    return choosing.Chosen(villages, groups, ids)


@blueprint.get("/<int:hazard_id>/clues")
def choose(hazard_id: int) -> str:
    """Whom it is about, what they are now, and what is said of all."""
    hazard = hazards.view(session(), account(), hazard_id)
    choosing.require(account(), hazard)
    risks = raising.risk_words(session())
    first = hazard.kind if hazard.kind in risks else "other"
    today = local_date(clock.now())
    return _page(
        hazard, {"risks": [first], "discovered_on": today.isoformat(), "description": hazard.description}
    )


def _page(hazard: Hazard, typed: Mapping[str, object], errors: Mapping[str, list[str]] | None = None) -> str:
    chosen = _chosen()
    return render_template(
        "hazards/clues.html",
        hazard=hazard,
        chosen=chosen,
        preview=choosing.preview(session(), account(), hazard, chosen),
        villages=load.villages(session(), account(), hazard),
        names=divisions.names(session(), chosen.villages),
        risks=raising.risk_words(session()),
        channels=entering.CHANNELS,
        typed=typed,
        errors=errors or {},
    )


@blueprint.get("/<int:hazard_id>/clues/<code>")
def pick(hazard_id: int, code: str) -> str:
    """The households of a village, to tick some of them or a group."""
    hazard = hazards.view(session(), account(), hazard_id)
    choosing.require(account(), hazard)
    group = request.args.get("group", "").strip()[:40]
    page = choosing.choosable(session(), account(), hazard, code, group, number(request.args.get("page")))
    return render_template(
        "hazards/pick.html",
        hazard=hazard,
        code=code,
        village=divisions.names(session(), [code]).get(code, ""),
        group=group,
        groups=load.groups(session(), account(), hazard, code),
        page=page,
        raised=choosing.raised(session(), hazard, [one.id for one in page.items]),
        states=working.STATE_NAMES,
    )


@blueprint.post("/<int:hazard_id>/clues")
def begin(hazard_id: int) -> ResponseReturnValue:
    """录入."""
    sent = request.form
    typed = raising.Typed(
        sent.get("channel", ""),
        day(sent.get("discovered_on")),
        sent.get("description", ""),
        sent.getlist("risks"),
    )
    try:
        act = raising.begin(session(), account(), hazard_id, _chosen(), typed, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        kept = {**sent.to_dict(), "risks": sent.getlist("risks")}
        return _page(hazards.view(session(), account(), hazard_id), kept, error.fields), 422
    except Conflict as error:
        flash(error.message, "warning")
        return redirect(url_for("hazards.show", hazard_id=hazard_id), 303)
    raising.go_on(session(), account(), act.id, clock=clock.clock())
    return redirect(url_for("raising.show", raising_id=act.id), 303)


@blueprint.get("/acts/<int:raising_id>")
def show(raising_id: int) -> str:
    """How far it is; then what became of each."""
    act = raising.view(session(), account(), raising_id)
    hazard = hazards.view(session(), account(), act.hazard_id)
    counts = working.counts(session(), act)
    if counts["pending"] and choosing.may(account(), hazard):
        return render_template("hazards/progress.html", act=act, hazard=hazard, counts=counts)
    status = request.args.get("status", "")
    present = [one for one in ("refused", *working.STATES) if counts[one]]
    status = status if status in working.STATES else present[0] if present else "opened"
    page = raising.entries(session(), account(), act, status, number(request.args.get("page")))
    return render_template(
        "hazards/done.html",
        act=act,
        hazard=hazard,
        counts=counts,
        status=status,
        states=working.STATE_NAMES,
        page=page,
        villages=divisions.names(session(), {one.village_code for one in page.items}),
        sees=access.reaches(account(), hazard.village_code),
    )


@blueprint.post("/acts/<int:raising_id>")
def go_on(raising_id: int) -> ResponseReturnValue:
    """The next portion, unless somebody is at it."""
    if not jobs.watched(session(), working.KIND, raising_id):
        raising.go_on(session(), account(), raising_id, clock=clock.clock())
    return redirect(url_for("raising.show", raising_id=raising_id), 303)
