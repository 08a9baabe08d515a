"""移交: offering a household to another village, and what comes and goes: accept, refuse, take back (S24)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from engine.casework.models import Division
from engine.casework.organisation import divisions
from engine.ground.clock import local_date
from engine.ground.errors import Invalid, NotAllowed
from engine.prevention.register.households import finding as households
from engine.prevention.transfers import lists, offers
from web.request.arguments import number
from web.request.signing import account
from web.server import clock
from web.server.database import session

blueprint = Blueprint("transfers", __name__)
CHOICES = 20
"""So many villages of one name are shown to choose from."""


@blueprint.get("/transfers")
def index() -> str:
    """What was offered to one's places, and what one's places have offered."""
    side = request.args.get("side", lists.RECEIVED)
    side = side if side in lists.SIDES else lists.RECEIVED
    page = lists.listing(session(), account(), side, number(request.args.get("page")))
    return render_template(
        "prevention/transfers/index.html", page=page, side=side, sides=lists.SIDES, status=offers.STATUS
    )


@blueprint.get("/transfers/<int:transfer_id>")
def show(transfer_id: int) -> str:
    """One transfer, as far as one may see it."""
    return _show(transfer_id)


def _show(transfer_id: int, errors: Mapping[str, Sequence[str]] | None = None) -> str:
    return render_template(
        "prevention/transfers/show.html",
        seen=lists.get(session(), account(), transfer_id),
        errors=errors or {},
        given=request.form,
        status=offers.STATUS,
    )


@blueprint.post("/transfers/<int:transfer_id>/accept")
def accept(transfer_id: int) -> ResponseReturnValue:
    """接收."""
    note = request.form.get("note", "")
    row = offers.accept(session(), account(), transfer_id, note, clock=clock.clock())
    flash(f"已接收{row.head_name}户，档案和正在办理的事项由本地接着办理。", "success")
    return redirect(url_for("households.show", household_id=row.household_id), 303)


@blueprint.post("/transfers/<int:transfer_id>/refuse")
def refuse(transfer_id: int) -> ResponseReturnValue:
    """不接收."""
    try:
        offers.refuse(session(), account(), transfer_id, request.form.get("note", ""), clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _show(transfer_id, error.fields), 422
    flash("已答复不接收，对方已收到通知。", "success")
    return redirect(url_for("transfers.show", transfer_id=transfer_id), 303)


@blueprint.post("/transfers/<int:transfer_id>/take-back")
def take_back(transfer_id: int) -> ResponseReturnValue:
    """撤回."""
    note = request.form.get("note", "")
    row = offers.take_back(session(), account(), transfer_id, note, clock=clock.clock())
    flash("已撤回，这户仍由本地办理。", "success")
    return redirect(url_for("households.show", household_id=row.household_id), 303)


# -- offering --------------------------------------------------------------------------------------


@blueprint.get("/households/<int:household_id>/transfer")
def new(household_id: int) -> str:
    """Where a household is to be handed over to, and why; or the offer that waits."""
    return _new(household_id)


def _new(
    household_id: int,
    errors: Mapping[str, Sequence[str]] | None = None,
    villages: Sequence[Division] = (),
) -> str:
    household = households.view(session(), account(), household_id)
    if not offers.may_offer(account(), household.village_code):
        raise NotAllowed("移交由县级提出；在本乡镇范围内的，乡级也可以提出。")
    return render_template(
        "prevention/transfers/new.html",
        household=household,
        waiting=lists.waiting_of(session(), account(), household_id),
        villages=villages,
        errors=errors or {},
        given=request.form,
    )


@blueprint.post("/households/<int:household_id>/transfer")
def offer(household_id: int) -> ResponseReturnValue:
    """提出移交."""
    households.view(session(), account(), household_id)
    code, villages = _village()
    if len(villages) > 1:
        words = f"有 {len(villages)} 个村的名字里有“{request.form.get('place', '').strip()[:40]}”，请选择。"
        return _new(household_id, {"village_code": [words]}, villages), 422
    reason = request.form.get("reason", "")
    try:
        offers.offer(session(), account(), household_id, code, reason, clock=clock.clock())
    except Invalid as error:
        flash(error.message, "danger")
        return _new(household_id, error.fields), 422
    flash("已提出移交，等待对方接收；接收以前仍由本地办理。", "success")
    return redirect(url_for("households.show", household_id=household_id), 303)


def _village() -> tuple[str, Sequence[Division]]:
    """The code that was chosen; else the villages that are meant by what was typed, and the one code there
    is.
    """
    chosen, typed = request.form.get("village_code", "").strip()[:12], request.form.get("place", "")[:200]
    if chosen or not typed.strip():
        return chosen, ()
    found = divisions.named(session(), typed, local_date(clock.now()), CHOICES)
    return (found[0].code if len(found) == 1 else typed.strip()[:40]), found
