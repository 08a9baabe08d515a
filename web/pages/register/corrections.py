"""更正: merging two records of one household, cancelling a wrong clue; asked by one, decided by a second."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.ground.errors import Invalid
from engine.ground.text import whole
from engine.prevention.identification import clues
from engine.prevention.records import asking, consequences, corrections, deciding
from engine.prevention.register.households import finding as households
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("corrections", __name__)


@blueprint.get("/corrections")
def index() -> str:
    """What waits for a second person, and what was decided, in one's reach."""
    status = request.args.get("status", "asked")
    page = corrections.listing(session(), account(), status, number(request.args.get("page")))
    return render_template(
        "prevention/corrections/index.html", page=page, status=status, corrections=corrections
    )


@blueprint.get("/households/<int:household_id>/corrections")
def household(household_id: int) -> str:
    """What can be put right about a household, and what was asked."""
    return _page(household_id)


def _page(household_id: int, errors: Mapping[str, list[str]] | None = None) -> str:
    found = households.view(session(), account(), household_id)
    asked = corrections.of_household(session(), household_id)
    said = {row.id: consequences.foreseen(session(), row) for row in asked if row.status == "asked"}
    mine = {
        row.id for row in asked if row.status == "asked" and deciding.may_decide(session(), account(), row)
    }
    return render_template(
        "prevention/corrections/household.html",
        household=found,
        asked=asked,
        consequences=said,
        mine=mine,
        errors=errors or {},
        people=corrections.people(session(), asked),
        clues=clues.of_household(session(), household_id),
        given=request.form,
        corrections=corrections,
    )


@blueprint.post("/households/<int:household_id>/corrections")
def ask(household_id: int) -> ResponseReturnValue:
    """提出更正."""
    try:
        _ask(household_id, request.form.get("kind", ""), request.form.get("reason", ""))
    except Invalid as error:
        flash(error.message, "danger")
        return _page(household_id, error.fields), 422
    flash("已提出，由第二人核对后生效。", "success")
    return redirect(url_for("corrections.household", household_id=household_id), 303)


def _ask(household_id: int, kind: str, reason: str) -> None:
    """Ask for what the form of a kind says."""
    sent, who, now = request.form, account(), clock.clock()
    into = sent.get("into", "")
    if kind == consequences.MERGE:
        asking.ask_merge(session(), who, household_id, into, reason, clock=now)
    elif kind == consequences.JOIN:
        asking.ask_join(session(), who, household_id, into, reason, clock=now)
    elif kind == consequences.GONE:
        how, on = sent.get("how", ""), sent.get("on", "")
        asking.ask_gone(session(), who, household_id, how, on, reason, clock=now)
    elif kind == consequences.SPLIT:
        keys, head, address = sent.getlist("members"), sent.get("head", ""), sent.get("address", "")
        asking.ask_split(session(), who, household_id, keys, head, address, reason, clock=now)
    else:
        clue = whole(sent.get("clue")) or 0
        asking.ask_cancel(session(), who, clue, reason, clock=now)


@blueprint.post("/corrections/<int:correction_id>")
def decide(correction_id: int) -> ResponseReturnValue:
    """同意或不同意."""
    agrees, note = request.form.get("agrees") == "yes", request.form.get("note", "")
    found = corrections.get(session(), account(), correction_id)
    try:
        deciding.decide(session(), account(), correction_id, agrees, note, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _page(found.household_id, error.fields), 422
    flash("已办理。" if agrees else "已退回提出的人。", "success")
    return redirect(url_for("corrections.household", household_id=found.household_id), 303)
